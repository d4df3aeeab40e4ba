// SPDX-License-Identifier: GPL-2.0
/*
 * Two pages fail at once: the same page, reported twice, or neighbours. Each is
 * told once to those that have it.
 */
#include <errno.h>
#include <stdio.h>
#include "race.h"

#define PAGES		1000UL
#define ROUNDS		150

static void run(void)
{
	int ret[2];
	long bad = 0, bad_two = 0;
	struct injector *injectors[2];
	struct field *f;
	struct witness *low, *high;
	unsigned long i = 4, round;

	mount_xfs(NULL);
	f = make_field(file("f"), PAGES);
	clone_file(file("f"), file("low"));
	clone_file(file("f"), file("high"));
	clone_file(file("f"), file("read"));
	/* Of the neighbours each has one: a pending signal swallows the next. */
	low = witness_of(f, file("low"), 0, 2);
	high = witness_of(f, file("high"), 1, 2);
	enter(f, file("read"), read_around, 0, "reader 0");
	enter(f, file("read"), read_around, 1, "reader 1");
	injectors[0] = start_injector(f, 0);
	injectors[1] = start_injector(f, 1);
	race_on(20);

	for (round = 0; round < ROUNDS; round++, i += 4) {
		aim(i);
		order_failure(injectors[round & 1], i);
		order_failure(injectors[~round & 1], i);
		ret[0] = failure_result(injectors[0]);
		ret[1] = failure_result(injectors[1]);
		ask(low, i);
		/* Whoever comes second may hear that the page is known. */
		bad += (ret[0] && ret[0] != -EHWPOISON) ||
		       (ret[1] && ret[1] != -EHWPOISON) || (ret[0] && ret[1]);

		order_failure(injectors[round & 1], i + 2);
		order_failure(injectors[~round & 1], i + 3);
		bad_two += !!failure_result(injectors[0]) +
			   !!failure_result(injectors[1]);
		ask(low, i + 2);
		ask(high, i + 3);
	}
	dismiss(injectors[0]);
	dismiss(injectors[1]);
	check(!bad, "the same page: memory_failure() succeeds or knows it");
	check(!bad_two, "two pages: memory_failure() succeeds for both");
	race_over();
	check(alive(), "the filesystem goes on");
	finish_race();
}

SCENARIO("two failures at once: the same page, and neighbours",
	.cpus = 8, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
