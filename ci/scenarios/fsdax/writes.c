// SPDX-License-Identifier: GPL-2.0
/* Writes to DAX files, and what mappings, fsync() and other files see of them. */
#include <sched.h>
#include "devices.h"
#include "lib.h"
#include "trace.h"

/*
 * A process maps a hole and gets a zero page. After a pwrite() to the hole it
 * must see the data, even if the write did not allocate the block: ext4 may
 * have zeroed and converted it together with a neighbour.
 */
#define PAGES	8
#define SHOWN	"a mapping of the hole shows what pwrite() has stored"

/* Page 5 of a new file, which @p maps as a hole, before page 0 is written to. */
static void map_hole(struct proc *p, const char *path)
{
	/* Unwritten extents are read as holes are. */
	allocate(path, PAGES * PAGE);
	map_page(p, path, 5 * PAGE);
	must(!p->byte, "a hole is not read as zeroes");
	must(!write_page(path, 0, 'X'));
}

static void holes(const char *title)
{
	struct proc *reader = start("%s reader", title), *writer;

	part("%s", title);
	allocate(file("own"), PAGES * PAGE);
	map_page(reader, file("own"), 5 * PAGE);
	must(!write_page(file("own"), 5 * PAGE, 'O'));
	check(load(reader, reader->at) == 'O', "its block is new: " SHOWN);

	map_hole(reader, file("pwrite"));
	must(!write_page(file("pwrite"), 5 * PAGE, 'P'));
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
	must(!write_page(path, 5 * PAGE, 'F'));
	check(load(reader, reader->at) == 'F', SHOWN);
	check(load(writer, writer->at) == 'F', "the page can be mapped again");
	finish_all();
}

static void hole_pages(void)
{
	holes("XFS");
	must(unmount());
	mount_ext4(NULL);
	holes("ext4");
	failed_block();
}

/*
 * A pwrite() to a shared block ends early because its buffer cannot be read.
 * The file may have a new block by then, whose stale data must not be exposed.
 */
#define READABLE	100	/* bytes of the last page of the buffer */
#define SECRET		'#'
#define MIDDLE		"bytes in the middle of a block: each is old or new"
#define SEVERAL		"several blocks and parts of others: each byte is old or new"

/* Fill all free space with this file's data, then free it. */
static void fill_free_space(void)
{
	static char chunk[1 << 20];
	const char *path = file("secret");
	int fd = open_file(path, O_RDWR | O_CREAT);

	memset(chunk, SECRET, sizeof(chunk));
	while (write(fd, chunk, sizeof(chunk)) > 0)
		;
	must(errno == ENOSPC && !fsync(fd));
	close(fd);
	remove_file(path);
}

/*
 * Write at an offset from a buffer that ends after so many bytes; then each byte of the
 * file must be new, up to the length that pwrite() returned, or else old.
 */
static bool old_or_new(const char *path, off_t offset, size_t len,
		       size_t readable)
{
	unsigned char bytes[8 * PAGE];
	long i, written, wrong = 0, secret = 0;
	int fd = open_file(path, O_RDWR);
	char *buffer;

	buffer = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(buffer != MAP_FAILED);
	memset(buffer, '!', 8 * PAGE);
	munmap(buffer + 8 * PAGE, 8 * PAGE);
	written = pwrite(fd, buffer + 8 * PAGE - readable, len, offset);
	if (written < 0) {
		must(errno == EFAULT);
		written = 0;
	}
	munmap(buffer, 8 * PAGE);

	must(pread(fd, bytes, sizeof(bytes), 0) == sizeof(bytes));
	close(fd);
	for (i = 0; i < (long)sizeof(bytes); i++) {
		bool is_new = i >= offset && i < offset + written;

		wrong += bytes[i] != (is_new ? '!' : fill(i / PAGE));
		secret += bytes[i] == SECRET;
	}
	remark("%ld of %zu bytes written; %ld bytes wrong, %ld of them secret",
	       written, len, wrong, secret);
	return !wrong && written <= (long)readable;
}

