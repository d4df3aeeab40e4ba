// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail while their filesystem is mounted, unmounted, frozen, thawed,
 * grown and remounted: mapped pages, unmapped ones, and free ones.
 * memory_failure() must succeed while it is mounted, and report EBUSY while it
 * is not.
 */
#include <sys/mount.h>
#include "race.h"

#define PAGES		1200UL
#define BLOCKS		(512UL << 20 >> 12)	/* of the filesystem at first */
#define MOST_BLOCKS	(1800UL << 20 >> 12)
#define STEP		(16UL << 20 >> 12)
#define ANSWERED \
	"memory_failure() succeeds if and only if the filesystem is mounted"

/* As in fs/xfs/libxfs/xfs_fs.h. */
struct growfs_data {
	uint64_t newblocks;
	uint32_t imaxpct;
};
#define GROWFS_DATA	_IOW('X', 110, struct growfs_data)

/* The current state; changes are counted, to detect any in between. */
static struct {
	enum { AWAY, BETWEEN, MOUNTED } state;
	unsigned int changes;
	bool mapped;
	unsigned long next, populated;	/* pages from next up to this one */
	long answered, refused, between, signalled, missed, wrong;
	int first_wrong;
	bool wrong_while_mounted;
} volatile *now;

static struct field *mapped, *idle;
static unsigned long first_free;

/* Keeps its file mapped whenever the filesystem is mounted. */
static void keep_mapped(struct racer *r, unsigned long i)
{
	unsigned long end;

	if (now->state == MOUNTED && !now->mapped) {
		now->mapped = true;
		must(map_pages(r, 0, PAGES, PROT_READ, MAP_SHARED));
		i = now->next;
		end = i + 100 < PAGES ? i + 100 : PAGES;
		/* MADV_POPULATE_READ would stop at the first failed page. */
		for (; i < end; i++)
			touch(at_page(r, i));
		now->populated = end;
	} else if (now->state != MOUNTED && now->mapped) {
		now->populated = 0;
		munmap((void *)r->at, PAGES * PAGE);
		now->mapped = false;
	}
	usleep(1000);
}

static bool within_200ms(struct racer *r, int signals)
{
	int i;

	for (i = 0; i < 200 && r->ao == signals; i++)
		usleep(1000);
	return r->ao > signals;
}

/* Make the next page of a random kind fail and check the result. */
static void fail_next(struct racer *r, unsigned long i)
{
	static unsigned long next[3] = { 4, 4, 4 };
	struct racer *mapper = racer(0);
	unsigned int kind = dice(r, 3), changes = now->changes;
	int state = now->state, ao = mapper->ao, ret;
	bool was_mapped, good;

	i = next[kind];
	was_mapped = i < now->populated;
	if (i >= PAGES) {
		usleep(1000);
		return;
	}
	next[kind]++;
	if (!kind)
		now->next = i + 1;
	ret = kind == 0 ? fail(mapped, i) : kind == 1 ? fail(idle, i) :
	      fail_pfn(first_free + i);
	if (changes != now->changes || state == BETWEEN) {
		now->between++;
		good = !ret || ret == -EBUSY;
	} else if (state == MOUNTED) {
		now->answered++;
		good = !ret;
	} else {
		now->refused++;
		good = ret == -EBUSY;
	}
	if (!good && !now->wrong++) {
		now->first_wrong = ret;
		now->wrong_while_mounted = state == MOUNTED;
	}
	/* Only certain if the page was mapped throughout. */
	if (kind == 0 && was_mapped && state == MOUNTED &&
	    changes == now->changes) {
		if (within_200ms(mapper, ao))
			now->signalled++;
		else
			now->missed++;
	}
	usleep(dice(r, 3000));
}

static const struct entry entries[] = {
	{ "mapped", keep_mapped, "mapper" },
	{ "mapped", fail_next, "failures" },
};

static void change(int state)
{
	now->state = state;
	now->changes++;
}

static void take_away(void)
{
	change(BETWEEN);
	while (now->mapped)
		usleep(1000);
	must(!umount(MNT));
	change(AWAY);
}

static void bring_back(void)
{
	change(BETWEEN);
	must(!mount(PMEM, MNT, "xfs", 0, "dax=always"));
	change(MOUNTED);
}

static void grow(void)
{
	static struct growfs_data to = { .newblocks = BLOCKS, .imaxpct = 25 };

	if (to.newblocks + STEP > MOST_BLOCKS)
		return;
	to.newblocks += STEP;
	control(MNT, GROWFS_DATA, &to);
}

static void remount(unsigned long flags)
{
	must(!mount(NULL, MNT, NULL, MS_REMOUNT | flags, "dax=always"));
}

static bool all_seen(long rounds)
{
	return rounds > 5 && now->answered > 10 && now->refused > 10 &&
	       now->signalled + now->missed > 2;
}

static void run(void)
{
	long rounds = 0;
	uint64_t length;
	int64_t free_at;

	mapped = make_field(PMEM, file("mapped"), PAGES, false);
	idle = make_field(PMEM, file("idle"), PAGES, false);
	settle();
	/* From the middle of free space: no file gets blocks from there. */
	free_at = find_owner(MNT, OWN_FREE, &length);
	must(length > 2 * PAGES * PAGE);
	first_free = pmem_pfn(PMEM, free_at + length / 2 / PAGE * PAGE);

	now = shared_memory(sizeof(*now));
	now->state = MOUNTED;
	enter_all(mapped, NULL, entries, ARRAY_SIZE(entries));
	race_on(10);

	while (race_lasts(all_seen(rounds))) {
		usleep(50 * 1000);
		settle();
		grow();
		remount(MS_RDONLY);
		usleep(20 * 1000);
		remount(0);
		take_away();
		usleep(20 * 1000);
		bring_back();
		rounds++;
	}
	remark("%ld rounds; %ld failures when mounted, %ld when not, %ld between",
	       rounds, now->answered, now->refused, now->between);
	remark("the mapper was signalled for %ld that it was certain to have, not for %ld",
	       now->signalled, now->missed);
	check(all_seen(rounds), "there were failures of all kinds");
	if (!check(!now->wrong, ANSWERED))
		remark("%ld answers were wrong, the first %d (%s), %smounted",
		       now->wrong, now->first_wrong,
		       strerror(-now->first_wrong),
		       now->wrong_while_mounted ? "" : "not ");
	check(!now->missed, "a process that has the page mapped is signalled");
	finish_race();
}

SCENARIO("pages fail while the filesystem comes and goes, is frozen and grown",
	.xfs = "-d size=512m", .cpus = 4, .seconds = 120, .debug = true,
	/*
	 * Base handles failures until the device is closed, after the log and
	 * the AGs are torn down, and mistakes an inode under eviction for lost
	 * metadata.
	 */
	.base.splat = "xfs_dax_notify_|xg_ref",
	.core.splat = "xfs_log_check_lsn|xfs_dax_notify_|xg_ref",
	.core.says = "succeeds if and only if the filesystem is mounted");
