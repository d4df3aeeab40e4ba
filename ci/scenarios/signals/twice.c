// SPDX-License-Identifier: GPL-2.0
/*
 * A page that has failed fails again, as a patrol scrubber and a consumer may
 * both report it, or the same scrubber every hour.
 */
#include "scenario.h"

#define COUNTED_ONCE	"HardwareCorrupted does not count the page again"
#define STOPPED		"a process that maps it now gets BUS_MCEERR_AR"

static void run(void)
{
	struct proc *a, *b, *again;
	unsigned long pfn;
	long before;
	int ret;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g");
	a = map_by("a", file("f"), PAGE);
	b = map_by("b", file("g"), PAGE);
	pfn = page_of(a);

	part("first");
	machine_check_and_check(pfn);
	check(all(got_ao, a, b), "both sharers get BUS_MCEERR_AO");

	part("second");
	forget(a);
	forget(b);
	before = hardware_corrupted();
	ret = machine_check(pfn);
	if (!check(!ret || ret == -EHWPOISON,
		   "memory_failure() succeeds or knows the page"))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check(flagged(pfn), "the page is still flagged");
	check(all(got_none, a, b),
	      "a process that has lost the page already gets nothing");
	check(hardware_corrupted() == before, COUNTED_ONCE);

	part("third");
	again = map_unread("again", file("f"), PAGE, MAP_SHARED);
	check(stopped(again), STOPPED);
	machine_check(pfn);
	check(lost(again), "the page is not mapped after the third");
	check(all(got_none, a, b), "no other process is signalled");
}

SCENARIO("the same page fails a second and a third time",
	.base.fails = { "second: " COUNTED_ONCE, "third: " STOPPED });
