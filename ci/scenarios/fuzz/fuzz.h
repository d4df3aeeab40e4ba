/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A random test of memory failure that compares the kernel with a model
 * =====================================================================
 *
 * Processes map files on an XFS on pmem, random operations change both, and one
 * operation in about fifteen makes pages fail. A model says, before the kernel is
 * asked, what each operation must do:
 *
 *	model.c		blocks, files, mappings, and the contents of page tables
 *	actors.c	the processes that map files, access them and get signals
 *	kernel.c	the kernel's view: extents, page tables, page flags, log
 *	ground.c	the devices below the filesystem: a partition, a dm table, ...
 *	main.c		seeds, epochs, replay, shrinking, and the watchdog
 *
 *	ops.c		the operations: their arguments and their random choice
 *	check.c		comparison of the kernel with the model
 *	ops-files.c	one file: write(), truncate(), fallocate(), fsync()
 *	ops-sharing.c	two files: reflink, dedupe, exchange-range
 *	ops-processes.c	fork, mmap, munmap, mremap, madvise, mlock
 *	ops-access.c	loads and stores, by the processor and by get_user_pages()
 *	ops-failures.c	failures: injected errors, machine checks, bad blocks
 *	ops-filesystem.c growfs, freeze, remount, the DAX flag
 *	ops-storm.c	all processes at once, while a page fails
 *
 * The model takes from the kernel the place of a block on the device, when the
 * block is seen for the first time, and the outcome of a choice that the kernel is
 * free to make: whether a page is mapped by a PMD, whether a write moves an
 * unshared block. It knows by itself which files share a block, which pages a
 * process has mapped, and the content of each page.
 *
 * An operation follows from the seed, and the next one begins when it is done, but
 * for ops-storm.c. An operation is a name and a few numbers. One that refers to
 * something that does not exist is left out. So any part of a list of operations is
 * a list of operations, which is what shrinking needs.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include "lib.h"

#define NR_FILES	6
#define NR_SMALL	4	/* the other files have extents of 2 MiB */
#define BLOCK		4096L	/* PAGE, with a sign */
#define SMALL_PAGES	64
#define HUGE_PAGES	1024
#define CHUNK		512L	/* pages that a PMD maps */
#define NR_PROCS	6
#define NR_VMAS		6
#define MAX_PINS	8	/* of a process */

#define min(a, b)	((a) < (b) ? (a) : (b))
#define max(a, b)	((a) > (b) ? (a) : (b))
/* The first of the pages that a PMD maps */
#define chunk_of(page)	((page) & ~(CHUNK - 1))

/* The C library of Debian 12 does not have these. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

/* --- the model --- */

struct block {
	unsigned int refs;		/* pages of files */
	long id;			/* of no other block, ever */
	long where;			/* page of the device; -1: not known */
	unsigned char data[PAGE];
};

struct inode {
	struct inode *next;
	int slot;			/* -1: unlinked */
	int mappings;
	int fd;				/* -1: not open */
	char path[32];
	bool huge;
	bool dax;
	long nr_pages;			/* size */
	long max_pages;
	bool lost;			/* it has lost what was written to it */
	struct block *page[HUGE_PAGES];	/* NULL: hole, or unwritten */
};

/* The state of a page in a page table */
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
	long from, to;			/* the part that is still mapped */
	bool shared;
	bool sync;			/* MAP_SYNC */
	unsigned char pte[HUGE_PAGES];
	unsigned char *copy[HUGE_PAGES];
};

struct process {
	bool runs;
	int policy;			/* PR_MCE_KILL_* */
	/* places of the pages that it holds in a pipe; -1: not on the device */
	long pins[MAX_PINS];
	int nr_pins;
};

extern struct inode *files[NR_FILES];
extern struct process processes[NR_PROCS];
extern struct vma vmas[NR_PROCS][NR_VMAS];
extern bool early_by_default;
extern bool frozen;			/* the filesystem */
extern int inodes_gone;			/* that were unlinked */
/*
 * Set when a page of some file has failed: writing it back may fail, which is
 * reported once to each that asks.
 */
extern bool any_lost;

#define for_each_process(p) \
	for (p = 0; p < NR_PROCS; p++) if (processes[p].runs)
#define for_each_file(inode) \
	for (int i_ = 0; i_ < NR_FILES; i_++) if ((inode = files[i_]))
#define for_each_vma(vma) \
	for (vma = vmas[0]; vma < vmas[NR_PROCS]; vma++) if (vma->inode)

#define process_of(vma)	((int)(((vma) - vmas[0]) / NR_VMAS))
#define slot_of(vma)	((int)(((vma) - vmas[0]) % NR_VMAS))
#define addr_of(vma, i)	((vma)->addr + (i) * PAGE)

