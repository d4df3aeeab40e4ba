// SPDX-License-Identifier: GPL-2.0
/*
 * The filesystem was shut down before the page fails. What it knows on its
 * device it cannot look up any more; what processes have mapped they still
 * have, and can consume.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "scenario.h"

#define VICTIM		(200 * PAGE)
#define SUCCEEDS	"memory_failure() succeeds"
#define TOLD		"all get BUS_MCEERR_AO at their own address"
#define UNMAPPED	"no process maps the page any longer"
#define STOPPED		"the next access draws SIGBUS"
#define NR		3

/* As in fs/xfs/libxfs/xfs_fs.h. */
#define GOING_DOWN	_IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH	2

static struct proc *procs[NR];
static unsigned long at[NR];

static void map_all(const char *name, bool huge, bool shared)
{
	int i;

	for (i = 0; i < NR; i++) {
		const char *path = file("%s.%d", name, shared ? i : 0);

		procs[i] = start("%s %d", name, i);
		at[i] = huge ? map_huge(procs[i], path, 0, PMD) + VICTIM :
			map_page(procs[i], path, PAGE);
	}
}

static void shut_down(void)
{
	uint32_t how = NO_LOG_FLUSH;
	int dir = open(MNT, O_RDONLY);

	must(dir >= 0 && !ioctl(dir, GOING_DOWN, &how), "shutdown: %m");
	close(dir);
	must(!alive(), "the filesystem is not shut down");
}

static void fail_page(int lsb)
{
	bool told_all = true, unmapped = true;
	int i;

	for (i = 0; i < NR; i++)
		must(pfn_of(procs[i], at[i]) == pfn_of(procs[0], at[0]),
		     "it is not one page");
	poison_and_check(pfn_of(procs[0], at[0]));
	for (i = 0; i < NR; i++) {
		told_all &= told(procs[i], BUS_MCEERR_AO, at[i], lsb);
		unmapped &= !maps(procs[i], at[i]);
	}
	check(told_all, TOLD);
	check(unmapped, UNMAPPED);
	check(load(procs[0], at[0]) == SIGNALLED, STOPPED);
	for (i = 0; i < NR; i++)
		finish(procs[i]);
}

static void fail(const char *name, bool huge, bool shared)
{
	struct proc *other = start("other page");
	unsigned long at_other;
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
	map_all(name, huge, shared);
	at_other = map_page(other, file("other"), PAGE);

	shut_down();
	fail_page(huge ? PMD_LSB : PAGE_LSB);
	check(untold(other) && maps(other, at_other) &&
	      load(other, at_other) == fill(1),
	      "a process that maps another page gets nothing and keeps it");
	finish(other);
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
	/* Base reads the AG's header, which it cannot any more. */
	.base.fails = { FAILS("reflinks: "), FAILS("PMDs of reflinks: "),
			FAILS("one file: ") },
	/* Only a page of one file has a mapping. */
	.holder.fails = { FAILS("reflinks: "), FAILS("PMDs of reflinks: ") },
	.core.fails = { FAILS("reflinks: "), FAILS("PMDs of reflinks: ") });
