// SPDX-License-Identifier: GPL-2.0
/*
 * A mapped device gets another table while files are mapped. Processes keep the
 * old pages; the filesystem's blocks are elsewhere. The failure of an old page
 * concerns the processes that map it, not the files whose blocks are there now.
 */
#include "devices.h"

#define NR		2
#define AG_SIZE		(80 * MIB)	/* mkfs's options say the same */

static const struct segment before[] = {
	{ "/dev/pmem0", 16 * MIB, 160 * MIB },
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
};

struct move {
	struct segment from, to;
};

static void copy(const struct move *m)
{
	static char buffer[4 * MIB] __attribute__((aligned(PAGE)));
	/* Bypass the block device's page cache, which may be stale. */
	int from = open_file(m->from.device, O_RDONLY | O_DIRECT);
	int to = open_file(m->to.device, O_WRONLY | O_DIRECT);
	const int64_t step = sizeof(buffer);
	int64_t at;

	for (at = 0; at < m->from.length; at += step)
		must(pread(from, buffer, step, m->from.start + at) == step &&
		     pwrite(to, buffer, step, m->to.start + at) == step);
	close(from);
	close(to);
}

/*
 * Give it another table while a filesystem on it is frozen: the moved segments
 * are copied first.
 */
static void reload_dm(const char *table, const struct move *moves, int nr)
{
	int i;

	dm("suspend", "");
	for (i = 0; i < nr; i++)
		copy(&moves[i]);
	dm("load", table);
	dm("resume", "");
}

/* --- the first half moves --- */

#define CAN_BE_READ	"the file can be read"
#define READS_NEW	"the data is read at its new place where the old page was lost"
#define HAS_AND_LOSES	"a process that has it gets BUS_MCEERR_AO and loses it"

static const struct segment after[] = {
	{ "/dev/pmem1", 64 * MIB, 160 * MIB },
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
};

static unsigned long old_pfn(int64_t place)
{
	return segment_pfn(before, NR, place);
}

static unsigned long new_pfn(int64_t place)
{
	return segment_pfn(after, NR, place);
}

/* The filesystem must be unaffected. */
static void check_unnoticed(struct monitor *m)
{
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);
	forget_reports(m);
}

static void reload(void)
{
	const struct move move = { before[0], after[0] };
	struct proc *late[3] = {}, *one, *stays, *anew;
	char paths[4][64], *shared = paths[0], *own = paths[1],
	     *twice = paths[2], *unmapped = paths[3];
	int64_t place, metadata;
	unsigned long pfn;
	struct sharers s;
	struct monitor *m;
	int i;

	mount_on_dm(linear_table(before, NR), "-d agsize=80m");

	for (i = 0; i < 4; i++)
		strcpy(paths[i],
		       make_file_between(0, before[0].length, 4 * PAGE));
	clone_file(shared, file("late.0"));
	clone_file(shared, file("late.1"));
	share_page(&s, 3, shared);
	one = map_by("one file's", own, PAGE);
	stays = map_by("stays", twice, PAGE);
	place = file_physical(shared, PAGE);
	metadata = find_owner(MNT, XFS_OWN_INODES, NULL);
	must(s.pfn == old_pfn(place) && metadata < before[0].length,
	     "that does not move");
	m = start_monitor(MNT);

	reload_dm(linear_table(after, NR), &move, 1);
	for (i = 0; i < 2; i++) {
		late[i] = start("late sharer %d", i);
		map_page(late[i], file("late.%d", i), PAGE);
		must(page_of(late[i]) == new_pfn(place));
	}
	must(all_kept(&s) && page_of(s.procs[0]) == s.pfn,
	     "the old page was not kept by the processes that had it");

	part("an old page, shared");
	fail_shared_page(&s);
	for (i = 0; i < 2; i++)
		check(got_none(late[i]) && has(late[i]),
		      "late sharer %d has the new page, and gets nothing", i);
	/* A process may have written to the old page. */
	lost_reports(m, 0);
	check(!reported_lost(m, file("late.0"), PAGE) &&
	      !reported_lost(m, file("late.1"), PAGE),
	      "no loss is reported of files that have the block now");
	check(alive(), GOES_ON);
	forget_reports(m);

	part("an old page of one file");
	poison_and_check(page_of(one));
	check(hit(one), HAS_AND_LOSES);
	check_unnoticed(m);

	/* Another process maps a file of which a part is still mapped. */
	part("mapped anew");
	anew = map_unread("anew", twice, PAGE, MAP_SHARED);
	if (check(reads(anew), CAN_BE_READ)) {
		pfn = page_of(anew);
		poison_and_check(pfn);
		check(hit(anew), HAS_AND_LOSES);
		check(!has(stays) || page_of(stays) != pfn,
		      "no process maps it any longer");
		forget_reports(m);
	}

	part("what was file data");
	poison(old_pfn(file_physical(unmapped, PAGE)));
	check_unnoticed(m);

	part("what was metadata");
	poison(old_pfn(metadata));
	check_unnoticed(m);

	part("the new page");
	forget(s.procs[1]);
	check(reads(s.procs[1]) && page_of(s.procs[1]) == new_pfn(place),
	      READS_NEW);
	forget(s.procs[1]);
	poison_and_check(new_pfn(place));
	check_lost(REACHED, late[0], late[1], s.procs[1]);
	check(got_none(s.next) && has(s.next),
	      "the next page, an old one, stays mapped");
	check(lost_reports(m, 5) == 5 &&
	      reported_lost(m, file("late.0"), PAGE) &&
	      reported_lost(m, file("late.1"), PAGE) &&
	      reported_lost(m, shared, PAGE), REPORTED);
	check(alive(), GOES_ON);
	forget_reports(m);

	/* The filesystem must handle failures anywhere in the new place. */
	part("the new page, not mapped");
	poison_and_check(new_pfn(file_physical(unmapped, PAGE)));
	check(lost_reports(m, 1) == 1 && reported_lost(m, unmapped, PAGE),
	      REPORTED);
	check(alive(), GOES_ON);
	stop_monitor(m);

	part("metadata at its new place");
	poison(new_pfn(metadata));
	check(!alive(), SHUTS_DOWN);
}

