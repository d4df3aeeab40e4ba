// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel flags and counts a page that fails by a machine check and takes it
 * out of its direct map. Writing the whole page must undo that, and nothing else
 * may. The memmap= device treats every write as a repair, QEMU's NVDIMM does not;
 * bad blocks are put on record by hand.
 */
#include "devices.h"

#define SMALL		"-d size=320m"		/* soon filled */
#define READS_EIO	"reading it draws EIO"
#define NOT_RECORDED	"no bad block is on record"

/* --- whether or not the page was mapped or is on record --- */

#define WRITTEN		"writing all of it succeeds"
#define READ		"what was written can be read"
#define MAPPED		"a mapping shows what was written"

static void repair(const char *title, bool mapped, bool recorded)
{
	const char *f = file("%s", title);
	struct proc *a = NULL, *p;
	struct looks before;

	part("%s", title);
	make_file(f, 4 * PAGE);
	if (mapped)
		a = map_by("a", f, PAGE);
	look(&before, file_pfn(f, PAGE));
	machine_check_and_check(before.pfn);
	if (recorded)
		put_on_record(file_physical(f, PAGE));
	check_result(read_byte(f, PAGE), -EIO, READS_EIO);
	if (mapped)
		check(got_ao(a), "a process that maps it gets BUS_MCEERR_AO");

	check_result(write_page(f, PAGE, 'R'), 0, WRITTEN);
	check_as_before(&before);
	check_result(read_byte(f, PAGE), 'R', READ);
	p = map_unread("reader", f, PAGE, MAP_SHARED);
	check(load(p, p->at) == 'R', MAPPED);
	finish_all();
}

static void machine_check_repair(void)
{
	repair("mapped, on record", true, true);
	repair("not mapped, on record", false, true);
	repair("mapped", true, false);
	repair("not mapped", false, false);
	part("after all");
	check(alive(), GOES_ON);
}

/*
 * --- pwrite() of a whole failed block that several files share: the file gets
 * another block; the others keep the failed one, which is repaired when it is
 * reused ---
 */

#define WHOLE		"writing the whole block succeeds"
#define RANGE		"writing more than the block, and parts of others, succeeds"
#define READ_WHOLE	"what was written to the block can be read"
#define READ_RANGE	"what was written to the range can be read"
#define AROUND		"what is around the range has not changed"
#define OTHERS_EIO	"the other owners still get EIO"
#define OTHERS_AR	"a process that maps it by another file gets BUS_MCEERR_AR"
#define IN_PLACE	"the last owner can write it in place"

/* Pages 1 and 5 of @path have failed. */
static void overwrite(const char *path)
{
	check_result(write_page(path, PAGE, 'W'), 0, WHOLE);
	check(page_is(path, 1, 'W'), READ_WHOLE);
	/* From the middle of the page before to the middle of the page after. */
	check_result(write_bytes(path, 5 * PAGE - PAGE / 2, 2 * PAGE, 'R'), 0,
		     RANGE);
	check(page_is(path, 5, 'R') && read_byte(path, 5 * PAGE - PAGE / 2) == 'R' &&
	      read_byte(path, 6 * PAGE + PAGE / 2 - 1) == 'R', READ_RANGE);
	check(read_byte(path, 5 * PAGE - PAGE / 2 - 1) == fill(4) &&
	      read_byte(path, 4 * PAGE) == fill(4) &&
	      read_byte(path, 6 * PAGE + PAGE / 2) == fill(6) &&
	      read_byte(path, 7 * PAGE - 1) == fill(6), AROUND);
}

/* No owner is left: the block goes to another file. */
static void give_away(const char *path, int64_t physical)
{
	const char *all = file("all");
	struct proc *p;
	off_t at;

	remove_file(path);
	take_all_space(all);
	at = file_offset(all, physical);
	must(at >= 0, "another file has not got the block");
	check(!write_page(all, at, 'N') && read_byte(all, at) == 'N',
	      "another file can use the block");
	p = map_by("p", all, at);
	check(p->byte == 'N', "and it can be mapped");
	finish(p);
	remove_file(all);
}

/* A write by a block's last owner is in place. */
static void write_in_place(const char *path, off_t at, int64_t physical)
{
	check(!write_page(path, at, 'L') && read_byte(path, at) == 'L' &&
	      file_physical(path, at) == physical, IN_PLACE);
}

static bool draw_eio(const char *a, const char *b, int page)
{
	return read_byte(a, page * PAGE) == -EIO &&
	       read_byte(b, page * PAGE) == -EIO;
}

