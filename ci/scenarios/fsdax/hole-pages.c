// SPDX-License-Identifier: GPL-2.0
/*
 * A process maps a hole and gets a zero page. After a pwrite() to the hole it
 * must see the data, even if the write did not allocate the block: ext4 may
 * have zeroed and converted it together with a neighbour.
 */
#include "devices.h"

#define PAGES	8
#define SHOWN	"a mapping of the hole shows what pwrite() has stored"

/* Page 5 of a new file, which @p maps as a hole, before page 0 is written to. */
static void map_hole(struct proc *p, const char *path)
{
	/* Unwritten extents are read as holes are. */
	allocate(path, PAGES * PAGE);
	map_page(p, path, 5 * PAGE);
	must(!p->byte, "a hole is not read as zeroes");
	must(!write_page(path, 0, 'X'), "pwrite");
}

static void holes(const char *title)
{
	struct proc *reader = start("%s reader", title), *writer;

	part("%s", title);
	allocate(file("own"), PAGES * PAGE);
	map_page(reader, file("own"), 5 * PAGE);
	must(!write_page(file("own"), 5 * PAGE, 'O'), "pwrite");
	check(load(reader, reader->at) == 'O', "its block is new: " SHOWN);

	map_hole(reader, file("pwrite"));
	must(!write_page(file("pwrite"), 5 * PAGE, 'P'), "pwrite");
	check(load(reader, reader->at) == 'P', SHOWN);

	map_hole(reader, file("store"));
	writer = map_unread("writer", file("store"), 5 * PAGE, MAP_SHARED);
	store_byte(writer, 'S');
	check(load(reader, reader->at) == 'S',
	      "a mapping of the hole shows what another process stores");
	finish_all();
	check(alive(), GOES_ON);
}

/*
 * The block fails before it is used: a store gets SIGBUS, and pwrite() repairs the
 * block. On memmap='s device nothing records bad blocks, so do it by hand.
 */
static void failed_block(void)
{
	struct proc *reader = start("reader"), *writer;
	const char *path = file("failed");

	part("failed");
	map_hole(reader, path);
	put_on_record(file_physical(path, 5 * PAGE));
	writer = map_unread("writer", path, 5 * PAGE, MAP_SHARED);
	check(store_stopped(writer, writer->at, 'F'),
	      "a store gets BUS_MCEERR_AR");
	must(!write_page(path, 5 * PAGE, 'F'), "pwrite");
	check(load(reader, reader->at) == 'F', SHOWN);
	check(load(writer, writer->at) == 'F', "the page can be mapped again");
	finish_all();
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
