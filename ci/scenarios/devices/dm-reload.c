// SPDX-License-Identifier: GPL-2.0
/*
 * A mapped device gets another table while files are mapped. Processes keep the
 * old pages; the filesystem's blocks are elsewhere. The failure of an old page
 * concerns the processes that map it, not the files whose blocks are there now.
 */
#include "devices.h"

#define CAN_BE_READ	"the file can be read"
#define READS_NEW	"the data is read at its new place where the old page was lost"

static const struct segment before[] = {
	{ "/dev/pmem0", 16 * MIB, 160 * MIB },
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
};
static const struct segment after[] = {
	{ "/dev/pmem1", 64 * MIB, 160 * MIB },
	{ "/dev/pmem0", 256 * MIB, 160 * MIB },
};
#define NR	2

static unsigned long old_pfn(int64_t place)
{
	return segment_pfn(before, NR, place);
}

static unsigned long new_pfn(int64_t place)
{
	return segment_pfn(after, NR, place);
}

/* A file of four pages in the part of the device that moves. */
static const char *make_moving(void)
{
	return make_file_between(0, before[0].length, 4 * PAGE);
}

/* The filesystem must be unaffected. */
static void check_unnoticed(struct monitor *m)
{
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);
	forget_reports(m);
}

static void run(void)
{
	const struct move move = { before[0], after[0] };
	struct proc *late[3] = {}, *one, *stays, *anew;
	char shared[64], own[64], twice[64], unmapped[64];
	int64_t place, metadata;
	unsigned long pfn;
	struct sharers s;
	struct monitor *m;
	int i;

	mount_on_dm(linear_table(before, NR), "-d agsize=80m");

	strcpy(shared, make_moving());
	strcpy(own, make_moving());
	strcpy(twice, make_moving());
	strcpy(unmapped, make_moving());
	clone_file(shared, file("late.0"));
	clone_file(shared, file("late.1"));
	share_page(&s, shared);
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
		must(page_of(late[i]) == new_pfn(place),
		     "the block has not moved");
	}
	must(undisturbed(&s) && page_of(s.procs[0]) == s.pfn,
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
	check(hit(one), "a process that has it gets BUS_MCEERR_AO and loses it");
	check_unnoticed(m);

	/* Another process maps a file of which a part is still mapped. */
	part("mapped anew");
	anew = map_unread("anew", twice, PAGE, MAP_SHARED);
	if (check(reads(anew), CAN_BE_READ)) {
		pfn = page_of(anew);
		poison_and_check(pfn);
		check(hit(anew),
		      "a process that has it gets BUS_MCEERR_AO and loses it");
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
	check(all(got_ao, late[0], late[1], s.procs[1]), REACHED);
	check(all(lost, late[0], late[1], s.procs[1]), NOT_MAPPED);
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

#define NEW_PLACE \
	"the new page, not mapped: " SUCCEEDS, \
	"the new page, not mapped: " REPORTED, \
	"metadata at its new place: " SHUTS_DOWN

SCENARIO("a mapped device's table changes under the filesystem",
	.machine = "both",
	.base.fails = {
		SHARERS_MISSED("an old page, shared"),
		"mapped anew: " CAN_BE_READ,
		"the new page: " READS_NEW,	/* has not lost the old one */
		SHARERS_MISSED("the new page"),
		"the new page: " REPORTED,
		NEW_PLACE,
	},
	/* As base, but a failed page is not mapped again. */
	.holder.fails = {
		SHARERS_MISSED("an old page, shared"),
		"the new page: " READS_NEW,
		SHARERS_MISSED("the new page"),
		"the new page: " REPORTED,
		NEW_PLACE,
	},
	.core.fails = {
		SHARERS_MISSED("an old page, shared"),
		"the new page: " READS_NEW,
		"the new page: " REACHED,
		"the new page: " NOT_MAPPED,
		NEW_PLACE,
	});
