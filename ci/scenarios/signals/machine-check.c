// SPDX-License-Identifier: GPL-2.0
/*
 * A machine check on an NVDIMM, as real hardware raises it: the error reaches
 * memory_failure() by the machine-check handler, and NFIT records the bad
 * block. So the place stays bad: later reads draw EIO, later accesses SIGBUS.
 */
#include <errno.h>
#include "scenario.h"

#define LATE_UNMAPPED	"a process that did not ask no longer maps the page"
#define LATE_TOLD	"a process that did not ask gets BUS_MCEERR_AR on its next access"

static void run(void)
{
	struct proc *a, *b, *late, *other;
	unsigned long at_a, at_b, at_late, at_other;

	early_kill(false);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));
	clone_file(file("f"), file("h"));
	a = start("a");
	b = start("b");
	other = start("other page");
	mce_policy(a, PR_MCE_KILL_EARLY);
	mce_policy(b, PR_MCE_KILL_EARLY);
	mce_policy(other, PR_MCE_KILL_EARLY);
	late = start("late");
	at_a = map_page(a, file("f"), PAGE);
	at_b = map_page(b, file("g"), PAGE);
	at_late = map_page(late, file("h"), PAGE);
	at_other = map_page(other, file("g"), 2 * PAGE);

	machine_check_and_check(pfn_of(a, at_a));
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
	      "a process that asked for it gets BUS_MCEERR_AO");
	check(untold(late), "a process that did not ask is not told yet");
	check(!maps(a, at_a) && !maps(b, at_b), "processes that asked no longer map the page");
	check(!maps(late, at_late), LATE_UNMAPPED);
	check(untold(other) && maps(other, at_other) &&
	      load(other, at_other) == fill(2),
	      "a process that maps the next page gets nothing and keeps it");
	check(within(20, bad_block_recorded), "the bad block is recorded");

	/* fs/dax.c asks the driver for the page, which knows the bad block. */
	forget(a);
	check(load(a, at_a) == SIGNALLED &&
	      told(a, BUS_MCEERR_AR, at_a, PAGE_LSB),
	      "a process that was told gets BUS_MCEERR_AR on its next access");
	check(load(late, at_late) == SIGNALLED &&
	      told(late, BUS_MCEERR_AR, at_late, PAGE_LSB), LATE_TOLD);
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
