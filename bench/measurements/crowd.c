// SPDX-License-Identifier: GPL-2.0
/* Files that share their pages, the processes that map them, and the failure. */
#include <sys/klog.h>
#include "measure.h"

#define DEBUGFS		"/sys/kernel/debug/"

/* syslog(2)'s actions; only these have no name in the headers. */
enum { CONSOLE_LEVEL = 8 };
#define QUIET		1
#define LOUD		7

const char *crowd_file(int nr)
{
	return nr ? file("f.%d", nr) : file("f");
}

static struct crowd *new_crowd(int files, int first)
{
	struct crowd *c = calloc(1, sizeof(*c));

	must(c, "no memory");
	c->files = files;
	/* Cheap ones are repeated more often: an interrupt weighs more there. */
	c->rounds = files <= 100 ? MAX_ROUNDS : files <= 1000 ? 5 : 3;
	c->first = first;
	make_file(crowd_file(0), (first + c->rounds) * PAGE);
	return c;
}

struct crowd *make_files(int files)
{
	struct crowd *c = new_crowd(files, 0);
	int i;

	for (i = 1; i < files; i++)
		clone_file(crowd_file(0), crowd_file(i));
	settle();
	return c;
}

void keep_in_core(struct crowd *c)
{
	int i;

	c->fds = calloc(c->files, sizeof(*c->fds));
	must(c->fds, "no memory");
	for (i = 0; i < c->files; i++)
		c->fds[i] = open_file(crowd_file(i), O_RDONLY | O_CLOEXEC);
}

void use_pages(struct crowd *c)
{
	int i;

	for (i = 0; i < c->files; i++) {
		char *pages = mmap(NULL, c->rounds * PAGE, PROT_READ, MAP_SHARED,
				   c->fds[i], c->first * PAGE);

		must(pages != MAP_FAILED, "mmap %s: %m", crowd_file(i));
		must(!madvise(pages, c->rounds * PAGE, MADV_POPULATE_READ),
		     "populate %s: %m", crowd_file(i));
		munmap(pages, c->rounds * PAGE);
	}
}

/* --- a member, in its own process --- */

static struct member *self;
static const struct crowd *of;

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	unsigned long at = (unsigned long)info->si_addr;

	if (info->si_code == BUS_MCEERR_AO && at % PAGE == 0 &&
	    at >= self->addr && at < self->addr + of->rounds * PAGE)
		self->told++;
	else
		self->wrong++;
}

