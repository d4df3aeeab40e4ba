// SPDX-License-Identifier: GPL-2.0
/*
 * XFS loses the device of its log. It must shut down; the pages that processes
 * map belong to another device and stay.
 */
#include "devices.h"

#define LOG	PMEM_RT

static void run(void)
{
	struct proc *a = start("a"), *b = start("b");
	unsigned long at_a, at_b;

	early_kill(false);
	make_fs(MKFS_XFS, "-l logdev=" LOG ",size=64m", PMEM);
	mount_fs(PMEM, "xfs", "dax=always,logdev=" LOG);
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));
	at_a = map_page(a, file("f"), PAGE);
	at_b = map_page(b, file("g"), PAGE);

	part("removed");
	unbind(LOG);
	check(!alive(), SHUT_DOWN);
	check(got_none(a) & got_none(b), UNTOLD);
	check(maps(a, at_a) && load(a, at_a) == fill(1) &&
	      maps(b, at_b) && load(b, at_b) == fill(1),
	      "what is mapped can be read");
	finish(a);
	finish(b);
	check(unmount(), UNMOUNTS);

	part("back again");
	rebind(LOG);
	mount_fs(PMEM, "xfs", "dax=always,logdev=" LOG);
	check(alive() && read_byte(file("g"), PAGE) == fill(1),
	      "the filesystem and its files are there again");
}

SCENARIO("XFS's log device goes away",
	.machine = "both");
