// SPDX-License-Identifier: GPL-2.0
/*
 * The filesystem was shut down before the page fails. It can no longer look up
 * its metadata, but processes still map the page.
 */
#include "scenario.h"

#define VICTIM		(200 * PAGE)
#define TOLD		"all get BUS_MCEERR_AO at their own address"
#define STOPPED		"the next access draws SIGBUS"
#define NR		3

/* As in fs/xfs/libxfs/xfs_fs.h. */
#define GOING_DOWN	_IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH	2

static void shut_down(void)
{
	uint32_t how = NO_LOG_FLUSH;

	control(MNT, GOING_DOWN, &how);
	must(!alive(), "the filesystem is not shut down");
}

static void fail(const char *name, bool huge, bool shared)
{
	struct proc *procs[NR + 1] = {}, *other;
	int i;

	part("%s", name);
	mount_xfs("-d agsize=256m,su=2m,sw=1");
	if (huge)
		make_huge_file(file("%s.0", name), PMD);
	else
		make_file(file("%s.0", name), 4 * PAGE);
	for (i = 1; i < NR && shared; i++)
		clone_file(file("%s.0", name), file("%s.%d", name, i));
	make_file(file("other"), 4 * PAGE);
	for (i = 0; i < NR; i++) {
		const char *path = file("%s.%d", name, shared ? i : 0);

		procs[i] = huge ? map_huge_by(name, path, VICTIM) :
				  map_by(name, path, PAGE);
	}
	other = map_by("other page", file("other"), PAGE);

	shut_down();
	poison_and_check(common_page(procs));
	check_lost_by(procs, TOLD);
	check(load(procs[0], procs[0]->at) == SIGNALLED, STOPPED);
	check(kept(other),
	      "a process that maps another page gets nothing and keeps it");
	finish_all();
	check(unmount(), "it unmounts");
}

static void run(void)
{
	fail("reflinks", false, true);
	fail("PMDs of reflinks", true, true);
	fail("one file", false, false);
}

#define FAILS(part) \
	part SUCCEEDS, part TOLD, part UNMAPPED, part STOPPED

SCENARIO("a page fails after XFS was shut down, and is mapped still",
	/* Base reads the AG header, which fails after a shutdown. */
	.base.fails = { FAILS("reflinks: "), FAILS("PMDs of reflinks: "),
			FAILS("one file: ") },
	/* Only a page of one file has a mapping. */
	.holder.fails = { FAILS("reflinks: "), FAILS("PMDs of reflinks: ") },
	.core.fails = { FAILS("reflinks: "), FAILS("PMDs of reflinks: ") });
