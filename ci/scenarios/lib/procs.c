// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that map files on order and note the signals they get.
 *
 * A process waits for orders on a socket, carries one out and answers. Its
 * SIGBUS handler writes what it got into memory shared with the parent. When a
 * load or store of its own drew the signal, the handler leaves by siglongjmp():
 * the access would fault again for ever.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "lib.h"

struct order {
	enum { PING, MAP, UNMAP, LOAD, STORE, ADVISE, POLICY, HAMMER,
	       GO } what;
	unsigned long addr;
	size_t len;
	off_t offset;
	int prot, flags;
	int value;		/* byte, advice or policy */
	char path[64];
	void (*round)(void *);
	void *with;
};

struct answer {
	long value;
	int error;
};

static struct proc *procs[256];
static unsigned int nr_procs;

/* --- in the process --- */

static struct proc *self;
void (*sigbus_hook)(const siginfo_t *info);
static __thread sigjmp_buf out_of_access;
static __thread volatile sig_atomic_t accessing;

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	int n = self->seen->n;

	(void)signo;
	(void)context;
	if (n < (int)ARRAY_SIZE(self->seen->got)) {
		self->seen->got[n].code = info->si_code;
		self->seen->got[n].addr = (unsigned long)info->si_addr;
		/* the field is there only for these two codes */
		if (info->si_code == BUS_MCEERR_AO ||
		    info->si_code == BUS_MCEERR_AR)
			self->seen->got[n].lsb = info->si_addr_lsb;
	}
	self->seen->n = n + 1;
	if (sigbus_hook)
		sigbus_hook(info);
	if (accessing && info->si_code != BUS_MCEERR_AO)
		siglongjmp(out_of_access, 1);
}

static long access_byte(struct order *o)
{
	volatile unsigned char *byte = (void *)o->addr;
	long value = SIGNALLED;

	if (!sigsetjmp(out_of_access, 1)) {
		accessing = 1;
		if (o->what == LOAD) {
			value = *byte;
		} else {
			*byte = o->value;
			value = 0;
		}
	}
	accessing = 0;
	return value;
}

int load_here(unsigned long addr)
{
	struct order o = { .what = LOAD, .addr = addr };

	return access_byte(&o);
}

int store_here(unsigned long addr, int byte)
{
	struct order o = { .what = STORE, .addr = addr, .value = byte };

	return access_byte(&o);
}

static long map_file(struct order *o)
{
	int fd = open(o->path, O_RDWR);
	void *at = NULL;

	if (fd < 0)
		return -1;
	/* PMDs want address and file offset to be congruent: find a gap. */
	if (o->flags & MAP_FIXED) {
		at = mmap(NULL, o->len + PMD, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			return -1;
		at = (void *)(((unsigned long)at + PMD - 1) & ~(PMD - 1));
	}
	at = mmap(at, o->len, o->prot, o->flags, fd, o->offset);
	close(fd);
	return (long)at;
}

static long hammer_page(struct order *o)
{
	struct order read = { .what = LOAD };
	long times = 0;

	while (!self->seen->stop) {
		unsigned long start = o->addr + self->seen->aim * PAGE;

		madvise((void *)start, WINDOW * PAGE, MADV_DONTNEED);
		for (read.addr = start; read.addr < start + WINDOW * PAGE;
		     read.addr += PAGE)
			access_byte(&read);
		times++;
	}
	return times;
}

static long go(struct order *o)
{
	long times = 0;

	while (!self->seen->stop) {
		o->round(o->with);
		times++;
	}
	return times;
}

static long carry_out(struct order *o)
{
	switch (o->what) {
	case PING:
		return 0;
	case MAP:
		return map_file(o);
	case UNMAP:
		return munmap((void *)o->addr, o->len);
	case LOAD:
	case STORE:
		return access_byte(o);
	case ADVISE:
		return madvise((void *)o->addr, o->len, o->value);
	case POLICY:
		return prctl(PR_MCE_KILL, PR_MCE_KILL_SET, o->value, 0, 0);
	case HAMMER:
		return hammer_page(o);
	case GO:
		return go(o);
	}
	return -1;
}

static void serve(struct proc *p)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
				.sa_flags = SA_SIGINFO | SA_RESTART };
	struct order o;
	struct answer a;
	unsigned int i;

	self = p;
	sigaction(SIGBUS, &sa, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Others' ends would keep their processes from seeing the end. */
	for (i = 0; i < nr_procs; i++)
		if (procs[i])
			close(procs[i]->orders);
	while (recv(p->orders, &o, sizeof(o), 0) == sizeof(o)) {
		errno = 0;
		a.value = carry_out(&o);
		a.error = errno;
		if (send(p->orders, &a, sizeof(a), 0) != sizeof(a))
			break;
	}
	_exit(0);
}

