// SPDX-License-Identifier: GPL-2.0
/*
 * The log is on its own pmem device, which it does not fill: the filesystem
 * cannot do without the log, but can do without the rest.
 */
#include "devices.h"

#define LOG_SIZE	(64 * MIB)

static void make_and_mount(long block_size, long log_size, const char *dax)
{
	char options[80];

	snprintf(options, sizeof(options),
		 "-b size=%ld -l logdev=" PMEM_RT ",size=%ldk", block_size,
		 log_size / 1024);
	/* MKFS_XFS has a block size already, and mkfs refuses a second one. */
	make_fs("mkfs.xfs -q -f -m rmapbt=1,reflink=1", options, PMEM);
	snprintf(options, sizeof(options), "%slogdev=" PMEM_RT, dax);
	mount_fs(PMEM, "xfs", options);
}

/* The log ends within a page, as its blocks are smaller. */
static void fail_end(void)
{
	make_and_mount(1024, LOG_SIZE + 1024, "");
	part("the log's end");
	check_error(poison(pmem_pfn(PMEM_RT, LOG_SIZE)));
	check(!alive(), SHUTS_DOWN);
	must(unmount());
}

static void run(void)
{
	struct proc *p;
	struct monitor *m;
	struct sharers s;

	need(PMEM_RT);
	fail_end();
	make_and_mount(PAGE, LOG_SIZE, "dax=always,");
	make_file(file("f"), 4 * PAGE);
	p = map_by("bystander", file("f"), PAGE);
	m = start_monitor(MNT);

	part("file data");
	share_page(&s, 3, file("shared"));
	fail_shared_page(&s);
	check(alive(), GOES_ON);

	part("beyond the log");
	forget_reports(m);
	/* Any result will do: no data is lost. */
	remark("memory_failure() returned %d",
	       poison(pmem_pfn(PMEM_RT, LOG_SIZE + PAGE)));
	check(alive(), GOES_ON);

	part("the log");
	check_error(poison(pmem_pfn(PMEM_RT, LOG_SIZE - PAGE)));
	check(reported_media(m, LOG_DEVICE, LOG_SIZE - PAGE), PLACE_REPORTED);
	check(!alive(), SHUTS_DOWN);
	check(got_none(p) && reads(p), DATA_STAYS);
	stop_monitor(m);
}

SCENARIO("XFS with its log on another pmem device",
	.machine = "both");
