// SPDX-License-Identifier: GPL-2.0
/*
 * A metadata block fails: memory_failure() must report an error, and the
 * filesystem must shut down. mkfs overwrites the block, and the next filesystem
 * is good.
 */
#include "devices.h"

static void fail_block_of(const char *title, uint64_t owner)
{
	struct proc *p;
	struct looks before;
	int64_t physical;

	part("%s", title);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	p = map_by("bystander", file("f"), PAGE);
	physical = find_owner(MNT, owner, NULL);
	must(alive(), "the filesystem does not work: %m");

	look(&before, pmem_pfn(PMEM, physical));
	check_error(machine_check(before.pfn));
	check_failed(&before);
	check(!alive(), "the filesystem shuts down");
	check(got_none(p), "a process that maps a file's page gets nothing");
	check(reads(p), "what is mapped can be read");
	finish(p);
	check(unmount(), "it unmounts");
}

static void run(void)
{
	fail_block_of("inode chunk", XFS_OWN_INODES);
	fail_block_of("superblock and AG headers", XFS_OWN_FS);
	fail_block_of("log", XFS_OWN_LOG);
}

SCENARIO("a metadata block fails: the filesystem shuts down",
	/* Base flags only pages that a file maps. */
	.base.fails = {
		"inode chunk: " FLAG_CHECK,
		"superblock and AG headers: " FLAG_CHECK,
		"log: " FLAG_CHECK,
	});
