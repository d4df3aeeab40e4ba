// SPDX-License-Identifier: GPL-2.0
/*
 * The outcome of each scenario on each kernel, from the files of ci/test:
 *	tests/KERNEL/NAME.KERNEL.log		the scenario's KTAP
 *	tests/KERNEL/NAME.KERNEL.err		the messages of ci/guest
 *	tests/KERNEL/NAME.KERNEL.console	the kernel's log
 *	tests/KERNEL/NAME.KERNEL.result		ci/test's verdict, and the
 *						guest's exit status
 * and the reasons for the differences, from the file "judgements", which says what
 * makes a run faulty.
 */
#include "report.h"

enum { DESIGN, IMPLEMENTATION, BUG, NR_LABELS };
static const char * const labels[] = { "design", "implementation", "bug" };

/* SCENARIO, TITLE, and what happens on each kernel */
static struct table differences = {
	.name = "differences", .titles = { "scenario", "what happens" },
};
static struct table same = {
	.name = "same", .titles = { "scenario", "what happens" },
};
static struct table judgements = {
	.name = "judgements", .titles = { "scenario", "label", "sentence" },
};
static int nr_by_label[NR_LABELS], nr_fixed;

/* --- outcomes --- */

/* The guest's exit status. Others are that of the scenario. */
enum { HOLDS, FAILS, GAVE_UP, SKIPPED = 4, HANGS = 124, SPLATS, LOST };

struct outcome {
	int status;
	const char *words;
	const char *failed;		/* a list of the checks that fail */
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

	while (*l && !is(*l, "--- the kernel said:"))
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

/* The words of the log, or else the exit status */
static const char *read_log(struct outcome *o, const char *scenario, const char *kernel)
{
	char **l = lines(file_of(scenario, kernel, "log")), *name;
	const char *words = string("ends with %d", o->status);
	int nr_checks = 0, nr_failed = 0;

	o->failed = "";
	for (; *l; l++) {
		bool failed = begins(*l, "not ok ");

		if (begins(*l, "Bail out! "))
			words = string("gives up: %s", *l + 10);
		else if (begins(*l, "1..0 # SKIP "))
			words = string("skipped: %s", *l + 12);
		name = strstr(*l, " - ");
		if ((!failed && !begins(*l, "ok ")) || !name)
			continue;
		nr_checks++;
		nr_failed += failed;
		if (failed)
			o->failed = joined(o->failed, "\n",
					   string("- %s", escaped(name + 3)));
	}
	return o->status == FAILS ?
	       string("fails %d of %d checks", nr_failed, nr_checks) : words;
}

static struct outcome read_outcome(const char *scenario, const char *kernel)
{
	struct table result = {};
	struct outcome o = {};
	const char *verdict, *why, *splat;