static void live(struct crowd *c, int nr, int ready)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
				.sa_flags = SA_SIGINFO };
	int fd = open(crowd_file(nr), O_RDONLY);
	volatile char *pages;
	int i;

	self = &c->members[nr];
	of = c;
	pages = mmap(NULL, c->rounds * PAGE, PROT_READ, MAP_SHARED, fd,
		     c->first * PAGE);
	if (fd < 0 || pages == MAP_FAILED || sigaction(SIGBUS, &sa, NULL))
		_exit(1);
	close(fd);
	for (i = 0; i < c->rounds; i++)
		if (pages[i * PAGE] != fill(c->first + i))
			_exit(1);
	self->addr = (unsigned long)pages;
	if (write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

/* One after the other, so that a process's state does not depend on the next. */
void start_members(struct crowd *c, int mapped)
{
	int i, ready[2];
	char byte;

	c->mapped = mapped;
	c->members = shared_memory(mapped * sizeof(*c->members));
	must(!pipe2(ready, O_CLOEXEC), "pipe: %m");
	for (i = 0; i < mapped; i++) {
		pid_t pid = fork_child();

		if (!pid)
			live(c, i, ready[1]);
		c->members[i].pid = pid;
		must(read(ready[0], &byte, 1) == 1, "process %d: %m", i);
	}
	close(ready[0]);
	close(ready[1]);
}

struct crowd *start_scattered(const char *variant, int files)
{
	struct crowd *c;
	size_t size;
	int gap, i;

	if (sscanf(variant, "scattered-%d", &gap) != 1)
		return NULL;
	mount_xfs(NULL);
	c = new_crowd(files, 2 * files);
	size = (c->first + c->rounds) * PAGE;
	for (i = 1; i < files; i++)
		clone_range(crowd_file(0), 2 * i * PAGE, size - 2 * i * PAGE,
			    crowd_file(i), 2 * i * PAGE);
	/* The other files share every second page, so that no records can be merged. */
	for (i = 0; gap && i < files; i++)
		clone_range(crowd_file(0), (2 * i + 1) * PAGE, PAGE,
			    file("other.0"), (2 * i + 1) * PAGE);
	for (i = 1; i < gap; i++)
		clone_file(file("other.0"), file("other.%d", i));
	settle();
	keep_in_core(c);
	use_pages(c);
	start_members(c, 10);
	return c;
}

/*
 * The console is slow and not part of the measurement: meanwhile the kernel's messages
 * go into its log only. Messages other than those of the failure itself are logged
 * again afterwards, for the checks of the console.
 */
static int open_log(void)
{
	int fd = open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	must(lseek(fd, 0, SEEK_END) >= 0, "/dev/kmsg: %m");
	must(!klogctl(CONSOLE_LEVEL, NULL, QUIET), "console level: %m");
	return fd;
}

static void close_log(int log)
{
	static char record[8192], again[8300];
	ssize_t n;
	char *text;
	int out;

	must(!klogctl(CONSOLE_LEVEL, NULL, LOUD), "console level: %m");
	out = open_file("/dev/kmsg", O_WRONLY);
	while ((n = read(log, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		must(n > 0, "the kernel's log was too small for what it said");
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text || strstr(text, "emory failure"))
			continue;
		text[strcspn(text, "\n")] = '\0';
		n = snprintf(again, sizeof(again), "<4>meanwhile: %s\n",
			     text + 1);
		must(write(out, again, n) == n, "/dev/kmsg: %m");
	}
	close(out);
	close(log);
}

static void check_told(struct crowd *c, int round)
{
	struct timespec tick = { .tv_nsec = 10 * 1000 * 1000 };
	int i, tries, told = 0, wrong = 0;

	for (tries = 0; tries < 500; tries++) {
		for (i = 0, told = 0, wrong = 0; i < c->mapped; i++) {
			told += c->members[i].told == round + 1U;
			wrong += c->members[i].wrong;
		}
		if (told == c->mapped)
			break;
		nanosleep(&tick, NULL);
	}
	must(told == c->mapped && !wrong,
	     "%d of %d processes were signalled, %d times wrongly", told,
	     c->mapped, wrong);
}

long act(struct crowd *c, int round, const char *path, const char *what)
{
	const struct timespec rest = { .tv_nsec = 200 * 1000 * 1000 };
	int fd = open_file(path, O_WRONLY), log = open_log();
	size_t len = strlen(what);
	ssize_t n;
	long took;

	/*
	 * An event wakes the kernel's workers, which costs slightly more if they sleep.
	 * Ensure that they do; this takes no time in a guest whose clock advances to
	 * the next timer when idle.
	 */
	nanosleep(&rest, NULL);
	take_processor(1);
	/* getpgid() is the mark for bench/profiler.c. */
	getpgid(0);
	took = instructions();
	n = write(fd, what, len);
	took = instructions() - took;
	getpgid(0);
	take_processor(0);
	must(n == (ssize_t)len, "%s > %s: %m", what, path);
	close(fd);
	close_log(log);
	check_told(c, round);
	return took;
}

unsigned long pfn_to_fail(struct crowd *c, int round)
{
	return file_pfn(crowd_file(0), (c->first + round) * PAGE);
}

long fail_crowd(struct crowd *c, int round, unsigned long pfn)
{
	char text[24];

	snprintf(text, sizeof(text), "%#lx", pfn);
	return act(c, round, DEBUGFS "hwpoison/corrupt-pfn", text);
}
