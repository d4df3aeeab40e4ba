// SPDX-License-Identifier: GPL-2.0
/*
 * A page is pinned, as for DMA, while its file gives the block up or gets another
 * one. A page in a pipe serves as the pin.
 */
#include <sys/uio.h>
#include "devices.h"

#define WAITS	"it waits while the page is pinned"
#define ENDS	"it goes on when the pin is gone"
#define SLEEPS	"it sleeps while it waits"
#define KILLED	"SIGKILL ends the wait"

static int pin[2];

/* Pin a page, as DMA does. This process no longer maps it. */
static void pin_page(const char *path, off_t offset)
{
	struct iovec page = { .iov_len = PAGE };
	int fd = open_file(path, O_RDONLY);

	page.iov_base = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, offset);
	must(page.iov_base != MAP_FAILED, "mmap %s: %m", path);
	close(fd);
	must(!pipe(pin), "pipe: %m");
	must(vmsplice(pin[1], &page, 1, 0) == (ssize_t)PAGE, "vmsplice: %m");
	/* Keep only the pin, so that the file can be evicted. */
	munmap(page.iov_base, PAGE);
}

static void unpin_page(void)
{
	close(pin[0]);
	close(pin[1]);
}

/* --- processes that give blocks up --- */

static pid_t givers[2];
static int nr_givers;
static const char *source;	/* for reflink() */

static int nr_left(void)
{
	int i, status, nr = 0;

	for (i = 0; i < nr_givers; i++) {
		if (givers[i] && waitpid(givers[i], &status, WNOHANG)) {
			must(!status || status == SIGKILL,
			     "giver %d: wait status %#x", i, status);
			givers[i] = 0;
		}
		nr += !!givers[i];
	}
	return nr;
}

static bool one_ended(void)
{
	return nr_left() < nr_givers;
}

static bool all_ended(void)
{
	return !nr_left();
}

static void give_up_block(void (*way)(const char *path), const char *path)
{
	pid_t pid;

	if (all_ended())
		nr_givers = 0;
	pid = fork_child();
	if (!pid) {
		/* Only the parent holds the pin. */
		unpin_page();
		way(path);
		_exit(0);
	}
	givers[nr_givers++] = pid;
}

static void cut(const char *path)
{
	must(!truncate(path, 0));
}

static void cut_to_one_page(const char *path)
{
	must(!truncate(path, PAGE));
}

static void punch(const char *path)
{
	must(!fallocate_range(path, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      PAGE, PAGE));
}

static void evict(const char *path)
{
	must(!unlink(path));
}

static void reflink(const char *path)
{
	int src = open_file(source, O_RDONLY), dst = open_file(path, O_RDWR);

	must(!ioctl(dst, FICLONE, src));
}

/*
 * --- XFS must wait for the DMA, but not for processes that map the page through
 * another file that keeps the block ---
 */

/*
 * Drop the pin but keep @b's mapping. If that is not enough, drop the mapping too after
 * a while, so that the scenario continues.
 */
static void unpin_and_check(struct proc *b)
{
	unpin_page();
	check(within(4, all_ended), ENDS);
	finish(b);
	must(within(10, all_ended), "it does not even end without the mapping");
}

static void one_of_two(const char *title, void (*way)(const char *path))
{
	const char *f = file("%s.f", title), *g = file("%s.g", title);
	struct proc *b;

	part("%s", title);
	make_file(f, 4 * PAGE);
	clone_file(f, g);
	b = map_by("b", g, PAGE);
	pin_page(f, PAGE);
	give_up_block(way, f);
	check(!within(1, one_ended), WAITS);
	unpin_and_check(b);
	check(read_byte(g, PAGE) == fill(1), "the other file has its data");
}

/* Both give the block up, a third keeps it: the first must not be misled. */
static void two_of_three(void)
{
	struct proc *b;

	part("two at once");
	make_reflinks(4 * PAGE, "three.f", "three.g", "three.h");
	b = map_by("b", file("three.h"), PAGE);
	pin_page(file("three.f"), PAGE);
	give_up_block(cut, file("three.f"));
	give_up_block(cut, file("three.g"));
	/* The second has never mapped the page, and has nothing to wait for. */
	check(within(4, one_ended) && givers[0],
	      "a process that never mapped the page does not wait");
	check(!within(1, all_ended), WAITS);
	unpin_and_check(b);
	check(read_byte(file("three.h"), PAGE) == fill(1),
	      "the third file has its data");
}

