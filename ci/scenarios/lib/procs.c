// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that map files on order and record the signals they get.
 *
 * A process waits for orders on a socket, carries one out and answers. Its
 * SIGBUS handler records the signal in memory shared with the parent. If a load
 * or store of its own caused the signal, the handler leaves by siglongjmp():
 * otherwise the access would fault endlessly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include "lib.h"

/* A function is at the same address in all processes. */
struct order {
	long (*what)(const struct order *o);
	unsigned long addr;
	size_t len;
	off_t offset;
	int prot, flags;
	int value;		/* byte, advice or policy */
	char path[64];
	void (*round)(void *);
	void *with;
	int (*call)(unsigned long);
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

void note_signal(volatile struct signal_got *got, const siginfo_t *info)
{
	got->code = info->si_code;
	got->addr = (unsigned long)info->si_addr;
	/* the field is there only for these two codes */
	got->lsb = info->si_code == BUS_MCEERR_AO ||
		info->si_code == BUS_MCEERR_AR ? info->si_addr_lsb : 0;
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	int n = self->seen->n;

	(void)signo;
	(void)context;
	if (n < (int)ARRAY_SIZE(self->seen->got))
		note_signal(&self->seen->got[n], info);
	self->seen->n = n + 1;
	if (sigbus_hook)
		sigbus_hook(info);
	if (accessing && info->si_code != BUS_MCEERR_AO)
		siglongjmp(out_of_access, 1);
}

/* The byte is loaded if the value is negative. */
static long access_byte(const struct order *o)
{
	volatile unsigned char *byte = (void *)o->addr;
	long value = SIGNALLED;

	if (!sigsetjmp(out_of_access, 1)) {
		accessing = 1;
		if (o->value < 0) {
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
	return store_here(addr, -1);
}

int store_here(unsigned long addr, int byte)
{
	return access_byte(&(struct order){ .addr = addr, .value = byte });
}

static long map_file(const struct order *o)
{
	int fd = open(o->path, o->prot & PROT_WRITE ? O_RDWR : O_RDONLY);
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

static long call(const struct order *o)
{
	return o->call(o->addr);
}

static long nothing(const struct order *o)
{
	(void)o;
	return 0;
}

static long unmap_range(const struct order *o)
{
	return munmap((void *)o->addr, o->len);
}

static long advise_range(const struct order *o)
{
	return madvise((void *)o->addr, o->len, o->value);
}

static long set_policy(const struct order *o)
{
	return prctl(PR_MCE_KILL, PR_MCE_KILL_SET, o->value, 0, 0);
}

static void hammer_round(void *at)
{
	unsigned long addr = (unsigned long)at + self->seen->aim * PAGE;
	int i;

	madvise((void *)addr, WINDOW * PAGE, MADV_DONTNEED);
	for (i = 0; i < WINDOW; i++)
		load_here(addr + i * PAGE);
}

static long go(const struct order *o)
{
	long times = 0;

	while (!self->seen->stop) {
		o->round(o->with);
		times++;
	}
	return times;
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
	/* Open ends of other sockets would keep their processes from seeing EOF. */
	for (i = 0; i < nr_procs; i++)
		if (procs[i])
			close(procs[i]->orders);
	while (recv(p->orders, &o, sizeof(o), 0) == sizeof(o)) {
		errno = 0;
		a.value = o.what(&o);
		a.error = errno;
		if (send(p->orders, &a, sizeof(a), 0) != sizeof(a))
			break;
	}
	_exit(0);
}

/* --- in the parent --- */

void *shared_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED, "mmap: %m");
	return at;
}

pid_t fork_child(void)
{
	pid_t pid = fork();

	must(pid >= 0, "fork: %m");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

int wait_for(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	return status;
}

char process_state(pid_t pid)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	return strrchr(text_of(path), ')')[2];
}

struct proc *start(const char *fmt, ...)
{
	struct proc *p = calloc(1, sizeof(*p));
	int ends[2];
	va_list ap;

	must(p && nr_procs < ARRAY_SIZE(procs), "too many processes");
	va_start(ap, fmt);
	vsnprintf(p->name, sizeof(p->name), fmt, ap);
	va_end(ap);
	p->seen = shared_memory(sizeof(*p->seen));
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));

	p->pid = fork_child();
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

	/* A child that was forked later has the socket as well. */
	shutdown(p->orders, SHUT_RDWR);
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
	struct order o = { map_file, .offset = offset, .len = len,
			   .prot = prot, .flags = flags };
	struct answer a;

	strncpy(o.path, path, sizeof(o.path) - 1);
	a = order(p, &o);
	must(a.value != -1, "%s: mmap of %s: %s", p->name, path,
	     strerror(a.error));
	p->at = a.value;
	p->byte = fill(offset / PAGE);
	p->lsb = PAGE_LSB;
	return a.value;
}

