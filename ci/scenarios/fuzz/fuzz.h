/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A random test of memory failure that compares the kernel with a model
 * =====================================================================
 *
 * Random operations are made on a handful of files on XFS on pmem, by processes
 * that map them; one in about fifteen has a page fail. A model says, before the
 * kernel is asked, what each operation must do:
 *
 *	model.c		blocks, files, mappings, and what is in each page table
 *	ops.c		the operations: what is asked of the kernel, what of the
 *			model, and how the two are compared
 *	actors.c	the processes that map files, load, store and get signals
 *	kernel.c	what the kernel tells: extents, page tables, page flags, log
 *	ground.c	what the filesystem is on: a partition, a mapped device, ...
 *	main.c		seeds, epochs, replay, shrinking, and who watches it all
 *
 * What the model takes from the kernel is where a block is on the device, when
 * it is seen for the first time; and a choice where the kernel is free to choose:
 * whether a page is mapped by a PMD, whether an unshared block is moved by a
 * write. Who shares what, who has what mapped, who has a copy of his own and
 * what is in it the model knows by itself.
 *
 * Everything happens in sequence, one operation at a time, and follows from the
 * seed. An operation is a name and a few numbers. One that makes no sense, as
 * what it refers to is not there, is left out. So any part of a list of
 * operations is a list of operations, which is what shrinking needs.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include "lib.h"

#define NR_FILES	6
#define NR_SMALL	4	/* the other files have extents of 2 MiB */
#define BLOCK		4096L	/* PAGE, with a sign */
#define SMALL_PAGES	64
#define HUGE_PAGES	1024
#define CHUNK		512	/* pages that a PMD maps */
#define NR_PROCS	6
#define ZYGOTE		NR_PROCS	/* the processes are forked from it */
#define NR_VMAS		6

/* --- the model --- */

struct block {
	unsigned int refs;		/* pages of files */
	long where;			/* page of the device; -1: not known */
	unsigned char data[PAGE];
};

struct inode {
	int slot;			/* -1: unlinked */
	int mappings;
	int fd;				/* -1: not open */
	char path[32];
	bool huge;
	long nr_pages;			/* size */
	bool lost;			/* it has lost what was written to it */
	struct block *page[HUGE_PAGES];	/* NULL: hole, or unwritten */
};

/* What a page table has for a page. */
enum pte {
	NONE,
	MAPS,				/* the file's block */
	HOLE,				/* zeroes, in the place of a block */
	COPY,				/* a page of its own; private only */
	MAY,				/* as the file has it, or nothing */
};

struct vma {
	struct inode *inode;		/* NULL: no such mapping */
	unsigned long addr;		/* of page 0 */
	long pgoff;			/* of page 0 */
	long from, to;			/* what is left of it */
	bool shared;
	bool anon;			/* it has had copies */
	unsigned char pte[HUGE_PAGES];
	unsigned char *copy[HUGE_PAGES];
};

struct process {
	bool runs;
	int policy;			/* PR_MCE_KILL_* */
	struct vma vma[NR_VMAS];
};

extern struct inode *files[NR_FILES];
extern struct process processes[NR_PROCS];
extern bool early_by_default;

struct inode *inode_new(int slot, const char *path);
void inode_unlink(struct inode *inode);
void inode_unmapped(struct inode *inode);
void page_set(struct inode *inode, long page, struct block *block);
struct block *block_new(void);
struct block *block_at(long where);
void block_is_at(struct block *block, long where);
/*
 * How a page fails. An injected error leaves no trace; either of the others makes
 * the page bad: the kernel must not use it before all of it was written.
 */
#define INJECTED	0
#define MACHINE_CHECK	1	/* sets PG_hwpoison */
#define SCRUBBED	2	/* the driver has a bad block on record */
bool bad(const struct block *block);
bool bad_place(long where);
bool flagged_place(long where);
void bad_from_now(long where, int how);
bool bad_and_free(void);
void repaired(long where);
long flagged_pages(bool (*still)(long where));
extern int inodes_gone;			/* that were unlinked */
void files_lost(const struct block *block);
/* From the page tables goes what of the file is in these pages. */
void unmapped(struct inode *inode, long from, long to);
/* The kernel may have mapped or unmapped more around it than that. */
void uncertain(struct inode *inode, long page);
void holes_unmapped(struct inode *inode, long page);
void unsure(struct inode *inode, long page);
void unsure_around(struct vma *vma, long i);
void unmapped_by_pmd(struct vma *vma, long i);
void copies_dropped(struct inode *inode, long from);
void vma_copied(struct vma *to, const struct vma *from);
void vma_dropped(struct vma *vma, long from, long to);
void set_pte(struct vma *vma, long i, enum pte pte);
void make_copy(struct vma *vma, long i);
/* What somebody who loads from this page is to read, and its block, if any. */
const unsigned char *seen_at(const struct vma *vma, long i);
struct block *block_of(const struct vma *vma, long i);
void model_reset(void);
void dump_block(const struct block *block);

