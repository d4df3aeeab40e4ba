// SPDX-License-Identifier: GPL-2.0
/*
 * A copy on write fails, for what was to be copied is a bad block. The block for
 * the copy was of no use, and must be good for another file: no trace of it may
 * be left in the one that did not get it.
 */
#include "scenario.h"

#define NR_NEW	64

static void run(void)
{
	struct proc *p = start("writer"), *q = start("other files");
	int i, good = 0;
	unsigned long at;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	clone_file(file("f"), file("g"));
	at = map(p, file("g"), PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	put_on_record(file_physical(file("f"), PAGE));
	check(store(p, at, 'x') == SIGNALLED, "a store draws SIGBUS");
	check(read_byte(file("g"), PAGE) == -EIO, "reading the block draws EIO");

	/* Enough of them to use the block, should it be free. */
	for (i = 0; i < NR_NEW; i++) {
		make_file(file("new.%d", i), PAGE);
		at = map_page(q, file("new.%d", i), 0);
		good += load(q, at) == fill(0);
	}
	check(good == NR_NEW, "new files can be mapped and read");

	/* All of it is written: nothing has to be copied. */
	must(!fallocate_range(file("g"), FALLOC_FL_PUNCH_HOLE |
			      FALLOC_FL_KEEP_SIZE, PAGE, PAGE), "punch");
	must(!write_page(file("g"), PAGE, 'y'), "pwrite: %m");
	forget(p);
	at = map_page(p, file("g"), PAGE);
	check(load(p, at) == 'y', "the file takes another block there");
	check(read_byte(file("f"), PAGE) == -EIO, "the other file is as it was");
}

SCENARIO("a copy on write fails: what becomes of the block for it",
	/* Base frees the block and keeps the file's entry for it. */
	.base.splat = "WARNING: fs/dax.c:[0-9]+ at dax_insert_entry");
