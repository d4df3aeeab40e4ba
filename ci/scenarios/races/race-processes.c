// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail while the processes that map them fork, exec, exit, are killed,
 * unmap and move their mappings: the search races with all of these.
 */
#include <pthread.h>
#include <sched.h>
#include "race.h"

#define PAGES		1500UL
#define WINDOW_PAGES	32UL

/* A few accesses, some of them faults. */
static void look_around(struct racer *r)
{
	unsigned long i = near(r);

	touch(at_page(r, i));
	drop_page(r, i);
	touch(at_page(r, i));
	touch(at_page(r, near(r)));
}

static void reap(pid_t pid)
{
	int status = wait_for(pid);

	must(WIFSIGNALED(status) || !WEXITSTATUS(status),
	     "a child ended with %#x", status);
}

static void fork_and_exit(struct racer *r)
{
	pid_t pid;

	map_once(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	look_around(r);
	pid = fork_child();
	if (!pid) {
		look_around(r);
		_exit(0);
	}
	look_around(r);
	reap(pid);
}

/* fork() copies the page table if it has private pages. */
static void fork_private(struct racer *r)
{
	unsigned long i = near(r);
	pid_t pid;

	map_once(r, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	/* a page that will not fail */
	scribble(at_page(r, PAGES - 1), '1');
	touch(at_page(r, i));
	pid = fork_child();
	if (!pid) {
		touch(at_page(r, i));
		_exit(0);
	}
	reap(pid);
	drop_page(r, i);
}

/* The new program has no handler: a signal pending from before kills it. */
static void fork_and_exec(struct racer *r)
{
	pid_t pid;

	map_once(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	pid = fork_child();
	if (!pid) {
		look_around(r);
		execl("/bin/true", "true", NULL);
		_exit(3);
	}
	reap(pid);
}

static void fork_and_kill(struct racer *r)
{
	pid_t pid;

	map_once(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	pid = fork_child();
	if (!pid)
		for (;;)
			look_around(r);
	usleep(dice(r, 5000));
	kill(pid, SIGKILL);
	reap(pid);
}

static int look_around_in_child(void *r)
{
	look_around(r);
	return 0;
}

/* Two processes share one mm. */
static void share_memory(struct racer *r)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	pid_t pid;

	map_once(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	pid = clone(look_around_in_child, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | SIGCHLD, r);
	must(pid > 0, "clone: %m");
	reap(pid);
	look_around(r);
}

static void *look_around_in_thread(void *r)
{
	look_around(r);
	return NULL;
}

static void threads(struct racer *r)
{
	pthread_t ids[3];
	unsigned int i;

	map_once(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		must(!pthread_create(&ids[i], NULL, look_around_in_thread, r),
		     "pthread_create failed");
	look_around(r);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		pthread_join(ids[i], NULL);
}

static unsigned long near_window(struct racer *r)
{
	unsigned long i = near(r);

	return i < PAGES - WINDOW_PAGES ? i : PAGES - WINDOW_PAGES;
}

static void map_and_unmap(struct racer *r)
{
	unsigned long first = near_window(r), i;

	map_pages(r, first, WINDOW_PAGES, PROT_READ, MAP_SHARED);
	for (i = 0; i < WINDOW_PAGES; i++)
		touch(at_page(r, first + i));
	munmap((void *)at_page(r, first + dice(r, 8)), 8 * PAGE);
	munmap((void *)at_page(r, first), WINDOW_PAGES * PAGE);
}

static void move(struct racer *r)
{
	unsigned long first = near_window(r), i;
	const unsigned long here = at_page(r, first), there = here + r->room;
	const size_t len = WINDOW_PAGES * PAGE;

	map_pages(r, first, WINDOW_PAGES, PROT_READ, MAP_SHARED);
	for (i = 0; i < WINDOW_PAGES; i++)
		touch(here + i * PAGE);
	must(mremap((void *)here, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		    there) != MAP_FAILED, "mremap: %m");
	touch(there + dice(r, WINDOW_PAGES) * PAGE);
	must(mremap((void *)there, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		    here) != MAP_FAILED, "mremap back: %m");
	touch(here + dice(r, WINDOW_PAGES) * PAGE);
	munmap((void *)here, len);
}

static void change_mind(struct racer *r)
{
	static const int policies[] = {
		PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE, PR_MCE_KILL_DEFAULT
	};

	map_once(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	must(!prctl(PR_MCE_KILL, PR_MCE_KILL_SET,
		    policies[dice(r, ARRAY_SIZE(policies))], 0, 0),
	     "PR_MCE_KILL: %m");
	look_around(r);
}

/* Some by one reflink, some by another. */
static const struct entry entries[] = {
	{ "b", fork_and_exit, "fork and exit" },
	{ "a", fork_private, "fork, private" },
	{ "b", fork_and_exec, "fork and exec" },
	{ "a", fork_and_kill, "fork and kill" },
	{ "b", share_memory, "shared memory" },
	{ "a", threads, "threads" },
	{ "b", map_and_unmap, "map and unmap" },
	{ "a", move, "mremap" },
	{ "b", change_mind, "policies" },
};

static void run(void)
{
	struct field *f;
	struct witness *w;

	mount_xfs(NULL);
	f = make_field(file("f"), PAGES);
	w = enter_all(f, "w", entries, ARRAY_SIZE(entries));
	race_on(5);

	fail_in_turn(w, WINDOW_PAGES, fail_either_way);
	finish_race();
}

SCENARIO("pages fail while processes that map them fork, exec, exit and unmap",
	.cpus = 4, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
