// SPDX-License-Identifier: GPL-2.0
/*
 * The results of ci/fstests, from fstests.tsv, which bench/compare has put together from
 * its results.tsv: test, kernel, configuration, result, seconds, reason. The reasons for
 * differences between kernels are in the file "fstests", which says what makes a run faulty.
 */
#include "report.h"

enum { TEST, ON, CONFIGURATION, RESULT, SECONDS, REASON };

static struct table all, reasons;
static struct table counts = {
	.name = "fstests",
	.titles = { "configuration", "kernel", ">pass", ">fail", ">not run" },
};
static struct table differences = {
	.name = "fstests differences",
	.titles = { "test", "configuration", "results", "reason" },
};

/* A test that was run again has a second line, which counts. */
static void read_results(void)
{
	struct table file = {};

	read_rows(&file, "fstests.tsv", 6);
	for_each_row(r, &file) {
		if (!is(r[RESULT], "pass") && !is(r[RESULT], "fail") &&
		    !is(r[RESULT], "not run"))
			die("fstests.tsv: '%s' is no result", r[RESULT]);
		memcpy(row_of(&all, r[TEST], r[ON], r[CONFIGURATION]), r,
		       MAX_COLUMNS * sizeof(*r));
	}
}

static void count(const char **r)
{
	const char **row = find_row(&counts, r[CONFIGURATION], r[ON]);
	int i;

	if (!row)
		row = add_row(&counts, r[CONFIGURATION], r[ON], "0", "0", "0");
	for (i = 2; !is(counts.titles[i] + 1, r[RESULT]); i++)
		;
	row[i] = string("%d", atoi(row[i]) + 1);
}

/* All kernels' results of a test, where the first one is met */
static void compare(const char **first)
{
	const char *test = first[TEST], *configuration = first[CONFIGURATION];
	const char **base = find_row(&all, test, "base", configuration);
	const char **aops = find_row(&all, test, "aops", configuration);
	const char **why = find_row(&reasons, test, configuration) ?:
			   find_row(&reasons, test, "*");
	const char *words = "";
	bool differs = false;

	for_each_row(r, &all) {
		if (!is(r[TEST], test) || !is(r[CONFIGURATION], configuration))
			continue;
		if (!*words && r != first)
			return;
		differs |= !is(r[RESULT], first[RESULT]);
		words = joined(words, ", ", string("%s: %s", r[ON], r[RESULT]));
	}
	if (!differs)
		return;
	add_row(&differences, test, configuration, words, why ? why[2] : "none given");
	if (base && aops && is(base[RESULT], "pass") && is(aops[RESULT], "fail"))
		complain("%s (%s) passes on base and fails on aops: %s", test,
			 configuration, aops[REASON]);
	else if (!why)
		complain("%s (%s) differs between kernels and has no reason in bench/report/fstests: %s",
			 test, configuration, words);
}

void read_fstests(void)
{
	if (exists("fstests.tsv"))
		read_results();
	read_rows(&reasons, ours("fstests"), 3);
	for_each_row(r, &all) {
		count(r);
		compare(r);
	}
	publish(&counts);
	publish(&differences);
	set("no fstests", "%s", all.nr_rows ? "" : "No results: `ci/fstests -k base` and `ci/fstests -k aops` make them, with the tree of fstests that FSTESTS names.");
	set("fstests sentence", "%s", !all.nr_rows ? "" :
	    string("%d of the tests that ran on more than one kernel have different results.",
		   differences.nr_rows));
}
