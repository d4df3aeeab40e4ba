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
#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include "trace.h"

#define NVDIMM		"/dev/pmem0"
#define OTHER_PMEM	"/dev/pmem1"
/* device-mapper's, on the second half of OTHER_PMEM */
#define LINEAR		"/dev/dm-0"
#define HALF_MIB	"512"

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
	{ LINEAR, 1, true, "EBUSY", "AO gone AR", "-  kept data", machine_check },
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

/* Calls line() for each line of the trace; true if one of them did. */
static bool each_traced(bool (*line)(int scene, char *text), int scene)
{
	char text[200];
	bool any = false;
	FILE *f = fopen(TRACING "trace", "r");

	must(f, TRACING "trace: %m");
	while (fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		if (text[0] && text[0] != '#')
			any |= line(scene, text);
	}
	fclose(f);
	return any;
}

static bool print_traced(int scene, char *text)
{
	printf("trace\t%d\t%s\n", scene, text);
	return true;
}

static bool is_the_end(int scene, char *text)
{
	(void)scene;
	return strstr(text, "} /* memory_failure */");
}

static bool ended(void)
{
	return each_traced(is_the_end, 0);
}

/* --- a scene --- */

static const char *returned(int ret)
{
	return ret ? strerrorname_np(-ret) : "0";
}

/* The signals that a process has got since it was last asked, in a word. */
static const char *signal_word(struct proc *p, unsigned long addr)
{
	const char *word = "??";
	int n = signals(p);

	if (!n)
		return "-";
	if (p->seen->got[0].code == BUS_MCEERR_AO &&
	    got(p, BUS_MCEERR_AO, addr, PAGE_LSB))
		word = "AO";
	else if (got(p, BUS_MCEERR_AR, addr, PAGE_LSB))
		word = "AR";
	forget(p);
	return word;
}

/* Touch the page: SIGBUS, or the data that is to be there. */
static const char *access_word(struct proc *p, unsigned long addr, int data)
{
	int byte = load(p, addr);
	const char *word = signal_word(p, addr);

	if (byte == SIGNALLED)
		return word;
	if (byte == data && !strcmp(word, "-"))
		return "data";
	remark("%s read %#x, was to read %#x", p->name, byte, data);
	return "??";
}

static void play(const struct scene *scene, int nr)
{
	struct proc *procs[NR_ACTORS];
	unsigned long addr[NR_ACTORS];
	const char *signal[NR_ACTORS];
	bool kept[NR_ACTORS];
	struct stat st;
	unsigned long pfn;
	int i, ret;

	for (i = 0; i < NR_ACTORS; i++) {
		procs[i] = start("%s", cast[i].name);
		if (scene->early)
			mce_policy(procs[i], PR_MCE_KILL_EARLY);
		addr[i] = map_page(procs[i], file("%s", cast[i].file),
				   (scene->page + cast[i].page) * PAGE);
	}
	store(procs[WRITER], addr[WRITER], CHANGED);
	pfn = pfn_of(procs[READER_1], addr[READER_1]);
	must(pfn_of(procs[READER_2], addr[READER_2]) == pfn &&
	     pfn_of(procs[READER_3], addr[READER_3]) == pfn,
	     "the readers do not share a page: is this DAX?");
	must(pfn_of(procs[WRITER], addr[WRITER]) != pfn,
	     "the writer has no copy");

	start_trace();
	ret = scene->fail(pfn);
	must(within(20, ended), "memory_failure() was not called");
	stop_trace();

	/* What happened by itself, before anybody touches anything */
	for (i = 0; i < NR_ACTORS; i++) {
		signal[i] = signal_word(procs[i], addr[i]);
		kept[i] = maps(procs[i], addr[i]);
	}
	if (scene->returns)
		printf("row\t%d\tmemory_failure()\t\t\t\t0\t%s\t%s\n",
		       nr, scene->returns, returned(ret));
	for (i = 0; i < NR_ACTORS; i++) {
		int page = scene->page + cast[i].page;
		bool reader = i < WRITER;

		printf("row\t%d\t%s\t%s\t%#lx\t%#lx\t%s\t%s\t%-2s %s %s\n",
		       nr, cast[i].name, cast[i].file, page * PAGE,
		       addr[i], reader ? scene->expected : untouched,
		       reader ? scene->base : untouched,
		       signal[i], kept[i] ? "kept" : "gone",
		       access_word(procs[i], addr[i],
				   i == WRITER ? CHANGED : fill(page)));
	}
	for (i = 0; i <= WRITER; i++) {
		must(!stat(file("%s", cast[i].file), &st), "stat: %m");
		printf("fact\t%d\t%s\t%#lx\n", nr, cast[i].file,
		       (unsigned long)st.st_ino);
	}
	each_traced(print_traced, nr);

	for (i = 0; i < NR_ACTORS; i++)
		finish(procs[i]);
	printf("end\t%d\n", nr);
}

static void run_command(const char *command)
{
	int status = system(command);

	must(!status, "%s: wait status %#x", command, status);
}

static void make_files(const char *device)
{
	static const char dm[] = "dmsetup create --noudevsync --noudevrules "
		"linear --table '0 '$((" HALF_MIB " * 2048))' linear "
		OTHER_PMEM " '$((" HALF_MIB " * 2048)) >&2";
	char command[120];
	int i;

	if (!strcmp(device, LINEAR))
		run_command(dm);
	snprintf(command, sizeof(command),
		 "mkfs.xfs -q -f -m rmapbt=1,reflink=1 -d size=" HALF_MIB
		 "m %s >&2", device);
	run_command(command);
	mkdir(MNT, 0755);
	must(!mount(device, MNT, "xfs", 0, "dax=always"), "mount %s: %m",
	     device);
	make_file(file("%s", cast[0].file), 8 * PAGE);
	for (i = READER_2; i <= WRITER; i++)
		clone_file(file("%s", cast[0].file), file("%s", cast[i].file));
}

static void run(void)
{
	int i, only = atoi(getenv("ACT") ?: "");
	const char *mounted = NULL, *device;
	struct utsname name;
	bool stays;

	uname(&name);
	printf("fact\t0\trelease\t%s\n", name.release);
	printf("end\t0\n");
	early_kill(false);
	prepare_trace(functions, ARRAY_SIZE(functions), NULL, 0);

	for (i = 0; i <= (int)ARRAY_SIZE(scenes); i++) {
		device = i < (int)ARRAY_SIZE(scenes) ? scenes[i].device : NULL;
		if (device && only && only != i + 1)
			continue;
		stays = mounted && device && !strcmp(mounted, device);
		if (mounted && !stays)
			check(!umount(MNT), "%s unmounts", mounted);
		if (device && !stays)
			make_files(device);
		if (device)
			play(&scenes[i], i + 1);
		mounted = device;
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