static void short_write(void)
{
	make_reflinks(8 * PAGE, "f", "a", "b", "c", "d");
	fill_free_space();

	check(old_or_new(file("a"), PAGE + 100, 2000, READABLE), MIDDLE);
	check(old_or_new(file("b"), PAGE, PAGE, READABLE),
	      "a whole block: each byte is old or new");
	check(old_or_new(file("c"), 2 * PAGE, 4 * PAGE, 2 * PAGE + READABLE),
	      "several blocks: each byte is old or new");
	check(old_or_new(file("d"), 2 * PAGE - 500, 3 * PAGE, 600 + PAGE),
	      SEVERAL);
	check(old_or_new(file("f"), 0, 8 * PAGE, 0),
	      "a buffer of which nothing can be read: nothing is written");
}

/*
 * FALLOC_FL_UNSHARE_RANGE gives a file blocks of its own, whatever else is in the
 * range: holes and blocks that were allocated and never written to.
 */
#define NOT_SHARED	"the file has blocks of its own"

/* Pages 2 and 3 are written, and shared; before them: nothing, or unwritten. */
static void unshare_after(const char *title, bool unwritten)
{
	const char *f = file("%s.f", title), *g = file("%s.g", title);
	off_t at;

	part("%s", title);
	if (unwritten)
		allocate(f, 4 * PAGE);
	else
		close(open_file(f, O_CREAT));
	must(!write_page(f, 2 * PAGE, '2') && !write_page(f, 3 * PAGE, '3'));
	must(!unwritten || file_physical(f, 0) + 2 * (int64_t)PAGE ==
	     file_physical(f, 2 * PAGE), "the blocks are not adjacent");
	clone_file(f, g);
	for (at = 2 * PAGE; at < (off_t)(4 * PAGE); at += PAGE)
		must(file_physical(f, at) == file_physical(g, at));

	check(!fallocate_range(f, FALLOC_FL_UNSHARE_RANGE, 0, 4 * PAGE),
	      "unsharing succeeds");
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

static void unshare_unwritten(void)
{
	unshare_after("hole", false);
	unshare_after("unwritten", true);
	part("after all");
	check(alive(), GOES_ON);
}

/*
 * A process stores to a page, then another part of the file is truncated,
 * punched or shared. fsync() must still flush the store, which the page tables
 * no longer show as dirty. User space cannot observe the flush: use its
 * tracepoint.
 */
#define EVENT	TRACING "events/fs_dax/dax_writeback_one/enable"
#define FLUSHED	"what was stored elsewhere is flushed before fsync() returns"

static bool page_1_flushed(void)
{
	return traced(" pgoff 0x1 ");
}

static int cut(const char *path)
{
	return truncate(path, 6 * PAGE);
}

static int punch(const char *path)
{
	return fallocate_range(path, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       5 * PAGE, PAGE);
}

static int share(const char *path)
{
	clone_range(path, 5 * PAGE, PAGE, file("shared"), 0);
	return 0;
}

static void change(const char *title, int (*way)(const char *path))
{
	const char *path = file("%s", strchr(title, ' ') + 1);
	struct proc *p = start("writer");
	unsigned long at;
	int fd;

	part("%s", title);
	make_file(path, 8 * PAGE);
	at = map(p, path, 0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	fd = open_file(path, O_RDWR);
	must(!store(p, at + PAGE, 'S'));
	start_trace();
	must(!way(path));
	check(!fsync(fd), "fsync() succeeds");
	check(page_1_flushed(), FLUSHED);
	check(load(p, at + PAGE) == 'S' && read_byte(path, PAGE) == 'S',
	      "what was stored can be read");

	/* Once is enough, and the page can become dirty again. */
	start_trace();
	must(!fsync(fd));
	check(!page_1_flushed(), "a second fsync() has nothing to flush");
	must(!store(p, at + PAGE, 'T') && !fsync(fd));
	check(page_1_flushed(), "another store is flushed as well");
	close(fd);
	finish(p);
}

static void remap_dirty(void)
{
	put_string(EVENT, "1");
	change("XFS truncate", cut);
	change("XFS punch", punch);
	change("XFS share", share);
	must(unmount());
	mount_ext4(NULL);
	change("ext4 truncate", cut);
	change("ext4 punch", punch);
	put_string(EVENT, "0");
}

/*
 * pwrite() to a page that several files share and processes map: the file gets
 * another block. After that, processes that map the file must see the new data,
 * including those that read the page during the pwrite().
 */
#define READERS	2
#define SECONDS	6
#define MANY	512UL	/* pages, so that it takes time to write them */

/* Reads one byte over and over; it does not unmap, since that is tested. */
struct reader {
	struct proc *p;
	unsigned long at;
	long rounds;
	int byte;
};

static void read_on(void *with)
{
	volatile struct reader *r = with;

	r->byte = *(volatile unsigned char *)r->at;
	__atomic_add_fetch(&r->rounds, 1, __ATOMIC_SEQ_CST);
}

/* The byte that the reader reads in a round that starts after this call. */
static int byte_now(volatile struct reader *r)
{
	long before = __atomic_load_n(&r->rounds, __ATOMIC_SEQ_CST);
	time_t end = time(NULL) + 10;

	while (__atomic_load_n(&r->rounds, __ATOMIC_SEQ_CST) < before + 2) {
		must(time(NULL) < end, "a reader does not get on");
		sched_yield();
	}
	return r->byte;
}

static void one_write(void)
{
	struct proc *a = map_by("a", file("f"), PAGE),
		    *b = map_by("b", file("g"), PAGE);

	part("one write");
	must(!write_page(file("f"), PAGE, '1'));
	check(load(a, a->at) == '1',
	      "a process that maps the file sees what was written");
	check(reads(b), "a process that maps the other file does not");
	check(load(a, a->at + PAGE - 1) == '1' &&
	      read_byte(file("f"), 0) == fill(0) &&
	      read_byte(file("f"), 2 * PAGE) == fill(2),
	      "nothing else has changed");
	finish_all();
}

static void many_writes(void)
{
	static char bytes[MANY * PAGE];
	volatile struct reader *readers = shared_memory(PAGE);
	long writes, stale = 0;
	time_t end;
	int i, fd;

	part("readers");
	make_reflinks(sizeof(bytes), "h", "copy");
	fd = open_file(file("h"), O_RDWR);
	for (i = 0; i < READERS; i++) {
		readers[i].p = map_by("reader", file("h"), i * PAGE);
		readers[i].at = readers[i].p->at;
		set_going(readers[i].p, read_on, (void *)&readers[i]);
	}

	end = time(NULL) + SECONDS;
	for (writes = 0; time(NULL) < end; writes++) {
		int byte = '0' + writes % 10;

		/* Share it once more; this unmaps it, so fault it in again. */
		clone_range(file("h"), 0, sizeof(bytes), file("copy"), 0);
		for (i = 0; i < READERS; i++)
			byte_now(&readers[i]);
		memset(bytes, byte, sizeof(bytes));
		must(pwrite(fd, bytes, sizeof(bytes), 0) == sizeof(bytes));
		for (i = 0; i < READERS; i++)
			stale += byte_now(&readers[i]) != byte;
	}
	for (i = 0; i < READERS; i++)
		relent(readers[i].p);
	close(fd);
	remark("%ld writes, %ld stale pages", writes, stale);
	check(writes > 2, "writes make progress");
	check(!stale, "after each pwrite() all readers see what was written");
}

static void pwrite_over_mapped(void)
{
	one_write();
	many_writes();
	check(alive(), GOES_ON);
}

/*
 * A store is durable after fsync(), also if page faults of other processes have the
 * page's DAX entry locked meanwhile. A trace event tells that the page was flushed.
 */
#define FSYNCS	100
#define FSYNCED	"every fsync() flushes the page that was stored to"

static void fsync_locked(void)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 };
	struct proc *readers[3];
	volatile char *page;
	int fd, i, flushed = 0;

	for (i = 0; i < 3; i++) {
		readers[i] = start("reader %d", i);
		map(readers[i], file("f"), 0, WINDOW * PAGE, PROT_READ, MAP_SHARED);
		hammer(readers[i], readers[i]->at);
	}
	fd = open_file(file("f"), O_RDWR);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(page != MAP_FAILED);
	put_string(TRACING "events/fs_dax/dax_writeback_one/enable", "1");
	for (i = 0; i < FSYNCS; i++) {
		start_trace();
		*page = i;
		nanosleep(&pause, NULL);
		must(!fsync(fd));
		stop_trace();
		flushed += traced("dax_writeback_one");
	}
	remark("%d of %d have flushed it", flushed, FSYNCS);
	check(flushed == FSYNCS, FSYNCED);
	for (i = 0; i < 3; i++)
		must(relent(readers[i]) > FSYNCS, "a reader does not get on");
	munmap((void *)page, PAGE);
	close(fd);
}

