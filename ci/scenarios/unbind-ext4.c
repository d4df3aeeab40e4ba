// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away below ext4, which has no part in this: mm finds the
 * mappings by the pages.
 */
#include "removal.h"

static void run(void)
{
	early_kill(false);
	/* Clusters of 2 MiB: so that files are aligned to them. */
	mount_ext4("-O bigalloc -C 2097152");
	map_in_every_way(PMDS | FILES);

	part("removed");
	unbind(PMEM);
	check_removed();

	part("back again");
	rebind(PMEM);
	mount_fs(PMEM, "ext4", "dax=always");
	check_kept();
}

SCENARIO("the device below ext4 goes away, mapped in every way",
	/* Base leaves it all mapped, and frees the struct pages. */
	.base.splat = "BUG: unable to handle page fault",
	.holder_as_base = true);
