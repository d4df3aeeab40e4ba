// SPDX-License-Identifier: GPL-2.0
/*
 * What became of each scenario on each kernel, from what ci/test left of it:
 *	tests/KERNEL/NAME.KERNEL.log		the scenario's results
 *	tests/KERNEL/NAME.KERNEL.err		what ci/guest said
 *	tests/KERNEL/NAME.KERNEL.console	the kernel's log
 *	tests/KERNEL/NAME.KERNEL.result		ci/test's verdict, and the
 *						guest's exit status
 * and what is to be thought of the differences, from the file "judgements". A
 * difference that nobody has judged makes the run fail, as does a judgement of
 * what is no difference. So does "design" where the fixes alone get it right.
 */
#include <errno.h>
#include "report.h"

const char * const labels[] = { "design", "implementation", "bug" };

struct table differences = { .name = "differences" };
struct table same = { .name = "same" };
struct table summary = {
	.name = "summary",
	.columns = { { "scenarios" }, { "number", true } },
	.nr_columns = 2,
};
int nr_scenarios, nr_same, nr_by_label[3], nr_fixed_by_fixes;

static struct judgement *judgements;
static int nr_judgements;

/* --- outcomes --- */

enum kind { HOLDS, FAILS, HANGS, SPLATS, LOST, SKIPPED, OTHER };

struct outcome {
	enum kind kind;
	const char *words;		/* the same words, the same outcome */
	const char *failed;		/* names of checks, one a line */
	int nr_checks, nr_failed;
};

static FILE *log_of(const char *scenario, const char *kernel, const char *kind)
{
	return input("tests/%s/%s.%s.%s", kernel, scenario, kernel, kind);
}

/* The first thing that ci/guest found on the console */
static char *first_splat(const char *scenario, const char *kernel)
{
	FILE *f = log_of(scenario, kernel, "err");
	char *line, *splat = NULL;
	bool next = false;

	while (!splat && (line = next_line(f))) {
		/* the line after that says what it is */
		if (next && strstr(line, "[ cut here ]"))
			continue;
		if (next) {
			/* without its time, and whose fault it was last */
			line += strspn(line, "[0123456789. ");
			line += *line == ']';
			line += strspn(line, " ");
			splat = string("%s", line);
		}
		next = !strcmp(line, "--- the kernel said:");
	}
	fclose(f);
	return splat;
}

/*
 * "WARNING: fs/dax.c:453 at dax_insert_entry.isra.0+0x1/0x2, CPU#0: x/1" is told
 * by its first three words, and an address is no news.
 */
static char *shortened(char *splat)
{
	char *end = strpbrk(splat, "+,"), *address;

	if (end)
		*end = '\0';
	address = strstr(splat, " for address");
	if (address)
		*address = '\0';
	return splat;
}

/* Results, as ci/test has checked them */
static void read_results(struct outcome *o, const char *scenario,
			 const char *kernel)
{
	FILE *f = log_of(scenario, kernel, "log");
	char *line;

	o->failed = "";
	while ((line = next_line(f))) {
		bool failed = !strncmp(line, "not ok ", 7);
		char *name = strstr(line, " - ");

		if (!strncmp(line, "Bail out! ", 10))
			o->words = string("gives up: %s", line + 10);
		else if (!strncmp(line, "1..0 # SKIP ", 12))
			o->words = string("skipped: %s", line + 12);
		if ((!failed && strncmp(line, "ok ", 3)) || !name)
			continue;
		o->nr_checks++;
		if (!failed)
			continue;
		o->nr_failed++;
		o->failed = string("%s%s%s", o->failed,
				   *o->failed ? "\n" : "", name + 3);
	}
	fclose(f);
}

static struct outcome read_outcome(const char *scenario, const char *kernel)
{
	char *name = string("tests/%s/%s.%s.result", kernel, scenario, kernel);
	FILE *f = input("%s", name);
	struct outcome o = { .kind = OTHER };
	char *fields[4], *splat;
	int status;

	if (!next_fields(f, name, fields, 4))
		die("%s: it is empty", name);
	fclose(f);
	status = atoi(fields[1]);
	read_results(&o, scenario, kernel);
	switch (status) {
	case 0:
		o.kind = HOLDS;
		o.words = "all checks hold";
		break;
	case 1:
		o.kind = FAILS;
		o.words = string("fails %d of %d checks", o.nr_failed,
				 o.nr_checks);
		break;
	case 4:
		o.kind = SKIPPED;
		break;
	case 124:
		o.kind = HANGS;
		o.words = "hangs";
		splat = first_splat(scenario, kernel);
		/* that it hangs is no news */
		if (splat && strncmp(splat, "INFO: task", 10))
			o.words = string("hangs, after %s", shortened(splat));
		break;
	case 125:
		o.kind = SPLATS;
		splat = first_splat(scenario, kernel);
		o.words = splat ? shortened(splat) : "splat";
		break;
	case 126:
		o.kind = LOST;
		o.words = "the guest is lost";
		break;
	}
	if (!o.words)
		o.words = string("ends with %d", status);
	/* a race that went wrong in a way of which ci/test knows */
	if (status == 2 && !strcmp(fields[0], "ok"))
		o.words = fields[3];
	else if (o.kind == OTHER)
		complain("%s on %s: %s: %s", scenario, kernel, o.words,
			 fields[3]);
	/* what ci/test does not expect is told, and is not swept up here */
	else if (!strcmp(fields[0], "not ok"))
		complain("%s on %s is not as ci/test has it: %s", scenario,
			 kernel, fields[3]);
	return o;
}

