// SPDX-License-Identifier: GPL-2.0
/*
 * How long one event has XFS's AGF locked, the header of the allocation group that
 * the failed page is in: which faults, writes and truncations there wait for.
 *
 * Three of XFS's trace events tell of a buffer's lock. They are filtered for this
 * buffer and this thread, so that next to nothing is recorded; but the filter is
 * looked at for each buffer, which makes the times a little longer than they are.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "measure.h"

#define TRACING		"/sys/kernel/tracing/"
#define SECTOR		512

/* As fs/xfs/libxfs/xfs_fs.h has it. */
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

/* Where the AGF is that a page of the device belongs to, as XFS counts. */
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

static const char * const events[] = {
	"xfs_buf_trylock", "xfs_buf_lock_done", "xfs_buf_unlock",
};

static void prepare_trace(unsigned long agf)
{
	char path[120], filter[80];
	unsigned int i;

	put_string(TRACING "tracing_on", "0");
	/* This processor counts instructions in its TSC. */
	put_string(TRACING "trace_clock", "x86-tsc");
	snprintf(filter, sizeof(filter), "bno == %lu && common_pid == %d", agf,
		 getpid());
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), TRACING "events/xfs/%s/filter",
			 events[i]);
		put_string(path, filter);
		snprintf(path, sizeof(path), TRACING "events/xfs/%s/enable",
			 events[i]);
		put_string(path, "1");
	}
}

struct holds {
	long nr, longest, total;
};

static struct holds read_trace(void)
{
	FILE *f = fopen(TRACING "trace", "r");
	struct holds h = {};
	char line[400], name[40];
	long at, since = 0;

	must(f, TRACING "trace: %m");
	while (fgets(line, sizeof(line), f)) {
		char *rest = strchr(line, ']');

		/* "]", flags, the time and the event */
		if (line[0] == '#' || !rest ||
		    sscanf(rest + 1, " %*s %ld: %39[a-z_]", &at, name) != 2)
			continue;
		if (strcmp(name, "xfs_buf_unlock")) {
			must(!since, "the AGF is locked twice");
			since = at;
			continue;
		}
		must(since, "the AGF is unlocked, and was not locked");
		h.nr++;
		h.total += at - since;
		if (at - since > h.longest)
			h.longest = at - since;
		since = 0;
	}
	fclose(f);
	must(!since, "the AGF stays locked");
	return h;
}

void measure_agf(const char *variant, long x)
{
	long longest[MAX_ROUNDS], total[MAX_ROUNDS], nr[MAX_ROUNDS];
	int gap = gap_of(variant), r;
	struct crowd *c;

	must(gap >= 0 || !strcmp(variant, "hold"), "agf has no variant %s",
	     variant);
	early_kill(true);
	mount_xfs(NULL);
	if (gap >= 0) {
		c = start_scattered(x, gap);
	} else {
		c = make_files(x, nr_rounds(x));
		start_members(c, x);
	}
	prepare_trace(agf_of(file_physical(crowd_file(0), 0)));
	for (r = 0; r < c->rounds; r++) {
		struct holds h;
		FILE *f;

		/* Opening it so empties it. */
		f = fopen(TRACING "trace", "w");
		must(f, TRACING "trace: %m");
		fclose(f);
		put_string(TRACING "tracing_on", "1");
		fail_page(c, r);
		put_string(TRACING "tracing_on", "0");
		h = read_trace();
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
