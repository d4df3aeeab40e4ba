// SPDX-License-Identifier: GPL-2.0
/*
 * An extent goes on where a linear device's first segment ends and its second one
 * begins, which is elsewhere in memory. What copies or compares blocks has to
 * follow.
 */
#include "devices.h"

#define BORDER		(320 * MIB)
#define CHUNK		(16 * MIB)
#define UNSHARED	"both blocks can be read when they are unshared"
#define SAME		"blocks that are the same are found to be so"

static const struct segment segments[] = {
	{ PMEM, 1024 * MIB, BORDER },
	{ PMEM, 256 * MIB, BORDER },
};

/* In whichever of many files the border is: that one, and where it is there. */
static const char *cross_border(off_t *at)
{
	const char *name = NULL;
	int i, nr, fd;

	for (nr = 0; ; nr++) {
		fd = open(file("chunk.%d", nr), O_RDWR | O_CREAT, 0600);
		if (fd < 0 || fallocate(fd, 0, 0, CHUNK))
			break;
		close(fd);
	}
	must(errno == ENOSPC, "fallocate: %m");
	close(fd);
	unlink(file("chunk.%d", nr));
	for (i = 0; i < nr; i++) {
		const char *path = file("chunk.%d", i);
		off_t off;

		for (off = PAGE; off < CHUNK && !name; off += PAGE) {
			int64_t next = file_physical(path, off);

			/* Skip what is far away. */
			if (next > BORDER || next + CHUNK < BORDER)
				break;
			if (next == BORDER && file_physical(path, off - PAGE) ==
			    BORDER - (int64_t)PAGE) {
				*at = off - PAGE;
				name = path;
			}
		}
		if (name)
			break;
	}
	must(name, "no file crosses the border");
	for (nr--; nr >= 0; nr--)
		if (nr != i)
			unlink(file("chunk.%d", nr));
	settle();
	return file("chunk.%d", i);
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
	off_t at = 0;

	create_dm(linear_table(segments, ARRAY_SIZE(segments)));
	/* AG 2 has the border, and not the log as well. */
	make_fs(MKFS_XFS, "-d agsize=128m -l agnum=1", DM);
	mount_fs(DM, "xfs", "dax=always");
	crossing = cross_border(&at);
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
