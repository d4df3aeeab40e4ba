// SPDX-License-Identifier: GPL-2.0
/*
 * The case it is all about: several files share the block, and a process maps
 * each of them, at addresses and file offsets of their own.
 */
#include "scenario.h"

#define MOST	200

static void share(int nr)
{
	struct proc *procs[MOST + 1] = {}, *other, *unrelated;
	int i;

	part("%d reflinks", nr);
	/* Each file has the shared block at a different offset. */
	make_file(file("%d.origin", nr), 4 * PAGE);
	for (i = 0; i < nr; i++) {
		const char *path = file("%d.%d", nr, i);
		off_t offset = (i % 5) * 4 * PAGE;
		struct proc *p = procs[i] = start("sharer %d", i);

		clone_range(file("%d.origin", nr), 0, 4 * PAGE, path, offset);
		p->at = map(p, path, offset, 4 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED) + PAGE;
		must(load(p, p->at) == fill(1), "wrong data");
	}
	other = map_by("other page", file("%d.origin", nr), 2 * PAGE);
	make_file(file("%d.unrelated", nr), 4 * PAGE);
	unrelated = map_by("other file", file("%d.unrelated", nr), PAGE);

	poison_and_check(common_page(procs));
	check_lost_by(procs,
		      "every sharer gets BUS_MCEERR_AO at its own address");
	check(all(untold, other, unrelated),
	      "another page of the files, another file: nothing");
	check(has(other) && reads(other) && has(unrelated) && reads(unrelated),
	      "those stay mapped and can be read");
	finish_all();
}

static void run(void)
{
	mount_xfs(NULL);
	share(2);
	share(8);
	share(MOST);
}

SCENARIO("2, 8 and 200 reflinks of a page, a process mapping each",
	.seconds = 120, .debug = true);
