/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Races: racers go round and round while pages fail, one after the other.
 *
 * The pages that fail are those of a field: a file that is filled with fill()
 * and in one piece on the device. No process needs to map that file itself, racers
 * and witnesses have reflinks of it.
 *
 * A racer is a process that carries out a function of the scenario's over and
 * over, until the race is over. It maps page i of the field at at_page(r, i) only,
 * or at as much after the racer's room. So the address of each signal tells which
 * page it is about; it was right if that page has failed and the racer's file did
 * not have a block of its own there before.
 *
 * Races have 4 or 8 processors. On a host with fewer, each can be preempted in the
 * middle of a critical section, which finds more than two that run undisturbed.
 * What a racer does depends on the environment's SEED, 0 if there is none.
 *
 * A race cannot tell which racer had the page at the very moment. A witness
 * can: it does nothing but keep all pages mapped, and must get exactly one signal
 * for each that fails.
 */
#ifndef RACE_H
#define RACE_H

#include "scenario.h"

struct field {
	char path[64];
	unsigned long pages;
	unsigned long first;		/* page frame number of page 0 */
	bool huge;			/* may be mapped by PMDs */
};

/* All leave nothing mapped; the huge one is aligned to 2 MiB. */
#define make_field(path, pages)	make_field_on(PMEM, path, pages)
struct field *make_huge_field(const char *path, unsigned long pages);
/* The same where the filesystem is not on PMEM itself, see pmem_pfn(). */
struct field *make_field_on(const char *device, const char *path,
			    unsigned long pages);
/*
 * Simulate the failure of page i, or of any page; by any process.
 * memory_failure()'s result.
 */
int fail(const struct field *f, unsigned long i);
int fail_pfn(unsigned long pfn);
/* One page in so many by a machine check, by the scenario's own process. */
#define REAL_EVERY	16
int fail_either_way(const struct field *f, unsigned long i);
/* It has failed by a machine check, or is about to. */
bool is_refused(const struct field *f, unsigned long i);

struct racer {
	struct proc *proc;
	const struct field *field;
	char path[64];			/* its file, a reflink of the field's */
	unsigned long at;		/* see at_page(); a second time at ... */
	unsigned long room;		/* ... + room */
	void (*round)(struct racer *r);
	int nr;				/* for the scenario's use */
	bool ready;			/* the same, false at first */
	unsigned int seed;
	volatile uint32_t *own;		/* per page, shared by path */
	volatile struct fate *fate;
};

/* What became of a racer; adrerr is for the scenario to judge. */
struct fate {
	long rounds;
	int ao, ar, adrerr, wrong;
	struct signal_got first_wrong;
};

/*
 * Faults against failures, with reflinks: base holds the AGF and waits for the
 * DAX entry of a sharer, whose fault holds the entry and waits for the AGF. If
 * it does not come to that it has warned in fs/dax.c before.
 */
#define BASE_DEADLOCKS { \
	.hangs = "mf_dax_kill_procs|xfs_reflink_trim_around_shared", \
	.splat = "WARNING: fs/dax.c|Bad page|possible circular locking", \
	.says = "^not ok [0-9]+ - (memory_failure\\(\\) succeeds each time|that keeps all pages mapped|no process (is signalled|has a failed page))" \
		"|^Bail out! (.*has failed: -1, Input/output error|no machine check )", \
	.seconds = 30, \
}

struct witness;

/* Rounds: drop a page near the aim from the page table, and read it again ... */
void read_around(struct racer *r);
/* ... or store to it, so that the file gets a block of its own. */
void copy_on_write(struct racer *r);

/* Make it, and set it going when all are there, by race_on(). */
struct racer *enter(const struct field *f, const char *path,
		    void (*round)(struct racer *), int nr, const char *name);
/*
 * Racers of one field and a witness; their files are reflinks of it, which are
 * made unless they are there. r->nr is the number in the table. No witness if
 * its name is NULL.
 */
struct entry {
	const char *path;		/* in MNT */
	void (*round)(struct racer *r);
	const char *name;
};
struct witness *enter_all(const struct field *f, const char *watched,
			  const struct entry *entries, int nr);
