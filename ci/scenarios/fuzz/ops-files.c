// SPDX-License-Identifier: GPL-2.0
/* Operations on one file */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include "ops.h"

static unsigned int nr_created;

/* --- creation and removal --- */

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
	if (!is_dax(inode))
		differ("a new file is not a DAX file");
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

static bool random_unlink(long *arg)
{
	/* A huge file that no PMD can map any more */
	for (arg[0] = NR_SMALL; chance(50) && arg[0] < NR_FILES; arg[0]++)
		if (files[arg[0]] && !whole_chunk(files[arg[0]], 0) &&
		    !whole_chunk(files[arg[0]], CHUNK))
			return true;
	return random_file(&arg[0]);
}

static bool run_unlink(const long *arg)
{
	struct inode *inode = any_file(arg[0]);

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

/* --- read() and write() --- */

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

bool run_pwrite(const long *arg)
{
	static unsigned char buffer[HUGE_PAGES * PAGE];
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
		differ("pwrite() writes less than it should (%zd of %ld)", n,
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
		if (bad(block) && !from && to == BLOCK)
			must_be_repaired(block->where);
	}
	if (done > size)
		grown(inode, (done + PAGE - 1) / PAGE);
	/*
	 * If a block is newly allocated the kernel may unmap all that is written.
	 * Where the write has failed it may have got as far as that, too: if it
	 * was to copy a block, all before that is unmapped once more in the end.
	 */
	unsure(inode, some_new || done < end ? first : done / BLOCK, last + 1);
	return true;
}

/* Write over a bad page. */
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

static bool run_pread(const long *arg)
{
	struct inode *inode = any_file(arg[0]);

	if (!inode || !in_file(inode, arg[1], arg[2]))
		return false;
	check_data(inode, arg[1], arg[1] + arg[2]);
	return true;
}

/* --- truncate() --- */

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
 * and gets the error if data was lost. The size in core is the new one already, that
 * on disk is not. After the error a second call succeeds.
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

/* --- fallocate() --- */

/* Any fallocate() unmaps all of the file first. */
static bool do_fallocate(struct inode *inode, int mode, long at, long len)
{
	bool done = !fallocate(fd_of(inode), mode, at, len);

	unmapped(inode, 0, HUGE_PAGES);
	return done;
}

static bool in_any_file(const struct inode *inode, long page, long n)
{
	return inode && page >= 0 && n > 0 && page + n <= max_pages(inode);
}

static bool random_fallocate(long *arg)
{
	return random_file(&arg[0]) &&
		random_range(files[arg[0]], true, &arg[1], &arg[2]);
}

static bool run_fallocate(const long *arg)
{
	struct inode *inode = the_file(arg[0]);

	if (!in_any_file(inode, arg[1], arg[2]))
		return false;
	if (!do_fallocate(inode, 0, arg[1] * PAGE, arg[2] * PAGE) &&
	    !lost_before_growth(inode, arg[1] + arg[2]))
		differ("fallocate() fails (%m)");
	if (inode->nr_pages < arg[1] + arg[2])
		grown(inode, arg[1] + arg[2]);
	check_extents(inode, arg[1], arg[1] + arg[2]);
	return true;
}

static bool random_bytes(long *arg)
{
	if (!random_file_range(arg))
		return false;
	arg[1] *= BLOCK;
	arg[2] *= BLOCK;
	if (chance(50)) {		/* parts of the blocks at both ends */
		long cut = below(arg[2] / 2);

		arg[1] += cut;
		arg[2] -= cut + below(arg[2] / 2);
	}
	return true;
}

/*
 * A part of a block is to be zeroed, at one end of a range that is emptied. It may
 * have been moved. If it is bad that must have failed.
 */
static void zero_part(struct inode *inode, long from, long to, bool failed)
{
	struct block *block = inode->page[from / BLOCK];
	unsigned char now[PAGE];

	if (from == to || !block)
		return;
	if (bad(block) && !failed)
		differ("a part of a page that has failed is zeroed (%s page %ld)",
		       inode->path, from / BLOCK);
	if (bad(block) || (failed && block->refs > 1))
		return;
	if (block->refs > 1)
		differ("a part of a shared block is zeroed (%s page %ld)",
		       inode->path, from / BLOCK);
	if (failed) {			/* it may have come to it, or not */
		if (pread(fd_of(inode), now, PAGE, from / BLOCK * BLOCK) != BLOCK)
			differ("pread() fails (%m)");
		if (!memcmp(now, block->data, PAGE))
			return;
	}
	memset(block->data + from % BLOCK, 0, to - from);
}

/* Have all blocks in this range been freed? */
static bool blocks_freed(struct inode *inode, long from, long to)
{
	long where[HUGE_PAGES], page;

	extents(fd_of(inode), from, to, where);
	for (page = from; page < to; page++)
		if (inode->page[page] && where[page - from] >= 0)
			return false;
	return true;
}

static bool emptied(const long *arg, int mode)
{
	struct inode *inode = the_file(arg[0]);
	long at = arg[1], end = at + arg[2], page;
	long first = (at + BLOCK - 1) / BLOCK, last = end / BLOCK;
	bool failed, may_fail, parts;

	if (!inode || at < 0 || arg[2] <= 0 || end > inode->nr_pages * BLOCK)
		return false;
	parts = at % BLOCK || end % BLOCK;
	may_fail = parts && bad_and_free();
	if (at % BLOCK)
		may_fail |= bad(inode->page[at / BLOCK]);
	if (end % BLOCK)
		may_fail |= bad(inode->page[end / BLOCK]);
	failed = !do_fallocate(inode, mode | FALLOC_FL_KEEP_SIZE, at, arg[2]);
	if (failed && !(errno == EIO && (may_fail || inode->lost)))
		differ("fallocate() that empties blocks fails (%m)");
	/* It writes back first. */
	if (failed && (!parts || !blocks_freed(inode, first, last)))
		return true;
	for (page = first; page < last; page++)
		page_set(inode, page, NULL);
	for (page = at / BLOCK; page * BLOCK < end; page++)
		if ((page < first || page >= last) && inode->page[page])
			maybe_moved(inode, page, page + 1);
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

static bool run_punch(const long *arg)
{
	return emptied(arg, FALLOC_FL_PUNCH_HOLE);
}

static bool run_zero(const long *arg)
{
	return emptied(arg, FALLOC_FL_ZERO_RANGE);
}

/* The pages from @from on are at @to now; the file ends with the last of them. */
static void shifted(struct inode *inode, long from, long to)
{
	long page, n = inode->nr_pages - from;
	struct block *blocks[HUGE_PAGES];

	for (page = 0; page < n; page++) {
		blocks[page] = inode->page[from + page];
		if (blocks[page])
			blocks[page]->refs++;
	}
	for (page = from < to ? from : to; page < inode->nr_pages; page++)
		page_set(inode, page, NULL);
	for (page = 0; page < n; page++) {
		page_set(inode, to + page, blocks[page]);
		if (blocks[page])
			blocks[page]->refs--;
	}
	inode->nr_pages = to + n;
	check_extents(inode, 0, inode->nr_pages);
}

static bool run_collapse(const long *arg)
{
	struct inode *inode = the_file(arg[0]);
	long page;

	if (!inode || !in_file(inode, arg[1], arg[2]) ||
	    arg[1] + arg[2] == inode->nr_pages)
		return false;
	if (!do_fallocate(inode, FALLOC_FL_COLLAPSE_RANGE, arg[1] * PAGE,
			  arg[2] * PAGE)) {
		/* It writes back before it empties the range, and after that. */
		if (!(inode->lost && errno == EIO))
			differ("collapsing a range fails (%m)");
		if (blocks_freed(inode, arg[1], arg[1] + arg[2]))
			for (page = arg[1]; page < arg[1] + arg[2]; page++)
				page_set(inode, page, NULL);
		return true;
	}
	copies_dropped(inode, inode->nr_pages - arg[2]);
	shifted(inode, arg[1] + arg[2], arg[1]);
	return true;
}

static bool random_insert(long *arg)
{
	struct inode *inode;

	if (!random_file_range(arg))
		return false;
	inode = files[arg[0]];
	if (arg[2] > max_pages(inode) - inode->nr_pages)
		arg[2] = max_pages(inode) - inode->nr_pages;
	return arg[2] > 0;
}

static bool run_insert(const long *arg)
{
	struct inode *inode = the_file(arg[0]);
	long at = arg[1], n = arg[2];

	if (!inode || !in_file(inode, at, 1) || n <= 0 ||
	    inode->nr_pages + n > max_pages(inode))
		return false;
	if (!do_fallocate(inode, FALLOC_FL_INSERT_RANGE, at * PAGE, n * PAGE)) {
		/* It writes back before it makes the file longer, and after that. */
		if (!(inode->lost && errno == EIO) ||
		    ftruncate(fd_of(inode), inode->nr_pages * PAGE))
			differ("inserting a range fails (%m)");
		return true;
	}
	shifted(inode, at, at + n);
	return true;
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
	failed = !do_fallocate(inode, FALLOC_FL_UNSHARE_RANGE, arg[1] * PAGE,
			       arg[2] * PAGE);
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
	/* Holes are filled, if only with zeroes. */
	check_blocks(inode, arg[1], end, true);
	allocated_around(inode, arg[1], end);
	return true;
}

/* --- the medium --- */

static bool run_fsync(const long *arg)
{
	struct inode *inode = any_file(arg[0]);

	if (!inode)
		return false;
	if (fsync(fd_of(inode)) && !(inode->lost && errno == EIO))
		differ("fsync() fails (%m)");
	return true;
}

void close_files(void)
{
	int i;

	for (i = 0; i < NR_FILES; i++)
		if (files[i])
			close_fd(files[i]);
}

/* Make the kernel forget the inodes that are not in use. */
static bool run_evict(const long *arg)
{
	int fd = open(MNT, O_RDONLY | O_CLOEXEC);

	(void)arg;
	close_files();
	if (fd < 0 || (syncfs(fd) && !(any_lost && errno == EIO)))
		differ("syncfs() fails (%m)");
	close(fd);
	drop_caches();
	return true;
}

struct op_kind file_ops[] = {
	{ "create", 8, "file n byte", random_create, run_create },
	{ "unlink", 2, "file", random_unlink, run_unlink },
	{ "pwrite", 12, "file at len byte", random_pwrite, run_pwrite, PINNED },
	{ "pread", 4, "file page n", random_file_range, run_pread,
	  FROZEN | PINNED },
	{ "repair", 4, "file at len byte", random_repair, run_pwrite, PINNED },
	{ "truncate", 2, "file pages", random_truncate, run_truncate },
	{ "fallocate", 1, "file page n", random_fallocate, run_fallocate },
	{ "punch", 2, "file at len", random_bytes, run_punch },
	{ "zero", 1, "file at len", random_bytes, run_zero },
	{ "collapse", 1, "file page n", random_file_range, run_collapse },
	{ "insert", 1, "file page n", random_insert, run_insert },
	{ "unshare", 1, "file page n", random_file_range, run_unshare },
	{ "fsync", 1, "file", random_file, run_fsync, PINNED },
	{ "evict", 1, "", random_nothing, run_evict },
	{}
};
