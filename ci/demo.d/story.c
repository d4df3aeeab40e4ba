// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's part in the guest: four scenes, or the one that the environment's ACT
 * names, and a line for everything that came of them. It judges nothing; tell.c
 * does, on the host, while the guest runs. Scene 0 is what comes before them.
 *
 * Lines have fields with tabs between them:
 *	row	SCENE PROCESS FILE OFFSET ADDRESS EXPECTED BASE GOT
 *		EXPECTED is right, BASE is what base is known to do
 *	fact	SCENE KEY VALUE
 *		the release, or a file and its inode number
 *	trace	SCENE LINE
 *	end	SCENE
 * and there is the library's KTAP, whose plan says that nothing is missing.
 */
#include <sys/utsname.h>
#include "devices.h"
#include "trace.h"

#define NVDIMM		PMEM
#define OTHER_PMEM	"/dev/pmem1"
#define SIZE		(512 * MIB)

/* The three sharers, who changes his file before the failure, and a bystander. */
enum { READER_1, READER_2, READER_3, WRITER, BYSTANDER, NR_ACTORS };
#define CHANGED		'W'

static const struct {
	const char *name, *file;
	int page;		/* after the one that fails */
} cast[NR_ACTORS] = {
	[READER_1] = { "reader 1", "original" },
	[READER_2] = { "reader 2", "reflink-1" },
	[READER_3] = { "reader 3", "reflink-2" },
	[WRITER] = { "writer", "reflink-3" },
	[BYSTANDER] = { "bystander", "original", 1 },
};

static const char untouched[] = "-  kept data";

/* The NVDIMM's driver records the block after that, in its own time. */
static int fail_on_nvdimm(unsigned long pfn)
{
	int ret = machine_check(pfn);

	must(within(20, bad_block_recorded), "no bad block was recorded");
	return ret;
}

static const struct scene {
	const char *device;
	int page;			/* of the files, that fails */
	bool early;			/* the readers ask for early signals */
	const char *returns;		/* what base returns; NULL: it can't be seen */
	const char *expected, *base;	/* what the readers get */
	/* has the page fail; returns what memory_failure() returned */
	int (*fail)(unsigned long pfn);
} scenes[] = {
	{ NVDIMM, 1, true, NULL, "AO gone AR", "AO gone AR", fail_on_nvdimm },
	{ OTHER_PMEM, 1, true, "0", "AO gone AR", "AO gone data", machine_check },
	{ OTHER_PMEM, 4, false, "0", "-  gone AR", "-  kept data", machine_check },
	{ DM, 1, true, "EBUSY", "AO gone AR", "-  kept data", machine_check },
};

/* --- the trace --- */

/* Not every kernel has every one of them. */
static const char * const functions[] = {
	"memory_failure",
	/* base, and holder where it has them */
	"pmem_pagemap_memory_failure", "dax_holder_notify_failure",
	"xfs_dax_notify_failure", "xfs_dax_failure_fn", "mf_dax_kill_procs",
	"unmap_mapping_range", "mf_dax_unmap",
	/* aops */
	"memory_failure_dax", "xfs_file_memory_failure",
	"xfs_proxy_memory_failure", "dax_file_has_page",
	/* both */
	"xfs_alloc_read_agf", "xfs_trans_brelse", "dax_lock_mapping_entry",
	"dax_unlock_mapping_entry", "zap_vma_range_batched", "send_sig_mceerr",
};

static bool ended(void)
{
	return traced("} /* memory_failure */");
}

/* --- a scene --- */

/* The signals that a process has got since it was last asked, in a word. */
static const char *signal_word(struct proc *p)
{
	const char *word = "??";
	int n = signals(p);

	if (!n)
		return "-";
	if (p->seen->got[0].code == BUS_MCEERR_AO && got_ao(p))
		word = "AO";
	else if (got(p, BUS_MCEERR_AR, p->at, PAGE_LSB))
		word = "AR";
	forget(p);
	return word;
}

