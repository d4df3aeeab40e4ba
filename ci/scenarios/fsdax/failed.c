// SPDX-License-Identifier: GPL-2.0
/* The use of a failed page by its file and by the kernel itself. */
#include "devices.h"

/*
 * A page that a machine check took out of the direct map, with no bad block on
 * record (memmap='s device): each access must fail with an error and no oops, and
 * the rest of the file must keep its data.
 */
static void refused(int ret, const char *what)
{
	check_result(ret, -EIO, "%s draws EIO", what);
}

static int read_device(int64_t physical)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	int fd = open_file(PMEM, O_RDONLY | O_DIRECT);
	int ret = pread(fd, page, PAGE, physical) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

/* All but page 1 */
static bool has_rest(const char *path)
{
	return page_is(path, 0, fill(0)) && page_is(path, 2, fill(2)) &&
	       page_is(path, 3, fill(3));
}

static void access_failed(void)
{
	const char *f = file("f"), *good = file("good"), *clone = file("clone");
	int64_t physical = file_physical(f, PAGE);
	struct looks before;
	struct proc *p;

	make_file(good, 4 * PAGE);
	fail_for_certain(&before, file_pfn(f, PAGE));
	clone_file(f, clone);

	refused(read_byte(f, PAGE), "read()");
	refused(read_device(physical), "O_DIRECT read() of the block device");
	refused(write_bytes(f, PAGE + 100, 100, 'w'), "pwrite() of a part");
	refused(write_bytes(clone, PAGE + 100, 100, 'w'),
		"pwrite() of a part, by another file");
	refused(dedupe_range(f, 0, 4 * PAGE, good, 0), "FIDEDUPERANGE");
	refused(dedupe_range(good, PAGE, PAGE, f, PAGE),
		"FIDEDUPERANGE the other way round");
	refused(fallocate_range(f, FALLOC_FL_ZERO_RANGE, PAGE + 100, 100),
		"zeroing a part");
	refused(fallocate_range(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				PAGE + 100, 100), "punching a part");
	refused(fallocate_range(clone, FALLOC_FL_UNSHARE_RANGE, PAGE, PAGE),
		"FALLOC_FL_UNSHARE_RANGE");
	refused(truncate(clone, 2 * PAGE - 100) ? -errno : 0,
		"truncate() to a part");
	p = map_unread("p", f, PAGE, MAP_PRIVATE);
	check(store_stopped(p, p->at, 'x'),
	      "a store to a private mapping draws BUS_MCEERR_AR");

	check_failed(&before);
	check(has_rest(f) && has_rest(clone), "the rest of the file is there");
	check(has_rest(good) && page_is(good, 1, fill(1)) &&
	      file_physical(good, PAGE) != physical,
	      "the good file is as it was");
	check(alive(), GOES_ON);
}

/*
 * Copy on write: there is no good data to copy. Copying anyway would spread
 * whatever is in the page.
 */
#define SHARED	"a store by another reflink draws BUS_MCEERR_AR"
#define PRIVATE	"a store to a private mapping draws BUS_MCEERR_AR"
#define PWRITE	"a pwrite() of a part of it draws EIO"

static void copy_from_failed(void)
{
	struct proc *a = map_by("a", file("f"), PAGE);
	/* These have not faulted the page in when it fails. */
	struct proc *shared = map_unread("shared", file("g"), PAGE, MAP_SHARED);
	struct proc *private = map_unread("private", file("g"), PAGE,
					  MAP_PRIVATE);

	machine_check_and_check(page_of(a));
	check(got_ao(a), "a process that has the page mapped gets BUS_MCEERR_AO");
	check(all(got_none, shared, private),
	      "a process that has not faulted it in gets nothing");
	check(store_stopped(shared, shared->at + 1, 'x'), SHARED);
	check(store_stopped(private, private->at + 2, 'x'), PRIVATE);
	check(write_bytes(file("h"), PAGE + 3, 1, 'x') == -EIO, PWRITE);
	check(alive(), GOES_ON);
}

/*
 * A copy on write fails since its source is a bad block. The new block must be
 * good for another file: the file that did not get it must keep no trace of it.
 */
#define NR_NEW	64

static void failed_copy(void)
{
	struct proc *p = map_unread("writer", file("g"), PAGE, MAP_SHARED),
		    *q = start("other files");
	int i, good = 0;

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
			      FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	must(!write_page(file("g"), PAGE, 'y'));
	forget(p);
	map_page(p, file("g"), PAGE);
	check(p->byte == 'y', "the file takes another block there");
	check(read_byte(file("f"), PAGE) == -EIO, "the other file is as it was");
}

/*
 * A dirty page fails before fsync(), which must report the loss and not flush
 * the page. It must flush other pages, including those of the same PMD, but
 * need not report anything for them.
 */
#define SAYS_SO	"fsync() says that data is lost"

static void lose(const char *title, bool huge)
{
	const char *f = file("%s", title);
	struct proc *a = start("a");
	int fd, ret;

	part("%s", title);
	if (huge) {
		make_huge_file(f, PMD);
		map_huge(a, f, 0, PMD);
	} else {
		make_file(f, 4 * PAGE);
		map(a, f, 0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	}
	fd = open_file(f, O_RDWR);
	must(!store(a, a->at, '0') && !store(a, a->at + PAGE, '1'));
	check(!fsync(fd), "fsync() succeeds");
	must(!store(a, a->at, '2') && !store(a, a->at + PAGE, '3'));
	machine_check(pfn_of(a, a->at + PAGE));

	ret = fsync(fd) ? -errno : 0;
	if (!huge)
		check_result(ret, -EIO, SAYS_SO);
	check(!fsync(fd), "fsync() says so once at most");
	forget(a);
	check(load(a, a->at) == '2' && !store(a, a->at, '4') && !fsync(fd),
	      "other pages go on as before");
	close(fd);
	finish(a);
}

static void dirty_failed(void)
{
	lose("small", false);
	lose("huge", true);
	part("after all");
	check(alive(), GOES_ON);
}

SCENARIOS(
	{ "failed-access",
	  "what the kernel does with a failed page that is not on record",
	  access_failed, .files = { "f" },
	  .base.splat = "RIP: 0010:memcmp" },
	{ "copy-from-failed", "copy on write of a page that has failed",
	  copy_from_failed, .files = { "f", "g", "h" },
	  /*
	   * Base checks bad blocks only, and none is on record: it copies from a
	   * page that is not in the direct map.
	   */
	  .base.splat = "RIP: 0010:copy_page" },
	{ "failed-copy",
	  "a copy on write fails: what becomes of the block for it", failed_copy,
	  .files = { "f", "g" },
	  /* Base frees the block but keeps the file's DAX entry for it. */
	  .base.splat = "WARNING: fs/dax.c:[0-9]+ at dax_insert_entry" },
	{ "dirty-failed", "a page fails before what was stored to it is durable",
	  dirty_failed, .xfs = ALIGNED, .seconds = 45,
	  /*
	   * Base flushes a page that is not in the direct map. QEMU's emulated
	   * processors ignore that, so the only effect is a wrong return value.
	   */
	  .base.splat = "RIP: 0010:arch_wb_cache_pmem",
	  .base.says = "^not ok [0-9]+ - small: fsync\\(\\) says that data is lost" }
);
