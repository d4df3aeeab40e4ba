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
} volatile *race;

static struct racer *racers[MAX_RACERS];
static unsigned int nr_racers;
static struct witness *witnesses[MAX_RACERS];
static unsigned int nr_witnesses;
static time_t race_began;
static long wanted_rounds;

static uint32_t tick(void)
{
	return __atomic_add_fetch(&race->clock, 1, __ATOMIC_SEQ_CST);
}

static struct field *survey(const char *device, const char *path,
			    unsigned long pages, bool huge)
{
	struct field *f = calloc(1, sizeof(*f));
	int64_t start = file_physical(path, 0);
	unsigned long i, nr;

	must(f, "out of memory");
	if (!race) {
		must(pfns_of_device(&i, &nr), "/proc/iomem has no namespace0.0");
		race = shared_memory(sizeof(*race) + nr * sizeof(race->pages[0]));
		race->first = i;
		race->nr = nr;
	}
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

struct field *make_field_on(const char *device, const char *path,
			    unsigned long pages)
{
	make_file(path, pages * PAGE);
	return survey(device, path, pages, false);
}

struct field *make_huge_field(const char *path, unsigned long pages)
{
	make_huge_file(path, pages * PAGE);
	return survey(PMEM, path, pages, true);
}

static volatile struct failure *failure_of(unsigned long pfn)
{
	must(pfn - race->first < race->nr, "%#lx is not of the device", pfn);
	return &race->pages[pfn - race->first];
}

static void will_fail_pfn(unsigned long pfn)
{
	volatile struct failure *failure = failure_of(pfn);

	if (!failure->at)
		failure->at = tick();
}

int fail_pfn(unsigned long pfn)
{
	will_fail_pfn(pfn);
	return poison(pfn);
}

static unsigned long pfn_in(const struct field *f, unsigned long i)
{
	must(i < f->pages, "%s has no page %lu", f->path, i);
	return f->first + i;
}

int fail(const struct field *f, unsigned long i)
{
	return fail_pfn(pfn_in(f, i));
}

int fail_either_way(const struct field *f, unsigned long i)
{
	unsigned long pfn = pfn_in(f, i);

	if (i % REAL_EVERY)
		return fail_pfn(pfn);
	failure_of(pfn)->real = true;
	will_fail_pfn(pfn);
	return machine_check(pfn);
}

bool is_refused(const struct field *f, unsigned long i)
{
	return failure_of(pfn_in(f, i))->real;
}

/* --- racers --- */

static struct racer *me;
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
	consumed = pfn_in(r->field, i);
	will_fail_pfn(consumed);
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
	volatile struct failure *failure;
	uint32_t own;

	if (info->si_code == BUS_ADRERR) {
		me->fate->adrerr++;
		return;
	}
	if (race->device_goes && info->si_code == BUS_MCEERR_AO &&
	    addr - me->at < 2 * me->room) {
		me->fate->ao++;
		return;
	}
	if (addr - me->at < 2 * me->room && i < me->field->pages &&
	    (info->si_code == BUS_MCEERR_AO || info->si_code == BUS_MCEERR_AR) &&
	    (info->si_addr_lsb == PAGE_LSB ||
	     (me->field->huge && info->si_addr_lsb == PMD_LSB))) {
		own = me->own[i];
		failure = failure_of(me->field->first + i);
		if (info->si_code == BUS_MCEERR_AO && failure->at &&
		    (!own || own > failure->at)) {
			me->fate->ao++;
			return;
		}
		if (info->si_code == BUS_MCEERR_AR &&
		    (failure->real || me->field->first + i == consumed) &&
		    (!own || own > access_began)) {
			me->fate->ar++;
			return;
		}
	}
	if (!me->fate->wrong++) {
		me->fate->first_wrong.code = info->si_code;
		me->fate->first_wrong.addr = addr;
		me->fate->first_wrong.lsb = info->si_addr_lsb;
	}
}

static void go_round(void *racer)
{
	me = racer;
	sigbus_hook = judge;
	me->round(me);
	me->fate->rounds++;
}

