// SPDX-License-Identifier: GPL-2.0
/* Comparison of the kernel with the model */
#include "fuzz.h"

long pinned[256];
int nr_pinned;

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

void close_files(void)
{
	struct inode *inode;

	for_each_file(inode)
		close_fd(inode);
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
 * A block is now allocated. If its place was bad it has been repaired: all of a
 * new block is written through the driver, with zeroes or by write().
 */
static void place(struct block *block, long where)
{
	bool was_bad = block->where < 0 && bad_place(where);

	block_is_at(block, where);
	if (was_bad)
		must_be_repaired(where);
}

void moved_to(struct inode *inode, long page, long where, bool by_write)
{
	if (!by_write && bad(inode->page[page]))
		differ_in(inode, page, "a page that has failed was copied");
	place(page_new(inode, page), where);
	unmapped(inode, page, page + 1);
	uncertain(inode, page);
}

bool take_places(struct inode *inode, long from, long to, int how)
{
	long where[HUGE_PAGES], page;
	bool moved = false;

	extents(fd_of(inode), from, to, where);
	for (page = from; page < to; page++) {
		struct block *block = inode->page[page];
		long now = where[page - from];

		if (now < 0) {
			if (block || how & FILLED)
				differ_in(inode, page, "a block is missing");
		} else if (how & MOVED && (!block || block->where != now)) {
			moved |= !!block;
			moved_to(inode, page, now, how & BY_WRITE);
		} else {
			if (!block && !(how & MORE))
				differ_in(inode, page, "a hole has a block");
			if (how & UNSHARED && block->refs > 1)
				differ_in(inode, page, "a block is still shared");
			place(block ?: page_new(inode, page), now);
		}
	}
	return moved;
}

void check_extents(struct inode *inode, long from, long to)
{
	take_places(inode, from, to, inode->huge ? MORE : 0);
}

void allocated_around(struct inode *inode, long from, long to)
{
	if (inode->huge)
		check_extents(inode, chunk_of(from),
			      min(chunk_of(to + CHUNK - 1), inode->nr_pages));
}

void grown(struct inode *inode, long nr_pages)
{
	inode->nr_pages = nr_pages;
	allocated_around(inode, 0, nr_pages);
}

bool written(struct inode *inode, long from, long to, int how)
{
	bool moved = take_places(inode, from, to,
				 MOVED | UNSHARED | FILLED | how);

	allocated_around(inode, from, to);
	return moved;
}

void maybe_written(struct inode *inode, long from, long to)
{
	take_places(inode, from, to, MOVED);
	unsure(inode, from, to);
	allocated_around(inode, from, to);
}

static void check_size(struct inode *inode)
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
 * The page cache of a non-DAX file may still hold a page that has gone bad, and
 * readahead of a large folio fails as a whole.
 */
void check_data(struct inode *inode, long from, long to)
{
	static unsigned char buffer[HUGE_PAGES * PAGE];
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
			differ_in(inode, page, "pread() of a failed page succeeds");
		if (n != (end - page) * BLOCK)
			differ("pread() fails (%s pages %ld to %ld: %zd, %m)",
			       inode->path, page, end, n);
		for (; page < end; page++)
			if (memcmp(buffer + (page - end) * PAGE + n,
				   inode->page[page] ? inode->page[page]->data :
				   zeroes, PAGE))
				differ_in(inode, page, "a file has the wrong data");
	}
}

/* --- page tables --- */

static long place_in(uint64_t entry)
{
	return entry & PM_PRESENT ? where_is(entry & PM_PFN) : -1;
}

static uint64_t read_table(const struct vma *vma, long i)
{
	uint64_t entry;

	read_tables(vma, i, 1, &entry);
	return entry;
}

long mapped_place(const struct vma *vma, long i)
{
	return place_in(read_table(vma, i));
}

static void take_entry(struct vma *vma, long i, uint64_t entry)
{
	if (vma->pte[i] == MAY)
		vma->pte[i] = !(entry & PM_PRESENT) ? NONE :
			place_in(entry) < 0 ? HOLE : MAPS;
}

void refresh(struct vma *vma, long i)
{
	if (vma->pte[i] == MAY)
		take_entry(vma, i, read_table(vma, i));
}

/* The error in a page table entry, or NULL */
static const char *wrong_entry(const struct vma *vma, long i, uint64_t entry)
{
	struct block *block = block_of(vma, i);
	enum pte pte = vma->pte[i];
	long where = place_in(entry);

	if (!(entry & PM_PRESENT))
		return pte == NONE ? NULL : pte == COPY ?
			"a private copy is no longer mapped" :
			"a page is no longer mapped";
	switch (pte) {
	case NONE:
		return "a page is mapped that should not be";
	case COPY:
		return where < 0 ? NULL :
			"a page of the device is mapped for a private copy";
	case HOLE:
		/*
		 * A hole may have become a block of zeroes if the page next to
		 * it was written to.
		 */
		if (where < 0)
			return NULL;
		/* fall through */
	default:
		if (where != (block ? block->where : -1))
			return "the wrong page is mapped";
		return bad_place(where) ? "a page that has failed is mapped" :
			NULL;
	}
}

void check_tables(void)
{
	uint64_t entries[HUGE_PAGES];
	const char *wrong;
	struct vma *vma;
	long i;

	for_each_vma(vma) {
		read_tables(vma, vma->from, vma->to - vma->from, entries);
		for (i = vma->from; i < vma->to; i++) {
			take_entry(vma, i, entries[i - vma->from]);
			wrong = wrong_entry(vma, i, entries[i - vma->from]);
			if (wrong)
				differ_at(vma, i, wrong);
		}
	}
}

void check_everything(bool huge_as_well)
{
	struct inode *inode;

	check_tables();
	for_each_file(inode) {
		if (inode->huge && !huge_as_well)
			continue;
		check_size(inode);
		check_extents(inode, 0, inode->nr_pages);
		check_data(inode, 0, inode->nr_pages);
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

/* The filesystem can repair a page between the two, by writing metadata to it. */
static bool counter_matches(void)
{
	return flagged_pages(still_bad) == hardware_corrupted();
}

void check_counter(void)
{
	if (!within(1, counter_matches))
		differ("HardwareCorrupted is wrong (%ld pages, %ld are flagged)",
		       hardware_corrupted(), flagged_pages(still_bad));
}

static void check_count(long where)
{
	long count = page_count(pfn_at(where));

	if (count)
		differ("a page has references after the unmount (%#lx: %ld)",
		       pfn_at(where), count);
}

/*
 * No page is in use after the unmount. Checking all of them is slow: check those that
 * were pinned, and a few others.
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
