// SPDX-License-Identifier: GPL-2.0
/*
 * File data that no process maps fails: each file in use that lost data is
 * reported, the filesystem goes on, and the page is not mapped later.
 */
#include "devices.h"

#define STOPPED	"a process that maps it later draws BUS_MCEERR_AR"

enum owners { MAPPED_BEFORE, IN_USE, SOME_IN_USE, NOT_IN_USE };

static void fail_page(const char *title, enum owners owners)
{
	struct proc *p, *q, *before = start("before");
	const char *a = file("%d.a", owners), *b = file("%d.b", owners);
	const int nr = owners < SOME_IN_USE ? 2 : owners == SOME_IN_USE;
	struct monitor *m;
	int64_t physical;
	int fds[2];

	part("%s", title);
	make_file(a, 4 * PAGE);
	clone_range(a, 0, 4 * PAGE, b, 8 * PAGE);
	physical = file_physical(a, PAGE);
	if (owners == MAPPED_BEFORE) {
		/* The files keep their DAX entries for the page. */
		unsigned long at = map_page(before, a, PAGE);

		unmap(before, map_page(before, b, 9 * PAGE), PAGE);
		unmap(before, at, PAGE);
	}
	/* Once written back, inodes are evicted with the caches unless open. */
	settle();
	if (nr > 0)
		fds[0] = open_file(a, O_RDONLY);
	if (nr > 1)
		fds[1] = open_file(b, O_RDONLY);
	drop_caches();
	drop_caches();
	m = start_monitor(MNT);

	machine_check_and_check(pmem_pfn(PMEM, physical));
	check(lost_reports(m, nr) == nr,
	      "as many files are reported as are in use");
	check(reported_media(m, DATA_DEVICE, physical),
	      "the place on the medium is reported once");
	if (nr > 0)
		check(reported_lost(m, a, PAGE), "the first file is reported");
	if (nr > 1)
		check(reported_lost(m, b, 9 * PAGE),
		      "the second is reported, with its own offset");
	check(alive(), GOES_ON);

	p = map_unread("later", b, 9 * PAGE, MAP_SHARED);
	check(stopped(p), STOPPED);
	q = map_by("neighbour", b, 10 * PAGE);
	check(q->byte == fill(2), "the next page can be mapped");
	stop_monitor(m);
	if (nr > 0)
		close(fds[0]);
	if (nr > 1)
		close(fds[1]);
	finish_all();
}

static void run(void)
{
	mount_xfs(NULL);
	fail_page("both open", IN_USE);
	fail_page("open, and mapped before", MAPPED_BEFORE);
	fail_page("one open, one not in use", SOME_IN_USE);
	fail_page("none in use", NOT_IN_USE);
}

#define FAILS(part)	part FLAG_CHECK, part STOPPED

SCENARIO("unmapped data fails: reports, and no mapping",
	/* Base flags only pages that a file maps, and maps what is flagged. */
	.base.fails = { FAILS("both open: "), "open, and mapped before: " STOPPED,
			FAILS("one open, one not in use: "),
			FAILS("none in use: ") });
