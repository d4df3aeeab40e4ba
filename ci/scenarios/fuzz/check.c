// SPDX-License-Identifier: GPL-2.0
/* Comparison of the kernel with the model */
#include <linux/fs.h>
#include <sys/stat.h>
#include "ops.h"

bool any_lost;

static unsigned char buffer[HUGE_PAGES * PAGE] __attribute__((aligned(4096)));

/* --- files --- */

int fd_of(struct inode *inode)
{
	if (inode->fd < 0) {
		inode->fd = open(inode->path, O_RDWR | O_CLOEXEC);
		if (inode->fd < 0)
			differ("open() fails (%m)");
	}
	return inode->fd;
}

void close_fd(struct inode *inode)
{
	if (inode->fd >= 0)
		close(inode->fd);
	inode->fd = -1;
}

bool still_bad(long where)
{
	return page_flagged(pfn_at(where)) || bad_block_on_record(where);
}

void must_be_repaired(long where)
{
	if (still_bad(where))
		differ("a page is in use again and has not been repaired (%#lx)",
		       where);
	repaired(where);
	figures.repairs++;
}

/*
 * A block has got its place. If that was bad it has been repaired: all of a new
 * block is written through the driver, with zeroes or by write().
 */
static void place(struct block *block, long where)
{
	bool was_bad = block->where < 0 && bad_place(where);

	block_is_at(block, where);
	if (was_bad)
		must_be_repaired(where);
}

/* The kernel may have allocated more than it was asked for, full of zeroes. */
void check_blocks(struct inode *inode, long from, long to, bool may_have_more)
{
	long where[HUGE_PAGES], page;

	extents(fd_of(inode), from, to, where);
	for (page = from; page < to; page++) {
		struct block *block = inode->page[page];

		if (!block && where[page - from] >= 0) {
			if (!may_have_more)
				differ("a hole has a block (%s page %ld)",
				       inode->path, page);
			block = block_new();
			page_set(inode, page, block);
		}
		if (block && where[page - from] < 0)
			differ("a block is missing (%s page %ld)", inode->path,
			       page);
		if (block)
			place(block, where[page - from]);
	}
}

/* With an extent size hint there may be more. */
void check_extents(struct inode *inode, long from, long to)
{
	check_blocks(inode, from, to, inode->huge);
}

void allocated_around(struct inode *inode, long from, long to)
{
	if (!inode->huge)
		return;
	from &= ~(CHUNK - 1L);
	to = (to + CHUNK - 1) & ~(CHUNK - 1L);
	check_extents(inode, from, to < inode->nr_pages ? to : inode->nr_pages);
}

void grown(struct inode *inode, long nr_pages)
{
	inode->nr_pages = nr_pages;
	allocated_around(inode, 0, nr_pages);
}

void moved_to(struct inode *inode, long page, long where, bool by_write)
{
	struct block *old = inode->page[page], *new = block_new();

	if (!by_write && bad(old))
		differ("a page that has failed was copied (%s page %ld)",
		       inode->path, page);
	if (old)
		memcpy(new->data, old->data, PAGE);
	page_set(inode, page, new);
	place(new, where);
	unmapped(inode, page, page + 1);
	uncertain(inode, page);
}

bool written(struct inode *inode, long from, long to, bool by_write)
{
	long where[HUGE_PAGES], page;
	struct block *block;
	bool moved = false;

	extents(fd_of(inode), from, to, where);
	for (page = from; page < to; page++) {
		long now = where[page - from];

		block = inode->page[page];
		if (now < 0)
			differ("a block is missing after a write (%s page %ld)",
			       inode->path, page);
		if (!block || block->where != now) {
			moved |= !!block;
			moved_to(inode, page, now, by_write);
		} else if (block->refs > 1) {
			differ("a shared block was written to (%s page %ld)",
			       inode->path, page);
		}
	}
	allocated_around(inode, from, to);
	return moved;
}

void maybe_moved(struct inode *inode, long from, long to)
{
	long where[HUGE_PAGES], page;
	struct block *block;

	extents(fd_of(inode), from, to, where);
	for (page = from; page < to; page++) {
		block = inode->page[page];
		if (where[page - from] >= 0 &&
		    (!block || block->where != where[page - from]))
			moved_to(inode, page, where[page - from], false);
		else if (block && where[page - from] < 0)
			differ("a block is missing (%s page %ld)", inode->path,
			       page);
	}
}

void maybe_written(struct inode *inode, long from, long to)
{
	maybe_moved(inode, from, to);
	unsure(inode, from, to);
	allocated_around(inode, from, to);
}

void check_size(struct inode *inode)
{
	struct stat st;

	if (fstat(fd_of(inode), &st))
		differ("fstat() fails (%m)");
	if (st.st_size != inode->nr_pages * BLOCK)
		differ("the size is wrong (%s has %ld, should have %ld)",
		       inode->path, (long)st.st_size,
		       inode->nr_pages * BLOCK);
}

static bool any_bad(const struct inode *inode)
{
	long page;

	for (page = 0; page < inode->nr_pages; page++)
		if (bad(inode->page[page]))
			return true;
	return false;
}

/*
 * The page cache of a file that is not DAX may still have a page that is bad now,
 * and read-ahead of a large folio fails as a whole.
 */
