// SPDX-License-Identifier: GPL-2.0
/*
 * One block of the 2 MiB that a PMD maps is shared with another file, read
 * there and then written to: only this block of the PMD's range changes.
 */
#include "scenario.h"

#define BLOCK	7	/* is given to another file */
#define NEXT	300	/* is not */
#define LAST	511	/* is written by pwrite() */

static bool contains(const char *path, unsigned long block, int byte)
{
	int first = read_byte(path, block * PAGE),
	    last = read_byte(path, block * PAGE + PAGE - 1);

	if (first == byte && last == byte)
		return true;
	remark("%s has %d and %d in block %lu, not %d", path, first, last,
	       block, byte);
	return false;
}

/* In the mapping, which begins with the first block */
static bool sees(struct proc *p, unsigned long block, int byte)
{
	return load(p, p->at + block * PAGE) == byte;
}

static bool stores(struct proc *p, unsigned long block, int byte)
{
	unsigned long addr = p->at + block * PAGE;

	return !store(p, addr, byte) && !store(p, addr + PAGE - 1, byte) &&
		load(p, addr) == byte && load(p, addr + PAGE - 1) == byte;
}

/*
 * Sharing a block unmaps the file it is taken from. So take the block from the file
 * itself, or from a reflink of it; then the PMD stays.
 */
static void share_block(const char *title, bool from_reflink)
{
	struct proc *a, *b;
	const char *f = file("%s.f", title), *g = file("%s.g", title),
		   *block = file("%s.block", title);
	int fd;

	part("%s", title);
	make_huge_file(f, PMD);
	if (from_reflink)
		clone_file(f, g);
	a = map_huge_by("a", f, 0);
	clone_range(from_reflink ? g : f, BLOCK * PAGE, PAGE, block, 0);
	check(from_reflink == maps_huge(a, a->at),
	      "the PMD is %s", from_reflink ? "still there" : "gone");
	b = map_by("b", block, 0);
	check(sees(b, 0, fill(BLOCK)), "a process that maps the block can read it");
	check(sees(a, BLOCK, fill(BLOCK)) && sees(a, NEXT, fill(NEXT)),
	      "a process that maps the 2 MiB can read them");

	check(stores(a, BLOCK, '1'), "a store to the block is seen");
	check(sees(b, 0, fill(BLOCK)), "but not by the other file");
	check(sees(a, 0, fill(0)) && sees(a, NEXT, fill(NEXT)) &&
	      sees(a, LAST, fill(LAST)), "other blocks have not changed");
	check(stores(a, NEXT, '2'), "a store to another block is seen");
	must(!write_page(f, LAST * PAGE, '3'), "pwrite");
	check(sees(a, LAST, '3'), "so is a pwrite()");
	check(sees(a, BLOCK, '1') && sees(a, NEXT, '2') &&
	      sees(a, LAST - 1, fill(LAST - 1)),
	      "and it has changed nothing else");
	check(sees(b, 0, fill(BLOCK)), "nor the other file");

	fd = open_file(f, O_RDWR);
	must(!fsync(fd), "fsync %s: %m", f);
	close(fd);
	finish_all();
	drop_caches();
	check(contains(f, 0, fill(0)) & contains(f, BLOCK, '1') &
	      contains(f, NEXT, '2') & contains(f, LAST, '3') &
	      contains(f, LAST - 1, fill(LAST - 1)) &
	      contains(block, 0, fill(BLOCK)),
	      "the files have what was stored");
	if (from_reflink)
		check(contains(g, BLOCK, fill(BLOCK)) &
		      contains(g, NEXT, fill(NEXT)) &
		      contains(g, LAST, fill(LAST)),
		      "the reflink has what was there before");
}

static void run(void)
{
	mount_xfs("-d agsize=256m,su=2m,sw=1");
	share_block("of the file", false);
	share_block("of a reflink", true);
}

SCENARIO("one block of what a PMD maps is shared and written to",
	.seconds = 45,
	/* Base inserts a PTE entry where a PMD entry exists. */
	.base.splat = "WARNING: fs/dax\\.c:[0-9]+ at dax_insert_entry");
