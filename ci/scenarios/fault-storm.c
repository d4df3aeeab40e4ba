// SPDX-License-Identifier: GPL-2.0
/*
 * The page fails again and again while three processes fault it in, each by a
 * reflink of its own. Faults and the failure's handling take locks of the
 * filesystem and locks of fs/dax.c; if their orders differ, nothing moves on.
 */
#include <time.h>
#include "scenario.h"

#define SHARERS	3
#define SECONDS	10

static void run(void)
{
	struct proc *procs[SHARERS];
	unsigned long at[SHARERS], pfn;
	time_t end;
	long events = 0, failed = 0, faults, least = -1;
	int i, lost = 0;

	early_kill(true);
	mount_xfs(NULL);
	make_file(file("0"), 4 * PAGE);
	for (i = 1; i < SHARERS; i++)
		clone_file(file("0"), file("%d", i));
	for (i = 0; i < SHARERS; i++) {
		procs[i] = start("%d", i);
		at[i] = map_page(procs[i], file("%d", i), PAGE);
	}
	pfn = pfn_of(procs[0], at[0]);
	for (i = 0; i < SHARERS; i++)
		hammer(procs[i], at[i]);
	for (end = time(NULL) + SECONDS; time(NULL) < end; events++)
		failed += poison(pfn) < 0;
	for (i = 0; i < SHARERS; i++) {
		faults = relent(procs[i]);
		remark("%s faulted %ld times, got %d signals", procs[i]->name,
		       faults, signals(procs[i]));
		if (least < 0 || faults < least)
			least = faults;
		lost += maps(procs[i], at[i]) &&
			pfn_of(procs[i], at[i]) != pfn;
	}
	remark("%ld events, %ld answered with an error", events, failed);
	check(events > 1 && least > 1, "failures and faults make progress");
	check(!lost, "nobody maps another page instead");
	check(alive(), "the filesystem goes on");
}

struct scenario scenario = {
	.name = "fault-storm",
	.title = "a page fails over and over while its sharers fault it in",
	.machine = "e820",
	.cpus = 4,
	.seconds = 60,
	/*
	 * Base holds the AGF while it waits for the DAX entry of a sharer. The
	 * sharer's fault holds the entry and waits for the AGF.
	 */
	.base.hangs = "xfs_reflink_trim_around_shared",
	.run = run,
};
