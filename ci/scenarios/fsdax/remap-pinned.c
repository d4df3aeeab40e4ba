// SPDX-License-Identifier: GPL-2.0
/*
 * A reflink of one file to another waits while a page of either is pinned for
 * DMA. It must sleep, and a signal must end the wait. XFS locks the smaller
 * inode first.
 */
#include "scenario.h"

#define SLEEPS	"it sleeps while it waits"
#define KILLED	"SIGKILL ends the wait"

static pid_t pid;

static bool ended(void)
{
	if (pid && waitpid(pid, NULL, WNOHANG))
		pid = 0;
	return !pid;
}

static ino_t number(const char *path)
{
	struct stat st;

	must(!stat(path, &st), "stat %s: %m", path);
	return st.st_ino;
}

static void start_reflink(const char *from, const char *to)
{
	int src = open_file(from, O_RDONLY), dst = open_file(to, O_RDWR);

	pid = fork_child();
	if (!pid) {
		/* Only the parent holds the pin. */
		unpin_page();
		_exit(ioctl(dst, FICLONE, src) ? errno : 0);
	}
	close(src);
	close(dst);
}

/* In milliseconds */
static long cpu_time(void)
{
	struct timespec t;
	clockid_t clock;

	must(!clock_getcpuclockid(pid, &clock) && !clock_gettime(clock, &t),
	     "clock_gettime: %m");
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Pin a page of the file that is locked first or second, and make a reflink. */
static void start_waiting(const char *a, const char *b, bool second)
{
	pin_page((number(a) < number(b)) == second ? b : a, PAGE);
	start_reflink(a, b);
}

static void pinned(const char *title, bool second)
{
	const char *a = file("%s.a", title), *b = file("%s.b", title);
	long ms;

	part("%s", title);
	make_file(a, 4 * PAGE);
	make_file(b, 4 * PAGE);
	start_waiting(a, b, second);
	check(!within(2, ended), "it waits while the page is pinned");
	ms = cpu_time();
	if (!check(ms < 500, SLEEPS))
		remark("it has used the processor for %ld of 2000 ms", ms);
	must(!kill(pid, SIGKILL), "kill: %m");
	check(within(4, ended), KILLED);
	unpin_page();
	must(within(10, ended), "it does not end without the pin either");

	/* No lock is still held. */
	start_waiting(a, b, second);
	check(!within(1, ended), "the next one waits as well");
	unpin_page();
	check(within(4, ended), "it goes on when the pin is gone");
	check(file_physical(a, PAGE) == file_physical(b, PAGE),
	      "the files share their blocks");
}

static void run(void)
{
	mount_xfs(NULL);
	pinned("first", false);
	pinned("second", true);
	part("after all");
	check(alive(), GOES_ON);
}

SCENARIO("a reflink waits for a page of one of its files that is pinned",
	.base.fails = { "second: " SLEEPS, "second: " KILLED });
