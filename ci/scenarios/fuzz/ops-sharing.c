// SPDX-License-Identifier: GPL-2.0
/* Operations on two files, which may be the same */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include "ops.h"

/* As in XFS's headers, which Debian has in a package of its own */
struct exchange_range {
	int32_t fd;
	uint32_t pad;
	uint64_t offset, other_offset, length, flags;
};
#define EXCHANGE_RANGE	_IOW('X', 129, struct exchange_range)

/* The arguments are: file page n to at */
static bool two_ranges(const long *arg, struct inode **from, struct inode **to)
{
	*from = any_file(arg[0]);
	*to = any_file(arg[3]);
	return *from && *to && in_file(*from, arg[1], arg[2]) &&
		arg[4] >= 0 && arg[4] + arg[2] <= max_pages(*to) &&
		(*from != *to || arg[1] + arg[2] <= arg[4] ||
		 arg[4] + arg[2] <= arg[1]);
}

/* All of both files is unmapped, whatever becomes of the operation. */
static void both_unmapped(struct inode *from, struct inode *to)
{
	unmapped(from, 0, HUGE_PAGES);
	unmapped(to, 0, HUGE_PAGES);
}

/* --- reflink --- */

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
	bool failed;
	long i;

	if (!two_ranges(arg, &from, &to) || (!from->dax && !to->dax))
		return false;
	range = (struct file_clone_range) {
		.src_fd = fd_of(from),
		.src_offset = arg[1] * PAGE,
		.src_length = arg[2] * PAGE,
		.dest_offset = arg[4] * PAGE,
	};
	failed = ioctl(fd_of(to), FICLONERANGE, &range);
	if (from->dax != to->dax) {
		if (!failed || errno != EINVAL)
			differ("FICLONERANGE from DAX to page cache (%d, %m)",
			       failed);
		return true;
	}
	if (failed && (errno != EIO || !(from->lost || to->lost)))
		differ("FICLONERANGE fails (%m)");
	both_unmapped(from, to);
	if (failed)
		return true;
	for (i = 0; i < arg[2]; i++)
		page_set(to, arg[4] + i, from->page[arg[1] + i]);
	if (to->nr_pages < arg[4] + arg[2])
		grown(to, arg[4] + arg[2]);
	check_extents(to, arg[4], arg[4] + arg[2]);
	return true;
}

/* --- dedupe --- */

static bool random_dedupe(long *arg)
{
	struct inode *from, *to;
	long tries;

	if (!random_file(&arg[0]) || !random_file(&arg[3]) ||
	    !random_range(files[arg[0]], false, &arg[1], &arg[2]))
		return false;
	from = files[arg[0]];
	to = files[arg[3]];
	if (chance(70))
		arg[2] = 1;
	arg[4] = chance(30) ? arg[1] : below(to->nr_pages);
	/* A page with the same content, if there is one */
	for (tries = 0; tries < to->nr_pages && from->page[arg[1]] &&
	     !(to->page[arg[4]] &&
	       !memcmp(to->page[arg[4]]->data, from->page[arg[1]]->data, PAGE));
	     tries++)
		arg[4] = (arg[4] + 1) % to->nr_pages;
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

	if (!two_ranges(arg, &from, &to) || !in_file(to, arg[4], arg[2]) ||
	    !from->dax || !to->dax)
		return false;
	for (i = 0; i < arg[2]; i++) {
		struct block *a = from->page[arg[1] + i];
		struct block *b = to->page[arg[4] + i];

		/* How a hole compares depends on the extents. */
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
	both_unmapped(from, to);
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

/* --- exchange-range --- */

static bool random_exchange(long *arg)
{
	struct inode *to;

	if (!random_file(&arg[0]) || !random_file(&arg[3]) ||
	    !random_range(files[arg[0]], false, &arg[1], &arg[2]))
		return false;
	to = files[arg[3]];
	arg[4] = arg[1] + arg[2] <= to->nr_pages && chance(50) ? arg[1] :
		below(to->nr_pages - arg[2] + 1);
	return true;
}

static bool run_exchange(const long *arg)
{
	struct exchange_range range = {
		.offset = arg[1] * PAGE,
		.other_offset = arg[4] * PAGE,
		.length = arg[2] * PAGE,
	};
	struct inode *from, *to;
	bool failed;
	long i;

	/* XFS does not break the layout of one DAX file. */
	if (!two_ranges(arg, &from, &to) || !in_file(to, arg[4], arg[2]) ||
	    from->dax != to->dax)
		return false;
	range.fd = fd_of(from);
	failed = ioctl(fd_of(to), EXCHANGE_RANGE, &range);
	if (failed && (errno != EIO || !(from->lost || to->lost)))
		differ("XFS_IOC_EXCHANGE_RANGE fails (%m)");
	both_unmapped(from, to);
	for (i = 0; !failed && i < arg[2]; i++) {
		struct block *a = from->page[arg[1] + i];
		struct block *b = to->page[arg[4] + i];

		if (a)
			a->refs++;
		page_set(from, arg[1] + i, b);
		page_set(to, arg[4] + i, a);
		if (a)
			a->refs--;
	}
	check_extents(from, arg[1], arg[1] + arg[2]);
	check_extents(to, arg[4], arg[4] + arg[2]);
	return true;
}

struct op_kind sharing_ops[] = {
	{ "reflink", 6, "file page n to at", random_reflink, run_reflink },
	{ "dedupe", 3, "file page n to at", random_dedupe, run_dedupe },
	{ "exchange", 2, "file page n to at", random_exchange, run_exchange },
	{}
};
