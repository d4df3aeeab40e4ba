// SPDX-License-Identifier: GPL-2.0
/* Operations on one file */
#include <linux/falloc.h>
#include "fuzz.h"

/* --- creation and removal --- */

static bool choose_create(struct op *op)
{
	op->n = chance(20) ? 0 : op->file < NR_SMALL ? below(SMALL_PAGES) :
		CHUNK * between(1, 2);
	return true;
}

static bool run_pwrite(const struct op *op);

static bool run_create(const struct op *op)
{
	static unsigned int nr_created;
	bool huge = op->file >= NR_SMALL;
	struct op write = *op;
	struct inode *inode;
	char path[32];

	if (op->n < 0 || op->n > (huge ? HUGE_PAGES : SMALL_PAGES))
		return false;
	snprintf(path, sizeof(path), MNT "/%ld/%s.%u", op->file,
		 huge ? "huge" : "small", nr_created++);
	inode = write.inode = inode_new(op->file, path);
	inode->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	agree(inode->fd >= 0, "create fails (%m)");
	agree(is_dax(inode), "a new file is not a DAX file");
	write.len = op->n * BLOCK;
	return !op->n || run_pwrite(&write);
}

/* Prefer a huge file that PMDs can no longer map */
static bool choose_unlink(struct op *op)
{
	return chance(20) || (op->inode->huge && !whole_chunk(op->inode, 0) &&
			      !whole_chunk(op->inode, CHUNK));
}

static bool run_unlink(const struct op *op)
{
	/* Its extents are queried as long as it is mapped. */
	if (op->inode->mappings)
		fd_of(op->inode);
	agree(!unlink(op->inode->path), "unlink() fails (%m)");
	inode_unlink(op->inode);
	return true;
}

/* --- read() and write() --- */

/*
 * Writing all of a bad page repairs it. Writing a part fails, whether the rest would
 * stay in place or be copied. Returns where it must fail, if at all.
 */
static long limit_write(struct inode *inode, long at, long end, bool *may_fail)
{
	long page, fails_at = end;

	*may_fail = false;
	for (page = at / BLOCK; page * BLOCK < end; page++) {
		struct block *block = inode->page[page];

		if (at <= page * BLOCK && end >= (page + 1) * BLOCK)
			continue;
		/* The destination of a copy can be bad as well. */
		*may_fail |= bad(block) || bad_and_free();
		if (bad(block))
			fails_at = min(fails_at, max(page * BLOCK, at));
	}
	return fails_at;
}

static bool run_pwrite(const struct op *op)
{
	static unsigned char buffer[HUGE_PAGES * PAGE];
	struct inode *inode = op->inode;
	long at = op->at, end = at + op->len, size = inode->nr_pages * BLOCK;
	long first = at / BLOCK, last = (end - 1) / BLOCK, page, done, limit;
	bool some_new = false, may_fail;
	ssize_t n;

	if (end > size && end % BLOCK)
		return false;
	limit = limit_write(inode, at, end, &may_fail);
	for (page = first; page <= last; page++)
		some_new |= !inode->page[page];

	memset(buffer, op->byte, op->len);
	n = pwrite(fd_of(inode), buffer, op->len, at);
	agree(n >= 0 || (may_fail && errno == EIO), "pwrite() fails (%m)");
	agree(n < 0 || n == op->len || may_fail,
	      "pwrite() writes less than it should (%zd of %ld)", n, op->len);
	done = at + max(n, 0);
	agree_in(done <= limit, inode, limit / BLOCK,
		 "pwrite() to a part of a block that has failed succeeds");

	if (done > at)
		some_new |= written(inode, first, (done - 1) / BLOCK + 1,
				    BY_WRITE);
	for (page = first; page * BLOCK < done; page++) {
		struct block *block = inode->page[page];
		long from = max(at - page * BLOCK, 0);
		long to = min(done - page * BLOCK, BLOCK);

		holes_unmapped(inode, page);
		memset(block->data + from, op->byte, to - from);
		if (bad(block) && !from && to == BLOCK)
			must_be_repaired(block->where);
	}
	if (done > size)
		grown(inode, (done + BLOCK - 1) / BLOCK);
	/*
	 * If a block is newly allocated the kernel may unmap the whole range. A failed
	 * write may have got that far, too: if it had to copy a block, the range before
	 * it is unmapped again at the end.
	 */
	unsure(inode, some_new || done < end ? first : done / BLOCK, last + 1);
	return true;
}

/* Write over a bad page. */
static bool choose_repair(struct op *op)
{
	op->at -= op->at % BLOCK;
	op->len = BLOCK;
	return bad(op->inode->page[op->at / BLOCK]);
}

