/* SPDX-License-Identifier: GPL-2.0 */
/* What the files with operations share. */
#ifndef OPS_H
#define OPS_H

#include <errno.h>
#include "fuzz.h"

/* The C library of Debian 12 does not have these. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

struct op_kind {
	const char *name;
	int weight;
	const char *args;
	bool (*random)(long *arg);	/* false: there is nothing to do it with */
	bool (*run)(const long *arg);	/* false: left out */
	int may;
};

/* It may be run */
#define FROZEN	1			/* while the filesystem is frozen */
#define PINNED	2			/* while processes hold pages in pipes */

/* Each list ends with an operation without a name. */
extern struct op_kind file_ops[], sharing_ops[], process_ops[], access_ops[],
	failure_ops[], filesystem_ops[], storm_ops[];

/* --- what an operation refers to; NULL or false if it does not exist --- */

struct inode *any_file(long slot);
struct inode *the_file(long slot);	/* a DAX file */
bool runs(long p);
struct vma *the_vma(long p, long v);
bool in_file(const struct inode *inode, long page, long n);
bool in_vma(const struct vma *vma, long i, long n);
long max_pages(const struct inode *inode);
/* Can a PMD map these CHUNK pages? */
bool whole_chunk(const struct inode *inode, long first);

/* --- and a random choice of it --- */

bool random_nothing(long *arg);		/* no arguments */
bool random_file(long *slot);
bool random_process(long *p);
bool random_vma(long *p, long *v);
/* More often than not a page that something has happened to */
long random_page(const struct vma *vma);
long random_length(long most);
/* Pages of a file, or also beyond its end */
bool random_range(const struct inode *inode, bool beyond, long *page, long *n);
bool random_file_range(long *arg);	/* file, page, n */
bool random_vma_page(long *arg);	/* process, vma, page */
bool random_vma_range(long *arg);	/* process, vma, page, n */

/* --- comparison, in check.c --- */

/*
 * Set when a page of some file has failed: writing it back may fail, which is
 * reported once to each that asks.
 */
extern bool any_lost;

int fd_of(struct inode *inode);
void close_fd(struct inode *inode);
/* A place that was bad is in use again. */
void must_be_repaired(long where);
bool still_bad(long where);
/* The blocks are where they were. */
void check_extents(struct inode *inode, long from, long to);
/* The same; the kernel may have allocated more than it was asked for. */
void check_blocks(struct inode *inode, long from, long to, bool may_have_more);
void allocated_around(struct inode *inode, long from, long to);
/* Blocks that were allocated beyond the end are a part of the file now. */
void grown(struct inode *inode, long nr_pages);
/*
 * A page of a file has moved, with its content. Only write() need not read the old
 * place.
 */
void moved_to(struct inode *inode, long page, long where, bool by_write);
/*
 * These pages were written to: the kernel may have moved them, and must have if
 * they were shared. Returns whether it has moved one.
 */
bool written(struct inode *inode, long from, long to, bool by_write);
/* These pages may have been written to, or not. The first leaves the others alone. */
void maybe_moved(struct inode *inode, long from, long to);
void maybe_written(struct inode *inode, long from, long to);
void check_size(struct inode *inode);
void check_data(struct inode *inode, long from, long to);
void check_tables(void);
/* A page that may or may not be mapped: ask. */
void refresh(int p, struct vma *vma, long i);
/* The place of the page that is mapped here; -1: none of the device */
long mapped_place(int p, unsigned long addr);
void check_flag(long where);
void check_counter(void);
void check_counts(void);
/* Places that were pinned last */
extern long pinned[256];
extern int nr_pinned;
void check_log(void);

/* --- used by several of them --- */

bool run_pwrite(const long *arg);
bool run_exit(const long *arg);
void release_pins(void);
void finish_inodes(void);
bool is_dax(struct inode *inode);	/* the kernel says */
bool thaw(void);			/* was it frozen? */
void close_files(void);
bool wants_to_know(int p);
long random_how(void);
void fail_page(long where, int how);
bool fail_free_page(bool (*wanted)(long where), int how);
/*
 * The outcome of an access. POISONED: SIGBUS with BUS_MCEERR_AR; BEYOND: the end of
 * the file, BUS_ADRERR. Either is -EFAULT for get_user_pages().
 */
enum access_outcome { FINE, BEYOND, POISONED };
enum access_outcome expected(int p, struct vma *vma, long i, bool store);
/* The access has succeeded, and a store has put @len bytes at @offset. */
void loaded(struct vma *vma, long i);
void stored(int p, struct vma *vma, long i, unsigned int offset,
	    unsigned int len, int byte);
/*
 * It has failed. May that be though the page is good? The destination of a copy
 * can be bad, and MAP_SYNC reports that other data was lost.
 */
bool may_be_refused(struct vma *vma, long i);
void refused(struct vma *vma, long i);
/*
 * The kernel accesses @n pages from @i on, until one cannot be accessed, and has
 * returned @error.
 */
void before_populating(int p, struct vma *vma, long i, long n);
void populated(int p, struct vma *vma, long i, long n, bool store, int error,
	       int error_beyond, int error_poisoned);

#endif
