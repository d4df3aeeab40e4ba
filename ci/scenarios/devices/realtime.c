// SPDX-License-Identifier: GPL-2.0
/*
 * Reflinks on XFS's realtime device, which has its own pmem device; each of its
 * groups has its own reverse mapping btree. Or a realtime section on the data device.
 */
#include <sys/sysmacros.h>
#include "devices.h"

static void realtime(void)
{
	struct sharers s;
	struct proc *copy;

	mount_xfs_realtime("");
	make_reflinks(4 * PAGE, "f", "copy");
	share_page(&s, 3, file("f"));
	copy = map_unread("copy", file("copy"), PAGE, MAP_SHARED);
	store_byte(copy, 'x');

	fail_shared_page(&s);
	check(kept(copy) && kept(s.next),
	      "another page, a copy on write: nothing");
	check(alive(), GOES_ON);
}

#define GROUP_SIZE	(128 * MIB)
#define NR_GROUPS	3		/* of eight */
#define HAS_AND_LOSES	"a process that has it gets BUS_MCEERR_AO and loses it"

/* --- groups, and pages that are not mapped --- */

/* Sharers of a page in each of some groups. */
static void share_in_groups(void)
{
	unsigned int had = 0;
	int i, nr = 0;

	for (i = 0; nr < NR_GROUPS && i < 64; i++) {
		const char *path = file("shared.%d", i);
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
		fail_shared_at(path, pmem_pfn(PMEM_RT, place));
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
	must(page_of(rest) == pfn + 1);

	part("what one file has alone");
	poison_and_check(pfn + 1);
	check(hit(rest), "a process that maps it gets BUS_MCEERR_AO and loses it");
	check(all(got_none, a, b) && all(has, a, b),
	      "a process that maps the shared part gets nothing and keeps it");

	part("what two files share");
	fail_page_of(a, b);
	check(alive(), GOES_ON);
	finish_all();
}

/* One file has a group's last block and the next group's first. */
static void ends_of_groups(void)
{
	const char *big = file("big");
	struct proc *last, *first, *clone;
	off_t end = -1, start = -1;
	unsigned long pfn;
	int i;

	allocate(big, 5 * GROUP_SIZE);
	for (i = 1; i < 8 && (end < 0 || start < 0); i++) {
		end = file_offset(big, i * GROUP_SIZE - PAGE);
		start = file_offset(big, i * GROUP_SIZE);
	}
	must(end >= 0 && start >= 0,
	     "the big file has no end of a group and the next's start");
	must(!write_page(big, end, 'b') && !write_page(big, start, 'b'));
	clone_range(big, end, PAGE, file("end"), 0);
	last = map_by("last", big, end);
	clone = map_by("reflink of last", file("end"), 0);
	first = map_by("first", big, start);
	pfn = common_page(LIST(last, clone));
	must(page_of(first) == pfn + 1);

	part("the last block of a group");
	fail_page_of(last, clone);
	check(got_none(first) && has(first),
	      "a process that maps the next group's first block gets nothing and keeps it");

	part("the first block of a group");
	forget(last);
	forget(clone);
	poison_and_check(pfn + 1);
	check(hit(first), HAS_AND_LOSES);
	check(all(got_none, last, clone),
	      "a process that had the block before gets nothing");
	check(alive(), GOES_ON);
	finish_all();
}

/* An extent of a special owner, on a device as FS_IOC_GETFSMAP numbers it. */
struct special {
	uint32_t device;
	uint64_t owner;
};

static bool is_special(const struct fsmap *rec, const void *data)
{
	const struct special *s = data;

	return rec->fmr_device == s->device &&
	       (rec->fmr_flags & FMR_OF_SPECIAL_OWNER) &&
	       rec->fmr_owner == s->owner;
}

static int64_t realtime_extent(uint32_t device, uint64_t owner, uint64_t *length)
{
	const struct special wanted = { device, owner };
	int64_t place = find_extent(MNT, is_special, &wanted, length);

	must(place >= 0, "the realtime device has no such extent");
	return place;
}

static void fail_on_device(void)
{
	struct monitor *m = start_monitor(MNT);
	struct proc *p;
	struct stat st;
	uint64_t length;
	uint32_t device;
	int64_t place;

	must(!stat(PMEM_RT, &st));
	device = makedev(major(st.st_rdev), minor(st.st_rdev));
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
	place = realtime_extent(device, OWN_FREE, &length);
	must(length >= 64 * PAGE);
	place += length / PAGE / 2 * PAGE;
	poison_and_check(pmem_pfn(PMEM_RT, place));
	check(reported_media(m, RT_DEVICE, place), PLACE_REPORTED);
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);

	part("the first group's superblock");
	forget_reports(m);
	place = realtime_extent(device, XFS_OWN_FS, &length);
	check_error(poison(pmem_pfn(PMEM_RT, place)));
	check(reported_media(m, RT_DEVICE, place), PLACE_REPORTED);
	check(!alive(), SHUTS_DOWN);
	check(got_none(p) && reads(p), DATA_STAYS);
	stop_monitor(m);
}

