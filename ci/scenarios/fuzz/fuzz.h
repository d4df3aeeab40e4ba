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
 *	kernel.c	what the kernel tells: extents, page tables, page flags, log
 *	ground.c	the devices below the filesystem: a partition, a dm table, ...
 *	main.c		seeds, epochs, replay, shrinking, and the watchdog
 *
 *	ops.c		the list of operations, random choice, printing and parsing
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

#include <stdio.h>
#include "lib.h"

#define NR_FILES	6
#define NR_SMALL	4	/* the other files have extents of 2 MiB */
#define BLOCK		4096L	/* PAGE, with a sign */
#define SMALL_PAGES	64
#define HUGE_PAGES	1024
#define CHUNK		512	/* pages that a PMD maps */
#define NR_PROCS	6
#define NR_VMAS		6
#define MAX_PINS	8	/* of a process */

/* Actors that never map a file */
enum {
	ZYGOTE = NR_PROCS,	/* the processes are forked from it */
	INJECTOR,
	WRITER,
	NR_ACTORS
};

/* --- the model --- */

struct block {
	unsigned int refs;		/* pages of files */
	long id;			/* of no other block, ever */
	long where;			/* page of the device; -1: not known */
	unsigned char data[PAGE];
};

struct inode {
	int slot;			/* -1: unlinked */
	int mappings;
	int fd;				/* -1: not open */
	char path[32];
	bool huge;
	bool dax;
	long nr_pages;			/* size */
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
	struct vma vma[NR_VMAS];
	/* places of the pages that it holds in a pipe; -1: not on the device */
	long pins[MAX_PINS];
	int nr_pins;
};

extern struct inode *files[NR_FILES];
extern struct process processes[NR_PROCS];
extern bool early_by_default;
extern bool frozen;			/* the filesystem */

struct inode *inode_new(int slot, const char *path);
void inode_unlink(struct inode *inode);
void inode_unmapped(struct inode *inode);
bool any_mapping(void);
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

/* These pages of the file leave the page tables. */
void unmapped(struct inode *inode, long from, long to);
/* The kernel may have unmapped these pages, ... */
void unsure(struct inode *inode, long from, long to);
/* ... or all that a PMD around them maps. */
void uncertain(struct inode *inode, long page);
void unsure_around(struct vma *vma, long i);
void holes_unmapped(struct inode *inode, long page);
void unmapped_by_pmd(struct vma *vma, long i);
void copies_dropped(struct inode *inode, long from);
void vma_copied(struct vma *to, const struct vma *from);
void vma_dropped(struct vma *vma, long from, long to);
void set_pte(struct vma *vma, long i, enum pte pte);
void make_copy(struct vma *vma, long i);
/* The content that a load from this page finds, and its block, if any. */
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

/* Kernel and model differ: say so, and end. Details are in brackets, at the end. */
void differ(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

/* --- the processes --- */

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

void actors_begin(void);
void actor_start(int p, int parent);
void actor_exit(int p);
void actor_policy(int p, int policy);
int actor_map(int p, unsigned long addr, const char *path, long pgoff,
	      long pages, int flags);
int actor_unmap(int p, unsigned long addr, long pages);
int actor_sync(int p, unsigned long addr, long pages);
int actor_advise(int p, unsigned long addr, long pages, int advice);
int actor_lock(int p, unsigned long addr, long pages);
int actor_move(int p, unsigned long addr, long pages, unsigned long to);
void actor_access(int p, struct access *accesses, int nr);
/* One page to or from the device of direct_io_file(), by O_DIRECT */
int actor_direct_io(int p, unsigned long addr, bool to_memory);
int actor_register(int p, unsigned long addr);
/* Put a page into a pipe, and take all pages out of it. */
int actor_pin(int p, unsigned long addr);
int actor_unpin(int p, uint64_t *hashes);
/*
 * A signal that an access has drawn has come before the answer. One that another
 * process has sent has come when the process has answered once more.
 */
int actor_signals(int p, bool ping, struct signal_got *got, int max);
pid_t actor_pid(int p);

/* Orders that are carried out at the same time; actors_wait() ends all of them. */
void actor_storm(int p, const struct access *accesses, int nr, int rounds);
void actor_fail(unsigned long pfn, long sector, int how);
void actor_write(const char *path, long at, long len, int byte);
void actor_clone(const char *path, long page, long n, const char *to);
void actors_wait(void);
const struct access *actor_accesses(int p);
long actor_result(int p);

/* --- the kernel --- */

void kernel_begin(void);
/* The places of the pages; -1 for a hole, -2 for unwritten ones. */
void extents(int fd, long from, long to, long *where);
long find_page(uint64_t owner, bool (*wanted)(long where));
void read_tables(int p, unsigned long addr, long pages, uint64_t *entries);
#define PM_PRESENT	(1ULL << 63)
#define PM_PFN		((1ULL << 55) - 1)
bool by_pmd(int p, unsigned long addr);
bool page_flagged(unsigned long pfn);
long page_count(unsigned long pfn);
/* Wait until the machine-check handler is done with the event. */
void machine_check_handled(void);
char *new_splat(void);

/* --- below the filesystem --- */

int ground_by_name(const char *name);	/* -1: there is none */
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

#define MAX_ARGS	7

struct op {
	const struct op_kind *kind;
	long arg[MAX_ARGS];
};

struct figures {
	long ops, left_out;
	long poisons, machine_checks;
	long victims, by_pmd;		/* mappings of failed pages */
	long signals, repairs, storms;
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
uint64_t random_save(void);		/* for random_seed() */
uint64_t random64(void);
long below(long n);
long between(long low, long high);
bool chance(int percent);

#endif