void check_data(struct inode *inode, long from, long to)
{
	bool cached = !inode->dax && any_bad(inode);
	long page, end;
	ssize_t n;

	for (page = from; page < to; page = end) {
		bool is_bad = bad(inode->page[page]);

		end = page + 1;
		while (!is_bad && !cached && end < to && !bad(inode->page[end]))
			end++;
		n = pread(fd_of(inode), buffer, (end - page) * PAGE,
			  page * PAGE);
		if ((is_bad || cached) && n < 0 && errno == EIO)
			continue;
		if (is_bad && n >= 0 && inode->dax)
			differ("pread() of a failed page succeeds (%s page %ld)",
			       inode->path, page);
		if (n != (end - page) * BLOCK)
			differ("pread() fails (%s pages %ld to %ld: %zd, %m)",
			       inode->path, page, end, n);
		for (; page < end; page++) {
			const unsigned char *want = inode->page[page] ?
				inode->page[page]->data : zeroes;

			if (memcmp(buffer + (page - end) * PAGE + n, want,
				   PAGE))
				differ("a file has the wrong data (%s page %ld)",
				       inode->path, page);
		}
	}
}

/* --- page tables --- */

long mapped_place(int p, unsigned long addr)
{
	uint64_t entry;

	read_tables(p, addr, 1, &entry);
	return entry & PM_PRESENT ? where_is(entry & PM_PFN) : -1;
}

static enum pte may_be(uint64_t entry)
{
	if (!(entry & PM_PRESENT))
		return NONE;
	return where_is(entry & PM_PFN) < 0 ? HOLE : MAPS;
}

void refresh(int p, struct vma *vma, long i)
{
	uint64_t entry;

	if (vma->pte[i] != MAY)
		return;
	read_tables(p, vma->addr + i * PAGE, 1, &entry);
	vma->pte[i] = may_be(entry);
}

static void check_table(int p, struct vma *vma)
{
	uint64_t entries[HUGE_PAGES], e;
	struct block *block;
	long i, where;

	read_tables(p, vma->addr + vma->from * PAGE, vma->to - vma->from,
		    entries);
	for (i = vma->from; i < vma->to; i++) {
		e = entries[i - vma->from];
		block = block_of(vma, i);
		where = e & PM_PRESENT ? where_is(e & PM_PFN) : -1;
		if (vma->pte[i] == MAY)
			vma->pte[i] = may_be(e);
		if (!(e & PM_PRESENT)) {
			if (vma->pte[i] == NONE)
				continue;
			if (block)
				dump_block(block);
			if (vma->pte[i] == COPY)
				differ("a private copy is no longer mapped (process %d, %#lx)",
				       p, vma->addr + i * PAGE);
			differ("a page is no longer mapped (process %d, %#lx)",
			       p, vma->addr + i * PAGE);
		}
		if (vma->pte[i] == NONE) {
			if (block)
				dump_block(block);
			differ("a page is mapped that should not be (process %d, %#lx, page %#lx of the device)",
			       p, vma->addr + i * PAGE, where);
		}
		if (vma->pte[i] == COPY) {
			if (where >= 0)
				differ("a page of the device is mapped for a private copy (process %d, %#lx)",
				       p, vma->addr + i * PAGE);
			continue;
		}
		/*
		 * There may be a block full of zeroes where the file once had a
		 * hole, if the page next to it was written to.
		 */
		if (vma->pte[i] == HOLE && where < 0)
			continue;
		if (where != (block ? block->where : -1)) {
			if (block)
				dump_block(block);
			differ("the wrong page is mapped (process %d, %#lx, page %#lx of the device)",
			       p, vma->addr + i * PAGE, where);
		}
		if (bad_place(where)) {
			dump_block(block);
			differ("a page that has failed is mapped (process %d, %#lx)",
			       p, vma->addr + i * PAGE);
		}
	}
}

void check_tables(void)
{
	int p, v;

	for_each_vma(p, v)
		check_table(p, &processes[p].vma[v]);
}

void check_everything(bool huge_as_well)
{
	int i;

	check_tables();
	for (i = 0; i < NR_FILES; i++) {
		if (!files[i] || (files[i]->huge && !huge_as_well))
			continue;
		check_size(files[i]);
		check_extents(files[i], 0, files[i]->nr_pages);
		check_data(files[i], 0, files[i]->nr_pages);
	}
}

/* --- struct pages --- */

void check_flag(long where)
{
	bool flag = flagged_place(where);

	if (where < 0 || where >= pages_of_device())
		return;
	if (page_flagged(pfn_at(where)) != flag)
		differ("a page is %sflagged (%#lx)", flag ? "not " : "", where);
}

void check_counter(void)
{
	long n = flagged_pages(still_bad), corrupted = hardware_corrupted();

	if (corrupted != n)
		differ("HardwareCorrupted is wrong (%ld pages, %ld are flagged)",
		       corrupted, n);
}

static void check_count(long where)
{
	long count = page_count(pfn_at(where));

	if (count)
		differ("a page has references after the unmount (%#lx: %ld)",
		       pfn_at(where), count);
}

/*
 * No page is in use after the unmount. It takes long to look at all of them: look
 * at those that were pinned, and at a few others.
 */
void check_counts(void)
{
	long where, seen = 0;

	for (where = 0; where < nr_pinned; where++)
		check_count(pinned[where]);
	for (where = below(64); where < pages_of_device(); where++)
		if (block_at(where) && seen++ % 16 == 0)
			check_count(where);
}

/* --- the log --- */

void check_log(void)
{
	char *splat = new_splat(), *end;

	if (!splat)
		return;
	/* without the part that differs each time */
	end = strstr(splat, "+0x");
	if (end)
		*end = '\0';
	differ("the kernel says: %s", splat);
}
