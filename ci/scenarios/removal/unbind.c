// SPDX-License-Identifier: GPL-2.0
/*
 * The pmem device below a filesystem goes away, with pages mapped in every way.
 * It owns the memory behind these mappings, so they must be torn down.
 */
#include <sys/klog.h>
#include "devices.h"

#define GETS_NONE	"a process that had none mapped gets nothing"
#define NOT_CORRUPTED	"the log does not speak of memory corruption"

/* --- processes that have pages of the filesystem mapped in every way --- */

/*
 * PTEs and PMDs of a file, or of three reflinks, as far as it has reflinks and
 * extents of 2 MiB; private, read and written; dirty; a file open and nothing
 * mapped; mapped and never touched. FILES: three map several files and could be
 * signalled once for each.
 */
enum { REFLINKS = 1, PMDS = 2, FILES = 4 };

#define NR		3
#define NR_FILES	6
#define VICTIM		(200 * PAGE)

static struct mapping {
	struct proc *p;
	unsigned long addr;
	size_t len;
} mappings[NR * (2 + NR_FILES) + 2];
static int nr_mappings;

static struct proc *mappers[NR + 3], *copier, *opener, *idler;
static int opened;
static int has_features;

static const char *small(int i)
{
	return file("small.%d", has_features & REFLINKS ? i : 0);
}

static const char *huge(int i)
{
	return file("huge.%d", has_features & REFLINKS ? i : 0);
}

/* What this process has just mapped */
static void note(struct proc *p, size_t len)
{
	mappings[nr_mappings++] = (struct mapping){ p, p->at, len };
}

static void map_in_every_way(int features)
{
	struct proc *p;
	int i, j;

	has_features = features;
	make_file(file("small.0"), 4 * PAGE);
	if (features & PMDS)
		make_huge_file(file("huge.0"), 2 * PMD);
	/* Of its own: on base a fault of a shared page unmaps it from all others. */
	make_file(file("private"), 4 * PAGE);
	make_file(file("dirty"), 4 * PAGE);
	make_file(file("open"), 4 * PAGE);
	for (i = 1; i < NR && features & REFLINKS; i++) {
		clone_file(file("small.0"), small(i));
		if (features & PMDS)
			clone_file(file("huge.0"), huge(i));
	}
	for (i = 0; i < NR; i++) {
		mappers[i] = p = map_by("mapper", small(i), PAGE);
		note(p, PAGE);
		if (features & PMDS) {
			map_huge(p, huge(i), 0, PMD);
			note(p, PMD);
		}
		for (j = 0; j < NR_FILES && features & FILES; j++) {
			make_file(file("%d.%d", i, j), 2 * PAGE);
			map_page(p, file("%d.%d", i, j), PAGE);
			note(p, PAGE);
		}
	}
	mappers[i++] = p = map_unread("private reader", file("private"), PAGE,
				      MAP_PRIVATE);
	must(reads(p));
	note(p, PAGE);
	mappers[i++] = p = map_by("dirty", file("dirty"), PAGE);
	store_byte(p, 'D');
	note(p, PAGE);

	copier = map_unread("private writer", file("private"), PAGE, MAP_PRIVATE);
	store_byte(copier, 'C');
	idler = map_unread("mapped, not touched", file("private"), PAGE,
			   MAP_SHARED);
	opener = start("file open");
	opened = open_file(file("open"), O_RDONLY);
}

static bool got_one(struct proc *p)
{
	const volatile struct signal_got *got = &p->seen->got[0];
	const struct mapping *m;
	int n = signals(p);

	for (m = mappings; m < mappings + nr_mappings; m++)
		if (m->p == p && n == 1 && got->code == BUS_MCEERR_AO &&
		    got->addr - m->addr < m->len)
			return true;
	remark("%s got %d SIGBUS, the first with code %d at %#lx", p->name, n,
	       n ? got->code : 0, n ? got->addr : 0);
	return false;
}

static bool still_mapped(const struct mapping *m)
{
	return maps(m->p, m->addr);
}

static bool reached(const struct mapping *m)
{
	return load(m->p, m->addr) != SIGNALLED;
}

static bool any(bool (*is)(const struct mapping *m))
{
	const struct mapping *m;
	int n = 0;

	for (m = mappings; m < mappings + nr_mappings; m++)
		if (is(m) && !n++)
			remark("%s has what it mapped at %#lx", m->p->name,
			       m->addr);
	return n;
}

/* Is this anywhere in the kernel's log? */
static bool logged(const char *what)
{
	static char log[1 << 20];
	const int read_all = 3;
	int n = klogctl(read_all, log, sizeof(log) - 1);

	must(n > 0, "klogctl: %m");
	log[n] = '\0';
	return strstr(log, what);
}

