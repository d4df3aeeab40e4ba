// SPDX-License-Identifier: GPL-2.0
/*
 * The operations. Each does a thing in the kernel, does it in the model, and
 * compares: the result, the signals, the page tables, where the blocks are.
 */
#include <errno.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "fuzz.h"


struct figures figures;

/* Room in each process's address space for each of its mappings. */
#define VMA_ROOM	(16UL << 20)
#define VMA_BASE	0x100000000000UL

/* --- random numbers: splitmix64 --- */

static uint64_t random_state;

void random_seed(uint64_t seed)
{
	random_state = seed;
}

uint64_t random64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

long below(long n)
{
	return n > 0 ? random64() % n : 0;
}

bool chance(int percent)
{
	return below(100) < percent;
}

static long between(long low, long high)
{
	return low + below(high - low + 1);
}

/* --- files --- */

/*
 * Since a page of some file has failed: to write it back may fail, which each who
 * asks is told once.
 */
static bool any_lost;

static unsigned char buffer[HUGE_PAGES * PAGE] __attribute__((aligned(4096)));

static int fd_of(struct inode *inode)
{
	if (inode->fd < 0) {
		inode->fd = open(inode->path, O_RDWR | O_CLOEXEC);
		if (inode->fd < 0)
			differ("open() fails (%m)");
	}
	return inode->fd;
}

static long max_pages(const struct inode *inode)
{
	return inode->huge ? HUGE_PAGES : SMALL_PAGES;
}

static bool still_bad(long where)
{
	return page_flagged(pfn_at(where)) || bad_block_on_record(where);
}

static void must_be_repaired(long where)
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

/*
 * The blocks are where they were. The kernel may have allocated more than it was
 * asked for, full of zeroes.
 */
static void check_blocks(struct inode *inode, long from, long to,
			 bool may_have_more)
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

/* With an extent size hint it does so. */
static void check_extents(struct inode *inode, long from, long to)
{
	check_blocks(inode, from, to, inode->huge);
}

static void allocated_around(struct inode *inode, long from, long to)
{
	if (!inode->huge)
		return;
	from &= ~(CHUNK - 1L);
	to = (to + CHUNK - 1) & ~(CHUNK - 1L);
	check_extents(inode, from, to < inode->nr_pages ? to : inode->nr_pages);
}

/* What was allocated beyond the end is a part of the file now. */
static void grown(struct inode *inode, long nr_pages)
{
	inode->nr_pages = nr_pages;
	allocated_around(inode, 0, nr_pages);
}

/*
 * A page of a file is somewhere else now, with what was in it. Only write() need
 * not read it.
 */
static void moved_to(struct inode *inode, long page, long where, bool by_write)
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

/*
 * These pages may have been written to. So the kernel may have moved them, and
 * must have if they were shared. Returns whether it has moved one.
 */
static bool written(struct inode *inode, long from, long to, bool by_write)
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

