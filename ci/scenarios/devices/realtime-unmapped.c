// SPDX-License-Identifier: GPL-2.0
/*
 * More of XFS's realtime device: every realtime group has a reverse mapping of
 * its own, and nobody need have mapped what fails.
 */
#include <linux/fsmap.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "devices.h"

#define GROUP_SIZE	(128 * MIB)
#define NR_GROUPS	3		/* of eight */

/* Sharers of a page in each of some groups. */
static void share_in_groups(void)
{
	unsigned int had = 0;
	int i, nr = 0;

	for (i = 0; nr < NR_GROUPS && i < 64; i++) {
		const char *path = file("shared.%d", i);
		struct sharers s;
		int64_t place;
		int group;

		make_file(path, 4 * PAGE);
		place = file_physical(path, PAGE);
		group = place / GROUP_SIZE;
		if (had & (1U << group))
			continue;
		had |= 1U << group;

		/* XFS decides which groups, names are to be the same */
		part("group %c", 'A' + nr++);
		remark("group %d", group);
		share_page(&s, path);
		must(s.pfn == pmem_pfn(PMEM_RT, place),
		     "the page is not on the realtime device");
		fail_shared_page(&s);
		check(alive(), GOES_ON);
		finish_sharers(&s);
	}
	must(nr == NR_GROUPS, "all files are in %d realtime groups", nr);
}

/* Two files have a part of their extents in common. */
static void share_in_part(void)
{
	struct proc *a = start("a"), *b = start("b"), *rest = start("rest");
	unsigned long at_a, at_b, at_rest, pfn;

	make_file(file("a"), 8 * PAGE);
	clone_range(file("a"), 2 * PAGE, 2 * PAGE, file("b"), 21 * PAGE);
	at_a = map_page(a, file("a"), 3 * PAGE);
	at_b = map_page(b, file("b"), 22 * PAGE);
	at_rest = map_page(rest, file("a"), 4 * PAGE);
	pfn = pfn_of(a, at_a);
	must(pfn_of(b, at_b) == pfn && pfn_of(rest, at_rest) == pfn + 1,
	     "the files do not share what they should");

	part("what one file has alone");
	poison_and_check(pfn + 1);
	check(told(rest, BUS_MCEERR_AO, at_rest, PAGE_LSB) &&
	      !maps(rest, at_rest),
	      "a process that maps it gets BUS_MCEERR_AO and loses it");
	check(untold(a) & untold(b) && maps(a, at_a) && maps(b, at_b),
	      "a process that maps the shared part gets nothing and keeps it");

	part("what two files share");
	poison_and_check(pfn);
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
	      "both get BUS_MCEERR_AO, each at its own address");
	check(!maps(a, at_a) && !maps(b, at_b),
	      "no process maps the page any longer");
	check(alive(), GOES_ON);
	finish(a);
	finish(b);
	finish(rest);
}

static bool on_realtime(const struct fsmap *rec)
{
	struct stat st;

	must(!stat(PMEM_RT, &st), PMEM_RT ": %m");
	return rec->fmr_device == makedev(major(st.st_rdev),
					  minor(st.st_rdev));
}

/* A file's page that is at this place. */
struct block {
	uint64_t inode, physical, offset;
};

static bool has_block(const struct fsmap *rec, const void *data)
{
	struct block *b = (struct block *)data;

	if (!on_realtime(rec) || (rec->fmr_flags & FMR_OF_SPECIAL_OWNER) ||
	    rec->fmr_owner != b->inode ||
	    b->physical < rec->fmr_physical ||
	    b->physical >= rec->fmr_physical + rec->fmr_length)
		return false;
	b->offset = rec->fmr_offset + (b->physical - rec->fmr_physical);
	return true;
}

