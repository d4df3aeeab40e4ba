// SPDX-License-Identifier: GPL-2.0
/*
 * File extents of all kinds: at high offsets, partly shared, unwritten, and at
 * the end of an allocation group.
 */
#include "devices.h"

#define AG_SIZE		(80 * MIB)	/* mkfs's options say the same */

/* Sharers at offsets beyond 32 bits, in bytes or even in pages. */
static void far_offsets(void)
{
	static const off_t offsets[] = {
		PAGE, 20L << 30, 1L << 50
	};
	struct proc *procs[4] = {}, *other;
	int i;

	part("far offsets");
	make_file(file("far.0"), 4 * PAGE);
	for (i = 1; i < 3; i++)
		clone_range(file("far.0"), 0, 4 * PAGE, file("far.%d", i),
			    offsets[i] - PAGE);
	/* The last one's offset, truncated to 32 bits */
	must(!write_page(file("far.2"), 0, 'o'));
	for (i = 0; i < 3; i++) {
		procs[i] = start("sharer %d", i);
		map_page(procs[i], file("far.%d", i), offsets[i]);
	}
	other = map_by("other", file("far.2"), 0);

	fail_page_of_all(procs);
	check(got_none(other) && has(other),
	      "a process that maps the last file's first page gets nothing and keeps it");
}

/* Three files share one extent in overlapping parts: pages 2 to 5, and 4 to 7. */
static void shared_in_part(void)
{
	/* pages of "whole" that fail, and where the others have them */
	static const struct {
		int whole, left, right;
	} pages[] = { { 1 }, { 3, 11 }, { 5, 13, 34 }, { 6, 0, 35 } };
	struct proc *procs[ARRAY_SIZE(pages)][4] = {};
	unsigned int i, k, n;

	make_file(file("whole"), 12 * PAGE);
	clone_range(file("whole"), 2 * PAGE, 4 * PAGE, file("left"), 10 * PAGE);
	clone_range(file("whole"), 4 * PAGE, 4 * PAGE, file("right"), 33 * PAGE);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		n = 0;
		procs[i][n++] = map_by("whole", file("whole"),
				       pages[i].whole * PAGE);
		if (pages[i].left)
			procs[i][n++] = map_by("left", file("left"),
					       pages[i].left * PAGE);
		if (pages[i].right)
			procs[i][n++] = map_by("right", file("right"),
					       pages[i].right * PAGE);
	}

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		bool spared = true;

		part("page %d of an extent shared in parts", pages[i].whole);
		poison_and_check(common_page(procs[i]));
		check(all_of(hit, procs[i]),
		      "a process that has it gets BUS_MCEERR_AO and loses it");
		for (k = i + 1; k < ARRAY_SIZE(pages); k++)
			spared &= all_of(got_none, procs[k]) &&
				  all_of(has, procs[k]);
		check(spared, "a process that has other pages gets nothing");
	}
}

/* Reading an unwritten block maps a zero page, not the block. */
static void unwritten(void)
{
	struct proc *p, *w;
	struct monitor *m = start_monitor(MNT);
	int64_t physical;

	part("unwritten");
	allocate(file("unwritten"), 8 * PAGE);
	p = start("reader");
	map(p, file("unwritten"), PAGE, PAGE, PROT_READ, MAP_SHARED);
	p->byte = 0;
	must(reads(p) && has(p));
	w = map_unread("writer", file("unwritten"), 2 * PAGE, MAP_SHARED);
	store_byte(w, 'w');
	physical = file_physical(file("unwritten"), PAGE);

	poison_and_check(pmem_pfn(PMEM, physical));
	check(got_none(p) && reads(p),
	      "a process that has read it gets nothing and reads zeroes still");
	check(got_none(w) && has(w),
	      "a process that has written the next page gets nothing and keeps it");
	check(lost_reports(m, 1) == 1 &&
	      reported_lost(m, file("unwritten"), PAGE), REPORTED);

	part("unwritten, but for this page");
	poison_and_check(pmem_pfn(PMEM, physical + PAGE));
	check(hit(w),
	      "a process that has written it gets BUS_MCEERR_AO and loses it");
	check(got_none(p), "a process that maps the page before gets nothing");
	stop_monitor(m);
}

/*
 * A file that has a group's last block, and the block's offset. XFS reserves a
 * number of blocks of a group, not particular ones: free as many at its start.
 */
static const char *make_last(int group, off_t *offset)
{
	const char *first = make_file_between(group * AG_SIZE,
					      (group + 1) * AG_SIZE, 8 * MIB);
	const char *last = file("%s.last", first + sizeof(MNT));
	const int64_t end = (group + 1) * AG_SIZE;
	size_t size;

	allocate(last, MIB);
	must(file_physical(last, 0) / AG_SIZE == group);
	must(!unlink(first));
	settle();
	/* The file grows contiguously. */
	size = end - file_physical(last, 0);
	allocate(last, size);
	*offset = size - PAGE;
	must(file_physical(last, *offset) + (int64_t)PAGE == end);
	must(!write_page(last, *offset, 'l'));
	return last;
}

/*
 * A group's last block belongs to a file, the next one is the next group's
 * superblock: looking up one block too many ends in a shutdown.
 */
static void ends_of_groups(void)
{
	struct proc *a, *b, *c;
	const char *last;
	off_t offset;

	part("the last block of a group");
	last = make_last(0, &offset);
	clone_range(last, offset, PAGE, file("end"), 0);
	a = map_by("a", last, offset);
	b = map_by("b", file("end"), 0);
	must(page_of(a) == pmem_pfn(PMEM, AG_SIZE) - 1);
	fail_page_of(a, b);
	check(alive(), GOES_ON);

	part("the first block of a group");
	last = make_last(1, &offset);
	c = map_by("c", last, offset);
	must(page_of(c) == pmem_pfn(PMEM, 2 * AG_SIZE) - 1);
	must(c->byte == 'l');

	check_error(poison(pmem_pfn(PMEM, 2 * AG_SIZE)));
	check(kept(c),
	      "a process that maps the block before gets nothing and keeps it");
	check(!alive(), SHUTS_DOWN);
}

static void run(void)
{
	far_offsets();
	shared_in_part();
	unwritten();
	ends_of_groups();
}

SCENARIO("extents far out, shared in part, unwritten, at a group's end",
	.xfs = "-d size=320m,agsize=80m");