static unsigned long map_and_read(struct proc *p, const char *path, off_t offset,
				  size_t len, int flags)
{
	map(p, path, offset, len, PROT_READ | PROT_WRITE, MAP_SHARED | flags);
	p->byte = load(p, p->at);
	must(p->byte != SIGNALLED, "%s: reading %s drew a signal", p->name,
	     path);
	return p->at;
}

unsigned long map_page(struct proc *p, const char *path, off_t offset)
{
	return map_and_read(p, path, offset, PAGE, 0);
}

unsigned long map_huge(struct proc *p, const char *path, off_t offset,
		       size_t len)
{
	map_and_read(p, path, offset, len, MAP_FIXED);
	must(maps_huge(p, p->at), "%s: %s is not mapped by a PMD", p->name,
	     path);
	p->lsb = PMD_LSB;
	return p->at;
}

struct proc *map_by(const char *name, const char *path, off_t offset)
{
	struct proc *p = start("%s", name);

	map_page(p, path, offset);
	return p;
}

struct proc *map_huge_by(const char *name, const char *path, off_t offset)
{
	struct proc *p = start("%s", name);

	map_huge(p, path, offset & ~(PMD - 1), PMD);
	p->at += offset & (PMD - 1);
	p->byte = fill(offset / PAGE);
	return p;
}

struct proc *map_unread(const char *name, const char *path, off_t offset,
			int flags)
{
	struct proc *p = start("%s", name);

	map(p, path, offset, PAGE, PROT_READ | PROT_WRITE, flags);
	return p;
}

void make_handling_last(const char *path, size_t pages)
{
	struct proc *many = start("many mappings");
	int i;

	for (i = 0; i < 2000; i++)
		map(many, path, 0, pages * PAGE, PROT_READ, MAP_SHARED);
	for (i = 0; i < 24; i++)
		start("idle %d", i);
}

void unmap(struct proc *p, unsigned long addr, size_t len)
{
	struct order o = { unmap_range, .addr = addr, .len = len };

	must(!order(p, &o).value, "%s: munmap failed", p->name);
}

int load(struct proc *p, unsigned long addr)
{
	return store(p, addr, -1);
}

int store(struct proc *p, unsigned long addr, int byte)
{
	struct order o = { access_byte, .addr = addr, .value = byte };

	return order(p, &o).value;
}

void store_byte(struct proc *p, int byte)
{
	must(!store(p, p->at, byte), "%s: a store drew a signal", p->name);
	p->byte = byte;
}

int advise(struct proc *p, unsigned long addr, size_t len, int advice)
{
	struct order o = { advise_range, .addr = addr, .len = len,
			   .value = advice };
	struct answer a = order(p, &o);

	return a.value ? -a.error : 0;
}

void populate(struct proc *p, size_t len)
{
	must(!advise(p, p->at, len, MADV_POPULATE_READ),
	     "MADV_POPULATE_READ failed");
}

void mce_policy(struct proc *p, int policy)
{
	struct order o = { set_policy, .value = policy };

	must(!order(p, &o).value, "%s: PR_MCE_KILL failed", p->name);
}

void set_going(struct proc *p, void (*round)(void *), void *with)
{
	struct order o = { go, .round = round, .with = with };

	p->seen->stop = false;
	give_order(p, &o);
}

void call_both(struct proc *const *p, int (*what)(unsigned long),
	       const unsigned long arguments[2], int results[2])
{
	int i;

	for (i = 0; i < 2; i++)
		give_order(p[i], &(struct order){ call, .call = what,
						  .addr = arguments[i] });
	for (i = 0; i < 2; i++)
		results[i] = get_answer(p[i]).value;
}

void hammer(struct proc *p, unsigned long addr)
{
	p->seen->aim = 0;
	set_going(p, hammer_round, (void *)addr);
}

long relent(struct proc *p)
{
	p->seen->stop = true;
	return get_answer(p).value;
}

int open_pagemap(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	return open_file(path, O_RDONLY | O_CLOEXEC);
}

void read_pagemap(pid_t pid, unsigned long addr, uint64_t *entries, size_t nr)
{
	int fd = open_pagemap(pid);

	must(pread(fd, entries, nr * 8, addr / PAGE * 8) == (ssize_t)nr * 8,
	     "pagemap: %m");
	close(fd);
}

static uint64_t pagemap(struct proc *p, unsigned long addr)
{
	uint64_t entry;

	read_pagemap(p->pid, addr, &entry, 1);
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

/* As in the kernel's linux/fs.h, which Debian 12's headers lack. */
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
	int fd = open_pagemap(p->pid);
	unsigned long len = mapped_huge(fd, addr & ~(PMD - 1), PMD);

	close(fd);
	return len == PMD;
}

int signals(struct proc *p)
{
	order(p, &(struct order){ nothing });
	return p->seen->n;
}

void forget(struct proc *p)
{
	signals(p);
	p->seen->n = 0;
}

