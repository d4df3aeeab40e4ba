// SPDX-License-Identifier: GPL-2.0
/* ext4 with PMD mappings: the address and the flag must be the page's own. */
#include "scenario.h"

#define VICTIM	(200 * PAGE)
#define TOLD	"both get BUS_MCEERR_AO at the page's address"

static void run(void)
{
	struct proc *a = start("a"), *b = start("b"), *other = start("other");
	unsigned long at_a, at_b, at_other;

	/* Clusters of 2 MiB: so that files are aligned to them. */
	mount_ext4("-O bigalloc -C 2097152");
	make_huge_file(file("f"), 2 * PMD);
	at_a = map_huge(a, file("f"), 0, PMD);
	at_b = map_huge(b, file("f"), 0, PMD);
	at_other = map_huge(other, file("f"), PMD, PMD);

	machine_check_and_check(pfn_of(a, at_a + VICTIM));
	check(told(a, BUS_MCEERR_AO, at_a + VICTIM, PMD_LSB) &
	      told(b, BUS_MCEERR_AO, at_b + VICTIM, PMD_LSB), TOLD);
	check(!maps(a, at_a + VICTIM) && !maps(b, at_b + VICTIM),
	      "no process maps the page any longer");
	check(untold(other) && maps_huge(other, at_other),
	      "a process that maps the next 2 MiB gets nothing and keeps them");
}

SCENARIO("ext4: a page in the middle of a PMD mapping",
	/* Base flags the head page, and reports its address. */
	.base.fails = { FLAG_CHECK, TOLD });
