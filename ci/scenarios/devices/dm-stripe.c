// SPDX-License-Identifier: GPL-2.0
/*
 * XFS on striped mapped devices: neighbours in a file are far apart on the
 * medium, on one pmem device or on two.
 */
#include "devices.h"

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
static void share_on_each(const char *title, const struct segment *stripes,
			  int64_t chunk)
{
	bool had[NR] = {};
	int i, nr = 0;

	/* Aligned AGs would all start on the first stripe. */
	mount_on_dm(stripe_table(stripes, NR, chunk), "-d agsize=95m,noalign");
	for (i = 0; nr < NR && i < 256; i++) {
		const char *path = file("%d", i);
		struct sharers s;
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
		share_page(&s, path);
		must(s.pfn == stripe_pfn(stripes, chunk, place),
		     "the page is not where the stripe has it");
		fail_shared_page(&s);
		check(alive(), GOES_ON);
		finish_all();
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

static void run(void)
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

SCENARIO("XFS on striped mapped devices",
	.machine = "both", .seconds = 90,
	/* As on linear devices */
	.base.fails = {
		SHARERS_MISSED("4 KiB on two devices, stripe 0"),
		SHARERS_MISSED("4 KiB on two devices, stripe 1"),
		SHARERS_MISSED("2 MiB on halves of one, stripe 0"),
		SHARERS_MISSED("2 MiB on halves of one, stripe 1"),
		SHARERS_MISSED("16 MiB on two devices, stripe 0"),
		SHARERS_MISSED("16 MiB on two devices, stripe 1"),
		"16 MiB, unmapped page: " SUCCEEDS,
		"16 MiB, unmapped page: " REPORTED,
	},
	.holder_as_base = true,
	.core.fails = {
		"16 MiB, unmapped page: " SUCCEEDS,
		"16 MiB, unmapped page: " REPORTED,
	});
