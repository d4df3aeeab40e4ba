// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own accesses to a page that a machine check took out of the
 * direct map, with no bad block on record (memmap='s device): each must fail
 * with an error and no oops, and the rest of the file must keep its data.
 */
#include "devices.h"

static void refused(int ret, const char *what)
{
	check_result(ret, -EIO, "%s draws EIO", what);
}

static int read_device(int64_t physical)
{
	int fd = open_file(PMEM, O_RDONLY | O_DIRECT), ret;
	void *page;

	must(!posix_memalign(&page, PAGE, PAGE), "no memory");
	ret = pread(fd, page, PAGE, physical) < 0 ? -errno : 0;
	free(page);
	close(fd);
	return ret;
}

/* All but page 1 */
static bool has_rest(const char *path)
{
	return page_is(path, 0, fill(0)) && page_is(path, 2, fill(2)) &&
	       page_is(path, 3, fill(3));
}

static void run(void)
{
	const char *f = file("f"), *good = file("good"), *clone = file("clone");
	struct proc *p;
	int64_t physical;
	struct looks before;

	mount_xfs(NULL);
	make_file(f, 4 * PAGE);
	make_file(good, 4 * PAGE);
	physical = file_physical(f, PAGE);
	fail_for_certain(&before, pmem_pfn(PMEM, physical));
	clone_file(f, clone);

	refused(read_byte(f, PAGE), "read()");
	refused(read_device(physical), "O_DIRECT read() of the block device");
	refused(write_bytes(f, PAGE + 100, 100, 'w'), "pwrite() of a part");
	refused(write_bytes(clone, PAGE + 100, 100, 'w'),
		"pwrite() of a part, by another file");
	refused(dedupe_range(f, 0, 4 * PAGE, good, 0), "FIDEDUPERANGE");
	refused(dedupe_range(good, PAGE, PAGE, f, PAGE),
		"FIDEDUPERANGE the other way round");
	refused(fallocate_range(f, FALLOC_FL_ZERO_RANGE, PAGE + 100, 100),
		"zeroing a part");
	refused(fallocate_range(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				PAGE + 100, 100), "punching a part");
	refused(fallocate_range(clone, FALLOC_FL_UNSHARE_RANGE, PAGE, PAGE),
		"FALLOC_FL_UNSHARE_RANGE");
	refused(truncate(clone, 2 * PAGE - 100) ? -errno : 0,
		"truncate() to a part");
	p = map_unread("p", f, PAGE, MAP_PRIVATE);
	check(store_stopped(p, p->at, 'x'),
	      "a store to a private mapping draws BUS_MCEERR_AR");

	check_failed(&before);
	check(has_rest(f) && has_rest(clone), "the rest of the file is there");
	check(has_rest(good) && page_is(good, 1, fill(1)) &&
	      file_physical(good, PAGE) != physical,
	      "the good file is as it was");
	check(alive(), GOES_ON);
}

SCENARIO("what the kernel does with a failed page that is not on record",
	.base.splat = "RIP: 0010:memcmp");
