// SPDX-License-Identifier: GPL-2.0
/*
 * A dirty page fails before fsync(), which must report the loss and not flush
 * the page. It must flush other pages, including those of the same PMD, but
 * need not report anything for them.
 */
#include "scenario.h"

#define SAYS_SO	"fsync() says that data is lost"

static void lose(const char *title, bool huge)
{
	const char *f = file("%s", title);
	struct proc *a = start("a");
	int fd, ret;

	part("%s", title);
	if (huge) {
		make_huge_file(f, PMD);
		map_huge(a, f, 0, PMD);
	} else {
		make_file(f, 4 * PAGE);
		map(a, f, 0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	}
	fd = open_file(f, O_RDWR);
	must(!store(a, a->at, '0') && !store(a, a->at + PAGE, '1'), "store");
	check(!fsync(fd), "fsync() succeeds");
	must(!store(a, a->at, '2') && !store(a, a->at + PAGE, '3'), "store");
	machine_check(pfn_of(a, a->at + PAGE));

	ret = fsync(fd) ? -errno : 0;
	if (!huge)
		check_result(ret, -EIO, SAYS_SO);
	check(!fsync(fd), "fsync() says so once at most");
	forget(a);
	check(load(a, a->at) == '2' && !store(a, a->at, '4') && !fsync(fd),
	      "other pages go on as before");
	close(fd);
	finish(a);
}

static void run(void)
{
	mount_xfs("-d agsize=256m,su=2m,sw=1");
	lose("small", false);
	lose("huge", true);
	part("after all");
	check(alive(), GOES_ON);
}

SCENARIO("a page fails before what was stored to it is durable",
	.seconds = 45,
	/*
	 * Base flushes a page that is not in the direct map. QEMU's emulated processors
	 * ignore that, so the only effect is a wrong return value.
	 */
	.base.splat = "RIP: 0010:arch_wb_cache_pmem",
	.base.says = "^not ok [0-9]+ - small: fsync\\(\\) says that data is lost");
