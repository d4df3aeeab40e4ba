/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common interfaces of the scenario programs.
 *
 * A scenario is one program that runs as root in a fresh guest, makes a
 * filesystem on /dev/pmem0, lets processes map its files, makes a page fail and
 * checks the outcome. It speaks KTAP on standard output and ends with 0 (every
 * check held), 1 (some did not), 4 (skipped: a requirement is missing) or 2 (it
 * could not be carried out).
 *
 * Three rules keep scenarios deterministic and free of waits:
 * - The program that makes the page fail never maps it: it would count as the
 *   page's consumer. Child processes map it, on order.
 * - Signals are sent before the injecting write() returns, and machine_check()
 *   waits until its event has been handled; and a child answers an order only
 *   after its pending signals were handled. So one exchange with a child shows
 *   reliably which signals it got, if any.
 * - A page that the injector makes fail can be used afterwards as before. A
 *   page that fails by a machine check is refused until all of it has been
 *   written. So parts of one scenario use blocks of their own.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PAGE_KIB
#define PAGE_KIB	4
#endif
#define PAGE		(PAGE_KIB * 1024UL)
#define PMD		(PAGE / 8 * PAGE)
#define PAGE_LSB	__builtin_ctzl(PAGE)
#define PMD_LSB		__builtin_ctzl(PMD)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(f, a)	__attribute__((format(printf, f, a)))

/*
 * How a scenario ends on one kernel. If empty, all checks pass. On a faulty
 * kernel, the fault is part of the scenario: exactly these checks fail; or the
 * kernel's log has a splat, or a hang's blocked tasks, that match an extended
 * regular expression. In a race the outcome varies: a line of the results, "not
 * ok" or "Bail out!", may match one instead.
 */
struct outcome {
	const char *fails[40];
	const char *splat;
	const char *hangs;
	const char *says;
	int seconds;			/* its own time limit, for hangs */
};

struct scenario {
	const char *name;		/* by default the program's own */
	const char *title;
	/* Processes are signalled early, unless it says otherwise. */
	void (*run)(void);
	/*
	 * What is mounted before: XFS made with these options; on it a file of
	 * four pages, and reflinks of it.
	 */
	const char *xfs, *files[6];
	const char *machine;		/* as ci/guest -m takes it; or "e820" */
	int cpus;			/* or 2 */
	int seconds;			/* its time limit, boot included; or 60 */
	/* holder and core: as aops, unless set here or marked as base */
	struct outcome base, holder, core, aops;
	bool holder_as_base, core_as_base;
	struct outcome base_debug;	/* if base with debugging shows more */
	bool debug;			/* ci/test runs it on debug, too */
	void *with;			/* for run() */
	int (*command)(int argc, char **argv);	/* with arguments; optional */
};

/*
 * Each program defines its own; main() is in the library. One source may have several:
 * each is a program, and the name it is run under selects the scenario.
 */
