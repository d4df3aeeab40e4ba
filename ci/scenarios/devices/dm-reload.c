// SPDX-License-Identifier: GPL-2.0
/*
 * A mapped device gets another table while files are mapped: processes keep the
 * pages that they have, the filesystem's blocks are elsewhere from then on. The
 * failure of such a page concerns who has it, not who has its block.
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

/* The filesystem must not have noticed. */
static void check_unnoticed(struct monitor *m)
{
	check(!lost_reports(m, 0), "no loss is reported");
	check(alive(), GOES_ON);
	forget_reports(m);
}

static void run(void)
{
	const struct move move = { before[0], after[0] };
	struct proc *late[2], *one = start("one file's");
	struct proc *stays = start("stays"), *anew = start("anew");
	char shared[64], own[64], twice[64], unmapped[64];
	unsigned long at_late[2], at_own, at_stays, at_anew, pfn;
	int64_t place, metadata;
	struct sharers s;
	struct monitor *m;
	int i;

	create_dm(linear_table(before, NR));
	make_fs(MKFS_XFS, "-d agsize=80m", DM);
	mount_fs(DM, "xfs", "dax=always");

	strcpy(shared, make_moving());
	strcpy(own, make_moving());
	strcpy(twice, make_moving());
	strcpy(unmapped, make_moving());
	clone_file(shared, file("late.0"));
	clone_file(shared, file("late.1"));
	share_page(&s, shared);
	at_own = map_page(one, own, PAGE);
	at_stays = map_page(stays, twice, PAGE);
	place = file_physical(shared, PAGE);
	metadata = find_owner(MNT, XFS_OWN_INODES, NULL);
	must(s.pfn == old_pfn(place) && metadata >= 0 &&
	     metadata < before[0].length, "that does not move");
	m = start_monitor(MNT);

	reload_dm(linear_table(after, NR), &move, 1);
	for (i = 0; i < 2; i++) {
		late[i] = start("late sharer %d", i);
		at_late[i] = map_page(late[i], file("late.%d", i), PAGE);
		must(pfn_of(late[i], at_late[i]) == new_pfn(place),
		     "the block has not moved");
	}
	must(undisturbed(&s) && pfn_of(s.procs[0], s.at[0]) == s.pfn,
	     "the old page was not kept by the processes that had it");

	part("an old page, shared");
	fail_shared_page(&s);
	for (i = 0; i < 2; i++)
		check(untold(late[i]) && maps(late[i], at_late[i]),
		      "late sharer %d has the new page, and gets nothing", i);
	/* Who had the old page may have written to it. */
	lost_reports(m, 0);
	check(!reported_lost(m, file("late.0"), PAGE) &&
	      !reported_lost(m, file("late.1"), PAGE),
	      "no loss is reported of files that have the block now");
	check(alive(), GOES_ON);
	forget_reports(m);

	part("an old page of one file");
	poison_and_check(pfn_of(one, at_own));
	check(told(one, BUS_MCEERR_AO, at_own, PAGE_LSB) &&
	      !maps(one, at_own),
	      "a process that has it gets BUS_MCEERR_AO and loses it");
	check_unnoticed(m);

	/* Another process maps a file anew, part of which is mapped still. */
	part("mapped anew");
	at_anew = map(anew, twice, PAGE, PAGE, PROT_READ, MAP_SHARED);
	if (check(load(anew, at_anew) == fill(1), CAN_BE_READ)) {
		pfn = pfn_of(anew, at_anew);
		poison_and_check(pfn);
		check(told(anew, BUS_MCEERR_AO, at_anew, PAGE_LSB) &&
		      !maps(anew, at_anew),
		      "a process that has it gets BUS_MCEERR_AO and loses it");
		check(!maps(stays, at_stays) || pfn_of(stays, at_stays) != pfn,
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
	check(load(s.procs[1], s.at[1]) == fill(1) &&
	      pfn_of(s.procs[1], s.at[1]) == new_pfn(place), READS_NEW);
	forget(s.procs[1]);
	poison_and_check(new_pfn(place));
	check(told(late[0], BUS_MCEERR_AO, at_late[0], PAGE_LSB) &
	      told(late[1], BUS_MCEERR_AO, at_late[1], PAGE_LSB) &
	      told(s.procs[1], BUS_MCEERR_AO, s.at[1], PAGE_LSB), REACHED);
	check(!maps(late[0], at_late[0]) && !maps(late[1], at_late[1]) &&
	      !maps(s.procs[1], s.at[1]), UNMAPPED);
	check(untold(s.next) && maps(s.next, s.at_next),
	      "the next page, an old one, stays mapped");
	check(lost_reports(m, 5) == 5 &&
	      reported_lost(m, file("late.0"), PAGE) &&
	      reported_lost(m, file("late.1"), PAGE) &&
	      reported_lost(m, shared, PAGE), REPORTED);
	check(alive(), GOES_ON);
	forget_reports(m);

	/* The filesystem answers for all of the new place. */
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

SCENARIO("a mapped device's table changes under the filesystem",
	.machine = "both",
	.base.fails = {
		SHARERS_MISSED("an old page, shared"),
		"mapped anew: " CAN_BE_READ,
		"the new page: " READS_NEW,	/* has not lost the old one */
		SHARERS_MISSED("the new page"),
		"the new page: " REPORTED,
		"the new page, not mapped: " SUCCEEDS,
		"the new page, not mapped: " REPORTED,
		"metadata at its new place: " SHUTS_DOWN,
	},
	/* As base, but a failed page is not mapped anew. */
	.holder.fails = {
		SHARERS_MISSED("an old page, shared"),
		"the new page: " READS_NEW,
		SHARERS_MISSED("the new page"),
		"the new page: " REPORTED,
		"the new page, not mapped: " SUCCEEDS,
		"the new page, not mapped: " REPORTED,
		"metadata at its new place: " SHUTS_DOWN,
	},
	.core.fails = {
		SHARERS_MISSED("an old page, shared"),
		"the new page: " READS_NEW,
		"the new page: " REACHED,
		"the new page: " UNMAPPED,
		"the new page, not mapped: " SUCCEEDS,
		"the new page, not mapped: " REPORTED,
		"metadata at its new place: " SHUTS_DOWN,
	});
