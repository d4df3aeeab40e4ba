// SPDX-License-Identifier: GPL-2.0
/*
 * Two pages fail at once: the same page, reported twice, or neighbours. Each is
 * reported once to the processes that map it.
 */
#include "race.h"

#define PAGES		1000UL
#define ROUNDS		150

static const struct entry readers[] = {
	{ "read", read_around, "reader 0", READABLE },
	{ "read", read_around, "reader 1", READABLE },
};

static void run(void)
{
	struct field *f = make_field(PMEM, file("f"), PAGES, false);
	struct witness *low, *high;
	long bad = 0, bad_two = 0;
	unsigned long i, first;
	int ret[2];

	clone_file(file("f"), file("low"));
	clone_file(file("f"), file("high"));
	/* Make the readers' reflink first: this unmaps the field. */
	clone_file(file("f"), file("read"));
	/* One witness for each neighbour: a pending signal swallows the next. */
	low = witness(f, file("low"), 0, 2);
	high = witness(f, file("high"), 1, 2);
	enter_all(f, NULL, readers, ARRAY_SIZE(readers));
	race_on(20);

	for (i = 4; i < 4 + 4 * ROUNDS; i += 4) {
		aim(i);
		fail_at_once(f->first + i, f->first + i, ret);
		ask(low, i);
		/* The second may get -EHWPOISON. */
		bad += (ret[0] && ret[0] != -EHWPOISON) ||
		       (ret[1] && ret[1] != -EHWPOISON) || (ret[0] && ret[1]);

		first = f->first + i + 2;
		fail_at_once(first, first + 1, ret);
		bad_two += !!ret[0] + !!ret[1];
		ask(low, i + 2);
		ask(high, i + 3);
	}
	check(!bad, "the same page: memory_failure() succeeds or knows it");
	check(!bad_two, "two pages: memory_failure() succeeds for both");
	finish_race();
}

SCENARIO("two failures at once: the same page, and neighbours",
	.xfs = "", .cpus = 8, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
