// SPDX-License-Identifier: GPL-2.0
/* A reflink that was written to has its own block: the failure spares it. */
#include "scenario.h"

static void run(void)
{
	struct proc *a, *b, *stored, *read_stored, *written;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "a", "b", "stored", "read-stored", "written");
	a = map_by("a", file("a"), PAGE);
	b = map_by("b", file("b"), PAGE);
	stored = map_unread("stored", file("stored"), PAGE, MAP_SHARED);
	store_byte(stored, '1');
	read_stored = map_by("read, then stored", file("read-stored"), PAGE);
	store_byte(read_stored, '2');
	must(!write_page(file("written"), PAGE, '3'), "pwrite");
	written = map_by("written", file("written"), PAGE);
	must(written->byte == '3', "wrong data");
	must(page_of(a) == page_of(b) && page_of(a) != page_of(stored) &&
	     page_of(a) != page_of(read_stored) &&
	     page_of(a) != page_of(written), "copy on write has not happened");

	part("the shared page");
	poison_and_check(page_of(a));
	check_lost("those that share it get BUS_MCEERR_AO", a, b);
	check(all(got_none, stored, read_stored, written),
	      "those that have a copy get nothing");
	check(all(has, stored, read_stored, written), "copies stay mapped");
	check(all(reads, stored, read_stored, written), "copies keep their data");

	part("a copy");
	forget(a);
	forget(b);
	poison_and_check(page_of(stored));
	check(hit(stored), "its owner gets BUS_MCEERR_AO");
	check(all(got_none, a, b, read_stored, written),
	      "no other process is signalled");
}

SCENARIO("reflinks copied on write, by store and by pwrite, are bystanders");
