// SPDX-License-Identifier: GPL-2.0
/*
 * A process reads a hole by mmap() and gets a zero page. When pwrite() puts data
 * there, the process must see the data, even if this write did not allocate the
 * block: when ext4 splits a short unwritten extent, it zeroes the rest of it and
 * marks that as written as well, for a neighbour's sake.
 */
#include "devices.h"

#define PAGES	8
#define SHOWN	"a mapping of the hole shows what pwrite() has stored"

/* Unwritten extents are read as holes are. */
static void make_unwritten(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	must(fd >= 0 && !fallocate(fd, 0, 0, PAGES * PAGE), "%s: %m", path);
	close(fd);
}

/* Page 5 of a new file, which @p maps as a hole, before page 0 is written to. */
static unsigned long map_hole(struct proc *p, const char *path)
{
	unsigned long at;

	make_unwritten(path);
	at = map_page(p, path, 5 * PAGE);
	must(!load(p, at), "a hole is not read as zeroes");
	must(!write_page(path, 0, 'X'), "pwrite");
	return at;
}

static unsigned long map_page_for_stores(struct proc *p, const char *path)
{
	return map(p, path, 5 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static void holes(const char *title)
{
	struct proc *reader = start("%s reader", title);
	struct proc *writer = start("%s writer", title);
	unsigned long at;

	part("%s", title);
	make_unwritten(file("own"));
	at = map_page(reader, file("own"), 5 * PAGE);
	must(!write_page(file("own"), 5 * PAGE, 'O'), "pwrite");
	check(load(reader, at) == 'O', "its block is new: " SHOWN);

	at = map_hole(reader, file("pwrite"));
	must(!write_page(file("pwrite"), 5 * PAGE, 'P'), "pwrite");
	check(load(reader, at) == 'P', SHOWN);

	at = map_hole(reader, file("store"));
	must(!store(writer, map_page_for_stores(writer, file("store")), 'S'),
	     "store");
	check(load(reader, at) == 'S',
	      "a mapping of the hole shows what another process stores");
	finish(reader);
	finish(writer);
	check(alive(), GOES_ON);
}

/*
 * The block fails before it is used: a store gets SIGBUS, and pwrite() repairs the
 * block. On memmap='s device nothing records bad blocks, so do it by hand.
 */
static void failed_block(void)
{
	struct proc *reader = start("reader"), *writer = start("writer");
	const char *path = file("failed");
	unsigned long at, at_writer;

	part("failed");
	at = map_hole(reader, path);
	put_on_record(file_physical(path, 5 * PAGE));
	at_writer = map_page_for_stores(writer, path);
	check(store(writer, at_writer, 'F') == SIGNALLED &&
	      told(writer, BUS_MCEERR_AR, at_writer, PAGE_LSB),
	      "a store gets BUS_MCEERR_AR");
	must(!write_page(path, 5 * PAGE, 'F'), "pwrite");
	check(load(reader, at) == 'F', SHOWN);
	check(load(writer, at_writer) == 'F', "the page can be mapped again");
	finish(reader);
	finish(writer);
}

static void run(void)
{
	mount_xfs(NULL);
	holes("XFS");
	must(unmount(), "umount");
	mount_ext4(NULL);
	holes("ext4");
	failed_block();
}

SCENARIO("holes that are mapped get data by pwrite()",
	/* Base unmaps a hole only if the write allocates the block. */
	.base.fails = { "ext4: " SHOWN, "failed: " SHOWN });
