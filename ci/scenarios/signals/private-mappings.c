// SPDX-License-Identifier: GPL-2.0
/* MAP_PRIVATE: readers map the file's page and lose it, writers have a copy. */
#include "scenario.h"

#define BYSTANDER	"a process that has a private copy gets nothing"

static void run(void)
{
	struct proc *shared, *reader, *writer, *both;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g");
	shared = map_by("shared", file("f"), PAGE);
	reader = map_unread("private reader", file("g"), PAGE, MAP_PRIVATE);
	writer = map_unread("private writer", file("g"), PAGE, MAP_PRIVATE);
	both = map_unread("read, then wrote", file("f"), PAGE, MAP_PRIVATE);
	must(reads(both), "wrong data");
	store_byte(both, '2');
	store_byte(writer, '1');
	must(reads(reader) && reads(shared), "wrong data");

	poison_and_check(page_of(shared));
	check_lost("a process that maps the file's page gets BUS_MCEERR_AO, shared or private",
		   shared, reader);
	check(all(got_none, writer, both), BYSTANDER);
	check(has(writer) && reads(writer) && has(both) && reads(both),
	      "private copies stay as they are");
}

SCENARIO("private mappings: readers lose the page, writers have a copy",
	.base.fails = { BYSTANDER });
