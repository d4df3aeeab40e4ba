// SPDX-License-Identifier: GPL-2.0
/*
 * The default policy sends no early signals, but the page must be unmapped from
 * every process: the next access faults, finds the page's flag and must get
 * BUS_MCEERR_AR with the exact address. The memmap= device has no bad block on
 * record.
 */
#include "scenario.h"

#define STOPPED		"the next access draws BUS_MCEERR_AR"

static void two_processes(const char *title, const char *f, const char *g)
{
	struct proc *a = map_by("a", f, PAGE), *b = map_by("b", g, PAGE),
		    *other = map_by("other", f, 2 * PAGE);

	part("%s", title);
	machine_check_and_check(page_of(b));
	check(all(got_none, a, b, other), "no process is signalled");
	check(all(lost, a, b), UNMAPPED);
	a->at += 100;
	check(stopped(a) && store_stopped(b, b->at + 8, 'x'), STOPPED);
	check(has(other) && reads(other), "the next page stays mapped");
}

static void run(void)
{
	early_kill(false);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	two_processes("one file", file("f"), file("f"));
	make_reflinks(4 * PAGE, "g", "h");
	two_processes("reflinks", file("g"), file("h"));
}

SCENARIO("no early signals are wanted: the page must go all the same",
	.base.fails = { "one file: " UNMAPPED, "one file: " STOPPED,
			"reflinks: " UNMAPPED, "reflinks: " STOPPED });
