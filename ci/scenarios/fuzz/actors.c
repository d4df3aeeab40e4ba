// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that map files on order, like those of ../lib/procs.c, but they
 * fork, and an order costs only two context switches. An order and its answer
 * are in memory that all of them share from the start; a futex determines whose
 * turn it is.
 *
 * All are forked, with CLONE_PARENT, from one of them or from the zygote, which
 * never maps a file. So all are children of the process that gives the orders,
 * and once it has waited for one of them, that one no longer maps anything.
 */
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <setjmp.h>
#include "fuzz.h"

struct actor *actors;
static pid_t pids[NR_ACTORS];
static int pagemaps[NR_ACTORS];

static void futex(uint32_t *word, int op, uint32_t value,
		  const struct timespec *limit)
{
	syscall(SYS_futex, word, op, value, limit, NULL, 0);
}

/* --- in the actor --- */

static struct actor *self;
static sigjmp_buf out_of_access;
static struct access *volatile accessing;
static int pins[2] = { -1, -1 };

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

	(void)signo;
	(void)context;
	if (!of_storm(info)) {
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
		if (a->len)
			for (i = 0; i < a->len; i++)
				byte[i] = a->byte;
		else
			a->hash = page_hash((void *)a->addr);
		a->failed = false;
	}
	accessing = NULL;
}

static long do_accesses(struct actor *a)
{
	int i;

	for (i = 0; i < a->nr; i++)
		do_access(&a->access[i]);
	return 0;
}

