// SPDX-License-Identifier: GPL-2.0
/*
 * The case it is all about: several files share the block, and a process maps
 * each of them, at addresses and file offsets of their own.
 */
#include "scenario.h"

#define MOST	200

static void share(int nr)
{
	struct proc *procs[MOST], *other, *unrelated;
	unsigned long at[MOST], at_other, at_unrelated;
	int i, told_all = 0, unmapped = 0, same = 0;

	part("%d reflinks", nr);
	/* Each file has the shared block at a different offset. */
	make_file(file("%d.origin", nr), 4 * PAGE);
	for (i = 0; i < nr; i++) {
		const char *path = file("%d.%d", nr, i);

		clone_range(file("%d.origin", nr), 0, 4 * PAGE, path,
			    (i % 5) * 4 * PAGE);
		procs[i] = start("sharer %d", i);
		at[i] = map(procs[i], path, (i % 5) * 4 * PAGE, 4 * PAGE,
			    PROT_READ | PROT_WRITE, MAP_SHARED) + PAGE;
		must(load(procs[i], at[i]) == fill(1), "wrong data");
	}
	other = start("other page");
	at_other = map_page(other, file("%d.origin", nr), 2 * PAGE);
	unrelated = start("other file");
	make_file(file("%d.unrelated", nr), 4 * PAGE);
	at_unrelated = map_page(unrelated, file("%d.unrelated", nr), PAGE);

	for (i = 0; i < nr; i++)
		same += pfn_of(procs[i], at[i]) == pfn_of(procs[0], at[0]);
	must(same == nr, "only %d map the shared page", same);

	poison_and_check(pfn_of(procs[0], at[0]));
	for (i = 0; i < nr; i++) {
		told_all += told(procs[i], BUS_MCEERR_AO, at[i], PAGE_LSB);
		unmapped += !maps(procs[i], at[i]);
	}
	if (!check(told_all == nr,
		   "every sharer gets BUS_MCEERR_AO at its own address"))
		remark("%d of %d", told_all, nr);
	if (!check(unmapped == nr, "no process maps the page any longer"))
		remark("%d of %d", unmapped, nr);
	check(untold(other) & untold(unrelated),
	      "another page of the files, another file: nothing");
	check(maps(other, at_other) && load(other, at_other) == fill(2) &&
	      maps(unrelated, at_unrelated) &&
	      load(unrelated, at_unrelated) == fill(1),
	      "those stay mapped and can be read");

	for (i = 0; i < nr; i++)
		finish(procs[i]);
	finish(other);
	finish(unrelated);
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