struct inode *inode_new(int slot, const char *path);
void inode_unlink(struct inode *inode);
bool any_mapping(void);
struct block *block_at(long where);
void block_is_at(struct block *block, long where);
/* Give a page a block of its own, with the content that it has. */
struct block *page_new(struct inode *inode, long page);
void pages_freed(struct inode *inode, long from, long to);
/* Take references to the blocks of some pages, and give these to others. */
void pages_get(struct inode *inode, long page, long n, struct block **blocks);
void pages_put(struct inode *inode, long page, long n, struct block **blocks);

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
/* All files that have @block may have lost something, by a machine check. */
void files_lost(const struct block *block);

/*
 * Pages whose state is one of @old are in state @pte from now on: in one mapping; in
 * all mappings of a file; in one mapping, those that a PMD around page @i maps.
 */
#define OF(pte)		(1 << (pte))
#define MAPPED		(OF(MAPS) | OF(HOLE) | OF(MAY))
#define CERTAIN		(OF(MAPS) | OF(HOLE))
void change(struct vma *vma, long from, long to, int old, enum pte pte);
void change_all(struct inode *inode, long from, long to, int old, enum pte pte);
void change_around(struct vma *vma, long i, int old, enum pte pte);
/* These pages of the file leave the page tables; with copies, if it gets shorter. */
#define unmapped(inode, from, to) \
	change_all(inode, from, to, MAPPED, NONE)
#define copies_dropped(inode, from) \
	change_all(inode, from, HUGE_PAGES, ~0, NONE)
#define holes_unmapped(inode, page)	\
	change_all(inode, page, (page) + 1, OF(HOLE), NONE)
/* The kernel may have unmapped these pages, ... */
#define unsure(inode, from, to) \
	change_all(inode, from, to, CERTAIN, MAY)
/* ... or all that a PMD around them maps. */
void uncertain(struct inode *inode, long page);
/* A fault on pages that a PMD may map may map all of them, or unmap them all. */
void faulted(struct vma *vma, long i);
void stored_to_copy(struct vma *vma, long i, int offset, int len, int byte);
void vma_copied(struct vma *to, const struct vma *from);
void vma_dropped(struct vma *vma, long from, long to);
/* The content that a load from this page finds, and its block, if any. */
const unsigned char *seen_at(const struct vma *vma, long i);
struct block *block_of(const struct vma *vma, long i);
void model_reset(void);
void dump_block(const struct block *block);

extern const unsigned char zeroes[PAGE];
uint64_t page_hash(const void *page);

/* Kernel and model differ: say so, and end. Details are in brackets, at the end. */
_Noreturn void differ(const char *fmt, ...) __printf(1, 2);
_Noreturn void differ_at(const struct vma *vma, long i, const char *what);
_Noreturn void differ_in(const struct inode *inode, long page,
			 const char *what);

/* --- the processes --- */

/* Actors that never map a file */
enum {
	ZYGOTE = NR_PROCS,	/* the processes are forked from it */
	INJECTOR,
	WRITER,
	NR_ACTORS
};

struct actor;

struct access {
	unsigned long addr;
	unsigned int len;		/* 0: load all of the page */
	int byte;
	/* in a storm */
	bool drop;			/* from the page table, each time before */
	bool check;			/* a load must find @want */
	uint64_t want;
	/* answer */
	bool failed;			/* signal, or -EFAULT */
	uint64_t hash;
	int failures, wrong;		/* in a storm: how often */
};
#define MAX_ACCESSES	24
#define MAX_SIGNALS	64

/*
 * What the orders to a process and its answers are made of, in memory that all of
 * them share. An order is a function and what it needs; the result may be -errno.
 */
typedef long work(struct actor *a);
struct actor {
	uint32_t turn;			/* the actor's; futex */
	work *what;			/* NULL: exit */
	unsigned long addr, len;
	off_t offset;
	int flags, value;
	char path[32];
	long call[6];			/* a system call and its arguments */
	int nr;
	struct access access[MAX_ACCESSES];
	long result;
	volatile int nr_signals;	/* may exceed the array */
	struct signal_got got[MAX_SIGNALS];
};
extern struct actor *actors;

/*
 * Of a page: direct I/O to or from @path; as a buffer of io_uring; into a pipe, and
 * all of them out of it, as many as can be read
 */
work do_direct_io, do_register, do_pin, do_unpin;
work do_map, do_storm, do_fail, do_write, do_clone;

