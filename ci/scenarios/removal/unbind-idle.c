// SPDX-License-Identifier: GPL-2.0
/* The device goes away while no filesystem is mounted, or no file is in use. */
#include "devices.h"

static void run(void)
{
	early_kill(false);
	part("nothing mounted");
	make_fs(MKFS_XFS, NULL, PMEM);
	unbind(PMEM);
	check(access(PMEM, F_OK), "the device goes away");
	rebind(PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	check(alive(), "the filesystem is there again");

	part("nothing in use");
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));
	settle();
	drop_caches();
	drop_caches();
	unbind(PMEM);
	check(access(PMEM, F_OK), "the device goes away");
	check(!alive(), SHUT_DOWN);
	check(unmount(), UNMOUNTS);
	rebind(PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	check(alive() && read_byte(file("f"), PAGE) == fill(1) &&
	      read_byte(file("g"), 2 * PAGE) == fill(2),
	      "the filesystem and its files are there again");
}

SCENARIO("the device goes away with nothing mounted, with nothing in use");
