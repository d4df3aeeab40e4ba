// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that map files on order, as those of ../lib/procs.c, but they fork,
 * and an order costs two context switches and no more. An order and its answer
 * are in memory that all of them share from the beginning; a futex says whose
 * turn it is.
 *
 * All are forked, with CLONE_PARENT, from one of them or from the zygote, which
 * never maps a file. So all are children of the process that gives the orders,
 * and after a wait for one of them, that one has nothing mapped any more.
 */
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/fs.h>
#include <time.h>
#include "ops.h"

#define MAX_SIGNALS	64

enum what {
	PING, FORK, EXIT, POLICY, MAP, UNMAP, SYNC, ADVISE, LOCK, MOVE, ACCESS,
	DIRECT_IO, REGISTER, PIN, UNPIN, STORM, FAIL, WRITE, CLONE
};

struct actor {
	uint32_t turn;			/* the actor's; futex */
	enum what what;
	unsigned long addr, to, len;
	off_t offset;
	int flags, value;
	char path[32], other[32];
	int nr;
	struct access access[MAX_ACCESSES];
	long result;			/* -errno */

	volatile int nr_signals;	/* may exceed the array */
	struct signal_got got[MAX_SIGNALS];
};

static struct actor *actors;
static pid_t pids[NR_ACTORS];

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

/* An access in a storm is repeated, and each time may draw this signal. */
static bool of_storm(const siginfo_t *info)
{
	return accessing && self->what == STORM &&
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

static void do_storm(struct actor *a)
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
		  a->flags | MAP_FIXED, fd, a->offset);
	close(fd);
	return at == MAP_FAILED ? -errno : at == (void *)a->addr ? 0 : -EINVAL;
}

static long do_direct_io(struct actor *a)
{
	int fd = open(a->path, O_RDWR | O_DIRECT);
	ssize_t n = -1;
	long ret;

	if (fd >= 0)
		n = a->value ? pread(fd, (void *)a->addr, PAGE, 0) :
			pwrite(fd, (void *)a->addr, PAGE, 0);
	ret = n < 0 ? -errno : n == BLOCK ? 0 : -EIO;
	if (fd >= 0)
		close(fd);
	return ret;
}

/* A page of memory as a fixed buffer of io_uring, which is a long-term pin */
static long do_register(struct actor *a)
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

static long do_pin(struct actor *a)
{
	struct iovec iov = { (void *)a->addr, PAGE };
	ssize_t n;

	if (pins[0] < 0 && pipe(pins))
		return -errno;
	n = vmsplice(pins[1], &iov, 1, SPLICE_F_NONBLOCK);
	return n < 0 ? -errno : n == BLOCK ? 0 : -EIO;
}

/* Returns the number of pages that could be read. */
static long do_unpin(struct actor *a)
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

static long do_fail(struct actor *a)
{
	long ret = 0;

	if (a->flags & MACHINE_CHECK)
		raise_machine_check(a->addr);
	else
		ret = poison(a->addr);
	if (a->flags & SCRUBBED)
		record_bad_block(a->offset);
	return ret;
}

static long do_write(struct actor *a)
{
	static unsigned char buffer[CHUNK * PAGE];
	int fd = open(a->path, O_RDWR);
	ssize_t n = -1;

	memset(buffer, a->value, a->len);
	if (fd >= 0)
		n = pwrite(fd, buffer, a->len, a->offset);
	n = n < 0 ? -errno : n;
	if (fd >= 0)
		close(fd);
	return n;
}

/* A reflink of a part of a file. It is removed at once, and not in the model. */
static long do_clone(struct actor *a)
{
	struct file_clone_range range = {
		.src_fd = open(a->path, O_RDWR),
		.src_offset = a->offset,
		.src_length = a->len,
	};
	int fd = open(a->other, O_RDWR | O_CREAT | O_EXCL, 0600);
	long ret = 0;

	if (fd < 0 || range.src_fd < 0 || ioctl(fd, FICLONERANGE, &range))
		ret = -errno;
	close(fd);
	close(range.src_fd);
	unlink(a->other);
	return ret;
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
	case SYNC:
		ret = msync(addr, a->len, MS_SYNC);
		break;
	case ADVISE:
		ret = madvise(addr, a->len, a->value);
		break;
	case LOCK:
		ret = mlock(addr, a->len);
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
	case DIRECT_IO:
		return do_direct_io(a);
	case REGISTER:
		return do_register(a);
	case PIN:
		return do_pin(a);
	case UNPIN:
		return do_unpin(a);
	case STORM:
		do_storm(a);
		break;
	case FAIL:
		return do_fail(a);
	case WRITE:
		return do_write(a);
	case CLONE:
		return do_clone(a);
	}
	return ret ? -errno : 0;
}

