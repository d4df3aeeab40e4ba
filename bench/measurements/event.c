// SPDX-License-Identifier: GPL-2.0
/*
 * What one failure costs: the processor time of the thread that injects it, from before
 * the write() to after it, including timer interrupts. The signalled processes run
 * later and are not included.
 */
#include <errno.h>
#include <stdint.h>
#include "measure.h"

#define FLOOR_PLACES	"/sys/kernel/debug/hwpoison/floor-places"
#define FLOOR		"/sys/kernel/debug/hwpoison/floor"

static void measure_failures(struct crowd *c, const char *variant, long x)
{
	long took[MAX_ROUNDS];
	int r;

	for (r = 0; r < c->rounds; r++)
		took[r] = fail_page(c, r);
	figure("event", variant, x, "instructions", median(took, c->rounds));
}

/* Processes not involved in the failure. */
static void start_idle(long nr)
{
	long i;

	for (i = 0; i < nr; i++) {
		pid_t pid = fork();

		must(pid >= 0, "fork: %m");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
}

/* The input of ci/kernels/floor.patch for each place. */
struct place {
	int32_t pid, fd;
	uint64_t index, addr;
};

static void measure_floor(struct crowd *c, const char *variant, long x,
			  const char *what)
{
	long took[MAX_ROUNDS];
	int i, r, fd;

	keep_in_core(c);
	for (r = 0; r < c->rounds; r++) {
		fd = open(FLOOR_PLACES, O_WRONLY);
		must(fd >= 0, FLOOR_PLACES ": %m");
		for (i = 0; i < c->mapped; i++) {
			struct place place = {
				.pid = c->members[i].pid,
				.fd = c->fds[i],
				.index = r,
				.addr = c->members[i].addr + r * PAGE,
			};

			must(write(fd, &place, sizeof(place)) == sizeof(place),
			     FLOOR_PLACES ": %m");
		}
		took[r] = act(c, r, FLOOR, what);
		close(fd);
	}
	figure("event", variant, x, "instructions", median(took, c->rounds));
}

void measure_event(const char *variant, long x)
{
	bool cold = !strcmp(variant, "unmapped-cold");
	int gap = gap_of(variant);
	struct crowd *c;

	early_kill(true);
	if (!strcmp(variant, "unanswered")) {
		make_fs(MKFS_XFS_NO_RMAPBT, NULL, PMEM);
		mount_fs(PMEM, "xfs", "dax=always");
		c = make_files(x, nr_rounds(x));
		keep_in_core(c);
		use_pages(c);
		measure_failures(c, variant, x);
		return;
	}
	mount_xfs(NULL);
	if (!strcmp(variant, "sharers")) {
		/* A single one has a file without reflinks. */
		c = make_files(x, nr_rounds(x));
		start_members(c, x);
		measure_failures(c, variant, x);
	} else if (!strcmp(variant, "one-of-two")) {
		c = make_files(2, nr_rounds(1));
		start_members(c, 1);
		measure_failures(c, variant, x);
	} else if (!strcmp(variant, "idle")) {
		c = make_files(1, nr_rounds(1));
		start_idle(x);
		start_members(c, 1);
		measure_failures(c, variant, x);
	} else if (!strcmp(variant, "unmapped") || cold) {
		c = make_files(x, nr_rounds(x));
		if (cold) {
			/* umount reliably evicts all inodes. */
			must(unmount(), "umount: %m");
			mount_fs(PMEM, "xfs", "dax=always");
			start_members(c, 10);
		} else {
			start_members(c, 10);
			keep_in_core(c);
		}
		measure_failures(c, variant, x);
	} else if (gap >= 0) {
		measure_failures(start_scattered(x, gap), variant, x);
	} else if (!strcmp(variant, "floor")) {
		c = make_files(x, nr_rounds(x));
		start_members(c, x);
		measure_floor(c, variant, x, "1");
	} else if (!strcmp(variant, "floor-logged")) {
		c = make_files(x, nr_rounds(x));
		start_members(c, x);
		measure_floor(c, variant, x, "2");
	} else {
		give_up("event has no variant %s", variant);
	}
}
