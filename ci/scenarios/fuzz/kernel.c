// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's state, compared with the model: extents, the contents of files, page
 * tables, struct pages, the log
 */
#include <linux/fiemap.h>
#include "fuzz.h"

/* --- files --- */

int fd_of(struct inode *inode)
{
	if (inode->fd < 0)
		inode->fd = open(inode->path, O_RDWR | O_CLOEXEC);
	agree(inode->fd >= 0, "open() fails (%m)");
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

void extents(struct inode *inode, long from, long to, long *where)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} f;
	struct fiemap_extent *e = &f.extent;
	long page, at, end;

	for (page = from; page < to; page++)
		where[page - from] = -1;
	for (at = from; at < to; at = end) {
		memset(&f, 0, sizeof(f));
		f.map.fm_start = at * PAGE;
		f.map.fm_length = (to - at) * PAGE;
		f.map.fm_extent_count = 1;
		agree(!ioctl(fd_of(inode), FS_IOC_FIEMAP, &f),
		      "FIEMAP fails (%m)");
		if (!f.map.fm_mapped_extents)
			return;
		end = (e->fe_logical + e->fe_length) / PAGE;
		for (page = max((long)e->fe_logical / BLOCK, at);
		     page < min(end, to); page++)
			where[page - from] =
				e->fe_flags & FIEMAP_EXTENT_UNWRITTEN ? -2 :
				page + (long)(e->fe_physical - e->fe_logical) /
				BLOCK;
	}
}

struct search {
	uint64_t owner;
	bool (*wanted)(long where);
	long found;
};

static bool finds(const struct fsmap *rec, const void *data)
{
	struct search *s = (void *)data;
	long page = rec->fmr_physical / PAGE;
	long end = min(page + (long)(rec->fmr_length / PAGE),
		       pages_of_device());

	if (!(rec->fmr_flags & FMR_OF_SPECIAL_OWNER) ||
	    rec->fmr_owner != s->owner)
		return false;
	while (page < end && !s->wanted(page))
		page++;
	s->found = page;
	return page < end;
}

long find_page(uint64_t owner, bool (*wanted)(long where))
{
	struct search s = { owner, wanted };

	return find_extent(MNT, finds, &s, NULL) < 0 ? -1 : s.found;
}

bool still_bad(long where)
{
	return flagged(pfn_at(where)) || bad_block_on_record(where);
}

void must_be_repaired(long where)
{
	agree(!still_bad(where),
	      "a page is in use again and has not been repaired (%#lx)", where);
	repaired(where);
	figures.repairs++;
}

/*
 * A block is now allocated. If its place was bad it has been repaired: all of a
 * new block is written through the driver, with zeroes or by write().
 */
static void place_block(struct block *block, long where)
{
	bool was_bad = block->where < 0 && bad_place(where);

	block_is_at(block, where);
	if (was_bad)
		must_be_repaired(where);
}

void moved_to(struct inode *inode, long page, long where, bool by_write)
{
	agree_in(by_write || !bad(inode->page[page]), inode, page,
		 "a page that has failed was copied");
	place_block(page_new(inode, page), where);
	unmapped(inode, page, page + 1);
	uncertain(inode, page);
}