extern struct scenario scenario;
extern const struct scenario scenarios[] __attribute__((weak));
#define BETWEEN_AS_BASE	.holder_as_base = true, .core_as_base = true
#define SCENARIO(a_title, ...) \
	struct scenario scenario = { .title = a_title, .run = run, ##__VA_ARGS__ }
#define SCENARIOS(...) \
	struct scenario scenario; \
	const struct scenario scenarios[] = { __VA_ARGS__, {} }

/* Names of checks that many scenarios use */
#define SUCCEEDS	"memory_failure() succeeds"
#define UNMAPPED	"no process maps the page any longer"
#define GOES_ON		"the filesystem goes on"
#define REACHED		"every sharer gets BUS_MCEERR_AO at its own address"
/* What fails if they are not found; for struct outcome */
#define SHARERS_MISSED(part) \
	part ": " SUCCEEDS, part ": " REACHED, part ": " UNMAPPED
#define NEXT_KEPT	"a process that maps the next page gets nothing and keeps it"
#define DATA_STAYS \
	"a process that maps a file's page gets nothing and can read it"

/* --- results --- */

/* Parts of a scenario: the title is put before the names of later checks. */
void part(const char *fmt, ...) __printf(1, 2);

/* One claim and whether it holds. Names are unique within a program. */
bool check(bool holds, const char *fmt, ...) __printf(2, 3);
/* The same for a result, which is shown if it differs. */
bool check_result(int result, int expected, const char *fmt, ...)
	__printf(3, 4);

/* A line of the log that is not a result. */
void remark(const char *fmt, ...) __printf(1, 2);

/*
 * A step that must work for the checks to mean anything; else end with 2, and with this
 * message, or the condition and errno.
 */
#define must(cond, ...) \
	do { if (!(cond)) MUST##__VA_OPT__(_SAYS)(#cond, ##__VA_ARGS__); } while (0)
#define MUST(cond)	give_up("%s: %m", cond)
#define MUST_SAYS(cond, ...)	give_up(__VA_ARGS__)
void give_up(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

/* A requirement that this machine or kernel does not meet: end with 4. */
void skip(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

void need(const char *path);		/* skip if it is not there */

/* --- filesystems and files --- */

#define MNT		"/mnt"
#define PMEM		"/dev/pmem0"
#define PMEM_RT		"/dev/pmem1"

/*
 * Make and mount at MNT, on PMEM, all files DAX. mkfs takes the options, if any.
 * One filesystem at a time; the scenario's end unmounts it as a last check.
 */
void mount_xfs(const char *mkfs_options);
/* Files on PMEM_RT: machine "both"; with more options of -r, after a comma */
void mount_xfs_realtime(const char *mkfs_options);
void mount_ext4(const char *mkfs_options);
/* The same in two steps, and on any device. */
#define STRING_OF(x)	#x
#define STRING(x)	STRING_OF(x)
/* With DAX, blocks have the size of pages. */
#define MKFS_XFS_ANY	"mkfs.xfs -q -f -b size=" STRING(PAGE_KIB) "k"
#define MKFS_XFS	MKFS_XFS_ANY " -m rmapbt=1,reflink=1"
#define MKFS_XFS_NO_RMAPBT MKFS_XFS_ANY " -m rmapbt=0,reflink=1"
#define ALIGNED		"-d agsize=256m,su=2m,sw=1"	/* to 2 MiB */
#define MKFS_EXT4	"mkfs.ext4 -q -F -b " STRING(PAGE_KIB) "k"
void make_fs(const char *mkfs, const char *mkfs_options, const char *device);
void mount_fs(const char *device, const char *type, const char *options);
bool unmount(void);
/* Make the filesystem finish its background work: freeze and thaw. */
void settle(void);
/* Does it still take new files? */
bool alive(void);

int open_file(const char *path, int flags);
/* An ioctl() of a file that must succeed */
void control(const char *path, unsigned long request, void *arg);
/* Names in MNT; the result is valid for the next sixteen calls. */
const char *file(const char *fmt, ...) __printf(1, 2);

/* Page i of a new file is filled with fill(i); the file is on the medium. */
#define fill(i)		('a' + (int)((i) % 26))
void make_file(const char *path, size_t size);
void make_huge_file(const char *path, size_t size);	/* extents of 2 MiB */
void allocate(const char *path, size_t size);	/* not written */
/* Making a reflink unmaps the source: make them all, then map. */
void clone_file(const char *from, const char *to);
/* A new file and reflinks of it, in MNT. */
#define make_reflinks(size, ...) \
	make_shared(size, (const char *const []){ __VA_ARGS__, NULL })
void make_shared(size_t size, const char *const *names);
void clone_range(const char *from, off_t from_off, size_t len,
		 const char *to, off_t to_off);
/* The same of open files: 0 or -errno */
int clone_open(int from, off_t from_off, size_t len, int to, off_t to_off);
/* One byte by pread(): the byte, or -errno. */
int read_byte(const char *path, off_t offset);
/* The same byte everywhere by pwrite(): 0 or -errno; up to two pages. */
int write_bytes(const char *path, off_t offset, size_t len, int byte);
bool page_is(const char *path, unsigned long page, int byte);	/* all of it */
int write_page(const char *path, off_t offset, int byte);
/* Its blocks are free on return. */
void remove_file(const char *path);
int fallocate_range(const char *path, int mode, off_t offset, off_t len);
/* FILE_DEDUPE_RANGE_SAME, FILE_DEDUPE_RANGE_DIFFERS, or -errno */
int dedupe_range(const char *from, off_t from_off, size_t len,
		 const char *to, off_t to_off);

/* The place of a file's page on the device, in bytes; -1: none. */
int64_t file_physical(const char *path, off_t offset);
/* The file offset of a byte of the device; -1: none. */
off_t file_offset(const char *path, int64_t physical);
/* Allocate all free blocks to a file, unwritten; its size. */
off_t take_all_space(const char *path);
/* The first wanted record of FS_IOC_GETFSMAP, in bytes; or -1. */
int64_t find_extent(const char *path,
		    bool (*wanted)(const struct fsmap *rec, const void *data),
		    const void *data, uint64_t *length);
/* The first one of a special owner, on the filesystem of path; it must exist. */
int64_t find_owner(const char *path, uint64_t owner, uint64_t *length);
#define OWNER(type, code)	(((uint64_t)(type) << 32) | (code))
#define OWN_FREE		OWNER(0, 1)
#define XFS_OWN_FS		OWNER('X', 1)
#define XFS_OWN_LOG		OWNER('X', 2)
#define XFS_OWN_INODES		OWNER('X', 5)
#define XFS_OWN_COW		OWNER('X', 7)
/* The pfn of a byte of /dev/pmemN, or of a partition of one. */
unsigned long pmem_pfn(const char *device, int64_t offset);
unsigned long file_pfn(const char *path, off_t offset);	/* on PMEM */

/* --- processes --- */

struct signal_got {
	int code;
	int lsb;
	unsigned long addr;
};

struct proc {
	char name[24];
	pid_t pid;
	int orders;		/* our end of the socket */
	unsigned long at;	/* what it mapped last: the address, ... */
	int byte, lsb;		/* ... what is there, a signal's si_addr_lsb */
	struct {
		int n;		/* may exceed the array */
		bool stop;	/* ends hammering */
		unsigned long aim;
		struct signal_got got[8];
	} volatile *seen;	/* SIGBUS only; shared with the process */
};

struct proc *start(const char *fmt, ...) __printf(1, 2);
void finish(struct proc *p);
void finish_all(void);
/* The file has many mappings to walk, and there are processes to search. */
void make_handling_last(const char *path, size_t pages);

/* Orders to a process, each answered when it is done. */
unsigned long map(struct proc *p, const char *path, off_t offset, size_t len,
		  int prot, int flags);
/* MAP_SHARED, readable, one page; read once, so that it is mapped. */
unsigned long map_page(struct proc *p, const char *path, off_t offset);
/* PMD aligned, whole PMDs; read once. */
unsigned long map_huge(struct proc *p, const char *path, off_t offset,
		       size_t len);
/* The same in a new process; p->at is the page at that offset. */
struct proc *map_by(const char *name, const char *path, off_t offset);
struct proc *map_huge_by(const char *name, const char *path, off_t offset);
/* MAP_SHARED or MAP_PRIVATE; not read yet */
struct proc *map_unread(const char *name, const char *path, off_t offset,
			int flags);
void unmap(struct proc *p, unsigned long addr, size_t len);
#define SIGNALLED	(-1)
int load(struct proc *p, unsigned long addr);	/* the byte, or SIGNALLED */
int store(struct proc *p, unsigned long addr, int byte);  /* 0, or SIGNALLED */
void store_byte(struct proc *p, int byte);	/* to p->at; must succeed */
int advise(struct proc *p, unsigned long addr, size_t len, int advice);
void populate(struct proc *p, size_t len);	/* from p->at on */
void mce_policy(struct proc *p, int policy);	/* PR_MCE_KILL_* */
/*
 * Drop a window of pages from the page table and read them again, over and over,
 * until relent(), which returns how often. It is at addr plus p->seen->aim
 * pages. No other order meanwhile.
 */
#define WINDOW	4
void hammer(struct proc *p, unsigned long addr);
long relent(struct proc *p);

/* The contents of a process's page tables. */
bool maps(struct proc *p, unsigned long addr);
int open_pagemap(pid_t pid);
void read_pagemap(pid_t pid, unsigned long addr, uint64_t *entries, size_t nr);
bool maps_huge(struct proc *p, unsigned long addr);
/* How much of the range is mapped by PMDs, in one piece; from an open pagemap */
unsigned long mapped_huge(int pagemap, unsigned long start, unsigned long len);
unsigned long pfn_of(struct proc *p, unsigned long addr);
#define page_of(p)	pfn_of(p, (p)->at)
/* The page that all of them map; it must be the same. */
unsigned long common_page(struct proc *const *list);

/* The signals a process got since it was started or forget() was called. */
int signals(struct proc *p);
void forget(struct proc *p);
bool is_signal(const volatile struct signal_got *got, int code,
	       unsigned long addr, int lsb);
/* Exactly one, with exactly this siginfo; logs any mismatch. */
bool got(struct proc *p, int code, unsigned long addr, int lsb);
/*
 * The same for a page at several addresses: at least one signal, each at one
 * of them. Not all of them: a SIGBUS that is still pending swallows the next.
 */
bool got_among(struct proc *p, int code, const unsigned long *addrs, int nr,
		int lsb);
/* None; logs any mismatch. */
bool got_none(struct proc *p);

/* --- what became of the page at p->at --- */

bool got_ao(struct proc *p);	/* one BUS_MCEERR_AO, for this page */
bool has(struct proc *p);
bool lost(struct proc *p);
bool reads(struct proc *p);		/* the byte that is there */
bool hit(struct proc *p);		/* signalled early, and lost */
bool kept(struct proc *p);		/* not signalled, has it, and can read it */
/* The next access gets BUS_MCEERR_AR for this byte, and no other signal. */
bool stopped(struct proc *p);
bool store_stopped(struct proc *p, unsigned long addr, int byte);

/* Any of these for several processes; all are checked, each logs mismatches. */
#define LIST(...)	((struct proc *const []){ __VA_ARGS__, NULL })
#define all(is, ...)	all_of(is, LIST(__VA_ARGS__))
bool all_of(bool (*is)(struct proc *p), struct proc *const *list);
/* The page that they map has failed; the title is for got_ao(). */
#define check_lost(title, ...)	check_lost_by(LIST(__VA_ARGS__), title)
void check_lost_by(struct proc *const *list, const char *title);
/* Make it fail first, by the injector; the title is REACHED. */
#define fail_page_of(...)	fail_page_of_all(LIST(__VA_ARGS__))
void fail_page_of_all(struct proc *const *list);
/*
 * Processes that share page 1 of a file of four, each by a file of its own: path,
 * path.1, ..., at other offsets; and one that maps the next page. The file is made
 * unless it is there.
 */
struct sharers {
	struct proc *procs[201], *next;		/* ends with NULL */
	unsigned long pfn;
};
void share_page(struct sharers *s, int nr, const char *path);
void fail_shared_page(struct sharers *s);
bool all_kept(struct sharers *s);	/* kept(), all of them */

/* --- the failure and its traces --- */

/*
 * Simulate a failure, by the injector: the processes that map the page lose it,
 * and no trace remains. memory_failure()'s return value.
 */
int poison(unsigned long pfn);
/* Make a page fail, by a machine check, and wait until that has been handled. */
int machine_check(unsigned long pfn);
/* Also check that memory_failure() succeeds. */
void poison_and_check(unsigned long pfn);
void check_error(int ret);	/* check that it fails */
/* And that only this page is flagged, and one page more is counted. */
void machine_check_and_check(unsigned long pfn);
/* The traces of a failure: look, make the page fail, check. */
struct looks {
	unsigned long pfn;
	long corrupted;
	bool flagged[4];
	bool in_direct_map;
};
void look(struct looks *before, unsigned long pfn);
/* A machine check that memory_failure() must handle; look() before it. */
void fail_for_certain(struct looks *before, unsigned long pfn);
void check_failed(const struct looks *before);
#define FLAG_CHECK	"the flag is on the failed page, not on its neighbours"
#define COUNTED		"HardwareCorrupted counts one page more"
void check_as_before(const struct looks *before);
#define NO_TRACE	"no flag, count or gap in the direct map is left"
bool flagged(unsigned long pfn);
long hardware_corrupted(void);			/* in pages */
bool in_direct_map(unsigned long pfn);		/* the kernel's, of all memory */
bool bad_block_recorded(void);			/* of /dev/pmem0 */
void put_on_record(int64_t physical);	/* a page's, by hand */

void early_kill(bool on);			/* the sysctl */
void drop_caches(void);			/* of inodes that are not in use */
void put_string(const char *path, const char *string);
char *text_of(const char *path);	/* all of it, until the next call */
/* A process that ends with this one; 0 in the child. */
pid_t fork_child(void);
int wait_for(pid_t pid);		/* its wait status */
char process_state(pid_t pid);		/* as ps(1) shows it */
void *shared_memory(size_t size);	/* with child processes */
/* Wait for it, at most this long; the only kind of wait. */
bool within(int seconds, bool (*happened)(void));

#endif
