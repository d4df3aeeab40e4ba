// SPDX-License-Identifier: GPL-2.0
/*
 * A sharer is no longer in use, but XFS has yet to write back its inode: there
 * is nothing to report for it, and the filesystem is intact.
 */
#include "scenario.h"


static void run(void)
{
	struct proc *a;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g");
	settle();
	a = map_by("a", file("f"), PAGE);
	/* The mode change is in the log, but not yet written back. */
	must(!chmod(file("g"), 0600), "chmod: %m");
	drop_caches();

	poison_and_check(page_of(a));
	check_lost("a process that maps the page gets BUS_MCEERR_AO", a);
	check(alive(), GOES_ON);
}

SCENARIO("a sharer's inode waits to be written back",
	/* Base mistakes an inode without a VFS inode for lost metadata. */
	.base.fails = { SUCCEEDS, GOES_ON });
