// SPDX-License-Identifier: GPL-2.0
/*
 * XFS on a mapped device: a page's place in the filesystem differs from its
 * place on the pmem device, and the pmem driver knows no filesystem.
 */
#include "devices.h"

/* --- linear devices --- */

static const struct segment one[] = {
	{ "/dev/pmem1", 16 * MIB, 320 * MIB },
};
/* The mapped device orders them differently from the pmem device. */
static const struct segment swapped[] = {
	{ "/dev/pmem0", 512 * MIB, 160 * MIB },
	{ "/dev/pmem0", 64 * MIB, 160 * MIB },
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
};
static const struct segment two_devices[] = {
	{ "/dev/pmem1", 512 * MIB, 160 * MIB },
	{ "/dev/pmem0", 768 * MIB, 160 * MIB },
};

static void share_in_each(const char *title, const struct segment *segments,
			  int nr)
{
	int64_t from = 0;
	int i;

	/* Each segment has two allocation groups or four. */
	mount_on_dm(linear_table(segments, nr), "-d agsize=80m");
	for (i = 0; i < nr; from += segments[i++].length) {
		const char *path = make_file_between(
			from, from + segments[i].length, 4 * PAGE);

		part(nr > 1 ? "%s, segment %d" : "%s", title, i);
		fail_shared_at(path, segment_pfn(segments, nr,
						 file_physical(path, PAGE)));
	}
}

static void fail_unmapped(const struct segment *segments, int nr)
{
	struct monitor *m = start_monitor(MNT);
	struct proc *p;
	const char *path;
	uint64_t length;
	int64_t place;

	make_file(file("f"), 4 * PAGE);
	p = map_by("bystander", file("f"), PAGE);

	part("unmapped file data");
	path = make_file_between(segments[0].length,
				 segments[0].length + segments[1].length,
				 4 * PAGE);
	clone_range(path, 0, 4 * PAGE, file("clone"), 8 * PAGE);
	place = file_physical(path, PAGE);
	poison_and_check(segment_pfn(segments, nr, place));
	check(lost_reports(m, 2) == 2 && reported_lost(m, path, PAGE) &&
	      reported_lost(m, file("clone"), 9 * PAGE), REPORTED);
	check(reported_media(m, DATA_DEVICE, place), PLACE_REPORTED);
	check(alive(), GOES_ON);

	part("free space");
	forget_reports(m);
	place = find_owner(MNT, OWN_FREE, &length);
	must(length >= 64 * PAGE);
	poison_and_check(segment_pfn(segments, nr, place + 32 * PAGE));
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);

	part("metadata");
	place = find_owner(MNT, XFS_OWN_INODES, NULL);
	check_error(poison(segment_pfn(segments, nr, place)));
	check(!alive(), SHUTS_DOWN);
	check(got_none(p) && reads(p), DATA_STAYS);
	stop_monitor(m);
	finish(p);
}

static void linear(void)
{
	share_in_each("one segment", one, ARRAY_SIZE(one));
	take_down_dm();
	share_in_each("swapped", swapped, ARRAY_SIZE(swapped));
	take_down_dm();
	share_in_each("two devices", two_devices, ARRAY_SIZE(two_devices));
	fail_unmapped(two_devices, ARRAY_SIZE(two_devices));
	take_down_dm();
}

/* --- striped devices: neighbours in a file are far apart on the medium --- */

#define NR		2

static const struct segment devices[NR] = {
	{ "/dev/pmem0", 16 * MIB, 192 * MIB },
	{ "/dev/pmem1", 32 * MIB, 192 * MIB },
};
static const struct segment halves[NR] = {
	{ "/dev/pmem0", 256 * MIB, 192 * MIB },
	{ "/dev/pmem0", 512 * MIB, 192 * MIB },
};
static const struct segment wide[NR] = {
	{ "/dev/pmem1", 256 * MIB, 192 * MIB },
	{ "/dev/pmem0", 736 * MIB, 192 * MIB },
};