/* No file keeps the block: it must not be free before the pin is gone. */
static void both(void)
{
	struct proc *b;

	part("both");
	make_reflinks(4 * PAGE, "both.f", "both.g");
	b = map_by("b", file("both.g"), PAGE);
	pin_page(file("both.f"), PAGE);
	give_up_block(cut, file("both.f"));
	give_up_block(cut, file("both.g"));
	check(!within(1, one_ended), WAITS);
	unpin_and_check(b);
}

/* A file gives up its second page, which has the first one's block or its own. */
static void second_page(const char *title, bool same_block)
{
	const char *f = file("%s", title);
	struct proc *b = start("b");

	part("%s", title);
	make_file(f, same_block ? PAGE : 2 * PAGE);
	if (same_block)
		clone_range(f, 0, PAGE, f, PAGE);
	map(b, f, 0, 2 * PAGE, PROT_READ, MAP_SHARED);
	must(reads(b));
	must(!same_block || load(b, b->at + PAGE) == fill(0));
	pin_page(f, 0);
	give_up_block(cut_to_one_page, f);
	check(!within(1, one_ended), WAITS);
	/* It waits without locks: the page is mapped once more. */
	check(reads(b), "the page can be read meanwhile");
	unpin_and_check(b);
	if (same_block)
		check(read_byte(f, 0) == fill(0),
		      "what is left of the file can be read");
}

static void truncate_shared(void)
{
	one_of_two("truncate", cut);
	one_of_two("punch", punch);
	one_of_two("evict", evict);
	two_of_three();
	both();
	second_page("two offsets", true);
	second_page("mapped again", false);
}

/*
 * --- a reflink of one file to another, both of which XFS locks, the smaller inode
 * first: it must sleep, and a signal must end the wait ---
 */

static ino_t number(const char *path)
{
	struct stat st;

	must(!stat(path, &st));
	return st.st_ino;
}

