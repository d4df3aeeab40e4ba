// SPDX-License-Identifier: GPL-2.0
/* Reads the results that bench/compare has collected, and writes the report. */
#include <unistd.h>
#include "report.h"

const char *kernels[MAX_COLUMNS];
int nr_kernels, nr_complaints;

static struct table environment = {
	.name = "environment",
	.columns = { { "key" }, { "value" } },
	.nr_columns = 2,
};
static struct table columns = {
	.name = "kernels",
	.columns = { { "kernel" }, { "description" } },
	.nr_columns = 2,
};
static struct table complaints = {
	.name = "faults of the run", .columns = { { "fault" } }, .nr_columns = 1,
};

int kernel(const char *name)
{
	int i;

	for (i = 0; i < nr_kernels; i++)
		if (!strcmp(kernels[i], name))
			return i;
	return -1;
}

bool quick(void)
{
	return *get("quick");
}

void complain(const char *fmt, ...)
{
	struct cell *row = add_row(&complaints);
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	fprintf(stderr, "report: %s\n", text);
	row->text = text;
	nr_complaints++;
}

static void put_complaints(void)
{
	const char *list = nr_complaints ? "This run is not in order:\n" : "";
	int i;

	for (i = 0; i < nr_complaints; i++)
		list = joined(list, "\n", string("- %s", cell_text(complaints.rows[i])));
	publish(&complaints);
	set("complaints", "%s", list);
}

static void read_table(struct table *t)
{
	char **l, *fields[2];
	struct cell *row;

	for (l = lines(t->name); *l; l++) {
		if (!split(t->name, *l, fields, 2))
			continue;
		row = add_row(t);
		row[0].text = fields[0];
		row[1].text = fields[1];
	}
	publish(t);
}

static void read_lists(void)
{
	int i;

	read_table(&columns);
	if (columns.nr_rows > MAX_COLUMNS - 2)
		die("%d kernels are too many", columns.nr_rows);
	for (i = 0; i < columns.nr_rows; i++)
		kernels[nr_kernels++] = columns.rows[i][0].text;
	if (kernel("base") < 0 || kernel("aops") < 0)
		die("kernels: base and aops must be among them");
	read_table(&environment);
	set("quick", "%s", "");
	for (i = 0; i < environment.nr_rows; i++) {
		const struct cell *row = environment.rows[i];

		if (!strcmp(row[0].text, "quick") && !strcmp(row[1].text, "yes"))
			set("quick", "A quick run: fewer scenarios, fewer figures.");
		else if (strcmp(row[0].text, "quick"))
			set(row[0].text, "%s", cell_text(&row[1]));
	}
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1])) {
		fprintf(stderr, "usage: %s DIR OURS\n"
			"Computes the report from what bench/compare has left in DIR. OURS has the\n"
			"judgements. Exit status: 0; 1 if the run has a fault, which the report\n"
			"names; 2 if there is no report.\n", argv[0]);
		return 2;
	}
	ours = argv[2];
	read_lists();
	read_figures();
	judge_goals();
	read_profiles();
	read_matrix();
	read_fstests();
	read_code();
	read_paths();
	compare_figures();
	put_complaints();
	write_report();
	write_results();
	return nr_complaints > 0;
}
