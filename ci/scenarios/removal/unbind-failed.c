// SPDX-License-Identifier: GPL-2.0
/*
 * A device with a failed page goes away and comes back. The count and the gap
 * in the direct map must go with it, for the next user of the memory.
 */
#include "devices.h"

static void come_and_go(const char *title, bool mounted)
{
	struct proc *p = start("mapper");
	struct looks before;
	unsigned long at;

	part("%s", title);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	at = map_page(p, file("f"), PAGE);
	look(&before, pfn_of(p, at));
	machine_check_and_check(before.pfn);
	if (!mounted) {
		finish(p);
		check(unmount(), UNMOUNTS);
	}
	unbind(PMEM);
	check(hardware_corrupted() == before.corrupted,
	      "HardwareCorrupted is what it was before");
	if (mounted) {
		finish(p);
		check(unmount(), UNMOUNTS);
	}
	rebind(PMEM);
	check_as_before(&before);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	must(pmem_pfn(PMEM, file_physical(file("f"), PAGE)) == before.pfn,
	     "the new filesystem has its first file elsewhere");
	check(read_byte(file("f"), PAGE) == fill(1),
	      "a new filesystem can use the page");
	check(unmount(), "that unmounts, too");
}

static void run(void)
{
	come_and_go("not mounted", false);
	come_and_go("mounted", true);
}

SCENARIO("a device with failed pages goes away and comes back",
	/* The gap in base's direct map is still there. */
	.base.splat = "RIP: 0010:__memcpy_flushcache");
