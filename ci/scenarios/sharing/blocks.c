// SPDX-License-Identifier: GPL-2.0
/* The failed block is no file's data: free, set aside, metadata, or evicted. */
#include <sys/xattr.h>
#include "devices.h"

/* No reason to shut down or to signal */
static void free_space(void)
{
	struct proc *p = map_by("bystander", file("f"), PAGE);
	uint64_t length;
	int64_t physical = find_owner(MNT, OWN_FREE, &length);

	must(length >= 64 * PAGE);
	machine_check_and_check(pmem_pfn(PMEM, physical + 32 * PAGE));
	check(got_none(p), "a process that maps a file's page gets nothing");
	check(reads(p), "what is mapped can be read");
	check(alive(), GOES_ON);
}

/*
 * XFS preallocates blocks for later copies on write. One that holds no data yet
 * fails: nothing is lost.
 */
#define COPY		"the copy can be read"

static void cow_staging(void)
{
	struct proc *a, *b;
	int64_t physical;
	uint64_t length;

	make_reflinks(64 * PAGE, "f", "g");
	a = map_by("a", file("f"), 40 * PAGE);
	b = map_by("b", file("g"), 40 * PAGE);
	/* One block is copied; XFS has set aside 32 around it. */
	must(!write_page(file("g"), 4 * PAGE, '1'));
	physical = find_owner(MNT, XFS_OWN_COW, &length);
	remark("%llu staging blocks", (unsigned long long)(length / PAGE));

	poison_and_check(pmem_pfn(PMEM, physical + length / PAGE / 2 * PAGE));
	check(all(got_none, a, b), "no process is signalled");
	check(all(reads, a, b), "what is mapped can be read");
	check(read_byte(file("g"), 4 * PAGE) == '1', COPY);
	check(alive(), GOES_ON);
}

/*
 * A sharer is no longer in use, but XFS has yet to write back its inode: there
 * is nothing to report for it, and the filesystem is intact.
 */
static void evicted_dirty(void)
{
	struct proc *a;

	settle();
	a = map_by("a", file("f"), PAGE);
	/* The mode change is in the log, but not yet written back. */
	must(!chmod(file("g"), 0600));
	drop_caches();

	fail_page_of(a);
	check(alive(), GOES_ON);
}

/* mkfs overwrites the block, and the next filesystem is good. */
static void fail_metadata(const char *title, uint64_t owner)
{
	struct proc *p;
	struct looks before;

	part("%s", title);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	p = map_by("bystander", file("f"), PAGE);
	must(alive());

	look(&before, pmem_pfn(PMEM, find_owner(MNT, owner, NULL)));
	check_error(machine_check(before.pfn));
	check_failed(&before);
	check(!alive(), SHUTS_DOWN);
	check(got_none(p), "a process that maps a file's page gets nothing");
	check(reads(p), "what is mapped can be read");
	finish(p);
	check(unmount(), "it unmounts");
}

static void metadata(void)
{
	fail_metadata("inode chunk", XFS_OWN_INODES);
	fail_metadata("superblock and AG headers", XFS_OWN_FS);
	fail_metadata("log", XFS_OWN_LOG);
}

/* Blocks of a file's extended attributes and extent map; no process maps them. */
struct wanted {
	uint64_t inode;
	uint32_t flag;
};

static bool is_block(const struct fsmap *rec, const void *data)
{
	const struct wanted *w = data;

	return rec->fmr_owner == w->inode && (rec->fmr_flags & w->flag) &&
	       !(rec->fmr_flags & FMR_OF_SPECIAL_OWNER);
}

static void fail_metadata_of_file(const char *title, uint32_t flag)
{
	static char value[4000];	/* more than an inode has room for */
	struct wanted wanted = { .flag = flag };
	struct proc *p;
	struct stat st;
	int64_t place;
	int i;

	part("%s", title);
	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "clone");
	if (flag == FMR_OF_ATTR_FORK)
		must(!setxattr(file("f"), "user.large", value, sizeof(value), 0));
	else
		for (i = 4; i < 200; i += 2)
			must(!write_page(file("f"), i * PAGE, 'x'));
	settle();
	p = map_by("bystander", file("f"), PAGE);
	must(!stat(file("f"), &st));
	wanted.inode = st.st_ino;
	place = find_extent(MNT, is_block, &wanted, NULL);
	must(place >= 0, "the file has no such block");

	check_error(poison(pmem_pfn(PMEM, place)));
	check(!alive(), SHUTS_DOWN);
	check(got_none(p) && reads(p), DATA_STAYS);
	finish(p);
	check(unmount(), "it unmounts");
}

static void file_metadata(void)
{
	fail_metadata_of_file("attributes", FMR_OF_ATTR_FORK);
	fail_metadata_of_file("extent map", FMR_OF_EXTENT_MAP);
}

SCENARIOS(
	{ "free-space", "a free block fails: nothing stops, no process is signalled",
	  free_space, .files = { "f" },
	  /* Base flags only pages that a file maps. */
	  .base.fails = { FLAG_CHECK } },
	{ "cow-staging", "a block set aside for copies on write fails: nothing is lost",
	  cow_staging, .xfs = "",
	  /* Base mistakes the block's owner for metadata and shuts down. */
	  .base.fails = { SUCCEEDS, COPY, GOES_ON } },
	{ "evicted-dirty", "a sharer's inode waits to be written back",
	  evicted_dirty, .files = { "f", "g" },
	  /* Base mistakes an inode without a VFS inode for lost metadata. */
	  .base.fails = { SUCCEEDS, GOES_ON } },
	{ "metadata", "a metadata block fails: the filesystem shuts down",
	  metadata,
	  .base.fails = { "inode chunk: " FLAG_CHECK,
			  "superblock and AG headers: " FLAG_CHECK,
			  "log: " FLAG_CHECK } },
	{ "file-metadata", "a block of a file's attributes or of its extent map fails",
	  file_metadata }
);