/*
 * A copy on write needs space for its transaction, once the new block has been filled.
 * If there is none, the file keeps its block, and fsync() must say so.
 */
#define FSYNC_FAILS	"fsync() reports that the data are not the file's"

/*
 * Allocation needs more space than adding an extent. That only needs a block of its own
 * when the tree of the file's extents grows.
 */
static void use_up_space(void)
{
	int from = open_file(file("f"), O_RDWR), error = 0;
	int to = open_file(file("extents"), O_RDWR | O_CREAT);
	off_t at;

	command("xfs_io -x -c 'resblks 0' " MNT);
	take_all_space(file("rest"));
	for (at = 0; !error; at += 2 * PAGE)
		error = clone_open(from, 0, PAGE, to, at);
	must(error == -ENOSPC);
	close(from);
	close(to);
}

static void cow_not_remapped(void)
{
	struct proc *p;
	int fd;

	/* One block is copied; XFS sets aside 32 around it. */
	make_reflinks(64 * PAGE, "f", "g");
	must(!write_page(file("g"), 4 * PAGE, 'X'));
	/* They are not freed as long as a page of the file is dirty. */
	store_byte(map_unread("other", file("g"), 4 * PAGE, MAP_SHARED), 'Y');
	use_up_space();
	fd = open_file(file("g"), O_RDWR);

	part("pwrite()");
	must(!write_page(file("g"), 8 * PAGE, 'W'));
	must(read_byte(file("g"), 8 * PAGE) == fill(8), "there was space");
	check(fsync(fd), FSYNC_FAILS);

	part("a store");
	p = map_unread("writer", file("g"), 9 * PAGE, MAP_SHARED);
	store_byte(p, 'S');
	check(fsync(fd), FSYNC_FAILS);
	machine_check(page_of(p));
	forget(p);
	check(store(p, p->at, 'T') == SIGNALLED,
	      "a later store does not find the failed page zeroed");
	close(fd);
}