#define for_each_process(p) \
	for (p = 0; p < NR_PROCS; p++) if (processes[p].runs)
#define for_each_vma(p, v) \
	for_each_process(p) for (v = 0; v < NR_VMAS; v++) \
		if (processes[p].vma[v].inode)

extern const unsigned char zeroes[PAGE];
uint64_t page_hash(const void *page);

/* Kernel and model differ: tell, and end. Details are in brackets, at the end. */
void differ(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

/* --- the processes --- */

struct access {
	unsigned long addr;
	unsigned int len;		/* 0: load all of the page */
	int byte;
	/* answer */
	bool signalled;
	uint64_t hash;
};
#define MAX_ACCESSES	24

void actors_begin(void);
void actor_start(int p, int parent);
void actor_exit(int p);
void actor_policy(int p, int policy);
unsigned long actor_map(int p, unsigned long addr, const char *path, long pgoff,
			long pages, bool shared);
void actor_unmap(int p, unsigned long addr, long pages);
void actor_drop(int p, unsigned long addr, long pages);
int actor_sync(int p, unsigned long addr, long pages);
void actor_move(int p, unsigned long addr, long pages, unsigned long to);
void actor_access(int p, struct access *accesses, int nr);
/*
 * A signal that an access has drawn has come before the answer. One that somebody
 * else has sent has come when the process has answered once more.
 */
int actor_signals(int p, bool ping, struct signal_got *got, int max);
pid_t actor_pid(int p);

/* --- the kernel --- */

void kernel_begin(void);
/* Where the pages are; -1 for a hole, -2 for unwritten ones. */
void extents(int fd, long from, long to, long *where);
long find_page(uint64_t owner, bool (*wanted)(long where));
void read_tables(int p, unsigned long addr, long pages, uint64_t *entries);
#define PM_PRESENT	(1ULL << 63)
#define PM_FILE		(1ULL << 61)
#define PM_PFN		((1ULL << 55) - 1)
bool by_pmd(int p, unsigned long addr);
bool page_flagged(unsigned long pfn);
long page_count(unsigned long pfn);
/* Wait until the machine-check handler is done with the event. */
void machine_check_handled(void);
char *new_splat(void);

/* --- what the filesystem is on --- */

int ground_by_name(const char *name);	/* -1: there is none */
const char *ground_name(int nr);
int random_ground(uint64_t seed);
void ground_begin(int nr);
bool ground_end(void);
/* Unbind the devices and bind them again: no page is flagged, no block bad. */
void ground_renew(void);
bool ground_clean_up(void);
bool has_rmapbt(void);
bool knows_its_space(void);		/* find_page() finds pages */
long pages_of_device(void);
unsigned long pfn_at(long where);
long where_is(unsigned long pfn);	/* -1: not on the device */
void record_bad_block(long where);
bool bad_block_on_record(long where);
void raise_machine_check(unsigned long pfn);

/* --- the operations --- */

#define MAX_ARGS	6

struct op {
	const struct op_kind *kind;
	long arg[MAX_ARGS];
};

struct figures {
	long ops, left_out;
	long poisons, machine_checks;
	long victims, by_pmd;		/* mappings of failed pages */
	long signals, repairs;
};
extern struct figures figures;

bool op_parse(const char *line, struct op *op);
void op_print(const struct op *op, char *line, size_t size);
bool op_disable(const char *name);
void op_random(struct op *op);
void op_run(const struct op *op);
void check_everything(bool huge_as_well);
void epoch_begin(int ground);
void epoch_end(void);

void random_seed(uint64_t seed);
uint64_t random64(void);
long below(long n);
bool chance(int percent);

#endif
