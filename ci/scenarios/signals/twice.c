// SPDX-License-Identifier: GPL-2.0
/*
 * A page that has failed fails again, as a patrol scrubber and a consumer may
 * both report it, or the same scrubber every hour.
 */
#include <errno.h>
#include "scenario.h"

#define COUNTED_ONCE	"HardwareCorrupted does not count the page again"
#define STOPPED		"a process that maps it now gets BUS_MCEERR_AR"

static void run(void)
{
	struct proc *a = start("a"), *b = start("b"), *again = start("again");
	unsigned long at_a, at_b, at_again, pfn;
	long before;
	int ret;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));
	at_a = map_page(a, file("f"), PAGE);
	at_b = map_page(b, file("g"), PAGE);
	pfn = pfn_of(a, at_a);

	part("first");
	machine_check_and_check(pfn);
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
	      "both sharers get BUS_MCEERR_AO");

	part("second");
	forget(a);
	forget(b);
	before = hardware_corrupted();
	ret = machine_check(pfn);
	if (!check(!ret || ret == -EHWPOISON,
		   "memory_failure() succeeds or knows the page"))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check(flagged(pfn), "the page is still flagged");
	check(untold(a) & untold(b),
	      "a process that has lost the page already gets nothing");
	check(hardware_corrupted() == before, COUNTED_ONCE);

	part("third");
	at_again = map(again, file("f"), PAGE, PAGE, PROT_READ, MAP_SHARED);
	check(load(again, at_again) == SIGNALLED &&
	      told(again, BUS_MCEERR_AR, at_again, PAGE_LSB), STOPPED);
	machine_check(pfn);
	check(!maps(again, at_again), "the page is not mapped after the third");
	check(untold(a) & untold(b), "no other process is signalled");
}

SCENARIO("the same page fails a second and a third time",
	.base.fails = { "second: " COUNTED_ONCE, "third: " STOPPED });