/* No trace of the device is left, and the filesystem unmounts. */
static void check_removed(void)
{
	char byte;

	check(!any(still_mapped), NONE_MAPPED);
	check(all_of(got_one, mappers), GETS_ONE);
	check(all(got_none, copier, idler, opener), GETS_NONE);
	check(!logged("memory corruption"), NOT_CORRUPTED);
	check(reads(copier), "a private copy stays as it is");
	check(!any(reached) && load(idler, idler->at) == SIGNALLED, NEVER_AGAIN);
	check(pread(opened, &byte, 1, 0) < 0, "read() draws an error");
	close(opened);
	check(!alive(), SHUT_DOWN);

	finish_all();
	check(unmount(), UNMOUNTS);
}

/* The filesystem is mounted again, and has what it had. */
static void check_kept(void)
{
	struct proc *p = start("reader");
	int i, good = 0;

	for (i = 0; i < NR; i++) {
		map_page(p, small(i), PAGE);
		good += p->byte == fill(1);
		if (!(has_features & PMDS))
			continue;
		map_page(p, huge(i), VICTIM);
		good += p->byte == fill(VICTIM / PAGE);
	}
	check(good == (has_features & PMDS ? 2 : 1) * NR,
	      "files can be mapped, and have their data");
	map_page(p, file("dirty"), PAGE);
	check(p->byte == 'D' && read_byte(file("dirty"), PAGE + 1) == fill(1),
	      "what was stored by a mapping is there");
	check(alive(), "the filesystem takes new files");
	finish(p);
}

/* --- */

#define ALL	(REFLINKS | PMDS | FILES)

static const struct segment segment = { PMEM, 64 * MIB, 1536 * MIB };

struct kind {
	const char *mkfs, *options, *type, *mount;
	int features;
	bool on_dm, repair;
};

static void mount_kind(const struct kind *kind, bool make)
{
	const char *disk = kind->on_dm ? DM : PMEM;

	if (kind->on_dm)
		create_dm(linear_table(&segment, 1));
	if (make)
		make_fs(kind->mkfs, kind->options, disk);
	mount_fs(disk, kind->type, kind->mount);
}

static void run(void)
{
	const struct kind *kind = scenario.with;
	const char *gone = strcmp(scenario.machine, "both") ? PMEM : PMEM_RT;

	early_kill(false);
	need(gone);
	mount_kind(kind, true);
	map_in_every_way(kind->features);

	part("removed");
	unbind(gone);
	check_removed();
	if (kind->on_dm)
		remove_dm();

	part("back again");
	rebind(gone);
	mount_kind(kind, false);
	check_kept();
	if (!kind->on_dm && !kind->repair)
		return;
	check(unmount(), UNMOUNTS);
	if (kind->on_dm)
		remove_dm();
	else
		check_repair(PMEM);
}

/* Base leaves it all mapped, and frees the struct pages. */
#define BASE_CRASHES \
	.base.splat = "BUG: unable to handle page fault", \
	BETWEEN_AS_BASE

SCENARIOS(
	{ "unbind", "the device below XFS goes away, mapped in every way", run,
	  .with = &(struct kind){ MKFS_XFS, ALIGNED, "xfs", "dax=always", ALL,
				  .repair = true },
	  /* Base adds 1 to the last block of an AG, 0xffffffff, and spins. */
	  .base = { .hangs = "mf_dax_kill_procs", .seconds = 30 },
	  .holder.fails = { "removed: " NOT_CORRUPTED },
	  /* It is reported as a failure of memory, once for each mapping. */
	  .core.fails = { "removed: " GETS_ONE, "removed: " GETS_NONE,
			  "removed: " NOT_CORRUPTED } },
	/* Mapped devices do not pass on the notification. */
	{ "unbind-dm", "the device below dm-linear and XFS goes away", run,
	  .with = &(struct kind){ MKFS_XFS, ALIGNED, "xfs", "dax=always", ALL,
				  .on_dm = true },
	  BASE_CRASHES },
	/*
	 * ext4 is not involved: mm finds the mappings by the pages. Clusters of
	 * 2 MiB align files to 2 MiB.
	 */
	{ "unbind-ext4", "the device below ext4 goes away, mapped in every way", run,
	  .with = &(struct kind){ MKFS_EXT4, "-O bigalloc -C 2097152", "ext4",
				  "dax=always", PMDS | FILES },
	  BASE_CRASHES },
	{ "unbind-no-rmapbt", "the device below XFS without rmapbt goes away", run,
	  .with = &(struct kind){ MKFS_XFS_NO_RMAPBT, ALIGNED, "xfs",
				  "dax=always", ALL },
	  BASE_CRASHES },
	/* The device that has the metadata stays. */
	{ "unbind-realtime", "XFS's realtime device goes away, mapped in every way",
	  run, .machine = "both",
	  .with = &(struct kind){ MKFS_XFS ",metadir=1",
				  "-d rtinherit=1 -r rtdev=" PMEM_RT, "xfs",
				  "dax=always,rtdev=" PMEM_RT, REFLINKS },
	  /* Base also signals private copies, and logs bad memory. */
	  .base.fails = { "removed: " GETS_NONE, "removed: " NOT_CORRUPTED },
	  .holder.fails = { "removed: " NOT_CORRUPTED },
	  .core_as_base = true }
);
