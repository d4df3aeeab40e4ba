// SPDX-License-Identifier: GPL-2.0
/*
 * Reflinks on XFS's realtime device, which has its own reverse mapping and its
 * own pmem device.
 */
#include "devices.h"

static void run(void)
{
	struct sharers s;
	struct proc *copy;

	mount_xfs_realtime();
	make_reflinks(4 * PAGE, "f", "copy");
	share_page(&s, file("f"));
	copy = map_unread("copy", file("copy"), PAGE, MAP_SHARED);
	store_byte(copy, 'x');

	fail_shared_page(&s);
	check(kept(copy) && kept(s.next),
	      "another page, a copy on write: nothing");
	check(alive(), GOES_ON);
}

SCENARIO("three reflinks of a page on XFS's realtime device",
	.machine = "both", .seconds = 90);
