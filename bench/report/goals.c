// SPDX-License-Identifier: GPL-2.0
/* The goals of the series, from the file "goals". */
#include "report.h"

static struct table goals = {
	.name = "goals",
	.titles = { "what is compared", ">figures", ">quotient", ">goal", "verdict" },
	.bad = "not met",
};

static const char **find(const char *reference)
{
	const char *key = strchr(reference, ' ');

	return key ? figure(string("%.*s", (int)(key - reference), reference), key + 1) : NULL;
}

static void judge_goal(const char **goal)
{
	const char **of = find(goal[1]), **to = find(goal[2]);
	const char **row = add_row(&goals, goal[0], "", "", goal[3], "not measured");
	bool at_least = begins(goal[3], ">= ");
	double quotient, limit;

	if (sscanf(goal[3], at_least ? ">= %lf" : "<= %lf", &limit) != 1)
		die("goals: %s is no goal", goal[3]);
	if (!of || !to) {
		if (!*get("quick"))
			complain("goal '%s': there is no figure for it", goal[0]);
		return;
	}
	quotient = value(of) / value(to);
	row[1] = string("%s / %s", short_number(value(of)), short_number(value(to)));
	/* as many digits as are needed to compare it with its goal */
	row[2] = string(quotient < 2 ? "%.4f" : "%.2f", quotient);
	row[4] = (at_least ? quotient >= limit : quotient <= limit) ? "met" : "not met";
}

void judge_goals(void)
{
	int met = 0, unknown = 0;
	const char *missed = "";
	struct table all = {};

	read_rows(&all, ours("goals"), 4);
	for_each_row(goal, &all)
		judge_goal(goal);
	publish(&goals);
	for_each_row(r, &goals) {
		met += is(r[4], "met");
		unknown += is(r[4], "not measured");
		missed = joined(missed, "; ", is(r[4], "not met") ? r[0] : "");
	}
	set("goals-sentence", "%d of %d are met%s%s%s", met, goals.nr_rows,
	    unknown ? string(", %d not measured", unknown) : "",
	    *missed ? "; not met: " : "", missed);
}

const char *goal_result(const char *goal)
{
	const char **row = find_row(&goals, goal);

	if (!row)
		die("there is no goal '%s'", goal);
	return row[4];
}