static void check_data(struct inode *inode, long from, long to)
{
	long page, end;
	ssize_t n;

	for (page = from; page < to; page = end) {
		bool is_bad = bad(inode->page[page]);

		end = page + 1;
		while (!is_bad && end < to && !bad(inode->page[end]))
			end++;
		n = pread(fd_of(inode), buffer, (end - page) * PAGE,
			  page * PAGE);
		if (is_bad && n < 0 && errno == EIO)
			continue;
		if (is_bad && n >= 0)
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

/* What it is if it may or may not be mapped. */
static enum pte may_be(uint64_t entry)
{
	if (!(entry & PM_PRESENT))
		return NONE;
	return where_is(entry & PM_PFN) < 0 ? HOLE : MAPS;
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
				differ("a private copy is not mapped any more (process %d, %#lx)",
				       p, vma->addr + i * PAGE);
			differ("a page is not mapped any more (process %d, %#lx)",
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

static void check_tables(void)
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

/* --- what operations refer to --- */

static struct inode *the_file(long slot)
{
	return slot >= 0 && slot < NR_FILES ? files[slot] : NULL;
}

static bool runs(long p)
{
	return p >= 0 && p < NR_PROCS && processes[p].runs;
}

static struct vma *the_vma(long p, long v)
{
	if (!runs(p) || v < 0 || v >= NR_VMAS || !processes[p].vma[v].inode)
		return NULL;
	return &processes[p].vma[v];
}

static bool in_file(const struct inode *inode, long page, long n)
{
	return page >= 0 && n > 0 && page + n <= inode->nr_pages;
}

static bool in_vma(const struct vma *vma, long i, long n)
{
	return i >= vma->from && n > 0 && i + n <= vma->to;
}

/* --- and their random choice; false if there is none --- */

static bool random_file(long *slot)
{
	long i, n = below(NR_FILES);

	for (i = 0; i < NR_FILES; i++) {
		*slot = (n + i) % NR_FILES;
		if (files[*slot])
			return true;
	}
	return false;
}

static bool random_process(long *p)
{
	long i, n = below(NR_PROCS);

	for (i = 0; i < NR_PROCS; i++) {
		*p = (n + i) % NR_PROCS;
		if (processes[*p].runs)
			return true;
	}
	return false;
}

static bool random_vma(long *p, long *v)
{
	long i, n = below(NR_PROCS * NR_VMAS);

	for (i = 0; i < NR_PROCS * NR_VMAS; i++) {
		*p = (n + i) % (NR_PROCS * NR_VMAS) / NR_VMAS;
		*v = (n + i) % NR_VMAS;
		if (the_vma(*p, *v))
			return true;
	}
	return false;
}

/* Is this something that a PMD can map? */
static bool whole_chunk(const struct inode *inode, long first)
{
	long page;

	if (!inode->huge || first < 0 || first % CHUNK ||
	    first + CHUNK > inode->nr_pages || !inode->page[first] ||
	    pfn_at(inode->page[first]->where) % CHUNK)
		return false;
	for (page = first; page < first + CHUNK; page++)
		if (!inode->page[page] || bad(inode->page[page]) ||
		    inode->page[page]->where !=
		    inode->page[first]->where + page - first)
			return false;
	return true;
}

/* More often than not a page where something has happened. */
static long random_page(const struct vma *vma)
{
	long tries, i = 0;
	bool look_for_bad = chance(15), look_for_some = chance(50);

	for (tries = 0; tries < 30; tries++) {
		i = between(vma->from, vma->to - 1);
		if (look_for_bad ? bad(block_of(vma, i)) :
		    !look_for_some || vma->pte[i] != NONE || block_of(vma, i))
			break;
	}
	return i;
}

static long random_length(long most)
{
	long n = chance(60) ? between(1, 4) : between(1, 32);

	return n < most ? n : most;
}

/* Pages of a file, or of one end of it and beyond. */
static bool random_range(const struct inode *inode, bool beyond, long *page,
			 long *n)
{
	long limit = beyond ? max_pages(inode) : inode->nr_pages;

	if (!limit)
		return false;
	/* all that a PMD maps */
	if (inode->huge && chance(15) && limit >= CHUNK) {
		*page = below(limit / CHUNK) * CHUNK;
		*n = CHUNK;
		return true;
	}
	*page = below(limit);
	*n = random_length(limit - *page);
	return true;
}

/* --- operations on files --- */

static unsigned int nr_created;

static bool random_unlink(long *arg)
{
	/* A huge file that is of no use as such any more */
	for (arg[0] = NR_SMALL; chance(50) && arg[0] < NR_FILES; arg[0]++)
		if (files[arg[0]] && !whole_chunk(files[arg[0]], 0) &&
		    !whole_chunk(files[arg[0]], CHUNK))
			return true;
	return random_file(&arg[0]);
}

static bool run_unlink(const long *arg)
{
	struct inode *inode = the_file(arg[0]);

	if (!inode)
		return false;
	/* Its extents will be asked for as long as it is mapped. */
	if (inode->mappings)
		fd_of(inode);
	if (unlink(inode->path))
		differ("unlink() fails (%m)");
	inode_unlink(inode);
	return true;
}

static bool random_pwrite(long *arg)
{
	struct inode *inode;
	long page, n, size;

	if (!random_file(&arg[0]))
		return false;
	inode = files[arg[0]];
	size = inode->nr_pages * PAGE;
	arg[3] = between(1, 4);
	if (inode->nr_pages && chance(40)) {
		/* parts of blocks, within the file */
		arg[1] = below(size);
		arg[2] = between(1, chance(70) ? 3000 : 12000);
		if (arg[2] > size - arg[1])
			arg[2] = size - arg[1];
		arg[3] = between(5, 255);
		return true;
	}
	if (inode->huge && chance(inode->nr_pages ? 15 : 90)) {
		page = below(2) * CHUNK;
		n = CHUNK;
	} else {
		random_range(inode, chance(30) || !inode->nr_pages, &page, &n);
	}
	arg[1] = page * PAGE;
	arg[2] = n * PAGE;
	return true;
}

/*
 * A write of all of a bad page repairs it. A write of a part fails, whether the
 * rest would stay in place or be copied.
 */
struct write_limits {
	bool must_fail, may_fail;
	long fails_at;			/* if it must fail */
};

static void limit_write(struct inode *inode, long at, long end,
			struct write_limits *limits)
{
	long page, begin;

	for (page = at / BLOCK; page * BLOCK < end; page++) {
		struct block *block = inode->page[page];

		if (at <= page * BLOCK && end >= (page + 1) * BLOCK)
			continue;
		/* The destination of a copy can be bad as well. */
		if (bad(block) || bad_and_free())
			limits->may_fail = true;
		if (!bad(block))
			continue;
		begin = page * BLOCK < at ? at : page * BLOCK;
		if (!limits->must_fail)
			limits->fails_at = begin;
		limits->must_fail = true;
	}
}

/* What is written to [at, done) of the page is all of it. */
static bool overwritten(long page, long at, long done)
{
	return at <= page * BLOCK && done >= (page + 1) * BLOCK;
}

static bool run_pwrite(const long *arg)
{
	struct inode *inode = the_file(arg[0]);
	long at = arg[1], len = arg[2], end = at + len, size, page, done;
	struct write_limits limits = {};
	bool some_new = false;
	long first, last;
	ssize_t n;

	if (!inode || at < 0 || len <= 0 || end > max_pages(inode) * BLOCK)
		return false;
	size = inode->nr_pages * PAGE;
	if (end > size && end % PAGE)
		return false;
	first = at / PAGE;
	last = (end - 1) / PAGE;
	limit_write(inode, at, end, &limits);
	for (page = first; page <= last; page++)
		some_new |= !inode->page[page];

	memset(buffer, arg[3], len);
	n = pwrite(fd_of(inode), buffer, len, at);
	if (n < 0 && !(limits.may_fail && errno == EIO))
		differ("pwrite() fails (%m)");
	if (n >= 0 && n < len && !limits.may_fail)
		differ("pwrite() writes less than it was to (%zd of %ld)", n,
		       len);
	done = n < 0 ? at : at + n;
	if (limits.must_fail && done > limits.fails_at)
		differ("pwrite() to a part of a block that has failed succeeds (%s page %ld)",
		       inode->path, limits.fails_at / BLOCK);

	if (done > at)
		some_new |= written(inode, first, (done - 1) / PAGE + 1, true);
	for (page = first; page * BLOCK < done; page++) {
		struct block *block = inode->page[page];
		long from = page * BLOCK < at ? at % PAGE : 0;
		long to = done - page * BLOCK;

		if (to > BLOCK)
			to = BLOCK;
		holes_unmapped(inode, page);
		memset(block->data + from, arg[3], to - from);
		if (bad(block) && overwritten(page, at, done))
			must_be_repaired(block->where);
	}
	if (done > size)
		grown(inode, (done + PAGE - 1) / PAGE);
	/*
	 * With a newly allocated block all that is written to may be unmapped.
	 * Where the write has failed it may have got as far as that, too: if it
	 * was to copy a block, all before that is unmapped once more in the end.
	 */
	for (page = some_new || done < end ? first : done / BLOCK; page <= last;
	     page++)
		unsure(inode, page);
	return true;
}

static bool random_create(long *arg)
{
	for (arg[0] = 0; arg[0] < NR_FILES; arg[0]++)
		if (!files[arg[0]])
			break;
	if (arg[0] == NR_FILES)
		return false;
	if (chance(80))
		arg[1] = arg[0] < NR_SMALL ? below(SMALL_PAGES) :
			CHUNK * between(1, 2);
	arg[2] = between(1, 4);
	return true;
}

static bool run_create(const long *arg)
{
	struct fsxattr attr;
	struct inode *inode;
	char path[32];

	if (arg[0] < 0 || arg[0] >= NR_FILES || files[arg[0]] || arg[1] < 0 ||
	    arg[1] > (arg[0] < NR_SMALL ? SMALL_PAGES : HUGE_PAGES))
		return false;
	snprintf(path, sizeof(path), MNT "/%ld/%s.%u", arg[0],
		 arg[0] < NR_SMALL ? "small" : "huge", nr_created++);
	inode = inode_new(arg[0], path);
	inode->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (inode->fd < 0)
		differ("create fails (%m)");
	if (inode->huge) {
		must(!ioctl(inode->fd, FS_IOC_FSGETXATTR, &attr),
		     "FSGETXATTR: %m");
		attr.fsx_xflags |= FS_XFLAG_EXTSIZE;
		attr.fsx_extsize = PMD;
		must(!ioctl(inode->fd, FS_IOC_FSSETXATTR, &attr),
		     "FSSETXATTR: %m");
	}
	if (arg[1])
		run_pwrite((long []){ arg[0], 0, arg[1] * BLOCK, arg[2] });
	return true;
}

static bool random_pread(long *arg)
{
	return random_file(&arg[0]) &&
		random_range(files[arg[0]], false, &arg[1], &arg[2]);
}

static bool run_pread(const long *arg)
{
	struct inode *inode = the_file(arg[0]);

	if (!inode || !in_file(inode, arg[1], arg[2]))
		return false;
	check_data(inode, arg[1], arg[1] + arg[2]);
	return true;
}

/* Both files are unmapped, all of them, if nothing else. */
static bool two_ranges(const long *arg, struct inode **from, struct inode **to)
{
	*from = the_file(arg[0]);
	*to = the_file(arg[3]);
	return *from && *to && in_file(*from, arg[1], arg[2]) &&
		arg[4] >= 0 && arg[4] + arg[2] <= max_pages(*to) &&
		(*from != *to || arg[1] + arg[2] <= arg[4] ||
		 arg[4] + arg[2] <= arg[1]);
}

static bool random_reflink(long *arg)
{
	struct inode *from, *to;

	if (!random_file(&arg[0]) || !random_file(&arg[3]))
		return false;
	from = files[arg[0]];
	to = files[arg[3]];
	if (!random_range(from, false, &arg[1], &arg[2]))
		return false;
	if (chance(30)) {	/* as much as there is */
		arg[1] = 0;
		arg[2] = from->nr_pages;
		if (arg[2] > max_pages(to))
			arg[2] = max_pages(to);
	}
	/* the same offset, an offset that keeps PMDs congruent, any */
	arg[4] = chance(50) ? arg[1] : chance(30) ? arg[1] % CHUNK :
		below(max_pages(to) - arg[2] + 1);
	return true;
}

static bool run_reflink(const long *arg)
{
	struct file_clone_range range;
	struct inode *from, *to;
	bool failed = false;
	long i;

	if (!two_ranges(arg, &from, &to))
		return false;
	range = (struct file_clone_range) {
		.src_fd = fd_of(from),
		.src_offset = arg[1] * PAGE,
		.src_length = arg[2] * PAGE,
		.dest_offset = arg[4] * PAGE,
	};
	if (ioctl(fd_of(to), FICLONERANGE, &range)) {
		if (errno != EIO || !(from->lost || to->lost))
			differ("FICLONERANGE fails (%m)");
		failed = true;
	}
	unmapped(from, 0, HUGE_PAGES);
	unmapped(to, 0, HUGE_PAGES);
	if (failed)
		return true;
	for (i = 0; i < arg[2]; i++)
		page_set(to, arg[4] + i, from->page[arg[1] + i]);
	if (to->nr_pages < arg[4] + arg[2])
		grown(to, arg[4] + arg[2]);
	check_extents(to, arg[4], arg[4] + arg[2]);
	return true;
}

static bool random_dedupe(long *arg)
{
	if (!random_file(&arg[0]) || !random_file(&arg[3]) ||
	    !random_range(files[arg[0]], false, &arg[1], &arg[2]))
		return false;
	if (chance(70))
		arg[2] = 1;
	arg[4] = chance(50) ? arg[1] : below(files[arg[3]]->nr_pages);
	return true;
}

static bool run_dedupe(const long *arg)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info;
	} d = {
		.range.src_offset = arg[1] * PAGE,
		.range.src_length = arg[2] * PAGE,
		.range.dest_count = 1,
		.info.dest_offset = arg[4] * PAGE,
	};
	bool same = true, meets_bad = false;
	struct inode *from, *to;
	long i;

	if (!two_ranges(arg, &from, &to) || !in_file(to, arg[4], arg[2]))
		return false;
	for (i = 0; i < arg[2]; i++) {
		struct block *a = from->page[arg[1] + i];
		struct block *b = to->page[arg[4] + i];

		/* What is compared for holes is the kernel's business. */
		if (!a || !b)
			return false;
		/* It compares page by page, up to the first difference. */
		if (!same || meets_bad)
			continue;
		meets_bad = bad(a) || bad(b);
		same = !memcmp(a->data, b->data, PAGE);
	}
	d.info.dest_fd = fd_of(to);
	if (ioctl(fd_of(from), FIDEDUPERANGE, &d))
		differ("FIDEDUPERANGE fails (%m)");
	unmapped(from, 0, HUGE_PAGES);
	unmapped(to, 0, HUGE_PAGES);
	if (d.info.status == -EIO && (meets_bad || from->lost || to->lost))
		return true;
	if (meets_bad)
		differ("dedupe compares a page that has failed (status %d)",
		       d.info.status);
	if (d.info.status < 0)
		differ("dedupe fails (%s)", strerror(-d.info.status));
	if ((d.info.status == FILE_DEDUPE_RANGE_SAME) != same)
		differ("dedupe finds blocks %s that are not",
		       same ? "different" : "the same");
	if (same)
		for (i = 0; i < arg[2]; i++)
			page_set(to, arg[4] + i, from->page[arg[1] + i]);
	check_extents(to, arg[4], arg[4] + arg[2]);
	return true;
}

static bool random_truncate(long *arg)
{
	struct inode *inode;

	if (!random_file(&arg[0]))
		return false;
	inode = files[arg[0]];
	arg[1] = chance(50) ? between(0, max_pages(inode)) :
		inode->nr_pages - below(inode->nr_pages < 8 ?
					inode->nr_pages + 1 : 8);
	return true;
}

/*
 * XFS writes back before a file gets longer if it had to zero something for that,
 * and is told then of what was lost. The size in core is the new one already, that
 * on disk is not. Who is told asks again.
 */
static bool lost_before_growth(struct inode *inode, long nr_pages)
{
	return inode->lost && errno == EIO && inode->nr_pages < nr_pages &&
	       !ftruncate(fd_of(inode), nr_pages * PAGE);
}

static bool run_truncate(const long *arg)
{
	struct inode *inode = the_file(arg[0]);
	long page;

	if (!inode || arg[1] < 0 || arg[1] > max_pages(inode))
		return false;
	if (ftruncate(fd_of(inode), arg[1] * PAGE) &&
	    !lost_before_growth(inode, arg[1]))
		differ("ftruncate() fails (%m)");
	unmapped(inode, 0, HUGE_PAGES);
	copies_dropped(inode, arg[1]);
	for (page = arg[1]; page < inode->nr_pages; page++)
		page_set(inode, page, NULL);
	inode->nr_pages = arg[1];
	grown(inode, arg[1]);
	return true;
}

static bool random_fallocate(long *arg)
{
	return random_file(&arg[0]) &&
		random_range(files[arg[0]], true, &arg[1], &arg[2]);
}

/* Any fallocate() unmaps all of the file first. */
static struct inode *do_fallocate(const long *arg, int mode, bool *failed)
{
	struct inode *inode = the_file(arg[0]);

	if (!inode || arg[1] < 0 || arg[2] <= 0 ||
	    arg[1] + arg[2] > max_pages(inode))
		return NULL;
	*failed = fallocate(fd_of(inode), mode, arg[1] * PAGE, arg[2] * PAGE);
	unmapped(inode, 0, HUGE_PAGES);
	return inode;
}

static bool run_fallocate(const long *arg)
{
	bool failed;
	struct inode *inode = do_fallocate(arg, 0, &failed);

	if (!inode)
		return false;
	if (failed && !lost_before_growth(inode, arg[1] + arg[2]))
		differ("fallocate() fails (%m)");
	if (inode->nr_pages < arg[1] + arg[2])
		grown(inode, arg[1] + arg[2]);
	check_extents(inode, arg[1], arg[1] + arg[2]);
	return true;
}

static bool emptied(const long *arg, int mode)
{
	bool failed;
	struct inode *inode = do_fallocate(arg, mode | FALLOC_FL_KEEP_SIZE,
					   &failed);
	long page;

	if (!inode)
		return false;
	/* It writes back first. */
	if (failed && inode->lost && errno == EIO)
		return true;
	if (failed)
		differ("fallocate() that is to empty blocks fails (%m)");
	for (page = arg[1]; page < arg[1] + arg[2]; page++)
		page_set(inode, page, NULL);
	check_extents(inode, arg[1], arg[1] + arg[2]);
	return true;
}

static bool run_punch(const long *arg)
{
	return emptied(arg, FALLOC_FL_PUNCH_HOLE);
}

static bool run_zero(const long *arg)
{
	return emptied(arg, FALLOC_FL_ZERO_RANGE);
}

static bool random_unshare(long *arg)
{
	return random_pread(arg);
}

static bool run_unshare(const long *arg)
{
	struct inode *inode = the_file(arg[0]);
	/* The destination of a copy can be bad as well. */
	bool failed, may_fail = bad_and_free();
	long where[HUGE_PAGES], page, end = arg[1] + arg[2];

	if (!inode || !in_file(inode, arg[1], arg[2]))
		return false;
	for (page = arg[1]; page < end; page++)
		may_fail |= inode->lost || bad(inode->page[page]);
	do_fallocate(arg, FALLOC_FL_UNSHARE_RANGE, &failed);
	if (failed && !(may_fail && errno == EIO))
		differ("unsharing fails (%m)");
	extents(fd_of(inode), arg[1], end, where);
	for (page = arg[1]; page < end; page++) {
		struct block *block = inode->page[page];

		if (block && block->where != where[page - arg[1]])
			moved_to(inode, page, where[page - arg[1]], false);
		else if (block && block->refs > 1 && !failed)
			differ("a block is still shared (%s page %ld)",
			       inode->path, page);
	}
	/* Holes are filled, and be it with zeroes. */
	check_blocks(inode, arg[1], end, true);
	allocated_around(inode, arg[1], end);
	return true;
}

static bool random_fsync(long *arg)
{
	return random_file(&arg[0]);
}

static bool run_fsync(const long *arg)
{
	struct inode *inode = the_file(arg[0]);

	if (!inode)
		return false;
	if (fsync(fd_of(inode)) && !(inode->lost && errno == EIO))
		differ("fsync() fails (%m)");
	return true;
}

static bool always(long *arg)
{
	(void)arg;
	return true;
}

/* Of inodes that are not in use the kernel is to forget all that it knows. */
static bool run_evict(const long *arg)
{
	int i, fd = open(MNT, O_RDONLY | O_CLOEXEC);

	(void)arg;
	for (i = 0; i < NR_FILES; i++) {
		if (files[i] && files[i]->fd >= 0) {
			close(files[i]->fd);
			files[i]->fd = -1;
		}
	}
	if (fd < 0 || (syncfs(fd) && !(any_lost && errno == EIO)))
		differ("syncfs() fails (%m)");
	close(fd);
	drop_caches();
	return true;
}

/* --- operations of processes --- */

static bool random_start(long *arg)
{
	for (arg[0] = 0; arg[0] < NR_PROCS; arg[0]++)
		if (!processes[arg[0]].runs)
			return true;
	return false;
}

static bool run_start(const long *arg)
{
	long p = arg[0];

	if (p < 0 || p >= NR_PROCS || processes[p].runs)
		return false;
	actor_start(p, ZYGOTE);
	processes[p].runs = true;
	processes[p].policy = PR_MCE_KILL_DEFAULT;
	return true;
}

static bool random_fork(long *arg)
{
	return random_process(&arg[0]) && random_start(&arg[1]);
}

static bool run_fork(const long *arg)
{
	struct process *parent, *child;
	int v;

	if (!runs(arg[0]) || arg[1] < 0 || arg[1] >= NR_PROCS || runs(arg[1]))
		return false;
	parent = &processes[arg[0]];
	child = &processes[arg[1]];
	actor_start(arg[1], arg[0]);
	child->runs = true;
	child->policy = parent->policy;
	for (v = 0; v < NR_VMAS; v++)
		if (parent->vma[v].inode)
			vma_copied(&child->vma[v], &parent->vma[v]);
	return true;
}

static bool random_exit(long *arg)
{
	return random_process(&arg[0]);
}

static bool run_exit(const long *arg)
{
	int v;

	if (!runs(arg[0]))
		return false;
	actor_exit(arg[0]);
	for (v = 0; v < NR_VMAS; v++)
		if (processes[arg[0]].vma[v].inode)
			vma_dropped(&processes[arg[0]].vma[v], 0, HUGE_PAGES);
	memset(&processes[arg[0]], 0, sizeof(processes[0]));
	return true;
}

static bool random_policy(long *arg)
{
	static const int policies[] = {
		PR_MCE_KILL_DEFAULT, PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE
	};

	arg[1] = policies[below(3)];
	return random_process(&arg[0]);
}

static bool run_policy(const long *arg)
{
	if (!runs(arg[0]) || arg[1] < 0 || arg[1] > PR_MCE_KILL_DEFAULT)
		return false;
	actor_policy(arg[0], arg[1]);
	processes[arg[0]].policy = arg[1];
	return true;
}

static bool random_early(long *arg)
{
	arg[0] = chance(80);
	return true;
}

static bool run_early(const long *arg)
{
	early_by_default = arg[0];
	early_kill(early_by_default);
	return true;
}

static bool random_map(long *arg)
{
	struct inode *inode;
	long tries;

	if (!random_process(&arg[0]) || !random_file(&arg[2]))
		return false;
	for (arg[1] = 0; arg[1] < NR_VMAS; arg[1]++)
		if (!processes[arg[0]].vma[arg[1]].inode)
			break;
	if (arg[1] == NR_VMAS)
		return false;
	for (tries = chance(30) ? 4 : 0; tries--; ) {
		arg[2] = between(NR_SMALL, NR_FILES - 1);
		arg[3] = below(2) * CHUNK;
		arg[4] = CHUNK;
		arg[5] = chance(75);
		if (files[arg[2]] && whole_chunk(files[arg[2]], arg[3]))
			return true;
	}
	random_file(&arg[2]);
	inode = files[arg[2]];
	if (inode->huge && chance(60)) {
		arg[3] = below(2) * CHUNK;
		arg[4] = CHUNK * between(1, 2 - arg[3] / CHUNK);
	} else {
		arg[3] = below(max_pages(inode));
		arg[4] = chance(50) ? max_pages(inode) - arg[3] :
			between(1, max_pages(inode) - arg[3]);
		if (arg[4] > 256)
			arg[4] = 256;
	}
	/* bit 0: shared; bit 1: where a PMD can not be used */
	arg[5] = chance(65) | chance(25) << 1;
	return true;
}

static bool run_map(const long *arg)
{
	struct inode *inode = the_file(arg[2]);
	struct vma *vma;

	if (!runs(arg[0]) || !inode || arg[1] < 0 || arg[1] >= NR_VMAS ||
	    processes[arg[0]].vma[arg[1]].inode || arg[3] < 0 || arg[4] <= 0 ||
	    arg[3] + arg[4] > max_pages(inode))
		return false;
	vma = &processes[arg[0]].vma[arg[1]];
	vma->addr = VMA_BASE + arg[1] * VMA_ROOM +
		((arg[3] % CHUNK) + (arg[5] & 2 ? 3 : 0)) * PAGE;
	actor_map(arg[0], vma->addr, inode->path, arg[3], arg[4], arg[5] & 1);
	vma->inode = inode;
	vma->pgoff = arg[3];
	vma->from = 0;
	vma->to = arg[4];
	vma->shared = arg[5] & 1;
	inode->mappings++;
	return true;
}

static bool random_unmap(long *arg)
{
	struct vma *vma;

	if (!random_vma(&arg[0], &arg[1]))
		return false;
	vma = the_vma(arg[0], arg[1]);
	arg[2] = vma->from;
	arg[3] = vma->to - vma->from;
	if (chance(40)) {
		arg[3] = between(1, arg[3]);
		if (chance(50))
			arg[2] = vma->to - arg[3];
	}
	return true;
}

static bool run_unmap(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);

	if (!vma || !in_vma(vma, arg[2], arg[3]) ||
	    (arg[2] != vma->from && arg[2] + arg[3] != vma->to))
		return false;
	actor_unmap(arg[0], vma->addr + arg[2] * PAGE, arg[3]);
	unsure_around(vma, arg[2]);
	unsure_around(vma, arg[2] + arg[3] - 1);
	vma_dropped(vma, arg[2], arg[2] + arg[3]);
	return true;
}

static bool random_drop(long *arg)
{
	struct vma *vma;

	if (!random_vma(&arg[0], &arg[1]))
		return false;
	vma = the_vma(arg[0], arg[1]);
	arg[2] = random_page(vma);
	arg[3] = random_length(vma->to - arg[2]);
	return true;
}

static bool run_drop(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	long i;

	if (!vma || !in_vma(vma, arg[2], arg[3]))
		return false;
	actor_drop(arg[0], vma->addr + arg[2] * PAGE, arg[3]);
	unsure_around(vma, arg[2]);
	unsure_around(vma, arg[2] + arg[3] - 1);
	for (i = arg[2]; i < arg[2] + arg[3]; i++)
		set_pte(vma, i, NONE);
	return true;
}

static bool random_move(long *arg)
{
	if (!random_vma(&arg[0], &arg[1]))
		return false;
	for (arg[2] = 0; arg[2] < NR_VMAS; arg[2]++)
		if (!processes[arg[0]].vma[arg[2]].inode)
			return true;
	return false;
}

/* To where another mapping may be; not always as PMDs want it. */
static bool run_move(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]), *to;
	unsigned long offset;
	long i;

	if (!vma || arg[2] < 0 || arg[2] >= NR_VMAS || arg[2] == arg[1] ||
	    the_vma(arg[0], arg[2]))
		return false;
	to = &processes[arg[0]].vma[arg[2]];
	offset = vma->addr % VMA_ROOM;
	actor_move(arg[0], vma->addr + vma->from * PAGE, vma->to - vma->from,
		   VMA_BASE + arg[2] * VMA_ROOM + offset + vma->from * PAGE);
	*to = *vma;
	memset(vma, 0, sizeof(*vma));
	to->addr = VMA_BASE + arg[2] * VMA_ROOM + offset;
	for (i = to->from; to->inode->huge && i < to->to; i++)
		if (to->pte[i] == MAPS || to->pte[i] == HOLE)
			to->pte[i] = MAY;
	return true;
}