/*
 * --- the halves change places: then a page can have two users, the file that mapped
 * it before and the file whose block is there now; a failure affects both, but no
 * process that maps another page of these files ---
 */

#define EARLY	"a process that mapped it before gets BUS_MCEERR_AO and loses it"
#define LATE	"a process that mapped it since gets BUS_MCEERR_AO and loses it"
#define NEXT	"the next page stays mapped, and no process is signalled"

static const struct segment halves_swapped[] = {
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
	{ "/dev/pmem0", 16 * MIB, 160 * MIB },
};
static const struct segment aside = { "/dev/pmem1", 16 * MIB, 160 * MIB };

/* Low files are in the first half's first group, the high one is opposite. */
static char high[64];

/* The high file's page at the same offset in its half as this one. */
static off_t opposite(const char *low)
{
	off_t offset = before[0].length + file_physical(low, PAGE) -
		       file_physical(high, 0);

	must(offset >= 0 && file_physical(high, offset) ==
	     before[0].length + file_physical(low, PAGE));
	return offset;
}

static struct proc *map_it(const char *name, const char *path, off_t offset)
{
	struct proc *p = map_by(name, path, offset);

	must(p->byte == read_byte(path, offset), "wrong data");
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
	strcpy(page->low, make_file_between(0, AG_SIZE, 4 * PAGE));
	opposite(page->low);
	if (page->nr == 2)
		clone_file(page->low, file("%s", page->title));
	page->early[0] = map_it("early", page->low, PAGE);
	if (page->nr == 2)
		page->early[1] = map_it("early reflink",
					file("%s", page->title), PAGE);
	page->pfn = common_page(page->early);
}

static void fail(struct page *page)
{
	part("%s", page->title);
	poison_and_check(page->pfn);
	check(all_of(hit, page->early), EARLY);
	check(hit(page->late), LATE);
	check(got_none(page->next) && has(page->next), NEXT);
	check(alive(), GOES_ON);
}

static void swap(void)
{
	const struct move moves[] = {
		{ before[0], aside }, { before[1], before[0] },
		{ aside, before[1] },
	};
	struct page pages[] = {
		{ "mapped by one file before", 1 },
		{ "shared by two files before", 2 },
	};
	off_t offset;
	int i;

	/* Keep the log out of the groups of the files below. */
	mount_on_dm(linear_table(before, NR), "-d agsize=80m -l agnum=1");
	strcpy(high, make_file_between(before[0].length,
				       before[0].length + AG_SIZE, 4 * MIB));

	for (i = 0; i < 2; i++)
		map_early(&pages[i]);
	reload_dm(linear_table(halves_swapped, NR), moves, ARRAY_SIZE(moves));
	for (i = 0; i < 2; i++) {
		offset = opposite(pages[i].low);
		pages[i].late = map_it("late", high, offset);
		pages[i].next = map_it("next page", high, offset + PAGE);
		must(page_of(pages[i].late) == pages[i].pfn);
	}
	for (i = 0; i < 2; i++)
		fail(&pages[i]);
}

#define OLD_PAGE \
	SHARERS_MISSED("an old page, shared"), \
	"the new page: " READS_NEW	/* has not lost the old one */
#define NEW_PLACE \
	"the new page, not mapped: " SUCCEEDS, \
	"the new page, not mapped: " REPORTED, \
	"metadata at its new place: " SHUTS_DOWN
#define NEW_PAGE \
	SHARERS_MISSED("the new page"), "the new page: " REPORTED, NEW_PLACE
#define FAILS(part)	part ": " SUCCEEDS, part ": " EARLY, part ": " LATE

SCENARIOS(
	{ "dm-reload", "a mapped device's table changes under the filesystem",
	  reload, .machine = "both",
	  .base.fails = { OLD_PAGE, "mapped anew: " CAN_BE_READ, NEW_PAGE },
	  /* As base, but a failed page is not mapped again. */
	  .holder.fails = { OLD_PAGE, NEW_PAGE },
	  .core.fails = { OLD_PAGE, "the new page: " REACHED,
			  "the new page: " UNMAPPED, NEW_PLACE } },
	{ "dm-swap", "halves of a mapped device change places under the filesystem",
	  swap, .machine = "both",
	  /* A page that is not shared cannot have two mappings there. */
	  .base.splat = "WARNING: .*fs/dax.c",
	  /* The pmem device has no holder, and shared pages have no mapping. */
	  .holder.fails = { FAILS("mapped by one file before"),
			    FAILS("shared by two files before") },
	  .core.fails = { "mapped by one file before: " EARLY,
			  FAILS("shared by two files before") } }
);