static unsigned long stripe_pfn(const struct segment *stripes, int64_t chunk,
				int64_t offset)
{
	const struct segment *s = &stripes[offset / chunk % NR];

	return pmem_pfn(s->device, s->start + offset / chunk / NR * chunk +
				   offset % chunk);
}

/* Sharers of a page of each stripe. */
static void share_on_each(const char *title, const struct segment *s,
			  int64_t chunk)
{
	bool had[NR] = {};
	char table[160];
	int i, nr = 0;

	snprintf(table, sizeof(table), "0 %lld striped %d %lld %s %lld %s %lld",
		 (long long)s[0].length * NR / 512, NR, (long long)chunk / 512,
		 s[0].device, (long long)s[0].start / 512,
		 s[1].device, (long long)s[1].start / 512);
	/* Aligned AGs would all start on the first stripe. */
	mount_on_dm(table, "-d agsize=95m,noalign");
	for (i = 0; nr < NR && i < 256; i++) {
		const char *path = file("%d", i);
		int64_t place;
		int stripe;

		/* Files are nearly adjacent. */
		make_file(path, 5 * PAGE);
		place = file_physical(path, PAGE);
		stripe = place / chunk % NR;
		if (had[stripe]) {
			/* Do not walk over 2 MiB in steps of 20 KiB. */
			if (chunk > (int64_t)PAGE)
				make_file(file("filler.%d", i), MIB);
			continue;
		}
		had[stripe] = true;
		nr++;

		part("%s, stripe %d", title, stripe);
		fail_shared_at(path, stripe_pfn(s, chunk, place));
	}
	must(nr == NR, "no file on one of the stripes");
}

/* An unmapped page of a file; its pfn */
static unsigned long make_unmapped(const struct segment *stripes, int64_t chunk)
{
	make_file(file("unmapped"), 4 * PAGE);
	return stripe_pfn(stripes, chunk,
			  file_physical(file("unmapped"), PAGE));
}

static void stripe(void)
{
	struct monitor *m;
	unsigned long pfn;

	share_on_each("4 KiB on two devices", devices, PAGE);
	/* Too many runs of pages to keep a record of. */
	part("4 KiB, unmapped page");
	pfn = make_unmapped(devices, PAGE);
	check_result(poison(pfn), -EBUSY, "memory_failure() says EBUSY");
	check(alive(), GOES_ON);
	take_down_dm();

	share_on_each("2 MiB on halves of one", halves, PMD);
	take_down_dm();

	share_on_each("16 MiB on two devices", wide, 16 * MIB);
	part("16 MiB, unmapped page");
	pfn = make_unmapped(wide, 16 * MIB);
	m = start_monitor(MNT);
	poison_and_check(pfn);
	check(lost_reports(m, 1) == 1 &&
	      reported_lost(m, file("unmapped"), PAGE), REPORTED);
	check(alive(), GOES_ON);
	stop_monitor(m);
	take_down_dm();
}

/*
 * --- an extent crosses a border of segments, which are not adjacent in memory: code
 * that copies or compares blocks must handle this ---
 */

#define BORDER		(320 * MIB)
#define UNSHARED	"both blocks can be read when they are unshared"
#define SAME		"blocks that are the same are found to be so"

static const struct segment apart[] = {
	{ PMEM, 1024 * MIB, BORDER },
	{ PMEM, 256 * MIB, BORDER },
};

/* The offset of the last page before the border, in a file that crosses it. */
static off_t cross_border(const char *path)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	off_t size = take_all_space(path), at;

	at = file_offset(path, BORDER) - PAGE;
	must(at >= 0 && file_physical(path, at) == BORDER - (int64_t)PAGE);
	/* Free the rest. */
	must(!fallocate_range(path, mode, 0, at) &&
	     !fallocate_range(path, mode, at + 2 * PAGE, size - at - 2 * PAGE));
	settle();
	return at;
}