static bool run_pread(const struct op *op)
{
	check_data(op->inode, op->page, op->page + op->n);
	return true;
}

/* --- truncate() --- */

static bool failed_by_loss(const struct inode *inode)
{
	return inode->lost && errno == EIO;
}

/*
 * Before it extends a file, XFS writes back if it had to zero something, and gets the
 * error if data was lost. The in-core size is already the new one, the on-disk size is
 * not. After the error a second call succeeds.
 */
static bool lost_before_growth(struct inode *inode, long nr_pages)
{
	return failed_by_loss(inode) && inode->nr_pages < nr_pages &&
	       !ftruncate(fd_of(inode), nr_pages * PAGE);
}

static bool run_truncate(const struct op *op)
{
	struct inode *inode = op->inode;

	agree(!ftruncate(fd_of(inode), op->pages * PAGE) ||
	      lost_before_growth(inode, op->pages), "ftruncate() fails (%m)");
	unmapped(inode, 0, HUGE_PAGES);
	copies_dropped(inode, op->pages);
	pages_freed(inode, op->pages, inode->nr_pages);
	grown(inode, op->pages);
	return true;
}

/* --- fallocate() --- */

/* Any fallocate() unmaps all of the file first. */
static bool do_fallocate(struct inode *inode, int mode, long at, long len)
{
	bool done = !fallocate(fd_of(inode), mode, at, len);

	unmapped(inode, 0, HUGE_PAGES);
	return done;
}

static bool fallocate_pages(const struct op *op, int mode)
{
	return do_fallocate(op->inode, mode, op->page * BLOCK, op->n * BLOCK);
}

static bool run_fallocate(const struct op *op)
{
	long end = op->page + op->n;

	agree(fallocate_pages(op, 0) || lost_before_growth(op->inode, end),
	      "fallocate() fails (%m)");
	if (op->inode->nr_pages < end)
		grown(op->inode, end);
	check_extents(op->inode, op->page, end);
	return true;
}

/*
 * The kernel zeroes a part of a block at one end of an emptied range. The block may
 * have moved. If it is bad that must have failed.
 */
static void zero_part(struct inode *inode, long from, long to, bool failed)
{
	long page = from / BLOCK;
	struct block *block = inode->page[page];
	unsigned char now[PAGE];

	if (from == to || !block)
		return;
	agree_in(!bad(block) || failed, inode, page,
		 "a part of a page that has failed is zeroed");
	if (bad(block) || (failed && block->refs > 1))
		return;
	agree_in(block->refs == 1, inode, page,
		 "a part of a shared block is zeroed");
	if (failed) {			/* zeroed or not */
		agree(pread(fd_of(inode), now, PAGE, page * BLOCK) == BLOCK,
		      "pread() fails (%m)");
		if (!memcmp(now, block->data, PAGE))
			return;
	}
	memset(block->data + from % BLOCK, 0, to - from);
}

/* Have all blocks in this range been freed? */
static bool blocks_freed(struct inode *inode, long from, long to)
{
	long where[HUGE_PAGES], page;

	extents(inode, from, to, where);
	for (page = from; page < to; page++)
		if (inode->page[page] && where[page - from] >= 0)
			return false;
	return true;
}

static bool run_empty(const struct op *op)
{
	struct inode *inode = op->inode;
	long at = op->at, end = at + op->len, page;
	long first = (at + BLOCK - 1) / BLOCK, last = end / BLOCK;
	bool failed, may_fail, parts = at % BLOCK || end % BLOCK;

	may_fail = parts && bad_and_free();
	if (at % BLOCK)
		may_fail |= bad(inode->page[at / BLOCK]);
	if (end % BLOCK)
		may_fail |= bad(inode->page[end / BLOCK]);
	failed = !do_fallocate(inode, op->kind->with | FALLOC_FL_KEEP_SIZE,
			       at, op->len);
	agree(!failed || failed_by_loss(inode) || (may_fail && errno == EIO),
	      "fallocate() that empties blocks fails (%m)");
	/* It writes back first. */
	if (failed && (!parts || !blocks_freed(inode, first, last)))
		return true;
	pages_freed(inode, first, last);
	for (page = at / BLOCK; page * BLOCK < end; page++)
		if ((page < first || page >= last) && inode->page[page])
			take_places(inode, page, page + 1, MOVED);
	allocated_around(inode, at / BLOCK, (end + BLOCK - 1) / BLOCK);
	if (first > last) {		/* within a page */
		zero_part(inode, at, end, failed);
	} else {
		zero_part(inode, at, first * BLOCK, failed);
		zero_part(inode, last * BLOCK, end, failed);
	}
	check_extents(inode, at / BLOCK, (end + BLOCK - 1) / BLOCK);
	return true;
}

