// SPDX-License-Identifier: GPL-2.0
/*
 * Runs in a guest: three files share a page, one process maps each, the page fails,
 * and the function tracer's output is printed for report/path.c, as lines of
 *	trace	TEXT
 * among the library's KTAP, which reports whether the event ended as it should.
 *
 * Functions are named by patterns, since the kernels differ. All mutexes and
 * semaphores are traced; the caller identifies the lock.
 */
#include "trace.h"

static const char * const functions[] = {
	/* mm: finding the processes, signalling and unmapping */
	"memory_failure*", "mf_*", "collect_procs*", "kill_procs*",
	"send_sig_mceerr", "unmap_mapping_range*", "zap_vma_range*",
	/* fs/dax.c and the drivers */
	"dax_*", "pmem_pagemap*",
	/* XFS */
	"xfs_dax*", "xfs_*memory_failure*", "xfs_rmap_query_range",
	"xfs_alloc_read_agf", "xfs_trans_brelse", "xfs_mf_*",
	"pmem_dax_direct_access",
	/* locks */
	"mutex_lock", "mutex_unlock", "down_read", "up_read", "down_write", "up_write",
};

/* Of these, functions that only look something up or are part of another one */
static const char * const left_out[] = {
	"dax_wake_entry", "dax_unlock_entry", "dax_association_*",
	"dax_get_private", "dax_read_*", "dax_holder", "dax_mapping_sb",
	"mf_is_filtered", "mf_batch_full",
};

static void print_trace(void)
{
	char *text = text_of(TRACING "trace"), *line;

	while ((line = strsep(&text, "\n")))
		if (line[0] && line[0] != '#')
			printf("trace\t%s\n", line);
	check(traced("} /* memory_failure */"), "the trace goes to the event's end");
}

static void run(void)
{
	struct proc *const procs[] = {
		map_by("reader 0", file("file-0"), PAGE),
		map_by("reader 1", file("file-1"), PAGE),
		map_by("reader 2", file("file-2"), PAGE), NULL
	};
	unsigned long pfn = common_page(procs);
	int ret;

	prepare_trace(functions, ARRAY_SIZE(functions), left_out,
		      ARRAY_SIZE(left_out));
	start_trace();
	ret = poison(pfn);
	stop_trace();

	check(!ret, SUCCEEDS);
	check(all_of(got_ao, procs), REACHED);
	print_trace();
}

SCENARIO("the trace of one event", .files = { "file-0", "file-1", "file-2" });
