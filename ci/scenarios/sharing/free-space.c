// SPDX-License-Identifier: GPL-2.0
/* A free block fails: no reason to shut down or to signal. */
#include "scenario.h"

static void run(void)
{
	struct proc *p;
	int64_t physical;
	uint64_t length;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	p = map_by("bystander", file("f"), PAGE);
	physical = find_owner(MNT, OWN_FREE, &length);
	must(length >= 64 * PAGE, "no free extent");

	machine_check_and_check(pmem_pfn(PMEM, physical + 32 * PAGE));
	check(got_none(p), "a process that maps a file's page gets nothing");
	check(reads(p), "what is mapped can be read");
	check(alive(), GOES_ON);
}

SCENARIO("a free block fails: nothing stops, no process is signalled",
	/* Base flags only pages that a file maps. */
	.base.fails = { FLAG_CHECK });