/* --- in the parent --- */

struct proc *start(const char *fmt, ...)
{
	struct proc *p = calloc(1, sizeof(*p));
	int ends[2];
	va_list ap;

	must(p && nr_procs < ARRAY_SIZE(procs), "too many processes");
	va_start(ap, fmt);
	vsnprintf(p->name, sizeof(p->name), fmt, ap);
	va_end(ap);
	p->seen = mmap(NULL, sizeof(*p->seen), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(p->seen != MAP_FAILED, "mmap: %m");
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
	     "socketpair: %m");

	p->pid = fork();
	must(p->pid >= 0, "fork: %m");
	if (!p->pid) {
		close(ends[0]);
		p->orders = ends[1];
		serve(p);
	}
	close(ends[1]);
	p->orders = ends[0];
	procs[nr_procs++] = p;
	return p;
}

static void gone(struct proc *p)
{
	int status = 0;

	waitpid(p->pid, &status, 0);
	give_up("process %s is gone, wait status %#x", p->name, status);
}

static void give_order(struct proc *p, const struct order *o)
{
	if (send(p->orders, o, sizeof(*o), MSG_NOSIGNAL) != sizeof(*o))
		gone(p);
}

static struct answer get_answer(struct proc *p)
{
	struct answer a;

	if (recv(p->orders, &a, sizeof(a), 0) != sizeof(a))
		gone(p);
	return a;
}

static struct answer order(struct proc *p, const struct order *o)
{
	give_order(p, o);
	return get_answer(p);
}

void finish(struct proc *p)
{
	unsigned int i;

	close(p->orders);
	waitpid(p->pid, NULL, 0);
	munmap((void *)p->seen, sizeof(*p->seen));
	for (i = 0; i < nr_procs; i++)
		if (procs[i] == p)
			procs[i] = NULL;
	while (nr_procs && !procs[nr_procs - 1])
		nr_procs--;
	free(p);
}

void finish_all(void)
{
	unsigned int i;

	for (i = nr_procs; i--; )
		if (procs[i])
			finish(procs[i]);
}

unsigned long map(struct proc *p, const char *path, off_t offset, size_t len,
		  int prot, int flags)
{
	struct order o = { .what = MAP, .offset = offset, .len = len,
			   .prot = prot, .flags = flags };
	struct answer a;

	strncpy(o.path, path, sizeof(o.path) - 1);
	a = order(p, &o);
	must(a.value != -1, "%s: mmap of %s: %s", p->name, path,
	     strerror(a.error));
	return a.value;
}

unsigned long map_page(struct proc *p, const char *path, off_t offset)
{
	unsigned long addr = map(p, path, offset, PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED);

	must(load(p, addr) != SIGNALLED, "%s: reading %s drew a signal",
	     p->name, path);
	return addr;
}

unsigned long map_huge(struct proc *p, const char *path, off_t offset,
		       size_t len)
{
	unsigned long addr = map(p, path, offset, len, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED);

	must(load(p, addr) != SIGNALLED, "%s: reading %s drew a signal",
	     p->name, path);
	must(maps_huge(p, addr), "%s: %s is not mapped by a PMD", p->name,
	     path);
	return addr;
}

void unmap(struct proc *p, unsigned long addr, size_t len)
{
	struct order o = { .what = UNMAP, .addr = addr, .len = len };

	must(!order(p, &o).value, "%s: munmap failed", p->name);
}

int load(struct proc *p, unsigned long addr)
{
	struct order o = { .what = LOAD, .addr = addr };

	return order(p, &o).value;
}

int store(struct proc *p, unsigned long addr, int byte)
{
	struct order o = { .what = STORE, .addr = addr, .value = byte };

	return order(p, &o).value;
}

int advise(struct proc *p, unsigned long addr, size_t len, int advice)
{
	struct order o = { .what = ADVISE, .addr = addr, .len = len,
			   .value = advice };
	struct answer a = order(p, &o);

	return a.value ? -a.error : 0;
}

void mce_policy(struct proc *p, int policy)
{
	struct order o = { .what = POLICY, .value = policy };

	must(!order(p, &o).value, "%s: PR_MCE_KILL failed", p->name);
}

void hammer(struct proc *p, unsigned long addr)
{
	struct order o = { .what = HAMMER, .addr = addr };

	p->seen->stop = false;
	p->seen->aim = 0;
	give_order(p, &o);
}

