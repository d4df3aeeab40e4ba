// SPDX-License-Identifier: GPL-2.0
/*
 * MADV_HWPOISON by a process that maps the page: it is the consumer. It needs
 * to act now (BUS_MCEERR_AR), whatever policy it has; the others may.
 */
#include "scenario.h"

#define UNMAPPED	"no process maps the page any longer"

static void consume(const char *title, bool early)
{
	struct proc *consumer = start("consumer"), *other = start("sharer");
	unsigned long at_consumer, at_other;
	int ret;

	part("%s", title);
	early_kill(early);
	make_file(file("%d.f", early), 4 * PAGE);
	clone_file(file("%d.f", early), file("%d.g", early));
	at_other = map_page(other, file("%d.f", early), PAGE);
	at_consumer = map_page(consumer, file("%d.g", early), PAGE);

	ret = advise(consumer, at_consumer, PAGE, MADV_HWPOISON);
	if (!check(!ret, "madvise() succeeds"))
		remark("%s", strerror(-ret));
	check(told(consumer, BUS_MCEERR_AR, at_consumer, PAGE_LSB),
	      "the consumer gets BUS_MCEERR_AR");
	check(early ? told(other, BUS_MCEERR_AO, at_other, PAGE_LSB) :
		      untold(other),
	      early ? "the sharer gets BUS_MCEERR_AO" : "the sharer gets nothing");
	check(!maps(consumer, at_consumer) && !maps(other, at_other), UNMAPPED);
}

static void run(void)
{
	mount_xfs(NULL);
	consume("early", true);
	consume("late", false);
}

SCENARIO("MADV_HWPOISON by a sharer: the consumer must act, others may",
	.base.fails = { "late: " UNMAPPED });
