// SPDX-License-Identifier: GPL-2.0
/*
 * How long one event holds the lock of the AGF, the header of the failed page's
 * allocation group, for which faults, writes and truncations there wait. And how long a
 * bystander that frees blocks of another file in this group waits for it.
 *
 * XFS's trace events of a buffer's lock are filtered for this buffer and one process,
 * so that almost nothing is recorded; but the filter is evaluated for each buffer,
 * which makes the times slightly longer than without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include "measure.h"

#define TRACING		"/sys/kernel/tracing/"
#define SECTOR		512

/* As in fs/xfs/libxfs/xfs_fs.h. */
struct geometry {
	uint32_t blocksize, rtextsize, agblocks, agcount, logblocks, sectsize,
		 inodesize, imaxpct;
	uint64_t datablocks, rtblocks, rtextents, logstart;
	unsigned char uuid[16];
	uint32_t sunit, swidth;
	int32_t version;
	uint32_t flags, logsectsize, rtsectsize, dirblocksize;
};
#define GET_GEOMETRY	_IOR('X', 100, struct geometry)

/* The AGF of a page of the device, in XFS's units. */
static unsigned long agf_of(int64_t physical)
{
	struct geometry g;
	int fd = open(MNT, O_RDONLY);
	int64_t ag;

	must(fd >= 0 && !ioctl(fd, GET_GEOMETRY, &g), "FSGEOMETRY: %m");
	close(fd);
	ag = physical / ((int64_t)g.agblocks * g.blocksize);
	/* the second sector */
	return (ag * g.agblocks * g.blocksize + g.sectsize) / SECTOR;
}

/* The events at which a span of time begins, and those at which it ends */
struct span {
	const char *begin[2], *end;
};

static const struct span hold = {
	{ "xfs_buf_trylock", "xfs_buf_lock_done" }, "xfs_buf_unlock"
};
static const struct span lock_wait = { { "xfs_buf_lock" }, "xfs_buf_lock_done" };

static void trace_event(const char *event, const char *filter)
{
	char path[120];

	snprintf(path, sizeof(path), TRACING "events/xfs/%s/filter", event);
	put_string(path, filter);
	snprintf(path, sizeof(path), TRACING "events/xfs/%s/enable", event);
	put_string(path, "1");
}

static void prepare_trace(const struct span *span, unsigned long agf, pid_t pid)
{
	char filter[80];

	put_string(TRACING "tracing_on", "0");
	/* This processor counts instructions in its TSC. */
	put_string(TRACING "trace_clock", "x86-tsc");
	snprintf(filter, sizeof(filter), "bno == %lu && common_pid == %d", agf, pid);
	for (unsigned int i = 0; i < ARRAY_SIZE(span->begin); i++)
		if (span->begin[i])
			trace_event(span->begin[i], filter);
	trace_event(span->end, filter);
}

struct spans {
	long nr, longest, total;
};

static struct spans read_trace(const struct span *span)
{
	FILE *f = fopen(TRACING "trace", "r");
	struct spans h = {};
	char line[400], name[40];
	long at, since = 0;

	must(f, TRACING "trace: %m");
	while (fgets(line, sizeof(line), f)) {
		char *rest = strchr(line, ']');

		/* "]", flags, the time and the event */
		if (line[0] == '#' || !rest ||
		    sscanf(rest + 1, " %*s %ld: %39[a-z_]", &at, name) != 2)
			continue;
		if (strcmp(name, span->end)) {
			must(!since, "%s twice", name);
			since = at;
			continue;
		}
		/* It may have begun before the trace did. */
		if (!since)
			continue;
		h.nr++;
		h.total += at - since;
		if (at - since > h.longest)
			h.longest = at - since;
		since = 0;
	}
	fclose(f);
	return h;
}

/* Trace one event. */
static struct spans trace_failure(struct crowd *c, int round, const struct span *span)
{
	FILE *f;

	/* Opening it for writing empties it. */
	f = fopen(TRACING "trace", "w");
	must(f, TRACING "trace: %m");
	fclose(f);
	put_string(TRACING "tracing_on", "1");
	fail_page(c, round);
	put_string(TRACING "tracing_on", "0");
	return read_trace(span);
}

#define BYSTANDER_BLOCKS	16384

/*
 * Free block after block. It gets the processor as soon as it can run, so it only waits
 * for locks. Allocation does not wait: XFS takes another group.
 */
static void free_blocks(int fd, volatile int *freed)
{
	const struct timespec rest = { .tv_nsec = 50 * 1000 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	take_processor(2);
	for (; *freed < BYSTANDER_BLOCKS; ++*freed) {
		must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				*freed * PAGE, PAGE), "punch: %m");
		nanosleep(&rest, NULL);
	}
}

static void measure_bystander(long x)
{
	struct crowd *c = make_files(x, nr_rounds(x));
	unsigned long agf = agf_of(file_physical(crowd_file(0), 0));
	volatile int *freed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open(file("bystander"), O_RDWR | O_CREAT | O_EXCL, 0600);
	long longest[MAX_ROUNDS];

	must(freed != MAP_FAILED, "mmap: %m");
	start_members(c, x);
	for (int r = 0; r < c->rounds; r++) {
		pid_t pid;

		must(!fallocate(fd, 0, 0, BYSTANDER_BLOCKS * PAGE),
		     "fallocate: %m");
		must(agf_of(file_physical(file("bystander"), 0)) == agf,
		     "the bystander has blocks of another group");
		*freed = 0;
		pid = fork();
		must(pid >= 0, "fork: %m");
		if (!pid)
			free_blocks(fd, freed);
		prepare_trace(&lock_wait, agf, pid);
		longest[r] = trace_failure(c, r, &lock_wait).longest;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		must(*freed && *freed < BYSTANDER_BLOCKS, "the bystander freed %d blocks",
		     *freed);
		printf("# %d blocks were freed\n", *freed);
	}
	figure("agf", "bystander", x, "instructions", median(longest, c->rounds));
}

void measure_agf(const char *variant, long x)
{
	long longest[MAX_ROUNDS], total[MAX_ROUNDS], nr[MAX_ROUNDS];
	int gap = gap_of(variant), r;
	struct crowd *c;

	early_kill(true);
	mount_xfs(NULL);
	if (!strcmp(variant, "bystander")) {
		measure_bystander(x);
		return;
	}
	must(gap >= 0 || !strcmp(variant, "hold"), "agf has no variant %s",
	     variant);
	if (gap >= 0) {
		c = start_scattered(x, gap);
	} else {
		c = make_files(x, nr_rounds(x));
		start_members(c, x);
	}
	prepare_trace(&hold, agf_of(file_physical(crowd_file(0), 0)), getpid());
	for (r = 0; r < c->rounds; r++) {
		struct spans h = trace_failure(c, r, &hold);

		must(h.nr, "the AGF was not locked, as far as the trace tells");
		longest[r] = h.longest;
		total[r] = h.total;
		nr[r] = h.nr;
	}
	figure("agf", gap >= 0 ? variant : "longest", x, "instructions",
	       median(longest, c->rounds));
	if (gap >= 0)
		return;
	figure("agf", "total", x, "instructions", median(total, c->rounds));
	figure("agf", "holds", x, "times", median(nr, c->rounds));
}
