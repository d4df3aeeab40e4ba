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
#include <stdio.h>
#include "trace.h"

#define NR	3

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
	"mutex_lock", "mutex_unlock", "down_read", "up_read",
};

/* Of these, functions that only look something up or are part of another one */
static const char * const left_out[] = {
	"dax_wake_entry", "dax_unlock_entry", "dax_association_*",
	"dax_get_private", "dax_read_*", "dax_holder", "dax_mapping_sb",
	"mf_is_filtered", "mf_batch_full",
};

static void print_trace(void)
{
	FILE *f = fopen(TRACING "trace", "r");
	bool ended = false;
	char text[200];

	must(f, TRACING "trace: %m");
	while (fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		if (!text[0] || text[0] == '#')
			continue;
		printf("trace\t%s\n", text);
		ended |= !!strstr(text, "} /* memory_failure */");
	}
	fclose(f);
	check(ended, "the trace goes to the event's end");
}

static void run(void)
{
	struct proc *procs[NR];
	unsigned long addr[NR], pfn;
	bool all = true;
	int i, ret;

	early_kill(true);
	mount_xfs(NULL);
	make_file(file("file-0"), 8 * PAGE);
	for (i = 1; i < NR; i++)
		clone_file(file("file-0"), file("file-%d", i));
	for (i = 0; i < NR; i++) {
		procs[i] = start("reader %d", i);
		addr[i] = map_page(procs[i], file("file-%d", i), PAGE);
	}
	pfn = pfn_of(procs[0], addr[0]);

	prepare_trace(functions, ARRAY_SIZE(functions), left_out,
		      ARRAY_SIZE(left_out));
	start_trace();
	ret = poison(pfn);
	stop_trace();

	check(!ret, "memory_failure() succeeds");
	for (i = 0; i < NR; i++)
		all &= got(procs[i], BUS_MCEERR_AO, addr[i], PAGE_LSB);
	check(all, "every sharer gets BUS_MCEERR_AO at its own address");
	print_trace();
}

struct scenario scenario = {
	.name = "event",
	.title = "the trace of one event",
	.machine = "e820",
	.cpus = 1,
	.seconds = 60,
	.run = run,
};