long do_storm(struct actor *a)
{
	struct access *access;
	int round;

	for (round = 0; round < a->value; round++) {
		for (access = a->access; access < a->access + a->nr; access++) {
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

static long do_ping(struct actor *a)
{
	(void)a;
	return 0;
}

static long do_call(struct actor *a)
{
	const long *c = a->call;
	long ret = syscall(c[0], c[1], c[2], c[3], c[4], c[5]);

	return ret < 0 ? -errno : ret;
}

static void serve(struct actor *a);

static long do_fork(struct actor *a)
{
	struct actor *child = &actors[a->value];
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL,
			   0);

	if (!pid)
		serve(child);
	return pid < 0 ? -errno : pid;
}

long do_map(struct actor *a)
{
	int fd = open(a->path, O_RDWR);
	void *at;

	if (fd < 0)
		return -errno;
	at = mmap((void *)a->addr, a->len, PROT_READ | PROT_WRITE,
		  a->flags | MAP_FIXED, fd, a->offset);
	close(fd);
	return at == MAP_FAILED ? -errno : at == (void *)a->addr ? 0 : -EINVAL;
}

/* The result of a transfer of a page; -errno */
static long whole(ssize_t n)
{
	return n < 0 ? -errno : n == BLOCK ? 0 : -EIO;
}

long do_direct_io(struct actor *a)
{
	int fd = open(a->path, O_RDWR | O_DIRECT);
	long ret = whole(a->value ? pread(fd, (void *)a->addr, PAGE, 0) :
			 pwrite(fd, (void *)a->addr, PAGE, 0));

	close(fd);
	return ret;
}

long do_register(struct actor *a)
{
	struct iovec iov = { (void *)a->addr, PAGE };
	struct io_uring_params params = {};
	long ret = 0;
	int fd;

	fd = syscall(__NR_io_uring_setup, 1, &params);
	if (fd < 0)
		return -errno;
	if (syscall(__NR_io_uring_register, fd, IORING_REGISTER_BUFFERS, &iov,
		    1) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void close_pins(void)
{
	if (pins[0] < 0)
		return;
	close(pins[0]);
	close(pins[1]);
	pins[0] = pins[1] = -1;
}

long do_pin(struct actor *a)
{
	struct iovec iov = { (void *)a->addr, PAGE };

	if (pins[0] < 0 && pipe(pins))
		return -errno;
	return whole(vmsplice(pins[1], &iov, 1, SPLICE_F_NONBLOCK));
}

long do_unpin(struct actor *a)
{
	static unsigned char page[PAGE] __attribute__((aligned(8)));
	int n;

	for (n = 0; n < a->nr; n++) {
		if (read(pins[0], page, PAGE) != BLOCK)
			break;
		a->access[n].hash = page_hash(page);
	}
	close_pins();
	return n;
}

long do_fail(struct actor *a)
{
	if (!(a->flags & MACHINE_CHECK))
		return poison(a->addr);
	raise_machine_check(a->addr);
	return 0;
}

long do_write(struct actor *a)
{
	static unsigned char buffer[CHUNK * PAGE];
	int fd = open(a->path, O_RDWR);
	ssize_t n;

	memset(buffer, a->value, a->len);
	n = pwrite(fd, buffer, a->len, a->offset);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

/* A reflink of a part of a file. It is removed at once and not in the model. */
long do_clone(struct actor *a)
{
	struct file_clone_range range = {
		.src_fd = open(a->path, O_RDWR),
		.src_offset = a->offset,
		.src_length = a->len,
	};
	int fd = open(MNT "/clone", O_RDWR | O_CREAT | O_EXCL, 0600);
	long ret = 0;

	if (fd < 0 || range.src_fd < 0 || ioctl(fd, FICLONERANGE, &range))
		ret = -errno;
	close(fd);
	close(range.src_fd);
	unlink(MNT "/clone");
	return ret;
}

static void serve(struct actor *a)
{
	self = a;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_pins();			/* the parent's */
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

/* --- in the process that gives the orders --- */

static const char *actor_name(int p)
{
	static const char *const names[] = { "zygote", "injector", "writer" };
	static char name[24];

	if (p >= NR_PROCS)
		return names[p - NR_PROCS];
	snprintf(name, sizeof(name), "process %d", p);
	return name;
}

static bool ordered[NR_ACTORS];

void order_too(int p, work *what)
{
	ordered[p] = true;
	actors[p].what = what;
	__atomic_store_n(&actors[p].turn, 1, __ATOMIC_RELEASE);
	futex(&actors[p].turn, FUTEX_WAKE, 1, NULL);
}

void actors_wait(void)
{
	const struct timespec second = { .tv_sec = 1 };
	int p, status;

	for (p = 0; p < NR_ACTORS; p++) {
		struct actor *a = &actors[p];

		while (ordered[p] &&
		       __atomic_load_n(&a->turn, __ATOMIC_ACQUIRE)) {
			futex(&a->turn, FUTEX_WAIT, 1, &second);
			if (__atomic_load_n(&a->turn, __ATOMIC_ACQUIRE) &&
			    waitpid(pids[p], &status, WNOHANG) == pids[p])
				differ("a process has died (%s, wait status %#x)",
				       actor_name(p), status);
		}
		ordered[p] = false;
	}
}

long order(int p, work *what)
{
	order_too(p, what);
	actors_wait();
	return actors[p].result;
}

long call_array(int p, const long *call)
{
	memcpy(actors[p].call, call, sizeof(actors[p].call));
	return order(p, do_call);
}

void actors_begin(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
				.sa_flags = SA_SIGINFO };

	actors = mmap(NULL, NR_ACTORS * sizeof(*actors), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(actors != MAP_FAILED, "mmap: %m");
	pids[ZYGOTE] = fork();
	must(pids[ZYGOTE] >= 0, "fork: %m");
	if (!pids[ZYGOTE]) {
		sigaction(SIGBUS, &sa, NULL);
		serve(&actors[ZYGOTE]);
	}
	actor_start(INJECTOR, ZYGOTE);
	actor_start(WRITER, ZYGOTE);
}

void actor_start(int p, int parent)
{
	char path[32];

	memset(&actors[p], 0, sizeof(actors[p]));
	actors[parent].value = p;
	pids[p] = order(parent, do_fork);
	must(pids[p] > 0, "clone: %s", strerror(-pids[p]));
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pids[p]);
	pagemaps[p] = open(path, O_RDONLY | O_CLOEXEC);
	must(pagemaps[p] >= 0, "%s: %m", path);
	order(p, do_ping);
}

void actor_exit(int p)
{
	int status;

	order_too(p, NULL);
	must(waitpid(pids[p], &status, 0) == pids[p], "waitpid: %m");
	ordered[p] = false;
	pids[p] = 0;
	close(pagemaps[p]);
	if (status)
		differ("a process has not exited as ordered (%s, wait status %#x)",
		       actor_name(p), status);
}

pid_t actor_pid(int p)
{
	return pids[p];
}

int actor_pagemap(int p)
{
	return pagemaps[p];
}

void set_path(int p, const char *path)
{
	snprintf(actors[p].path, sizeof(actors[p].path), "%s", path);
}

void actor_access(int p, struct access *accesses, int nr)
{
	actors[p].nr = nr;
	memcpy(actors[p].access, accesses, nr * sizeof(*accesses));
	order(p, do_accesses);
	memcpy(accesses, actors[p].access, nr * sizeof(*accesses));
}

int actor_signals(int p, bool ping, struct signal_got *got, int max)
{
	struct actor *a = &actors[p];
	int n;

	if (ping)
		order(p, do_ping);
	n = a->nr_signals;
	memcpy(got, a->got, min(n, max) * sizeof(*got));
	a->nr_signals = 0;
	return n;
}