static bool random_sync(long *arg)
{
	return random_vma(&arg[0], &arg[1]);
}

static bool run_sync(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	int ret;

	if (!vma)
		return false;
	ret = actor_sync(arg[0], vma->addr + vma->from * PAGE,
			 vma->to - vma->from);
	if (ret && !(vma->inode->lost && ret == -EIO))
		differ("msync() fails (%s)", strerror(-ret));
	return true;
}

/* --- loads and stores --- */

/* Exactly this signal. */
static void check_signal(int p, int code, unsigned long addr)
{
	struct signal_got got[4];
	int n = actor_signals(p, false, got, ARRAY_SIZE(got));

	if (n != 1)
		differ("an access draws %d signals", n);
	if (got[0].code != code)
		differ("an access draws a SIGBUS with code %d, not %d (process %d, %#lx)",
		       got[0].code, code, p, addr);
	if (got[0].addr != addr)
		differ("an access draws a SIGBUS with the wrong address (process %d, %#lx, not %#lx)",
		       p, got[0].addr, addr);
	if (code == BUS_MCEERR_AR && got[0].lsb != PAGE_LSB)
		differ("an access draws a SIGBUS with lsb %d (process %d, %#lx)",
		       got[0].lsb, p, addr);
}

/*
 * A store has drawn a signal though the block is good. It may have been allocated
 * a bad one to be copied to.
 */
