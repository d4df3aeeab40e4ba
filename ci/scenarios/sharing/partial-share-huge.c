// SPDX-License-Identifier: GPL-2.0
/*
 * One block of 2 MiB that a PMD maps becomes another file's as well, is read
 * there, and is then written to: of what the PMD maps this block alone changes.
 */
#include <errno.h>
#include <stdio.h>
#include "scenario.h"

#define BLOCK	7	/* is given to another file */
#define NEXT	300	/* is not */
#define LAST	511	/* is written by pwrite() */

static bool has(const char *path, unsigned long block, int byte)
{
	int first = read_byte(path, block * PAGE),
	    last = read_byte(path, block * PAGE + PAGE - 1);

	if (first == byte && last == byte)
		return true;
	remark("%s has %d and %d in block %lu, not %d", path, first, last,
	       block, byte);
	return false;
}

static bool stores(struct proc *p, unsigned long at, unsigned long block,
		   int byte)
{
	unsigned long addr = at + block * PAGE;

	return !store(p, addr, byte) && !store(p, addr + PAGE - 1, byte) &&
		load(p, addr) == byte && load(p, addr + PAGE - 1) == byte;
}

/*
 * To share a block of a file unmaps the file. So the block is taken from the file
 * itself, or from a reflink of it, and then the PMD stays.
 */
static void share_block(const char *title, bool from_reflink)
{
	struct proc *a = start("a"), *b = start("b");
	const char *f = file("%s.f", title), *g = file("%s.g", title),
		   *block = file("%s.block", title);
	unsigned long at_a, at_b;
	int fd;

	part("%s", title);
	make_huge_file(f, PMD);
	if (from_reflink)
		clone_file(f, g);
	at_a = map_huge(a, f, 0, PMD);
	clone_range(from_reflink ? g : f, BLOCK * PAGE, PAGE, block, 0);
	check(from_reflink == maps_huge(a, at_a),
	      "the PMD is %s", from_reflink ? "still there" : "gone");
	at_b = map_page(b, block, 0);
	check(load(b, at_b) == fill(BLOCK), "a process that maps the block can read it");
	check(load(a, at_a + BLOCK * PAGE) == fill(BLOCK) &&
	      load(a, at_a + NEXT * PAGE) == fill(NEXT),
	      "a process that maps the 2 MiB can read them");

	check(stores(a, at_a, BLOCK, '1'), "a store to the block is seen");
	check(load(b, at_b) == fill(BLOCK), "but not by the other file");
	check(load(a, at_a) == fill(0) &&
	      load(a, at_a + NEXT * PAGE) == fill(NEXT) &&
	      load(a, at_a + LAST * PAGE) == fill(LAST),
	      "other blocks have not changed");
	check(stores(a, at_a, NEXT, '2'), "a store to another block is seen");
	must(!write_page(f, LAST * PAGE, '3'), "pwrite");
	check(load(a, at_a + LAST * PAGE) == '3', "so is a pwrite()");
	check(load(a, at_a + BLOCK * PAGE) == '1' &&
	      load(a, at_a + NEXT * PAGE) == '2' &&
	      load(a, at_a + (LAST - 1) * PAGE) == fill(LAST - 1),
	      "and it has changed nothing else");
	check(load(b, at_b) == fill(BLOCK), "nor the other file");

	fd = open(f, O_RDWR);
	must(fd >= 0 && !fsync(fd), "fsync %s: %m", f);
	close(fd);
	finish(a);
	finish(b);
	drop_caches();
	check(has(f, 0, fill(0)) & has(f, BLOCK, '1') &
	      has(f, NEXT, '2') & has(f, LAST, '3') &
	      has(f, LAST - 1, fill(LAST - 1)) & has(block, 0, fill(BLOCK)),
	      "the files have what was stored");
	if (from_reflink)
		check(has(g, BLOCK, fill(BLOCK)) & has(g, NEXT, fill(NEXT)) &
		      has(g, LAST, fill(LAST)),
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
	/* Base puts the entry of a block where there is one of the whole PMD. */
	.base.splat = "WARNING: fs/dax\\.c:[0-9]+ at dax_insert_entry");
