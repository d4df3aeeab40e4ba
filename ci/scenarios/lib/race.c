// SPDX-License-Identifier: GPL-2.0
/* Races, and the conditions that must hold after each. */
#include <sched.h>
#include <stdarg.h>
#include "devices.h"
#include "lib.h"
#include "race.h"

#define MAX_RACERS	24
#define SECONDS		8
#define MOST_SECONDS	80
#define SPREAD		4	/* pages on either side of the aim */
#define REAL_EVERY	16

/* Shared by all processes; the times are ticks of the race's own clock. */
static struct {
	uint32_t clock;
	unsigned long aim;
	bool device_goes;
	unsigned long first, nr;	/* page frames of the device */
	struct failure {
		uint32_t at;		/* 0: never */
		uint32_t real;		/* flagged, and refused from then on */
	} pages[];
} volatile *shared;

static struct racer *racers[MAX_RACERS];
static struct witness *witnesses[MAX_RACERS];
static unsigned int nr_racers, nr_witnesses;
static struct proc *injectors[2];
static time_t race_began;
static long wanted_rounds;

static uint32_t tick(void)
{
	return __atomic_add_fetch(&shared->clock, 1, __ATOMIC_SEQ_CST);
}

struct field *make_field(const char *device, const char *path,
			 unsigned long pages, bool huge)
{
	struct field *f = calloc(1, sizeof(*f));
	unsigned long i, nr;
	int64_t start;

	if (huge)
		make_huge_file(path, pages * PAGE);
	else
		make_file(path, pages * PAGE);
	if (!shared) {
		must(pfns_of_device(&i, &nr), "/proc/iomem has no namespace0.0");
		shared = shared_memory(sizeof(*shared) +
				       nr * sizeof(shared->pages[0]));
		shared->first = i;
		shared->nr = nr;
	}
	start = file_physical(path, 0);
	for (i = 0; i < pages; i++)
		must(file_physical(path, i * PAGE) ==
		     start + (int64_t)(i * PAGE), "%s is in pieces", path);
	must(huge || start % PMD, "%s could be mapped by PMDs", path);
	strncpy(f->path, path, sizeof(f->path) - 1);
	f->pages = pages;
	f->first = pmem_pfn(device, start);
	f->huge = huge;
	return f;
}

static volatile struct failure *failure_of(unsigned long pfn)
{
	must(pfn - shared->first < shared->nr, "%#lx is not of the device", pfn);
	return &shared->pages[pfn - shared->first];
}

static void will_fail(unsigned long pfn)
{
	volatile struct failure *failure = failure_of(pfn);

	if (!failure->at)
		failure->at = tick();
}

int fail_pfn(unsigned long pfn)
{
	will_fail(pfn);
	return poison(pfn);
}

int fail(const struct field *f, unsigned long i)
{
	must(i < f->pages);
	return fail_pfn(f->first + i);
}

int fail_either_way(const struct field *f, unsigned long i)
{
	if (i % REAL_EVERY)
		return fail(f, i);
	failure_of(f->first + i)->real = true;
	will_fail(f->first + i);
	return machine_check(f->first + i);
}

bool is_refused(const struct field *f, unsigned long i)
{
	return failure_of(f->first + i)->real;
}

void fail_at_once(unsigned long pfn, unsigned long other, int results[2])
{
	const unsigned long pfns[2] = { pfn, other };
	int i;

	for (i = 0; i < 2 && !injectors[i]; i++)
		injectors[i] = start("injector %d", i);
	call_both(injectors, fail_pfn, pfns, results);
}

/* --- racers --- */

static struct racer *me;
static unsigned int seed;		/* not shared: a child has its own */
static __thread uint32_t access_began;
static unsigned long consumed;		/* a page frame, by this racer */

int touch(unsigned long addr)
{
	access_began = tick();
	return load_here(addr);
}

int scribble(unsigned long addr, int byte)
{
	access_began = tick();
	return store_here(addr, byte);
}

int inject_here(struct racer *r, unsigned long i)
{
	consumed = r->field->first + i;
	will_fail(consumed);
	return madvise((void *)at_page(r, i), PAGE, MADV_HWPOISON);
}

/*
 * Was this signal justified? Runs in the racer's signal handler.
 *
 * A file with its own block must not be signalled. But it may have got the
 * block after the failure, which then found it sharing the page, or after the
 * start of the access that found it so. No access is refused because of a
 * simulated failure.
 */