const char *code_name(int code)
{
	return code == BUS_MCEERR_AO ? "BUS_MCEERR_AO" :
	       code == BUS_MCEERR_AR ? "BUS_MCEERR_AR" :
	       code == BUS_ADRERR ? "BUS_ADRERR" : "another code";
}

static void show_signals(struct proc *p, int n)
{
	int i;

	remark("%s got %d SIGBUS", p->name, n);
	for (i = 0; i < n && i < (int)ARRAY_SIZE(p->seen->got); i++)
		remark("  %s at %#lx, lsb %d", code_name(p->seen->got[i].code),
		       p->seen->got[i].addr, p->seen->got[i].lsb);
}

bool got(struct proc *p, int code, unsigned long addr, int lsb)
{
	if (!got_among(p, code, &addr, 1, lsb))
		return false;
	if (p->seen->n > 1)
		show_signals(p, p->seen->n);
	return p->seen->n == 1;
}

bool is_signal(const volatile struct signal_got *got, int code,
	       unsigned long addr, int lsb)
{
	return got->code == code && got->addr == addr && got->lsb == lsb;
}

bool got_among(struct proc *p, int code, const unsigned long *addrs, int nr,
		int lsb)
{
	int i, j, good = 0, n = signals(p);

	for (i = 0; i < n && i < (int)ARRAY_SIZE(p->seen->got); i++)
		for (j = 0; j < nr; j++)
			good += is_signal(&p->seen->got[i], code, addrs[j], lsb);
	if (n && good == n)
		return true;
	show_signals(p, n);
	for (j = 0; j < nr; j++)
		remark("  expected is %s at %#lx, lsb %d", code_name(code),
		       addrs[j], lsb);
	return false;
}

bool got_none(struct proc *p)
{
	int n = signals(p);

	if (n)
		show_signals(p, n);
	return !n;
}

/* --- what became of the page at p->at --- */

unsigned long common_page(struct proc *const *list)
{
	unsigned long pfn = page_of(*list);
	struct proc *const *p;

	for (p = list; *p; p++)
		must(page_of(*p) == pfn,
		     "%s and %s do not share a page: is this DAX?",
		     (*list)->name, (*p)->name);
	return pfn;
}

bool all_of(bool (*is)(struct proc *p), struct proc *const *list)
{
	int nr = 0, good = 0;

	for (; list[nr]; nr++)
		good += is(list[nr]);
	if (good < nr && nr > 1)
		remark("%d of %d", good, nr);
	return good == nr;
}

bool got_ao(struct proc *p)
{
	return got(p, BUS_MCEERR_AO, p->at, p->lsb);
}

bool has(struct proc *p)
{
	return maps(p, p->at);
}

bool lost(struct proc *p)
{
	if (has(p))
		remark("%s maps the page", p->name);
	return !has(p);
}

bool reads(struct proc *p)
{
	return load(p, p->at) == p->byte;
}

bool kept(struct proc *p)
{
	return got_none(p) && has(p) && reads(p);
}

bool hit(struct proc *p)
{
	return got_ao(p) && lost(p);
}

bool stopped(struct proc *p)
{
	return store_stopped(p, p->at, -1);
}

bool store_stopped(struct proc *p, unsigned long addr, int byte)
{
	return store(p, addr, byte) == SIGNALLED &&
	       got(p, BUS_MCEERR_AR, addr, PAGE_LSB);
}

void check_lost_by(struct proc *const *list, const char *title)
{
	check(all_of(got_ao, list), "%s", title);
	check(all_of(lost, list), UNMAPPED);
}

void fail_page_of_all(struct proc *const *list)
{
	poison_and_check(common_page(list));
	check_lost_by(list, REACHED);
}

void share_page(struct sharers *s, int nr, const char *path)
{
	char sharer[80];
	struct proc *p;
	int i;

	if (access(path, F_OK))
		make_file(path, 4 * PAGE);
	for (i = 1; i < nr; i++) {
		snprintf(sharer, sizeof(sharer), "%s.%d", path, i);
		clone_range(path, 0, 4 * PAGE, sharer, i % 5 * 4 * PAGE);
	}
	for (i = 0; i < nr; i++) {
		snprintf(sharer, sizeof(sharer), i ? "%s.%d" : "%s", path, i);
		s->procs[i] = p = start("sharer %d", i);
		p->at = PAGE + map(p, sharer, i % 5 * 4 * PAGE, 4 * PAGE,
				   PROT_READ | PROT_WRITE, MAP_SHARED);
		p->byte = fill(1);
		must(reads(p), "wrong data");
	}
	s->procs[nr] = NULL;
	s->next = map_by("next page", path, 2 * PAGE);
	s->pfn = common_page(s->procs);
}

void fail_shared_page(struct sharers *s)
{
	fail_page_of_all(s->procs);
	check(kept(s->next), NEXT_KEPT);
}

bool all_kept(struct sharers *s)
{
	return kept(s->next) & all_of(kept, s->procs);
}
