// SPDX-License-Identifier: GPL-2.0
/*
 * MADV_HWPOISON makes the calling process the consumer. For it, action is
 * required (BUS_MCEERR_AR) under any policy; for the others it is optional.
 */
#include "scenario.h"

static void consume(const char *title, bool early)
{
	struct proc *consumer, *other;

	part("%s", title);
	early_kill(early);
	make_file(file("%d.f", early), 4 * PAGE);
	clone_file(file("%d.f", early), file("%d.g", early));
	other = map_by("sharer", file("%d.f", early), PAGE);
	consumer = map_by("consumer", file("%d.g", early), PAGE);

	check_result(advise(consumer, consumer->at, PAGE, MADV_HWPOISON), 0,
		     "madvise() succeeds");
	check(got(consumer, BUS_MCEERR_AR, consumer->at, PAGE_LSB),
	      "the consumer gets BUS_MCEERR_AR");
	check(early ? got_ao(other) : got_none(other),
	      early ? "the sharer gets BUS_MCEERR_AO" : "the sharer gets nothing");
	check(all(lost, consumer, other), UNMAPPED);
}

static void run(void)
{
	mount_xfs(NULL);
	consume("early", true);
	consume("late", false);
}

SCENARIO("MADV_HWPOISON by a sharer: the consumer must act, others may",
	.base.fails = { "late: " UNMAPPED });
