// SPDX-License-Identifier: GPL-2.0
/*
 * What XFS reports to its health monitor (xfs_healer): the place on the medium that
 * failed, and each file in use that lost data, mapped or not.
 */
#include <poll.h>
#include <sys/fanotify.h>
#include "devices.h"

static void reports(void)
{
	struct proc *a = start("a");
	int idle = open_file(file("idle"), O_RDONLY);
	struct monitor *m;

	clone_range(file("a"), 0, 4 * PAGE, file("b"), 8 * PAGE);
	make_file(file("other"), 4 * PAGE);
	map_page(a, file("a"), PAGE);
	map_by("b", file("b"), 9 * PAGE);
	map_by("other", file("other"), PAGE);
	m = start_monitor(MNT);

	poison_and_check(page_of(a));
	check(lost_reports(m, 3) == 3, "three files are reported");
	check(reported_media(m, DATA_DEVICE, file_physical(file("a"), PAGE)),
	      PLACE_REPORTED);
	check(reported_lost(m, file("a"), PAGE) &&
	      reported_lost(m, file("b"), 9 * PAGE),
	      "each mapped file is reported, with its own offset");
	check(reported_lost(m, file("idle"), PAGE),
	      "a file that is open and not mapped is reported");
	stop_monitor(m);
	close(idle);
}

/*
 * File data that no process maps: the filesystem goes on, and the page is not
 * mapped later.
 */
#define STOPPED	"a process that maps it later draws BUS_MCEERR_AR"

enum owners { MAPPED_BEFORE, IN_USE, SOME_IN_USE, NOT_IN_USE };

static void fail_page(const char *title, enum owners owners)
{
	struct proc *p, *before = start("before");
	const char *a = file("%d.a", owners), *b = file("%d.b", owners);
	const int nr = owners < SOME_IN_USE ? 2 : owners == SOME_IN_USE;
	struct monitor *m;
	int64_t physical;
	int fds[2], i;

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
	for (i = 0; i < nr; i++)
		fds[i] = open_file(i ? b : a, O_RDONLY);
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
	p = map_by("neighbour", b, 10 * PAGE);
	check(p->byte == fill(2), "the next page can be mapped");
	stop_monitor(m);
	for (i = 0; i < nr; i++)
		close(fds[i]);
	finish_all();
}

static void unmapped(void)
{
	fail_page("both open", IN_USE);
	fail_page("open, and mapped before", MAPPED_BEFORE);
	fail_page("one open, one not in use", SOME_IN_USE);
	fail_page("none in use", NOT_IN_USE);
}

#define FAILS(part)	part FLAG_CHECK, part STOPPED

/* The same on ext4, which has no health monitor: fanotify. */
#define TOLD	"a program that watches the filesystem is told"

static void ext4_reports(void)
{
	char buf[512] __attribute__((aligned(8)));
	struct fanotify_event_metadata *event = (void *)buf;
	struct pollfd fan = { .events = POLLIN };
	struct proc *p;

	mount_ext4("");
	make_file(file("f"), 4 * PAGE);
	p = map_by("p", file("f"), PAGE);
	fan.fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
	must(fan.fd >= 0);
	must(!fanotify_mark(fan.fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_FS_ERROR,
			    AT_FDCWD, MNT));
	poison_and_check(page_of(p));
	check(got_ao(p), "the process is signalled");
	check(poll(&fan, 1, 5000) == 1 &&
	      read(fan.fd, buf, sizeof(buf)) >= (ssize_t)sizeof(*event) &&
	      event->mask & FAN_FS_ERROR, TOLD);
	close(fan.fd);
}

SCENARIOS(
	{ "reports", "what XFS reports of a failed page to its monitor",
	  reports, .files = { "a", "idle" } },
	{ "ext4-reports", "what ext4 reports of a failed page",
	  ext4_reports, .base.fails = { TOLD }, BETWEEN_AS_BASE },
	{ "unmapped", "unmapped data fails: reports, and no mapping",
	  unmapped, .xfs = "",
	  /* Base flags only pages that a file maps, and maps what is flagged. */
	  .base.fails = { FAILS("both open: "),
			  "open, and mapped before: " STOPPED,
			  FAILS("one open, one not in use: "),
			  FAILS("none in use: ") } }
);
