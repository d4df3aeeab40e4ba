// SPDX-License-Identifier: GPL-2.0
/*
 * The outcome of each scenario on each kernel, from the files of ci/test:
 *	tests/KERNEL/NAME.KERNEL.log		the scenario's KTAP
 *	tests/KERNEL/NAME.KERNEL.err		the messages of ci/guest
 *	tests/KERNEL/NAME.KERNEL.console	the kernel's log
 *	tests/KERNEL/NAME.KERNEL.result		ci/test's verdict, and the
 *						guest's exit status
 * and the reasons for the differences, from the file "judgements". The run is faulty
 * if a difference has no judgement, if a judgement has no difference, or if
 * "design" is the reason for something that the fixes alone get right.
 */
#include "report.h"

enum { DESIGN, IMPLEMENTATION, BUG, NR_LABELS };
static const char * const labels[] = { "design", "implementation", "bug" };

static struct table differences = { .name = "differences" };
static struct table same = { .name = "same" };
static struct table summary = {
	.name = "summary",
	.columns = { { "scenarios" }, { "number", true } },
	.nr_columns = 2,
};
static struct table judgements = {
	.name = "judgements",
	.columns = { { "scenario" }, { "label" }, { "sentence" } },
	.nr_columns = 3,
};
static int nr_scenarios, nr_same, nr_by_label[NR_LABELS], nr_fixed;

/* --- outcomes --- */

struct outcome {
	enum { HOLDS, FAILS, HANGS, SPLATS, LOST, SKIPPED, OTHER } kind;
	const char *words, *failed;	/* the names of the checks that fail */
	int nr_checks, nr_failed;
};

static char *file_of(const char *scenario, const char *kernel, const char *kind)
{
	return string("tests/%s/%s.%s.%s", kernel, scenario, kernel, kind);
}

/*
 * The first message that ci/guest found on the console, up to the function's name:
 * "WARNING: fs/dax.c:453 at dax_insert_entry". Empty if there is none.
 */
static char *first_splat(const char *scenario, const char *kernel)
{
	char **l = lines(file_of(scenario, kernel, "err")), *splat, *address;

	while (*l && strcmp(*l, "--- the kernel said:"))
		l++;
	if (!*l || !*++l)
		return "";
	/* the next line has the message */
	if (strstr(*l, "[ cut here ]") && !*++l)
		return "";
	splat = *l + strspn(*l, "[0123456789. ");
	splat += strspn(splat, "] ");
	splat[strcspn(splat, "+,")] = '\0';
	address = strstr(splat, " for address");
	if (address)
		*address = '\0';
	return splat;
}

static void read_results(struct outcome *o, const char *scenario, const char *kernel)
{
	char **l;

	o->failed = "";
	for (l = lines(file_of(scenario, kernel, "log")); *l; l++) {
		bool failed = !strncmp(*l, "not ok ", 7);
		char *name = strstr(*l, " - ");

		if (!strncmp(*l, "Bail out! ", 10))
			o->words = string("gives up: %s", *l + 10);
		else if (!strncmp(*l, "1..0 # SKIP ", 12))
			o->words = string("skipped: %s", *l + 12);
		if ((!failed && strncmp(*l, "ok ", 3)) || !name)
			continue;
		o->nr_checks++;
		o->nr_failed += failed;
		if (failed)
			o->failed = joined(o->failed, "\n", string("- %s",
					   cell_text(&(struct cell) { name + 3 })));
	}
}

static struct outcome read_outcome(const char *scenario, const char *kernel)
{
	char *name = file_of(scenario, kernel, "result"), **l = lines(name);
	struct outcome o = { OTHER };
	char *fields[4], *splat;
	int status;

