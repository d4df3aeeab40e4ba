// SPDX-License-Identifier: GPL-2.0
/*
 * Filesystems with reflink on partitions of one pmem device: they share a
 * dax_device, but a failure concerns only one of them.
 */
#include "devices.h"
#include "trace.h"

#define HAVE_DAX	"files of both filesystems are DAX"
#define FREED		"the device's dax_device is freed"

static unsigned long place_pfn(int nr, int64_t physical)
{
	return pmem_pfn(partition(nr), physical);
}

/* A page that three files share fails; the other partition's sharers must be spared. */
static void fail_in(const char *title, int failing, int other)
{
	struct sharers hit, spared;
	const char *path = file("%d/shared.%d", failing, failing);

	part("%s, partition %d", title, failing);
	share_page(&hit, 3, path);
	share_page(&spared, 3, file("%d/shared.%d", other, failing));
	must(hit.pfn == place_pfn(failing, file_physical(path, PAGE)));

	fail_shared_page(&hit);
	check(all_kept(&spared),
	      "sharers in the other partition keep their page, unsignalled");
	check(alive_in(place(failing)) && alive_in(place(other)),
	      "both filesystems go on");
	finish_all();
}

static void fail_unmapped(int failing, int other)
{
	struct monitor *hit = start_monitor(file("%d", failing));
	struct monitor *spared = start_monitor(file("%d", other));
	const char *path = file("%d/unmapped", failing);
	int64_t physical;

	part("unmapped file data");
	make_file(path, 4 * PAGE);
	physical = file_physical(path, PAGE);
	poison_and_check(place_pfn(failing, physical));
	check(lost_reports(hit, 1) == 1 && reported_lost(hit, path, PAGE),
	      "the loss is reported by the filesystem that has it");
	check(reported_media(hit, DATA_DEVICE, physical), PLACE_REPORTED);
	check(!lost_reports(spared, 0), "the other filesystem reports nothing");

	part("metadata");
	physical = find_owner(file("%d", failing), XFS_OWN_INODES, NULL);
	check_error(poison(place_pfn(failing, physical)));
	check(!alive_in(place(failing)),
	      "the filesystem that has it shuts down");
	check(alive_in(place(other)), "the other goes on");
	stop_monitor(hit);
	stop_monitor(spared);
}

static void dax_always(void)
{
	part("dax=always");
	if (!check(mount_two(1, "dax=always"), BOTH_MOUNT))
		return;
	fail_in("dax=always", 1, 2);
	fail_in("dax=always", 2, 1);
	fail_unmapped(2, 1);
	part("dax=always");
	check(unmount_two(1), BOTH_UNMOUNT);
}

static bool is_dax(const char *path)
{
	struct statx st;

	must(!statx(AT_FDCWD, path, 0, STATX_TYPE, &st));
	return st.stx_attributes & STATX_ATTR_DAX;
}

static void dax_inode(void)
{
	int i;

	part("dax=inode");
	must(mount_two(3, "dax=inode"), "mount -o dax=inode fails");
	for (i = 3; i <= 4; i++) {
		make_file(file("%d/plain", i), PAGE);
		/* New files inherit the directory's flag. */
		change_flags(file("%d", i), FS_XFLAG_DAX, 0);
		make_file(file("%d/f", i), PAGE);
	}
	check(!is_dax(file("3/plain")) && !is_dax(file("4/plain")),
	      "files without the flag are not DAX");
	if (check(is_dax(file("3/f")) && is_dax(file("4/f")), HAVE_DAX)) {
		fail_in("dax=inode", 3, 4);
		fail_in("dax=inode", 4, 3);
		part("dax=inode");
	} else {
		remark("first: %s, second: %s",
		       is_dax(file("3/f")) ? "DAX" : "not DAX",
		       is_dax(file("4/f")) ? "DAX" : "not DAX");
	}
	check(unmount_two(3), BOTH_UNMOUNT);
}

static bool was_freed(void)
{
	return traced("dax_freed:");
}

/* Every mount must have dropped its reference to the dax_device. */
static void remove_device(void)
{
	part("the device");
	put_string(TRACING "kprobe_events",
		   "p:scenario/dax_freed dax_free_inode");
	put_string(TRACING "events/scenario/dax_freed/enable", "1");
	unbind(PMEM);
	check(access(PMEM, F_OK), "it goes when its driver releases it");
	check(within(5, was_freed), FREED);
	put_string(TRACING "events/scenario/dax_freed/enable", "0");

	rebind(PMEM);
	must(!access(partition(3), F_OK), "there is no %s", partition(3));
	check(!try_mount(partition(3), "3", "xfs", "dax=inode") &&
	      is_dax(file("3/f")) && read_byte(file("3/f"), 0) == fill(0),
	      "it comes back, with its filesystems");
	check(unmount_from("3"), "the filesystem unmounts");
}

static void run(void)
{
	make_partitions(4, 480);
	dax_always();
	dax_inode();
	remove_device();
}

SCENARIO("filesystems with reflink on partitions of one pmem device",
	/*
	 * A dax_device has one holder: base refuses dax=always; with dax=inode
	 * the second silently gets no DAX, and leaks its reference to the
	 * dax_device.
	 */
	.base.fails = {
		"dax=always: " BOTH_MOUNT,
		"dax=inode: " HAVE_DAX,
		"the device: " FREED,
	},
	BETWEEN_AS_BASE);
