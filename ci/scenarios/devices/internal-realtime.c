// SPDX-License-Identifier: GPL-2.0
/*
 * XFS with a realtime section on the data device, which only a zoned filesystem
 * has. New data there is not written by DAX, but existing data can be mapped.
 */
#include "devices.h"

#define DATA_SIZE	(512 * MIB)
/* XFS_DEV_RT: FS_IOC_GETFSMAP cannot use dev_t, which both sections share */
#define RT_SECTION_ID	3
#define TOLD		"a process that maps it gets BUS_MCEERR_AO and loses it"

static bool is_free_realtime(const struct fsmap *rec, const void *data)
{
	(void)data;
	return rec->fmr_device == RT_SECTION_ID &&
	       (rec->fmr_flags & FMR_OF_SPECIAL_OWNER) &&
	       rec->fmr_owner == OWN_FREE;
}

static void fail_mapped(const char *name, bool realtime)
{
	struct proc *p = map_by("reader", file("%s", name), PAGE);
	int64_t place = file_physical(file("%s", name), PAGE);

	must((place >= DATA_SIZE) == realtime, "it is in the wrong section");
	must(page_of(p) == pmem_pfn(PMEM, place), "another page is mapped");
	part("%s", name);
	poison_and_check(page_of(p));
	check(hit(p), TOLD);
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
	int64_t place = find_extent(MNT, is_free_realtime, NULL, NULL);

	must(place >= DATA_SIZE, "there is no free realtime extent");
	part("free realtime space");
	forget_reports(m);
	poison_and_check(pmem_pfn(PMEM, place + PAGE));
	check(reported_media(m, RT_DEVICE, place + PAGE), PLACE_REPORTED);
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);
}

static void run(void)
{
	struct monitor *m;

	make_fs("mkfs.xfs -q -f -m rmapbt=1,reflink=0,metadir=1",
		"-d size=512m -r zoned=1", PMEM);
	mount_fs(PMEM, "xfs", "dax=never");
	make_file(file("realtime"), 4 * PAGE);
	change_flags(MNT, 0, FS_XFLAG_RTINHERIT);
	make_file(file("data"), 4 * PAGE);
	must(unmount(), "cannot unmount");
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

SCENARIO("XFS with a realtime section on the data device",
	/*
	 * If the device has a realtime section, base takes the sector for one in that,
	 * and rejects any beyond the data section.
	 */
	.base.fails = {
		"realtime: " SUCCEEDS,
		"realtime: " TOLD,
		"data: " TOLD,
		NOT_MAPPED_FAILS,
	},
	.holder_as_base = true,
	.core.fails = { NOT_MAPPED_FAILS });
