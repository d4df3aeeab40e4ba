// SPDX-License-Identifier: GPL-2.0
/* Reads the results that bench/compare has collected, and writes the report. */
#include <unistd.h>
#include "report.h"

struct table kernels = {
	.name = "kernels", .titles = { "kernel", "description" },
};
static struct table environment = {
	.name = "environment", .titles = { "key", "value" },
};
static const char *directory;

const char *ours(const char *name)
{
	return string("%s/%s", directory, name);
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1]))
		die("usage: report DIR OURS: what bench/compare has left, the judgements");
	directory = argv[2];
	read_rows(&kernels, "kernels", 2);
	publish(&kernels);
	read_rows(&environment, "environment", 2);
	publish(&environment);
	for_each_row(r, &environment)
		set(r[0], "%s", escaped(r[1]));
	set("quick", "%s", is(get("quick"), "yes") ?
	    "A quick run: fewer scenarios, fewer figures." : "");
	read_figures();
	judge_goals();
	read_profiles();
	read_matrix();
	read_fstests();
	read_code();
	read_paths();
	compare_figures();
	return write_report();
}