/* In milliseconds */
static long cpu_time(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	must(!clock_getcpuclockid(pid, &clock) && !clock_gettime(clock, &t));
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Pin a page of the file that is locked first or second, and make a reflink. */
static void start_waiting(const char *a, const char *b, bool second)
{
	pin_page((number(a) < number(b)) == second ? b : a, PAGE);
	source = a;
	give_up_block(reflink, b);
}

static void remap(const char *title, bool second)
{
	const char *a = file("%s.a", title), *b = file("%s.b", title);
	long ms;

	part("%s", title);
	make_file(a, 4 * PAGE);
	make_file(b, 4 * PAGE);
	start_waiting(a, b, second);
	check(!within(2, all_ended), WAITS);
	ms = cpu_time(givers[0]);
	if (!check(ms < 500, SLEEPS))
		remark("it has used the processor for %ld of 2000 ms", ms);
	must(!kill(givers[0], SIGKILL));
	check(within(4, all_ended), KILLED);
	unpin_page();
	must(within(10, all_ended), "it does not end without the pin either");

	/* No lock is still held. */
	start_waiting(a, b, second);
	check(!within(1, all_ended), "the next one waits as well");
	unpin_page();
	check(within(4, all_ended), ENDS);
	check(file_physical(a, PAGE) == file_physical(b, PAGE),
	      "the files share their blocks");
}

static void remap_pinned(void)
{
	remap("first", false);
	remap("second", true);
	part("after all");
	check(alive(), GOES_ON);
}

/*
 * --- a shared page is pinned while the file is written to and gets another block:
 * after that, no DAX entry points to the page, but the pin remains, of 2 MiB if a PMD
 * maps it ---
 */

/* Map a file, with PMDs if it has such extents, and pin its second page. */
static char *map_and_pin(const char *path, size_t size, int fds[2])
{
	struct iovec iov = { .iov_len = PAGE };
	int fd = open_file(path, O_RDWR);
	char *at;

	at = mmap(NULL, size + PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	at += -(unsigned long)at & (PMD - 1);
	must(mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		  0) == at);
	close(fd);
	iov.iov_base = at + PAGE;
	must(!pipe(fds) && vmsplice(fds[1], &iov, 1, 0) == (ssize_t)PAGE);
	return at;
}

static void copy(const char *title, bool huge, bool by_pwrite)
{
	const char *f = file("%s.f", title), *g = file("%s.g", title);
	struct proc *a;
	size_t size = huge ? PMD : 4 * PAGE;
	char page[PAGE], *at;
	int fds[2];

	part("%s", title);
	if (huge)
		make_huge_file(f, size);
	else
		make_file(f, size);
	clone_file(f, g);

	/* This process maps it itself; nothing fails here. */
	at = map_and_pin(f, size, fds);
	if (by_pwrite)
		must(!write_page(f, PAGE, '1'));
	else
		memset(at + PAGE, '1', PAGE);
	check(at[PAGE] == '1' && at[2 * PAGE - 1] == '1', "the copy can be read");
	check(at[0] == fill(0) && at[2 * PAGE] == fill(2) &&
	      at[3 * PAGE] == fill(3), "so can other pages");
	a = map_by("a", g, PAGE);
	check(a->byte == fill(1), "the other file has its data");
	/* A reader of the pipe gets the page, which is the other file's now. */
	must(read(fds[0], page, PAGE) == (ssize_t)PAGE);
	check(page[0] == fill(1) && page[PAGE - 1] == fill(1),
	      "so has the pipe");
	close(fds[0]);
	close(fds[1]);
	munmap(at, size);
	finish(a);

	/* Is any page still counted as busy? */
	check(!truncate(f, 0) && !truncate(g, 0), "both files can be truncated");
}

static void copy_while_pinned(void)
{
	copy("store", false, false);
	copy("pwrite", false, true);
	copy("huge store", true, false);
	copy("huge pwrite", true, true);
}

/*
 * --- the folio of a pinned page outlives its file; two other files have pages of it.
 * The one that is mapped must not be mistaken for the one that loses data ---
 */

static void pinned_outlived(void)
{
	const char *f = file("f"), *lost = file("lost");
	struct monitor *m;
	struct proc *p;
	int fd, fds[2];
	int64_t physical;
	char *at;

	make_huge_file(f, PMD);
	clone_file(f, file("g"));
	clone_range(f, 3 * PAGE, PAGE, file("mapped"), 0);
	clone_range(f, 7 * PAGE, PAGE, lost, 0);
	physical = file_physical(lost, 0);
	at = map_and_pin(f, PMD, fds);
	/* After this copy on write, no DAX entry is left for the folio. */
	at[PAGE] = '1';
	munmap(at, PMD);
	remove_file(f);
	remove_file(file("g"));

	p = map_by("p", file("mapped"), 0);
	fd = open_file(lost, O_RDONLY);
	m = start_monitor(MNT);
	poison_and_check(pmem_pfn(PMEM, physical));
	check(lost_reports(m, 1) == 1 && reported_lost(m, lost, 0),
	      "the file that has the page is reported");
	check(got_none(p) && reads(p), DATA_STAYS);
	stop_monitor(m);
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

SCENARIOS(
	{ "truncate-shared",
	  "a file gives up pinned blocks that another one maps",
	  truncate_shared, .xfs = "", .seconds = 90,
	  /*
	   * Base is only woken when the page has no reference at all, and the
	   * other mapping holds one. "both" passes, since there is no other.
	   */
	  .base.fails = {
		"truncate: " ENDS, "punch: " ENDS, "evict: " ENDS,
		"two at once: " ENDS, "two offsets: " ENDS,
		"mapped again: " ENDS,
	  } },
	{ "remap-pinned",
	  "a reflink waits for a page of one of its files that is pinned",
	  remap_pinned, .xfs = "",
	  .base.fails = { "second: " SLEEPS, "second: " KILLED } },
	{ "copy-while-pinned",
	  "a shared page is pinned when it is copied on write",
	  copy_while_pinned, .xfs = ALIGNED, .seconds = 30,
	  /* Base splits a referenced folio, then waits for it endlessly. */
	  .base.hangs = "WARNING: fs/dax\\.c:[0-9]+ at dax_disassociate_entry" },
	{ "pinned-outlived",
	  "a page fails in the folio of a pinned page that its file no longer has",
	  pinned_outlived, .xfs = ALIGNED,
	  /* Base splits the folio at the copy on write. */
	  .base.splat = "WARNING: fs/dax\\.c:[0-9]+ at dax_disassociate_entry" }
);
