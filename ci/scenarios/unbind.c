// SPDX-License-Identifier: GPL-2.0
/*
 * The pmem device below XFS goes away, with pages mapped in every way: the
 * memory behind these mappings is the device's, so they must go with it.
 */
#include "removal.h"

static void run(void)
{
	early_kill(false);
	mount_xfs("-d agsize=256m,su=2m,sw=1");
	map_in_every_way(REFLINKS | PMDS | FILES);

	part("removed");
	unbind(PMEM);
	check_removed();

	part("back again");
	rebind(PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	check_kept();
	check(unmount(), UNMOUNTS);
	check(!system("xfs_repair -n " PMEM " >&2"),
	      "xfs_repair finds nothing to repair");
}

SCENARIO("the device below XFS goes away, mapped in every way",
	/* Base adds 1 to the last block of an AG, 0xffffffff, and spins. */
	.base = { .hangs = "mf_dax_kill_procs", .seconds = 30 });