static bool bad_block_allocated(void)
{
	return !knows_its_space() || find_page(XFS_OWN_COW, bad_place) >= 0;
}

/* A fault on pages that a PMD may map may map all of them, or unmap them all. */
static void faulted(struct vma *vma, long i)
{
	long k, first = (vma->pgoff + i) & ~(CHUNK - 1L);

	if (!vma->inode->huge)
		return;
	uncertain(vma->inode, vma->pgoff + i);
	for (k = vma->from; k < vma->to; k++)
		if (vma->pgoff + k >= first && vma->pgoff + k < first + CHUNK &&
		    vma->pte[k] == NONE && !bad(block_of(vma, k)))
			vma->pte[k] = MAY;
}

static void do_access(int p, struct vma *vma, long i, unsigned int offset,
		      unsigned int len, int byte)
{
	struct access a = {
		.addr = vma->addr + i * PAGE + offset,
		.len = len,
		.byte = byte,
	};
	struct inode *inode = vma->inode;
	struct block *block = block_of(vma, i);
	long page = vma->pgoff + i, where;
	bool store = len;
	uint64_t entry;
	int n;

	if (vma->pte[i] == MAY) {
		read_tables(p, a.addr, 1, &entry);
		vma->pte[i] = may_be(entry);
	}
	actor_access(p, &a, 1);

	if (vma->pte[i] != COPY && page >= inode->nr_pages) {
		if (!a.signalled)
			differ("an access beyond the end of the file succeeds");
		check_signal(p, BUS_ADRERR, a.addr);
		return;
	}
	/* Zeroes that are mapped in the place of a block may stay. */
	if (vma->pte[i] != COPY && bad(block) &&
	    !(vma->pte[i] == HOLE && !(store && vma->shared))) {
		if (!a.signalled) {
			dump_block(block);
			differ("%s a page that has failed succeeds (process %d, %#lx)",
			       store ? "a store to" : "a load from", p, a.addr);
		}
		check_signal(p, BUS_MCEERR_AR, a.addr);
		faulted(vma, i);
		return;
	}
	if (a.signalled) {
		if (!store || !vma->shared || !block || !bad_block_allocated()) {
			if (block)
				dump_block(block);
			differ("%s a good page draws a signal (process %d, %#lx)",
			       store ? "a store to" : "a load from", p, a.addr);
		}
		check_signal(p, BUS_MCEERR_AR, a.addr);
		faulted(vma, i);
		return;
	}
	n = actor_signals(p, false, NULL, 0);
	if (n)
		differ("an access succeeds, but there are %d signals", n);

	if (!store) {
		if (a.hash != page_hash(seen_at(vma, i))) {
			if (block)
				dump_block(block);
			differ("a load finds the wrong data (process %d, %#lx)",
			       p, a.addr);
		}
		if (vma->pte[i] == COPY)
			return;
		if (vma->pte[i] == HOLE || vma->pte[i] == MAPS)
			return;
		faulted(vma, i);
		if (block)
			holes_unmapped(inode, page);
		vma->pte[i] = block ? MAPS : HOLE;
		return;
	}
	if (!vma->shared) {
		if (vma->pte[i] != COPY) {
			make_copy(vma, i);
			faulted(vma, i);
		}
		memset(vma->copy[i] + offset, byte, len);
		return;
	}

	read_tables(p, a.addr, 1, &entry);
	where = entry & PM_PRESENT ? where_is(entry & PM_PFN) : -1;
	if (where < 0)
		differ("a page is not mapped after a store to it (process %d, %#lx)",
		       p, a.addr);
	if (inode->huge && by_pmd(p, a.addr)) {
		/* All of it can be written to, so all of it is the file's. */
		long first = page & ~(CHUNK - 1L);

		written(inode, first, first + CHUNK, false);
	} else if (!block || block->where != where) {
		moved_to(inode, page, where, false);
	} else if (block->refs > 1) {
		dump_block(block);
		differ("a store goes to a block that is shared (process %d, %#lx)",
		       p, a.addr);
	}
	block = inode->page[page];
	holes_unmapped(inode, page);
	faulted(vma, i);
	memset(block->data + offset, byte, len);
	vma->pte[i] = MAPS;
	allocated_around(inode, page, page + 1);
}

