// SPDX-License-Identifier: GPL-2.0
/* The kernel's state: extents, page tables, struct pages, its log. */
#include <linux/fiemap.h>
#include <linux/fsmap.h>
#include "devices.h"
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
			long last_here = min(end, to);

			last = e->fe_flags & FIEMAP_EXTENT_LAST;
			for (page = max(begin, from); page < last_here; page++)
				where[page - from] =
					e->fe_flags & FIEMAP_EXTENT_UNWRITTEN ?
					-2 : (long)(e->fe_physical / PAGE) +
					page - begin;
			at = end;
		}
	}
}

struct search {
	uint64_t owner;
	bool (*wanted)(long where);
	long found;
};

static bool finds(const struct fsmap *rec, const void *data)
{
	struct search *s = (void *)data;
	long page = rec->fmr_physical / PAGE;
	long end = page + rec->fmr_length / PAGE;

	if (!(rec->fmr_flags & FMR_OF_SPECIAL_OWNER) ||
	    rec->fmr_owner != s->owner)
		return false;
	end = min(end, pages_of_device());
	while (page < end && !s->wanted(page))
		page++;
	s->found = page;
	return page < end;
}

long find_page(uint64_t owner, bool (*wanted)(long where))
{
	struct search s = { owner, wanted };

	return find_extent(MNT, finds, &s, NULL) < 0 ? -1 : s.found;
}

/* --- page tables --- */

void read_tables(const struct vma *vma, long from, long n, uint64_t *entries)
{
	must(pread(actor_pagemap(process_of(vma)), entries, n * 8,
		   addr_of(vma, from) / PAGE * 8) == n * 8, "pagemap: %m");
}

bool by_pmd(const struct vma *vma, long i)
{
	return mapped_huge(actor_pagemap(process_of(vma)), addr_of(vma, i),
			   PAGE);
}

/* --- struct pages --- */

static int trace;
static unsigned long memory_map;

/* Each read() of the trace returns one event. */
static bool next_event(char line[512])
{
	ssize_t n = read(trace, line, 511);

	line[max(n, 0)] = '\0';
	return n > 0;
}

/*
 * A word of the kernel's memory: a kprobe event on a system call that no other
 * process makes takes the address from the call's argument.
 */
static unsigned long peek(unsigned long addr, const char *what)
{
	unsigned long word;
	char line[512], *at;

	while (next_event(line))
		;
	syscall(SYS_getpgid, addr);
	at = next_event(line) ? strstr(line, what) : NULL;
	must(at && sscanf(at + strlen(what), "%lx", &word) == 1,
	     "no event with the word at %#lx: %s", addr, line);
	return word;
}

static unsigned long page_word(unsigned long pfn, const char *offset)
{
	return peek(memory_map + pfn * kernel_number("SIZE(page)=") +
		    kernel_number(offset), " word=");
}

bool page_flagged(unsigned long pfn)
{
	return page_word(pfn, "OFFSET(page.flags)=") >>
		kernel_number("NUMBER(PG_hwpoison)=") & 1;
}

long page_count(unsigned long pfn)
{
	return (int)page_word(pfn, "OFFSET(page._refcount)=");
}

/*
 * The handler's notifier returns NOTIFY_OK for the processor that reports the
 * address, when memory_failure() has returned and the page has left the direct map.
 */
void machine_check_handled(void)
{
	struct timespec moment = { .tv_nsec = 1000 * 1000 };
	char line[512];
	int i;

	for (i = 0; i < 20000; i++) {
		if (!next_event(line)) {
			nanosleep(&moment, NULL);
		} else if (strstr(line, "handled:")) {
			visit_processors();
			return;
		}
	}
	differ("a machine check does not reach memory_failure()");
}

static void begin_peeking(void)
{
	mkdir(INSTANCE, 0755);
	if (access(INSTANCE "events/fuzz/peek", F_OK))
		put_string(TRACING "kprobe_events",
			   "p:fuzz/peek __x64_sys_getpgid base=@vmemmap_base:x64 word=+0(+112(%di)):x64\n"
			   "r:fuzz/handled uc_decode_notifier ret=$retval:s32\n");
	put_string(INSTANCE "events/fuzz/peek/enable", "1");
	put_string(INSTANCE "events/fuzz/handled/filter", "ret == 1");
	put_string(INSTANCE "events/fuzz/handled/enable", "1");
	trace = open(INSTANCE "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	must(trace >= 0, "trace_pipe: %m");
	memory_map = peek(0, " base=");
}

/* --- the log --- */

/* A few words of each group in ci/judge/splats, which decides. */
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

/* The most significant new error line in the log, or NULL. */
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
