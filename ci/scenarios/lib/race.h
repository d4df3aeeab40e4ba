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
	bool huge;			/* aligned to 2 MiB, may be mapped by PMDs */
};

/* This leaves nothing mapped. The filesystem is on this device, see pmem_pfn(). */
struct field *make_field(const char *device, const char *path,
			 unsigned long pages, bool huge);
/*
 * Simulate the failure of page i, or of any page; by any process.
 * memory_failure()'s result.
 */
int fail(const struct field *f, unsigned long i);
int fail_pfn(unsigned long pfn);
/* Every 16th page by a machine check, by the scenario's own process. */
int fail_either_way(const struct field *f, unsigned long i);
/* It has failed by a machine check, or is about to. */
bool is_refused(const struct field *f, unsigned long i);
/* Two processes make these fail at the same time. */
void fail_at_once(unsigned long pfn, unsigned long other, int results[2]);

struct racer {
	struct proc *proc;
	const struct field *field;
	struct entry {
		const char *path;	/* its file, a reflink of the field's, in MNT */
		/* Called with near(r) */
		void (*round)(struct racer *r, unsigned long i);
		const char *name;
		/* Its whole file is mapped like this before the first round begins. */
		enum { NOT, READABLE, WRITABLE, PRIVATE } maps;
	} entry;
	char path[64];
	unsigned long at;		/* see at_page(); a second time at ... */
	unsigned long room;		/* ... + room */
	int nr;				/* in its table */
	bool ready;			/* has its file mapped */
	unsigned int seed;
	volatile uint32_t *own;		/* per page, shared by path */
	/* The results; the scenario judges adrerr. */
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

/* Keeps every page mapped, or @first and every @step'th after it. */
struct witness {
	struct proc *proc;
	const struct field *field;
	long seen, missed;
};
struct witness *witness(const struct field *f, const char *path,
			unsigned long first, unsigned long step);
/* It got one signal, for page i, since the last call, or none if i < 0. */
bool ask(struct witness *w, long i);

/*
 * Racers of one field, which race_on() starts, and a witness; their files are
 * reflinks of it, which are made unless they are there. No witness if its name is
 * NULL.
 */
struct witness *enter_all(const struct field *f, const char *watched,
			  const struct entry *entries, int nr);
struct racer *racer(unsigned int nr);	/* in the order of their entry */
/* Each racer must complete @rounds rounds. */
void race_on(long rounds);
/*
 * A race lasts for 8 s. On a busy host it lasts longer, until @enough pages have failed
 * and each racer has completed its rounds, but for 80 s at most.
 */
bool race_lasts(bool enough);
/* The next page to fail is near this one; give the racers time to arrive. */
void aim(unsigned long i);
/* "pages failed, ... with an error"; check that memory_failure() never reports one. */
void check_failures(unsigned long events, long failed);
/*
 * Wait for the slowest racer as long as a race may last, stop all of them, and
 * check that each has completed its rounds, that every signal was justified and
 * that no process maps a page that has failed by a machine check. The processes
 * live on until end_race(), after which another race may follow.
 */
void race_over(void);
void end_race(void);
/*
 * The race is over. End all processes, unmount, and check that no page is in
 * use, that only pages that failed by a machine check are flagged, and that the
 * filesystem has no errors.
 */
void finish_race(void);
void check_device(void);	/* its last part, which includes */
void check_pages(void);
/*
 * A whole race, from race_on() to finish_race(): the field's pages fail one after the
 * other, all but the last few, and the witness must see each.
 */
void race(struct witness *w, unsigned long spared,
	  int (*how)(const struct field *f, unsigned long i));

/* Do racers map any pages of the device? */
bool device_mapped(void);
/*
 * The device goes: from now on a signal may be for any page. Or it is back, with pages
 * whose failure is forgotten.
 */
void device_goes(bool goes);

/* --- for rounds, in the racer's process --- */

#define at_page(r, i)	((r)->at + (i) * PAGE)
/* One of the few pages around the one that fails next. */
unsigned long near(struct racer *r);
unsigned int dice(struct racer *r, unsigned int sides);
/* MADV_HWPOISON: the racer itself gets the signal. */
int inject_here(struct racer *r, unsigned long i);
/* Does it succeed? */
bool map_pages(struct racer *r, unsigned long first, unsigned long nr, int prot,
	       int flags);
void drop_page(struct racer *r, unsigned long i);	/* by MADV_DONTNEED */
/* Its file has blocks of its own for these pages from now on. */
void mark_own(struct racer *r, unsigned long first, unsigned long nr);
void mark_shared(struct racer *r, unsigned long first, unsigned long nr);
/* Share these pages again. */
void share_again(struct racer *r, unsigned long first, unsigned long nr);
int touch(unsigned long addr);		/* the byte, or SIGNALLED */
int scribble(unsigned long addr, int byte);	/* 0, or SIGNALLED */
/* Rounds: drop the page from the page table, and read it again ... */
void read_around(struct racer *r, unsigned long i);
/* ... or store to it, so that the file gets a block of its own. */
void copy_on_write(struct racer *r, unsigned long i);

/* --- every struct page of a device --- */

struct page_state {
	bool failed, tail;
	int refcount;
	uint64_t mapping, index, private;
};
bool pfns_of_device(unsigned long *first, unsigned long *nr);
void for_each_page(unsigned long first, unsigned long nr,
		   void (*what)(unsigned long pfn, const struct page_state *));

#endif
