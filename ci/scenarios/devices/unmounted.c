// SPDX-License-Identifier: GPL-2.0
/*
 * A page fails while no filesystem is mounted: memory_failure() reports an
 * error. The page is flagged, and is not mapped once a filesystem is mounted.
 */
#include "devices.h"

#define STOPPED	"a process that maps it later draws BUS_MCEERR_AR"

static void fail_page(const char *title, int64_t physical)
{
	unsigned long pfn = pmem_pfn(PMEM, physical);
	struct looks before;

	part("%s", title);
	look(&before, pfn);
	check_result(machine_check(pfn), -EBUSY, "memory_failure() says EBUSY");
	check_failed(&before);
}

/* The outcome, once mounted. */
static void look_after(const char *title, const char *path)
{
	struct proc *p = map_unread("reader", path, PAGE, MAP_SHARED);

	part("%s", title);
	check(stopped(p), STOPPED);
	p = map_by("neighbour", path, 2 * PAGE);
	check(p->byte == fill(2), "the next page can be mapped");
	check(alive(), "the filesystem works");
	finish_all();
}

static void run(void)
{
	struct proc *p;
	int64_t f, g;

	fail_page("no filesystem yet", 1 << 30);

	mount_xfs(NULL);
	part("a filesystem");
	make_file(file("f"), 4 * PAGE);
	make_reflinks(8 * PAGE, "g", "h");
	f = file_physical(file("f"), PAGE);
	g = file_physical(file("g"), PAGE);
	must(f > 0 && g > 0);
	check(unmount(), "it unmounts");

	fail_page("unmounted", f);
	mount_fs(PMEM, "xfs", "dax=always");
	look_after("mounted again", file("f"));
	part("mounted again");
	check(unmount(), "it unmounts");

	fail_page("between two mounts", g);
	mount_fs(PMEM, "xfs", "dax=always");
	look_after("mounted a third time, one file", file("g"));
	look_after("mounted a third time, its reflink", file("h"));

	/* Another page, now that it is mounted: the failure is handled as usual. */
	part("mounted again");
	p = map_by("mapper", file("h"), 3 * PAGE);
	must(page_of(p) == file_pfn(file("h"), 3 * PAGE),
	     "pages are not where they were failed");
	poison_and_check(page_of(p));
	check(got_ao(p), "a process that has the page mapped gets BUS_MCEERR_AO");
}

SCENARIO("a page fails where nothing is mounted: no filesystem, umount",
	/* Base flags only what is mapped, and maps what is flagged. */
	.base.fails = {
		"no filesystem yet: " FLAG_CHECK,
		"unmounted: " FLAG_CHECK,
		"mounted again: " STOPPED,
		"between two mounts: " FLAG_CHECK,
		"mounted a third time, one file: " STOPPED,
		"mounted a third time, its reflink: " STOPPED,
	});
