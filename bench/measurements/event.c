// SPDX-License-Identifier: GPL-2.0
/*
 * What one failure costs: the processor time of the thread that injects it, from before
 * the write() to after it, including timer interrupts. The signalled processes run
 * later and are not included.
 */
#include "measure.h"

#define FLOOR_PLACES	"/sys/kernel/debug/hwpoison/floor-places"
#define FLOOR		"/sys/kernel/debug/hwpoison/floor"

#define NONE		(-1)

/* A single sharer has a file without reflinks. */
static const struct variant {
	const char *name;
	int files, mapped;	/* or X */
	bool idle;		/* X processes not involved in the failure */
	bool cold;		/* the files that are not mapped are not in core */
	bool kept;		/* they are, as bench/measure has it */
	bool no_rmapbt;
	bool floor;		/* the kernel floor unmaps and signals */
} variants[] = {
	{ "sharers" },
	{ "one-of-two", .files = 2, .mapped = 1 },
	{ "idle", .files = 1, .mapped = 1, .idle = true },
	{ "unmapped", .mapped = 10, .kept = true },
	{ "unmapped-cold", .mapped = 10, .cold = true },
	{ "unanswered", .mapped = NONE, .no_rmapbt = true },
	{ "floor", .kept = true, .floor = true },
};

static struct crowd *start_crowd(const struct variant *v, long x)
{
	struct crowd *c;
	long i;

	make_fs(v->no_rmapbt ? MKFS_XFS_NO_RMAPBT : MKFS_XFS, NULL, PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	c = make_files(v->files ?: x);
	if (v->mapped == NONE) {
		keep_in_core(c);
		use_pages(c);
		return c;
	}
	if (v->cold) {
		/* umount reliably evicts all inodes. */
		must(unmount(), "umount: %m");
		mount_fs(PMEM, "xfs", "dax=always");
	}
	for (i = 0; v->idle && i < x; i++)
		if (!fork_child())
			for (;;)
				pause();
	start_members(c, v->mapped ?: x);
	if (v->kept)
		keep_in_core(c);
	return c;
}

/* The input of ci/kernels/floor.patch for each place. */
struct place {
	int32_t pid, fd;
	uint64_t index, addr;
};

static long fail_on_floor(struct crowd *c, int round)
{
	int i, fd = open_file(FLOOR_PLACES, O_WRONLY);
	long took;

	for (i = 0; i < c->mapped; i++) {
		struct place place = {
			.pid = c->members[i].pid,
			.fd = c->fds[i],
			.index = round,
			.addr = c->members[i].addr + round * PAGE,
		};

		must(write(fd, &place, sizeof(place)) == sizeof(place),
		     FLOOR_PLACES ": %m");
	}
	took = act(c, round, FLOOR, "1");
	close(fd);
	return took;
}

void measure_event(const char *variant, long x)
{
	const struct variant *v = variants;
	struct crowd *c = start_scattered(variant, x);
	long took[MAX_ROUNDS];
	bool floor = false;
	int r;

	if (!c) {
		while (strcmp(v->name, variant))
			must(++v < variants + ARRAY_SIZE(variants),
			     "event has no variant %s", variant);
		c = start_crowd(v, x);
		floor = v->floor;
	}
	for (r = 0; r < c->rounds; r++)
		took[r] = floor ? fail_on_floor(c, r) :
				  fail_crowd(c, r, pfn_to_fail(c, r));
	figure("event", variant, x, "instructions", median(took, c->rounds));
}
