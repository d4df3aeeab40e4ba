// SPDX-License-Identifier: GPL-2.0
/*
 * XFS on a mapped device: a page's place in the filesystem differs from its
 * place on the pmem device, and the pmem driver knows no filesystem.
 */
#include "devices.h"

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
		struct sharers s;
		const char *path;

		part(nr > 1 ? "%s, segment %d" : "%s", title, i);
		path = make_file_between(from, from + segments[i].length,
					 4 * PAGE);
		share_page(&s, path);
		must(s.pfn == segment_pfn(segments, nr,
					  file_physical(path, PAGE)),
		     "the page is not in this segment");
		fail_shared_page(&s);
		check(alive(), GOES_ON);
		finish_all();
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
	must(length >= 64 * PAGE, "no free extent");
	poison_and_check(segment_pfn(segments, nr, place + 32 * PAGE));
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);

	part("metadata");
	place = find_owner(MNT, XFS_OWN_INODES, NULL);
	check_error(poison(segment_pfn(segments, nr, place)));
	check(!alive(), SHUTS_DOWN);
	check(got_none(p) && reads(p),
	      "a process that maps a file's page gets nothing and can read it");
	stop_monitor(m);
	finish(p);
}

static void run(void)
{
	share_in_each("one segment", one, ARRAY_SIZE(one));
	take_down_dm();
	share_in_each("swapped", swapped, ARRAY_SIZE(swapped));
	take_down_dm();
	share_in_each("two devices", two_devices, ARRAY_SIZE(two_devices));
	fail_unmapped(two_devices, ARRAY_SIZE(two_devices));
	take_down_dm();
}

#define REFUSED \
	"unmapped file data: " SUCCEEDS, \
	"unmapped file data: " REPORTED, \
	"unmapped file data: " PLACE_REPORTED, \
	"free space: " SUCCEEDS, \
	"metadata: " SHUTS_DOWN

SCENARIO("XFS on linear mapped devices, of one and of two pmem devices",
	.machine = "both", .seconds = 90,
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
	.holder_as_base = true,
	.core.fails = { REFUSED });
