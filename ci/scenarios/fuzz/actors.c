// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that map files on order, as those of ../lib/procs.c, but they fork,
 * and an order costs two context switches and no more. An order and its answer
 * are in memory that all of them share from the beginning; a futex says whose
 * turn it is.
 *
 * All are forked, with CLONE_PARENT, from one of them or from the zygote, which
 * never maps a file. So all are children of the process that gives the orders,
 * and when it has waited for one, that one has nothing mapped any more.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "fuzz.h"

#define MAX_SIGNALS	64

enum what {
	PING, FORK, EXIT, POLICY, MAP, UNMAP, DROP, SYNC, MOVE, ACCESS
};

struct actor {
	uint32_t turn;			/* the actor's; futex */
	enum what what;
	unsigned long addr, to, len;
	off_t offset;
	int flags, value;
	char path[32];
	int nr;
	struct access access[MAX_ACCESSES];
	long result;			/* -errno */

	volatile int nr_signals;	/* may exceed the array */
	struct signal_got got[MAX_SIGNALS];
};

static struct actor *actors;		/* ZYGOTE is the last */
static pid_t pids[NR_PROCS + 1];

static void futex(uint32_t *word, int op, uint32_t value,
		  const struct timespec *limit)
{
	syscall(SYS_futex, word, op, value, limit, NULL, 0);
}

/* --- in the actor --- */

static struct actor *self;
static sigjmp_buf out_of_access;
static volatile sig_atomic_t accessing;

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	int n = self->nr_signals;

	(void)signo;
	(void)context;
	if (n < MAX_SIGNALS) {
		self->got[n] = (struct signal_got) {
			.code = info->si_code,
			.addr = (unsigned long)info->si_addr,
		};
		if (info->si_code == BUS_MCEERR_AO ||
		    info->si_code == BUS_MCEERR_AR)
			self->got[n].lsb = info->si_addr_lsb;
	}
	self->nr_signals = n + 1;
	if (accessing && info->si_code != BUS_MCEERR_AO)
		siglongjmp(out_of_access, 1);
}

static void do_access(struct access *a)
{
	volatile unsigned char *byte = (void *)a->addr;
	unsigned int i;

	a->signalled = true;
	if (!sigsetjmp(out_of_access, 1)) {
		accessing = 1;
		if (a->len)
			for (i = 0; i < a->len; i++)
				byte[i] = a->byte;
		else
			a->hash = page_hash((void *)a->addr);
		a->signalled = false;
	}
	accessing = 0;
}

static void serve(struct actor *a);

static long do_fork(int child)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL,
			   0);

	if (!pid)
		serve(&actors[child]);
	return pid < 0 ? -errno : pid;
}

static long do_map(struct actor *a)
{
	int fd = open(a->path, O_RDWR);
	void *at;

	if (fd < 0)
		return -errno;
	at = mmap((void *)a->addr, a->len, PROT_READ | PROT_WRITE,
		  a->flags | MAP_FIXED_NOREPLACE, fd, a->offset);
	close(fd);
	return at == MAP_FAILED ? -errno : at == (void *)a->addr ? 0 : -EINVAL;
}

static long carry_out(struct actor *a)
{
	void *addr = (void *)a->addr;
	long ret = 0;
	int i;

	switch (a->what) {
	case PING:
	case EXIT:
		break;
	case FORK:
		return do_fork(a->value);
	case POLICY:
		ret = prctl(PR_MCE_KILL, PR_MCE_KILL_SET, a->value, 0, 0);
		break;
	case MAP:
		return do_map(a);
	case UNMAP:
		ret = munmap(addr, a->len);
		break;
	case DROP:
		ret = madvise(addr, a->len, MADV_DONTNEED);
		break;
	case SYNC:
		ret = msync(addr, a->len, MS_SYNC);
		break;
	case MOVE:
		if (mremap(addr, a->len, a->len, MREMAP_MAYMOVE | MREMAP_FIXED,
			   a->to) != (void *)a->to)
			ret = -1;
		break;
	case ACCESS:
		for (i = 0; i < a->nr; i++)
			do_access(&a->access[i]);
		break;
	}
	return ret ? -errno : 0;
}

static void serve(struct actor *a)
{
	self = a;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		while (!__atomic_load_n(&a->turn, __ATOMIC_ACQUIRE))
			futex(&a->turn, FUTEX_WAIT, 0, NULL);
		a->result = carry_out(a);
		if (a->what == EXIT)
			_exit(0);
		__atomic_store_n(&a->turn, 0, __ATOMIC_RELEASE);
		futex(&a->turn, FUTEX_WAKE, 1, NULL);
	}
}

/* --- in who gives the orders --- */

