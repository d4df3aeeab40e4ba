// SPDX-License-Identifier: GPL-2.0
/*
 * The log is on a pmem device of its own, which it does not fill: without the
 * log the filesystem cannot go on, without the rest it can.
 */
#include <stdio.h>
#include "devices.h"

#define LOG_DEV		"/dev/pmem1"
#define LOG_SIZE	(64 * MIB)

static void make_and_mount(void)
{
	char options[60];

	snprintf(options, sizeof(options), "-l logdev=" LOG_DEV ",size=%ldm",
		 LOG_SIZE / MIB);
	make_fs(MKFS_XFS, options, PMEM);
	mount_fs(PMEM, "xfs", "dax=always,logdev=" LOG_DEV);
}

static void run(void)
{
	struct proc *p = start("bystander");
	struct sharers s;
	struct monitor *m;
	unsigned long at;
	int ret;

	if (access(LOG_DEV, F_OK))
		skip("there is no " LOG_DEV);
	early_kill(true);
	make_and_mount();
	make_file(file("f"), 4 * PAGE);
	at = map_page(p, file("f"), PAGE);
	m = start_monitor(MNT);

	part("file data");
	make_file(file("shared"), 4 * PAGE);
	share_page(&s, file("shared"));
	fail_shared_page(&s);
	check(alive(), GOES_ON);

	part("beyond the log");
	forget_reports(m);
	/* Neither success nor failure: nobody has lost anything. */
	ret = poison(pmem_pfn(LOG_DEV, LOG_SIZE));
	remark("memory_failure() returned %d", ret);
	check(alive(), GOES_ON);

	part("the log");
	ret = poison(pmem_pfn(LOG_DEV, LOG_SIZE - PAGE));
	if (!check(ret < 0, "memory_failure() reports a failure"))
		remark("it returned %d", ret);
	check(reported_media(m, LOG_DEVICE, LOG_SIZE - PAGE),
	      PLACE_REPORTED);
	check(!alive(), SHUTS_DOWN);
	check(untold(p) && load(p, at) == fill(1),
	      "who maps a file's page gets nothing and can read it");
	stop_monitor(m);
	finish(p);
	finish_sharers(&s);
}

struct scenario scenario = {
	.name = "external-log",
	.title = "XFS with its log on another pmem device",
	.machine = "both",
	.cpus = 2,
	.seconds = 60,
	.run = run,
};