static void judge(const siginfo_t *info)
{
	unsigned long addr = (unsigned long)info->si_addr;
	unsigned long i = (addr - me->at) % me->room / PAGE;
	unsigned long pfn = me->field->first + i;
	bool early = info->si_code == BUS_MCEERR_AO;
	bool good = addr - me->at < 2 * me->room;
	volatile struct failure *failure;
	uint32_t own;

	if (info->si_code == BUS_ADRERR) {
		me->adrerr++;
		return;
	}
	if (!early || !shared->device_goes)
		good &= i < me->field->pages &&
			(early || info->si_code == BUS_MCEERR_AR) &&
			(info->si_addr_lsb == PAGE_LSB ||
			 (me->field->huge && info->si_addr_lsb == PMD_LSB));
	if (good && !(early && shared->device_goes)) {
		own = me->own[i];
		failure = failure_of(pfn);
		good = early ? failure->at && (!own || own > failure->at) :
			       (failure->real || pfn == consumed) &&
			       (!own || own > access_began);
	}
	if (good)
		early ? me->ao++ : me->ar++;
	else if (!me->wrong++)
		me->first_wrong = (struct signal_got){ info->si_code,
						       info->si_addr_lsb, addr };
}

bool map_pages(struct racer *r, unsigned long first, unsigned long nr, int prot,
	       int flags)
{
	int fd = open(r->path, prot & PROT_WRITE && flags & MAP_SHARED ?
			       O_RDWR : O_RDONLY);
	bool mapped = fd >= 0 &&
		mmap((void *)at_page(r, first), nr * PAGE, prot,
		     flags | MAP_FIXED, fd, first * PAGE) != MAP_FAILED;

	if (fd >= 0)
		close(fd);
	return mapped;
}

static void go_round(void *racer)
{
	struct racer *r = racer;
	const int maps = r->entry.maps;

	if (!me) {
		me = r;
		seed = r->seed;
		sigbus_hook = judge;
	}
	if (maps && !r->ready)
		r->ready = map_pages(r, 0, r->field->pages, maps == READABLE ?
				     PROT_READ : PROT_READ | PROT_WRITE,
				     maps == PRIVATE ? MAP_PRIVATE : MAP_SHARED);
	if (maps && !r->ready) {
		usleep(1000);
		return;
	}
	r->entry.round(r, near(r));
	r->rounds++;
}

