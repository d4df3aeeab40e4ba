// SPDX-License-Identifier: GPL-2.0
/*
 * A file frees blocks under DMA: XFS must wait for the DMA, but not for
 * processes that map the page through another file that keeps the block. A page
 * in a pipe serves as the pin.
 */
#include "scenario.h"

#define WAITS	"it waits while the page is pinned"
#define ENDS	"it goes on when the pin is gone"

/* --- processes that give the block up --- */

static pid_t givers[2];
static int nr_givers;
static const char *target;

static void give_up_block(void (*way)(void), const char *path)
{
	pid_t pid;

	target = path;
	pid = fork_child();
	if (!pid) {
		/* Only the parent holds the pipe. */
		unpin_page();
		way();
		_exit(0);
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
	must(!truncate(target, 0), "truncate: %m");
}

static void cut_to_one_page(void)
{
	must(!truncate(target, PAGE), "truncate: %m");
}

static void punch(void)
{
	must(!fallocate_range(target, FALLOC_FL_PUNCH_HOLE |
			      FALLOC_FL_KEEP_SIZE, PAGE, PAGE), "punch");
}

static void evict(void)
{
	must(!unlink(target), "unlink: %m");
}

/* Processes that give the block up wait while it is pinned. */
static void check_waits(void)
{
	check(!within(1, one_ended), WAITS);
}

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
	nr_givers = 0;
}

static void one_of_two(const char *title, void (*way)(void))
{
	const char *f = file("%s.f", title), *g = file("%s.g", title);
	struct proc *b;

	part("%s", title);
	make_file(f, 4 * PAGE);
	clone_file(f, g);
	b = map_by("b", g, PAGE);
	pin_page(f, PAGE);
	give_up_block(way, f);
	check_waits();
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
	check_waits();
	unpin_and_check(b);
}

/* One file has the block at two offsets and gives one of them up. */
static void two_offsets(void)
{
	const char *f = file("offsets.f");
	struct proc *b = start("b");

	part("two offsets");
	make_file(f, PAGE);
	clone_range(f, 0, PAGE, f, PAGE);
	map(b, f, 0, 2 * PAGE, PROT_READ, MAP_SHARED);
	must(reads(b) && load(b, b->at + PAGE) == fill(0), "wrong data");
	pin_page(f, 0);
	give_up_block(cut_to_one_page, f);
	check_waits();
	/* It waits without locks: the page is mapped once more. */
	check(reads(b), "the page can be read meanwhile");
	unpin_and_check(b);
	check(read_byte(f, 0) == fill(0), "what is left of the file can be read");
}

/* The same without a sharer. */
static void mapped_again(void)
{
	const char *f = file("again.f");
	struct proc *b;

	part("mapped again");
	make_file(f, 2 * PAGE);
	b = map_by("b", f, 0);
	pin_page(f, 0);
	give_up_block(cut_to_one_page, f);
	check_waits();
	check(reads(b), "the page can be read meanwhile");
	unpin_and_check(b);
}

static void run(void)
{
	mount_xfs(NULL);
	one_of_two("truncate", cut);
	one_of_two("punch", punch);
	one_of_two("evict", evict);
	two_of_three();
	both();
	two_offsets();
	mapped_again();
}

SCENARIO("a file gives up pinned blocks that another one maps",
	.seconds = 90,
	/*
	 * Base is only woken when the page has no reference at all, and the
	 * other mapping holds one. "both" passes, since there is no other.
	 */
	.base.fails = {
		"truncate: " ENDS, "punch: " ENDS, "evict: " ENDS,
		"two at once: " ENDS, "two offsets: " ENDS,
		"mapped again: " ENDS,
	});
