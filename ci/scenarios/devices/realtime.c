// SPDX-License-Identifier: GPL-2.0
/*
 * Reflinks on XFS's realtime device: a reverse mapping of their own, and a pmem
 * device of their own.
 */
#include "scenario.h"

#define NR	3

static void run(void)
{
	struct proc *procs[NR + 1] = {}, *other, *copy;
	int i;

	mount_xfs_realtime();
	make_file(file("0"), 4 * PAGE);
	for (i = 1; i < NR; i++)
		clone_range(file("0"), 0, 4 * PAGE, file("%d", i),
			    i * 4 * PAGE);
	clone_file(file("0"), file("copy"));
	for (i = 0; i < NR; i++) {
		procs[i] = start("sharer %d", i);
		map_page(procs[i], file("%d", i), (i * 4 + 1) * PAGE);
	}
	other = map_by("other page", file("copy"), 2 * PAGE);
	copy = map_unread("copy", file("copy"), PAGE, MAP_SHARED);
	store_byte(copy, 'x');

	poison_and_check(common_page(procs));
	check_lost_by(procs,
		      "every sharer gets BUS_MCEERR_AO at its own address");
	check(kept(copy) && untold(other) && has(other),
	      "another page, a copy on write: nothing");
	check(alive(), "the filesystem goes on");
}

SCENARIO("three reflinks of a page on XFS's realtime device",
	.machine = "both", .seconds = 90);
