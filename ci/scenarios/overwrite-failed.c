// SPDX-License-Identifier: GPL-2.0
/*
 * pwrite() of a whole block that has failed and that several files share. The
 * file gets another block and needs nothing of the failed one; the others still
 * have that. Once nobody does, it is repaired when it is used again.
 *
 * The device is memmap='s: it takes every bad block for repaired that is written
 * to, which QEMU's NVDIMM does not offer. Nothing records its bad blocks either,
 * so they are entered by hand.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include "devices.h"

#define DISK		PMEM_RT
#define BAD_BLOCKS	"/sys/block/pmem1/badblocks"
#define OTHERS		"who maps it by another file gets BUS_MCEERR_AR"
#define WHOLE		"writing the whole block succeeds"
#define RANGE		"writing more than the block, and parts of others, succeeds"
#define READ_WHOLE	"what was written to the block can be read"
#define READ_RANGE	"what was written to the range can be read"
#define AROUND		"what is around the range has not changed"

static void record_bad_block(int64_t physical)
{
	char sectors[40];

	snprintf(sectors, sizeof(sectors), "%lld %lu",
		 (long long)physical / 512, PAGE / 512);
	put_string(BAD_BLOCKS, sectors);
}

static bool has_bad_blocks(void)
{
	FILE *f = fopen(BAD_BLOCKS, "r");
	bool any;

	must(f, BAD_BLOCKS ": %m");
	any = getc(f) != EOF;
	fclose(f);
	return any;
}

/* From the middle of the page before to the middle of the page after. */
static int write_range(const char *path, off_t offset, int byte)
{
	static char bytes[2 * PAGE];
	int fd = open(path, O_WRONLY);
	ssize_t n;

	memset(bytes, byte, sizeof(bytes));
	n = pwrite(fd, bytes, sizeof(bytes), offset - PAGE / 2);
	close(fd);
	return n == (ssize_t)sizeof(bytes) ? 0 : n < 0 ? -errno : -EIO;
}

/* The pages 1 and 5 of @path have failed. */
static void overwrite(const char *path)
{
	int ret = write_page(path, PAGE, 'W');

	if (!check(!ret, WHOLE))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check(read_byte(path, PAGE) == 'W' &&
	      read_byte(path, 2 * PAGE - 1) == 'W', READ_WHOLE);
	ret = write_range(path, 5 * PAGE, 'R');
	if (!check(!ret, RANGE))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check(read_byte(path, 5 * PAGE - PAGE / 2) == 'R' &&
	      read_byte(path, 5 * PAGE) == 'R' &&
	      read_byte(path, 6 * PAGE + PAGE / 2 - 1) == 'R', READ_RANGE);
	check(read_byte(path, 5 * PAGE - PAGE / 2 - 1) == fill(4) &&
	      read_byte(path, 4 * PAGE) == fill(4) &&
	      read_byte(path, 6 * PAGE + PAGE / 2) == fill(6) &&
	      read_byte(path, 7 * PAGE - 1) == fill(6), AROUND);
}

/* The injector leaves no bad block, only the page's flag. */
static void injected(void)
{
	struct proc *a = start("a"), *b = start("b");
	unsigned long at_a, at_b;

	part("injected");
	make_file(file("i"), 8 * PAGE);
	clone_file(file("i"), file("j"));
	at_a = map_page(a, file("i"), PAGE);
	at_b = map_page(b, file("i"), 5 * PAGE);
	poison(pfn_of(a, at_a));
	poison(pfn_of(b, at_b));
	overwrite(file("j"));
	forget(a);
	check(load(a, at_a) == SIGNALLED &&
	      told(a, BUS_MCEERR_AR, at_a, PAGE_LSB), OTHERS);
	finish(a);
	finish(b);
}

/* Have a file own all the space there is; where in it is that block? */
static off_t fill_up(const char *path, int64_t physical)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	off_t size = 0, step = 64 << 20, at;

	while (step >= (off_t)PAGE) {
		if (!fallocate(fd, 0, size, step))
			size += step;
		else
			step /= 2;
	}
	close(fd);
	for (at = 0; at < size; at += PAGE)
		if (file_physical(path, at) == physical)
			return at;
	return -1;
}

static void fail_page(const char *path, off_t offset)
{
	int64_t physical = file_physical(path, offset);

	poison(pmem_pfn(DISK, physical));
	record_bad_block(physical);
}

static void bad_block(void)
{
	struct proc *a = start("a"), *b = start("b");
	const char *f = file("f"), *g = file("g"), *h = file("h"),
		   *all = file("all");
	int64_t physical;
	unsigned long pfn, pfn5;
	off_t at;

	part("bad block");
	make_file(f, 8 * PAGE);
	clone_file(f, g);
	clone_file(f, h);
	/* Base flags only what is mapped. */
	map_page(a, f, PAGE);
	map_page(b, h, 5 * PAGE);
	physical = file_physical(f, PAGE);
	pfn = pmem_pfn(DISK, physical);
	pfn5 = pmem_pfn(DISK, file_physical(f, 5 * PAGE));
	fail_page(f, PAGE);
	fail_page(f, 5 * PAGE);
	check(read_byte(f, PAGE) == -EIO && read_byte(g, PAGE) == -EIO &&
	      read_byte(h, 5 * PAGE) == -EIO, "reading it draws EIO");
	check(flagged(pfn) && flagged(pfn5), "the pages are flagged");

	overwrite(g);
	check(read_byte(f, PAGE) == -EIO && read_byte(h, PAGE) == -EIO &&
	      read_byte(f, 5 * PAGE) == -EIO && read_byte(h, 5 * PAGE) == -EIO,
	      "the other owners still get EIO");
	check(flagged(pfn) && flagged(pfn5) && has_bad_blocks(),
	      "that has repaired nothing");

	/* One owner is left: it is written in place. */
	finish(a);
	finish(b);
	unlink(g);
	unlink(h);
	settle();
	check(!write_page(f, 5 * PAGE, 'L') && read_byte(f, 5 * PAGE) == 'L' &&
	      file_physical(f, 5 * PAGE) == file_physical(f, 4 * PAGE) +
	      (int64_t)PAGE, "the last owner can write it in place");
	check(!flagged(pfn5), "that has repaired the page");

	/* And none: it goes to another file. */
	unlink(f);
	settle();
	at = fill_up(all, physical);
	must(at >= 0, "the block does not get into use again");
	check(!write_page(all, at, 'N') && read_byte(all, at) == 'N',
	      "another file can use the block");
	check(!flagged(pfn), "the page is not flagged any more");
	check(!has_bad_blocks(), "there are no bad blocks any more");
	a = start("a");
	check(load(a, map(a, all, at, PAGE, PROT_READ, MAP_SHARED)) == 'N',
	      "and it can be mapped");
	finish(a);
	unlink(all);
	settle();
}

static void run(void)
{
	early_kill(true);
	make_fs(MKFS_XFS, NULL, DISK);
	mount_fs(DISK, "xfs", "dax=always");
	injected();
	bad_block();
	part("after all");
	check(alive(), "the filesystem goes on");
}

struct scenario scenario = {
	.name = "overwrite-failed",
	.title = "whole blocks that have failed are written over",
	.machine = "both",
	.cpus = 2,
	.seconds = 60,
	/*
	 * Base reads what is to be overwritten, and can not. Of what the injector
	 * flags it knows nothing.
	 */
	.base.fails = {
		"injected: " OTHERS,
		"bad block: " WHOLE, "bad block: " READ_WHOLE,
		"bad block: " RANGE, "bad block: " READ_RANGE,
	},
	.run = run,
};
