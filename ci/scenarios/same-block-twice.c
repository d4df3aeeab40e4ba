// SPDX-License-Identifier: GPL-2.0
/* A reflink within a file: one mapping, two offsets, one block. */
#include "scenario.h"

static void run(void)
{
	struct proc *low, *high, *both, *other;
	unsigned long at_low, at_high, at_both[2], at_other;

	early_kill(true);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	clone_range(file("f"), 0, 4 * PAGE, file("f"), 16 * PAGE);

	low = start("low offset");
	high = start("high offset");
	both = start("both offsets");
	other = start("other page");
	at_low = map_page(low, file("f"), PAGE);
	at_high = map_page(high, file("f"), 17 * PAGE);
	at_both[0] = map_page(both, file("f"), PAGE);
	at_both[1] = map_page(both, file("f"), 17 * PAGE);
	at_other = map_page(other, file("f"), 18 * PAGE);
	must(pfn_of(low, at_low) == pfn_of(high, at_high),
	     "the two offsets are not one page");

	poison_and_check(pfn_of(low, at_low));
	check(told(low, BUS_MCEERR_AO, at_low, PAGE_LSB) &
	      told(high, BUS_MCEERR_AO, at_high, PAGE_LSB),
	      "who maps one of the offsets gets BUS_MCEERR_AO there");
	check(told_among(both, BUS_MCEERR_AO, at_both, 2, PAGE_LSB),
	      "who maps both gets BUS_MCEERR_AO at one of them or at both");
	check(!maps(low, at_low) && !maps(high, at_high) &&
	      !maps(both, at_both[0]) && !maps(both, at_both[1]),
	      "nobody has the page mapped any more, at either offset");
	check(untold(other) && maps(other, at_other) &&
	      load(other, at_other) == fill(2),
	      "who maps the next page gets nothing and keeps it");
}

struct scenario scenario = {
	.name = "same-block-twice",
	.title = "one file has the same block at two offsets",
	.machine = "e820",
	.cpus = 2,
	.seconds = 60,
	.run = run,
};
