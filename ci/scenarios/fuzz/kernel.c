// SPDX-License-Identifier: GPL-2.0
/* What the kernel tells: extents, page tables, struct pages, its log. */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include "fuzz.h"

#define TRACING		"/sys/kernel/tracing/"
#define INSTANCE	TRACING "instances/fuzz/"

/* --- files --- */

void extents(int fd, long from, long to, long *where)
{
	static struct {
		struct fiemap map;
		struct fiemap_extent extent[64];
	} f;
	unsigned int i;
	long page, at = from;
	bool last = false;

	for (page = from; page < to; page++)
		where[page - from] = -1;
	while (at < to && !last) {
		memset(&f.map, 0, sizeof(f.map));
		f.map.fm_start = at * PAGE;
		f.map.fm_length = (to - at) * PAGE;
		f.map.fm_extent_count = ARRAY_SIZE(f.extent);
		if (ioctl(fd, FS_IOC_FIEMAP, &f))
			differ("FIEMAP fails (%m)");
		if (!f.map.fm_mapped_extents)
			return;
		for (i = 0; i < f.map.fm_mapped_extents; i++) {
			struct fiemap_extent *e = &f.extent[i];
			long begin = e->fe_logical / PAGE;
			long end = begin + e->fe_length / PAGE;

			last = e->fe_flags & FIEMAP_EXTENT_LAST;
			for (page = begin < from ? from : begin;
			     page < end && page < to; page++)
				where[page - from] =
					e->fe_flags & FIEMAP_EXTENT_UNWRITTEN ?
					-2 : (long)(e->fe_physical / PAGE) +
					page - begin;
			at = end;
		}
	}
}

/*
 * The pages of a special owner: free space, or what is staged for copy on write.
 * Which file that is for only a debug build of XFS would tell. Returns the first
 * page of which @wanted is true; -1 if there is none.
 */
long find_page(uint64_t owner, bool (*wanted)(long where))
{
	static struct {
		struct fsmap_head head;
		struct fsmap recs[128];
	} f;
	int fd = open(MNT, O_RDONLY | O_CLOEXEC);
	struct fsmap *rec;
	long page, end, found = -1;
	unsigned int i;

	must(fd >= 0, MNT ": %m");
	memset(&f, 0, sizeof(f));
	f.head.fmh_count = ARRAY_SIZE(f.recs);
	f.head.fmh_keys[1] = (struct fsmap) {
		.fmr_device = UINT32_MAX,
		.fmr_flags = UINT32_MAX,
		.fmr_physical = UINT64_MAX,
		.fmr_owner = UINT64_MAX,
		.fmr_offset = UINT64_MAX,
	};
	do {
		if (ioctl(fd, FS_IOC_GETFSMAP, &f))
			differ("GETFSMAP fails (%m)");
		for (i = 0; i < f.head.fmh_entries && found < 0; i++) {
			rec = &f.recs[i];
			if (!(rec->fmr_flags & FMR_OF_SPECIAL_OWNER) ||
			    rec->fmr_owner != owner)
				continue;
			page = rec->fmr_physical / PAGE;
			end = page + rec->fmr_length / PAGE;
			for (; page < end && page < pages_of_device(); page++) {
				if (wanted(page)) {
					found = page;
					break;
				}
			}
		}
		if (f.head.fmh_entries)
			f.head.fmh_keys[0] = f.recs[f.head.fmh_entries - 1];
	} while (found < 0 && f.head.fmh_entries &&
		 !(f.head.fmh_keys[0].fmr_flags & FMR_OF_LAST));
	close(fd);
	return found;
}

/* --- page tables --- */

static int open_pagemap(int p)
{
	static struct {
		pid_t pid;
		int fd;
	} open_one[NR_PROCS + 1];
	char path[32];

	if (open_one[p].pid != actor_pid(p)) {
		if (open_one[p].pid)
			close(open_one[p].fd);
		open_one[p].pid = actor_pid(p);
		snprintf(path, sizeof(path), "/proc/%d/pagemap", actor_pid(p));
		open_one[p].fd = open(path, O_RDONLY | O_CLOEXEC);
		must(open_one[p].fd >= 0, "%s: %m", path);
	}
	return open_one[p].fd;
}

void read_tables(int p, unsigned long addr, long pages, uint64_t *entries)
{
	must(pread(open_pagemap(p), entries, pages * 8, addr / PAGE * 8) ==
	     pages * 8, "pagemap: %m");
}

bool by_pmd(int p, unsigned long addr)
{
	return mapped_huge(open_pagemap(p), addr & ~(PAGE - 1), PAGE);
}

/* --- struct pages --- */

