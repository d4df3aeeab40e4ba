// SPDX-License-Identifier: GPL-2.0
/*
 * A reflink faults in a page of another file while the failure of the page is
 * handled: the page becomes shared meanwhile.
 */
#include "scenario.h"

#define NR_PAGES	24

static void run(void)
{
	struct proc *a, *b;
	int i, failed = 0, mapped = 0, told_a = 0, told_b = 0, read = 0;

	make_fs(MKFS_XFS_NO_RMAPBT, NULL, PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	make_file(file("f"), NR_PAGES * PAGE);
	clone_file(file("f"), file("g"));
	make_handling_last(file("f"), NR_PAGES);

	for (i = 0; i < NR_PAGES; i++) {
		unsigned long pfn;
		pid_t injector;

		a = map_by("a", file("f"), i * PAGE);
		b = map_unread("b", file("g"), i * PAGE, MAP_SHARED);
		pfn = page_of(a);
		injector = fork_child();
		if (!injector)
			_exit(-poison(pfn));
		usleep(i % 8 * 1000);
		load(b, b->at);
		failed += !!wait_for(injector);
		mapped += !lost(a);
		told_a += got_ao(a);
		/* It may fault after the event, and then has the page. */
		told_b += has(b) || got_ao(b);
		read += load(b, b->at) == fill(i);
		finish(a);
		finish(b);
	}
	check(!failed, "memory_failure() succeeds each time");
	check(!mapped, "a process that had the page mapped before loses it");
	check(told_a == NR_PAGES, "a process that had the page mapped before is told");
	check(told_b == NR_PAGES,
	      "a process that maps it meanwhile keeps it, or loses it and is told");
	check(read == NR_PAGES, "a process that maps it meanwhile can read it in the end");
	if (failed || mapped || told_a < NR_PAGES || told_b < NR_PAGES)
		remark("of %d: %d failed, %d mapped, %d and %d told", NR_PAGES,
		       failed, mapped, told_a, told_b);
}

SCENARIO("a reflink maps the page while its failure is handled",
	/* Base reads folio->mapping again to unmap and to unlock the page. */
	.base.splat = "RIP: 0010:dax_unlock_folio|unmap_and_kill",
	.holder.says = "memory_failure\\(\\) succeeds each time|that had the page mapped before",
	.core.says = "memory_failure\\(\\) succeeds each time|that had the page mapped before");
