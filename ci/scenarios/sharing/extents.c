// SPDX-License-Identifier: GPL-2.0
/*
 * Extents of files in all their shapes: far out, shared in part, not written
 * yet, and at the end of an allocation group.
 */
#include "devices.h"

/* mount_xfs()'s options say the same */
#define AG_SIZE		(80 * MIB)

/* Sharers at offsets that 32 bits do not hold, of bytes or even of pages. */
static void far_offsets(void)
{
	static const off_t offsets[] = {
		PAGE, 20L << 30, 1L << 50
	};
	struct proc *procs[3], *other = start("other");
	unsigned long at[3], at_other, pfn = 0;
	int i, told_all = 0, unmapped = 0;

	part("far offsets");
	make_file(file("far.0"), 4 * PAGE);
	for (i = 1; i < 3; i++)
		clone_range(file("far.0"), 0, 4 * PAGE, file("far.%d", i),
			    offsets[i] - PAGE);
	/* Where the last one's offset points to if it is cut */
	must(!write_page(file("far.2"), 0, 'o'), "pwrite");
	for (i = 0; i < 3; i++) {
		procs[i] = start("sharer %d", i);
		at[i] = map_page(procs[i], file("far.%d", i), offsets[i]);
		if (!i)
			pfn = pfn_of(procs[0], at[0]);
		must(pfn_of(procs[i], at[i]) == pfn, "it is not one page");
	}
	at_other = map_page(other, file("far.2"), 0);

	poison_and_check(pfn);
	for (i = 0; i < 3; i++) {
		told_all += told(procs[i], BUS_MCEERR_AO, at[i], PAGE_LSB);
		unmapped += !maps(procs[i], at[i]);
	}
	check(told_all == 3, REACHED);
	check(unmapped == 3, UNMAPPED);
	check(untold(other) && maps(other, at_other),
	      "a process that maps the last file's first page gets nothing and keeps it");
}

/* Three files have parts of one extent, and parts of these in common. */
static void shared_in_part(void)
{
	/* pages of "whole" that the others have, and from where on */
	static const struct {
		const char *name;
		int first, nr, at;
	} parts[] = {
		{ "left", 2, 4, 10 }, { "right", 4, 4, 33 },
	};
	/* who has a page: 1 whole, 2 left, 4 right */
	static const int fails[] = { 1, 3, 5, 6 };
	static const int owners[] = { 1, 3, 7, 5 };
	struct proc *procs[ARRAY_SIZE(fails)][3];
	unsigned long at[ARRAY_SIZE(fails)][3], pfn[ARRAY_SIZE(fails)];
	unsigned int i, j, k;

	make_file(file("whole"), 12 * PAGE);
	for (j = 0; j < 2; j++)
		clone_range(file("whole"), parts[j].first * PAGE,
			    parts[j].nr * PAGE, file("%s", parts[j].name),
			    parts[j].at * PAGE);
	for (i = 0; i < ARRAY_SIZE(fails); i++)
		for (j = 0; j < 3; j++) {
			const char *path = file("%s", j ? parts[j - 1].name :
						"whole");
			int page = fails[i];

			if (!(owners[i] & 1 << j))
				continue;
			if (j)
				page += parts[j - 1].at - parts[j - 1].first;
			procs[i][j] = start("page %d of %s", page, path);
			at[i][j] = map_page(procs[i][j], path, page * PAGE);
			if (!j)
				pfn[i] = pfn_of(procs[i][j], at[i][j]);
			must(pfn_of(procs[i][j], at[i][j]) == pfn[i],
			     "it is not one page");
		}

	for (i = 0; i < ARRAY_SIZE(fails); i++) {
		bool reached = true, spared = true;

		part("page %d of an extent shared in parts", fails[i]);
		poison_and_check(pfn[i]);
		for (j = 0; j < 3; j++)
			if (owners[i] & 1 << j)
				reached &= told(procs[i][j], BUS_MCEERR_AO,
						at[i][j], PAGE_LSB) &&
					   !maps(procs[i][j], at[i][j]);
		for (k = i + 1; k < ARRAY_SIZE(fails); k++)
			for (j = 0; j < 3; j++)
				if (owners[k] & 1 << j)
					spared &= untold(procs[k][j]) &&
						  maps(procs[k][j], at[k][j]);
		check(reached, "a process that has it gets BUS_MCEERR_AO and loses it");
		check(spared, "a process that has other pages gets nothing");
	}
}

