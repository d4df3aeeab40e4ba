// SPDX-License-Identifier: GPL-2.0
/* Each group of XFS's realtime device has its own reverse mapping btree. */
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

		/* XFS picks the groups; keep the names stable */
		part("group %c", 'A' + nr++);
		remark("group %d", group);
		share_page(&s, path);
		must(s.pfn == pmem_pfn(PMEM_RT, place),
		     "the page is not on the realtime device");
		fail_shared_page(&s);
		check(alive(), GOES_ON);
		finish_all();
	}
	must(nr == NR_GROUPS, "all files are in %d realtime groups", nr);
}

/* Two files share a part of their extents. */
static void share_in_part(void)
{
	struct proc *a, *b, *rest;
	unsigned long pfn;

	make_file(file("a"), 8 * PAGE);
	clone_range(file("a"), 2 * PAGE, 2 * PAGE, file("b"), 21 * PAGE);
	a = map_by("a", file("a"), 3 * PAGE);
	b = map_by("b", file("b"), 22 * PAGE);
	rest = map_by("rest", file("a"), 4 * PAGE);
	pfn = common_page(LIST(a, b));
	must(page_of(rest) == pfn + 1, "the file is in pieces");

	part("what one file has alone");
	poison_and_check(pfn + 1);
	check(hit(rest), "a process that maps it gets BUS_MCEERR_AO and loses it");
	check(all(got_none, a, b) && all(has, a, b),
	      "a process that maps the shared part gets nothing and keeps it");

	part("what two files share");
	poison_and_check(pfn);
	check_lost("both get BUS_MCEERR_AO, each at its own address", a, b);
	check(alive(), GOES_ON);
	finish_all();
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
	struct proc *last, *first, *clone;
	int fd = open_file(file("big"), O_RDWR | O_CREAT), i;
	struct block blocks[2];
	struct stat st;
	unsigned long pfn;

	must(!fallocate(fd, 0, 0, 5 * GROUP_SIZE), "fallocate: %m");
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
	last = map_by("last", file("big"), blocks[0].offset);
	clone = map_by("reflink of last", file("end"), 0);
	first = map_by("first", file("big"), blocks[1].offset);
	pfn = common_page(LIST(last, clone));
	must(page_of(first) == pfn + 1, "they are not neighbours");

	part("the last block of a group");
	poison_and_check(pfn);
	check(all(got_ao, last, clone), "both sharers get BUS_MCEERR_AO");
	check(all(lost, last, clone), NOT_MAPPED);
	check(got_none(first) && has(first),
	      "a process that maps the next group's first block keeps it, untold");

	part("the first block of a group");
	forget(last);
	forget(clone);
	poison_and_check(pfn + 1);
	check(hit(first), "a process that has it gets BUS_MCEERR_AO and loses it");
	check(all(got_none, last, clone),
	      "a process that had the block before gets nothing");
	check(alive(), GOES_ON);
	finish_all();
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

static void fail_unmapped(void)
{
	struct monitor *m = start_monitor(MNT);
	struct proc *p;
	uint64_t length;
	int64_t place;

	make_file(file("f"), 4 * PAGE);
	p = map_by("bystander", file("f"), PAGE);
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
	check_error(poison(pmem_pfn(PMEM_RT, place)));
	check(reported_media(m, RT_DEVICE, place), PLACE_REPORTED);
	check(!alive(), SHUTS_DOWN);
	check(got_none(p) && reads(p),
	      "a process that maps a file's page gets nothing and can read it");
	stop_monitor(m);
}

static void run(void)
{
	char options[80];

	need(PMEM_RT);
	snprintf(options, sizeof(options),
		 "-d rtinherit=1 -r rtdev=" PMEM_RT ",rgsize=%ldm",
		 GROUP_SIZE / MIB);
	make_fs(MKFS_XFS ",metadir=1", options, PMEM);
	mount_fs(PMEM, "xfs", "dax=always,rtdev=" PMEM_RT);
	share_in_groups();
	share_in_part();
	ends_of_groups();
	fail_unmapped();
}

SCENARIO("realtime groups; realtime pages that are not mapped",
	.machine = "both");