static bool random_load(long *arg)
{
	if (!random_vma(&arg[0], &arg[1]))
		return false;
	arg[2] = random_page(the_vma(arg[0], arg[1]));
	return true;
}

static bool run_load(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);

	if (!vma || !in_vma(vma, arg[2], 1))
		return false;
	do_access(arg[0], vma, arg[2], 0, 0, 0);
	return true;
}

static bool random_store(long *arg)
{
	if (!random_load(arg))
		return false;
	arg[3] = below(PAGE);
	arg[4] = between(1, PAGE - arg[3] < 64 ? PAGE - arg[3] : 64);
	arg[5] = between(1, 255);
	return true;
}

static bool run_store(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);

	if (!vma || !in_vma(vma, arg[2], 1) || arg[3] < 0 || arg[4] <= 0 ||
	    arg[3] + arg[4] > BLOCK)
		return false;
	do_access(arg[0], vma, arg[2], arg[3], arg[4], arg[5]);
	return true;
}

/* --- failures --- */

#define MAX_VICTIMS	(NR_PROCS * NR_VMAS * 4)

struct victim {
	int p, v;
	long i;
	unsigned long addr;
	int lsb;
	bool told;
};

static struct victim victims[MAX_VICTIMS];
static int nr_victims;

static void find_victims(const struct block *block)
{
	struct victim *victim;
	struct vma *vma;
	int p, v;
	long i;

	nr_victims = 0;
	if (!block)
		return;
	for_each_vma(p, v) {
		vma = &processes[p].vma[v];
		for (i = vma->from; i < vma->to; i++) {
			if (vma->pte[i] != MAPS || block_of(vma, i) != block)
				continue;
			must(nr_victims < MAX_VICTIMS, "too many victims");
			victim = &victims[nr_victims++];
			*victim = (struct victim) {
				.p = p,
				.v = v,
				.i = i,
				.addr = vma->addr + i * PAGE,
				.lsb = PAGE_LSB,
			};
			if (vma->inode->huge && by_pmd(p, victim->addr)) {
				victim->lsb = PMD_LSB;
				figures.by_pmd++;
			}
		}
	}
}

