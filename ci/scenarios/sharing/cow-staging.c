// SPDX-License-Identifier: GPL-2.0
/*
 * XFS preallocates blocks for later copies on write. One that holds no data yet
 * fails: nothing is lost.
 */
#include "scenario.h"

#define COPY		"the copy can be read"

static void run(void)
{
	struct proc *a, *b;
	int64_t physical;
	uint64_t length;

	mount_xfs(NULL);
	make_reflinks(64 * PAGE, "f", "g");
	a = map_by("a", file("f"), 40 * PAGE);
	b = map_by("b", file("g"), 40 * PAGE);
	/* One block is copied; XFS has set aside 32 around it. */
	must(!write_page(file("g"), 4 * PAGE, '1'), "pwrite");
	physical = find_owner(MNT, XFS_OWN_COW, &length);
	remark("%llu staging blocks", (unsigned long long)(length / PAGE));

	poison_and_check(pmem_pfn(PMEM, physical + length / PAGE / 2 * PAGE));
	check(all(got_none, a, b), "no process is signalled");
	check(all(reads, a, b), "what is mapped can be read");
	check(read_byte(file("g"), 4 * PAGE) == '1', COPY);
	check(alive(), GOES_ON);
}

SCENARIO("a block set aside for copies on write fails: nothing is lost",
	/* Base mistakes the block's owner for metadata and shuts down. */
	.base.fails = { SUCCEEDS, COPY, GOES_ON },
	.core_as_base = true);
