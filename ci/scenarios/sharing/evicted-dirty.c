// SPDX-License-Identifier: GPL-2.0
/*
 * A file that shares the block is not in use any more, and XFS still has to
 * write its inode back: nothing to tell there, and nothing that is broken.
 */
#include "scenario.h"


static void run(void)
{
	struct proc *a;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g");
	settle();
	a = map_by("a", file("f"), PAGE);
	/* The change of mode is in the log and not in its place yet. */
	must(!chmod(file("g"), 0600), "chmod: %m");
	drop_caches();

	poison_and_check(page_of(a));
	check_lost("a process that maps the page gets BUS_MCEERR_AO", a);
	check(alive(), GOES_ON);
}

SCENARIO("a sharer's inode waits to be written back",
	/* What is no VFS inode any more, base takes for metadata that is lost. */
	.base.fails = { SUCCEEDS, GOES_ON });
