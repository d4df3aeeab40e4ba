// SPDX-License-Identifier: GPL-2.0
/*
 * The main case: several files share the block, and a process maps each of
 * them, at a different address and file offset.
 */
#include "devices.h"

#define MOST	200

static void share(int nr)
{
	struct proc *procs[MOST + 1], *other, *unrelated;

	part("%d reflinks", nr);
	make_file(file("%d", nr), 4 * PAGE);
	share_among(procs, nr, file("%d", nr));
	other = map_by("other page", file("%d", nr), 2 * PAGE);
	make_file(file("%d.unrelated", nr), 4 * PAGE);
	unrelated = map_by("other file", file("%d.unrelated", nr), PAGE);

	poison_and_check(common_page(procs));
	check_lost_by(procs, REACHED);
	check(all(got_none, other, unrelated),
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