	read_rows(&result, file_of(scenario, kernel, "result"), 4);
	if (!result.nr_rows)
		die("%s: it is empty", file_of(scenario, kernel, "result"));
	verdict = result.rows[0][0];
	why = result.rows[0][3];
	o.status = atoi(result.rows[0][1]);
	o.words = read_log(&o, scenario, kernel);
	switch (o.status) {
	case HOLDS:
		o.words = "all checks hold";
		break;
	case FAILS:
	case SKIPPED:
		break;
	case HANGS:
		splat = first_splat(scenario, kernel);
		/* a hung task is the same hang */
		o.words = *splat && !begins(splat, "INFO: task") ?
			  string("hangs, after %s", splat) : "hangs";
		break;
	case SPLATS:
		splat = first_splat(scenario, kernel);
		o.words = *splat ? splat : "splat";
		break;
	case LOST:
		o.words = "the guest is lost";
		break;
	case GAVE_UP:
		/* a race that failed in a way that ci/test knows */
		if (is(verdict, "ok")) {
			o.words = why;
			break;
		}
		/* fall through */
	default:
		complain("%s on %s: %s: %s", scenario, kernel, o.words, why);
		return o;
	}
	if (is(verdict, "not ok"))
		complain("%s on %s: ci/test did not expect this: %s", scenario,
			 kernel, why);
	return o;
}

static bool differ(const struct outcome *a, const struct outcome *b)
{
	return a->status == FAILS && b->status == FAILS ?
	       !is(a->failed, b->failed) : !is(a->words, b->words);
}

/* --- judgements --- */

static int label_of(const char *label)
{
	int i = 0;

	while (i < NR_LABELS && !is(labels[i], label))
		i++;
	return i;
}

/* The label "cost" marks sentences on costs that no figure shows. */
static void read_judgements(void)
{
	const char *costs = "";
	char *names, *name;
	struct table file = {};

	read_rows(&file, ours("judgements"), 3);
	for_each_row(r, &file) {
		if (is(r[1], "cost"))
			costs = joined(costs, "\n\n", string("**%s.** %s", r[0], r[2]));
		else if (label_of(r[1]) == NR_LABELS)
			die("judgements: %s is no label", r[1]);
		else
			for (names = string("%s", r[0]); (name = strsep(&names, " ")); )
				add_row(&judgements, name, r[1], r[2]);
	}
	set("costs", "%s", costs);
	publish(&judgements);
}

/* The reasons for a difference, and the labels as classes of its heading */
static void judge(const char *scenario, bool different, bool fixed,
		  const char **classes, const char **reasons)
{
	int strongest = NR_LABELS;

	*classes = *reasons = "";
	for_each_row(j, &judgements) {
		int label = label_of(j[1]);

		if (!is(j[0], scenario))
			continue;
		if (fixed && label == DESIGN)
			complain("%s: the label is design, and the fixes alone get it right",
				 scenario);
		if (label < strongest)
			strongest = label;
		*classes = joined(*classes, " ", string(".%s", labels[label]));
		*reasons = joined(*reasons, "\n\n",
				  string("*%s:* %s", labels[label], j[2]));
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
	nr_fixed += fixed;
	if (different)
		nr_by_label[strongest]++;
}

/* --- the matrix --- */

static int column(const char *kernel)
{
	int i = 0;

	while (!is(kernels.rows[i][0], kernel))
		i++;
	return i;
}

static void add_scenario(const char *name, const char *title)
{
	struct outcome outcomes[MAX_COLUMNS] = {};
	const struct outcome *aops = &outcomes[column("aops")];
	const char *classes, *reasons, *list = "", *failed = "", *list_of;
	const char **row = (const char *[MAX_COLUMNS]) { name, title };
	bool different;
	int i;

	for (i = 0; i < kernels.nr_rows; i++) {
		const char *kernel = kernels.rows[i][0], *words;
		struct outcome *o = &outcomes[i];

		*o = read_outcome(name, kernel);
		row[2 + i] = o->words;
		words = string("[%s](%s)", escaped(o->words),
			       file_of(name, kernel, o->status >= HANGS &&
				       o->status <= LOST ? "console" : "log"));
		if (o->status != HOLDS && o->status != SKIPPED)
			words = string("**%s**", words);
		list = joined(list, "\n", string("- %s: %s", kernel, words));
		if (o->status == FAILS)
			failed = joined(failed, "\n\n", string("Checks that fail on %s:\n\n%s",
							       kernel, o->failed));
	}
	different = differ(&outcomes[column("base")], aops);
	judge(name, different, different && !differ(&outcomes[column("fixes")], aops),
	      &classes, &reasons);
	add_cells(different ? &differences : &same, row);
	if (*failed)
		failed = string("\n<details><summary>Checks that fail</summary>\n\n%s\n\n</details>\n",
				failed);
	list_of = different ? "different outcome" : "same outcome";
	set(list_of, "%s#### %s: %s {#%s .scenario %s}\n\n%s\n\n%s\n%s\n",
	    get(list_of), name, escaped(title), name, classes, list, reasons, failed);
}

void read_matrix(void)
{
	struct table scenarios = {};
	int i;

	for (i = 0; i < kernels.nr_rows; i++)
		same.titles[2 + i] = differences.titles[2 + i] = kernels.rows[i][0];
	read_judgements();
	set("different outcome", "%s", "");
	set("same outcome", "%s", "");
	read_rows(&scenarios, "scenarios", 2);
	for_each_row(r, &scenarios)
		add_scenario(r[0], r[1]);
	publish(&differences);
	publish(&same);
	set("reached", "in %d of %d scenarios, base and aops have the same outcome. Of the others, %d differ by design, %d by implementation and %d by bugs that any design could fix; in %d of these, base with the stand-alone fixes has the same outcome as aops",
	    same.nr_rows, scenarios.nr_rows, nr_by_label[DESIGN],
	    nr_by_label[IMPLEMENTATION], nr_by_label[BUG], nr_fixed);
}
