// SPDX-License-Identifier: GPL-2.0
/*
 * MAP_PRIVATE: who has only read has the file's page and loses it; who has
 * written has a page of its own and loses nothing.
 */
#include "scenario.h"

#define BYSTANDER	"a process that has a private copy gets nothing"

static void run(void)
{
	struct proc *shared, *reader, *writer, *both;
	unsigned long at_shared, at_reader, at_writer, at_both;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));

	shared = start("shared");
	at_shared = map_page(shared, file("f"), PAGE);
	reader = start("private reader");
	at_reader = map(reader, file("g"), PAGE, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE);
	writer = start("private writer");
	at_writer = map(writer, file("g"), PAGE, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE);
	both = start("read, then wrote");
	at_both = map(both, file("f"), PAGE, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE);
	must(load(both, at_both) == fill(1), "wrong data");
	must(!store(both, at_both, '2') && !store(writer, at_writer, '1'),
	     "a private store drew a signal");
	must(load(reader, at_reader) == fill(1), "wrong data");
	must(load(shared, at_shared) == fill(1), "wrong data");

	poison_and_check(pfn_of(shared, at_shared));
	check(told(shared, BUS_MCEERR_AO, at_shared, PAGE_LSB) &
	      told(reader, BUS_MCEERR_AO, at_reader, PAGE_LSB),
	      "a process that maps the file's page gets BUS_MCEERR_AO, shared or private");
	check(!maps(shared, at_shared) && !maps(reader, at_reader),
	      "no process maps the page any longer");
	check(untold(writer) & untold(both), BYSTANDER);
	check(maps(writer, at_writer) && load(writer, at_writer) == '1' &&
	      maps(both, at_both) && load(both, at_both) == '2',
	      "private copies stay as they are");
}

SCENARIO("private mappings: readers lose the page, writers have a copy",
	.base.fails = { BYSTANDER });
