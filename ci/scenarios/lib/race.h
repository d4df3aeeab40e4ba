/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Races: racers repeat their operation while pages fail, one after the other.
 *
 * The pages that fail are those of a field: a file that is filled with fill() and
 * contiguous on the device. No process needs to map that file itself; racers and
 * witnesses map reflinks of it.
 *
 * A racer is a process that repeats a function of the scenario until the race is over.
 * It maps page i of the field only at at_page(r, i), or at the same offset after the
 * racer's room. So the address of each signal identifies the page; the signal was
 * justified if that page has failed and the racer's file did not have a block of its
 * own there before.
 *
 * Races have 4 or 8 processors. On a host with fewer, each can be preempted within a
 * critical section, which finds more bugs than two undisturbed processors. What a racer
 * does depends on the environment's SEED, 0 if there is none.
 *
 * A race cannot determine which racers mapped the page when it failed. A witness can:
 * it only keeps all pages mapped, and must get exactly one signal for each failure.
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

/* These leave nothing mapped; the huge one is aligned to 2 MiB. */
#define make_field(path, pages)	make_field_on(PMEM, path, pages)
struct field *make_huge_field(const char *path, unsigned long pages);
/* The same if the filesystem is not on PMEM itself, see pmem_pfn(). */
struct field *make_field_on(const char *device, const char *path,
			    unsigned long pages);
/*
 * Simulate the failure of page i, or of any page; by any process.
 * memory_failure()'s result.
 */
int fail(const struct field *f, unsigned long i);
int fail_pfn(unsigned long pfn);
/* Every so many pages by a machine check, by the scenario's own process. */
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

/* The results of a racer; the scenario judges adrerr. */
struct fate {
	long rounds;
	int ao, ar, adrerr, wrong;
	struct signal_got first_wrong;
};

/*
 * Faults against failures, with reflinks: base holds the AGF and waits for the
 * DAX entry of a sharer, whose fault holds the entry and waits for the AGF. If
 * it does not deadlock, it has warned in fs/dax.c before.
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

/* Create a racer; race_on() starts all of them. */
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
struct racer *racer(unsigned int nr);	/* in the order of enter() */
/* Each racer must complete @rounds rounds. */
void race_on(long rounds);
/*
 * A race lasts for 8 s. On a busy host it lasts longer, until @enough pages have failed
 * and each racer has completed its rounds, but for 40 s at most.
 */
bool race_lasts(bool enough);
/*
 * Make the field's pages fail one after the other while the race lasts, all but
 * the last few, and check that the witness sees each; check that
 * memory_failure() never reports an error.
 */
void fail_in_turn(struct witness *w, unsigned long spared,
		  int (*how)(const struct field *f, unsigned long i));
/* The same check for other scenarios; "pages failed, ... with an error" */
void check_failures(unsigned long events, long failed);
/*
 * Wait for the slowest racer as long as a race may last, stop all of them, and
 * check that each has completed its rounds, that every signal was justified and
 * that no process maps a page that has failed by a machine check. The processes
 * live on until finish_race().
 */
void race_over(void);
/* Do racers map any pages of the device? */
bool device_mapped(void);
/* End all processes. Another race may follow. */
void end_race(void);
/*
 * The device goes: from now on a signal may be for any page. And it is back,
 * with pages whose failure is forgotten.
 */
void device_goes(void);
void device_is_back(void);
/*
 * The race is over. End all processes, unmount, and check that no page is in
 * use, that only pages that failed by a machine check are flagged, and that the
 * filesystem has no errors.
 */
void finish_race(void);
void check_device(void);	/* its last part, which includes */
void check_pages(void);

/* --- for rounds, in the racer's process --- */

#define at_page(r, i)	((r)->at + (i) * PAGE)
/* One of the few pages around the one that fails next. */
unsigned long near(struct racer *r);
unsigned int dice(struct racer *r, unsigned int sides);
/* MADV_HWPOISON: the racer itself gets the signal. */
int inject_here(struct racer *r, unsigned long i);
/* Map its whole file at r->at; map_once(): unless r->ready. */
void map_field(struct racer *r, int prot, int flags);
void map_once(struct racer *r, int prot, int flags);
void drop_page(struct racer *r, unsigned long i);	/* by MADV_DONTNEED */
void map_pages(struct racer *r, unsigned long first, unsigned long nr, int prot,
	       int flags);
/* Its file has a block of its own for page i from now on. */
void mark_own(struct racer *r, unsigned long i);
/* Its file shares page i again. */
void mark_shared(struct racer *r, unsigned long i);
/* Share these pages again. */
void share_again(struct racer *r, unsigned long first, unsigned long nr);
int touch(unsigned long addr);		/* the byte, or SIGNALLED */
int scribble(unsigned long addr, int byte);	/* 0, or SIGNALLED */

/* The next page to fail is near this one; give the racers time to arrive. */
void aim(unsigned long i);

/* --- failures at the same time --- */

/* Two processes that make pages of a field fail on order. */
void start_injector(int nr, const struct field *f);
/* Order injector @first to fail page @i, then the other one page @j. */
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
/* It got one signal, for page i, since the last call, or none if i < 0. */
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
