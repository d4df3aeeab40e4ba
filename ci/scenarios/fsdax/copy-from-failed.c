// SPDX-License-Identifier: GPL-2.0
/*
 * Copy on write of a page that has failed: there is no good data to copy.
 * Copying anyway would spread whatever is in the page.
 */
#include "scenario.h"

#define SHARED	"a store by another reflink draws BUS_MCEERR_AR"
#define PRIVATE	"a store to a private mapping draws BUS_MCEERR_AR"
#define PWRITE	"a pwrite() of a part of it draws EIO"

static void run(void)
{
	struct proc *a, *shared, *private;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g", "h");
	a = map_by("a", file("f"), PAGE);
	/* These have not faulted the page in when it fails. */
	shared = map_unread("shared", file("g"), PAGE, MAP_SHARED);
	private = map_unread("private", file("g"), PAGE, MAP_PRIVATE);

	machine_check_and_check(page_of(a));
	check(got_ao(a),
	      "a process that has the page mapped gets BUS_MCEERR_AO");
	check(all(got_none, shared, private),
	      "a process that has not faulted it in gets nothing");
	check(store_stopped(shared, shared->at + 1, 'x'), SHARED);
	check(store_stopped(private, private->at + 2, 'x'), PRIVATE);
	check(write_bytes(file("h"), PAGE + 3, 1, 'x') == -EIO, PWRITE);
	check(alive(), GOES_ON);
}

SCENARIO("copy on write of a page that has failed",
	/*
	 * Base checks bad blocks only, and none is on record: it copies from a page
	 * that is not in the direct map.
	 */
	.base.splat = "RIP: 0010:copy_page");
