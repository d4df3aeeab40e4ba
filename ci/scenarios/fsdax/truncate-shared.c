// SPDX-License-Identifier: GPL-2.0
/*
 * A file gives up blocks that DMA is going to or from: XFS waits for that. It
 * must not wait for who else maps the page, through a file that shares the block
 * and keeps it.
 *
 * The pin is a reference that vmsplice() takes, for as long as the page is in
 * the pipe.
 */
#include "scenario.h"

#define WAITS	"it waits while the page is pinned"
#define GOES_ON	"it goes on when the pin is gone"

/* --- who gives the block up --- */

static pid_t givers[2];
static int nr_givers;
static const char *target;

static void give_up_block(void (*way)(void), const char *path)
{
	pid_t pid;

	target = path;
	pid = fork();
	must(pid >= 0, "fork: %m");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The pipe is to be the parent's alone. */
		unpin_page();
		way();
		_exit(errno);
	}
	givers[nr_givers++] = pid;
}

static int nr_left(void)
{
	int i, status, nr = 0;

	for (i = 0; i < nr_givers; i++) {
		if (givers[i] && waitpid(givers[i], &status, WNOHANG)) {
			must(!status, "giver %d: wait status %#x", i, status);
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

static void cut(void)
{
	errno = truncate(target, 0) ? errno : 0;
}

static void cut_to_one_page(void)
{
	errno = truncate(target, PAGE) ? errno : 0;
}

static void punch(void)
{
	int fd = open(target, O_RDWR);

	errno = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  PAGE, PAGE) ? errno : 0;
}

static void evict(void)
{
	errno = unlink(target) ? errno : 0;
}

/*
 * The pin goes, the other mapping stays. Where that is not enough, it goes too
 * after a while, so that the scenario goes on.
 */
static void unpin_and_check(struct proc *b, unsigned long at_b, size_t len)
{
	unpin_page();
	check(within(4, all_ended), GOES_ON);
	unmap(b, at_b, len);
	must(within(10, all_ended), "it does not even end without the mapping");
	nr_givers = 0;
}

static void one_of_two(const char *title, void (*way)(void), struct proc *b)
{
	const char *f = file("%s.f", title), *g = file("%s.g", title);
	unsigned long at_b;

	part("%s", title);
	make_file(f, 4 * PAGE);
	clone_file(f, g);
	at_b = map_page(b, g, PAGE);
	pin_page(f, PAGE);
	give_up_block(way, f);
	check(!within(1, one_ended), WAITS);
	unpin_and_check(b, at_b, PAGE);
	check(read_byte(g, PAGE) == fill(1), "the other file has its data");
}

/* Both give the block up, a third keeps it: who is first must not be misled. */
static void two_of_three(struct proc *b)
{
	const char *f = file("three.f"), *g = file("three.g"),
		   *h = file("three.h");
	unsigned long at_b;

	part("two at once");
	make_file(f, 4 * PAGE);
	clone_file(f, g);
	clone_file(f, h);
	at_b = map_page(b, h, PAGE);
	pin_page(f, PAGE);
	give_up_block(cut, f);
	give_up_block(cut, g);
	/* The second has never mapped the page, and has nothing to wait for. */
	check(within(4, one_ended) && givers[0],
	      "a process that never mapped the page does not wait");
	check(!within(1, all_ended), WAITS);
	unpin_and_check(b, at_b, PAGE);
	check(read_byte(h, PAGE) == fill(1), "the third file has its data");
}

/* Nobody keeps the block: it must not be free before the pin is gone. */
static void both(struct proc *b)
{
	const char *f = file("both.f"), *g = file("both.g");
	unsigned long at_b;

	part("both");
	make_file(f, 4 * PAGE);
	clone_file(f, g);
	at_b = map_page(b, g, PAGE);
	pin_page(f, PAGE);
	give_up_block(cut, f);
	give_up_block(cut, g);
	check(!within(1, one_ended), WAITS);
	unpin_and_check(b, at_b, PAGE);
}

/* One file has the block at two offsets and gives one of them up. */
static void two_offsets(struct proc *b)
{
	const char *f = file("offsets.f");
	unsigned long at_b;

	part("two offsets");
	make_file(f, PAGE);
	clone_range(f, 0, PAGE, f, PAGE);
	at_b = map(b, f, 0, 2 * PAGE, PROT_READ, MAP_SHARED);
	must(load(b, at_b) == fill(0) && load(b, at_b + PAGE) == fill(0),
	     "wrong data");
	pin_page(f, 0);
	give_up_block(cut_to_one_page, f);
	check(!within(1, one_ended), WAITS);
	/* It waits without locks: the page is mapped once more. */
	check(load(b, at_b) == fill(0), "the page can be read meanwhile");
	unpin_and_check(b, at_b, 2 * PAGE);
	check(read_byte(f, 0) == fill(0), "what is left of the file can be read");
}

/* The same without a sharer. */
static void mapped_again(struct proc *b)
{
	const char *f = file("again.f");
	unsigned long at_b;

	part("mapped again");
	make_file(f, 2 * PAGE);
	at_b = map_page(b, f, 0);
	pin_page(f, 0);
	give_up_block(cut_to_one_page, f);
	check(!within(1, one_ended), WAITS);
	check(load(b, at_b) == fill(0), "the page can be read meanwhile");
	unpin_and_check(b, at_b, PAGE);
}

static void run(void)
{
	struct proc *b = start("b");

	mount_xfs(NULL);
	one_of_two("truncate", cut, b);
	one_of_two("punch", punch, b);
	one_of_two("evict", evict, b);
	two_of_three(b);
	both(b);
	two_offsets(b);
	mapped_again(b);
}

SCENARIO("a file gives up pinned blocks that another one maps",
	.seconds = 90,
	/*
	 * Base is woken when the page has no reference at all, and the other
	 * mapping is one. "both" it gets right: there is no other.
	 */
	.base.fails = {
		"truncate: " GOES_ON, "punch: " GOES_ON, "evict: " GOES_ON,
		"two at once: " GOES_ON, "two offsets: " GOES_ON,
		"mapped again: " GOES_ON,
	});
