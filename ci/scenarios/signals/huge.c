// SPDX-License-Identifier: GPL-2.0
/*
 * PMD mappings: one page in the middle of 2 MiB fails. The whole PMD is
 * unmapped, as si_addr_lsb shows; the address and the flag are the page's.
 */
#include "scenario.h"

#define VICTIM	(200 * PAGE)

static void fail_one(const char *title, const char *f, const char *g)
{
	struct proc *a, *b, *other;

	part("%s", title);
	a = map_huge_by("a", f, VICTIM);
	b = map_huge_by("b", g, VICTIM);
	other = map_huge_by("other", f, PMD + VICTIM);
	must(reads(a) && reads(b), "wrong data");
	must(has(a) && has(b), "one's fault unmapped the other");

	machine_check_and_check(page_of(a));
	check_lost("both get BUS_MCEERR_AO at the page's address", a, b);
	check(got_none(other), "a process that maps the next 2 MiB gets nothing");
	check(maps_huge(other, other->at) && reads(other),
	      "the next 2 MiB stay mapped and can be read");
	check(load(a, a->at + PAGE) == fill(201),
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
