// SPDX-License-Identifier: GPL-2.0
/* A reflink that was written to has a block of its own: it shares no failure. */
#include "scenario.h"

static void run(void)
{
	struct proc *a, *b, *stored, *read_stored, *written;
	unsigned long at_a, at_b, at_stored, at_read_stored, at_written;

	mount_xfs(NULL);
	make_file(file("a"), 4 * PAGE);
	clone_file(file("a"), file("b"));
	clone_file(file("a"), file("stored"));
	clone_file(file("a"), file("read-stored"));
	clone_file(file("a"), file("written"));

	a = start("a");
	b = start("b");
	stored = start("stored");
	read_stored = start("read, then stored");
	written = start("written");
	at_a = map_page(a, file("a"), PAGE);
	at_b = map_page(b, file("b"), PAGE);
	at_stored = map(stored, file("stored"), PAGE, PAGE,
			PROT_READ | PROT_WRITE, MAP_SHARED);
	must(!store(stored, at_stored, '1'), "a store drew a signal");
	at_read_stored = map_page(read_stored, file("read-stored"), PAGE);
	must(!store(read_stored, at_read_stored, '2'), "a store drew a signal");
	must(!write_page(file("written"), PAGE, '3'), "pwrite");
	at_written = map_page(written, file("written"), PAGE);
	must(pfn_of(a, at_a) == pfn_of(b, at_b) &&
	     pfn_of(a, at_a) != pfn_of(stored, at_stored) &&
	     pfn_of(a, at_a) != pfn_of(read_stored, at_read_stored) &&
	     pfn_of(a, at_a) != pfn_of(written, at_written),
	     "copy on write has not happened");

	part("the shared page");
	poison_and_check(pfn_of(a, at_a));
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
	      "those that share it get BUS_MCEERR_AO");
	check(!maps(a, at_a) && !maps(b, at_b),
	      "no process maps the page any longer");
	check(untold(stored) & untold(read_stored) & untold(written),
	      "those that have a copy get nothing");
	check(maps(stored, at_stored) && maps(read_stored, at_read_stored) &&
	      maps(written, at_written), "copies stay mapped");
	check(load(stored, at_stored) == '1' &&
	      load(read_stored, at_read_stored) == '2' &&
	      load(written, at_written) == '3', "copies keep their data");

	part("a copy");
	forget(a);
	forget(b);
	poison_and_check(pfn_of(stored, at_stored));
	check(told(stored, BUS_MCEERR_AO, at_stored, PAGE_LSB) &&
	      !maps(stored, at_stored), "its owner gets BUS_MCEERR_AO");
	check(untold(a) & untold(b) & untold(read_stored) & untold(written),
	      "no other process is signalled");
}

SCENARIO("reflinks copied on write, by store and by pwrite, are bystanders");
