// SPDX-License-Identifier: GPL-2.0
/* Two processes map the same page of the same file, which has a reflink. */
#include "scenario.h"

#define BOTH	"both have the page mapped at the same time"
#define TOLD	"both get BUS_MCEERR_AO"

static void run(void)
{
	struct proc *a, *b;
	unsigned long pfn;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g");
	a = map_by("a", file("f"), PAGE);
	pfn = page_of(a);
	b = map_by("b", file("f"), PAGE);
	check(has(a) && has(b), BOTH);

	poison_and_check(pfn);
	check_lost(TOLD, a, b);
}

SCENARIO("two processes map the same page of one reflinked file",
	/*
	 * Base mistakes each fault on a shared block for a change of block and
	 * unmaps it from all other processes, which get no signal.
	 */
	.base.fails = { BOTH, TOLD });
