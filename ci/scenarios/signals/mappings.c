// SPDX-License-Identifier: GPL-2.0
/* How processes map the page: once or often, shared or private, by a thread. */
#include <pthread.h>
#include <sys/syscall.h>
#include "scenario.h"

/* --- one file, two processes --- */

static void one_file(void)
{
	struct proc *a = start("a"), *b, *other;
	unsigned long next;

	make_file(file("f"), 8 * PAGE);
	a->at = map(a, file("f"), 0, 8 * PAGE, PROT_READ, MAP_SHARED) + 3 * PAGE;
	next = a->at + PAGE;
	must(load(a, a->at) == fill(3) && load(a, next) == fill(4));
	b = map_by("b", file("f"), 3 * PAGE);
	other = map_by("other page", file("f"), 5 * PAGE);

	fail_page_of(a, b);
	check(got_none(other),
	      "a process that maps another page of the file gets nothing");
	check(maps(a, next) && has(other), "other pages stay mapped");
	check(load(a, next) == fill(4) && reads(other), "other pages can be read");
}

#define BOTH_HAVE	"both have the page mapped at the same time"
#define BOTH_GET	"both get BUS_MCEERR_AO"

static void two_readers(void)
{
	struct proc *a = map_by("a", file("f"), PAGE), *b;
	unsigned long pfn = page_of(a);

	b = map_by("b", file("f"), PAGE);
	check(has(a) && has(b), BOTH_HAVE);

	poison_and_check(pfn);
	check_lost(BOTH_GET, a, b);
}

/* --- one process, many mappings --- */

static void many_mappings(void)
{
	unsigned long at[6];
	struct proc *p = start("many"), *late = start("never read");
	unsigned int i, mapped = 0;

	at[0] = map_page(p, file("f"), PAGE);
	at[1] = map_page(p, file("f"), PAGE);
	at[2] = map(p, file("f"), 0, 4 * PAGE, PROT_READ, MAP_SHARED) + PAGE;
	at[3] = map_page(p, file("g"), PAGE);
	at[4] = map(p, file("g"), 0, 2 * PAGE, PROT_READ, MAP_PRIVATE) + PAGE;
	at[5] = map_page(p, file("h"), PAGE);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		must(load(p, at[i]) == fill(1));
	/* Each read through another file unmaps the page from the previous one. */
	for (i = 0; i < ARRAY_SIZE(at); i++)
		load(p, at[i]);
	/* A mapping that was never read has no page to lose. */
	map(late, file("h"), 0, 2 * PAGE, PROT_READ, MAP_SHARED);

	for (i = 0; i < ARRAY_SIZE(at); i++)
		mapped += maps(p, at[i]);
	remark("%u of %zu mappings are populated", mapped, ARRAY_SIZE(at));
	for (i = 0; !maps(p, at[i]); i++)
		must(i < ARRAY_SIZE(at), "none is mapped");

	poison_and_check(pfn_of(p, at[i]));
	check(got_among(p, BUS_MCEERR_AO, at, ARRAY_SIZE(at), PAGE_LSB),
	      "the process gets BUS_MCEERR_AO at addresses of the page only");
	for (i = 0, mapped = 0; i < ARRAY_SIZE(at); i++)
		mapped += maps(p, at[i]);
	check_result(mapped, 0, "none of its mappings still has the page");
	check(got_none(late), "a mapping that was never read gets nothing");
	check(reads(late), "the next page can be read");
}

/* --- MAP_PRIVATE: readers map the file's page and lose it, writers have a copy --- */

#define COPIER	"a process that has a private copy gets nothing"

static void private_mappings(void)
{
	struct proc *shared = map_by("shared", file("f"), PAGE), *reader =
		map_unread("private reader", file("g"), PAGE, MAP_PRIVATE);
	struct proc *writer =
		map_unread("private writer", file("g"), PAGE, MAP_PRIVATE);
	struct proc *both =
		map_unread("read, then wrote", file("f"), PAGE, MAP_PRIVATE);

	must(reads(both));
	store_byte(both, '2');
	store_byte(writer, '1');
	must(reads(reader) && reads(shared));

	poison_and_check(page_of(shared));
	check_lost("a process that maps the file's page gets BUS_MCEERR_AO, shared or private",
		   shared, reader);
	check(all(got_none, writer, both), COPIER);
	check(all(has, writer, both) && all(reads, writer, both),
	      "private copies stay as they are");
}

/* --- as a patrol scrubber and a consumer may both report it --- */

#define COUNTED_ONCE	"HardwareCorrupted does not count the page again"
#define STOPPED		"a process that maps it now gets BUS_MCEERR_AR"

