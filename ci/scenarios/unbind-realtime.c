// SPDX-License-Identifier: GPL-2.0
/*
 * XFS loses its realtime device, with the files on it mapped; the device that
 * has the metadata stays.
 */
#include "removal.h"

static void run(void)
{
	early_kill(false);
	mount_xfs_realtime();
	map_in_every_way(REFLINKS);

	part("removed");
	unbind(PMEM_RT);
	check_removed();

	part("back again");
	rebind(PMEM_RT);
	mount_fs(PMEM, "xfs", "dax=always,rtdev=" PMEM_RT);
	check_kept();
}

SCENARIO("XFS's realtime device goes away, mapped in every way",
	.machine = "both",
	/* Base tells who has a copy of a page, too, and that their memory is bad. */
	.base.fails = { "removed: " UNTOLD, "removed: " NOT_CORRUPTED });