bool take_places(struct inode *inode, long from, long to, int how)
{
	long where[HUGE_PAGES], page;
	bool moved = false;

	extents(inode, from, to, where);
	for (page = from; page < to; page++) {
		struct block *block = inode->page[page];
		long now = where[page - from];

		if (now < 0) {
			agree_in(!block && !(how & FILLED), inode, page,
				 "a block is missing");
		} else if (how & MOVED && (!block || block->where != now)) {
			moved |= !!block;
			moved_to(inode, page, now, how & BY_WRITE);
		} else {
			agree_in(block || how & MORE, inode, page,
				 "a hole has a block");
			agree_in(!(how & UNSHARED) || block->refs == 1, inode,
				 page, "a block is still shared");
			place_block(block ?: page_new(inode, page), now);
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
	bool cached = !inode->dax && any_bad(inode), is_bad;
	long page, end;
	ssize_t n;

	for (page = from; page < to; page = end) {
		is_bad = bad(inode->page[page]);
		end = page + 1;
		while (!is_bad && !cached && end < to && !bad(inode->page[end]))
			end++;
		n = pread(fd_of(inode), buffer, (end - page) * PAGE,
			  page * PAGE);
		if ((is_bad || cached) && n < 0 && errno == EIO)
			continue;
		agree_in(!is_bad || n < 0 || !inode->dax, inode, page,
			 "pread() of a failed page succeeds");
		agree(n == (end - page) * BLOCK,
		      "pread() fails (%s pages %ld to %ld: %zd, %m)",
		      inode->path, page, end, n);
		for (; page < end; page++)
			agree_in(!memcmp(buffer + (page - end) * PAGE + n,
					 data_of(inode->page[page]), PAGE),
				 inode, page, "a file has the wrong data");
	}
}

/* --- page tables --- */

static void read_tables(const struct vma *vma, long from, long n,
			uint64_t *entries)
{
	must(pread(actors[process_of(vma)].pagemap, entries, n * 8,
		   addr_of(vma, from) / PAGE * 8) == n * 8, "pagemap: %m");
}

bool by_pmd(const struct vma *vma, long i)
{
	return mapped_huge(actors[process_of(vma)].pagemap, addr_of(vma, i),
			   PAGE);
}

#define PM_PRESENT	(1ULL << 63)
#define PM_PFN		((1ULL << 55) - 1)

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
	if (pte == NONE)
		return "a page is mapped that should not be";
	if (pte == COPY)
		return where < 0 ? NULL :
			"a page of the device is mapped for a private copy";
	/* A hole may be a block of zeroes after a write to the page next to it. */
	if (pte == HOLE && where < 0)
		return NULL;
	if (where != (block ? block->where : -1))
		return "the wrong page is mapped";
	return bad_place(where) ? "a page that has failed is mapped" : NULL;
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
			agree_at(!wrong, vma, i, wrong);
		}
	}
}

void check_everything(bool huge_as_well)
{
	struct inode *inode;
	struct stat st;

	check_tables();
	for_each_file(inode) {
		if (inode->huge && !huge_as_well)
			continue;
		agree(!fstat(fd_of(inode), &st), "fstat() fails (%m)");
		agree(st.st_size == inode->nr_pages * BLOCK,
		      "the size is wrong (%s has %ld, should have %ld)",
		      inode->path, (long)st.st_size, inode->nr_pages * BLOCK);
		check_extents(inode, 0, inode->nr_pages);
		check_data(inode, 0, inode->nr_pages);
	}
}

/* --- struct pages --- */

void check_flag(long where)
{
	bool flag = flagged_place(where);

	if (where >= 0 && where < pages_of_device())
		agree(flagged(pfn_at(where)) == flag, "a page is %sflagged (%#lx)",
		      flag ? "not " : "", where);
}

/* What an earlier worker has left on the counter: some kernels leave it wrong. */
static long counted_before;

long counted_pages(void)
{
	return hardware_corrupted() - counted_before;
}

/* The filesystem can repair a page between the two, by writing metadata to it. */
static bool counter_matches(void)
{
	return flagged_pages(still_bad) == counted_pages();
}

void check_counter(void)
{
	agree(within(1, counter_matches),
	      "HardwareCorrupted is wrong (%ld pages, %ld are flagged)",
	      counted_pages(), flagged_pages(still_bad));
}

/* --- the log --- */

/* A few words of each group in ci/judge/splats, which decides. */
static const char *const splats[] = {
	"WARNING:", "BUG:", "kernel BUG at", "Oops:", "general protection",
	"blocked for more than", "INFO: possible", "possible recursive",
	"inconsistent lock", "suspicious RCU", "DEBUG_LOCKS_WARN_ON",
	"scheduling while atomic", "sleeping function called", "KASAN:",
	"KFENCE:", "UBSAN:", "Bad page", "Bad rss-counter", "refcount_t:",
	"list_add corruption", "list_del corruption", "Corruption detected",
	"Corruption of in-memory", "Assertion failed", "Busy inodes",
	"stall on CPU", "soft lockup", "Call Trace:", "cut here",
};

static int kmsg = -1;

/* Report the most significant new error line, without what differs each time. */
void check_log(void)
{
	unsigned int i, best = ARRAY_SIZE(splats);
	char record[1024], found[200], *text;
	ssize_t n;

	/* EPIPE: some were overwritten */
	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 ||
	       errno == EPIPE) {
		record[max(n, 0)] = '\0';
		text = strchr(record, ';');
		for (i = 0; text && i < best; i++)
			if (strstr(text, splats[i])) {
				best = i;
				snprintf(found, sizeof(found), "%.*s",
					 (int)strcspn(text, "\n"), text);
			}
	}
	if (best == ARRAY_SIZE(splats))
		return;
	text = strstr(found, "+0x");
	differ("the kernel says: %.*s", text ? (int)(text - found) - 1 : -1,
	       found + 1);
}

void kernel_begin(void)
{
	kmsg = open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kmsg, 0, SEEK_END);
	counted_before = hardware_corrupted();
}
