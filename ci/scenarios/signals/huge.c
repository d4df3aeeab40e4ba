// SPDX-License-Identifier: GPL-2.0
/*
 * PMD mappings: one page in the middle of 2 MiB fails. The whole mapping goes,
 * which the signal's lsb says; the address and the flag are the page's.
 */
#include "scenario.h"

#define VICTIM	(200 * PAGE)

static void fail_one(const char *title, const char *f, const char *g)
{
	struct proc *a = start("a"), *b = start("b"), *other = start("other");
	unsigned long at_a, at_b, at_other;

	part("%s", title);
	at_a = map_huge(a, f, 0, PMD);
	at_b = map_huge(b, g, 0, PMD);
	at_other = map_huge(other, f, PMD, PMD);
	must(load(a, at_a + VICTIM) == fill(200) &&
	     load(b, at_b + VICTIM) == fill(200), "wrong data");
	must(maps(a, at_a) && maps(b, at_b), "one's fault unmapped the other");

	machine_check_and_check(pfn_of(a, at_a + VICTIM));
	check(told(a, BUS_MCEERR_AO, at_a + VICTIM, PMD_LSB) &
	      told(b, BUS_MCEERR_AO, at_b + VICTIM, PMD_LSB),
	      "both get BUS_MCEERR_AO at the page's address");
	check(!maps(a, at_a + VICTIM) && !maps(b, at_b + VICTIM),
	      "no process maps the page any longer");
	check(untold(other), "a process that maps the next 2 MiB gets nothing");
	check(maps_huge(other, at_other) &&
	      load(other, at_other + VICTIM) == fill(712),
	      "the next 2 MiB stay mapped and can be read");
	check(load(a, at_a + VICTIM + PAGE) == fill(201),
	      "the page after the failed one can be read again");
}

static void run(void)
{
	mount_xfs("-d agsize=256m,su=2m,sw=1");
	make_huge_file(file("f"), 2 * PMD);
	fail_one("one file", file("f"), file("f"));
	make_huge_file(file("g"), 2 * PMD);
	clone_file(file("g"), file("h"));
	fail_one("reflinks", file("g"), file("h"));
}

SCENARIO("a page in the middle of a PMD mapping, one file and reflinks",
	/* Base flags the head page of the 2 MiB. */
	.base.fails = { "one file: " FLAG_CHECK, "reflinks: " FLAG_CHECK });