/* The pages from @from on are now at @to; the file ends with the last one. */
static void shifted(struct inode *inode, long from, long to)
{
	struct block *blocks[HUGE_PAGES];
	long n = inode->nr_pages - from;

	pages_get(inode, from, n, blocks);
	pages_freed(inode, min(from, to), inode->nr_pages);
	pages_put(inode, to, n, blocks);
	inode->nr_pages = to + n;
	check_extents(inode, 0, inode->nr_pages);
}

static bool run_collapse(const struct op *op)
{
	struct inode *inode = op->inode;
	long end = op->page + op->n;

	if (end == inode->nr_pages)
		return false;
	if (!fallocate_pages(op, FALLOC_FL_COLLAPSE_RANGE)) {
		/* It writes back before it empties the range, and after that. */
		agree(failed_by_loss(inode), "collapsing a range fails (%m)");
		if (blocks_freed(inode, op->page, end))
			pages_freed(inode, op->page, end);
		return true;
	}
	copies_dropped(inode, inode->nr_pages - op->n);
	shifted(inode, end, op->page);
	return true;
}

static bool choose_insert(struct op *op)
{
	op->n = min(op->n, op->inode->max_pages - op->inode->nr_pages);
	return op->page < op->inode->nr_pages;
}

static bool run_insert(const struct op *op)
{
	struct inode *inode = op->inode;

	if (op->page >= inode->nr_pages ||
	    inode->nr_pages + op->n > inode->max_pages)
		return false;
	if (!fallocate_pages(op, FALLOC_FL_INSERT_RANGE)) {
		/* It writes back before it makes the file longer, and after that. */
		agree(failed_by_loss(inode) &&
		      !ftruncate(fd_of(inode), inode->nr_pages * PAGE),
		      "inserting a range fails (%m)");
		return true;
	}
	shifted(inode, op->page, op->page + op->n);
	return true;
}

static bool run_unshare(const struct op *op)
{
	struct inode *inode = op->inode;
	long page, end = op->page + op->n;
	/* The destination of a copy can be bad as well. */
	bool failed, may_fail = bad_and_free() || inode->lost;

	for (page = op->page; page < end; page++)
		may_fail |= bad(inode->page[page]);
	failed = !fallocate_pages(op, FALLOC_FL_UNSHARE_RANGE);
	agree(!failed || (may_fail && errno == EIO), "unsharing fails (%m)");
	/* Holes are filled, if only with zeroes. */
	take_places(inode, op->page, end, MOVED | (failed ? 0 : UNSHARED));
	allocated_around(inode, op->page, end);
	return true;
}

/* --- the medium --- */

static bool run_fsync(const struct op *op)
{
	agree(!fsync(fd_of(op->inode)) || failed_by_loss(op->inode),
	      "fsync() fails (%m)");
	return true;
}

/* Make the kernel forget the inodes that are not in use. */
static bool run_evict(const struct op *op)
{
	int fd = open(MNT, O_RDONLY | O_CLOEXEC);

	close_files();
	agree(fd >= 0 && (!syncfs(fd) || (any_lost && errno == EIO)),
	      "syncfs() fails (%m)");
	close(fd);
	drop_caches();
	return true;
}

struct op_kind file_ops[] = {
	{ "create", 8, "file! n byte", CACHED, run_create, choose_create },
	{ "unlink", 2, "file", CACHED, run_unlink, choose_unlink },
	{ "pwrite", 12, "file at len byte", PINNED | BEYOND, run_pwrite },
	{ "pread", 4, "file page n", FROZEN | PINNED | CACHED, run_pread },
	{ "repair", 4, "file at len byte", PINNED | BEYOND, run_pwrite,
	  choose_repair },
	{ "truncate", 2, "file pages", 0, run_truncate },
	{ "fallocate", 1, "file page n", BEYOND, run_fallocate },
	{ "punch", 2, "file at len", 0, run_empty, NULL, FALLOC_FL_PUNCH_HOLE },
	{ "zero", 1, "file at len", 0, run_empty, NULL, FALLOC_FL_ZERO_RANGE },
	{ "collapse", 1, "file page n", 0, run_collapse },
	{ "insert", 1, "file page n", BEYOND, run_insert, choose_insert },
	{ "unshare", 1, "file page n", 0, run_unshare },
	{ "fsync", 1, "file", PINNED | CACHED, run_fsync },
	{ "evict", 1, "", 0, run_evict },
	{}
};