SCENARIOS(
	{ "hole-pages", "holes that are mapped get data by pwrite()",
	  hole_pages, .xfs = "",
	  /* Base unmaps a hole only if the write allocates the block. */
	  .base.fails = { "ext4: " SHOWN, "failed: " SHOWN } },
	{ "short-write", "pwrite() to shared blocks that ends early",
	  short_write, .xfs = "-d size=320m",
	  /* Base copies around the requested range, not around the written one. */
	  .base.fails = { MIDDLE, SEVERAL } },
	{ "cow-not-remapped", "a copy on write for which there is no space",
	  cow_not_remapped, .xfs = "-d size=320m",
	  .base.fails = { "pwrite(): " FSYNC_FAILS, "a store: " FSYNC_FAILS } },
	{ "unshare-unwritten", "blocks are unshared that follow unwritten ones",
	  unshare_unwritten, .xfs = "", .seconds = 30,
	  .base.fails = { "unwritten: " NOT_SHARED } },
	{ "remap-dirty",
	  "a part of a file is remapped while another part is dirty",
	  remap_dirty, .xfs = "",
	  .base.fails = {
		"XFS truncate: " FLUSHED, "XFS punch: " FLUSHED,
		"XFS share: " FLUSHED,
		"ext4 truncate: " FLUSHED, "ext4 punch: " FLUSHED,
	  } },
	{ "fsync-locked", "fsync() while other processes fault the page in",
	  fsync_locked, .files = { "f" }, .cpus = 4,
	  /* Base takes a dirty entry that is locked for one that is gone. */
	  .base.fails = { FSYNCED } },
	{ "pwrite-over-mapped",
	  "pwrite() to a shared page that is mapped and read meanwhile",
	  pwrite_over_mapped, .files = { "f", "g" }, .cpus = 4,
	  /* Base drops the DAX entry first and unmaps the page then. */
	  .base.splat = "WARNING: .*fs/dax\\.c" }
);
