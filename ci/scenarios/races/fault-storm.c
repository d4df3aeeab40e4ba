// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail one after the other while three processes fault them in, each by
 * its own reflink. If faults and failures take the locks of XFS and fs/dax.c in
 * different orders, they deadlock.
 */
#include <sched.h>
#include "scenario.h"

#define SHARERS	3
#define SECONDS	10
#define PAGES	2000UL

static void run(void)
{
	struct proc *procs[SHARERS];
	unsigned long first;
	time_t end;
	long faults, least = -1, failed = 0;
	unsigned long i, events;

	make_reflinks(PAGES * PAGE, "0", "1", "2");
	for (i = 0; i < SHARERS; i++) {
		procs[i] = start("%lu", i);
		map(procs[i], file("%lu", i), 0, PAGES * PAGE, PROT_READ,
		    MAP_SHARED);
		must(reads(procs[i]));
	}
	first = page_of(procs[0]);
	must(file_pfn(file("0"), (PAGES - 1) * PAGE) == first + PAGES - 1);

	for (i = 0; i < SHARERS; i++)
		hammer(procs[i], procs[i]->at);
	end = time(NULL) + SECONDS;
	for (events = 0; events < PAGES - WINDOW && time(NULL) < end; events++) {
		for (i = 0; i < SHARERS; i++)
			procs[i]->seen->aim = events;
		/* The window moves page by page; the middle one fails. */
		sched_yield();
		failed += poison(first + events + WINDOW / 2) < 0;
	}
	for (i = 0; i < SHARERS; i++) {
		faults = relent(procs[i]);
		remark("%s faulted %ld times, got %d signals", procs[i]->name,
		       faults, signals(procs[i]));
		if (least < 0 || faults < least)
			least = faults;
	}
	remark("%lu pages failed, %ld answered with an error", events, failed);
	check(events > 10 && least > 10, "failures and faults make progress");
	check(!failed, "memory_failure() succeeds each time");
	check(alive(), GOES_ON);
}

SCENARIO("pages fail one after the other while their sharers fault them in",
	.xfs = "", .cpus = 4,
	/*
	 * Base holds the AGF while it waits for the DAX entry of a sharer. The
	 * sharer's fault holds the entry and waits for the AGF.
	 */
	.base.hangs = "xfs_reflink_trim_around_shared");