static void fail_shared(const char *title, bool recorded)
{
	const char *f = file("%s.f", title), *g = file("%s.g", title),
		   *h = file("%s.h", title);
	struct looks before[2];
	int64_t physical[2];
	struct proc *a;
	int i;

	part("%s", title);
	make_file(f, 8 * PAGE);
	clone_file(f, g);
	clone_file(f, h);
	/* Base flags only mapped pages. */
	a = map_by("a", f, PAGE);
	map_by("b", h, 5 * PAGE);
	for (i = 0; i < 2; i++) {
		physical[i] = file_physical(f, (1 + 4 * i) * PAGE);
		fail_for_certain(&before[i], pmem_pfn(PMEM, physical[i]));
		if (recorded)
			put_on_record(physical[i]);
	}
	check(draw_eio(f, g, 1) && read_byte(h, 5 * PAGE) == -EIO, READS_EIO);
	check(flagged(before[0].pfn) && flagged(before[1].pfn),
	      "the pages are flagged");

	overwrite(g);
	check(draw_eio(f, h, 1) && draw_eio(f, h, 5), OTHERS_EIO);
	forget(a);
	check(stopped(a), OTHERS_AR);
	check(flagged(before[0].pfn) && flagged(before[1].pfn) &&
	      (!recorded || bad_block_recorded()),
	      "that has repaired nothing");

	/* One owner is left: it is written in place. */
	finish_all();
	remove_file(g);
	remove_file(h);
	write_in_place(f, 5 * PAGE, physical[1]);
	check_as_before(&before[1]);

	part("%s, repaired", title);
	if (recorded)
		give_away(f, physical[0]);
	else
		write_in_place(f, PAGE, physical[0]);
	check_as_before(&before[0]);
	check(!bad_block_recorded(), NOT_RECORDED);
}

static void overwrite_failed(void)
{
	fail_shared("no record", false);
	fail_shared("bad block", true);
	part("after all");
	check(alive(), GOES_ON);
}

/*
 * --- writes that cannot repair it (an unreadable buffer, a part of the page) must
 * leave it failed and on record; a driver that clears the error first loses the
 * record, and the old content passes for good data ---
 */

static void refused(const struct looks *before, int ret, int error)
{
	check_result(ret, error, "the write fails with %s", strerror(-error));
	check(bad_block_recorded(), "the bad block stays on record");
	check_failed(before);
}

/* O_DIRECT, of a part of a buffer that is aligned */
static int write_device(int64_t physical, size_t skip, size_t len, int byte)
{
	static char buffer[2 * PAGE] __attribute__((aligned(PAGE)));
	int fd = open_file(PMEM, O_WRONLY | O_DIRECT), ret;
	ssize_t n;

	memset(buffer, byte, sizeof(buffer));
	n = pwrite(fd, buffer + skip, len, physical);
	ret = n < 0 ? -errno : n == (ssize_t)len ? 0 : -ENODATA;
	close(fd);
	return ret;
}

static void repair_refused(void)
{
	int64_t physical = file_physical(file("f"), PAGE);
	int fd = open_file(file("f"), O_WRONLY), ret;
	struct looks before, next;
	void *buffer;

	must(pmem_pfn(PMEM, physical + PAGE) == file_pfn(file("f"), 2 * PAGE));
	fail_for_certain(&next, file_pfn(file("f"), 2 * PAGE));
	fail_for_certain(&before, file_pfn(file("f"), PAGE));
	put_on_record(physical);

	part("unreadable buffer");
	buffer = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(buffer != MAP_FAILED);
	ret = pwrite(fd, buffer, PAGE, PAGE) < 0 ? -errno : 0;
	refused(&before, ret, -EFAULT);
	close(fd);

	part("a part of the page");
	check(unmount(), "the filesystem unmounts");
	refused(&before, write_device(physical, 0, 512, 'P'), -EIO);

	/* The error of the first one can be cleared, but it is not written. */
	part("the page, and a part of another");
	check_result(write_device(physical, 0, PAGE + 512, 'P'), -EIO,
		     "the write fails with EIO");
	check_result(read_byte(PMEM, physical), -EIO, READS_EIO);

	part("all of the page");
	mount_fs(PMEM, "xfs", "dax=always");
	check(read_byte(file("f"), PAGE) == -EIO, "reading it draws EIO first");
	check(!write_page(file("f"), PAGE, 'R'), "writing it succeeds");
	check_as_before(&before);
	check(!bad_block_recorded(), NOT_RECORDED);
	check(read_byte(file("f"), PAGE) == 'R', READ);
}

/*
 * --- a block that is not on record is used again: by another file, as the target of
 * a copy on write, by another filesystem; once all of it is written, it is as good as
 * any other block ---
 */

