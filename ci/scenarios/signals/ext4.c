// SPDX-License-Identifier: GPL-2.0
/*
 * ext4 shares no blocks and is not involved: mm handles the failure alone, by
 * folio->mapping.
 */
#include "scenario.h"

#define STOPPED		"the next access draws BUS_MCEERR_AR"

static void fail_page(const char *title, bool early)
{
	struct proc *a, *b, *other;

	part("%s", title);
	early_kill(early);
	make_file(file("%d", early), 4 * PAGE);
	a = map_by("a", file("%d", early), PAGE);
	b = map_by("b", file("%d", early), PAGE);
	other = map_by("other", file("%d", early), 2 * PAGE);

	machine_check_and_check(page_of(a));
	if (early)
		check(all(got_ao, a, b),
		      "both get BUS_MCEERR_AO, each at its own address");
	else
		check(all(got_none, a, b), "no process is signalled");
	check(all(lost, a, b), UNMAPPED);
	forget(a);
	check(stopped(a), STOPPED);
	check(kept(other),
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
	 * Base maps the page again despite the flag, unless a bad block is on
	 * record; the memmap= device records no machine check.
	 */
	.base.fails = { "late: " UNMAPPED, "late: " STOPPED,
			"early: " STOPPED });
