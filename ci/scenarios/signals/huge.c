// SPDX-License-Identifier: GPL-2.0
/*
 * PMD mappings: one page in the middle of 2 MiB fails. The whole PMD is
 * unmapped, as si_addr_lsb shows; the address and the flag are the page's.
 */
#include "scenario.h"

#define VICTIM	(200 * PAGE)
#define AT_PAGE	"both get BUS_MCEERR_AO at the page's address"

static void fail_one(const char *title, const char *f, const char *g)
{
	struct proc *a, *b, *other;

	part("%s", title);
	a = map_huge_by("a", f, VICTIM);
	b = map_huge_by("b", g, VICTIM);
	other = map_huge_by("other", f, PMD + VICTIM);
	must(all(reads, a, b));
	must(all(has, a, b), "one's fault unmapped the other");

	machine_check_and_check(page_of(a));
	check_lost(AT_PAGE, a, b);
	check(got_none(other), "a process that maps the next 2 MiB gets nothing");
	check(maps_huge(other, other->at) && reads(other),
	      "the next 2 MiB stay mapped and can be read");
	check(load(a, a->at + PAGE) == fill(201),
	      "the page after the failed one can be read again");
}

static void huge(void)
{
	make_huge_file(file("f"), 2 * PMD);
	fail_one("one file", file("f"), file("f"));
	make_huge_file(file("g"), 2 * PMD);
	clone_file(file("g"), file("h"));
	fail_one("reflinks", file("g"), file("h"));
}

static void ext4_huge(void)
{
	struct proc *a, *b, *other;

	/* Clusters of 2 MiB align files to 2 MiB. */
	mount_ext4("-O bigalloc -C 2097152");
	make_huge_file(file("f"), 2 * PMD);
	a = map_huge_by("a", file("f"), VICTIM);
	b = map_huge_by("b", file("f"), VICTIM);
	other = map_huge_by("other", file("f"), PMD);

	machine_check_and_check(page_of(a));
	check_lost(AT_PAGE, a, b);
	check(got_none(other) && maps_huge(other, other->at),
	      "a process that maps the next 2 MiB gets nothing and keeps them");
}

/* One file maps the 2 MiB by PTEs, a reflink of it by a PMD. Either is allowed. */
static void mix(const char *title, const char *f, const char *g, bool huge_first)
{
	struct proc *small = start("small"), *huge = start("huge");
	bool healthy;

	part("%s", title);
	make_huge_file(f, PMD);
	clone_file(f, g);
	if (huge_first)
		map_huge(huge, f, 0, PMD);
	/* Not a whole PMD, so it can only be PTEs. */
	map(small, g, VICTIM, 4 * PAGE, PROT_READ, MAP_SHARED);
	healthy = reads(small);
	if (!huge_first)
		map(huge, f, 0, PMD, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED);
	huge->at += VICTIM;
	huge->byte = fill(200);
	healthy &= reads(huge) & reads(small);
	if (!check(healthy, "both read the same healthy data"))
		return;

	poison_and_check(page_of(small));
	check(got_ao(small),
	      "a process that has the page by a PTE gets BUS_MCEERR_AO");
	/* Mapped by a PMD or, because of the other mapping, by PTEs. */
	check(got_among(huge, BUS_MCEERR_AO, &huge->at, 1, PMD_LSB) ||
	      got(huge, BUS_MCEERR_AO, huge->at, PAGE_LSB),
	      "a process that asked for a PMD gets BUS_MCEERR_AO");
	check(all(lost, small, huge), UNMAPPED);
}

static void mixed_sizes(void)
{
	mix("PTEs first", file("a"), file("b"), false);
	mix("PMD first", file("c"), file("d"), true);
}

/*
 * One block of the 2 MiB that a PMD maps is shared with another file, read
 * there and then written to: only this block of the PMD's range changes.
 */
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
	must(!write_page(f, LAST * PAGE, '3'));
	check(sees(a, LAST, '3'), "so is a pwrite()");
	check(sees(a, BLOCK, '1') && sees(a, NEXT, '2') &&
	      sees(a, LAST - 1, fill(LAST - 1)),
	      "and it has changed nothing else");
	check(sees(b, 0, fill(BLOCK)), "nor the other file");

	fd = open_file(f, O_RDWR);
	must(!fsync(fd));
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

static void partial_share(void)
{
	share_block("of the file", false);
	share_block("of a reflink", true);
}

SCENARIOS(
	{ "huge", "a page in the middle of a PMD mapping, one file and reflinks",
	  huge, .xfs = ALIGNED,
	  /* Base flags the head page of the 2 MiB. */
	  .base.fails = { "one file: " FLAG_CHECK, "reflinks: " FLAG_CHECK } },
	{ "ext4-huge", "ext4: a page in the middle of a PMD mapping", ext4_huge,
	  /* Base flags the head page, and reports its address. */
	  .base.fails = { FLAG_CHECK, AT_PAGE } },
	{ "mixed-sizes", "one reflink maps 2 MiB by a PMD, the other by PTEs",
	  mixed_sizes, .xfs = ALIGNED, .seconds = 45, .debug = true,
	  /*
	   * Base reports "Bad page map" and warns in fs/dax.c; the final umount
	   * waits endlessly for a page with a stale reference.
	   */
	  .base.hangs = "dax_break_layout_final" },
	{ "partial-share-huge",
	  "one block of what a PMD maps is shared and written to",
	  partial_share, .xfs = ALIGNED, .seconds = 45,
	  /* Base inserts a PTE entry where a PMD entry exists. */
	  .base.splat = "WARNING: fs/dax\\.c:[0-9]+ at dax_insert_entry" }
);