/* One file has a group's last block and the next group's first. */
static void ends_of_groups(void)
{
	struct proc *last = start("last"), *first = start("first");
	struct proc *clone = start("reflink of last");
	int fd = open(file("big"), O_RDWR | O_CREAT, 0644), i;
	struct block blocks[2];
	struct stat st;
	unsigned long at_last, at_first, at_clone, pfn;

	must(fd >= 0 && !fallocate(fd, 0, 0, 5 * GROUP_SIZE), "fallocate: %m");
	must(!fstat(fd, &st), "stat: %m");
	close(fd);
	blocks[0].inode = blocks[1].inode = st.st_ino;
	for (i = 1; i < 8; i++) {
		blocks[0].physical = i * GROUP_SIZE - PAGE;
		blocks[1].physical = i * GROUP_SIZE;
		if (find_extent(MNT, has_block, &blocks[0], NULL) >= 0 &&
		    find_extent(MNT, has_block, &blocks[1], NULL) >= 0)
			break;
	}
	must(i < 8, "the big file has no end of a group and the next's start");
	for (i = 0; i < 2; i++)
		must(file_physical(file("big"), blocks[i].offset) ==
		     (int64_t)blocks[i].physical &&
		     !write_page(file("big"), blocks[i].offset, 'b'),
		     "the big file has not got the block");
	clone_range(file("big"), blocks[0].offset, PAGE, file("end"), 0);
	at_last = map_page(last, file("big"), blocks[0].offset);
	at_clone = map_page(clone, file("end"), 0);
	at_first = map_page(first, file("big"), blocks[1].offset);
	pfn = pfn_of(last, at_last);
	must(pfn_of(clone, at_clone) == pfn &&
	     pfn_of(first, at_first) == pfn + 1, "they are not neighbours");

	part("the last block of a group");
	poison_and_check(pfn);
	check(told(last, BUS_MCEERR_AO, at_last, PAGE_LSB) &
	      told(clone, BUS_MCEERR_AO, at_clone, PAGE_LSB),
	      "both sharers get BUS_MCEERR_AO");
	check(!maps(last, at_last) && !maps(clone, at_clone), UNMAPPED);
	check(untold(first) && maps(first, at_first),
	      "a process that maps the next group's first block keeps it, untold");

	part("the first block of a group");
	forget(last);
	forget(clone);
	poison_and_check(pfn + 1);
	check(told(first, BUS_MCEERR_AO, at_first, PAGE_LSB) &&
	      !maps(first, at_first),
	      "a process that has it gets BUS_MCEERR_AO and loses it");
	check(untold(last) & untold(clone),
	      "a process that had the block before gets nothing");
	check(alive(), GOES_ON);
	finish(last);
	finish(clone);
	finish(first);
}

/* An extent of a special owner that is on the realtime device. */
static bool is_realtime(const struct fsmap *rec, const void *data)
{
	const uint64_t *owner = data;

	return on_realtime(rec) &&
	       (rec->fmr_flags & FMR_OF_SPECIAL_OWNER) &&
	       rec->fmr_owner == *owner;
}

static int64_t realtime_extent(uint64_t owner, uint64_t *length)
{
	int64_t place = find_extent(MNT, is_realtime, &owner, length);

	must(place >= 0, "the realtime device has no such extent");
	return place;
}

static void fail_what_nobody_maps(void)
{
	struct proc *p = start("bystander");
	struct monitor *m = start_monitor(MNT);
	unsigned long at;
	uint64_t length;
	int64_t place;
	int ret;

	make_file(file("f"), 4 * PAGE);
	at = map_page(p, file("f"), PAGE);
	make_file(file("unmapped"), 4 * PAGE);
	clone_range(file("unmapped"), 0, 4 * PAGE, file("clone"), 8 * PAGE);

	part("unmapped file data");
	place = file_physical(file("unmapped"), PAGE);
	poison_and_check(pmem_pfn(PMEM_RT, place));
	check(lost_reports(m, 2) == 2 &&
	      reported_lost(m, file("unmapped"), PAGE) &&
	      reported_lost(m, file("clone"), 9 * PAGE), REPORTED);
	check(reported_media(m, RT_DEVICE, place), PLACE_REPORTED);
	check(alive(), GOES_ON);

	part("free space");
	forget_reports(m);
	place = realtime_extent(OWN_FREE, &length);
	must(length >= 64 * PAGE, "the free extent is short");
	place += length / PAGE / 2 * PAGE;
	poison_and_check(pmem_pfn(PMEM_RT, place));
	check(reported_media(m, RT_DEVICE, place), PLACE_REPORTED);
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);

	part("the first group's superblock");
	forget_reports(m);
	place = realtime_extent(XFS_OWN_FS, &length);
	ret = poison(pmem_pfn(PMEM_RT, place));
	if (!check(ret < 0, "memory_failure() reports a failure"))
		remark("it returned %d", ret);
	check(reported_media(m, RT_DEVICE, place), PLACE_REPORTED);
	check(!alive(), SHUTS_DOWN);
	check(untold(p) && load(p, at) == fill(1),
	      "a process that maps a file's page gets nothing and can read it");
	stop_monitor(m);
	finish(p);
}

static void run(void)
{
	char options[80];

	if (access(PMEM_RT, F_OK))
		skip("there is no " PMEM_RT);
	snprintf(options, sizeof(options),
		 "-d rtinherit=1 -r rtdev=" PMEM_RT ",rgsize=%ldm",
		 GROUP_SIZE / MIB);
	make_fs(MKFS_XFS ",metadir=1", options, PMEM);
	mount_fs(PMEM, "xfs", "dax=always,rtdev=" PMEM_RT);
	share_in_groups();
	share_in_part();
	ends_of_groups();
	fail_what_nobody_maps();
}

SCENARIO("realtime groups; realtime pages that are not mapped",
	.machine = "both");
