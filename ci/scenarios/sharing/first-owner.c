// SPDX-License-Identifier: GPL-2.0
/*
 * The file that mapped the page first goes away before it fails. What then
 * leads from the page to the files that still share it?
 */
#include "scenario.h"

enum departure { TRUNCATED, UNLINKED, EVICTED };

static void depart(const char *title, enum departure how)
{
	struct proc *first = start("first"), *a = start("a"), *b = start("b");
	unsigned long at_first, at_a, at_b;

	part("%s", title);
	make_file(file("%d.first", how), 4 * PAGE);
	clone_file(file("%d.first", how), file("%d.a", how));
	clone_file(file("%d.first", how), file("%d.b", how));
	at_first = map_page(first, file("%d.first", how), PAGE);
	at_a = map_page(a, file("%d.a", how), PAGE);
	at_b = map_page(b, file("%d.b", how), PAGE);

	switch (how) {
	case TRUNCATED:
		/* Its process stays, with a mapping beyond the end. */
		must(!truncate(file("%d.first", how), 0), "truncate: %m");
		break;
	case UNLINKED:
		must(!unlink(file("%d.first", how)), "unlink: %m");
		unmap(first, at_first, PAGE);
		settle();
		break;
	case EVICTED:
		unmap(first, at_first, PAGE);
		settle();
		drop_caches();
		break;
	}
	must(load(a, at_a) == fill(1) && load(b, at_b) == fill(1),
	     "the others lost their data");

	poison_and_check(pfn_of(a, at_a));
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
	      "the others get BUS_MCEERR_AO");
	check(!maps(a, at_a) && !maps(b, at_b),
	      "no process maps the page any longer");
	check(untold(first), "a process that had the first file mapped gets nothing");
}

static void run(void)
{
	mount_xfs(NULL);
	depart("unlinked", UNLINKED);
	depart("evicted", EVICTED);
	depart("truncated", TRUNCATED);
}

SCENARIO("the file that mapped the page first is gone");