static bool wants_to_know(int p)
{
	switch (processes[p].policy) {
	case PR_MCE_KILL_EARLY:
		return true;
	case PR_MCE_KILL_LATE:
		return false;
	}
	return early_by_default;
}

/*
 * Who has the page mapped and wants to know gets a signal, with its address. With
 * several addresses it gets one at least: a SIGBUS that is pending swallows the
 * next.
 */
static void check_signals(int p)
{
	struct signal_got got[MAX_VICTIMS];
	int i, k, n, due = 0;

	n = actor_signals(p, true, got, ARRAY_SIZE(got));
	for (k = 0; p != ZYGOTE && wants_to_know(p) && k < nr_victims; k++)
		due += victims[k].p == p;
	if (n && !due)
		differ("a process is signalled that should not be (process %d: code %d, %#lx, lsb %d)",
		       p, got[0].code, got[0].addr, got[0].lsb);
	if (!n && due)
		differ("a process is not signalled (process %d)", p);
	if (n > due)
		differ("a process gets too many signals (process %d: %d, not %d)",
		       p, n, due);
	for (i = 0; i < n; i++) {
		for (k = 0; k < nr_victims; k++)
			if (victims[k].p == p && !victims[k].told &&
			    victims[k].addr == got[i].addr)
				break;
		if (k == nr_victims || got[i].code != BUS_MCEERR_AO ||
		    got[i].lsb != victims[k].lsb)
			differ("a process gets the wrong signal (process %d: code %d, %#lx, lsb %d)",
			       p, got[i].code, got[i].addr, got[i].lsb);
		victims[k].told = true;
	}
	figures.signals += n;
}

