// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away below an XFS without a reverse mapping btree: who maps
 * it is found without one.
 */
#include "removal.h"

static void run(void)
{
	early_kill(false);
	make_fs(MKFS_XFS_NO_RMAPBT, "-d agsize=256m,su=2m,sw=1", PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	map_in_every_way(REFLINKS | PMDS | FILES);

	part("removed");
	unbind(PMEM);
	check_removed();

	part("back again");
	rebind(PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	check_kept();
}

SCENARIO("the device below XFS without rmapbt goes away",
	/* Base leaves it all mapped, and frees the struct pages. */
	.base.splat = "BUG: unable to handle page fault",
	.holder_as_base = true);
