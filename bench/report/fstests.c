// SPDX-License-Identifier: GPL-2.0
/*
 * The results of ci/fstests, from fstests.tsv, which bench/compare has put together from
 * its results.tsv: test, kernel, configuration, result, seconds, reason. The reasons for
 * differences between kernels are in the file "fstests": test, configuration ("*": any),
 * sentence. The run is faulty if a difference has no reason, or if a test passes on base
 * and fails on aops.
 */
#include "report.h"

enum { PASS, FAIL, NOT_RUN, NR_RESULTS };
static const char * const results[] = { "pass", "fail", "not run" };

static struct result {
	char *test, *kernel, *configuration, *reason;
	int result;
} *all;
static int nr_all;

static char *(*reasons)[3];
static int nr_reasons;

static struct table counts = {
	.name = "fstests",
	.columns = { { "configuration" }, { "kernel" }, { "pass", true },
		     { "fail", true }, { "not run", true } },
	.nr_columns = 5,
};
static struct table differences = {
	.name = "fstests differences",
	.columns = { { "test" }, { "configuration" }, { "results" }, { "reason" } },
	.nr_columns = 4,
};

static struct result *find(const char *test, const char *kernel, const char *configuration)
{
	int i;

	for (i = 0; i < nr_all; i++)
		if (!strcmp(all[i].test, test) && !strcmp(all[i].kernel, kernel) &&
		    !strcmp(all[i].configuration, configuration))
			return &all[i];
	return NULL;
}

/* A test that was run again has a second line. */
static void read_fstests_results(void)
{
	char **l, *f[6];
	struct result *r;
	int i;

	for (l = lines("fstests.tsv"); *l; l++) {
		if (!split("fstests.tsv", *l, f, 6))
			continue;
		for (i = 0; i < NR_RESULTS && strcmp(f[3], results[i]); i++)
			;
		if (i == NR_RESULTS)
			die("fstests.tsv: '%s' is no result", f[3]);
		r = find(f[0], f[1], f[2]);
		if (!r) {
			all = grown(all, nr_all, sizeof(*all));
			r = &all[nr_all++];
		}
		*r = (struct result) { f[0], f[1], f[2], f[5], i };
	}
}

static void read_reasons(void)
{
	char *name = string("%s/fstests", ours), **l;

	for (l = lines(name); *l; l++) {
		reasons = grown(reasons, nr_reasons, sizeof(*reasons));
		nr_reasons += split(name, *l, reasons[nr_reasons], 3);
	}
}

static const char *reason_of(const struct result *r)
{
	int i;

	for (i = 0; i < nr_reasons; i++)
		if (!strcmp(reasons[i][0], r->test) &&
		    (!strcmp(reasons[i][1], "*") || !strcmp(reasons[i][1], r->configuration)))
			return reasons[i][2];
	return NULL;
}

/* One row for each configuration and kernel, where its first result is met */
static void count(const struct result *first)
{
	int n[NR_RESULTS] = {}, i;
	struct cell *row;

	for (i = 0; i < nr_all; i++) {
		if (strcmp(all[i].kernel, first->kernel) ||
		    strcmp(all[i].configuration, first->configuration))
			continue;
		if (&all[i] < first)
			return;
		n[all[i].result]++;
	}
	row = add_row(&counts);
	row[0].text = first->configuration;
	row[1].text = first->kernel;
	for (i = 0; i < NR_RESULTS; i++)
		row[2 + i].text = string("%d", n[i]);
}

/* All kernels' results of a test, told once, where the first one is met */
static void compare(const struct result *first)
{
	const struct result *base = find(first->test, "base", first->configuration);
	const struct result *aops = find(first->test, "aops", first->configuration);
	const char *words = "", *why = reason_of(first);
	bool differs = false;
	struct cell *row;
	int i;

	for (i = 0; i < nr_all; i++) {
		if (strcmp(all[i].test, first->test) ||
		    strcmp(all[i].configuration, first->configuration))
			continue;
		if (&all[i] < first)
			return;
		differs |= all[i].result != first->result;
		words = joined(words, ", ", string("%s: %s", all[i].kernel,
						   results[all[i].result]));
	}
	if (!differs)
		return;
	row = add_row(&differences);
	row[0].text = first->test;
	row[1].text = first->configuration;
	row[2].text = words;
	row[3].text = why ? why : "none given";
	if (base && aops && base->result == PASS && aops->result == FAIL)
		complain("%s (%s) passes on base and fails on aops: %s", first->test,
			 first->configuration, aops->reason);
	else if (!why)
		complain("%s (%s) differs between kernels and has no reason in bench/report/fstests: %s",
			 first->test, first->configuration, words);
}

void read_fstests(void)
{
	int i;

	set("no fstests", "%s", "No results: `ci/fstests -k base` and `ci/fstests -k aops` make them, with the tree of fstests that FSTESTS names.");
	set("fstests", "%s", "");
	set("fstests differences", "%s", "");
	set("fstests sentence", "%s", "");
	if (!exists("fstests.tsv"))
		return;
	read_fstests_results();
	if (!nr_all)
		return;
	read_reasons();
	for (i = 0; i < nr_all; i++) {
		count(&all[i]);
		compare(&all[i]);
	}
	publish(&counts);
	if (differences.nr_rows)
		publish(&differences);
	set("no fstests", "%s", "");
	set("fstests sentence", "%d of the tests that ran on more than one kernel have different results.",
	    differences.nr_rows);
}
