// SPDX-License-Identifier: GPL-2.0
/*
 * Three filesystems on partitions of a pmem device lose it at once: each must
 * be notified.
 */
#include "devices.h"

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

static bool mount_it(int i)
{
	int ret = try_mount(partition(i + 1), place(i + 1), kinds[i].type,
			    "dax=always");

	if (ret)
		remark("mount of %s: %s", partition(i + 1), strerror(-ret));
	return !ret;
}

static const char *name_of(int i, int sharer)
{
	return file("%d/%c", i + 1, kinds[i].reflinks && sharer ? 'g' : 'f');
}

static bool is_refused(struct proc *p)
{
	return load(p, p->at) == SIGNALLED;
}

static void run(void)
{
	struct proc *procs[NR * 2 + 1] = {};
	int i, j, mounted = 0, nr = 0, up = 0, gone = 0, good = 0;

	early_kill(false);
	make_partitions(NR, 480);
	for (i = 0; i < NR; i++) {
		make_fs(kinds[i].mkfs, NULL, partition(i + 1));
		mounted += mount_it(i);
	}
	if (!check(mounted == NR, MOUNT))
		return;
	for (i = 0; i < NR; i++) {
		make_file(name_of(i, 0), 4 * PAGE);
		if (kinds[i].reflinks)
			clone_file(name_of(i, 0), name_of(i, 1));
		for (j = 0; j < 2; j++) {
			procs[nr] = start("%d of %s", j, partition(i + 1));
			map_page(procs[nr++], name_of(i, j), PAGE);
		}
	}

	part("removed");
	unbind(PMEM);
	check(all_of(lost, procs), NONE_MAPPED);
	check(all_of(got_ao, procs), TOLD_ONCE);
	check(all_of(is_refused, procs), NEVER_AGAIN);
	finish_all();
	for (i = 0; i < NR; i++) {
		up += alive_in(place(i + 1));
		gone += unmount_from(place(i + 1));
	}
	check(!up, "all filesystems are shut down");
	check(gone == NR, "all unmount");

	part("back again");
	rebind(PMEM);
	for (i = 0; i < NR; i++) {
		must(!access(partition(i + 1), F_OK), "there is no %s",
		     partition(i + 1));
		good += mount_it(i);
		good += read_byte(name_of(i, 1), 2 * PAGE) == fill(2);
		good += alive_in(place(i + 1));
		good += unmount_from(place(i + 1));
	}
	check(good == NR * 4, "all mount, have their files, and unmount");
}

SCENARIO("the device below two XFS and an ext4 goes away",
	.base.fails = { MOUNT },
	BETWEEN_AS_BASE);
