// SPDX-License-Identifier: GPL-2.0
/* The goals of the series, each a quotient of two figures of the same run. */
#include "report.h"

struct reference {
	const char *kernel, *measurement, *variant;
	long x;
};

/* Every goal that there is, in the order of the table */
static const struct goal {
	const char *what;
	struct reference of, to;
	enum { AT_LEAST, AT_MOST } sense;
	double limit;
} all[] = {
#define EVENT(kernel, variant, x)	{ kernel, "event", variant, x }
	{ "2,000 sharers, base/aops",
	  EVENT("base", "sharers", 2000), EVENT("aops", "sharers", 2000),
	  AT_LEAST, 10 },
	{ "4,000 sharers, base/aops",
	  EVENT("base", "sharers", 4000), EVENT("aops", "sharers", 4000),
	  AT_LEAST, 20 },
	{ "aops, 4,000/500 sharers",
	  EVENT("aops", "sharers", 4000), EVENT("aops", "sharers", 500),
	  AT_MOST, 8.8 },
	{ "2,000 sharers, aops/floor",
	  EVENT("aops", "sharers", 2000), EVENT("floor", "floor", 2000),
	  AT_MOST, 1.5 },
	{ "1 sharer, aops/base",
	  EVENT("aops", "sharers", 1), EVENT("base", "sharers", 1),
	  AT_MOST, 1 },
	{ "1 sharer of 2, aops/base",
	  EVENT("aops", "one-of-two", 1), EVENT("base", "one-of-two", 1),
	  AT_MOST, 1 },
	{ "1 among 2,000 idle, aops/base",
	  EVENT("aops", "idle", 2000), EVENT("base", "idle", 2000),
	  AT_MOST, 1 },
	{ "10 of 10,000 mapped, base/aops",
	  EVENT("base", "unmapped", 10000), EVENT("aops", "unmapped", 10000),
	  AT_LEAST, 3 },
	/* Wherever they are in the reverse mapping btree */
#define SCATTERED(what, gap, x) \
	{ what, EVENT("aops", "scattered-" #gap, x), \
	  EVENT("base", "scattered-" #gap, x), AT_MOST, 1 }
	SCATTERED("800 sharers, gaps of 0, aops/base", 0, 800),
	SCATTERED("800 sharers, gaps of 1, aops/base", 1, 800),
	SCATTERED("800 sharers, gaps of 70, aops/base", 70, 800),
	SCATTERED("100 sharers, gaps of 1,000, aops/base", 1000, 100),
	{ "gaps of 70, aops, 800/200 sharers",
	  EVENT("aops", "scattered-70", 800), EVENT("aops", "scattered-70", 200),
	  AT_MOST, 4.4 },
	{ "no answer, none mapped, aops, 1,000/100",
	  EVENT("aops", "unanswered", 1000), EVENT("aops", "unanswered", 100),
	  AT_MOST, 1.1 },
	/* A batch is full by then: what is held longer is not held for one */
	{ "longest AGF hold, aops, 2,000/500",
	  { "aops", "agf", "longest", 2000 }, { "aops", "agf", "longest", 500 },
	  AT_MOST, 1.1 },
	{ "longest AGF hold, aops, gaps of 1,000/0",
	  { "aops", "agf", "scattered-1000", 100 },
	  { "aops", "agf", "scattered-0", 100 }, AT_MOST, 1.1 },
	{ "AGF holds, aops, 50/1 sharers",
	  { "aops", "agf", "holds", 50 }, { "aops", "agf", "holds", 1 },
	  AT_MOST, 1 },
#define FAULT(what, variant) \
	{ what, { "aops", "fault", variant, 1 }, { "base", "fault", variant, 1 }, \
	  AT_MOST, 1.01 }
	FAULT("read fault, PTE, aops/base", "pte-read"),
	FAULT("write fault, PTE, aops/base", "pte-write"),
	FAULT("read fault, PMD, aops/base", "pmd-read"),
	FAULT("write fault, PMD, aops/base", "pmd-write"),
	/* Two processes read each page a hundred times: one fault is enough */
	{ "shared pages, aops, faults/reads",
	  { "aops", "fault", "shared-read", 2 },
	  { "aops", "fault", "shared-pages-read", 2 }, AT_MOST, 0.01 },
	{ "bytes of struct page, aops/base",
	  { "aops", "size", "page", 1 }, { "base", "size", "page", 1 },
	  AT_MOST, 1 },
};

static struct table goals = {
	.name = "goals",
	.columns = {
		{ "what is compared" }, { "figures", true },
		{ "quotient", true }, { "goal", true }, { "verdict" },
	},
	.nr_columns = 5,
};
static int met, missed;
static const char *names = "";

static const struct figure *find(const struct reference *r)
{
	return figure(r->kernel, r->measurement, r->variant, r->x);
}

static void judge_goal(const struct goal *goal)
{
	const struct figure *of = find(&goal->of), *to = find(&goal->to);
	struct cell *row = add_row(&goals);
	double quotient;

	row[0].text = goal->what;
	row[3].text = string("%s %g", goal->sense == AT_LEAST ? ">=" : "<=", goal->limit);
	row[4].text = "not measured";
	if (!of || !to) {
		if (!quick())
			complain("goal '%s': there is no figure for it",
				 goal->what);
		return;
	}
	quotient = of->value / to->value;
	row[1].text = string("%s / %s", short_number(of->value),
			     short_number(to->value));
	/* as many digits as are needed to compare it with its goal */
	row[2].text = string(quotient < 2 ? "%.4f" : "%.2f", quotient);
	if (goal->sense == AT_LEAST ? quotient >= goal->limit :
					quotient <= goal->limit) {
		row[4].text = "met";
		met++;
		return;
	}
	row[4] = (struct cell) { "not met", .bad = true };
	names = joined(names, "; ", goal->what);
	missed++;
}

void judge_goals(void)
{
	int unknown;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		judge_goal(&all[i]);
	publish(&goals);
	write_file("texts/goals", table_text(&goals, false));
	unknown = goals.nr_rows - met - missed;
	set("goals-sentence", "%d of %d are met%s%s%s", met, goals.nr_rows,
	    unknown ? string(", %d not measured", unknown) : "",
	    missed ? "; not met: " : "", names);
}

const char *goal_result(const char *goal)
{
	int i;

	for (i = 0; i < goals.nr_rows; i++)
		if (!strcmp(goals.rows[i][0].text, goal))
			return goals.rows[i][4].text;
	die("there is no goal '%s'", goal);
}