/* The pages next to the failed one are good, for those who have them mapped. */
static void check_neighbours(void)
{
	struct access a[MAX_ACCESSES];
	struct signal_got got[1];
	struct vma *vma;
	int k, n, d, j;
	long i[MAX_ACCESSES];

	for (k = 0; k < nr_victims; k++) {
		vma = &processes[victims[k].p].vma[victims[k].v];
		n = 0;
		for (d = -1; d <= 1; d += 2) {
			i[n] = victims[k].i + d;
			if (!in_vma(vma, i[n], 1) ||
			    vma->pte[i[n]] == NONE)
				continue;
			a[n] = (struct access) {
				.addr = vma->addr + i[n] * PAGE,
			};
			n++;
		}
		if (!n)
			continue;
		actor_access(victims[k].p, a, n);
		if (actor_signals(victims[k].p, false, got, 1))
			differ("a load from a page next to the failed one draws a signal (process %d, %#lx)",
			       victims[k].p, got[0].addr);
		for (j = 0; j < n; j++)
			if (a[j].hash != page_hash(seen_at(vma, i[j])))
				differ("a page next to the failed one has the wrong data (process %d, %#lx)",
				       victims[k].p, a[j].addr);
	}
}

static void check_flag(long where)
{
	bool flag = flagged_place(where);

	if (where < 0 || where >= pages_of_device())
		return;
	if (page_flagged(pfn_at(where)) == flag)
		return;
	differ("a page is %sflagged (%#lx)", flag ? "not " : "", where);
}

static void check_counter(void)
{
	long n = flagged_pages(still_bad), corrupted = hardware_corrupted();

	if (corrupted != n)
		differ("HardwareCorrupted is wrong (%ld pages, %ld are flagged)",
		       corrupted, n);
}

static long random_how(void)
{
	return below((MACHINE_CHECK | SCRUBBED) + 1);
}

static void fail_page(long where, int how)
{
	struct block *block = block_at(where);
	bool pmd = false;
	struct vma *vma;
	int k, p, ret = 0;

	check_tables();
	check_counter();
	find_victims(block);
	if (how & MACHINE_CHECK) {
		raise_machine_check(pfn_at(where));
		figures.machine_checks++;
		any_lost = true;
		if (block)
			files_lost(block);
	} else {
		ret = poison(pfn_at(where));
	}
	if (how & SCRUBBED)
		record_bad_block(where);
	if (how != INJECTED)
		bad_from_now(where, how);
	figures.poisons++;
	figures.victims += nr_victims;
	/* Without a way to look up whose it is nobody can say. */
	if (ret && !(ret == -EBUSY && !nr_victims && !has_rmapbt())) {
		if (block)
			dump_block(block);
		differ("memory_failure() fails (%s)", strerror(-ret));
	}

	for (p = 0; p <= ZYGOTE; p++)
		if (p == ZYGOTE || processes[p].runs)
			check_signals(p);

	for (k = 0; k < nr_victims; k++) {
		vma = &processes[victims[k].p].vma[victims[k].v];
		if (victims[k].lsb == PMD_LSB) {
			pmd = true;
			unmapped_by_pmd(vma, victims[k].i);
		}
		vma->pte[victims[k].i] = NONE;
	}
	/* What maps it by PTEs through the same file may go with the PMD. */
	for (k = 0; pmd && k < nr_victims; k++) {
		vma = &processes[victims[k].p].vma[victims[k].v];
		uncertain(vma->inode, vma->pgoff + victims[k].i);
	}
	check_tables();
	check_neighbours();

	check_counter();
	check_flag(where);
	check_flag(where - 1);
	check_flag(where + 1);
	check_flag(where_is(pfn_at(where) & ~(CHUNK - 1L)));
}

static bool random_poison(long *arg)
{
	struct inode *inode;
	long tries;

	for (tries = 0; tries < 20; tries++) {
		if (!random_file(&arg[0]))
			return false;
		inode = files[arg[0]];
		arg[1] = below(inode->nr_pages);
		arg[2] = random_how();
		if (inode->nr_pages && inode->page[arg[1]] &&
		    (!bad(inode->page[arg[1]]) || chance(5)))
			return true;
	}
	return false;
}

static bool run_poison(const long *arg)
{
	struct inode *inode = the_file(arg[0]);

	if (!inode || !in_file(inode, arg[1], 1) || !inode->page[arg[1]])
		return false;
	fail_page(inode->page[arg[1]]->where, arg[2] & 3);
	check_extents(inode, arg[1], arg[1] + 1);
	return true;
}

/* A page by way of one that has it mapped; the file may have no name. */
static bool random_poison_mapped(long *arg)
{
	bool by_pmd = chance(30);
	struct vma *vma;
	long tries, n;

	for (tries = 0; tries < 20; tries++) {
		if (!random_vma(&arg[0], &arg[1]))
			return false;
		vma = the_vma(arg[0], arg[1]);
		if (by_pmd && tries < 15 &&
		    !whole_chunk(vma->inode, vma->pgoff & ~(CHUNK - 1L)))
			continue;
		arg[2] = between(vma->from, vma->to - 1);
		arg[3] = random_how();
		for (n = vma->from; n < vma->to; n++) {
			if ((vma->pte[arg[2]] == MAPS ||
			     vma->pte[arg[2]] == MAY) &&
			    block_of(vma, arg[2]) && !bad(block_of(vma, arg[2])))
				return true;
			if (++arg[2] == vma->to)
				arg[2] = vma->from;
		}
	}
	return false;
}

static bool run_poison_mapped(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	struct block *block;

	if (!vma || !in_vma(vma, arg[2], 1))
		return false;
	block = block_of(vma, arg[2]);
	if (!block)
		return false;
	fail_page(block->where, arg[3] & 3);
	return true;
}

/* Pages that no file has. */

static long nth;

static bool is_nth(long where)
{
	return !block_at(where) && !bad_place(where) && !nth--;
}

static bool random_poison_free(long *arg)
{
	arg[0] = below(64);
	arg[1] = random_how();
	return knows_its_space();
}

static bool fail_nth(uint64_t owner, const long *arg)
{
	long where;

	if (!knows_its_space() || arg[0] < 0)
		return false;
	nth = arg[0];
	where = find_page(owner, is_nth);
	if (where < 0)
		return false;
	fail_page(where, arg[1] & 3);
	return true;
}

static bool run_poison_free(const long *arg)
{
	return fail_nth(OWN_FREE, arg);
}

static bool run_poison_staged(const long *arg)
{
	return fail_nth(XFS_OWN_COW, arg);
}