void actors_begin(void);
void actor_start(int p, int parent);
void actor_exit(int p);
long order(int p, work *what);
void set_path(int p, const char *path);
/* Have it make a system call, and return -errno */
#define call(p, ...)	call_array(p, (const long [6]){ __VA_ARGS__ })
long call_array(int p, const long *call);
void actor_access(int p, struct access *accesses, int nr);
/*
 * The signals since this was last asked for. A signal that an access has drawn has
 * come before the answer. One that another process has sent has come when the
 * process has answered once more.
 */
int actor_signals(int p, bool ping, struct signal_got *got, int max);
pid_t actor_pid(int p);
int actor_pagemap(int p);
/* An order that is carried out at the same time as others, until actors_wait() */
void order_too(int p, work *what);
void actors_wait(void);

/* --- the kernel --- */

void kernel_begin(void);
/* The places of the pages; -1 for a hole, -2 for unwritten ones. */
void extents(int fd, long from, long to, long *where);
/*
 * The first page of a special owner (free space, or what is staged for copy on
 * write) that is wanted; -1: none. Which file is to get the latter only a debug
 * build of XFS would tell.
 */
long find_page(uint64_t owner, bool (*wanted)(long where));
void read_tables(const struct vma *vma, long from, long n, uint64_t *entries);
#define PM_PRESENT	(1ULL << 63)
#define PM_PFN		((1ULL << 55) - 1)
bool by_pmd(const struct vma *vma, long i);
bool page_flagged(unsigned long pfn);
long page_count(unsigned long pfn);
/* Wait until the machine-check handler is done with the event. */
void machine_check_handled(void);
char *new_splat(void);

/* --- below the filesystem --- */

int ground_by_name(const char *name);
const char *ground_name(int nr);
int random_ground(uint64_t seed);
void ground_begin(int nr);
/*
 * Take away what is between pmem and the filesystem, unbind the devices and bind
 * them again: no page is flagged, no block bad. False if something is in use.
 */
bool ground_end(void);
/* After that; and wipe the devices. */
bool ground_repair_finds_nothing(void);
/* Remove what an earlier worker has left. */
bool ground_clean_up(void);
/* The filesystem's size in pages; false if it has all of the device */
long filesystem_pages(void);
bool grow_filesystem(void);
bool has_rmapbt(void);
bool knows_its_space(void);		/* find_page() finds pages */
long pages_of_device(void);
unsigned long pfn_at(long where);
long where_is(unsigned long pfn);	/* -1: not on the device */
long sector_at(long where);		/* of the disk */
bool bad_block_on_record(long where);
/* What a failure is made of; for any process */
void record_bad_block(long sector);
void raise_machine_check(unsigned long pfn);
/* A block device that is not pmem, and the file that has its content */
const char *direct_io_device(void);
int direct_io_file(void);

/* --- the operations --- */

/*
 * The arguments that an operation can have: numbers, and what they refer to. An
 * operation has a list of them, separated by blanks, in the order in which they are
 * printed. If the name that is printed is another one, it comes first: "to:room".
 * An argument that ends with "!" refers to something that does not exist yet.
 */
#define FOR_EACH_ARG(x) \
	x(process) x(child) x(vma) x(room) x(file) x(to) x(page) x(n) x(at) \
	x(len) x(byte) x(how) x(pages) x(policy) x(on) x(way) x(rounds) x(seed)

#define ARG_ENUM(name)		ARG_##name,
#define ARG_MEMBER(name)	long name;
#define ARG_NAME(name)		#name,
enum { FOR_EACH_ARG(ARG_ENUM) NR_ARGS };

struct op {
	const struct op_kind *kind;
	union {
		long arg[NR_ARGS];
		struct { FOR_EACH_ARG(ARG_MEMBER) };
	};
	struct vma *map, *new_map;	/* of @vma, and of @room */
	struct inode *inode, *other;	/* of @file, and of @to */
};

struct op_kind {
	const char *name;
	int weight;
	const char *args;
	int may;
	bool (*run)(const struct op *op);	/* false: left out */
	/* false: there is nothing to do it with; NULL: random_args() */
	bool (*random)(struct op *op);
	uint64_t with;
};

/* It may be run */
#define FROZEN	1			/* while the filesystem is frozen */
#define PINNED	2			/* while processes hold pages in pipes */
/* Its file may be */
#define CACHED	4			/* one that is not DAX */
#define BEYOND	8			/* shorter than the pages or bytes */

/* Each list ends with an operation without a name. */
extern struct op_kind file_ops[], sharing_ops[], process_ops[], access_ops[],
	failure_ops[], filesystem_ops[], storm_ops[];

extern struct figures {
	long ops, left_out;
	long poisons, machine_checks;
	long victims, by_pmd;		/* mappings of failed pages */
	long signals, repairs, storms;
} figures;

