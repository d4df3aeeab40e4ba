// SPDX-License-Identifier: GPL-2.0
/*
 * A copy on write fails since its source is a bad block. The new block must be
 * good for another file: the file that did not get it must keep no trace of it.
 */
#include "scenario.h"

#define NR_NEW	64

static void run(void)
{
	struct proc *p, *q = start("other files");
	int i, good = 0;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g");
	p = map_unread("writer", file("g"), PAGE, MAP_SHARED);
	put_on_record(file_physical(file("f"), PAGE));
	check(store(p, p->at, 'x') == SIGNALLED, "a store draws SIGBUS");
	check(read_byte(file("g"), PAGE) == -EIO, "reading the block draws EIO");

	/* Enough of them to use the block if it is free. */
	for (i = 0; i < NR_NEW; i++) {
		make_file(file("new.%d", i), PAGE);
		map_page(q, file("new.%d", i), 0);
		good += q->byte == fill(0);
	}
	check(good == NR_NEW, "new files can be mapped and read");

	/* Nothing has to be copied when the whole block is written. */
	must(!fallocate_range(file("g"), FALLOC_FL_PUNCH_HOLE |
			      FALLOC_FL_KEEP_SIZE, PAGE, PAGE), "punch");
	must(!write_page(file("g"), PAGE, 'y'), "pwrite: %m");
	forget(p);
	map_page(p, file("g"), PAGE);
	check(p->byte == 'y', "the file takes another block there");
	check(read_byte(file("f"), PAGE) == -EIO, "the other file is as it was");
}

SCENARIO("a copy on write fails: what becomes of the block for it",
	/* Base frees the block but keeps the file's DAX entry for it. */
	.base.splat = "WARNING: fs/dax.c:[0-9]+ at dax_insert_entry");