#define NR	3

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

	make_reflinks(64 * PAGE, "f", "g");
	must(!write_page(g, 4 * PAGE, '1'));
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
	fail_for_certain(&before, file_pfn(f, PAGE));
	must(unmount());
	mount_xfs(SMALL);
	make_file(f, 4 * PAGE);
	must(file_pfn(f, PAGE) == before.pfn);
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

	part("O_DIRECT to the block device");
	make_file(f, 4 * PAGE);
	physical = file_physical(f, PAGE);
	fail_for_certain(&before, file_pfn(f, PAGE));
	must(unmount());
	check(write_device(physical, 0, 512, 'D') == -EIO && flagged(before.pfn),
	      "writing a part of it draws EIO");
	/* mkfs's buffers are not aligned to pages: the driver gets it in two parts. */
	check(!write_device(physical, 512, PAGE, 'D'),
	      "writing all of it succeeds");
	check_as_before(&before);
	mount_fs(PMEM, "xfs", "dax=always");
	check(read_byte(f, PAGE) == 'D' && read_byte(f, 0) == fill(0),
	      "the file has what was written");
}

static void failed_reuse(void)
{
	another_file();
	copy();
	another_filesystem();
	block_device();
	part("after all");
	check(alive(), GOES_ON);
}

/*
 * --- a page is overwritten while its failure is handled; whichever ends first, the
 * page is failed or good; a good one must be in the direct map ---
 */

#define NO_GAP		"what is not flagged is in the direct map"
#define NR_PAGES	12

static void repair_while_failing(void)
{
	int i, status, gaps = 0, refused = 0, repaired = 0;
	bool good = true;

	make_file(file("f"), NR_PAGES * PAGE);
	make_handling_last(file("f"), NR_PAGES);
	for (i = 0; i < NR_PAGES; i++) {
		unsigned long pfn = file_pfn(file("f"), i * PAGE);
		long before = hardware_corrupted();
		pid_t writer = fork_child();

		if (!writer) {
			while (hardware_corrupted() == before)
				;
			_exit(!!write_page(file("f"), i * PAGE, 'R'));
		}
		machine_check(pfn);
		status = wait_for(writer);
		must(WIFEXITED(status), "the writer ended with %#x", status);
		refused += !!status;
		if (flagged(pfn))
			continue;
		repaired++;
		if (in_direct_map(pfn))
			good &= read_byte(file("f"), i * PAGE) == 'R';
		else
			gaps++;
	}
	remark("of %d: %d writes refused, %d pages good", NR_PAGES, refused,
	       repaired);
	check_result(gaps, 0, NO_GAP);
	check(good, "good pages have what was written");
}

SCENARIOS(
	{ "machine-check-repair", "machine checks, and failed pages written over",
	  machine_check_repair, .xfs = "",
	  /*
	   * Base takes each failed page out of the direct map, but flags it only
	   * if it is mapped, puts it back only if it is flagged and on record,
	   * and never decrements the count.
	   */
	  .base.fails = {
		"mapped, on record: " NO_TRACE,
		"not mapped, on record: " FLAG_CHECK,
		"not mapped, on record: " WRITTEN,
		"not mapped, on record: " NO_TRACE,
		"not mapped, on record: " READ,
		"not mapped, on record: " MAPPED,
		"mapped: " READS_EIO, "mapped: " WRITTEN, "mapped: " NO_TRACE,
		"mapped: " READ, "mapped: " MAPPED,
		"not mapped: " FLAG_CHECK, "not mapped: " READS_EIO,
		"not mapped: " WRITTEN, "not mapped: " NO_TRACE,
		"not mapped: " READ, "not mapped: " MAPPED,
	  } },
	{ "overwrite-failed", "whole blocks that have failed are written over",
	  overwrite_failed, .xfs = SMALL,
	  /*
	   * Base reads a block before it overwrites it, and fails. It refuses or
	   * repairs only pages on record. It never decrements the count.
	   */
	  .base.fails = {
		"no record: " READS_EIO, "no record: " WHOLE,
		"no record: " READ_WHOLE, "no record: " OTHERS_EIO,
		"no record: " OTHERS_AR, "no record: " IN_PLACE,
		"no record: " NO_TRACE, "no record, repaired: " IN_PLACE,
		"no record, repaired: " NO_TRACE,
		"bad block: " WHOLE, "bad block: " READ_WHOLE,
		"bad block: " RANGE, "bad block: " READ_RANGE,
		"bad block: " NO_TRACE, "bad block, repaired: " NO_TRACE,
	  } },
	{ "repair-refused",
	  "writes that cannot repair a failed page leave it failed",
	  repair_refused, .files = { "f" },
	  /* The first loses the record, the second hits a gap in the direct map. */
	  .base.splat = "RIP: 0010:__memcpy_flushcache" },
	{ "failed-reuse", "failed blocks that are not on record are used again",
	  failed_reuse, .xfs = SMALL,
	  /* Base zeroes the block for its new file through the direct map. */
	  .base.splat = "RIP: 0010:__memcpy_flushcache" },
	{ "repair-while-failing",
	  "a page is written over while its failure is handled",
	  repair_while_failing, .xfs = "",
	  /* Base flags only pages that a file maps, and takes all that fail out. */
	  .base.fails = { NO_GAP } }
);