static void groups(void)
{
	mount_xfs_realtime(",rgsize=128m");
	share_in_groups();
	share_in_part();
	ends_of_groups();
	fail_on_device();
}

/*
 * --- a section on the data device, which only a zoned filesystem has: new data there
 * is not written by DAX, but existing data can be mapped ---
 */

#define DATA_SIZE	(512 * MIB)
/* XFS_DEV_RT: FS_IOC_GETFSMAP cannot use dev_t, which both sections share */
#define RT_SECTION_ID	3
#define MAPPER		"a process that maps it gets BUS_MCEERR_AO and loses it"

static void fail_mapped(const char *name, bool realtime)
{
	struct proc *p = map_by("reader", file("%s", name), PAGE);
	int64_t place = file_physical(file("%s", name), PAGE);

	must((place >= DATA_SIZE) == realtime);
	must(page_of(p) == pmem_pfn(PMEM, place));
	part("%s", name);
	poison_and_check(page_of(p));
	check(hit(p), MAPPER);
	check(alive(), GOES_ON);
	finish(p);
}

static void fail_unmapped(struct monitor *m, const char *name, int domain)
{
	int64_t place = file_physical(file("%s", name), 2 * PAGE);

	part("%s, not mapped", name);
	forget_reports(m);
	poison_and_check(pmem_pfn(PMEM, place));
	check(lost_reports(m, 1) == 1 &&
	      reported_lost(m, file("%s", name), 2 * PAGE), REPORTED);
	check(reported_media(m, domain, place), PLACE_REPORTED);
	check(alive(), GOES_ON);
}

static void fail_free(struct monitor *m)
{
	int64_t place = realtime_extent(RT_SECTION_ID, OWN_FREE, NULL);

	must(place >= DATA_SIZE);
	part("free realtime space");
	forget_reports(m);
	poison_and_check(pmem_pfn(PMEM, place + PAGE));
	check(reported_media(m, RT_DEVICE, place + PAGE), PLACE_REPORTED);
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);
}

static void internal(void)
{
	struct monitor *m;

	make_fs(MKFS_XFS_ANY " -m rmapbt=1,reflink=0,metadir=1",
		"-d size=512m -r zoned=1", PMEM);
	mount_fs(PMEM, "xfs", "dax=never");
	make_file(file("realtime"), 4 * PAGE);
	change_flags(MNT, 0, FS_XFLAG_RTINHERIT);
	make_file(file("data"), 4 * PAGE);
	must(unmount());
	mount_fs(PMEM, "xfs", "dax=always");

	fail_mapped("realtime", true);
	fail_mapped("data", false);
	m = start_monitor(MNT);
	fail_unmapped(m, "realtime", RT_DEVICE);
	fail_unmapped(m, "data", DATA_DEVICE);
	fail_free(m);
	stop_monitor(m);
}

#define NOT_MAPPED_FAILS \
	"realtime, not mapped: " SUCCEEDS, \
	"realtime, not mapped: " REPORTED, \
	"realtime, not mapped: " PLACE_REPORTED, \
	"data, not mapped: " REPORTED, \
	"data, not mapped: " PLACE_REPORTED, \
	"free realtime space: " SUCCEEDS, \
	"free realtime space: " PLACE_REPORTED

SCENARIOS(
	{ "realtime", "three reflinks of a page on XFS's realtime device",
	  realtime, .machine = "both", .seconds = 90 },
	{ "realtime-unmapped", "realtime groups; realtime pages that are not mapped",
	  groups, .machine = "both" },
	{ "internal-realtime", "XFS with a realtime section on the data device",
	  internal,
	  /*
	   * If the device has a realtime section, base takes the sector for one in
	   * that, and rejects any beyond the data section.
	   */
	  .base.fails = { "realtime: " SUCCEEDS, "realtime: " MAPPER,
			  "data: " MAPPER, NOT_MAPPED_FAILS },
	  .holder_as_base = true, .core.fails = { NOT_MAPPED_FAILS } }
);
