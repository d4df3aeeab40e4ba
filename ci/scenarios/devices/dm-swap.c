// SPDX-License-Identifier: GPL-2.0
/*
 * The halves of a mapped device change places. Then a page can have two users:
 * the file that mapped it before, and the file whose block is there now. A
 * failure affects both, but no process that maps another page of these files.
 */
#include "devices.h"

#define EARLY	"a process that mapped it before gets BUS_MCEERR_AO and loses it"
#define LATE	"a process that mapped it since gets BUS_MCEERR_AO and loses it"

static const struct segment before[] = {
	{ "/dev/pmem0", 16 * MIB, 160 * MIB },
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
};
static const struct segment after[] = {
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
	{ "/dev/pmem0", 16 * MIB, 160 * MIB },
};
static const struct segment aside = { "/dev/pmem1", 16 * MIB, 160 * MIB };
#define NR	2

/* Low files are in the first half's first group, the high one is opposite. */
#define AG_SIZE		(80 * MIB)	/* mkfs's options say the same */
static char high[64];

/* The high file's page at the same offset in its half as this one. */
static off_t opposite(const char *low)
{
	off_t offset = before[0].length + file_physical(low, PAGE) -
		       file_physical(high, 0);

	must(offset >= 0 && file_physical(high, offset) ==
	     before[0].length + file_physical(low, PAGE),
	     "there is no page of the high file opposite to %s", low);
	return offset;
}

static int byte_of(const char *path, off_t offset)
{
	int byte = read_byte(path, offset);

	must(byte >= 0, "read %s: %s", path, strerror(-byte));
	return byte;
}

static struct proc *map_it(const char *name, const char *path, off_t offset)
{
	struct proc *p = map_by(name, path, offset);

	must(p->byte == byte_of(path, offset), "wrong data");
	return p;
}

/* A page that nr files map before the swap, and the high file after it. */
struct page {
	const char *title;
	int nr;
	char low[64];
	struct proc *early[3], *late, *next;
	unsigned long pfn;
};

static void map_early(struct page *page)
{
	int i;

	strcpy(page->low, make_file_between(0, AG_SIZE, 4 * PAGE));
	opposite(page->low);
	if (page->nr == 2)
		clone_file(page->low, file("%s", page->title));
	for (i = 0; i < page->nr; i++)
		page->early[i] = map_it(i ? "early reflink" : "early",
					i ? file("%s", page->title) : page->low,
					PAGE);
	page->pfn = common_page(page->early);
}

static void map_late(struct page *page)
{
	page->late = map_it("late", high, opposite(page->low));
	page->next = map_it("next page", high, opposite(page->low) + PAGE);
	must(page_of(page->late) == page->pfn,
	     "the halves have not changed places");
}

static void fail(struct page *page)
{
	part("%s", page->title);
	poison_and_check(page->pfn);
	check(all_of(hit, page->early), EARLY);
	check(hit(page->late), LATE);
	check(got_none(page->next) && has(page->next), NEXT_PAGE);
	check(alive(), GOES_ON);
}

static void run(void)
{
	const struct move moves[] = {
		{ before[0], aside }, { before[1], before[0] },
		{ aside, before[1] },
	};
	struct page pages[] = {
		{ "mapped by one file before", 1 },
		{ "shared by two files before", 2 },
	};
	unsigned int i;

	/* Keep the log out of the groups of the files below. */
	mount_on_dm(linear_table(before, NR), "-d agsize=80m -l agnum=1");
	strcpy(high, make_file_between(before[0].length,
				       before[0].length + AG_SIZE, 4 * MIB));

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		map_early(&pages[i]);
	reload_dm(linear_table(after, NR), moves, ARRAY_SIZE(moves));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		map_late(&pages[i]);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		fail(&pages[i]);
}

#define FAILS(part)	part ": " SUCCEEDS, part ": " EARLY, part ": " LATE

SCENARIO("halves of a mapped device change places under the filesystem",
	.machine = "both",
	/* A page that is not shared cannot have two mappings there. */
	.base.splat = "WARNING: .*fs/dax.c",
	/* The pmem device has no holder, and shared pages have no mapping. */
	.holder.fails = { FAILS("mapped by one file before"),
			  FAILS("shared by two files before") },
	.core.fails = { "mapped by one file before: " EARLY,
			FAILS("shared by two files before") });