static void twice(void)
{
	struct proc *a = map_by("a", file("f"), PAGE),
		    *b = map_by("b", file("g"), PAGE), *again;
	unsigned long pfn = page_of(a);
	long before;
	int ret;

	part("first");
	machine_check_and_check(pfn);
	check(all(got_ao, a, b), REACHED);

	part("second");
	forget(a);
	forget(b);
	before = hardware_corrupted();
	ret = machine_check(pfn);
	if (!check(!ret || ret == -EHWPOISON,
		   "memory_failure() succeeds or knows the page"))
		remark("it returned %d (%s)", ret, strerror(-ret));
	check(flagged(pfn), "the page is still flagged");
	check(all(got_none, a, b),
	      "a process that has lost the page already gets nothing");
	check(hardware_corrupted() == before, COUNTED_ONCE);

	part("third");
	again = map_unread("again", file("f"), PAGE, MAP_SHARED);
	check(stopped(again), STOPPED);
	machine_check(pfn);
	check(lost(again), "the page is not mapped after the third");
	check(all(got_none, a, b), "no other process is signalled");
}

/* --- the leader has exited; the other threads live on and can be signalled --- */

#define GETS_AO	"it gets BUS_MCEERR_AO"
#define LOST	"it has the page mapped no more"

static struct {
	unsigned long addr;
	pid_t pid, tid;
	int n;
	struct signal_got got;
} volatile *seen;

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	seen->got.code = info->si_code;
	seen->got.lsb = info->si_addr_lsb;
	seen->got.addr = (unsigned long)info->si_addr;
	seen->n++;
}

static void *live_on(void *path)
{
	int fd = open(path, O_RDONLY);
	volatile char *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);

	if (page == MAP_FAILED || *page != fill(1))
		_exit(1);
	seen->addr = (unsigned long)page;
	seen->tid = syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

/* The leader is a zombie, the other thread waits. */
static bool leader_ended(void)
{
	return seen->tid && process_state(seen->pid) == 'Z';
}

static bool was_signalled(void)
{
	return seen->n;
}

static bool has_mapped(void)
{
	uint64_t entry;

	/* /proc/TID is not listed, but can be opened: the pagemap is the thread's. */
	read_pagemap(seen->tid, seen->addr, &entry, 1);
	return entry >> 63;
}

static void exited_leader(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
				.sa_flags = SA_SIGINFO };
	pthread_t id;
	pid_t pid;

	seen = shared_memory(sizeof(*seen));
	pid = fork_child();
	if (!pid) {
		sigaction(SIGBUS, &sa, NULL);
		if (pthread_create(&id, NULL, live_on, (void *)file("f")))
			_exit(1);
		/* pthread_exit() needs a shared library, even of a static program */
		syscall(SYS_exit, 0);
	}
	seen->pid = pid;
	must(within(5, leader_ended));
	must(has_mapped());

	poison_and_check(file_pfn(file("f"), PAGE));
	within(1, was_signalled);
	if (!check(seen->n == 1 && is_signal(&seen->got, BUS_MCEERR_AO,
					     seen->addr, PAGE_LSB), GETS_AO))
		remark("%d signals, the last %d for %#lx, lsb %d", seen->n,
		       seen->got.code, seen->got.addr, seen->got.lsb);
	check(!has_mapped(), LOST);
	kill(pid, SIGKILL);
	wait_for(pid);
}

SCENARIOS(
	{ "one-file", "one file, a page that two processes map",
	  one_file, .xfs = "" },
	{ "two-readers", "two processes map the same page of one reflinked file",
	  two_readers, .files = { "f", "g" },
	  /*
	   * Base mistakes each fault on a shared block for a change of block and
	   * unmaps it from all other processes, which get no signal.
	   */
	  .base.fails = { BOTH_HAVE, BOTH_GET } },
	{ "many-mappings", "one process maps the page six times, by three files",
	  many_mappings, .files = { "f", "g", "h" }, .debug = true },
	{ "private-mappings",
	  "private mappings: readers lose the page, writers have a copy",
	  private_mappings, .files = { "f", "g" },
	  .base.fails = { COPIER } },
	{ "twice", "the same page fails a second and a third time",
	  twice, .files = { "f", "g" },
	  .base.fails = { "second: " COUNTED_ONCE, "third: " STOPPED } },
	{ "exited-leader",
	  "the first thread of a process has ended, another has the page",
	  exited_leader, .files = { "f" },
	  /* Base looks for the mm in the group leader, which has none. */
	  .base.fails = { GETS_AO, LOST } }
);