/* Touch the page: SIGBUS, or the data that is to be there. */
static const char *access_word(struct proc *p)
{
	int byte = load(p, p->at);
	const char *word = signal_word(p);

	if (byte == SIGNALLED)
		return word;
	if (byte == p->byte && !strcmp(word, "-"))
		return "data";
	remark("%s read %#x, was to read %#x", p->name, byte, p->byte);
	return "??";
}

static void play(const struct scene *scene, int nr)
{
	struct proc *procs[NR_ACTORS];
	const char *signal[NR_ACTORS];
	bool kept[NR_ACTORS];
	struct stat st;
	unsigned long pfn;
	char *text, *line;
	int i, ret;

	for (i = 0; i < NR_ACTORS; i++) {
		int page = scene->page + cast[i].page;

		procs[i] = start("%s", cast[i].name);
		if (scene->early)
			mce_policy(procs[i], PR_MCE_KILL_EARLY);
		map_page(procs[i], file("%s", cast[i].file),
			 page * PAGE);
		must(procs[i]->byte == fill(page));
	}
	store_byte(procs[WRITER], CHANGED);
	pfn = common_page(LIST(procs[READER_1], procs[READER_2],
			       procs[READER_3]));
	must(page_of(procs[WRITER]) != pfn, "the writer has no copy");

	start_trace();
	ret = scene->fail(pfn);
	must(within(20, ended), "memory_failure() was not called");
	stop_trace();

	/* What happened by itself, before anybody touches anything */
	for (i = 0; i < NR_ACTORS; i++) {
		signal[i] = signal_word(procs[i]);
		kept[i] = has(procs[i]);
	}
	if (scene->returns)
		printf("row\t%d\tmemory_failure()\t\t\t\t0\t%s\t%s\n",
		       nr, scene->returns, ret ? strerrorname_np(-ret) : "0");
	for (i = 0; i < NR_ACTORS; i++) {
		bool reader = i < WRITER;

		printf("row\t%d\t%s\t%s\t%#lx\t%#lx\t%s\t%s\t%-2s %s %s\n",
		       nr, cast[i].name, cast[i].file,
		       (scene->page + cast[i].page) * PAGE, procs[i]->at,
		       reader ? scene->expected : untouched,
		       reader ? scene->base : untouched,
		       signal[i], kept[i] ? "kept" : "gone",
		       access_word(procs[i]));
	}
	for (i = 0; i <= WRITER; i++) {
		must(!stat(file("%s", cast[i].file), &st), "stat: %m");
		printf("fact\t%d\t%s\t%#lx\n", nr, cast[i].file,
		       (unsigned long)st.st_ino);
	}
	text = text_of(TRACING "trace");
	while ((line = strsep(&text, "\n")))
		if (*line && *line != '#')
			printf("trace\t%d\t%s\n", nr, line);

	for (i = 0; i < NR_ACTORS; i++)
		finish(procs[i]);
	printf("end\t%d\n", nr);
}

static void make_files(const char *device)
{
	const struct segment second_half = { OTHER_PMEM, SIZE, SIZE };

	if (!strcmp(device, DM))
		create_dm(linear_table(&second_half, 1));
	make_fs(MKFS_XFS, "-d size=512m", device);
	mount_fs(device, "xfs", "dax=always");
	make_reflinks(8 * PAGE, cast[READER_1].file, cast[READER_2].file,
		      cast[READER_3].file, cast[WRITER].file);
}

static void run(void)
{
	int i, only = atoi(getenv("ACT") ?: "");
	const char *mounted = NULL, *device;
	struct utsname name;

	uname(&name);
	printf("fact\t0\trelease\t%s\n", name.release);
	printf("end\t0\n");
	early_kill(false);
	prepare_trace(functions, ARRAY_SIZE(functions), NULL, 0);

	for (i = 0; i < (int)ARRAY_SIZE(scenes); i++) {
		device = scenes[i].device;
		if (only && only != i + 1)
			continue;
		if (!mounted || strcmp(mounted, device)) {
			if (mounted)
				check(unmount(), "%s unmounts", mounted);
			make_files(device);
			mounted = device;
		}
		play(&scenes[i], i + 1);
	}
}

struct scenario scenario = {
	.name = "story",
	.title = "what the demo shows",
	.machine = "both",
	.cpus = 2,
	.seconds = 60,
	.run = run,
};