static struct {
	int trace;
	unsigned long map, size, flags, count;
	int hwpoison;
} peeking;

/* Each read() of the trace returns one event. */
static void drain_trace(void)
{
	char line[512];

	while (read(peeking.trace, line, sizeof(line)) > 0)
		;
}

/*
 * A word of the kernel's memory: a kprobe event on a system call that nobody
 * else makes takes the address from the call's argument.
 */
static void peek(unsigned long addr, unsigned long *word, unsigned long *base)
{
	char line[512], *at;
	ssize_t n;

	drain_trace();
	syscall(SYS_getpgid, addr);
	n = read(peeking.trace, line, sizeof(line) - 1);
	must(n > 0, "no event for a look at %#lx: %m", addr);
	line[n] = '\0';
	at = strstr(line, "base=");
	must(at && sscanf(at, "base=%lx word=%lx", base, word) >= 1 + !!addr,
	     "an event without the word at %#lx: %s", addr, line);
}

static unsigned long page_word(unsigned long pfn, unsigned long offset)
{
	unsigned long word, base;

	peek(peeking.map + pfn * peeking.size + offset, &word, &base);
	return word;
}

bool page_flagged(unsigned long pfn)
{
	return page_word(pfn, peeking.flags) >> peeking.hwpoison & 1;
}

long page_count(unsigned long pfn)
{
	return (int)page_word(pfn, peeking.count);
}

/*
 * The handler's notifier returns NOTIFY_OK for the processor that reports the
 * address, when memory_failure() has returned and the page has left the direct map.
 */
void machine_check_handled(void)
{
	struct timespec moment = { .tv_nsec = 1000 * 1000 };
	char line[512];
	ssize_t n;
	int i;

	for (i = 0; i < 20000; i++) {
		n = read(peeking.trace, line, sizeof(line) - 1);
		if (n <= 0) {
			nanosleep(&moment, NULL);
			continue;
		}
		line[n] = '\0';
		if (strstr(line, "handled:")) {
			visit_processors();
			return;
		}
	}
	differ("a machine check does not reach memory_failure()");
}

static void begin_peeking(void)
{
	unsigned long word;

	mkdir(INSTANCE, 0755);
	if (access(INSTANCE "events/fuzz/peek", F_OK))
		put_string(TRACING "kprobe_events",
			   "p:fuzz/peek __x64_sys_getpgid base=@vmemmap_base:x64 word=+0(+112(%di)):x64\n"
			   "r:fuzz/handled uc_decode_notifier ret=$retval:s32\n");
	put_string(INSTANCE "events/fuzz/peek/enable", "1");
	put_string(INSTANCE "events/fuzz/handled/filter", "ret == 1");
	put_string(INSTANCE "events/fuzz/handled/enable", "1");
	peeking.trace = open(INSTANCE "trace_pipe",
			     O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	must(peeking.trace >= 0, "trace_pipe: %m");
	peeking.size = kernel_number("SIZE(page)=");
	peeking.flags = kernel_number("OFFSET(page.flags)=");
	peeking.count = kernel_number("OFFSET(page._refcount)=");
	peeking.hwpoison = kernel_number("NUMBER(PG_hwpoison)=");
	peek(0, &word, &peeking.map);
}

/* --- the log --- */

/* A few words of each group in ci/judge/splats, which has the last word. */
static const char *const splats[] = {
	"WARNING:", "BUG:", "kernel BUG at", "Oops:", "general protection",
	"blocked for more than", "INFO: possible", "possible recursive",
	"inconsistent lock", "suspicious RCU", "DEBUG_LOCKS_WARN_ON",
	"scheduling while atomic", "sleeping function called", "KASAN:",
	"KFENCE:", "UBSAN:", "Bad page", "Bad rss-counter", "refcount_t:",
	"list_add corruption", "list_del corruption", "Corruption detected",
	"Corruption of in-memory", "Assertion failed", "Busy inodes",
	"stall on CPU", "soft lockup", "Call Trace:", "cut here",
};

static int kmsg = -1;

/* The most telling new line of trouble in the log, or NULL. */
char *new_splat(void)
{
	static char found[200];
	unsigned int i, best = ARRAY_SIZE(splats);
	char record[1024], *text;
	ssize_t n;

	for (;;) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)	/* some were overwritten */
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		for (i = 0; i < best; i++)
			if (strstr(text, splats[i])) {
				best = i;
				snprintf(found, sizeof(found), "%s", text + 1);
			}
	}
	return best < ARRAY_SIZE(splats) ? found : NULL;
}

void kernel_begin(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	must(kmsg >= 0, "/dev/kmsg: %m");
	lseek(kmsg, 0, SEEK_END);
	begin_peeking();
}
