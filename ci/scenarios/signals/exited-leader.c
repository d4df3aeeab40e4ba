// SPDX-License-Identifier: GPL-2.0
/*
 * The thread group leader has exited; the other threads live on and can be
 * signalled.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include "scenario.h"

#define TOLD		"it gets BUS_MCEERR_AO"
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
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", seen->pid,
		 seen->pid);
	return seen->tid && strrchr(text_of(path), ')')[2] == 'Z';
}

static bool was_told(void)
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

static void run(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
				.sa_flags = SA_SIGINFO };
	pthread_t id;
	pid_t pid;

	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
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
	must(within(5, leader_ended), "the first thread has not ended");
	must(has_mapped(), "the page is not mapped");

	poison_and_check(pmem_pfn(PMEM, file_physical(file("f"), PAGE)));
	within(1, was_told);
	if (!check(seen->n == 1 && is_signal(&seen->got, BUS_MCEERR_AO,
					     seen->addr, PAGE_LSB), TOLD))
		remark("%d signals, the last %d for %#lx, lsb %d", seen->n,
		       seen->got.code, seen->got.addr, seen->got.lsb);
	check(!has_mapped(), LOST);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

SCENARIO("the first thread of a process has ended, another has the page",
	/* Base looks for the mm in the group leader, which has none. */
	.base.fails = { TOLD, LOST });
