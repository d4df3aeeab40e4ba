// SPDX-License-Identifier: GPL-2.0
/*
 * XFS without a reverse mapping btree, which for years was mkfs.xfs's default:
 * nothing on the device says who owns a block. Who maps it is to be told all
 * the same.
 */
#include "scenario.h"

#define MOST		50
#define VICTIM		(200 * PAGE)
#define SUCCEEDS	"memory_failure() succeeds"
#define TOLD		"every sharer gets BUS_MCEERR_AO at its own address"
#define UNMAPPED	"no process maps the page any longer"

/* What must come of the failure of the page that all of these map. */
static void fail_shared(struct proc **procs, unsigned long *at, int nr, int lsb)
{
	int i, told_all = 0, unmapped = 0;

	for (i = 1; i < nr; i++)
		must(pfn_of(procs[i], at[i]) == pfn_of(procs[0], at[0]),
		     "it is not one page");
	poison_and_check(pfn_of(procs[0], at[0]));
	for (i = 0; i < nr; i++) {
		told_all += told(procs[i], BUS_MCEERR_AO, at[i], lsb);
		unmapped += !maps(procs[i], at[i]);
	}
	if (!check(told_all == nr, TOLD))
		remark("%d of %d", told_all, nr);
	if (!check(unmapped == nr, UNMAPPED))
		remark("%d of %d", unmapped, nr);
}

static void share(int nr)
{
	struct proc *procs[MOST], *other = start("other page");
	unsigned long at[MOST], at_other;
	int i;

	part("%d reflinks", nr);
	make_file(file("%d.origin", nr), 4 * PAGE);
	for (i = 0; i < nr; i++) {
		/* Each file has the shared block at a different offset. */
		off_t offset = i % 5 * 4 * PAGE;

		clone_range(file("%d.origin", nr), 0, 4 * PAGE,
			    file("%d.%d", nr, i), offset);
		procs[i] = start("sharer %d", i);
		at[i] = map_page(procs[i], file("%d.%d", nr, i), offset + PAGE);
	}
	at_other = map_page(other, file("%d.0", nr), 2 * PAGE);

	fail_shared(procs, at, nr, PAGE_LSB);
	check(untold(other) && maps(other, at_other) &&
	      load(other, at_other) == fill(2),
	      "a process that maps the next page gets nothing and keeps it");
	for (i = 0; i < nr; i++)
		finish(procs[i]);
	finish(other);
}

static void share_huge(int nr)
{
	struct proc *procs[MOST], *other = start("next 2 MiB");
	unsigned long at[MOST], at_other;
	int i;

	part("PMDs of %d reflinks", nr);
	make_huge_file(file("huge.0"), 2 * PMD);
	for (i = 1; i < nr; i++)
		clone_file(file("huge.0"), file("huge.%d", i));
	for (i = 0; i < nr; i++) {
		procs[i] = start("sharer %d", i);
		at[i] = map_huge(procs[i], file("huge.%d", i), 0, PMD) + VICTIM;
	}
	at_other = map_huge(other, file("huge.1"), PMD, PMD);

	fail_shared(procs, at, nr, PMD_LSB);
	check(untold(other) && maps_huge(other, at_other) &&
	      load(other, at_other) == fill(512),
	      "a process that maps the next 2 MiB gets nothing and keeps them");
	for (i = 0; i < nr; i++)
		finish(procs[i]);
	finish(other);
}

/* No file shares it: base's generic handling finds this one. */
static void alone(void)
{
	struct proc *procs[2];
	unsigned long at[2];
	int i;

	part("one file");
	make_file(file("alone"), 4 * PAGE);
	for (i = 0; i < 2; i++) {
		procs[i] = start("mapper %d", i);
		at[i] = map_page(procs[i], file("alone"), PAGE);
	}
	fail_shared(procs, at, 2, PAGE_LSB);
	for (i = 0; i < 2; i++)
		finish(procs[i]);
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
	check(alive(), "the filesystem goes on");
}

#define FAILS(part)	part SUCCEEDS, part TOLD, part UNMAPPED

SCENARIO("XFS without a reverse mapping btree: 2 and 50 reflinks, PMDs",
	.seconds = 90,
	/* Base cannot tell who shares the page, and gives up. */
	.base.fails = { FAILS("2 reflinks: "), FAILS("50 reflinks: "),
			FAILS("PMDs of 3 reflinks: ") },
	.holder_as_base = true,
	.core_as_base = true);
