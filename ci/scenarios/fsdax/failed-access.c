// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own accesses to a page that a machine check has taken out of the
 * direct map, without a bad block on record: memmap='s device learns of no machine
 * check. Each access fails with an error, and none with an oops. The other pages
 * of the file keep their data.
 */
#include "devices.h"

static void refused(int ret, const char *what)
{
	if (!check(ret == -EIO, "%s draws EIO", what))
		remark("it returned %d", ret);
}

static int read_device(int64_t physical)
{
	int fd = open(PMEM, O_RDONLY | O_DIRECT), ret;
	void *page;

	must(fd >= 0 && !posix_memalign(&page, PAGE, PAGE), PMEM ": %m");
	ret = pread(fd, page, PAGE, physical) < 0 ? -errno : 0;
	free(page);
	close(fd);
	return ret;
}

/* All but page 1 */
static bool has_rest(const char *path)
{
	return read_byte(path, 0) == fill(0) &&
	       read_byte(path, PAGE - 1) == fill(0) &&
	       read_byte(path, 2 * PAGE) == fill(2) &&
	       read_byte(path, 4 * PAGE - 1) == fill(3);
}

static void run(void)
{
	const char *f = file("f"), *good = file("good"), *clone = file("clone");
	struct proc *p = start("p");
	unsigned long at;
	int64_t physical;
	struct looks before;

	mount_xfs(NULL);
	make_file(f, 4 * PAGE);
	make_file(good, 4 * PAGE);
	physical = file_physical(f, PAGE);
	look(&before, pmem_pfn(PMEM, physical));
	must(!machine_check(before.pfn), "memory_failure() fails");
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
	at = map(p, f, PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	check(store(p, at, 'x') == SIGNALLED &&
	      told(p, BUS_MCEERR_AR, at, PAGE_LSB),
	      "a store to a private mapping draws BUS_MCEERR_AR");

	check_failed(&before);
	check(has_rest(f) && has_rest(clone), "the rest of the file is there");
	check(has_rest(good) && read_byte(good, PAGE) == fill(1) &&
	      file_physical(good, PAGE) != physical,
	      "the good file is as it was");
	check(alive(), "the filesystem goes on");
}

SCENARIO("what the kernel does with a failed page that is not on record",
	.base.splat = "RIP: 0010:memcmp");
