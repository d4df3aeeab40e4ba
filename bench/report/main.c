// SPDX-License-Identifier: GPL-2.0
/* Reads all that bench/compare has collected, and writes the report. */
#include "report.h"

struct kernel *kernels;
int nr_kernels;

static struct {
	char *key, *value;
} *facts;
static int nr_facts;

bool has_kernel(const char *name)
{
	int i;

	for (i = 0; i < nr_kernels; i++)
		if (!strcmp(kernels[i].name, name))
			return true;
	return false;
}

const char *environment(const char *key)
{
	int i;

	for (i = 0; i < nr_facts; i++)
		if (!strcmp(facts[i].key, key))
			return facts[i].value;
	return "";
}

const char *fact(int i, const char **key)
{
	if (i >= nr_facts)
		return NULL;
	*key = facts[i].key;
	return facts[i].value;
}

bool quick(void)
{
	return !strcmp(environment("quick"), "yes");
}

static void read_lists(void)
{
	FILE *f = input("kernels");
	char *fields[2];

	while (next_fields(f, "kernels", fields, 2)) {
		kernels = grown(kernels, nr_kernels, sizeof(*kernels));
		kernels[nr_kernels++] = (struct kernel) {
			fields[0], fields[1],
		};
	}
	fclose(f);
	if (!has_kernel("base") || !has_kernel("aops"))
		die("kernels: base and aops must be among them");
	f = input("environment");
	while (next_fields(f, "environment", fields, 2)) {
		facts = grown(facts, nr_facts, sizeof(*facts));
		facts[nr_facts].key = fields[0];
		facts[nr_facts++].value = fields[1];
	}
	fclose(f);
}

int main(int argc, char **argv)
{
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: %s DIR OURS\n"
			"Writes the report on what bench/compare has left in DIR. OURS has the\n"
			"judgements and plots.gp. Exit status: 0; 1 if something is the matter\n"
			"with the run, which the report says; 2 if there is no report.\n",
			argv[0]);
		return 2;
	}
	dir = argv[1];
	ours = argv[2];
	read_lists();
	read_figures();
	judge_goals();
	read_profiles();
	read_matrix();
	read_code();
	read_paths();
	find_costs();
	draw_plots();
	answer();
	write_page();
	write_markdown();
	write_results();
	write_texts();
	for (i = 0; i < nr_complaints; i++)
		fprintf(stderr, "report: %s\n", complaints[i]);
	return nr_complaints > 0;
}
