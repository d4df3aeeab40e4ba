// SPDX-License-Identifier: GPL-2.0
/*
 * XFS without a reverse mapping btree, long mkfs.xfs's default: nothing on the
 * device says which files own a block. All sharers must still be signalled.
 */
#include "devices.h"

#define MOST		50
#define VICTIM		(200 * PAGE)
static void share(int nr)
{
	struct proc *procs[MOST + 1], *other;

	part("%d reflinks", nr);
	make_file(file("%d", nr), 4 * PAGE);
	share_among(procs, nr, file("%d", nr));
	other = map_by("other page", file("%d", nr), 2 * PAGE);

	poison_and_check(common_page(procs));
	check_lost_by(procs, REACHED);
	check(kept(other),
	      "a process that maps the next page gets nothing and keeps it");
	finish_all();
}

static void share_huge(int nr)
{
	struct proc *procs[MOST + 1] = {}, *other;
	int i;

	part("PMDs of %d reflinks", nr);
	make_huge_file(file("huge.0"), 2 * PMD);
	for (i = 1; i < nr; i++)
		clone_file(file("huge.0"), file("huge.%d", i));
	for (i = 0; i < nr; i++)
		procs[i] = map_huge_by("sharer", file("huge.%d", i), VICTIM);
	other = map_huge_by("next 2 MiB", file("huge.1"), PMD);

	poison_and_check(common_page(procs));
	check_lost_by(procs, REACHED);
	check(kept(other) && maps_huge(other, other->at),
	      "a process that maps the next 2 MiB gets nothing and keeps them");
	finish_all();
}

/* No file shares it: base's generic handling finds this one. */
static void alone(void)
{
	struct proc *a, *b;

	part("one file");
	make_file(file("alone"), 4 * PAGE);
	a = map_by("mapper 0", file("alone"), PAGE);
	b = map_by("mapper 1", file("alone"), PAGE);
	poison_and_check(common_page(LIST(a, b)));
	check_lost(REACHED, a, b);
	finish_all();
}

static void run(void)
{
	make_fs(MKFS_XFS_NO_RMAPBT, "-d agsize=256m,su=2m,sw=1", PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	alone();
	share(2);
	share(MOST);
	share_huge(3);
	part("after all");
	check(alive(), GOES_ON);
}

#define FAILS(part)	part SUCCEEDS, part REACHED, part UNMAPPED

SCENARIO("XFS without a reverse mapping btree: 2 and 50 reflinks, PMDs",
	.seconds = 90,
	/* Base cannot find the sharers, and gives up. */
	.base.fails = { FAILS("2 reflinks: "), FAILS("50 reflinks: "),
			FAILS("PMDs of 3 reflinks: ") },
	BETWEEN_AS_BASE);
