// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail while their sharers are created, truncated, punched, written to,
 * unlinked and evicted. A witness maps all pages and must get every signal.
 */
#include "race.h"

#define PAGES		1500UL

/* Create, use and unlink a file: it is evicted when no longer mapped. */
static void make_and_unlink(struct racer *r, unsigned long i)
{
	share_again(r, 0, PAGES);
	must(map_pages(r, 0, PAGES, PROT_READ, MAP_SHARED));
	touch(at_page(r, i));
	unlink(r->path);
	touch(at_page(r, near(r)));
	munmap((void *)r->at, PAGES * PAGE);
}

/* Reads the same file meanwhile. */
static void read_on(struct racer *r, unsigned long i)
{
	if (touch(at_page(r, i)) == SIGNALLED)
		usleep(500);	/* leave the processor to others */
	else if (!dice(r, 4))
		madvise((void *)at_page(r, i), 4 * PAGE, MADV_DONTNEED);
}

static void truncate_and_restore(struct racer *r, unsigned long i)
{
	read_on(r, near(r));
	must(!truncate(r->path, i * PAGE));
	mark_own(r, i, PAGES - i);
	touch(at_page(r, i));
	share_again(r, i, PAGES - i);
}

static void punch_and_restore(struct racer *r, unsigned long i)
{
	unsigned long nr = 1 + dice(r, 3);

	if (i + nr > PAGES)
		i = PAGES - nr;
	read_on(r, near(r));
	must(!fallocate_range(r->path, FALLOC_FL_PUNCH_HOLE |
			      FALLOC_FL_KEEP_SIZE, i * PAGE, nr * PAGE));
	mark_own(r, i, nr);
	touch(at_page(r, i));
	share_again(r, i, nr);
}

/* All or a part of a block; the rest is copied, if it can be read. */
static void write_to(struct racer *r, unsigned long i)
{
	bool part = dice(r, 2);
	int ret, fd;

	read_on(r, near(r));
	ret = write_bytes(r->path, i * PAGE, part ? 100 : PAGE, '1');
	must(!ret || (ret == -EIO && part && is_refused(r->field, i)),
	     "pwrite of %s page %lu, which has %sfailed: -1, %s",
	     part ? "a part of" : "all of", i,
	     is_refused(r->field, i) ? "" : "not ", strerror(-ret));
	if (!ret)
		mark_own(r, i, 1);
	if (!dice(r, 8)) {
		fd = open_file(r->path, O_RDWR);
		must(!fsync(fd));
		close(fd);
		share_again(r, i, 1);
	}
}

/* The second half of this file has the same blocks. */
static void twins(struct racer *r, unsigned long i)
{
	unsigned long n = PAGES - i < 8 ? PAGES - i : 8;
	int fd = open_file(r->path, O_RDWR);

	must(mmap((void *)at_page(r, i), n * PAGE, PROT_READ,
		  MAP_SHARED | MAP_FIXED, fd,
		  (i + dice(r, 2) * PAGES) * PAGE) != MAP_FAILED);
	touch(at_page(r, i));
	touch(at_page(r, i + n / 2));
	munmap((void *)at_page(r, i), n * PAGE);
	close(fd);
}

static void drop(struct racer *r, unsigned long i)
{
	drop_caches();
	usleep(20 * 1000);
}

static const struct entry entries[] = {
	{ "new 0", make_and_unlink, "unlinker 0" },
	{ "new 1", make_and_unlink, "unlinker 1" },
	{ "truncated", read_on, "reader of truncated", READABLE },
	{ "truncated", truncate_and_restore, "truncater", READABLE },
	{ "punched", read_on, "reader of punched", READABLE },
	{ "punched", punch_and_restore, "puncher", READABLE },
	{ "written", write_to, "writer", READABLE },
	{ "twins", twins, "twins" },
	{ "f", drop, "dropper" },
};

static void run(void)
{
	struct field *f = make_field(PMEM, file("f"), PAGES, false);

	clone_file(file("f"), file("twins"));
	clone_range(file("f"), 0, PAGES * PAGE, file("twins"), PAGES * PAGE);
	race(enter_all(f, "w", entries, ARRAY_SIZE(entries)), 0, fail_either_way);
}

SCENARIO("pages fail while files that share them are made, cut and dropped",
	.xfs = "", .cpus = 4, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
