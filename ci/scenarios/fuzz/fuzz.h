/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A random test of memory failure that compares the kernel with a model
 * =====================================================================
 *
 * Processes map files on an XFS on pmem, random operations change both, and one
 * operation in about fifteen makes pages fail. A model predicts the result of each
 * operation before the kernel runs it:
 *
 *	model.c		blocks, files, mappings, and the contents of page tables
 *	kernel.c	the kernel's state of these, and its comparison with the model
 *	actors.c	the processes that map files, access them and get signals
 *	ground.c	the devices below the filesystem: a partition, a dm table, ...
 *	main.c		seeds, epochs, replay, shrinking, and the watchdog
 *
 *	ops.c		the operations: their arguments and their random choice
 *	ops-files.c	one file: write(), truncate(), fallocate(), fsync()
 *	ops-sharing.c	two files: reflink, dedupe, exchange-range
 *	ops-processes.c	fork, mmap, munmap, mremap, madvise, mlock
 *	ops-access.c	loads and stores, by the processor and by get_user_pages()
 *	ops-failures.c	failures: injected errors, machine checks, bad blocks; also
 *			while all processes are at work: a storm
 *	ops-filesystem.c growfs, freeze, remount, the DAX flag
 *
 * The model takes from the kernel the place of a block on the device, when the
 * block is seen for the first time, and the outcome of a choice that the kernel is
 * free to make: whether a page is mapped by a PMD, whether a write moves an
 * unshared block. It knows by itself which files share a block, which pages a
 * process has mapped, and the content of each page.
 *
 * The seed determines the operations, which run one at a time, except in a storm.
 * An operation is a name and a few numbers. It is skipped if it refers to something
 * that does not exist. So any part of a list of operations is a valid list, as
 * shrinking requires.
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
#define BLOCK		((long)PAGE)
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

/* --- the model --- */

