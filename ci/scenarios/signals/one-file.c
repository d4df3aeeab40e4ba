// SPDX-License-Identifier: GPL-2.0
/* The plain case: a page that belongs to one file, mapped by two processes. */
#include "scenario.h"

static void run(void)
{
	struct proc *a, *b, *other;
	unsigned long at_a, at_b, at_other, next;

	mount_xfs(NULL);
	make_file(file("f"), 8 * PAGE);

	a = start("a");
	b = start("b");
	other = start("other page");
	at_a = map(a, file("f"), 0, 8 * PAGE, PROT_READ, MAP_SHARED) + 3 * PAGE;
	next = at_a + PAGE;
	must(load(a, at_a) == fill(3) && load(a, next) == fill(4),
	     "wrong data");
	at_b = map_page(b, file("f"), 3 * PAGE);
	at_other = map_page(other, file("f"), 5 * PAGE);

	poison_and_check(pfn_of(a, at_a));
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
	      "both get BUS_MCEERR_AO, each at its own address");
	check(untold(other), "a process that maps another page of the file gets nothing");
	check(!maps(a, at_a) && !maps(b, at_b),
	      "no process maps the page any longer");
	check(maps(a, next) && maps(other, at_other),
	      "other pages stay mapped");
	check(load(a, next) == fill(4) && load(other, at_other) == fill(5),
	      "other pages can be read");
}

SCENARIO("one file, a page that two processes map");