static bool has_both(const char *path, off_t at)
{
	int first = read_byte(path, at), second = read_byte(path, at + PAGE);

	if (first == 'f' && second == 's')
		return true;
	remark("%s has %d and %d", path, first, second);
	return false;
}

static bool same(const char *a, off_t at, const char *b)
{
	int ret = dedupe_range(a, at, 2 * PAGE, b, 0);

	must(ret >= 0, "FIDEDUPERANGE: %s", strerror(-ret));
	return ret == FILE_DEDUPE_RANGE_SAME;
}

static void crossing(void)
{
	const char *crossing = file("crossing"), *copy = file("copy"),
		   *like = file("like");
	off_t at;

	/* AG 2 has the border, so put the log elsewhere. */
	mount_on_dm(linear_table(apart, ARRAY_SIZE(apart)),
		    "-d agsize=128m -l agnum=1");
	at = cross_border(crossing);
	must(!write_page(crossing, at, 'f') &&
	     !write_page(crossing, at + PAGE, 's'));
	check(has_both(crossing, at), "both blocks can be read");

	clone_range(crossing, at, 2 * PAGE, copy, 0);
	must(!fallocate_range(copy, FALLOC_FL_UNSHARE_RANGE, 0, 2 * PAGE));
	must(file_physical(copy, 0) != file_physical(crossing, at));
	check(has_both(copy, 0), UNSHARED);

	make_file(like, 2 * PAGE);
	must(!write_page(like, 0, 'f') && !write_page(like, PAGE, 's'));
	check(same(crossing, at, like), SAME);
	must(!write_page(copy, PAGE, 'x'));
	check(!same(crossing, at, copy), "others are not");
	check(has_both(crossing, at), "nothing has changed in the first file");
	check(unmount(), "the filesystem unmounts");
	remove_dm();
}

#define REFUSED \
	"unmapped file data: " SUCCEEDS, \
	"unmapped file data: " REPORTED, \
	"unmapped file data: " PLACE_REPORTED, \
	"free space: " SUCCEEDS, \
	"metadata: " SHUTS_DOWN
#define MISSED_16M \
	"16 MiB, unmapped page: " SUCCEEDS, \
	"16 MiB, unmapped page: " REPORTED

SCENARIOS(
	{ "dm-linear", "XFS on linear mapped devices, of one and of two pmem devices",
	  linear, .machine = "both", .seconds = 90,
	  /* The pmem device has no holder, and shared pages have no mapping. */
	  .base.fails = {
		SHARERS_MISSED("one segment"),
		SHARERS_MISSED("swapped, segment 0"),
		SHARERS_MISSED("swapped, segment 1"),
		SHARERS_MISSED("swapped, segment 2"),
		SHARERS_MISSED("two devices, segment 0"),
		SHARERS_MISSED("two devices, segment 1"),
		REFUSED,
	  },
	  .holder_as_base = true, .core.fails = { REFUSED } },
	{ "dm-stripe", "XFS on striped mapped devices",
	  stripe, .machine = "both", .seconds = 90,
	  .base.fails = {
		SHARERS_MISSED("4 KiB on two devices, stripe 0"),
		SHARERS_MISSED("4 KiB on two devices, stripe 1"),
		SHARERS_MISSED("2 MiB on halves of one, stripe 0"),
		SHARERS_MISSED("2 MiB on halves of one, stripe 1"),
		SHARERS_MISSED("16 MiB on two devices, stripe 0"),
		SHARERS_MISSED("16 MiB on two devices, stripe 1"),
		MISSED_16M,
	  },
	  .holder_as_base = true, .core.fails = { MISSED_16M } },
	{ "dm-crossing", "extents that go across the segments of a linear device",
	  crossing, .base.fails = { UNSHARED, SAME } }
);
