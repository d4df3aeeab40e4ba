// SPDX-License-Identifier: GPL-2.0
/*
 * A block that failed by a machine check, with no bad block on record, is used
 * again: by another file, as the target of a copy on write, by another
 * filesystem. Once all of it is written, it is as good as any other block.
 */
#include "devices.h"

#define SMALL	"-d size=320m"		/* soon filled */
#define NR	3

static unsigned long pfn_at(const char *path, off_t offset)
{
	return pmem_pfn(PMEM, file_physical(path, offset));
}

/* A byte through the mapping at p->at, the whole page, or a part of it. */
static bool write_to(int way, struct proc *p, const char *path, off_t at,
		     const char *claim)
{
	return check_result(way == 0 ? store(p, p->at + 8, 'N') :
			    way == 1 ? write_page(path, at, 'N') :
				       write_bytes(path, at + 8, 1, 'N'),
			    0, "%s", claim);
}

/* Only the written bytes have changed, and every reader sees them. */
static bool shows(int way, struct proc *p, const char *path, off_t at, int old)
{
	return read_byte(path, at + 8) == 'N' && load(p, p->at + 8) == 'N' &&
	       load(p, p->at + 9) == (way == 1 ? 'N' : old);
}

/* Page 1 through a mapping, page 3 by a full write, page 5 by a partial one. */
static void another_file(void)
{
	static const char *const ways[NR] = {
		"stored to", "written", "written in part"
	};
	const char *f = file("f"), *all = file("all");
	struct proc *p = start("p");
	struct looks before[NR];
	int64_t physical[NR];
	int i;

	make_file(f, 8 * PAGE);
	for (i = 0; i < NR; i++) {
		physical[i] = file_physical(f, (2 * i + 1) * PAGE);
		fail_for_certain(&before[i], pmem_pfn(PMEM, physical[i]));
	}
	remove_file(f);
	take_all_space(all);
	/* In reverse order, so that the count matches the one taken before. */
	for (i = NR - 1; i >= 0; i--) {
		off_t at = file_offset(all, physical[i]);

		part("another file, %s", ways[i]);
		must(at >= 0, "it has not got the block");
		map(p, all, at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
		write_to(i, p, all, at, "it can be written to");
		check_as_before(&before[i]);
		check(shows(i, p, all, at, 0), "it has what was written");
	}
	check(got_none(p), "no signal is sent");
	finish(p);
	remove_file(all);
}

/*
 * XFS preallocates blocks for copies of the pages around the first one that is copied.
 * They fail before they are used.
 */
static void copy(void)
{
	static const char *const ways[NR] = {
		"store", "write", "write of a part"
	};
	const char *f = file("f"), *g = file("g");
	struct proc *p = start("p");
	struct looks before;
	int64_t first;
	int i;

	make_file(f, 64 * PAGE);
	clone_file(f, g);
	must(!write_page(g, 4 * PAGE, '1'), "pwrite");
	first = file_physical(g, 4 * PAGE) - 4 * PAGE;
	for (i = 0; i < NR; i++) {
		off_t at = (10 + 2 * i) * PAGE;

		part("copy on write by a %s", ways[i]);
		map(p, g, at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
		fail_for_certain(&before, pmem_pfn(PMEM, first + at));
		must(!write_to(i, p, g, at, "it succeeds") ||
		     file_physical(g, at) == first + at,
		     "it has not got the block");
		check_as_before(&before);
		check(shows(i, p, g, at, fill(10 + 2 * i)),
		      "the copy is as it should be");
		check(read_byte(f, at + 8) == fill(10 + 2 * i),
		      "the other file is as it was");
	}
	check(got_none(p), "no signal is sent");
	finish(p);
}

/* mkfs does not write the block; the new filesystem allocates it to a file. */
static void another_filesystem(void)
{
	const char *f = file("new");
	struct looks before;
	struct proc *p;

	part("another filesystem");
	check(unmount(), "the old one unmounts");
	mount_xfs(SMALL);
	make_file(f, 4 * PAGE);
	fail_for_certain(&before, pfn_at(f, PAGE));
	must(unmount(), "it does not unmount");
	mount_xfs(SMALL);
	make_file(f, 4 * PAGE);
	must(pfn_at(f, PAGE) == before.pfn, "it has the first file elsewhere");
	check_as_before(&before);
	p = map_by("p", f, PAGE);
	check(p->byte == fill(1) && read_byte(f, PAGE) == fill(1),
	      "its file is good");
	finish(p);
}

/* As mkfs writes */
static void block_device(void)
{
	const char *f = file("direct");
	struct looks before;
	int64_t physical;
	char *page;
	int fd;

	part("O_DIRECT to the block device");
	make_file(f, 4 * PAGE);
	physical = file_physical(f, PAGE);
	fail_for_certain(&before, pfn_at(f, PAGE));
	must(unmount(), "it does not unmount");
	fd = open_file(PMEM, O_RDWR | O_DIRECT);
	must(!posix_memalign((void **)&page, PAGE, 2 * PAGE), "no memory");
	memset(page, 'D', 2 * PAGE);
	check(pwrite(fd, page, 512, physical) == -1 && errno == EIO &&
	      flagged(before.pfn), "writing a part of it draws EIO");
	/* mkfs's buffers are not aligned to pages: the driver gets it in two parts. */
	check(pwrite(fd, page + 512, PAGE, physical) == PAGE,
	      "writing all of it succeeds");
	check_as_before(&before);
	free(page);
	close(fd);
	mount_fs(PMEM, "xfs", "dax=always");
	check(read_byte(f, PAGE) == 'D' && read_byte(f, 0) == fill(0),
	      "the file has what was written");
}

static void run(void)
{
	mount_xfs(SMALL);
	another_file();
	copy();
	another_filesystem();
	block_device();
	part("after all");
	check(alive(), GOES_ON);
}

SCENARIO("failed blocks that are not on record are used again",
	/* Base zeroes the block for its new file through the direct map. */
	.base.splat = "RIP: 0010:__memcpy_flushcache",
	.core.says = "copy on write by a store: memory_failure\\(\\) fails");