struct racer *racer(unsigned int nr);	/* of all, as they were entered */
/* Each racer is expected to go round @rounds times. */
void race_on(long rounds);
/*
 * A race lasts for 8 s. On a busy host it lasts longer, until @enough pages have
 * failed and each racer has gone round often enough, but for 40 s at most.
 */
bool race_lasts(bool enough);
/*
 * Have the field's pages fail one after the other while the race lasts, all but
 * the last few, and each seen by the witness; count those of which
 * memory_failure() reports an error, and check that there are none.
 */
void fail_in_turn(struct witness *w, unsigned long spared,
		  int (*how)(const struct field *f, unsigned long i));
/* The same check for a scenario that has done that; "pages failed, ... with an error" */
void check_failures(unsigned long events, long failed);
/*
 * Wait for the slowest racer as long as a race may last, stop all of them, and
 * check that each has gone round often enough, that no process was
 * signalled without a reason and that none maps a page that has failed by a
 * machine check. They live on until finish_race().
 */
void race_over(void);
/* Do racers have pages of the device mapped, whichever? */
bool device_mapped(void);
/* End all processes. Another race may follow. */
void end_race(void);
/*
 * The device goes: from now on a signal may be about any page. And it is back,
 * with pages that know of no failure.
 */
void device_goes(void);
void device_is_back(void);
/*
 * The race is over. End all processes, unmount, and check what is left: no page
 * in use, flags on the pages that have failed by a machine check alone, and a
 * filesystem without errors.
 */
void finish_race(void);
void check_device(void);	/* the last part of that, which is ... */
void check_pages(void);

/* --- for rounds, in the racer's process --- */

#define at_page(r, i)	((r)->at + (i) * PAGE)
/* One of the few pages around the one that fails next. */
unsigned long near(struct racer *r);
unsigned int dice(struct racer *r, unsigned int sides);
/* MADV_HWPOISON: the racer itself gets the signal. */
int inject_here(struct racer *r, unsigned long i);
/* Map all of its file where it belongs; once: unless r->ready. */
void map_field(struct racer *r, int prot, int flags);
void map_once(struct racer *r, int prot, int flags);
void drop_page(struct racer *r, unsigned long i);	/* by MADV_DONTNEED */
void map_pages(struct racer *r, unsigned long first, unsigned long nr, int prot,
	       int flags);
/* Its file has a block of its own for page i from now on. */
void mark_own(struct racer *r, unsigned long i);
/* The same ones again. */
void mark_shared(struct racer *r, unsigned long i);
/* Make that so. */
void share_again(struct racer *r, unsigned long first, unsigned long nr);
int touch(unsigned long addr);		/* the byte, or SIGNALLED */
int scribble(unsigned long addr, int byte);	/* 0, or SIGNALLED */

/* The next page to fail is about here; the racers are given time to come. */
void aim(unsigned long i);

/* --- failures at the same time --- */

/* Two processes that have pages of a field fail when they are told to. */
void start_injector(int nr, const struct field *f);
/* Injector @first is told to fail page @i, then the other one page @j. */
void fail_at_once(unsigned int first, unsigned long i, unsigned long j,
		  int results[2]);
void dismiss_injectors(void);

/* --- witnesses --- */

struct witness {
	struct proc *proc;
	const struct field *field;
	unsigned long at;
	long seen, missed;
};

/* Of every page, or of @first and every @step'th after it. */
struct witness *witness(const struct field *f, const char *path);
struct witness *witness_of(const struct field *f, const char *path,
			   unsigned long first, unsigned long step);
/* It got one signal, for page i, since it was asked last, or none if i < 0. */
bool ask(struct witness *w, long i);

/* --- every struct page of /dev/pmem0 --- */

struct page_state {
	bool failed, tail;
	int refcount;
	uint64_t mapping, index, private;
};
bool pfns_of_device(unsigned long *first, unsigned long *nr);
void for_each_page(void (*what)(unsigned long pfn, const struct page_state *));

#endif
