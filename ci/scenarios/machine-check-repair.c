// SPDX-License-Identifier: GPL-2.0
/*
 * A machine check has the kernel take the failed page out of its direct map. To
 * write the whole page repairs it, and the page must come back: the driver
 * brings back what is flagged. Mapped or not when it failed, in use by one file
 * or shared.
 *
 * The device is memmap='s: it takes every bad block for repaired that is written
 * to, which QEMU's NVDIMM does not offer. Nothing records its bad blocks either,
 * so they are entered by hand.
 */
#include <errno.h>
#include <stdio.h>
#include "devices.h"

#define DISK		PMEM_RT
#define FLAGGED		"the page is flagged"
#define WRITTEN		"writing all of it succeeds"
#define READ		"what was written can be read"
#define MAPPED		"a mapping shows what was written"
#define UNFLAGGED	"the page is not flagged any more"

static struct looks before;

static bool counted(void)
{
	return hardware_corrupted() > before.corrupted;
}

static void fail_page(const char *path, off_t offset)
{
	int64_t physical = file_physical(path, offset);
	unsigned long pfn = pmem_pfn(DISK, physical);
	char sectors[40];

	look(&before, pfn);
	command("inject-mce %#lx", pfn * PAGE);
	must(within(20, counted), "no machine check reached memory_failure()");
	snprintf(sectors, sizeof(sectors), "%lld %lu",
		 (long long)physical / 512, PAGE / 512);
	put_string("/sys/block/pmem1/badblocks", sectors);
	check(flagged(pfn), FLAGGED);
	check(read_byte(path, offset) == -EIO, "reading it draws EIO");
}

static void repair(const char *path, off_t offset)
{
	unsigned long pfn = pmem_pfn(DISK, file_physical(path, offset));
	struct proc *p = start("reader");
	unsigned long at;
	int ret = write_page(path, offset, 'R');

	if (!check(!ret, WRITTEN))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check(!flagged(pfn), UNFLAGGED);
	ret = read_byte(path, offset);
	if (!check(ret == 'R', READ))
		remark("the result is %d", ret);
	at = map(p, path, offset, PAGE, PROT_READ, MAP_SHARED);
	check(load(p, at) == 'R', MAPPED);
	finish(p);
}

static void run(void)
{
	struct proc *a = start("a");
	unsigned long at;

	if (system("command -v inject-mce >/dev/null"))
		skip("this guest has no inject-mce");
	early_kill(true);
	make_fs(MKFS_XFS, NULL, DISK);
	mount_fs(DISK, "xfs", "dax=always");
	make_file(file("f"), 8 * PAGE);

	part("mapped");
	at = map_page(a, file("f"), PAGE);
	fail_page(file("f"), PAGE);
	check(told(a, BUS_MCEERR_AO, at, PAGE_LSB),
	      "who maps it gets BUS_MCEERR_AO");
	repair(file("f"), PAGE);

	part("not mapped");
	fail_page(file("f"), 5 * PAGE);
	repair(file("f"), 5 * PAGE);
	part("after all");
	check(alive(), "the filesystem goes on");
}

struct scenario scenario = {
	.name = "machine-check-repair",
	.title = "machine checks, and failed pages written over",
	.machine = "both",
	.cpus = 2,
	.seconds = 60,
	/* Base flags mapped pages only, and takes all that fail out. */
	.base.fails = {
		"not mapped: " FLAGGED, "not mapped: " WRITTEN,
		"not mapped: " READ, "not mapped: " MAPPED,
	},
	.run = run,
};
