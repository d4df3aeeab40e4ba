// SPDX-License-Identifier: GPL-2.0
/*
 * A page of the device fails while no filesystem is there, or none is mounted:
 * nobody can say what is lost, and the answer is an error. The page is flagged
 * all the same, and nothing maps it once a filesystem is mounted.
 */
#include <errno.h>
#include "devices.h"

#define STOPPED	"a process that maps it later draws BUS_MCEERR_AR"

static void fail_page(const char *title, int64_t physical)
{
	unsigned long pfn = pmem_pfn(PMEM, physical);
	struct looks before;
	int ret;

	part("%s", title);
	look(&before, pfn);
	ret = machine_check(pfn);
	if (!check(ret == -EBUSY, "memory_failure() says EBUSY"))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check_failed(&before);
}

/* What came of it, once mounted. */
static void look_after(const char *title, const char *path)
{
	struct proc *p = start("reader"), *q = start("neighbour");
	unsigned long at, at_next;

	part("%s", title);
	at = map(p, path, PAGE, PAGE, PROT_READ, MAP_SHARED);
	check(load(p, at) == SIGNALLED &&
	      told(p, BUS_MCEERR_AR, at, PAGE_LSB), STOPPED);
	at_next = map_page(q, path, 2 * PAGE);
	check(load(q, at_next) == fill(2), "the next page can be mapped");
	check(alive(), "the filesystem works");
	finish(p);
	finish(q);
}

/* Another page, now that it is mounted: nothing stands in the way. */
static void fail_mounted(const char *path)
{
	struct proc *p = start("mapper");
	unsigned long at = map_page(p, path, 3 * PAGE);

	part("mounted again");
	must(pfn_of(p, at) == pmem_pfn(PMEM, file_physical(path, 3 * PAGE)),
	     "pages are not where they were failed");
	poison_and_check(pfn_of(p, at));
	check(told(p, BUS_MCEERR_AO, at, PAGE_LSB),
	      "a process that has the page mapped gets BUS_MCEERR_AO");
	finish(p);
}

static void run(void)
{
	int64_t f, g;

	fail_page("no filesystem yet", 1 << 30);

	mount_xfs(NULL);
	part("a filesystem");
	make_file(file("f"), 4 * PAGE);
	make_file(file("g"), 8 * PAGE);
	clone_file(file("g"), file("h"));
	f = file_physical(file("f"), PAGE);
	g = file_physical(file("g"), PAGE);
	must(f > 0 && g > 0, "the files are nowhere");
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
	fail_mounted(file("h"));
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