static const char *actor_name(int p)
{
	static char name[16];

	snprintf(name, sizeof(name), p == ZYGOTE ? "zygote" : "process %d", p);
	return name;
}

static long order(int p, enum what what)
{
	const struct timespec second = { .tv_sec = 1 };
	struct actor *a = &actors[p];
	int status;

	a->what = what;
	__atomic_store_n(&a->turn, 1, __ATOMIC_RELEASE);
	futex(&a->turn, FUTEX_WAKE, 1, NULL);
	while (__atomic_load_n(&a->turn, __ATOMIC_ACQUIRE)) {
		futex(&a->turn, FUTEX_WAIT, 1, &second);
		if (__atomic_load_n(&a->turn, __ATOMIC_ACQUIRE) &&
		    waitpid(pids[p], &status, WNOHANG) == pids[p]) {
			pids[p] = 0;
			differ("a process has died (%s, wait status %#x)",
			       actor_name(p), status);
		}
	}
	return a->result;
}

void actors_begin(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
				.sa_flags = SA_SIGINFO };

	actors = mmap(NULL, (NR_PROCS + 1) * sizeof(*actors),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(actors != MAP_FAILED, "mmap: %m");
	pids[ZYGOTE] = fork();
	must(pids[ZYGOTE] >= 0, "fork: %m");
	if (!pids[ZYGOTE]) {
		sigaction(SIGBUS, &sa, NULL);
		serve(&actors[ZYGOTE]);
	}
}

void actor_start(int p, int parent)
{
	memset(&actors[p], 0, sizeof(actors[p]));
	actors[parent].value = p;
	pids[p] = order(parent, FORK);
	must(pids[p] > 0, "clone: %s", strerror(-pids[p]));
	order(p, PING);
}

void actor_exit(int p)
{
	int status;

	actors[p].what = EXIT;
	__atomic_store_n(&actors[p].turn, 1, __ATOMIC_RELEASE);
	futex(&actors[p].turn, FUTEX_WAKE, 1, NULL);
	must(waitpid(pids[p], &status, 0) == pids[p], "waitpid: %m");
	pids[p] = 0;
	if (status)
		differ("a process has not exited as it was to (%s, wait status %#x)",
		       actor_name(p), status);
}

pid_t actor_pid(int p)
{
	return pids[p];
}

void actor_policy(int p, int policy)
{
	actors[p].value = policy;
	must(!order(p, POLICY), "PR_MCE_KILL failed");
}

unsigned long actor_map(int p, unsigned long addr, const char *path, long pgoff,
			long pages, bool shared)
{
	struct actor *a = &actors[p];
	long ret;

	a->addr = addr;
	a->len = pages * PAGE;
	a->offset = pgoff * PAGE;
	a->flags = shared ? MAP_SHARED : MAP_PRIVATE;
	strncpy(a->path, path, sizeof(a->path) - 1);
	ret = order(p, MAP);
	if (ret)
		differ("mmap() fails (%s)", strerror(-ret));
	return addr;
}

static long order_range(int p, enum what what, unsigned long addr, long pages)
{
	actors[p].addr = addr;
	actors[p].len = pages * PAGE;
	return order(p, what);
}

void actor_unmap(int p, unsigned long addr, long pages)
{
	long ret = order_range(p, UNMAP, addr, pages);

	if (ret)
		differ("munmap() fails (%s)", strerror(-ret));
}

void actor_drop(int p, unsigned long addr, long pages)
{
	long ret = order_range(p, DROP, addr, pages);

	if (ret)
		differ("MADV_DONTNEED fails (%s)", strerror(-ret));
}

int actor_sync(int p, unsigned long addr, long pages)
{
	return order_range(p, SYNC, addr, pages);
}

void actor_move(int p, unsigned long addr, long pages, unsigned long to)
{
	long ret;

	actors[p].to = to;
	ret = order_range(p, MOVE, addr, pages);
	if (ret)
		differ("mremap() fails (%s)", strerror(-ret));
}

void actor_access(int p, struct access *accesses, int nr)
{
	struct actor *a = &actors[p];

	a->nr = nr;
	memcpy(a->access, accesses, nr * sizeof(*accesses));
	order(p, ACCESS);
	memcpy(accesses, a->access, nr * sizeof(*accesses));
}

/* The signals since this was last asked for. */
int actor_signals(int p, bool ping, struct signal_got *got, int max)
{
	struct actor *a = &actors[p];
	int n;

	if (ping)
		order(p, PING);
	n = a->nr_signals < max ? a->nr_signals : max;
	memcpy(got, a->got, n * sizeof(*got));
	n = a->nr_signals;
	a->nr_signals = 0;
	return n;
}
