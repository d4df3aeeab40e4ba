// SPDX-License-Identifier: GPL-2.0
/*
 * pwrite() of a whole failed block that several files share. The file gets
 * another block; the others keep the failed one, which is repaired when it is
 * reused. The memmap= device treats every write as a repair, QEMU's NVDIMM does
 * not; bad blocks are put on record by hand.
 */
#include "devices.h"

#define READS_EIO	"reading it draws EIO"
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
	at = take_block(all, physical);
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
	check(!bad_block_recorded(), "no bad block is on record");
}

static void run(void)
{
	mount_xfs("-d size=320m");
	fail_shared("no record", false);
	fail_shared("bad block", true);
	part("after all");
	check(alive(), GOES_ON);
}

SCENARIO("whole blocks that have failed are written over",
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
	});
