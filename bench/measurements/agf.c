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

/* The AGF of the first page of a file, in XFS's units. */
static unsigned long agf_of(const char *path)
{
	struct geometry g;
	int64_t size, ag;

	control(MNT, GET_GEOMETRY, &g);
	size = (int64_t)g.agblocks * g.blocksize;
	ag = file_physical(path, 0) / size;
	/* the second sector */
	return (ag * size + g.sectsize) / SECTOR;
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
	/* This processor counts instructions in its TSC. Setting it empties the trace. */
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
	char *text = text_of(TRACING "trace"), *line, *rest, name[40];
	struct spans h = {};
	long at, since = 0;

	while ((line = strsep(&text, "\n"))) {
		rest = strchr(line, ']');
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
	return h;
}

/* Trace the spans of a process during one event. */
static struct spans trace_failure(struct crowd *c, int round, const struct span *span,
				  unsigned long agf, pid_t pid)
{
	/* FIEMAP has the AGF locked, too: first. */
	unsigned long pfn = pfn_to_fail(c, round);

	prepare_trace(span, agf, pid);
	put_string(TRACING "tracing_on", "1");
	fail_crowd(c, round, pfn);
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

	take_processor(2);
	for (; *freed < BYSTANDER_BLOCKS; ++*freed) {
		must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				*freed * PAGE, PAGE), "punch: %m");
		nanosleep(&rest, NULL);
	}
}

static struct spans trace_bystander(struct crowd *c, int round, unsigned long agf)
{
	volatile int *freed = shared_memory(PAGE);
	int fd = open_file(file("bystander"), O_RDWR | O_CREAT);
	struct spans waits;
	pid_t pid;

	must(!fallocate(fd, 0, 0, BYSTANDER_BLOCKS * PAGE), "fallocate: %m");
	must(agf_of(file("bystander")) == agf,
	     "the bystander has blocks of another group");
	pid = fork_child();
	if (!pid)
		free_blocks(fd, freed);
	waits = trace_failure(c, round, &lock_wait, agf, pid);
	kill(pid, SIGKILL);
	wait_for(pid);
	must(*freed && *freed < BYSTANDER_BLOCKS, "the bystander freed %d blocks",
	     *freed);
	printf("# %d blocks were freed\n", *freed);
	close(fd);
	return waits;
}

void measure_agf(const char *variant, long x)
{
	long longest[MAX_ROUNDS], total[MAX_ROUNDS], nr[MAX_ROUNDS];
	bool bystander = !strcmp(variant, "bystander"), all = !strcmp(variant, "hold");
	struct crowd *c = start_scattered(variant, x);
	unsigned long agf;
	int r;

	if (!c) {
		must(bystander || all, "agf has no variant %s", variant);
		mount_xfs(NULL);
		c = make_files(x);
		start_members(c, x);
	}
	agf = agf_of(crowd_file(0));
	for (r = 0; r < c->rounds; r++) {
		struct spans s = bystander ? trace_bystander(c, r, agf) :
				 trace_failure(c, r, &hold, agf, getpid());

		must(s.nr || bystander, "the AGF was not locked, as far as the trace tells");
		longest[r] = s.longest;
		total[r] = s.total;
		nr[r] = s.nr;
	}
	figure("agf", all ? "longest" : variant, x, "instructions",
	       median(longest, c->rounds));
	if (all) {
		figure("agf", "total", x, "instructions", median(total, c->rounds));
		figure("agf", "holds", x, "times", median(nr, c->rounds));
	}
}
