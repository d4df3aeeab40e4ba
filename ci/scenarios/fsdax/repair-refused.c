// SPDX-License-Identifier: GPL-2.0
/*
 * Writes that cannot repair a failed page (an unreadable buffer, a part of the
 * page) must leave it failed and on record. A driver that clears the error
 * first loses the record, and the old content passes for good data.
 */
#include "devices.h"

#define KEPT	"the bad block stays on record"

static void refused(const struct looks *before, int ret, int error)
{
	check_result(ret, error, "the write fails with %s", strerror(-error));
	check(bad_block_recorded(), KEPT);
	check_failed(before);
}

static int write_from(const char *path, int flags, const void *buffer,
		      size_t size, off_t offset)
{
	int fd = open_file(path, O_WRONLY | flags);
	int ret = pwrite(fd, buffer, size, offset) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

static void run(void)
{
	struct looks before;
	int64_t physical;
	void *buffer;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	physical = file_physical(file("f"), PAGE);
	fail_for_certain(&before, pmem_pfn(PMEM, physical));
	put_on_record(physical);

	part("unreadable buffer");
	buffer = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(buffer != MAP_FAILED, "mmap: %m");
	refused(&before, write_from(file("f"), 0, buffer, PAGE, PAGE), -EFAULT);

	part("a part of the page");
	must(!posix_memalign(&buffer, PAGE, PAGE), "posix_memalign: %m");
	memset(buffer, 'P', PAGE);
	check(unmount(), "the filesystem unmounts");
	refused(&before, write_from(PMEM, O_DIRECT, buffer, 512, physical), -EIO);

	part("all of the page");
	mount_fs(PMEM, "xfs", "dax=always");
	check(read_byte(file("f"), PAGE) == -EIO, "reading it draws EIO first");
	check(!write_page(file("f"), PAGE, 'R'), "writing it succeeds");
	check_as_before(&before);
	check(!bad_block_recorded(), "no bad block is on record");
	check(read_byte(file("f"), PAGE) == 'R', "what was written can be read");
}

SCENARIO("writes that cannot repair a failed page leave it failed",
	/* The first write loses the record, the second hits a gap in the direct map. */
	.base.splat = "RIP: 0010:__memcpy_flushcache");
