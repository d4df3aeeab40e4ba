// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail while their sharers are created, truncated, punched, written to,
 * unlinked and evicted. A witness maps all pages and must get every signal.
 */
#include "race.h"

#define PAGES		1500UL

/* Create, use and unlink a file: it is evicted when no longer mapped. */
static void make_and_unlink(struct racer *r)
{
	unsigned long i = near(r);

	share_again(r, 0, PAGES);
	map_field(r, PROT_READ, MAP_SHARED);
	touch(at_page(r, i));
	unlink(r->path);
	touch(at_page(r, near(r)));
	munmap((void *)r->at, PAGES * PAGE);
}

/* Reads the same file meanwhile. */
static void read_on(struct racer *r)
{
	unsigned long i = near(r);

	map_once(r, PROT_READ, MAP_SHARED);
	if (touch(at_page(r, i)) == SIGNALLED)
		usleep(500);	/* leave the processor to others */
	else if (!dice(r, 4))
		madvise((void *)at_page(r, i), 4 * PAGE, MADV_DONTNEED);
}

static void truncate_and_restore(struct racer *r)
{
	unsigned long i = near(r), j;
	int fd = open_file(r->path, O_RDWR);

	read_on(r);
	must(!ftruncate(fd, i * PAGE), "ftruncate: %m");
	for (j = i; j < PAGES; j++)
		mark_own(r, j);
	touch(at_page(r, i));
	share_again(r, i, PAGES - i);
	close(fd);
}

static void punch_and_restore(struct racer *r)
{
	unsigned long i = near(r), j, nr = 1 + dice(r, 3);
	int fd = open_file(r->path, O_RDWR);

	if (i + nr > PAGES)
		i = PAGES - nr;
	read_on(r);
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			i * PAGE, nr * PAGE), "punch: %m");
	for (j = i; j < i + nr; j++)
		mark_own(r, j);
	touch(at_page(r, i));
	share_again(r, i, nr);
	close(fd);
}

/* All or a part of a block; the rest is copied, if it can be read. */
static void write_to(struct racer *r)
{
	unsigned long i = near(r);
	bool part = dice(r, 2);
	char page[PAGE];
	int fd = open_file(r->path, O_RDWR);
	ssize_t n, len = part ? 100 : PAGE;

	memset(page, '1', PAGE);
	read_on(r);
	n = pwrite(fd, page, len, i * PAGE);
	must(n == len || (n < 0 && errno == EIO && part && is_refused(r->field, i)),
	     "pwrite of %zd bytes at page %lu, which has %sfailed: %zd, %m", len,
	     i, is_refused(r->field, i) ? "" : "not ", n);
	if (n == len)
		mark_own(r, i);
	if (!dice(r, 8)) {
		must(!fsync(fd), "fsync: %m");
		share_again(r, i, 1);
	}
	close(fd);
}

/* The second half of this file has the same blocks. */
static void twins(struct racer *r)
{
	unsigned long i = near(r), n = PAGES - i < 8 ? PAGES - i : 8;
	int fd = open_file(r->path, O_RDWR);

	must(mmap((void *)at_page(r, i), n * PAGE, PROT_READ,
		  MAP_SHARED | MAP_FIXED, fd,
		  (i + dice(r, 2) * PAGES) * PAGE) != MAP_FAILED, "mmap: %m");
	touch(at_page(r, i));
	touch(at_page(r, i + n / 2));
	munmap((void *)at_page(r, i), n * PAGE);
	close(fd);
}

static void drop(struct racer *r)
{
	(void)r;
	drop_caches();
	usleep(20 * 1000);
}

static const struct entry entries[] = {
	{ "new 0", make_and_unlink, "unlinker 0" },
	{ "new 1", make_and_unlink, "unlinker 1" },
	{ "truncated", read_on, "reader of truncated" },
	{ "truncated", truncate_and_restore, "truncater" },
	{ "punched", read_on, "reader of punched" },
	{ "punched", punch_and_restore, "puncher" },
	{ "written", write_to, "writer" },
	{ "twins", twins, "twins" },
	{ "f", drop, "dropper" },
};

static void run(void)
{
	struct field *f;
	struct witness *w;

	mount_xfs(NULL);
	f = make_field(file("f"), PAGES);
	clone_file(file("f"), file("twins"));
	clone_range(file("f"), 0, PAGES * PAGE, file("twins"), PAGES * PAGE);
	w = enter_all(f, "w", entries, ARRAY_SIZE(entries));
	race_on(5);

	fail_in_turn(w, 0, fail_either_way);
	finish_race();
}

SCENARIO("pages fail while files that share them are made, cut and dropped",
	.cpus = 4, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
