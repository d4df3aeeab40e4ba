// SPDX-License-Identifier: GPL-2.0
/* Make a page fail, and inspect what the kernel then knows of it. */
#include <sched.h>
#include <stdarg.h>
#include "devices.h"
#include "lib.h"
#include "trace.h"

#define DEBUGFS		"/sys/kernel/debug/"

int try_put(const char *path, const char *string)
{
	int fd = open(path, O_WRONLY | O_APPEND);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, string, strlen(string)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

void put_string(const char *path, const char *string)
{
	int ret = try_put(path, string);

	must(!ret, "%s > %s: %s", string, path, strerror(-ret));
}

void command(const char *fmt, ...)
{
	char what[1200], line[1280];
	va_list ap;
	int n, status;

	va_start(ap, fmt);
	n = vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	must(n < (int)sizeof(what), "too long: %s", what);
	/* Only results belong on standard output. */
	snprintf(line, sizeof(line), "{ %s\n} >&2", what);
	status = system(line);
	must(!status, "%s: wait status %#x", what, status);
}

char *text_of(const char *path)
{
	static char *text;
	static size_t size;
	FILE *f = fopen(path, "r");

	must(f, "%s: %m", path);
	if (getdelim(&text, &size, '\0', f) < 0)
		text[0] = '\0';		/* it is empty */
	fclose(f);
	return text;
}

void log_kernel(const char *what)
{
	char line[120];

	snprintf(line, sizeof(line), "<5>scenario: %s\n", what);
	try_put("/dev/kmsg", line);
}

int poison(unsigned long pfn)
{
	static const char path[] = DEBUGFS "hwpoison/corrupt-pfn";
	char number[24];

	need(path);
	snprintf(number, sizeof(number), "%#lx", pfn);
	return try_put(path, number);
}

/* --- machine checks --- */

/*
 * The kernel handles a machine check asynchronously. So probes note when
 * memory_failure() returns, and when its caller does: by then, that has taken
 * the page out of the direct map.
 */
#define MCE_TRACE	TRACING "instances/mce/"
#define FAILED	"r:mce/failed memory_failure pfn=$arg1:x64 ret=$retval:s32\n"
#ifdef __aarch64__
#define HANDLED	""	/* there, the page stays in the direct map */
#else
#define HANDLED	"r:mce/handled uc_decode_notifier address=+16($arg3):x64\n"
#endif

static unsigned long checked;
static int result;

static bool handled(void)
{
	char *text = text_of(MCE_TRACE "trace"), *at, returned[40], ended[40] = "";
	int n = sprintf(returned, ") pfn=%#lx ret=", checked);

	if (*HANDLED)
		sprintf(ended, ") address=%#lx\n", checked * PAGE);
	at = strstr(text, returned);
	if (at)
		result = atoi(at + n);
	return at && strstr(text, ended);
}

/*
 * Run on each processor once. A machine check goes to all of them; if one is
 * still in the handler at the next machine check, the machine resets.
 */
static void visit_processors(void)
{
	cpu_set_t all, one;
	int cpu;

	must(!sched_getaffinity(0, sizeof(all), &all));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		must(!sched_setaffinity(0, sizeof(one), &one));
	}
	must(!sched_setaffinity(0, sizeof(all), &all));
}

void expect_machine_check(unsigned long pfn)
{
	if (!mkdir(MCE_TRACE, 0755)) {
		put_string(TRACING "kprobe_events", FAILED HANDLED);
		put_string(MCE_TRACE "events/mce/enable", "1");
	}
	put_string(MCE_TRACE "trace_clock", "local");	/* this empties it */
	checked = pfn;
	result = -ENODATA;	/* until it is known */
}

bool machine_check_handled(void)
{
	bool done = within(20, handled);

	visit_processors();
	return done;
}

int machine_check(unsigned long pfn)
{
	if (system("command -v inject-mce >/dev/null"))
		skip("this guest has no inject-mce");
	expect_machine_check(pfn);
	command("inject-mce %#lx", pfn * PAGE);
	must(machine_check_handled(),
	     "no machine check for page %#lx was handled", pfn);
	return result;
}

bool bad_block_recorded(void)
{
	return *text_of("/sys/block/pmem0/badblocks");
}

void put_on_record(int64_t physical)
{
	char sectors[40];

	snprintf(sectors, sizeof(sectors), "%lld %lu",
		 (long long)physical / 512, PAGE / 512);
	put_string("/sys/block/pmem0/badblocks", sectors);
}

long hardware_corrupted(void)
{
	static const char key[] = "HardwareCorrupted:";
	char *at = strstr(text_of("/proc/meminfo"), key);

	must(at, "/proc/meminfo has no %s", key);
	return atol(at + strlen(key)) / PAGE_KIB;
}

/* The page, and pages that may be flagged by mistake: its neighbours, its head. */
static unsigned long looked_at(unsigned long pfn, int i)
{
	const unsigned long pfns[] = {
		pfn, pfn - 1, pfn + 1, pfn & ~(PMD / PAGE - 1)
	};

	return pfns[i];
}

void look(struct looks *l, unsigned long pfn)
{
	unsigned int i;

	l->pfn = pfn;
	l->corrupted = hardware_corrupted();
	l->in_direct_map = in_direct_map(pfn);
	for (i = 0; i < ARRAY_SIZE(l->flagged); i++)
		l->flagged[i] = flagged(looked_at(pfn, i));
}

void fail_for_certain(struct looks *before, unsigned long pfn)
{
	look(before, pfn);
	must(!machine_check(pfn), "memory_failure() fails");
}

void check_failed(const struct looks *before)
{
	bool exact = true;
	struct looks now;
	unsigned int i;

	look(&now, before->pfn);
	for (i = 0; i < ARRAY_SIZE(now.flagged); i++) {
		unsigned long pfn = looked_at(before->pfn, i);

		if (now.flagged[i] == (before->flagged[i] || pfn == before->pfn))
			continue;
		remark("page %#lx is %sflagged", pfn,
		       now.flagged[i] ? "" : "not ");
		exact = false;
	}
	check(exact, FLAG_CHECK);
	check(now.corrupted == before->corrupted + 1, COUNTED);
}

void check_as_before(const struct looks *before)
{
	struct looks now;

	look(&now, before->pfn);
	if (!check(!memcmp(now.flagged, before->flagged, sizeof(now.flagged)) &&
		   now.corrupted == before->corrupted &&
		   now.in_direct_map == before->in_direct_map, NO_TRACE))
		remark("the page is %sflagged, %sin the direct map; %ld pages are counted, %ld were before",
		       now.flagged[0] ? "" : "not ",
		       now.in_direct_map ? "" : "not ", now.corrupted,
		       before->corrupted);
}

void poison_and_check(unsigned long pfn)
{
	check_result(poison(pfn), 0, SUCCEEDS);
}

void check_error(int ret)
{
	if (!check(ret < 0, "memory_failure() reports a failure"))
		remark("it returned %d", ret);
}

void machine_check_and_check(unsigned long pfn)
{
	struct looks before;

	look(&before, pfn);
	check_result(machine_check(pfn), 0, SUCCEEDS);
	check_failed(&before);
}

void early_kill(bool on)
{
	put_string("/proc/sys/vm/memory_failure_early_kill", on ? "1" : "0");
}

void drop_caches(void)
{
	put_string("/proc/sys/vm/drop_caches", "2");
}

bool within(int seconds, bool (*happened)(void))
{
	struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };
	int i;

	for (i = 0; i < seconds * 50; i++) {
		if (happened())
			return true;
		nanosleep(&tick, NULL);
	}
	return happened();
}