static void serve(struct actor *a)
{
	self = a;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_pins();			/* the parent's */
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

static void begin_order(int p, enum what what)
{
	actors[p].what = what;
	__atomic_store_n(&actors[p].turn, 1, __ATOMIC_RELEASE);
	futex(&actors[p].turn, FUTEX_WAKE, 1, NULL);
}

static long end_order(int p)
{
	const struct timespec second = { .tv_sec = 1 };
	struct actor *a = &actors[p];
	int status;

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

static long order(int p, enum what what)
{
	begin_order(p, what);
	return end_order(p);
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
	memset(&actors[p], 0, sizeof(actors[p]));
	actors[parent].value = p;
	pids[p] = order(parent, FORK);
	must(pids[p] > 0, "clone: %s", strerror(-pids[p]));
	order(p, PING);
}

void actor_exit(int p)
{
	int status;

	begin_order(p, EXIT);
	must(waitpid(pids[p], &status, 0) == pids[p], "waitpid: %m");
	pids[p] = 0;
	if (status)
		differ("a process has not exited as ordered (%s, wait status %#x)",
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

static void set_path(char (*to)[32], const char *path)
{
	snprintf(*to, sizeof(*to), "%s", path);
}

int actor_map(int p, unsigned long addr, const char *path, long pgoff,
	      long pages, int flags)
{
	struct actor *a = &actors[p];

	a->addr = addr;
	a->len = pages * PAGE;
	a->offset = pgoff * PAGE;
	a->flags = flags;
	set_path(&a->path, path);
	return order(p, MAP);
}

static int order_range(int p, enum what what, unsigned long addr, long pages)
{
	actors[p].addr = addr;
	actors[p].len = pages * PAGE;
	return order(p, what);
}

int actor_unmap(int p, unsigned long addr, long pages)
{
	return order_range(p, UNMAP, addr, pages);
}

int actor_sync(int p, unsigned long addr, long pages)
{
	return order_range(p, SYNC, addr, pages);
}

int actor_advise(int p, unsigned long addr, long pages, int advice)
{
	actors[p].value = advice;
	return order_range(p, ADVISE, addr, pages);
}

int actor_lock(int p, unsigned long addr, long pages)
{
	return order_range(p, LOCK, addr, pages);
}

int actor_move(int p, unsigned long addr, long pages, unsigned long to)
{
	actors[p].to = to;
	return order_range(p, MOVE, addr, pages);
}

int actor_direct_io(int p, unsigned long addr, bool to_memory)
{
	actors[p].value = to_memory;
	set_path(&actors[p].path, direct_io_device());
	return order_range(p, DIRECT_IO, addr, 1);
}

int actor_register(int p, unsigned long addr)
{
	return order_range(p, REGISTER, addr, 1);
}

int actor_pin(int p, unsigned long addr)
{
	return order_range(p, PIN, addr, 1);
}

int actor_unpin(int p, uint64_t *hashes)
{
	int n, i;

	actors[p].nr = processes[p].nr_pins;
	n = order(p, UNPIN);
	for (i = 0; i < n; i++)
		hashes[i] = actors[p].access[i].hash;
	return n;
}

static void set_accesses(int p, const struct access *accesses, int nr)
{
	actors[p].nr = nr;
	memcpy(actors[p].access, accesses, nr * sizeof(*accesses));
}

void actor_access(int p, struct access *accesses, int nr)
{
	set_accesses(p, accesses, nr);
	order(p, ACCESS);
	memcpy(accesses, actors[p].access, nr * sizeof(*accesses));
}

/* The signals since this was last asked for */
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

/* --- at the same time --- */

static bool ordered[NR_ACTORS];

static void begin_one_of_many(int p, enum what what)
{
	ordered[p] = true;
	begin_order(p, what);
}

void actor_storm(int p, const struct access *accesses, int nr, int rounds)
{
	set_accesses(p, accesses, nr);
	actors[p].value = rounds;
	begin_one_of_many(p, STORM);
}

void actor_fail(unsigned long pfn, long sector, int how)
{
	actors[INJECTOR].addr = pfn;
	actors[INJECTOR].offset = sector;
	actors[INJECTOR].flags = how;
	begin_one_of_many(INJECTOR, FAIL);
}

void actor_write(const char *path, long at, long len, int byte)
{
	set_path(&actors[WRITER].path, path);
	actors[WRITER].offset = at;
	actors[WRITER].len = len;
	actors[WRITER].value = byte;
	begin_one_of_many(WRITER, WRITE);
}

void actor_clone(const char *path, long page, long n, const char *to)
{
	set_path(&actors[WRITER].path, path);
	set_path(&actors[WRITER].other, to);
	actors[WRITER].offset = page * PAGE;
	actors[WRITER].len = n * PAGE;
	begin_one_of_many(WRITER, CLONE);
}

void actors_wait(void)
{
	int p;

	for (p = 0; p < NR_ACTORS; p++)
		if (ordered[p])
			end_order(p);
	memset(ordered, 0, sizeof(ordered));
}

const struct access *actor_accesses(int p)
{
	return actors[p].access;
}

long actor_result(int p)
{
	return actors[p].result;
}
