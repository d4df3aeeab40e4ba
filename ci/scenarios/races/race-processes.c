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

static void fork_and_exit(struct racer *r, unsigned long i)
{
	pid_t pid = fork_child();

	look_around(r);
	if (!pid)
		_exit(0);
	reap(pid);
	look_around(r);
}

/* fork() copies the page table if it has private pages. */
static void fork_private(struct racer *r, unsigned long i)
{
	pid_t pid;

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
static void fork_and_exec(struct racer *r, unsigned long i)
{
	pid_t pid = fork_child();

	if (!pid) {
		look_around(r);
		execl("/bin/true", "true", NULL);
		_exit(3);
	}
	reap(pid);
}

static void fork_and_kill(struct racer *r, unsigned long i)
{
	pid_t pid = fork_child();

	while (!pid)
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
static void share_memory(struct racer *r, unsigned long i)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	pid_t pid = clone(look_around_in_child, stack + sizeof(stack),
			  CLONE_VM | CLONE_VFORK | SIGCHLD, r);

	must(pid > 0);
	reap(pid);
	look_around(r);
}

static void *look_around_in_thread(void *r)
{
	look_around(r);
	return NULL;
}

static void threads(struct racer *r, unsigned long near)
{
	pthread_t ids[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		must(!pthread_create(&ids[i], NULL, look_around_in_thread, r));
	look_around(r);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		pthread_join(ids[i], NULL);
}

/* The first page of a window that has this one */
static unsigned long map_window(struct racer *r, unsigned long first)
{
	unsigned long i;

	if (first > PAGES - WINDOW_PAGES)
		first = PAGES - WINDOW_PAGES;
	must(map_pages(r, first, WINDOW_PAGES, PROT_READ, MAP_SHARED));
	for (i = 0; i < WINDOW_PAGES; i++)
		touch(at_page(r, first + i));
	return first;
}

static void map_and_unmap(struct racer *r, unsigned long i)
{
	unsigned long first = map_window(r, i);

	munmap((void *)at_page(r, first + dice(r, 8)), 8 * PAGE);
	munmap((void *)at_page(r, first), WINDOW_PAGES * PAGE);
}

static void move(struct racer *r, unsigned long i)
{
	const unsigned long here = at_page(r, map_window(r, i)),
			    there = here + r->room;
	const size_t len = WINDOW_PAGES * PAGE;

	must(mremap((void *)here, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		    there) != MAP_FAILED);
	touch(there + dice(r, WINDOW_PAGES) * PAGE);
	must(mremap((void *)there, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		    here) != MAP_FAILED);
	touch(here + dice(r, WINDOW_PAGES) * PAGE);
	munmap((void *)here, len);
}

static void change_mind(struct racer *r, unsigned long i)
{
	static const int policies[] = {
		PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE, PR_MCE_KILL_DEFAULT
	};

	must(!prctl(PR_MCE_KILL, PR_MCE_KILL_SET,
		    policies[dice(r, ARRAY_SIZE(policies))], 0, 0));
	look_around(r);
}

/* Some by one reflink, some by another. */
static const struct entry entries[] = {
	{ "b", fork_and_exit, "fork and exit", WRITABLE },
	{ "a", fork_private, "fork, private", PRIVATE },
	{ "b", fork_and_exec, "fork and exec", WRITABLE },
	{ "a", fork_and_kill, "fork and kill", WRITABLE },
	{ "b", share_memory, "shared memory", WRITABLE },
	{ "a", threads, "threads", WRITABLE },
	{ "b", map_and_unmap, "map and unmap" },
	{ "a", move, "mremap" },
	{ "b", change_mind, "policies", WRITABLE },
};

static void run(void)
{
	struct field *f = make_field(PMEM, file("f"), PAGES, false);

	race(enter_all(f, "w", entries, ARRAY_SIZE(entries)), WINDOW_PAGES,
	     fail_either_way);
}

SCENARIO("pages fail while processes that map them fork, exec, exit and unmap",
	.xfs = "", .cpus = 4, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
