// SPDX-License-Identifier: GPL-2.0
/* ext4 with PMD mappings: the address and the flag must be the page's own. */
#include "scenario.h"

#define VICTIM	(200 * PAGE)
#define TOLD	"both get BUS_MCEERR_AO at the page's address"

static void run(void)
{
	struct proc *a, *b, *other;

	/* Clusters of 2 MiB align files to 2 MiB. */
	mount_ext4("-O bigalloc -C 2097152");
	make_huge_file(file("f"), 2 * PMD);
	a = map_huge_by("a", file("f"), VICTIM);
	b = map_huge_by("b", file("f"), VICTIM);
	other = map_huge_by("other", file("f"), PMD);

	machine_check_and_check(page_of(a));
	check_lost(TOLD, a, b);
	check(got_none(other) && maps_huge(other, other->at),
	      "a process that maps the next 2 MiB gets nothing and keeps them");
}

SCENARIO("ext4: a page in the middle of a PMD mapping",
	/* Base flags the head page, and reports its address. */
	.base.fails = { FLAG_CHECK, TOLD });
