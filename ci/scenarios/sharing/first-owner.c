// SPDX-License-Identifier: GPL-2.0
/*
 * The first file that mapped the page goes away before the page fails. The
 * remaining sharers must still be found.
 */
#include "scenario.h"

enum departure { TRUNCATED, UNLINKED, EVICTED };

static void depart(const char *title, enum departure how)
{
	struct proc *first, *a, *b;

	part("%s", title);
	make_file(file("%d.first", how), 4 * PAGE);
	clone_file(file("%d.first", how), file("%d.a", how));
	clone_file(file("%d.first", how), file("%d.b", how));
	first = map_by("first", file("%d.first", how), PAGE);
	a = map_by("a", file("%d.a", how), PAGE);
	b = map_by("b", file("%d.b", how), PAGE);

	switch (how) {
	case TRUNCATED:
		/* Its process stays, with a mapping beyond the end. */
		must(!truncate(file("%d.first", how), 0), "truncate: %m");
		break;
	case UNLINKED:
		must(!unlink(file("%d.first", how)), "unlink: %m");
		unmap(first, first->at, PAGE);
		settle();
		break;
	case EVICTED:
		unmap(first, first->at, PAGE);
		settle();
		drop_caches();
		break;
	}
	must(reads(a) && reads(b), "the others lost their data");

	poison_and_check(page_of(a));
	check_lost("the others get BUS_MCEERR_AO", a, b);
	check(got_none(first),
	      "a process that had the first file mapped gets nothing");
}

static void run(void)
{
	mount_xfs(NULL);
	depart("unlinked", UNLINKED);
	depart("evicted", EVICTED);
	depart("truncated", TRUNCATED);
}

SCENARIO("the file that mapped the page first is gone");