struct racer *enter(const struct field *f, const char *path,
		    void (*round)(struct racer *), int nr, const char *name)
{
	struct racer *r = calloc(1, sizeof(*r));
	unsigned int i;

	must(r && nr_racers < MAX_RACERS, "too many racers");
	r->field = f;
	strncpy(r->path, path, sizeof(r->path) - 1);
	r->round = round;
	r->nr = nr;
	r->seed = strtoul(getenv("SEED") ?: "0", NULL, 10) * MAX_RACERS +
		  nr_racers + 1;
	r->fate = shared_memory(sizeof(*r->fate));
	for (i = 0; i < nr_racers; i++)
		if (!strcmp(racers[i]->path, path))
			r->own = racers[i]->own;
	if (!r->own)
		r->own = shared_memory(f->pages * sizeof(*r->own));

	/* Inherited, so that parent and racer use the same addresses. */
	r->room = (f->pages * PAGE + PMD - 1) & ~(PMD - 1);
	r->at = (unsigned long)mmap(NULL, 2 * r->room + PMD, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must((void *)r->at != MAP_FAILED, "mmap: %m");
	r->at = (r->at + PMD - 1) & ~(PMD - 1);

	racers[nr_racers++] = r;
	r->proc = start("%s", name);
	return r;
}

struct racer *racer(unsigned int nr)
{
	return racers[nr];
}

void map_once(struct racer *r, int prot, int flags)
{
	if (!r->ready)
		map_field(r, prot, flags);
	r->ready = true;
}

void drop_page(struct racer *r, unsigned long i)
{
	madvise((void *)at_page(r, i), PAGE, MADV_DONTNEED);
}

void read_around(struct racer *r)
{
	unsigned long i = near(r);

	map_once(r, PROT_READ, MAP_SHARED);
	drop_page(r, i);
	touch(at_page(r, i));
}

void copy_on_write(struct racer *r)
{
	unsigned long i = near(r);

	map_once(r, PROT_READ | PROT_WRITE, MAP_SHARED);
	drop_page(r, i);
	if (dice(r, 2))
		touch(at_page(r, i));
	if (!scribble(at_page(r, i), '1' + r->nr))
		mark_own(r, i);
}

void share_again(struct racer *r, unsigned long first, unsigned long nr)
{
	unsigned long i;

	for (i = first; i < first + nr; i++)
		mark_shared(r, i);
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
		w = witness(f, file("%s", watched));
	for (i = 0; i < nr; i++)
		enter(f, file("%s", entries[i].path), entries[i].round, i,
		      entries[i].name);
	return w;
}

void race_on(long rounds)
{
	unsigned int i;

	wanted_rounds = rounds;
	for (i = 0; i < nr_racers; i++)
		set_going(racers[i]->proc, go_round, racers[i]);
	race_began = time(NULL);
}

static bool all_progressed(void)
{
	unsigned int i;

	for (i = 0; i < nr_racers; i++)
		if (racers[i]->fate->rounds < wanted_rounds)
			return false;
	return true;
}

bool race_lasts(bool enough)
{
	time_t past = time(NULL) - race_began;

	return past < SECONDS ||
	       (past < MOST_SECONDS && !(enough && all_progressed()));
}

void check_failures(unsigned long events, long failed)
{
	remark("%lu pages failed, %ld answered with an error", events, failed);
	check(!failed && events > 20, "memory_failure() succeeds each time");
}

void fail_in_turn(struct witness *w, unsigned long spared,
		  int (*how)(const struct field *f, unsigned long i))
{
	const struct field *f = w->field;
	unsigned long i = 4;
	long failed = 0;

	for (; i < f->pages - spared && race_lasts(i > 24); i++) {
		aim(i);
		failed += how(f, i) < 0;
		ask(w, i);
		usleep(1000);
	}
	check_failures(i - 4, failed);
}

/* How many pages of the device a process has mapped there: all or refused ones. */
static long count_mapped(pid_t pid, unsigned long at, const struct field *f,
			 bool all)
{
	uint64_t *entries = malloc(f->pages * 8);
	unsigned long i, pfn;
	long n = 0;

	must(entries, "out of memory");
	read_pagemap(pid, at, entries, f->pages);
	for (i = 0; i < f->pages; i++) {
		pfn = entries[i] & ((1ULL << 55) - 1);
		n += entries[i] >> 63 && pfn - race->first < race->nr &&
		     (all || race->pages[pfn - race->first].real);
	}
	free(entries);
	return n;
}

static long racer_mapped(const struct racer *r, bool all)
{
	return count_mapped(r->proc->pid, r->at, r->field, all) +
	       count_mapped(r->proc->pid, r->at + r->room, r->field, all);
}

bool device_mapped(void)
{
	long n, total = 0;
	unsigned int i;

	for (i = 0; i < nr_racers; i++) {
		n = racer_mapped(racers[i], true);
		if (n)
			remark("%s has %ld pages mapped",
			       racers[i]->proc->name, n);
		total += n;
	}
	return total;
}

void race_over(void)
{
	long n, wrong = 0, mapped = 0, missed = 0;
	unsigned int i;

	/* All pages may have failed already. */
	while (!all_progressed() && race_lasts(true))
		usleep(10 * 1000);
	for (i = 0; i < nr_racers; i++) {
		struct racer *r = racers[i];

		relent(r->proc);
		remark("%s: %ld rounds; signals: %d AO, %d AR, %d ADRERR",
		       r->proc->name, r->fate->rounds, r->fate->ao,
		       r->fate->ar, r->fate->adrerr);
	}
	for (i = 0; i < nr_racers; i++) {
		struct racer *r = racers[i];

		signals(r->proc);	/* pending signals have arrived now */
		if (r->fate->wrong)
			remark("%s: %d signals it should not have got, first %s (%d), page %ld, lsb %d",
			       r->proc->name, r->fate->wrong,
			       code_name(r->fate->first_wrong.code),
			       r->fate->first_wrong.code,
			       (long)(r->fate->first_wrong.addr - r->at) /
			       (long)PAGE, r->fate->first_wrong.lsb);
		wrong += r->fate->wrong;
		n = racer_mapped(r, false);
		if (n)
			remark("%s has %ld failed pages mapped", r->proc->name,
			       n);
		mapped += n;
	}
	for (i = 0; i < nr_witnesses; i++) {
		struct witness *w = witnesses[i];

		ask(w, -1);
		remark("%s: %ld signals were right, %ld not", w->proc->name,
		       w->seen, w->missed);
		missed += w->missed;
		mapped += count_mapped(w->proc->pid, w->at, w->field, false);
	}
	check(all_progressed(), "all make progress");
	check(!wrong, "no process is signalled without a reason");
	if (nr_witnesses)
		check(!missed,
		      "a process that keeps all pages mapped gets each signal");
	check(!mapped, "no process has a failed page mapped in the end");
}

unsigned int dice(struct racer *r, unsigned int sides)
{
	return rand_r(&r->seed) % sides;
}

unsigned long near(struct racer *r)
{
	unsigned long i = race->aim + dice(r, 2 * SPREAD + 1);

	i = i > SPREAD ? i - SPREAD : 0;
	return i < r->field->pages ? i : r->field->pages - 1;
}

void aim(unsigned long i)
{
	race->aim = i;
	sched_yield();
}

void map_pages(struct racer *r, unsigned long first, unsigned long nr, int prot,
	       int flags)
{
	int fd = open(r->path, prot & PROT_WRITE && flags & MAP_SHARED ?
			       O_RDWR : O_RDONLY);

	must(fd >= 0 &&
	     mmap((void *)at_page(r, first), nr * PAGE, prot, flags | MAP_FIXED,
		  fd, first * PAGE) != MAP_FAILED, "map %s: %m", r->path);
	close(fd);
}

void map_field(struct racer *r, int prot, int flags)
{
	map_pages(r, 0, r->field->pages, prot, flags);
}

void mark_own(struct racer *r, unsigned long i)
{
	if (!r->own[i])
		r->own[i] = tick();
}

void mark_shared(struct racer *r, unsigned long i)
{
	r->own[i] = 0;
}

/* --- failures at the same time --- */

static struct injector {
	const struct field *field;
	struct proc *proc;
	int orders[2], results[2];
} injectors[2];

/* Sleeps in the kernel, so that an order to both wakes them at the same time. */
static void obey(void *with)
{
	struct injector *injector = with;
	long i;
	int ret;

	if (read(injector->orders[0], &i, sizeof(i)) != sizeof(i))
		_exit(2);
	if (i < 0)
		return;
	ret = fail(injector->field, i);
	if (write(injector->results[1], &ret, sizeof(ret)) != sizeof(ret))
		_exit(2);
}

static void send_order(struct injector *injector, long i)
{
	must(write(injector->orders[1], &i, sizeof(i)) == sizeof(i),
	     "write to a pipe: %m");
}

void start_injector(int nr, const struct field *f)
{
	struct injector *injector = &injectors[nr];

	must(!pipe(injector->orders) && !pipe(injector->results), "pipe: %m");
	injector->field = f;
	injector->proc = start("injector %d", nr);
	set_going(injector->proc, obey, injector);
}

void fail_at_once(unsigned int first, unsigned long i, unsigned long j,
		  int results[2])
{
	int nr;

	send_order(&injectors[first & 1], i);
	send_order(&injectors[~first & 1], j);
	for (nr = 0; nr < 2; nr++)
		must(read(injectors[nr].results[0], &results[nr],
			  sizeof(results[nr])) == sizeof(results[nr]),
		     "read from a pipe: %m");
}

void dismiss_injectors(void)
{
	int nr;

	for (nr = 0; nr < 2; nr++) {
		injectors[nr].proc->seen->stop = true;
		send_order(&injectors[nr], -1);
		relent(injectors[nr].proc);
	}
}

/* --- witnesses --- */

struct witness *witness_of(const struct field *f, const char *path,
			   unsigned long first, unsigned long step)
{
	struct witness *w = calloc(1, sizeof(*w));
	unsigned long i;

	must(w && nr_witnesses < MAX_RACERS, "too many witnesses");
	w->field = f;
	w->proc = start("witness %u", nr_witnesses);
	w->at = map(w->proc, path, 0, f->pages * PAGE, PROT_READ,
		    MAP_SHARED | MAP_FIXED);
	if (step == 1)
		populate(w->proc, f->pages * PAGE);
	else
		for (i = first; i < f->pages; i += step)
			must(load(w->proc, w->at + i * PAGE) == fill(i),
			     "wrong data");
	witnesses[nr_witnesses++] = w;
	return w;
}

struct witness *witness(const struct field *f, const char *path)
{
	return witness_of(f, path, 0, 1);
}

bool ask(struct witness *w, long i)
{
	int n = signals(w->proc);
	const volatile struct signal_got *got = &w->proc->seen->got[0];
	bool good = n == (i >= 0);

	if (n)
		good &= is_signal(got, BUS_MCEERR_AO, w->at + i * PAGE, PAGE_LSB) ||
			(w->field->huge && is_signal(got, BUS_MCEERR_AO,
						     w->at + i * PAGE, PMD_LSB));
	w->proc->seen->n = 0;
	if (good) {
		w->seen += n;
		return true;
	}
	if (w->missed++ < 5)
		remark("%s got %d signals when page %ld failed%s%s",
		       w->proc->name, n, i, n ? ", the first " : "",
		       n ? code_name(got->code) : "");
	if (w->missed <= 5 && n)
		remark("  for page %ld, lsb %d",
		       (long)(got->addr - w->at) / (long)PAGE, got->lsb);
	return false;
}

/* --- checks after a race --- */

static long nr_in_use, nr_flags_wrong;

static void inspect(unsigned long pfn, const struct page_state *s)
{
	bool failed = race->pages[pfn - race->first].real;

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
}

void device_goes(void)
{
	race->device_goes = true;
}

void device_is_back(void)
{
	memset((void *)race->pages, 0, race->nr * sizeof(race->pages[0]));
	race->device_goes = false;
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
	for_each_page(inspect);
	check_result(nr_in_use, 0, "no page of the device remains in use");
	check_result(nr_flags_wrong, 0,
		     "those pages are flagged that have failed");
}

/* xfs_repair reads more than metadata and stops at the first error. */
static void mend(void)
{
	int fd = open_file(PMEM, O_WRONLY | O_DIRECT);
	unsigned long first = pmem_pfn(PMEM, 0), i;
	void *zeroes;

	must(!posix_memalign(&zeroes, PAGE, PAGE), "no memory");
	memset(zeroes, 0, PAGE);
	for (i = 0; i < race->nr; i++)
		must(!race->pages[i].real ||
		     pwrite(fd, zeroes, PAGE, (race->first + i - first) * PAGE)
		     == PAGE, PMEM ": %m");
	free(zeroes);
	close(fd);
}

void check_device(void)
{
	check_pages();
	mend();
	check_repair(PMEM);
}