struct block {
	unsigned int refs;		/* pages of files */
	long id;			/* never reused */
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
	bool lost;			/* written data was lost */
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
	int pipe[2];			/* of pages that it holds; or 0 */
	/* their places; -1: not on the device */
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
 * Set when a page of some file has failed: writeback may fail, once for each
 * open file.
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
/* Give a page its own block, with the current content. */
struct block *page_new(struct inode *inode, long page);
void pages_freed(struct inode *inode, long from, long to);
/* Take references to the blocks of some pages, and give these to others. */
void pages_get(struct inode *inode, long page, long n, struct block **blocks);
void pages_put(struct inode *inode, long page, long n, struct block **blocks);

/*
 * How a page fails. An injected error leaves no trace; the others make the page bad:
 * the kernel must not use it before all of it was written.
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
 * Change pages from one of the states @old to @pte: in one mapping; in all mappings of
 * a file; in one mapping, those that a PMD around page @i maps.
 */
#define OF(pte)		(1 << (pte))
#define MAPPED		(OF(MAPS) | OF(HOLE) | OF(MAY))
#define CERTAIN		(OF(MAPS) | OF(HOLE))
void change(struct vma *vma, long from, long to, int old, enum pte pte);
void change_all(struct inode *inode, long from, long to, int old, enum pte pte);
void change_around(struct vma *vma, long i, int old, enum pte pte);
/* These pages of the file are unmapped, including copies if it gets shorter. */
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
/* A fault on pages that a PMD may map can map all of them, or unmap them all. */
void faulted(struct vma *vma, long i);
void stored_to_copy(struct vma *vma, long i, int offset, int len, int byte);
void vma_copied(struct vma *to, const struct vma *from);
void vma_dropped(struct vma *vma, long from, long to);
const unsigned char *data_of(const struct block *block);
/* The content that a load from this page finds, and its block, if any. */
const unsigned char *seen_at(const struct vma *vma, long i);
struct block *block_of(const struct vma *vma, long i);
void model_reset(void);
void dump_block(const struct block *block);

uint64_t page_hash(const void *page);

/*
 * Kernel and model differ, or must agree in this: report it and exit. Details are in
 * brackets at the end.
 */
_Noreturn void differ(const char *fmt, ...) __printf(1, 2);
_Noreturn void differ_at(const struct vma *vma, long i, const char *what);
#define agree(cond, ...) \
	do { if (!(cond)) differ(__VA_ARGS__); } while (0)
#define agree_at(cond, vma, i, what) \
	do { if (!(cond)) differ_at(vma, i, what); } while (0)
#define agree_in(cond, inode, page, what) \
	agree(cond, "%s (%s page %ld)", what, (inode)->path, page)

/* --- the processes --- */

/* Actors that never map a file; messages name them by their numbers. */
enum {
	ZYGOTE = NR_PROCS,	/* the processes are forked from it */
	INJECTOR,
	WRITER,
	NR_ACTORS
};

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
 * An order to a process and its answer, in memory that all of them share. An order is a
 * function and its arguments; the result may be -errno.
 */
struct actor;
typedef long work(struct actor *a);
struct actor {
	pid_t pid;
	int pagemap;			/* open */
	bool ordered;
	uint32_t turn;			/* the actor's; futex */
	work *what;			/* NULL: exit */
	long arg[7];
	struct iovec iov;		/* for a system call */
	struct access access[MAX_ACCESSES];
	int nr;
	long result;
	volatile int nr_signals;	/* may exceed the array */
	struct signal_got got[MAX_SIGNALS];
};
extern struct actor *actors;

/* A system call; accesses, over and over */
work do_call, do_storm;

void actors_begin(void);
void actor_start(int p, int parent);
void actor_exit(int p);
/* An order that runs concurrently with others, until actors_wait() */
#define order_too(p, what, ...) \
	order_args(p, what, (const long [7]){ __VA_ARGS__ })
void order_args(int p, work *what, const long *args);
void actors_wait(void);
/* Wait for its result */
#define order(p, what, ...) \
	(order_too(p, what, __VA_ARGS__), result_of(p))
long result_of(int p);
#define call(p, ...)	order(p, do_call, __VA_ARGS__)
void actor_access(int p, struct access *accesses, int nr);
/*
 * The signals since the last call. A signal caused by an access arrives before the
 * answer. One that another process sent has arrived after a ping.
 */
int actor_signals(int p, struct signal_got *got, int max);
#define ping(p)		call(p, SYS_getppid)

/* --- below the filesystem --- */

const char *random_ground(uint64_t seed);
void ground_begin(const char *name);
/*
 * Remove the devices between pmem and the filesystem, unbind pmem devices and bind them
 * again: no page is flagged, no block bad. False if something is in use.
 */
bool ground_end(void);
/* Call it after ground_end(); it also wipes the devices. */
bool ground_repair_finds_nothing(void);
/* Remove the devices of an earlier worker. */
bool ground_clean_up(void);
/* The filesystem's size in pages; false if it fills the device */
long filesystem_pages(void);
bool grow_filesystem(void);
bool has_rmapbt(void);
bool knows_its_space(void);		/* find_page() finds pages */
long pages_of_device(void);
unsigned long pfn_at(long where);
long where_is(unsigned long pfn);	/* -1: not on the device */
void check_counts(void);		/* No page is in use after the unmount. */
bool bad_block_on_record(long where);
void record_bad_block(long where);

/* --- the operations --- */

/*
 * The arguments that an operation can have: numbers, and the objects they refer to. An
 * operation has a list of them, separated by blanks, in the order in which they are
 * printed. If the printed name differs, it comes first: "to:room". An argument that
 * ends with "!" refers to something that does not exist yet.
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
	/* Replace some random arguments; false: all of them. Optional. */
	bool (*choose)(struct op *op);
	uint64_t with;
};

/* It may be run */
#define FROZEN	1			/* while the filesystem is frozen */
#define PINNED	2			/* while processes hold pages in pipes */
/* Its file may be */
#define CACHED	4			/* one that is not DAX */
#define BEYOND	8			/* shorter than the pages or bytes */
#define GROWS	16			/* the other file may be */

