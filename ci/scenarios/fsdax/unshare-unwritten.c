// SPDX-License-Identifier: GPL-2.0
/*
 * FALLOC_FL_UNSHARE_RANGE gives a file blocks of its own, whatever else is in the
 * range: holes and blocks that were allocated and never written to.
 */
#include "scenario.h"

#define NOT_SHARED	"the file has blocks of its own"

/* Pages 2 and 3 are written, and shared; before them: nothing, or unwritten. */
static void unshare(const char *title, bool unwritten)
{
	const char *f = file("%s.f", title), *g = file("%s.g", title);
	int fd = open(f, O_RDWR | O_CREAT | O_EXCL, 0644);
	off_t at;

	part("%s", title);
	must(fd >= 0 && !ftruncate(fd, 4 * PAGE), "%s: %m", f);
	if (unwritten)
		must(!fallocate(fd, 0, 0, 4 * PAGE), "fallocate: %m");
	must(!write_page(f, 2 * PAGE, '2') && !write_page(f, 3 * PAGE, '3'),
	     "pwrite");
	if (unwritten)
		must(file_physical(f, 0) + 2 * (int64_t)PAGE ==
		     file_physical(f, 2 * PAGE), "the blocks are not adjacent");
	clone_file(f, g);
	for (at = 2 * PAGE; at < (off_t)(4 * PAGE); at += PAGE)
		must(file_physical(f, at) == file_physical(g, at),
		     "the blocks are not shared");

	check(!fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 0, 4 * PAGE),
	      "unsharing succeeds");
	close(fd);
	check(file_physical(f, 2 * PAGE) != file_physical(g, 2 * PAGE) &&
	      file_physical(f, 3 * PAGE) != file_physical(g, 3 * PAGE),
	      NOT_SHARED);
	check(file_physical(f, 0) >= 0 && file_physical(f, PAGE) >= 0,
	      "nothing is left to be allocated");
	check(read_byte(f, 0) == 0 && read_byte(f, 2 * PAGE - 1) == 0 &&
	      read_byte(f, 2 * PAGE) == '2' && read_byte(f, 3 * PAGE) == '3' &&
	      read_byte(g, 2 * PAGE) == '2' && read_byte(g, 3 * PAGE) == '3',
	      "both files have their data");
}

static void run(void)
{
	mount_xfs(NULL);
	unshare("hole", false);
	unshare("unwritten", true);
	part("after all");
	check(alive(), GOES_ON);
}

SCENARIO("blocks are unshared that follow unwritten ones",
	.seconds = 30,
	.base.fails = { "unwritten: " NOT_SHARED });