bool op_parse(char *line, struct op *op);
void op_print(const struct op *op, char *line, size_t size);
bool op_disable(const char *name);
void op_random(struct op *op);
void op_run(struct op *op);
void epoch_begin(int ground);
void epoch_end(void);

uint64_t random_seed(uint64_t seed);	/* returns the state until then */
long below(long n);
long between(long low, long high);
bool chance(int percent);

bool in_vma(const struct vma *vma, long i, long n);
/* Can a PMD map these CHUNK pages? */
bool whole_chunk(const struct inode *inode, long first);

/* All arguments at random; or some, NULL or false if there are none */
bool random_args(struct op *op);
struct inode *random_file(long *slot);
bool random_process(long *p);
bool random_vma(struct op *op);		/* and its process */
bool free_vma(long p, long *v);
/* Pages of a file, or also beyond its end */
bool random_range(const struct inode *inode, bool beyond, long *page, long *n);
/* More often than not a page that something has happened to */
long random_page(const struct vma *vma);
long random_how(void);

/* --- comparison, in check.c --- */

int fd_of(struct inode *inode);
void close_fd(struct inode *inode);
void close_files(void);
/* A place that was bad is in use again. */
void must_be_repaired(long where);
bool still_bad(long where);

/*
 * Take over from the kernel where the blocks of these pages are. Returns whether
 * one that the file had has moved, with its content.
 */
bool take_places(struct inode *inode, long from, long to, int how);
#define MORE		1	/* holes may have blocks by now, full of zeroes */
#define MOVED		2	/* blocks may have moved, */
#define UNSHARED	4	/* if they were shared they must have, */
#define FILLED		8	/* and no hole is left. */
#define BY_WRITE	16	/* only write() need not read the old place */
/* The blocks are where they were; with an extent size hint there may be more. */
void check_extents(struct inode *inode, long from, long to);
void allocated_around(struct inode *inode, long from, long to);
/* Blocks that were allocated beyond the end are a part of the file now. */
void grown(struct inode *inode, long nr_pages);
void moved_to(struct inode *inode, long page, long where, bool by_write);
/* These pages were written to (BY_WRITE, or 0), or may have been. */
bool written(struct inode *inode, long from, long to, int how);
void maybe_written(struct inode *inode, long from, long to);
void check_data(struct inode *inode, long from, long to);
void check_tables(void);
/* A page that may or may not be mapped: ask. */
void refresh(struct vma *vma, long i);
/* The place of the page that is mapped here; -1: none of the device */
long mapped_place(const struct vma *vma, long i);
void check_flag(long where);
void check_counter(void);
void check_counts(void);
void check_log(void);
void check_everything(bool huge_as_well);
/* Places that were pinned last */
extern long pinned[256];
extern int nr_pinned;

/* --- used by several of them --- */

void exit_process(int p);
void release_pins(void);
void finish_inodes(void);
bool is_dax(struct inode *inode);	/* the kernel says */
void thaw(void);

/* A mapping of a page that fails */
struct victim {
	struct vma *vma;
	long i;
	long where;
	int lsb;
	bool told;
	bool undisturbed;		/* by anything else in the storm */
};
extern struct victim victims[];
extern int nr_victims;
/* Add the mappings of a block whose page tables are in one of these states. */
void find_victims(const struct block *block, int states);
struct victim *victim_of(int p, const struct signal_got *got);
bool wants_to_know(int p);
_Noreturn void wrong_signal(int p, const char *what,
			    const struct signal_got *got);
/* Make a page of a special owner fail; false if there is none. */
bool fail_special(uint64_t owner, bool (*wanted)(long where), int how);

/*
 * The outcome of an access. POISONED: SIGBUS with BUS_MCEERR_AR; BEYOND_END:
 * BUS_ADRERR. Either is -EFAULT for get_user_pages().
 */
enum access_outcome { FINE, BEYOND_END, POISONED };
enum access_outcome expected(struct vma *vma, long i, bool store);
/*
 * It has failed. May that be though the page is good? The destination of a copy
 * can be bad, and MAP_SYNC reports that other data was lost.
 */
bool may_be_refused(struct vma *vma, long i);
/* Who accesses the page */
enum way { PROCESSOR, PROCESS_VM, DIRECT_IO, NR_WAYS };
/* Have the kernel access these pages, until one cannot be accessed. */
void fault_in(struct vma *vma, long i, long n, bool store, bool lock);
/* It has, and has returned @error. */
void populated(struct vma *vma, long i, long n, bool store, int error,
	       int error_beyond, int error_poisoned);

#endif
