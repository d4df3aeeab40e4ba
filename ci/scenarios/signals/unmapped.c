// SPDX-License-Identifier: GPL-2.0
/*
 * A file's data fails while nobody has it mapped. Nobody can be signalled, but
 * each file in use that lost data is reported; the filesystem goes on, and who
 * comes for the page later does not get it.
 */
#include "devices.h"

#define STOPPED	"a process that maps it later draws BUS_MCEERR_AR"

enum owners { MAPPED_BEFORE, IN_USE, SOME_IN_USE, NOT_IN_USE };

static int use(const char *path)
{
	int fd = open(path, O_RDONLY);

	must(fd >= 0, "open %s: %m", path);
	return fd;
}

static void fail_page(const char *title, enum owners who)
{
	struct proc *p = start("later"), *q = start("neighbour"),
		    *before = start("before");
	struct monitor *m;
	unsigned long at, at_next;
	int64_t physical;
	int fds[2] = { -1, -1 }, nr;

	part("%s", title);
	make_file(file("%d.a", who), 4 * PAGE);
	clone_range(file("%d.a", who), 0, 4 * PAGE, file("%d.b", who),
		    8 * PAGE);
	physical = file_physical(file("%d.a", who), PAGE);
	if (who == MAPPED_BEFORE) {
		/* The files keep their entries of the page. */
		at = map_page(before, file("%d.a", who), PAGE);
		at_next = map_page(before, file("%d.b", who), 9 * PAGE);
		unmap(before, at, PAGE);
		unmap(before, at_next, PAGE);
	}
	/* Written back, inodes leave with the caches unless a file is open. */
	settle();
	if (who != NOT_IN_USE)
		fds[0] = use(file("%d.a", who));
	if (who < SOME_IN_USE)
		fds[1] = use(file("%d.b", who));
	drop_caches();
	drop_caches();
	m = start_monitor(MNT);

	machine_check_and_check(pmem_pfn(PMEM, physical));
	nr = (fds[0] >= 0) + (fds[1] >= 0);
	check(lost_reports(m, nr) == nr,
	      "as many files are reported as are in use");
	check(reported_media(m, DATA_DEVICE, physical),
	      "the place on the medium is reported once");
	if (fds[0] >= 0)
		check(reported_lost(m, file("%d.a", who), PAGE),
		      "the first file is reported");
	if (fds[1] >= 0)
		check(reported_lost(m, file("%d.b", who), 9 * PAGE),
		      "the second is reported, with its own offset");
	check(alive(), "the filesystem goes on");

	at = map(p, file("%d.b", who), 9 * PAGE, PAGE, PROT_READ, MAP_SHARED);
	check(load(p, at) == SIGNALLED &&
	      told(p, BUS_MCEERR_AR, at, PAGE_LSB), STOPPED);
	at_next = map_page(q, file("%d.b", who), 10 * PAGE);
	check(load(q, at_next) == fill(2), "the next page can be mapped");
	stop_monitor(m);
	if (fds[0] >= 0)
		close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	finish(p);
	finish(q);
	finish(before);
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
