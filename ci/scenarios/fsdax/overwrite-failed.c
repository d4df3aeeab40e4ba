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

/* The pages 1 and 5 of @path have failed. */
static void overwrite(const char *path)
{
	int ret = write_page(path, PAGE, 'W');

	if (!check(!ret, WHOLE))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check(read_byte(path, PAGE) == 'W' &&
	      read_byte(path, 2 * PAGE - 1) == 'W', READ_WHOLE);
	/* From the middle of the page before to the middle of the page after. */
	ret = write_bytes(path, 5 * PAGE - PAGE / 2, 2 * PAGE, 'R');
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

/* No owner is left: the block goes to another file. */
static void give_away(const char *path, int64_t physical)
{
	const char *all = file("all");
	struct proc *p = start("p");
	off_t at;

	unlink(path);
	settle();
	take_all_space(all);
	at = file_offset(all, physical);
	must(at >= 0, "the block does not get into use again");
	check(!write_page(all, at, 'N') && read_byte(all, at) == 'N',
	      "another file can use the block");
	check(load(p, map(p, all, at, PAGE, PROT_READ, MAP_SHARED)) == 'N',
	      "and it can be mapped");
	finish(p);
	unlink(all);
	settle();
}

static void fail_shared(const char *title, bool recorded)
{
	const char *f = file("%s.f", title), *g = file("%s.g", title),
		   *h = file("%s.h", title);
	struct proc *a = start("a"), *b = start("b");
	struct looks before[2];
	int64_t physical[2];
	unsigned long at;
	int i;

	part("%s", title);
	make_file(f, 8 * PAGE);
	clone_file(f, g);
	clone_file(f, h);
	/* Base flags only what is mapped. */
	at = map_page(a, f, PAGE);
	map_page(b, h, 5 * PAGE);
	for (i = 0; i < 2; i++) {
		physical[i] = file_physical(f, (1 + 4 * i) * PAGE);
		look(&before[i], pmem_pfn(PMEM, physical[i]));
		must(!machine_check(before[i].pfn), "memory_failure() fails");
		if (recorded)
			put_on_record(physical[i]);
	}
	check(read_byte(f, PAGE) == -EIO && read_byte(g, PAGE) == -EIO &&
	      read_byte(h, 5 * PAGE) == -EIO, READS_EIO);
	check(flagged(before[0].pfn) && flagged(before[1].pfn),
	      "the pages are flagged");

	overwrite(g);
	check(read_byte(f, PAGE) == -EIO && read_byte(h, PAGE) == -EIO &&
	      read_byte(f, 5 * PAGE) == -EIO && read_byte(h, 5 * PAGE) == -EIO,
	      OTHERS_EIO);
	forget(a);
	check(load(a, at) == SIGNALLED &&
	      told(a, BUS_MCEERR_AR, at, PAGE_LSB), OTHERS_AR);
	check(flagged(before[0].pfn) && flagged(before[1].pfn) &&
	      (!recorded || bad_block_recorded()),
	      "that has repaired nothing");

	/* One owner is left: it is written in place. */
	finish(a);
	finish(b);
	unlink(g);
	unlink(h);
	settle();
	check(!write_page(f, 5 * PAGE, 'L') && read_byte(f, 5 * PAGE) == 'L' &&
	      file_physical(f, 5 * PAGE) == physical[1], IN_PLACE);
	check_as_before(&before[1]);

	part("%s, repaired", title);
	if (recorded)
		give_away(f, physical[0]);
	else
		check(!write_page(f, PAGE, 'L') && read_byte(f, PAGE) == 'L' &&
		      file_physical(f, PAGE) == physical[0], IN_PLACE);
	check_as_before(&before[0]);
	check(!bad_block_recorded(), "no bad block is on record");
}

static void run(void)
{
	mount_xfs("-d size=320m");
	fail_shared("no record", false);
	fail_shared("bad block", true);
	part("after all");
	check(alive(), "the filesystem goes on");
}

SCENARIO("whole blocks that have failed are written over",
	/*
	 * Base reads a block that is to be overwritten, and fails. A page that
	 * is not on record it neither refuses nor repairs. It uncounts none.
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
