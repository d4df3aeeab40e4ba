// SPDX-License-Identifier: GPL-2.0
/*
 * Three filesystems on partitions of a pmem device lose it at once: each must
 * hear of it.
 */
#include "devices.h"
#include "removal.h"

#define NR	3
#define MOUNT	"XFS with reflink mounts on both partitions"

static const struct fs {
	const char *mkfs, *type;
	bool reflinks;
} kinds[NR] = {
	{ MKFS_XFS, "xfs", true },
	{ MKFS_XFS, "xfs", true },
	{ MKFS_EXT4, "ext4", false },
};

static const char *partition(int i)
{
	static char name[24];

	snprintf(name, sizeof(name), PMEM "p%d", i + 1);
	return name;
}

static const char *place(int i)
{
	static char name[8];

	snprintf(name, sizeof(name), "%d", i);
	return name;
}

static int mount_it(int i)
{
	int ret = try_mount(partition(i), place(i), kinds[i].type,
			    "dax=always");

	if (ret)
		remark("mount of %s: %s", partition(i), strerror(-ret));
	return ret;
}

static const char *name_of(int i, int sharer)
{
	return file("%d/%c", i, kinds[i].reflinks && sharer ? 'g' : 'f');
}

static void run(void)
{
	struct proc *procs[NR][2];
	unsigned long at[NR][2];
	int i, j, failed = 0, told_all = 0, mapped = 0, reached = 0, up = 0,
	    gone = 0, good = 0;

	if (access(PMEM, F_OK))
		skip("there is no " PMEM);
	early_kill(false);
	command("printf 'label: gpt\\n,480M\\n,480M\\n,480M\\n' | sfdisk -q "
		PMEM);
	for (i = 0; i < NR; i++) {
		make_fs(kinds[i].mkfs, NULL, partition(i));
		failed += !!mount_it(i);
	}
	if (!check(!failed, MOUNT))
		return;
	for (i = 0; i < NR; i++) {
		make_file(name_of(i, 0), 4 * PAGE);
		if (kinds[i].reflinks)
			clone_file(name_of(i, 0), name_of(i, 1));
		for (j = 0; j < 2; j++) {
			procs[i][j] = start("%d of %s", j, partition(i));
			at[i][j] = map_page(procs[i][j], name_of(i, j), PAGE);
		}
	}

	part("removed");
	unbind(PMEM);
	for (i = 0; i < NR; i++) {
		for (j = 0; j < 2; j++) {
			mapped += maps(procs[i][j], at[i][j]);
			told_all += told(procs[i][j], BUS_MCEERR_AO, at[i][j],
					 PAGE_LSB);
			reached += load(procs[i][j], at[i][j]) != SIGNALLED;
			finish(procs[i][j]);
		}
		up += alive_in(place(i));
		gone += unmount_from(place(i));
	}
	check(!mapped, NONE_MAPPED);
	check(told_all == NR * 2, TOLD_ONCE);
	check(!reached, NEVER_AGAIN);
	check(!up, "all filesystems are shut down");
	check(gone == NR, "all unmount");

	part("back again");
	rebind(PMEM);
	for (i = 0; i < NR; i++) {
		must(!access(partition(i), F_OK), "there is no %s",
		     partition(i));
		failed += !!mount_it(i);
		good += read_byte(name_of(i, 1), 2 * PAGE) == fill(2);
		good += alive_in(place(i));
		gone += unmount_from(place(i));
	}
	check(!failed && good == NR * 2 && gone == NR * 2,
	      "all mount, have their files, and unmount");
}

SCENARIO("the device below two XFS and an ext4 goes away",
	.base.fails = { MOUNT },
	.holder_as_base = true,
	.core_as_base = true);
