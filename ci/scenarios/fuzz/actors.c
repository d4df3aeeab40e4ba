// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that map files on order, like those of ../lib/procs.c, but they
 * fork, and an order costs only two context switches. An order and its answer
 * are in memory that all of them share from the start; a futex determines whose
 * turn it is.
 *
 * All are forked, with CLONE_PARENT, from one of them or from the zygote, which
 * never maps a file. So all are children of the process that gives the orders,
 * and once it has waited for one of them, that one no longer maps anything. They
 * share its file descriptors: it opens files, and they map them.
 */
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include "fuzz.h"

struct actor *actors;

static void futex(uint32_t *word, int op, uint32_t value,
		  const struct timespec *limit)
{
	syscall(SYS_futex, word, op, value, limit, NULL, 0);
}

/* --- in the actor --- */

static struct actor *self;
static sigjmp_buf out_of_access;
static struct access *volatile accessing;

/* An access in a storm is repeated, and may cause this signal each time. */
static bool of_storm(const siginfo_t *info)
{
	return accessing && self->what == do_storm &&
		info->si_code == BUS_MCEERR_AR &&
		info->si_addr_lsb == PAGE_LSB &&
		(unsigned long)info->si_addr / PAGE == accessing->addr / PAGE;
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	int n = self->nr_signals;

	if (!of_storm(info)) {
		if (n < MAX_SIGNALS)
			note_signal(&self->got[n], info);
		self->nr_signals = n + 1;
	}
	if (accessing && info->si_code != BUS_MCEERR_AO)
		siglongjmp(out_of_access, 1);
}

static void do_access(struct access *a)
{
	volatile unsigned char *byte = (void *)a->addr;
	unsigned int i;

	a->failed = true;
	if (!sigsetjmp(out_of_access, 1)) {
		accessing = a;
		if (!a->len)
			a->hash = page_hash((void *)a->addr);
		for (i = 0; i < a->len; i++)
			byte[i] = a->byte;
		a->failed = false;
	}
	accessing = NULL;
}

long do_storm(struct actor *a)
{
	struct access *access, *end = a->access + a->nr;
	int round;

	for (round = 0; round < a->arg[0]; round++) {
		for (access = a->access; access < end; access++) {
			if (access->drop)
				madvise((void *)(access->addr & ~(PAGE - 1)),
					PAGE, MADV_DONTNEED);
			do_access(access);
			access->failures += access->failed;
			access->wrong += !access->failed && access->check &&
				access->hash != access->want;
		}
	}
	return 0;
}

static long do_accesses(struct actor *a)
{
	int i;

	for (i = 0; i < a->nr; i++)
		do_access(&a->access[i]);
	return 0;
}

long do_call(struct actor *a)
{
	const long *c = a->arg;
	long ret = syscall(c[0], c[1], c[2], c[3], c[4], c[5], c[6]);

	return ret < 0 ? -errno : ret;
}

static void serve(struct actor *a)
{
	self = a;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		while (!__atomic_load_n(&a->turn, __ATOMIC_ACQUIRE))
			futex(&a->turn, FUTEX_WAIT, 0, NULL);
		if (!a->what)
			_exit(0);
		a->result = a->what(a);
		__atomic_store_n(&a->turn, 0, __ATOMIC_RELEASE);
		futex(&a->turn, FUTEX_WAKE, 1, NULL);
	}
}

static long do_fork(struct actor *a)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | CLONE_FILES | SIGCHLD,
			   NULL, NULL, NULL, 0);

	if (!pid)
		serve(&actors[a->arg[0]]);
	return pid < 0 ? -errno : pid;
}

/* --- in the process that gives the orders --- */

void order_args(int p, work *what, const long *args)
{
	struct actor *a = &actors[p];

	memcpy(a->arg, args, sizeof(a->arg));
	a->what = what;
	a->ordered = true;
	__atomic_store_n(&a->turn, 1, __ATOMIC_RELEASE);
	futex(&a->turn, FUTEX_WAKE, 1, NULL);
}

void actors_wait(void)
{
	const struct timespec second = { .tv_sec = 1 };
	struct actor *a;
	int status;

	for (a = actors; a < actors + NR_ACTORS; a++) {
		while (a->ordered &&
		       __atomic_load_n(&a->turn, __ATOMIC_ACQUIRE)) {
			futex(&a->turn, FUTEX_WAIT, 1, &second);
			agree(!__atomic_load_n(&a->turn, __ATOMIC_ACQUIRE) ||
			      waitpid(a->pid, &status, WNOHANG) != a->pid,
			      "a process has died (process %ld, wait status %#x)",
			      a - actors, status);
		}
		a->ordered = false;
	}
}

long result_of(int p)
{
	actors_wait();
	return actors[p].result;
}

void actors_begin(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
				.sa_flags = SA_SIGINFO };
	pid_t pid;

	actors = shared_memory(NR_ACTORS * sizeof(*actors));
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, 0);
	must(pid >= 0, "clone: %m");
	if (!pid) {
		sigaction(SIGBUS, &sa, NULL);
		serve(&actors[ZYGOTE]);
	}
	actors[ZYGOTE].pid = pid;
	actor_start(INJECTOR, ZYGOTE);
	actor_start(WRITER, ZYGOTE);
}

void actor_start(int p, int parent)
{
	struct actor *a = &actors[p];

	memset(a, 0, sizeof(*a));
	a->pid = order(parent, do_fork, p);
	must(a->pid > 0, "clone: %s", strerror(-a->pid));
	a->pagemap = open_pagemap(a->pid);
	ping(p);
}

void actor_exit(int p)
{
	struct actor *a = &actors[p];
	int status;

	order_too(p, NULL);
	status = wait_for(a->pid);
	a->ordered = false;
	close(a->pagemap);
	agree(!status,
	      "a process has not exited as ordered (process %d, wait status %#x)",
	      p, status);
}

void actor_access(int p, struct access *accesses, int nr)
{
	struct actor *a = &actors[p];

	a->nr = nr;
	memcpy(a->access, accesses, nr * sizeof(*accesses));
	order(p, do_accesses);
	memcpy(accesses, a->access, nr * sizeof(*accesses));
}

int actor_signals(int p, struct signal_got *got, int max)
{
	struct actor *a = &actors[p];
	int n = a->nr_signals;

	memcpy(got, a->got, min(n, max) * sizeof(*got));
	a->nr_signals = 0;
	return n;
}
