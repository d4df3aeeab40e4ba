// SPDX-License-Identifier: GPL-2.0
/* Operations on two files, which may be the same */
#include "fuzz.h"

/* As in XFS's headers, which Debian has in a package of its own */
struct exchange_range {
	int32_t fd;
	uint32_t pad;
	uint64_t offset, other_offset, length, flags;
};
#define EXCHANGE_RANGE	_IOW('X', 129, struct exchange_range)

/*
 * Has the operation failed? In any case, all of both files is unmapped. If one of them
 * has lost data the operation may have got the error.
 */
static bool failed(const struct op *op, int error, const char *what)
{
	agree(!error || (error == EIO && (op->inode->lost || op->other->lost)),
	      "%s fails (%s)", what, strerror(error));
	unmapped(op->inode, 0, HUGE_PAGES);
	unmapped(op->other, 0, HUGE_PAGES);
	return error;
}

static void shared(const struct op *op)
{
	struct block *blocks[HUGE_PAGES];

	pages_get(op->inode, op->page, op->n, blocks);
	pages_put(op->other, op->at, op->n, blocks);
}

/* --- reflink --- */

static bool run_reflink(const struct op *op)
{
	struct inode *from = op->inode, *to = op->other;
	int error;

	if (!from->dax && !to->dax)
		return false;
	error = -clone_open(fd_of(from), op->page * PAGE, op->n * PAGE,
			    fd_of(to), op->at * PAGE);
	if (from->dax != to->dax) {
		agree(error == EINVAL,
		      "FICLONERANGE from DAX to page cache (%s)",
		      strerror(error));
		return true;
	}
	if (failed(op, error, "FICLONERANGE"))
		return true;
	shared(op);
	if (to->nr_pages < op->at + op->n)
		grown(to, op->at + op->n);
	check_extents(to, op->at, op->at + op->n);
	return true;
}

/* --- dedupe --- */

static bool same_data(const struct block *a, const struct block *b)
{
	return a && b && !memcmp(a->data, b->data, PAGE);
}

static bool choose_dedupe(struct op *op)
{
	struct inode *to = op->other;
	long tries;

	if (chance(70))
		op->n = 1;
	if (op->at >= to->nr_pages)
		return false;
	/* A page with the same content, if there is one */
	for (tries = 0; tries < to->nr_pages && op->inode->page[op->page] &&
	     !same_data(to->page[op->at], op->inode->page[op->page]); tries++)
		op->at = (op->at + 1) % to->nr_pages;
	return true;
}

static bool run_dedupe(const struct op *op)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info;
	} d = {
		.range.src_offset = op->page * PAGE,
		.range.src_length = op->n * PAGE,
		.range.dest_count = 1,
		.info.dest_offset = op->at * PAGE,
	};
	struct inode *from = op->inode, *to = op->other;
	bool same = true, meets_bad = false;
	int error;
	long i;

	for (i = 0; i < op->n; i++) {
		struct block *a = from->page[op->page + i];
		struct block *b = to->page[op->at + i];

		/* How a hole compares depends on the extents. */
		if (!a || !b)
			return false;
		/* It compares page by page, up to the first difference. */
		if (!same || meets_bad)
			continue;
		meets_bad = bad(a) || bad(b);
		same = same_data(a, b);
	}
	d.info.dest_fd = fd_of(to);
	agree(!ioctl(fd_of(from), FIDEDUPERANGE, &d),
	      "FIDEDUPERANGE fails (%m)");
	error = d.info.status < 0 ? -d.info.status : 0;
	agree(!meets_bad || error == EIO,
	      "dedupe compares a page that has failed (status %d)",
	      d.info.status);
	if (failed(op, meets_bad ? 0 : error, "dedupe") || meets_bad)
		return true;
	agree((d.info.status == FILE_DEDUPE_RANGE_SAME) == same,
	      "dedupe finds blocks %s that are not",
	      same ? "different" : "the same");
	if (same)
		shared(op);
	check_extents(to, op->at, op->at + op->n);
	return true;
}

/* --- exchange-range --- */

static bool run_exchange(const struct op *op)
{
	struct inode *from = op->inode, *to = op->other;
	struct exchange_range range = {
		.offset = op->page * PAGE,
		.other_offset = op->at * PAGE,
		.length = op->n * PAGE,
	};
	struct block *a[HUGE_PAGES], *b[HUGE_PAGES];
	int error;

	/* XFS does not break the layout of one DAX file. */
	if (from->dax != to->dax)
		return false;
	range.fd = fd_of(from);
	error = ioctl(fd_of(to), EXCHANGE_RANGE, &range) ? errno : 0;
	if (!failed(op, error, "XFS_IOC_EXCHANGE_RANGE")) {
		pages_get(from, op->page, op->n, a);
		pages_get(to, op->at, op->n, b);
		pages_put(from, op->page, op->n, b);
		pages_put(to, op->at, op->n, a);
	}
	check_extents(from, op->page, op->page + op->n);
	check_extents(to, op->at, op->at + op->n);
	return true;
}

struct op_kind sharing_ops[] = {
	{ "reflink", 6, "file page n to at", CACHED | GROWS, run_reflink },
	{ "dedupe", 3, "file page n to at", 0, run_dedupe, choose_dedupe },
	{ "exchange", 2, "file page n to at", CACHED, run_exchange },
	{}
};