void set_going(struct proc *p, void (*round)(void *), void *with)
{
	struct order o = { .what = GO, .round = round, .with = with };

	p->seen->stop = false;
	give_order(p, &o);
}

long relent(struct proc *p)
{
	p->seen->stop = true;
	return get_answer(p).value;
}

static uint64_t pagemap(struct proc *p, unsigned long addr)
{
	char path[32];
	uint64_t entry;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", p->pid);
	fd = open(path, O_RDONLY);
	must(fd >= 0 && pread(fd, &entry, 8, addr / PAGE * 8) == 8, "%s: %m",
	     path);
	close(fd);
	return entry;
}

bool maps(struct proc *p, unsigned long addr)
{
	return pagemap(p, addr) >> 63;
}

unsigned long pfn_of(struct proc *p, unsigned long addr)
{
	uint64_t entry = pagemap(p, addr);
	unsigned long pfn = entry & ((1ULL << 55) - 1);

	must(entry >> 63 && pfn, "%s does not map %#lx", p->name, addr);
	return pfn;
}

/* As in the kernel's linux/fs.h, which Debian 12's headers are too old for. */
struct pm_scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, all_of, any_of, return_mask;
};
struct pm_region {
	uint64_t start, end, categories;
};
#define SCAN_IOCTL	_IOWR('f', 16, struct pm_scan)
#define SCAN_PRESENT	(1 << 3)
#define SCAN_HUGE	(1 << 6)

unsigned long mapped_huge(int pagemap, unsigned long start, unsigned long len)
{
	struct pm_region region = {};
	struct pm_scan scan = {
		.size = sizeof(scan),
		.start = start,
		.end = start + len,
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.all_of = SCAN_PRESENT | SCAN_HUGE,
		.return_mask = SCAN_PRESENT | SCAN_HUGE,
	};
	int n = ioctl(pagemap, SCAN_IOCTL, &scan);

	must(n >= 0, "PAGEMAP_SCAN: %m");
	return n ? region.end - region.start : 0;
}

bool maps_huge(struct proc *p, unsigned long addr)
{
	unsigned long len;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", p->pid);
	fd = open(path, O_RDONLY);
	must(fd >= 0, "%s: %m", path);
	len = mapped_huge(fd, addr & ~(PMD - 1), PMD);
	close(fd);
	return len == PMD;
}

int signals(struct proc *p)
{
	struct order o = { .what = PING };

	order(p, &o);
	return p->seen->n;
}

void forget(struct proc *p)
{
	signals(p);
	p->seen->n = 0;
}

static const char *code_name(int code)
{
	switch (code) {
	case BUS_ADRERR:
		return "BUS_ADRERR";
	case BUS_MCEERR_AO:
		return "BUS_MCEERR_AO";
	case BUS_MCEERR_AR:
		return "BUS_MCEERR_AR";
	}
	return "another code";
}

static void show_signals(struct proc *p, int n)
{
	int i;

	remark("%s got %d SIGBUS", p->name, n);
	for (i = 0; i < n && i < (int)ARRAY_SIZE(p->seen->got); i++)
		remark("  %s at %#lx, lsb %d", code_name(p->seen->got[i].code),
		       p->seen->got[i].addr, p->seen->got[i].lsb);
}

bool told(struct proc *p, int code, unsigned long addr, int lsb)
{
	int n = signals(p);

	if (n == 1 && p->seen->got[0].code == code &&
	    p->seen->got[0].addr == addr && p->seen->got[0].lsb == lsb)
		return true;
	show_signals(p, n);
	remark("  expected is one %s at %#lx, lsb %d", code_name(code), addr,
	       lsb);
	return false;
}

bool told_among(struct proc *p, int code, const unsigned long *addrs, int nr,
		int lsb)
{
	int i, j, good = 0, n = signals(p);

	for (i = 0; i < n && i < (int)ARRAY_SIZE(p->seen->got); i++)
		for (j = 0; j < nr; j++)
			good += p->seen->got[i].code == code &&
				p->seen->got[i].addr == addrs[j] &&
				p->seen->got[i].lsb == lsb;
	if (n && good == n)
		return true;
	show_signals(p, n);
	for (j = 0; j < nr; j++)
		remark("  expected is %s at %#lx, lsb %d", code_name(code),
		       addrs[j], lsb);
	return false;
}

bool untold(struct proc *p)
{
	int n = signals(p);

	if (n)
		show_signals(p, n);
	return !n;
}
