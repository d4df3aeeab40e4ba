// SPDX-License-Identifier: GPL-2.0
/*
 * A process stores to a page, then another part of the file is truncated,
 * punched or shared. fsync() must still flush the store, which the page tables
 * no longer show as dirty. User space cannot observe the flush: use its
 * tracepoint.
 */
#include "scenario.h"
#include "trace.h"

#define EVENT	TRACING "events/fs_dax/dax_writeback_one/enable"
#define FLUSHED	"what was stored elsewhere is flushed before fsync() returns"

static const char *path;

static bool flushed(unsigned long index)
{
	char wanted[40];

	snprintf(wanted, sizeof(wanted), " pgoff 0x%lx ", index);
	return traced(wanted);
}

static int cut(int fd)
{
	return ftruncate(fd, 6 * PAGE);
}

static int punch(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 5 * PAGE, PAGE);
}

static int share(int fd)
{
	clone_range(path, 5 * PAGE, PAGE, file("shared"), 0);
	return fd < 0;
}

static void change(const char *title, int (*way)(int fd))
{
	struct proc *p = start("writer");
	unsigned long at;
	int fd;

	part("%s", title);
	path = file("%s", strchr(title, ' ') + 1);
	make_file(path, 8 * PAGE);
	at = map(p, path, 0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	fd = open_file(path, O_RDWR);
	must(!store(p, at + PAGE, 'S'), "store");
	put_string(TRACING "trace_clock", "local");	/* this empties the trace */
	must(!way(fd), "%m");
	check(!fsync(fd), "fsync() succeeds");
	check(flushed(1), FLUSHED);
	check(load(p, at + PAGE) == 'S' && read_byte(path, PAGE) == 'S',
	      "what was stored can be read");

	/* Once is enough, and the page can become dirty again. */
	put_string(TRACING "trace_clock", "local");
	must(!fsync(fd), "fsync: %m");
	check(!flushed(1), "a second fsync() has nothing to flush");
	must(!store(p, at + PAGE, 'T') && !fsync(fd), "store, fsync: %m");
	check(flushed(1), "another store is flushed as well");
	close(fd);
	finish(p);
}

static void run(void)
{
	put_string(EVENT, "1");
	put_string(TRACING "tracing_on", "1");
	mount_xfs(NULL);
	change("XFS truncate", cut);
	change("XFS punch", punch);
	change("XFS share", share);
	must(unmount(), "umount");
	mount_ext4(NULL);
	change("ext4 truncate", cut);
	change("ext4 punch", punch);
	put_string(EVENT, "0");
}

SCENARIO("a part of a file is remapped while another part is dirty",
	.base.fails = {
		"XFS truncate: " FLUSHED, "XFS punch: " FLUSHED,
		"XFS share: " FLUSHED,
		"ext4 truncate: " FLUSHED, "ext4 punch: " FLUSHED,
	});