static void enter(const struct field *f, const struct entry *entry, int nr)
{
	struct racer *r = shared_memory(sizeof(*r));
	unsigned int i;

	must(nr_racers < MAX_RACERS, "too many racers");
	r->field = f;
	r->entry = *entry;
	strcpy(r->path, file("%s", entry->path));
	r->nr = nr;
	r->seed = strtoul(getenv("SEED") ?: "0", NULL, 10) * MAX_RACERS +
		  nr_racers + 1;
	for (i = 0; i < nr_racers; i++)
		if (!strcmp(racers[i]->path, r->path))
			r->own = racers[i]->own;
	if (!r->own)
		r->own = shared_memory(f->pages * sizeof(*r->own));

	/* Inherited, so that parent and racer use the same addresses. */
	r->room = (f->pages * PAGE + PMD - 1) & ~(PMD - 1);
	r->at = (unsigned long)mmap(NULL, 2 * r->room + PMD, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must((void *)r->at != MAP_FAILED);
	r->at = (r->at + PMD - 1) & ~(PMD - 1);

	racers[nr_racers++] = r;
	r->proc = start("%s", entry->name);
}

struct racer *racer(unsigned int nr)
{
	return racers[nr];
}

unsigned int dice(struct racer *r, unsigned int sides)
{
	(void)r;
	return rand_r(&seed) % sides;
}

unsigned long near(struct racer *r)
{
	unsigned long i = shared->aim + dice(r, 2 * SPREAD + 1);

	i = i > SPREAD ? i - SPREAD : 0;
	return i < r->field->pages ? i : r->field->pages - 1;
}

void drop_page(struct racer *r, unsigned long i)
{
	madvise((void *)at_page(r, i), PAGE, MADV_DONTNEED);
}

void read_around(struct racer *r, unsigned long i)
{
	drop_page(r, i);
	touch(at_page(r, i));
}

void copy_on_write(struct racer *r, unsigned long i)
{
	drop_page(r, i);
	if (dice(r, 2))
		touch(at_page(r, i));
	if (!scribble(at_page(r, i), '1' + r->nr))
		mark_own(r, i, 1);
}

void mark_own(struct racer *r, unsigned long first, unsigned long nr)
{
	for (; nr--; first++)
		if (!r->own[first])
			r->own[first] = tick();
}

void mark_shared(struct racer *r, unsigned long first, unsigned long nr)
{
	for (; nr--; first++)
		r->own[first] = 0;
}

void share_again(struct racer *r, unsigned long first, unsigned long nr)
{
	mark_shared(r, first, nr);
	clone_range(r->field->path, first * PAGE, nr * PAGE, r->path,
		    first * PAGE);
}

static void make_reflink(const struct field *f, const char *path)
{
	if (access(path, F_OK))
		clone_file(f->path, path);
}

struct witness *enter_all(const struct field *f, const char *watched,
			  const struct entry *entries, int nr)
{
	struct witness *w = NULL;
	int i;

	if (watched)
		make_reflink(f, file("%s", watched));
	for (i = 0; i < nr; i++)
		make_reflink(f, file("%s", entries[i].path));
	if (watched)
		w = witness(f, file("%s", watched), 0, 1);
	for (i = 0; i < nr; i++)
		enter(f, &entries[i], i);
	return w;
}

/* --- the race --- */

void race_on(long rounds)
{
	unsigned int i;

	wanted_rounds = rounds;
	for (i = 0; i < nr_racers; i++)
		set_going(racers[i]->proc, go_round, racers[i]);
	race_began = time(NULL);
}

static bool has_ended(const struct proc *p)
{
	siginfo_t info = {};

	return !waitid(P_PID, p->pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid;
}

static bool all_progressed(bool or_ended)
{
	unsigned int i;

	for (i = 0; i < nr_racers; i++)
		if (racers[i]->rounds < wanted_rounds &&
		    !(or_ended && has_ended(racers[i]->proc)))
			return false;
	return true;
}

bool race_lasts(bool enough)
{
	time_t past = time(NULL) - race_began;

	return past < SECONDS ||
	       (past < MOST_SECONDS && !(enough && all_progressed(true)));
}

void aim(unsigned long i)
{
	shared->aim = i;
	sched_yield();
}

void check_failures(unsigned long events, long failed)
{
	remark("%lu pages failed, %ld answered with an error", events, failed);
	check(!failed && events > 20, "memory_failure() succeeds each time");
}

void race(struct witness *w, unsigned long spared,
	  int (*how)(const struct field *f, unsigned long i))
{
	const struct field *f = w->field;
	unsigned long i = 4;
	long failed = 0;

	race_on(5);
	for (; i < f->pages - spared && race_lasts(i > 24); i++) {
		aim(i);
		failed += how(f, i) < 0;
		ask(w, i);
		usleep(1000);
	}
	check_failures(i - 4, failed);
	finish_race();
}

/* How many pages of the device a process has mapped there: all or refused ones. */
static long count_mapped(pid_t pid, unsigned long at, const struct field *f,
			 bool all)
{
	uint64_t *entries = malloc(f->pages * 8);
	unsigned long i, pfn;
	long n = 0;

	read_pagemap(pid, at, entries, f->pages);
	for (i = 0; i < f->pages; i++) {
		pfn = entries[i] & ((1ULL << 55) - 1);
		n += entries[i] >> 63 && pfn - shared->first < shared->nr &&
		     (all || shared->pages[pfn - shared->first].real);
	}
	free(entries);
	return n;
}

static long racers_mapped(bool all)
{
	long n, total = 0;
	unsigned int i;

	for (i = 0; i < nr_racers; i++) {
		struct racer *r = racers[i];

		n = count_mapped(r->proc->pid, r->at, r->field, all) +
		    count_mapped(r->proc->pid, r->at + r->room, r->field, all);
		if (n)
			remark("%s has %ld %spages mapped", r->proc->name, n,
			       all ? "" : "failed ");
		total += n;
	}
	return total;
}

bool device_mapped(void)
{
	return racers_mapped(true);
}

void race_over(void)
{
	long wrong = 0, mapped, missed = 0;
	unsigned int i;

	/* All pages may have failed already. */
	while (!all_progressed(true) && race_lasts(true))
		usleep(10 * 1000);
	for (i = 0; i < nr_racers; i++) {
		struct racer *r = racers[i];

		relent(r->proc);
		remark("%s: %ld rounds; signals: %d AO, %d AR, %d ADRERR",
		       r->proc->name, r->rounds, r->ao, r->ar, r->adrerr);
	}
	for (i = 0; i < nr_racers; i++) {
		struct racer *r = racers[i];

		signals(r->proc);	/* pending signals have arrived now */
		if (r->wrong)
			remark("%s: %d signals it should not have got, first %s (%d), page %ld, lsb %d",
			       r->proc->name, r->wrong,
			       code_name(r->first_wrong.code), r->first_wrong.code,
			       (long)(r->first_wrong.addr - r->at) / (long)PAGE,
			       r->first_wrong.lsb);
		wrong += r->wrong;
	}
	mapped = racers_mapped(false);
	for (i = 0; i < nr_witnesses; i++) {
		struct witness *w = witnesses[i];

		ask(w, -1);
		remark("%s: %ld signals were right, %ld not", w->proc->name,
		       w->seen, w->missed);
		missed += w->missed;
		mapped += count_mapped(w->proc->pid, w->proc->at, w->field, false);
	}
	check(all_progressed(false), "all make progress");
	check(!wrong, "no process is signalled without a reason");
	if (nr_witnesses)
		check(!missed,
		      "a process that keeps all pages mapped gets each signal");
	check(!mapped, "no process has a failed page mapped in the end");
}

/* --- witnesses --- */

struct witness *witness(const struct field *f, const char *path,
			unsigned long first, unsigned long step)
{
	struct witness *w = calloc(1, sizeof(*w));
	struct proc *p = start("witness %u", nr_witnesses);

	must(nr_witnesses < MAX_RACERS, "too many witnesses");
	w->field = f;
	w->proc = p;
	map(p, path, 0, f->pages * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED);
	if (step == 1)
		populate(p, f->pages * PAGE);
	else
		for (; first < f->pages; first += step)
			must(load(p, p->at + first * PAGE) == fill(first));
	witnesses[nr_witnesses++] = w;
	return w;
}

bool ask(struct witness *w, long i)
{
	const unsigned long addr = w->proc->at + i * PAGE;
	const volatile struct signal_got *got = &w->proc->seen->got[0];
	int n = signals(w->proc);

	w->proc->seen->n = 0;
	if (n == (i >= 0) &&
	    (!n || is_signal(got, BUS_MCEERR_AO, addr, PAGE_LSB) ||
	     (w->field->huge && is_signal(got, BUS_MCEERR_AO, addr, PMD_LSB)))) {
		w->seen += n;
		return true;
	}
	if (w->missed++ < 5)
		remark("%s got %d signals when page %ld failed%s%s",
		       w->proc->name, n, i, n ? ", the first " : "",
		       n ? code_name(got->code) : "");
	if (w->missed <= 5 && n)
		remark("  for page %ld, lsb %d",
		       (long)(got->addr - w->proc->at) / (long)PAGE, got->lsb);
	return false;
}

/* --- checks after a race --- */

static long nr_in_use, nr_flags_wrong;

static void inspect(unsigned long pfn, const struct page_state *s)
{
	bool failed = shared->pages[pfn - shared->first].real;

	if ((s->refcount || s->mapping || s->index || s->private || s->tail) &&
	    nr_in_use++ < 5)
		remark("page %#lx: refcount %d, mapping %#llx, index %#llx, private %#llx%s",
		       pfn, s->refcount, (unsigned long long)s->mapping,
		       (unsigned long long)s->index,
		       (unsigned long long)s->private,
		       s->tail ? ", part of a large folio" : "");
	if (s->failed != failed && nr_flags_wrong++ < 5)
		remark("page %#lx is %sflagged", pfn, failed ? "not " : "");
}

void end_race(void)
{
	finish_all();
	nr_racers = nr_witnesses = 0;
	injectors[0] = injectors[1] = NULL;
}

void device_goes(bool goes)
{
	shared->device_goes = goes;
	if (!goes)
		memset((void *)shared->pages, 0,
		       shared->nr * sizeof(shared->pages[0]));
}

void finish_race(void)
{
	race_over();
	check(alive(), GOES_ON);
	end_race();
	if (check(unmount(), "the filesystem unmounts"))
		check_device();
}

void check_pages(void)
{
	nr_in_use = nr_flags_wrong = 0;
	for_each_page(shared->first, shared->nr, inspect);
	check_result(nr_in_use, 0, "no page of the device remains in use");
	check_result(nr_flags_wrong, 0,
		     "those pages are flagged that have failed");
}

/* xfs_repair reads more than metadata and stops at the first error. */
static void mend(void)
{
	static char zeroes[PAGE] __attribute__((aligned(PAGE)));
	int fd = open_file(PMEM, O_WRONLY | O_DIRECT);
	unsigned long first = pmem_pfn(PMEM, 0), i;

	for (i = 0; i < shared->nr; i++)
		must(!shared->pages[i].real ||
		     pwrite(fd, zeroes, PAGE, (shared->first + i - first) * PAGE)
		     == PAGE);
	close(fd);
}

void check_device(void)
{
	check_pages();
	mend();
	check_repair(PMEM);
}
