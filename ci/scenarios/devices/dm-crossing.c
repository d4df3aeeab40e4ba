// SPDX-License-Identifier: GPL-2.0
/*
 * An extent crosses a border of a linear device's segments, which are not
 * adjacent in memory. Code that copies or compares blocks must handle this.
 */
#include "devices.h"

#define BORDER		(320 * MIB)
#define UNSHARED	"both blocks can be read when they are unshared"
#define SAME		"blocks that are the same are found to be so"

static const struct segment segments[] = {
	{ PMEM, 1024 * MIB, BORDER },
	{ PMEM, 256 * MIB, BORDER },
};

/* The offset of the last page before the border, in a file that crosses it. */
static off_t cross_border(const char *path)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	off_t size = take_all_space(path), at;

	at = file_offset(path, BORDER) - PAGE;
	must(at >= 0 && file_physical(path, at) == BORDER - (int64_t)PAGE,
	     "the file does not cross the border");
	/* Free the rest. */
	must(!fallocate_range(path, mode, 0, at) &&
	     !fallocate_range(path, mode, at + 2 * PAGE, size - at - 2 * PAGE),
	     "punch");
	settle();
	return at;
}

static bool has_both(const char *path, off_t at)
{
	int first = read_byte(path, at), second = read_byte(path, at + PAGE);

	if (first == 'f' && second == 's')
		return true;
	remark("%s has %d and %d", path, first, second);
	return false;
}

static bool same(const char *a, off_t at, const char *b)
{
	int ret = dedupe_range(a, at, 2 * PAGE, b, 0);

	must(ret >= 0, "FIDEDUPERANGE: %s", strerror(-ret));
	return ret == FILE_DEDUPE_RANGE_SAME;
}

static void run(void)
{
	const char *crossing, *copy, *like;
	off_t at;

	/* AG 2 has the border, so put the log elsewhere. */
	mount_on_dm(linear_table(segments, ARRAY_SIZE(segments)),
		    "-d agsize=128m -l agnum=1");
	crossing = file("crossing");
	at = cross_border(crossing);
	must(!write_page(crossing, at, 'f') &&
	     !write_page(crossing, at + PAGE, 's'), "pwrite");
	check(has_both(crossing, at), "both blocks can be read");

	copy = file("copy");
	clone_range(crossing, at, 2 * PAGE, copy, 0);
	must(!fallocate_range(copy, FALLOC_FL_UNSHARE_RANGE, 0, 2 * PAGE),
	     "unshare");
	must(file_physical(copy, 0) != file_physical(crossing, at),
	     "it is not unshared");
	check(has_both(copy, 0), UNSHARED);

	like = file("like");
	make_file(like, 2 * PAGE);
	must(!write_page(like, 0, 'f') && !write_page(like, PAGE, 's'),
	     "pwrite");
	check(same(crossing, at, like), SAME);
	must(!write_page(copy, PAGE, 'x'), "pwrite");
	check(!same(crossing, at, copy), "others are not");
	check(has_both(crossing, at), "nothing has changed in the first file");
	check(unmount(), "the filesystem unmounts");
	remove_dm();
}

SCENARIO("extents that go across the segments of a linear device",
	.base.fails = { UNSHARED, SAME });