/* Write over one that has failed. */
static bool random_repair(long *arg)
{
	struct inode *inode;
	long tries;

	for (tries = 0; tries < 200; tries++) {
		if (!random_file(&arg[0]))
			return false;
		inode = files[arg[0]];
		arg[1] = below(inode->nr_pages) * BLOCK;
		arg[2] = BLOCK;
		arg[3] = between(1, 255);
		if (inode->nr_pages && bad(inode->page[arg[1] / BLOCK]))
			return true;
	}
	return false;
}

/* --- the list --- */

struct op_kind {
	const char *name;
	int weight;
	const char *args;
	bool (*random)(long *arg);
	bool (*run)(const long *arg);
};

static struct op_kind kinds[] = {
	{ "create", 8, "file n byte", random_create, run_create },
	{ "unlink", 2, "file", random_unlink, run_unlink },
	{ "pwrite", 12, "file at len byte", random_pwrite, run_pwrite },
	{ "pread", 4, "file page n", random_pread, run_pread },
	{ "reflink", 6, "file page n to at", random_reflink, run_reflink },
	{ "dedupe", 1, "file page n to at", random_dedupe, run_dedupe },
	{ "truncate", 2, "file pages", random_truncate, run_truncate },
	{ "fallocate", 1, "file page n", random_fallocate, run_fallocate },
	{ "punch", 2, "file page n", random_pread, run_punch },
	{ "zero", 1, "file page n", random_pread, run_zero },
	{ "unshare", 1, "file page n", random_unshare, run_unshare },
	{ "fsync", 1, "file", random_fsync, run_fsync },
	{ "evict", 1, "", always, run_evict },
	{ "start", 6, "process", random_start, run_start },
	{ "fork", 2, "process child", random_fork, run_fork },
	{ "exit", 2, "process", random_exit, run_exit },
	{ "policy", 1, "process policy", random_policy, run_policy },
	{ "early", 1, "on", random_early, run_early },
	{ "map", 14, "process vma file page n how", random_map, run_map },
	{ "unmap", 5, "process vma page n", random_unmap, run_unmap },
	{ "drop", 3, "process vma page n", random_drop, run_drop },
	{ "move", 1, "process vma to", random_move, run_move },
	{ "sync", 1, "process vma", random_sync, run_sync },
	{ "load", 26, "process vma page", random_load, run_load },
	{ "store", 18, "process vma page at len byte", random_store,
	  run_store },
	{ "poison", 2, "file page how", random_poison, run_poison },
	{ "poison-mapped", 6, "process vma page how", random_poison_mapped,
	  run_poison_mapped },
	{ "poison-free", 1, "n how", random_poison_free, run_poison_free },
	{ "poison-staged", 1, "n how", random_poison_free, run_poison_staged },
	{ "repair", 4, "file at len byte", random_repair, run_pwrite },
};

bool op_disable(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(kinds[i].name, name)) {
			kinds[i].weight = 0;
			return true;
		}
	}
	return false;
}

void op_random(struct op *op)
{
	long i, n, total = 0;

	for (i = 0; i < (long)ARRAY_SIZE(kinds); i++)
		total += kinds[i].weight;
	for (;;) {
		n = below(total);
		for (i = 0; n >= kinds[i].weight; i++)
			n -= kinds[i].weight;
		memset(op, 0, sizeof(*op));
		op->kind = &kinds[i];
		if (kinds[i].random(op->arg))
			return;
	}
}

/* The next of the words that are separated by blanks, or NULL. */
static const char *next_word(const char **at, int *len)
{
	const char *word = *at + strspn(*at, " ");

	*len = strcspn(word, " ");
	*at = word + *len;
	return *len ? word : NULL;
}

void op_print(const struct op *op, char *line, size_t size)
{
	const char *at = op->kind->args, *word;
	int i, len, used;

	used = snprintf(line, size, "%s", op->kind->name);
	for (i = 0; (word = next_word(&at, &len)); i++)
		used += snprintf(line + used, size - used, " %.*s=%ld", len,
				 word, op->arg[i]);
}

bool op_parse(const char *line, struct op *op)
{
	const char *at, *word, *value;
	int i, len;
	char *end;

	memset(op, 0, sizeof(*op));
	word = next_word(&line, &len);
	for (i = 0; word && i < (int)ARRAY_SIZE(kinds); i++)
		if (!strncmp(kinds[i].name, word, len) && !kinds[i].name[len])
			op->kind = &kinds[i];
	if (!op->kind)
		return false;
	at = op->kind->args;
	for (i = 0; next_word(&at, &len); i++) {
		word = next_word(&line, &len);
		value = word ? memchr(word, '=', len) : NULL;
		if (!value)
			return false;
		op->arg[i] = strtol(value + 1, &end, 0);
		if (end == value + 1 || end != word + len)
			return false;
	}
	return !next_word(&line, &len);
}

static void check_log(void)
{
	char *splat = new_splat(), *end;

	if (!splat)
		return;
	/* without what differs each time */
	end = strstr(splat, "+0x");
	if (end)
		*end = '\0';
	differ("the kernel says: %s", splat);
}

/*
 * What an inode leaves is freed in the background. That has to be done when the
 * next operation comes, or it would not always find the same.
 */
static void finish_inodes(void)
{
	int fd;

	if (!inodes_gone)
		return;
	inodes_gone = 0;
	fd = open(MNT, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, FIFREEZE, 0) || ioctl(fd, FITHAW, 0))
		differ("the filesystem can not be frozen (%m)");
	close(fd);
}

void op_run(const struct op *op)
{
	if (op->kind->run(op->arg))
		figures.ops++;
	else
		figures.left_out++;
	finish_inodes();
	check_log();
}

/* --- a filesystem's time --- */

void epoch_begin(int ground)
{
	ground_begin(ground);
	model_reset();
	early_kill(early_by_default);
	any_lost = false;
	nr_created = 0;
	inodes_gone = 0;
}

/* Nobody uses a page any more. It takes long to look at them all. */
static void check_counts(void)
{
	long where, seen = 0;

	for (where = below(64); where < pages_of_device(); where++) {
		if (!block_at(where) || seen++ % 16)
			continue;
		if (page_count(pfn_at(where)))
			differ("a page has references after the unmount (%#lx: %ld)",
			       pfn_at(where), page_count(pfn_at(where)));
	}
}

void epoch_end(void)
{
	long p;
	int i;

	check_everything(true);
	for (p = 0; p < NR_PROCS; p++)
		run_exit(&p);
	for (i = 0; i < NR_FILES; i++)
		if (files[i] && files[i]->fd >= 0) {
			close(files[i]->fd);
			files[i]->fd = -1;
		}
	if (!ground_end())
		differ("the filesystem can not be unmounted");
	check_log();
	check_counts();
	check_counter();
	ground_renew();
	if (hardware_corrupted())
		differ("HardwareCorrupted counts pages of a device that was unbound (%ld)",
		       hardware_corrupted());
}
