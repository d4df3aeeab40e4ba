// SPDX-License-Identifier: GPL-2.0
/*
 * ext4 shares no blocks and takes no part: mm handles the failure alone, by
 * the page's file.
 */
#include "scenario.h"

#define UNMAPPED	"no process maps the page any longer"
#define STOPPED		"the next access draws BUS_MCEERR_AR"

static void fail_page(const char *title, bool early)
{
	struct proc *a = start("a"), *b = start("b"), *other = start("other");
	unsigned long at_a, at_b, at_other;

	part("%s", title);
	early_kill(early);
	make_file(file("%d", early), 4 * PAGE);
	at_a = map_page(a, file("%d", early), PAGE);
	at_b = map_page(b, file("%d", early), PAGE);
	at_other = map_page(other, file("%d", early), 2 * PAGE);

	machine_check_and_check(pfn_of(a, at_a));
	if (early)
		check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
		      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
		      "both get BUS_MCEERR_AO, each at its own address");
	else
		check(untold(a) & untold(b), "no process is signalled");
	check(!maps(a, at_a) && !maps(b, at_b), UNMAPPED);
	forget(a);
	check(load(a, at_a) == SIGNALLED &&
	      told(a, BUS_MCEERR_AR, at_a, PAGE_LSB), STOPPED);
	check(untold(other) && maps(other, at_other) &&
	      load(other, at_other) == fill(2),
	      "a process that maps the next page gets nothing and keeps it");
}

static void run(void)
{
	mount_ext4(NULL);
	fail_page("early", true);
	fail_page("late", false);
}

SCENARIO("ext4 with dax: early and late",
	/*
	 * Base maps the page again, flag or not, unless a bad block is on
	 * record; memmap='s device learns of no machine check.
	 */
	.base.fails = { "late: " UNMAPPED, "late: " STOPPED,
			"early: " STOPPED });
