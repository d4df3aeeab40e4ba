// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail while they are faulted in: to be read, to be written in place, for
 * copies on write of either kind, by PTEs and by PMDs.
 */
#include "race.h"

#define PAGES		2000UL
#define HUGE_PAGES	(64 * PMD / PAGE)
#define EVERY		8UL	/* of so many failures one is in 2 MiB */

/* Copy on write of a private mapping: the copy is this process's. */
static void copy_privately(struct racer *r, unsigned long i)
{
	if (!dice(r, 4)) {
		mark_shared(r, i, 1);
		drop_page(r, i);
	}
	touch(at_page(r, i));
	if (dice(r, 2) && !scribble(at_page(r, i), '1'))
		mark_own(r, i, 1);
}

/* Somewhere in the 2 MiB of which a page fails next. */
static unsigned long near_huge(struct racer *r, unsigned long i)
{
	i = i / EVERY * (PMD / PAGE) + dice(r, PMD / PAGE);
	return i < HUGE_PAGES ? i : HUGE_PAGES - 1;
}

static void read_huge(struct racer *r, unsigned long i)
{
	i = near_huge(r, i);
	madvise((void *)(at_page(r, i) & ~(PMD - 1)), PMD, MADV_DONTNEED);
	touch(at_page(r, i));
}

/* A mapping that is not a whole PMD has PTEs of the same blocks. */
static void read_small(struct racer *r, unsigned long i)
{
	unsigned long n;

	i = near_huge(r, i);
	n = HUGE_PAGES - i < 16 ? HUGE_PAGES - i : 16;
	must(map_pages(r, i, n, PROT_READ, MAP_SHARED));
	touch(at_page(r, i));
	touch(at_page(r, i + n - 1));
	munmap((void *)at_page(r, i), n * PAGE);
}

/* A PMD is copied as a whole, or only this page if it has a PTE: once each. */
static void copy_huge(struct racer *r, unsigned long i)
{
	i = near_huge(r, i);
	if (!dice(r, 4) && !scribble(at_page(r, i), '1'))
		mark_own(r, i, 1);
	usleep(2000);
	touch(at_page(r, near_huge(r, near(r))));
}

static const struct entry by_ptes[] = {
	{ "f.read", read_around, "reader", READABLE },
	{ "f.cow", copy_on_write, "writer 0", WRITABLE },
	{ "f.cow", copy_on_write, "writer 1", WRITABLE },
	{ "f.private", copy_privately, "private", PRIVATE },
};
static const struct entry by_pmds[] = {
	{ "h.read", read_huge, "PMDs", READABLE },
	{ "h.read", read_small, "PTEs of PMDs" },
	{ "h.cow", copy_huge, "PMDs, writer", WRITABLE },
};

static void run(void)
{
	unsigned long i = 4, victim, events = 0;
	struct field *small, *large;
	struct witness *w, *w_huge;
	long failed = 0;

	small = make_field(PMEM, file("f"), PAGES, false);
	large = make_field(PMEM, file("h"), HUGE_PAGES, true);
	w = enter_all(small, "f.w", by_ptes, ARRAY_SIZE(by_ptes));
	w_huge = enter_all(large, "h.w", by_pmds, ARRAY_SIZE(by_pmds));
	race_on(5);

	for (; i < PAGES && race_lasts(events > 20); i++) {
		aim(i);
		failed += fail(small, i) < 0;
		ask(w, i);
		events++;
		/* One in each 2 MiB, which is mapped by PTEs from then on. */
		victim = i / EVERY * (PMD / PAGE) + i % (PMD / PAGE);
		if (i % EVERY != EVERY / 2 || victim >= HUGE_PAGES)
			continue;
		failed += fail(large, victim) < 0;
		ask(w_huge, victim);
		events++;
	}
	check_failures(events, failed);
	finish_race();
}

SCENARIO("pages fail while they are faulted in: read, write, copy, PMD",
	.xfs = ALIGNED, .cpus = 8, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
