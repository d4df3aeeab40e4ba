// SPDX-License-Identifier: GPL-2.0
/*
 * A machine check on an NVDIMM, as hardware raises it. NFIT records the bad
 * block, so that later reads return EIO and later accesses get SIGBUS.
 */
#include "scenario.h"

#define LATE_UNMAPPED	"a process that did not ask no longer maps the page"
#define LATE_TOLD \
	"a process that did not ask gets BUS_MCEERR_AR on its next access"

static void run(void)
{
	struct proc *a, *b, *late, *other;

	early_kill(false);
	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g", "h");
	a = map_by("a", file("f"), PAGE);
	b = map_by("b", file("g"), PAGE);
	late = map_by("late", file("h"), PAGE);
	other = map_by("other page", file("g"), 2 * PAGE);
	mce_policy(a, PR_MCE_KILL_EARLY);
	mce_policy(b, PR_MCE_KILL_EARLY);
	mce_policy(other, PR_MCE_KILL_EARLY);

	machine_check_and_check(page_of(a));
	check(all(got_ao, a, b),
	      "a process that asked for it gets BUS_MCEERR_AO");
	check(got_none(late), "a process that did not ask is not told yet");
	check(all(lost, a, b), "processes that asked no longer map the page");
	check(lost(late), LATE_UNMAPPED);
	check(kept(other),
	      "a process that maps the next page gets nothing and keeps it");
	check(within(20, bad_block_recorded), "the bad block is recorded");

	/* fs/dax.c gets the page from the driver, which knows the bad block. */
	forget(a);
	check(stopped(a),
	      "a process that was told gets BUS_MCEERR_AR on its next access");
	check(stopped(late), LATE_TOLD);
	check(read_byte(file("f"), PAGE) == -EIO &&
	      read_byte(file("g"), PAGE) == -EIO &&
	      read_byte(file("h"), PAGE) == -EIO,
	      "reading the page through any of the files draws EIO");
	check(read_byte(file("f"), 0) == fill(0) &&
	      read_byte(file("g"), 2 * PAGE) == fill(2),
	      "other pages can be read");
}

SCENARIO("a machine check on an NVDIMM: signals, bad blocks, EIO",
	.machine = "nfit", .seconds = 90,
	.base.fails = { LATE_UNMAPPED, LATE_TOLD });
