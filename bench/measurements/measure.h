/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common interfaces of the measurements. Each runs in a fresh guest whose time counts
 * instructions, and prints a line for each figure, with tabs between the fields:
 *	MEASUREMENT VARIANT X UNIT VALUE
 * Lines that begin with # are for readers of the log.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "scenario.h"

void figure(const char *measurement, const char *variant, long x,
	    const char *unit, long value);
long median(long *values, int nr);

/* The processor time of this thread, in instructions. */
long instructions(void);
/*
 * As a real-time process: only interrupts and higher priorities preempt it. 0: as any
 * process again
 */
void take_processor(int priority);

/* --- the failing page and the processes that map it --- */

#define MAX_ROUNDS	15

/*
 * Reflinks of one file, or that file alone, and processes that map the first of them,
 * one file each. Page first + r of the files fails in round r.
 */
struct crowd {
	int files, mapped, rounds, first;
	struct member {
		pid_t pid;
		unsigned long addr;	/* of page first */
		volatile unsigned int told;	/* by the right signal */
		volatile unsigned int wrong;	/* by another one */
	} *members;
	int *fds;		/* that keep the files in core; may be NULL */
};

const char *crowd_file(int nr);
struct crowd *make_files(int files);
void keep_in_core(struct crowd *c);
/* Map the pages of each file that is kept in core, and unmap them again. */
void use_pages(struct crowd *c);
void start_members(struct crowd *c, int mapped);
/*
 * For the variant "scattered-GAP", otherwise NULL: files whose shared extents begin at
 * different blocks. In the reverse mapping btree, between the records of two of them,
 * are GAP records of other files that end before the pages that fail. The files are in
 * core and have had the pages mapped; ten are mapped.
 */
struct crowd *start_scattered(const char *variant, int files);
/* This round's page */
unsigned long pfn_to_fail(struct crowd *c, int round);
/* Make it fail; return the cost. Every process due a signal gets one. */
long fail_crowd(struct crowd *c, int round, unsigned long pfn);
/* The same in another way: @what is written to @path. */
long act(struct crowd *c, int round, const char *path, const char *what);

/* --- the measurements, by name --- */

void measure_event(const char *variant, long x);
void measure_agf(const char *variant, long x);
void measure_fault(const char *variant);

#endif
