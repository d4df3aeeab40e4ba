// SPDX-License-Identifier: GPL-2.0
/* A device goes away that is not in use, holds a log, partitions, or failed pages. */
#include "devices.h"

#define GOES_AWAY	"the device goes away"
#define THERE_AGAIN	"the filesystem and its files are there again"

/* --- no filesystem is mounted, or no file is in use --- */

static void idle(void)
{
	early_kill(false);
	part("nothing mounted");
	make_fs(MKFS_XFS, NULL, PMEM);
	unbind(PMEM);
	check(access(PMEM, F_OK), GOES_AWAY);
	rebind(PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	check(alive(), "the filesystem is there again");

	part("nothing in use");
	make_reflinks(4 * PAGE, "f", "g");
	settle();
	drop_caches();
	drop_caches();
	unbind(PMEM);
	check(access(PMEM, F_OK), GOES_AWAY);
	check(!alive(), SHUT_DOWN);
	check(unmount(), UNMOUNTS);
	rebind(PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	check(alive() && read_byte(file("f"), PAGE) == fill(1) &&
	      read_byte(file("g"), 2 * PAGE) == fill(2), THERE_AGAIN);
}

/* --- the device has the log only: XFS must shut down, but mapped pages stay --- */

#define LOG	PMEM_RT

static void log_device(void)
{
	struct proc *a, *b;

	early_kill(false);
	make_fs(MKFS_XFS, "-l logdev=" LOG ",size=64m", PMEM);
	mount_fs(PMEM, "xfs", "dax=always,logdev=" LOG);
	make_reflinks(4 * PAGE, "f", "g");
	a = map_by("a", file("f"), PAGE);
	b = map_by("b", file("g"), PAGE);

	part("removed");
	unbind(LOG);
	check(!alive(), SHUT_DOWN);
	check(all(got_none, a, b), "a process that had none mapped gets nothing");
	check(all(has, a, b) && all(reads, a, b), "what is mapped can be read");
	finish_all();
	check(unmount(), UNMOUNTS);

	part("back again");
	rebind(LOG);
	mount_fs(PMEM, "xfs", "dax=always,logdev=" LOG);
	check(alive() && read_byte(file("g"), PAGE) == fill(1), THERE_AGAIN);
}

/* --- three filesystems on partitions lose the device at once --- */

#define NR	3
#define MOUNT	"XFS with reflink mounts on both partitions"

/* The third one is ext4, without reflinks. */
static bool mount_it(int i)
{
	int ret = try_mount(partition(i + 1), place(i + 1),
			    i < 2 ? "xfs" : "ext4", "dax=always");

	if (ret)
		remark("mount of %s: %s", partition(i + 1), strerror(-ret));
	return !ret;
}

static const char *name_of(int i, int sharer)
{
	return file("%d/%c", i + 1, i < 2 && sharer ? 'g' : 'f');
}

static bool is_refused(struct proc *p)
{
	return load(p, p->at) == SIGNALLED;
}

static void partitions(void)
{
	struct proc *procs[NR * 2 + 1] = {};
	int i, j, mounted = 0, nr = 0, up = 0, gone = 0, good = 0;

	early_kill(false);
	make_partitions(NR, 480);
	for (i = 0; i < NR; i++) {
		make_fs(i < 2 ? MKFS_XFS : MKFS_EXT4, NULL, partition(i + 1));
		mounted += mount_it(i);
	}
	if (!check(mounted == NR, MOUNT))
		return;
	for (i = 0; i < NR; i++) {
		make_file(name_of(i, 0), 4 * PAGE);
		if (i < 2)
			clone_file(name_of(i, 0), name_of(i, 1));
		for (j = 0; j < 2; j++)
			procs[nr++] = map_by(partition(i + 1), name_of(i, j), PAGE);
	}

	part("removed");
	unbind(PMEM);
	check(all_of(lost, procs), NONE_MAPPED);
	check(all_of(got_ao, procs), GETS_ONE);
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
		must(!access(partition(i + 1), F_OK));
		good += mount_it(i);
		good += read_byte(name_of(i, 1), 2 * PAGE) == fill(2);
		good += alive_in(place(i + 1));
		good += unmount_from(place(i + 1));
	}
	check(good == NR * 4, "all mount, have their files, and unmount");
}

/*
 * --- a device with a failed page comes back: the count and the gap in the direct map
 * must go with it, for the next user of the memory ---
 */

static void come_and_go(const char *title, bool mounted)
{
	struct looks before;
	struct proc *p;

	part("%s", title);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	p = map_by("mapper", file("f"), PAGE);
	look(&before, page_of(p));
	machine_check_and_check(before.pfn);
	if (!mounted) {
		finish(p);
		check(unmount(), UNMOUNTS);
	}
	unbind(PMEM);
	check(hardware_corrupted() == before.corrupted,
	      "HardwareCorrupted is what it was before");
	if (mounted) {
		finish(p);
		check(unmount(), UNMOUNTS);
	}
	rebind(PMEM);
	check_as_before(&before);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	must(file_pfn(file("f"), PAGE) == before.pfn);
	check(read_byte(file("f"), PAGE) == fill(1),
	      "a new filesystem can use the page");
	check(unmount(), "that unmounts, too");
}

static void failed(void)
{
	come_and_go("not mounted", false);
	come_and_go("mounted", true);
}

SCENARIOS(
	{ "unbind-idle",
	  "the device goes away with nothing mounted, with nothing in use", idle },
	{ "unbind-log", "XFS's log device goes away", log_device, .machine = "both" },
	{ "unbind-partitions", "the device below two XFS and an ext4 goes away",
	  partitions, .base.fails = { MOUNT }, BETWEEN_AS_BASE },
	{ "unbind-failed", "a device with failed pages goes away and comes back",
	  failed,
	  /* The gap in base's direct map is still there. */
	  .base.splat = "RIP: 0010:__memcpy_flushcache" }
);
