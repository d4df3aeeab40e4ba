// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail while they are faulted in: to be read, to be written in place, for
 * copies on write of either kind, by PTEs and by PMDs.
 */
#include "race.h"

#define PAGES		2000UL
#define HUGE_PAGES	(64 * PMD / PAGE)
#define EVERY		8UL	/* of so many failures one is in 2 MiB */

/* Read it, then store to it: the reflink gets a block of its own. */
static void copy_on_write(struct racer *r)
{
	unsigned long i = near(r);

	if (!r->ready)
		map_field(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	r->ready = true;
	madvise((void *)at_page(r, i), PAGE, MADV_DONTNEED);
	if (dice(r, 2))
		touch(at_page(r, i));
	if (!scribble(at_page(r, i), '1' + r->nr))
		mark_own(r, i);
}

/* The same for a private mapping: the copy is this process's. */
static void copy_privately(struct racer *r)
{
	unsigned long i = near(r);

	if (!r->ready)
		map_field(r, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	r->ready = true;
	if (!dice(r, 4)) {
		mark_shared(r, i);
		madvise((void *)at_page(r, i), PAGE, MADV_DONTNEED);
	}
	touch(at_page(r, i));
	if (dice(r, 2) && !scribble(at_page(r, i), '1'))
		mark_own(r, i);
}

/* Somewhere in the 2 MiB of which a page fails next. */
static unsigned long near_huge(struct racer *r)
{
	unsigned long i = near(r) / EVERY * (PMD / PAGE) + dice(r, PMD / PAGE);

	return i < HUGE_PAGES ? i : HUGE_PAGES - 1;
}

static void read_huge(struct racer *r)
{
	unsigned long i = near_huge(r);

	if (!r->ready)
		map_field(r, PROT_READ, MAP_SHARED);
	r->ready = true;
	madvise((void *)(at_page(r, i) & ~(PMD - 1)), PMD, MADV_DONTNEED);
	touch(at_page(r, i));
}

/* A mapping that is not a whole PMD has PTEs of the same blocks. */
static void read_small(struct racer *r)
{
	unsigned long i = near_huge(r);
	unsigned long n = HUGE_PAGES - i < 16 ? HUGE_PAGES - i : 16;

	map_pages(r, i, n, PROT_READ, MAP_SHARED);
	touch(at_page(r, i));
	touch(at_page(r, i + n - 1));
	munmap((void *)at_page(r, i), n * PAGE);
}

/* A PMD is copied whole, or this page if it comes to a PTE: once for each. */
static void copy_huge(struct racer *r)
{
	unsigned long i = near_huge(r);

	if (!r->ready)
		map_field(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	r->ready = true;
	if (!dice(r, 4) && !scribble(at_page(r, i), '1'))
		mark_own(r, i);
	usleep(2000);
	touch(at_page(r, near_huge(r)));
}

static void run(void)
{
	unsigned long i = 4, victim, events = 0;
	struct field *small, *large;
	struct witness *w, *w_huge;
	long failed = 0;

	mount_xfs("-d agsize=256m,su=2m,sw=1");
	small = make_field(file("f"), PAGES);
	large = make_huge_field(file("h"), HUGE_PAGES);
	clone_file(file("f"), file("f.w"));
	clone_file(file("f"), file("f.read"));
	clone_file(file("f"), file("f.cow"));
	clone_file(file("f"), file("f.private"));
	clone_file(file("h"), file("h.w"));
	clone_file(file("h"), file("h.read"));
	clone_file(file("h"), file("h.cow"));

	w = witness(small, file("f.w"));
	w_huge = witness(large, file("h.w"));
	enter(small, file("f.read"), read_around, 0, "reader");
	enter(small, file("f.cow"), copy_on_write, 0, "writer 0");
	enter(small, file("f.cow"), copy_on_write, 1, "writer 1");
	enter(small, file("f.private"), copy_privately, 0, "private");
	enter(large, file("h.read"), read_huge, 0, "PMDs");
	enter(large, file("h.read"), read_small, 0, "PTEs of PMDs");
	enter(large, file("h.cow"), copy_huge, 0, "PMDs, writer");
	race_on(5);

	for (; i < PAGES && race_lasts(events > 20); i++) {
		aim(i);
		failed += fail(small, i) < 0;
		ask(w, i);
		events++;
		/* One in each 2 MiB: it is mapped by PTEs after that. */
		victim = i / EVERY * (PMD / PAGE) + i % (PMD / PAGE);
		if (i % EVERY != EVERY / 2 || victim >= HUGE_PAGES)
			continue;
		failed += fail(large, victim) < 0;
		ask(w_huge, victim);
		events++;
	}
	check_failures(events, failed);
	race_over();
	check(alive(), "the filesystem goes on");
	finish_race();
}

SCENARIO("pages fail while they are faulted in: read, write, copy, PMD",
	.cpus = 8, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
