// SPDX-License-Identifier: GPL-2.0
/*
 * What XFS reports to its health monitor (xfs_healer): the place on the medium that
 * failed, and each file in use that lost data, mapped or not.
 */
#include "devices.h"

static void run(void)
{
	struct proc *a;
	struct monitor *m;
	int64_t physical;
	int idle;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "a", "idle");
	clone_range(file("a"), 0, 4 * PAGE, file("b"), 8 * PAGE);
	make_file(file("other"), 4 * PAGE);
	a = map_by("a", file("a"), PAGE);
	map_by("b", file("b"), 9 * PAGE);
	map_by("other", file("other"), PAGE);
	idle = open_file(file("idle"), O_RDONLY);
	physical = file_physical(file("a"), PAGE);
	m = start_monitor(MNT);

	poison_and_check(page_of(a));
	check(lost_reports(m, 3) == 3, "three files are reported");
	check(reported_media(m, DATA_DEVICE, physical), PLACE_REPORTED);
	check(reported_lost(m, file("a"), PAGE) &&
	      reported_lost(m, file("b"), 9 * PAGE),
	      "each mapped file is reported, with its own offset");
	check(reported_lost(m, file("idle"), PAGE),
	      "a file that is open and not mapped is reported");
	stop_monitor(m);
	close(idle);
}

SCENARIO("what XFS reports of a failed page to its monitor");
