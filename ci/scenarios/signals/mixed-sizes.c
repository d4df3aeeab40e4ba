// SPDX-License-Identifier: GPL-2.0
/*
 * One file maps the 2 MiB by PTEs, a reflink of it by a PMD, or the other way
 * round. Either is allowed; a failure must reach both mappings.
 */
#include "scenario.h"

#define VICTIM	(200 * PAGE)

static void mix(const char *title, const char *f, const char *g, bool huge_first)
{
	struct proc *small = start("small"), *huge = start("huge");
	bool healthy;

	part("%s", title);
	make_huge_file(f, PMD);
	clone_file(f, g);
	if (huge_first)
		map_huge(huge, f, 0, PMD);
	/* Not a whole PMD, so it can only be PTEs. */
	map(small, g, VICTIM, 4 * PAGE, PROT_READ, MAP_SHARED);
	healthy = reads(small);
	if (!huge_first)
		map(huge, f, 0, PMD, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED);
	huge->at += VICTIM;
	huge->byte = fill(200);
	healthy &= reads(huge) & reads(small);
	if (!check(healthy, "both read the same healthy data"))
		return;

	poison_and_check(page_of(small));
	check(got_ao(small),
	      "a process that has the page by a PTE gets BUS_MCEERR_AO");
	/* Mapped by a PMD or, because of the other mapping, by PTEs. */
	check(got_among(huge, BUS_MCEERR_AO, &huge->at, 1, PMD_LSB) ||
	      got(huge, BUS_MCEERR_AO, huge->at, PAGE_LSB),
	      "a process that asked for a PMD gets BUS_MCEERR_AO");
	check(all(lost, small, huge), UNMAPPED);
}

static void run(void)
{
	mount_xfs("-d agsize=256m,su=2m,sw=1");
	mix("PTEs first", file("a"), file("b"), false);
	mix("PMD first", file("c"), file("d"), true);
}

SCENARIO("one reflink maps 2 MiB by a PMD, the other by PTEs",
	.seconds = 45, .debug = true,
	/*
	 * Base reports "Bad page map" and warns in fs/dax.c; the final umount
	 * waits endlessly for a page with a stale reference.
	 */
	.base.hangs = "dax_break_layout_final");