/* A read of what was never written maps a page of zeroes, not the block. */
static void unwritten(void)
{
	struct proc *p = start("reader"), *w = start("writer");
	unsigned long at, at_written;
	struct monitor *m = start_monitor(MNT);
	int fd = open(file("unwritten"), O_RDWR | O_CREAT, 0644);
	int64_t physical;

	part("unwritten");
	must(fd >= 0 && !fallocate(fd, 0, 0, 8 * PAGE), "fallocate: %m");
	close(fd);
	at = map(p, file("unwritten"), PAGE, PAGE, PROT_READ, MAP_SHARED);
	must(load(p, at) == 0 && maps(p, at), "no zero is read");
	at_written = map(w, file("unwritten"), 2 * PAGE, PAGE,
			 PROT_READ | PROT_WRITE, MAP_SHARED);
	must(!store(w, at_written, 'w'), "a store drew a signal");
	physical = file_physical(file("unwritten"), PAGE);

	poison_and_check(pfn_of_physical(physical));
	check(untold(p) && load(p, at) == 0,
	      "a process that has read it gets nothing and reads zeroes still");
	check(untold(w) && maps(w, at_written),
	      "a process that has written the next page gets nothing and keeps it");
	check(lost_reports(m, 1) == 1 &&
	      reported_lost(m, file("unwritten"), PAGE), REPORTED);

	part("unwritten, but for this page");
	poison_and_check(pfn_of_physical(physical + PAGE));
	check(told(w, BUS_MCEERR_AO, at_written, PAGE_LSB) &&
	      !maps(w, at_written),
	      "a process that has written it gets BUS_MCEERR_AO and loses it");
	check(untold(p), "a process that maps the page before gets nothing");
	stop_monitor(m);
}

static void allocate(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	must(fd >= 0 && !fallocate(fd, 0, 0, size), "fallocate %s: %m", path);
	close(fd);
}

/*
 * A file that has a group's last block; the offset of that. XFS keeps some
 * blocks of a group in reserve, not certain ones: free as many at its start.
 */
static const char *make_last(int group, off_t *offset)
{
	const char *first = make_file_between(group * AG_SIZE,
					      (group + 1) * AG_SIZE, 8 * MIB);
	const char *last = file("%s.last", first + sizeof(MNT));
	const int64_t end = (group + 1) * AG_SIZE;
	size_t size;

	allocate(last, MIB);
	must(file_physical(last, 0) / AG_SIZE == group, "another group's");
	must(!unlink(first), "unlink: %m");
	settle();
	/* It goes on where it ends. */
	size = end - file_physical(last, 0);
	allocate(last, size);
	*offset = size - PAGE;
	must(file_physical(last, *offset) + (int64_t)PAGE == end,
	     "%s does not end where the group does: from %#llx to %#llx", last,
	     (long long)file_physical(last, 0),
	     (long long)file_physical(last, *offset));
	must(!write_page(last, *offset, 'l'), "pwrite");
	return last;
}

/*
 * The last block of a group is a file's, the next is the following group's
 * superblock: whoever looks up a block too many shuts down.
 */
static void ends_of_groups(void)
{
	struct proc *a = start("a"), *b = start("b"), *c = start("c");
	unsigned long at_a, at_b, at_c, pfn;
	const char *last;
	off_t offset;
	int ret;

	part("the last block of a group");
	last = make_last(0, &offset);
	clone_range(last, offset, PAGE, file("end"), 0);
	at_a = map_page(a, last, offset);
	at_b = map_page(b, file("end"), 0);
	must(pfn_of(a, at_a) == pfn_of(b, at_b) &&
	     pfn_of(a, at_a) == pfn_of_physical(AG_SIZE) - 1,
	     "it is not the last block");

	poison_and_check(pfn_of(a, at_a));
	check(told(a, BUS_MCEERR_AO, at_a, PAGE_LSB) &
	      told(b, BUS_MCEERR_AO, at_b, PAGE_LSB),
	      "both sharers get BUS_MCEERR_AO");
	check(!maps(a, at_a) && !maps(b, at_b), UNMAPPED);
	check(alive(), GOES_ON);

	part("the first block of a group");
	last = make_last(1, &offset);
	at_c = map_page(c, last, offset);
	pfn = pfn_of_physical(2 * AG_SIZE);
	must(pfn_of(c, at_c) == pfn - 1, "it is not the last block");

	ret = poison(pfn);
	if (!check(ret < 0, "memory_failure() reports a failure"))
		remark("it returned %d", ret);
	check(untold(c) && maps(c, at_c) && load(c, at_c) == 'l',
	      "a process that maps the block before gets nothing and keeps it");
	check(!alive(), SHUTS_DOWN);
}

static void run(void)
{
	mount_xfs("-d size=320m,agsize=80m");
	far_offsets();
	shared_in_part();
	unwritten();
	ends_of_groups();
}

SCENARIO("extents far out, shared in part, unwritten, at a group's end");