	if (!*l || !split(name, *l, fields, 4))
		die("%s: it is empty", name);
	status = atoi(fields[1]);
	read_results(&o, scenario, kernel);
	switch (status) {
	case 0:
		o.kind = HOLDS;
		o.words = "all checks hold";
		break;
	case 1:
		o.kind = FAILS;
		o.words = string("fails %d of %d checks", o.nr_failed, o.nr_checks);
		break;
	case 4:
		o.kind = SKIPPED;
		break;
	case 124:
		o.kind = HANGS;
		splat = first_splat(scenario, kernel);
		/* a hung task is the same hang */
		o.words = *splat && strncmp(splat, "INFO: task", 10) ?
			  string("hangs, after %s", splat) : "hangs";
		break;
	case 125:
		o.kind = SPLATS;
		splat = first_splat(scenario, kernel);
		o.words = *splat ? splat : "splat";
		break;
	case 126:
		o.kind = LOST;
		o.words = "the guest is lost";
		break;
	}
	if (!o.words)
		o.words = string("ends with %d", status);
	/* status 2: a race that failed in a way that ci/test knows */
	if (status == 2 && !strcmp(fields[0], "ok"))
		o.words = fields[3];
	else if (o.kind == OTHER)
		complain("%s on %s: %s: %s", scenario, kernel, o.words, fields[3]);
	else if (!strcmp(fields[0], "not ok"))
		complain("%s on %s: ci/test did not expect this: %s", scenario,
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
	int i;

	for (i = 0; i < NR_LABELS; i++)
		if (!strcmp(labels[i], label))
			return i;
	return -1;
}

/* Of the label "cost" are sentences about what no figure shows. */
static void read_judgements(void)
{
	char *name = string("%s/judgements", ours), **l, *fields[3];
	const char *costs = "";
	struct cell *row;
	int i;

	for (l = lines(name); *l; l++) {
		if (!split(name, *l, fields, 3))
			continue;
		if (!strcmp(fields[1], "cost")) {
			costs = joined(costs, "\n\n", string("**%s.** %s",
							     fields[0], fields[2]));
			continue;
		}
		if (label_of(fields[1]) < 0)
			die("%s: %s is no label", name, fields[1]);
		row = add_row(&judgements);
		for (i = 0; i < 3; i++)
			row[i].text = fields[i];
	}
	set("costs", "%s", costs);
	publish(&judgements);
}

/* The reasons for one difference, and the labels as classes of its heading */
static void judge(const char *scenario, bool different, bool fixed,
		  const char **classes, const char **reasons)
{
	int row, strongest = NR_LABELS;

	*classes = *reasons = "";
	for (row = 0; row < judgements.nr_rows; row++) {
		const struct cell *j = judgements.rows[row];
		int label = label_of(j[1].text);

		if (strcmp(j[0].text, scenario))
			continue;
		if (fixed && label == DESIGN)
			complain("%s: the label is design, and the fixes alone get it right",
				 scenario);
		if (label < strongest)
			strongest = label;
		*classes = joined(*classes, " ", string(".%s", labels[label]));
		*reasons = joined(*reasons, "\n\n", string("*%s:* %s", labels[label],
							   j[2].text));
	}
	if (different && strongest == NR_LABELS) {
		complain("%s: base and aops differ, and there is no judgement",
			 scenario);
		*classes = ".unjudged";
		*reasons = "*not judged:* there is no line in the file judgements";
		strongest = BUG;
	}
	if (!different && **reasons)
		complain("%s: a judgement, and base and aops do not differ", scenario);
	nr_same += !different;
	nr_fixed += fixed;
	if (different)
		nr_by_label[strongest]++;
}

/* --- the matrix --- */

static void describe(const char *list_of, const struct cell *row,
		     const struct outcome *outcomes, const char *classes,
		     const char *reasons)
{
	const char *list = "", *failed = "";
	int i;

	for (i = 0; i < nr_kernels; i++) {
		const struct outcome *o = &outcomes[i];

		list = joined(list, "\n", string("- %s: %s", kernels[i],
						 cell_text(&row[2 + i])));
		if (o->kind == FAILS)
			failed = joined(failed, "\n\n",
					string("Checks that fail on %s:\n\n%s",
					       kernels[i], o->failed));
	}
	if (*failed)
		failed = string("\n<details><summary>Checks that fail</summary>\n\n%s\n\n</details>\n",
				failed);
	set(list_of, "%s#### %s: %s {#%s .scenario %s}\n\n%s\n\n%s\n%s\n",
	    get(list_of), row[0].text, cell_text(&row[1]), row[0].text, classes, list, reasons, failed);
}

static void add_scenario(char *name, char *title)
{
	struct outcome outcomes[MAX_COLUMNS] = { };
	int base = kernel("base"), aops = kernel("aops"), fixes = kernel("fixes"), i;
	const char *classes, *reasons;
	struct cell *row;
	bool different;

	for (i = 0; i < nr_kernels; i++)
		outcomes[i] = read_outcome(name, kernels[i]);
	nr_scenarios++;
	different = differ(&outcomes[base], &outcomes[aops]);
	judge(name, different, different && fixes >= 0 &&
	      !differ(&outcomes[fixes], &outcomes[aops]), &classes, &reasons);
	row = add_row(different ? &differences : &same);
	row[0].text = name;
	row[1].text = title;
	for (i = 0; i < nr_kernels; i++) {
		const struct outcome *o = &outcomes[i];
		bool console = o->kind == HANGS || o->kind == SPLATS || o->kind == LOST;

		row[2 + i] = (struct cell) {
			o->words,
			file_of(name, kernels[i], console ? "console" : "log"),
			o->kind != HOLDS && o->kind != SKIPPED,
		};
	}
	describe(different ? "different outcome" : "same outcome", row, outcomes,
		 classes, reasons);
}

static void add_sum(const char *text, int number)
{
	struct cell *row = add_row(&summary);

	row[0].text = text;
	row[1].text = string("%d", number);
}

void read_matrix(void)
{
	char **l, *fields[2];
	int i;

	same.columns[0].title = "scenario";
	same.columns[1].title = "what happens";
	for (i = 0; i < nr_kernels; i++)
		same.columns[2 + i].title = kernels[i];
	same.nr_columns = differences.nr_columns = 2 + nr_kernels;
	memcpy(differences.columns, same.columns, sizeof(same.columns));
	read_judgements();
	set("different outcome", "%s", "");
	set("same outcome", "%s", "");
	for (l = lines("scenarios"); *l; l++)
		if (split("scenarios", *l, fields, 2))
			add_scenario(fields[0], fields[1]);
	if (!nr_scenarios)
		die("no scenario was run");
	publish(&differences);
	publish(&same);
	add_sum("run on each kernel", nr_scenarios);
	add_sum("same outcome on base and aops", nr_same);
	add_sum("differ by design", nr_by_label[DESIGN]);
	add_sum("by implementation", nr_by_label[IMPLEMENTATION]);
	add_sum("by bugs alone", nr_by_label[BUG]);
	if (kernel("fixes") >= 0)
		add_sum("of these, right with the fixes alone", nr_fixed);
	publish(&summary);
	write_file("texts/matrix-summary", table_text(&summary, false));
	set("reached", "in %d of %d scenarios, base and aops have the same outcome. Of the others, %d differ by design, %d by implementation and %d by bugs that any design could fix%s",
	    nr_same, nr_scenarios, nr_by_label[DESIGN],
	    nr_by_label[IMPLEMENTATION], nr_by_label[BUG], kernel("fixes") < 0 ? "" :
	    string("; in %d of these, base with the stand-alone fixes has the same outcome as aops",
		   nr_fixed));
}
