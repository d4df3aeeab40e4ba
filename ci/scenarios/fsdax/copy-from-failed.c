// SPDX-License-Identifier: GPL-2.0
/*
 * Copy on write of a page that has failed: there is nothing good to copy. To go
 * on as if there were would spread what is in the page, whatever that is.
 */
#include "scenario.h"

#define SHARED	"a store by another reflink draws BUS_MCEERR_AR"
#define PRIVATE	"a store to a private mapping draws BUS_MCEERR_AR"
#define PWRITE	"a pwrite() of a part of it draws EIO"

static void run(void)
{
	struct proc *a = start("a"), *shared = start("shared"),
		    *private = start("private");
	unsigned long at_a, at_shared, at_private;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));
	clone_file(file("f"), file("h"));
	at_a = map_page(a, file("f"), PAGE);
	/* These have not faulted the page in when it fails. */
	at_shared = map(shared, file("g"), PAGE, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED);
	at_private = map(private, file("g"), PAGE, PAGE,
			 PROT_READ | PROT_WRITE, MAP_PRIVATE);

	machine_check_and_check(pfn_of(a, at_a));
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB),
	      "a process that has the page mapped gets BUS_MCEERR_AO");
	check(untold(shared) & untold(private),
	      "a process that has not faulted it in gets nothing");
	check(store(shared, at_shared + 1, 'x') == SIGNALLED &&
	      told(shared, BUS_MCEERR_AR, at_shared + 1, PAGE_LSB), SHARED);
	check(store(private, at_private + 2, 'x') == SIGNALLED &&
	      told(private, BUS_MCEERR_AR, at_private + 2, PAGE_LSB), PRIVATE);
	check(write_bytes(file("h"), PAGE + 3, 1, 'x') == -EIO, PWRITE);
	check(alive(), "the filesystem goes on");
}

SCENARIO("copy on write of a page that has failed",
	/*
	 * Base looks at bad blocks only, and none is on record: it copies from a
	 * page that is not in the direct map.
	 */
	.base.splat = "RIP: 0010:copy_page");