static bool differ(const struct outcome *a, const struct outcome *b)
{
	if (a->kind != b->kind)
		return true;
	return a->kind == FAILS ? strcmp(a->failed, b->failed) :
	       a->kind == HOLDS ? 0 : strcmp(a->words, b->words);
}

/* --- judgements --- */

static int label_of(const char *label)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(labels); i++)
		if (!strcmp(labels[i], label))
			return i;
	return -1;
}

static void read_judgements(void)
{
	char *name = string("%s/judgements", ours), *fields[3];
	FILE *f = fopen(name, "r");

	if (!f)
		die("%s: %s", name, strerror(errno));
	while (next_fields(f, name, fields, 3)) {
		struct judgement *j;

		judgements = grown(judgements, nr_judgements,
				   sizeof(*judgements));
		j = &judgements[nr_judgements++];
		*j = (struct judgement) { fields[0], fields[1], fields[2] };
		if (label_of(j->label) < 0 && strcmp(j->label, "cost"))
			die("%s: %s is no label", name, j->label);
	}
	fclose(f);
}

static const struct judgement *nth(const char *scenario, const char *label,
				   int n)
{
	int i;

	for (i = 0; i < nr_judgements; i++)
		if ((!scenario || !strcmp(judgements[i].scenario, scenario)) &&
		    !strcmp(judgements[i].label, "cost") == !!label && !n--)
			return &judgements[i];
	return NULL;
}

const struct judgement *judgement(const char *scenario, int i)
{
	return nth(scenario, NULL, i);
}

const struct judgement *cost(int i)
{
	return nth(NULL, "cost", i);
}

/* --- the matrix --- */

static struct cell outcome_cell(const struct outcome *o, const char *scenario,
				const char *kernel)
{
	bool console = o->kind == HANGS || o->kind == SPLATS || o->kind == LOST;

	return (struct cell) {
		.text = o->words,
		.link = string("tests/%s/%s.%s.%s", kernel, scenario, kernel,
			       console ? "console" : "log"),
		.mark = o->kind == HOLDS ? "good" :
			o->kind == SKIPPED ? "unknown" : "bad",
		.more = o->kind == FAILS ? o->failed : NULL,
	};
}

static void judge(const char *scenario, bool different, bool fixed)
{
	const struct judgement *j;
	int i, strongest = BUG;

	for (i = 0; (j = judgement(scenario, i)); i++) {
		int label = label_of(j->label);

		if (fixed && label == DESIGN)
			complain("%s: called a matter of design, and the fixes alone get it right",
				 scenario);
		if (label < strongest)
			strongest = label;
	}
	if (different && !i)
		complain("%s: base and aops differ, and nobody has said why",
			 scenario);
	if (!different && i)
		complain("%s: a judgement, and base and aops do not differ",
			 scenario);
	if (!different) {
		nr_same++;
		return;
	}
	nr_by_label[strongest]++;
	nr_fixed_by_fixes += fixed;
}

static void add_scenario(char *name, const char *title)
{
	struct outcome outcomes[MAX_COLUMNS] = { };
	int base = -1, aops = -1, fixes = -1, i;
	struct cell *row;
	bool different;

	for (i = 0; i < nr_kernels; i++) {
		outcomes[i] = read_outcome(name, kernels[i].name);
		if (!strcmp(kernels[i].name, "base"))
			base = i;
		else if (!strcmp(kernels[i].name, "aops"))
			aops = i;
		else if (!strcmp(kernels[i].name, "fixes"))
			fixes = i;
	}
	nr_scenarios++;
	different = differ(&outcomes[base], &outcomes[aops]);
	judge(name, different, different && fixes >= 0 &&
	      !differ(&outcomes[fixes], &outcomes[aops]));
	row = add_row(different ? &differences : &same);
	row[0].text = name;
	row[1].text = title;
	for (i = 0; i < nr_kernels; i++)
		row[2 + i] = outcome_cell(&outcomes[i], name, kernels[i].name);
}

static void set_columns(struct table *t)
{
	int i;

	if (nr_kernels > MAX_COLUMNS - 2)
		die("%d kernels are too many", nr_kernels);
	t->columns[0].title = "scenario";
	t->columns[1].title = "what happens";
	for (i = 0; i < nr_kernels; i++)
		t->columns[2 + i].title = kernels[i].name;
	t->nr_columns = 2 + nr_kernels;
}

static void summarize(void)
{
	static const char * const what[] = {
		"differ by design", "by implementation", "by bugs alone",
	};
	struct cell *row;
	int i;

	row = add_row(&summary);
	row[0].text = "run on each kernel";
	row[1].text = string("%d", nr_scenarios);
	row = add_row(&summary);
	row[0].text = "base and aops come to the same";
	row[1].text = string("%d", nr_same);
	for (i = 0; i < 3; i++) {
		row = add_row(&summary);
		row[0].text = what[i];
		row[1].text = string("%d", nr_by_label[i]);
	}
	if (has_kernel("fixes")) {
		row = add_row(&summary);
		row[0].text = "of these, right with the fixes alone";
		row[1].text = string("%d", nr_fixed_by_fixes);
	}
}

void read_matrix(void)
{
	FILE *f = input("scenarios");
	char *fields[2];

	set_columns(&differences);
	set_columns(&same);
	read_judgements();
	while (next_fields(f, "scenarios", fields, 2))
		add_scenario(fields[0], fields[1]);
	fclose(f);
	if (!nr_scenarios)
		die("no scenario was run");
	summarize();
}
