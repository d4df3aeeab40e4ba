// SPDX-License-Identifier: GPL-2.0
/* The plain case: a page that belongs to one file, mapped by two processes. */
#include "scenario.h"

static void run(void)
{
	struct proc *a = start("a"), *b, *other;
	unsigned long next;

	mount_xfs(NULL);
	make_file(file("f"), 8 * PAGE);
	a->at = map(a, file("f"), 0, 8 * PAGE, PROT_READ, MAP_SHARED) + 3 * PAGE;
	next = a->at + PAGE;
	must(load(a, a->at) == fill(3) && load(a, next) == fill(4),
	     "wrong data");
	b = map_by("b", file("f"), 3 * PAGE);
	other = map_by("other page", file("f"), 5 * PAGE);

	poison_and_check(page_of(a));
	check(all(got_ao, a, b),
	      "both get BUS_MCEERR_AO, each at its own address");
	check(got_none(other),
	      "a process that maps another page of the file gets nothing");
	check(all(lost, a, b), UNMAPPED);
	check(maps(a, next) && has(other), "other pages stay mapped");
	check(load(a, next) == fill(4) && reads(other), "other pages can be read");
}

SCENARIO("one file, a page that two processes map");
