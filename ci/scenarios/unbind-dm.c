// SPDX-License-Identifier: GPL-2.0
/*
 * XFS is on a mapped device, and the pmem device below that goes away: mapped
 * devices hand nothing on.
 */
#include "devices.h"
#include "removal.h"

static const struct segment segment = { PMEM, 64 * MIB, 1536 * MIB };

static void run(void)
{
	early_kill(false);
	create_dm(linear_table(&segment, 1));
	make_fs(MKFS_XFS, "-d agsize=256m,su=2m,sw=1", DM);
	mount_fs(DM, "xfs", "dax=always");
	map_in_every_way(REFLINKS | PMDS | FILES);

	part("removed");
	unbind(PMEM);
	check_removed();
	remove_dm();

	part("back again");
	rebind(PMEM);
	create_dm(linear_table(&segment, 1));
	mount_fs(DM, "xfs", "dax=always");
	check_kept();
	check(unmount(), UNMOUNTS);
	remove_dm();
}

SCENARIO("the device below dm-linear and XFS goes away",
	/* Base leaves it all mapped, and frees the struct pages. */
	.base.splat = "BUG: unable to handle page fault",
	.holder_as_base = true);