/* Each list ends with an operation without a name. */
extern struct op_kind file_ops[], sharing_ops[], process_ops[], access_ops[],
	failure_ops[], filesystem_ops[];

extern struct figures {
	long seconds, ops, left_out;
	long poisons, machine_checks;
	long victims, by_pmd;		/* mappings of failed pages */
	long signals, repairs, storms;
} figures;

bool op_parse(char *line, struct op *op);
void op_print(const struct op *op, char *line, size_t size);
void disable_ops(char *names);		/* with commas between them */
void op_random(struct op *op);
void op_run(struct op *op);
uint64_t random_seed(uint64_t seed);	/* returns the previous state */
long below(long n);
long between(long low, long high);
bool chance(int percent);

bool in_vma(const struct vma *vma, long i, long n);
/* Can a PMD map these CHUNK pages? */
bool whole_chunk(const struct inode *inode, long first);

/* Pages of a file, or also beyond its end */
bool random_range(const struct inode *inode, bool beyond, long *page, long *n);
long random_page(const struct vma *vma);

/* --- the kernel --- */

void kernel_begin(void);
int fd_of(struct inode *inode);
/* The places of the pages; -1 for a hole, -2 for unwritten ones. */
void extents(struct inode *inode, long from, long to, long *where);
/*
 * The first wanted page of a special owner (free space, or blocks staged for
 * copy on write); -1: none. Only a debug build of XFS shows which file the
 * latter belong to.
 */
long find_page(uint64_t owner, bool (*wanted)(long where));
bool by_pmd(const struct vma *vma, long i);
void close_fd(struct inode *inode);
void close_files(void);
/* A bad place is in use again. */
void must_be_repaired(long where);
bool still_bad(long where);

/*
 * Take the places of these pages' blocks from the kernel. Returns whether an existing
 * block has moved, with its content.
 */
bool take_places(struct inode *inode, long from, long to, int how);
#define MORE		1	/* holes may have blocks by now, full of zeroes */
#define MOVED		2	/* blocks may have moved, */
#define UNSHARED	4	/* if they were shared they must have, */
#define FILLED		8	/* and no hole is left. */
#define BY_WRITE	16	/* only write() may skip reading the old place */
/* The blocks have not moved; an extent size hint may have added some. */
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
/* A page that may or may not be mapped: ask the kernel. */
void refresh(struct vma *vma, long i);
/* The place of the page that is mapped here; -1: not on the device */
long mapped_place(const struct vma *vma, long i);
void check_flag(long where);
/* HardwareCorrupted, without what an earlier worker has left */
long counted_pages(void);
void check_counter(void);
void check_log(void);
void check_everything(bool huge_as_well);

/* --- used by several of them --- */

void exit_process(int p);
void release_pins(void);
void finish_inodes(void);
bool is_dax(struct inode *inode);	/* according to the kernel */
void thaw(void);

/*
 * Of the good pages of a special owner from @first on, make the one after @skipped
 * others fail; false if there is none.
 */
bool fail_special(uint64_t owner, long first, long skipped, int how);

/*
 * The outcome of an access. POISONED: SIGBUS with BUS_MCEERR_AR; BEYOND_END:
 * BUS_ADRERR. Either is -EFAULT for get_user_pages().
 */
enum access_outcome { FINE, BEYOND_END, POISONED };
enum access_outcome expected(struct vma *vma, long i, bool store);
/*
 * May an access to a good page fail? The destination of a copy can be bad, and
 * MAP_SYNC reports the loss of other data.
 */
bool may_be_refused(struct vma *vma, long i);
/* The means of access to a page */
enum way { PROCESSOR, PROCESS_VM, DIRECT_IO, NR_WAYS };
/* Make the kernel access these pages up to the first that it cannot. */
void fault_in(struct vma *vma, long i, long n, bool store, bool lock);
/* The kernel has accessed them and returned @error. */
void populated(struct vma *vma, long i, long n, bool store, int error,
	       int error_beyond, int error_poisoned);

#endif
