// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel flags and counts a page that fails by a machine check and takes it
 * out of its direct map. Writing the whole page must undo that, whether or not
 * the page was mapped or is on record. The memmap= device treats every write as
 * a repair, QEMU's NVDIMM does not; bad blocks are put on record by hand.
 */
#include "devices.h"

#define READS_EIO	"reading it draws EIO"
#define WRITTEN		"writing all of it succeeds"
#define READ		"what was written can be read"
#define MAPPED		"a mapping shows what was written"

static void repair(const char *title, bool mapped, bool recorded)
{
	const char *f = file("%s", title);
	struct proc *a = NULL, *p;
	struct looks before;
	int64_t physical;

	part("%s", title);
	make_file(f, 4 * PAGE);
	physical = file_physical(f, PAGE);
	if (mapped)
		a = map_by("a", f, PAGE);
	look(&before, pmem_pfn(PMEM, physical));
	machine_check_and_check(before.pfn);
	if (recorded)
		put_on_record(physical);
	check_result(read_byte(f, PAGE), -EIO, READS_EIO);
	if (mapped)
		check(got_ao(a), "a process that maps it gets BUS_MCEERR_AO");

	check_result(write_page(f, PAGE, 'R'), 0, WRITTEN);
	check_as_before(&before);
	check_result(read_byte(f, PAGE), 'R', READ);
	p = map_unread("reader", f, PAGE, MAP_SHARED);
	check(load(p, p->at) == 'R', MAPPED);
	finish_all();
}

static void run(void)
{
	mount_xfs(NULL);
	repair("mapped, on record", true, true);
	repair("not mapped, on record", false, true);
	repair("mapped", true, false);
	repair("not mapped", false, false);
	part("after all");
	check(alive(), GOES_ON);
}

SCENARIO("machine checks, and failed pages written over",
	/*
	 * Base takes each failed page out of the direct map, but flags it only
	 * if it is mapped, puts it back only if it is flagged and on record,
	 * and never decrements the count.
	 */
	.base.fails = {
		"mapped, on record: " NO_TRACE,
		"not mapped, on record: " FLAG_CHECK,
		"not mapped, on record: " WRITTEN,
		"not mapped, on record: " NO_TRACE,
		"not mapped, on record: " READ,
		"not mapped, on record: " MAPPED,
		"mapped: " READS_EIO, "mapped: " WRITTEN, "mapped: " NO_TRACE,
		"mapped: " READ, "mapped: " MAPPED,
		"not mapped: " FLAG_CHECK, "not mapped: " READS_EIO,
		"not mapped: " WRITTEN, "not mapped: " NO_TRACE,
		"not mapped: " READ, "not mapped: " MAPPED,
	});
