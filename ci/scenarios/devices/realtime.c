// SPDX-License-Identifier: GPL-2.0
/*
 * Reflinks on XFS's realtime device: a reverse mapping of their own, and a pmem
 * device of their own.
 */
#include "scenario.h"

#define NR	3

static void run(void)
{
	struct proc *procs[NR], *other = start("other page"), *copy = start("copy");
	unsigned long at[NR], at_other, at_copy;
	int i, told_all = 0, unmapped = 0;

	mount_xfs_realtime();
	make_file(file("0"), 4 * PAGE);
	for (i = 1; i < NR; i++)
		clone_range(file("0"), 0, 4 * PAGE, file("%d", i),
			    i * 4 * PAGE);
	clone_file(file("0"), file("copy"));
	for (i = 0; i < NR; i++) {
		procs[i] = start("sharer %d", i);
		at[i] = map_page(procs[i], file("%d", i), (i * 4 + 1) * PAGE);
		must(pfn_of(procs[i], at[i]) == pfn_of(procs[0], at[0]),
		     "it is not one page");
	}
	at_other = map_page(other, file("copy"), 2 * PAGE);
	at_copy = map(copy, file("copy"), PAGE, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED);
	must(!store(copy, at_copy, 'x'), "a store drew a signal");

	poison_and_check(pfn_of(procs[0], at[0]));
	for (i = 0; i < NR; i++) {
		told_all += told(procs[i], BUS_MCEERR_AO, at[i], PAGE_LSB);
		unmapped += !maps(procs[i], at[i]);
	}
	check(told_all == NR,
	      "every sharer gets BUS_MCEERR_AO at its own address");
	check(unmapped == NR, "no process maps the page any longer");
	check(untold(other) & untold(copy) && maps(copy, at_copy) &&
	      load(copy, at_copy) == 'x' && maps(other, at_other),
	      "another page, a copy on write: nothing");
	check(alive(), "the filesystem goes on");
}

SCENARIO("three reflinks of a page on XFS's realtime device",
	.machine = "both", .seconds = 90);
