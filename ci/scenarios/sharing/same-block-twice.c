// SPDX-License-Identifier: GPL-2.0
/* A reflink within a file: one mapping, two offsets, one block. */
#include "scenario.h"

static void two_processes(void)
{
	struct proc *low, *high, *other;

	part("a process for each offset");
	make_file(file("f"), 4 * PAGE);
	clone_range(file("f"), 0, 4 * PAGE, file("f"), 16 * PAGE);
	low = map_by("low offset", file("f"), PAGE);
	high = map_by("high offset", file("f"), 17 * PAGE);
	other = map_by("other page", file("f"), 18 * PAGE);

	poison_and_check(common_page(LIST(low, high)));
	check_lost("both get BUS_MCEERR_AO, each at its own address", low, high);
	check(kept(other),
	      "a process that maps the next page gets nothing and keeps it");
}

static void one_process(void)
{
	struct proc *both = start("both offsets");
	unsigned long at[2];

	part("one process for both");
	make_file(file("g"), 4 * PAGE);
	clone_range(file("g"), 0, 4 * PAGE, file("g"), 4 * PAGE);
	/* One mapping covers both. */
	at[0] = map(both, file("g"), 0, 8 * PAGE, PROT_READ, MAP_SHARED) + PAGE;
	at[1] = at[0] + 4 * PAGE;
	must(load(both, at[0]) == fill(1) && load(both, at[1]) == fill(1),
	     "wrong data");

	poison_and_check(pfn_of(both, at[0]));
	check(got_among(both, BUS_MCEERR_AO, at, 2, PAGE_LSB),
	      "it gets BUS_MCEERR_AO, at one of them or at both");
	check(!maps(both, at[0]) && !maps(both, at[1]),
	      "it has the page mapped no more, at either offset");
}

static void run(void)
{
	mount_xfs(NULL);
	two_processes();
	one_process();
}

SCENARIO("one file has the same block at two offsets");
