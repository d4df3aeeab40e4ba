// SPDX-License-Identifier: GPL-2.0
/* Two processes map the same page of the same file, which has a reflink. */
#include "scenario.h"

#define BOTH	"both have the page mapped at the same time"
#define TOLD	"both get BUS_MCEERR_AO"

static void run(void)
{
	struct proc *a = start("a"), *b = start("b");
	unsigned long at_a, at_b, pfn;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));
	at_a = map_page(a, file("f"), PAGE);
	pfn = pfn_of(a, at_a);
	at_b = map_page(b, file("f"), PAGE);
	check(maps(a, at_a) && maps(b, at_b), BOTH);

	poison_and_check(pfn);
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB), TOLD);
	check(!maps(a, at_a) && !maps(b, at_b),
	      "no process maps the page any longer");
}

SCENARIO("two processes map the same page of one reflinked file",
	/*
	 * Base takes each fault on a shared block for a change of block, and
	 * unmaps it from who has it; who has no page gets no signal.
	 */
	.base.fails = { BOTH, TOLD });
