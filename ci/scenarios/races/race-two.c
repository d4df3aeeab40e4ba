// SPDX-License-Identifier: GPL-2.0
/*
 * Two pages fail at once: the same page, reported twice, or neighbours. Each is
 * reported once to the processes that map it.
 */
#include "race.h"

#define PAGES		1000UL
#define ROUNDS		150

static const struct entry readers[] = {
	{ "read", read_around, "reader 0" },
	{ "read", read_around, "reader 1" },
};

static void run(void)
{
	int ret[2];
	long bad = 0, bad_two = 0;
	struct field *f;
	struct witness *low, *high;
	unsigned long i = 4, round;

	mount_xfs(NULL);
	f = make_field(file("f"), PAGES);
	clone_file(file("f"), file("low"));
	clone_file(file("f"), file("high"));
	/* Make the readers' reflink first: this unmaps the field. */
	clone_file(file("f"), file("read"));
	/* One witness for each neighbour: a pending signal swallows the next. */
	low = witness_of(f, file("low"), 0, 2);
	high = witness_of(f, file("high"), 1, 2);
	enter_all(f, NULL, readers, ARRAY_SIZE(readers));
	start_injector(0, f);
	start_injector(1, f);
	race_on(20);

	for (round = 0; round < ROUNDS; round++, i += 4) {
		aim(i);
		fail_at_once(round, i, i, ret);
		ask(low, i);
		/* The second may get -EHWPOISON. */
		bad += (ret[0] && ret[0] != -EHWPOISON) ||
		       (ret[1] && ret[1] != -EHWPOISON) || (ret[0] && ret[1]);

		fail_at_once(round, i + 2, i + 3, ret);
		bad_two += !!ret[0] + !!ret[1];
		ask(low, i + 2);
		ask(high, i + 3);
	}
	dismiss_injectors();
	check(!bad, "the same page: memory_failure() succeeds or knows it");
	check(!bad_two, "two pages: memory_failure() succeeds for both");
	finish_race();
}

SCENARIO("two failures at once: the same page, and neighbours",
	.cpus = 8, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
