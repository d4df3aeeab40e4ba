// SPDX-License-Identifier: GPL-2.0
/*
 * A failure that is only simulated unmaps the page and signals the processes
 * that map it. After that the page can be used as before, by these processes,
 * its file, the filesystem and the next filesystem: tests go on with the same
 * device.
 */
#include "devices.h"

#define AGAIN	"the page can be mapped and read again"
#define ALL	"-d size=320m"		/* soon filled */

static void by_injector(const char *title)
{
	struct proc *a, *b;
	struct looks before;
	int i;

	make_reflinks(4 * PAGE, "f", "g");
	a = map_by("a", file("f"), PAGE);
	b = map_by("b", file("g"), PAGE);
	look(&before, page_of(a));
	for (i = 0; i < 2; i++) {
		part("%s%s", title, i ? " again" : "");
		poison_and_check(before.pfn);
		check(all(got_ao, a, b), "both sharers get BUS_MCEERR_AO");
		check(all(lost, a, b), "neither still has the page mapped");
		check_as_before(&before);
		forget(a);
		forget(b);
		check(reads(a) && reads(b), AGAIN);
	}
	finish_all();
}

/* The consumer, and then a process that maps this page and the next. */
static void by_madvise(const char *title)
{
	struct proc *a, *b = start("b");
	const char *path = file("%s", title);
	unsigned long at_b[2];
	struct looks before;

	part("%s", title);
	make_file(path, 4 * PAGE);
	a = map_by("a", path, PAGE);
	look(&before, page_of(a));
	check(!advise(a, a->at, PAGE, MADV_HWPOISON), "madvise() succeeds");
	check(got(a, BUS_MCEERR_AR, a->at, PAGE_LSB) && lost(a),
	      "the consumer gets BUS_MCEERR_AR and loses the page");
	check_as_before(&before);

	part("%s by another mapping", title);
	forget(a);
	at_b[0] = map(b, path, PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED);
	at_b[1] = at_b[0] + PAGE;
	check(!advise(b, at_b[0], 2 * PAGE, MADV_HWPOISON),
	      "madvise() succeeds");
	check(got_among(b, BUS_MCEERR_AR, at_b, 2, PAGE_LSB),
	      "the consumer gets BUS_MCEERR_AR");
	check(got_none(a), "the first one gets nothing");
	check_as_before(&before);
	check(reads(a) && reads(b) && load(b, at_b[1]) == fill(2), AGAIN);
	finish_all();
}

/* The kernel's own accesses to the page of f and g */
static void use(void)
{
	struct proc *a, *good;
	int fd, ret;

	part("use");
	check(read_byte(file("f"), PAGE) == fill(1), "it can be read");
	make_file(file("good"), 4 * PAGE);
	ret = dedupe_range(file("f"), 0, 4 * PAGE, file("good"), 0);
	check(ret == FILE_DEDUPE_RANGE_SAME &&
	      file_physical(file("good"), PAGE) == file_physical(file("f"), PAGE),
	      "an equal file can be given its blocks");
	a = map_by("a", file("f"), PAGE);
	good = map_by("good", file("good"), PAGE);
	check(reads(good), "that file can be mapped");
	check(!store(a, a->at, 's') && load(a, a->at) == 's' &&
	      load(a, a->at + 1) == fill(1) && reads(good),
	      "a store copies it");
	check(!write_bytes(file("g"), PAGE, 1, 'w') &&
	      read_byte(file("g"), PAGE) == 'w' &&
	      read_byte(file("g"), PAGE + 1) == fill(1),
	      "a pwrite() of a part copies it");

	part("dirty");
	fd = open_file(file("f"), O_RDWR);
	poison_and_check(page_of(a));
	check(!fsync(fd), "fsync() succeeds");
	close(fd);
	forget(a);
	check(load(a, a->at) == 's', "what was stored is there");
	check(!fallocate_range(file("f"), FALLOC_FL_ZERO_RANGE, PAGE, 100) &&
	      load(a, a->at) == 0 && load(a, a->at + 100) == fill(1),
	      "a part can be zeroed");
	finish_all();
}

/* Another file takes all blocks and is written to. */
static void reuse(int64_t physical)
{
	struct proc *p = start("p");
	const char *all = file("all");
	off_t size;

	part("another file");
	command("rm " MNT "/*");
	settle();
	size = take_all_space(all);
	must(file_offset(all, physical) >= 0);
	map(p, all, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED);
	check(!advise(p, p->at, size, MADV_POPULATE_WRITE),
	      "it can be mapped, all of it, and written to");
	check(got_none(p), "no signal is sent");
	finish(p);
}

/* Processes that map the page again at once: one signal for each mapping. */
static void hammered(void)
{
	struct proc *procs[4];
	int once = 0, more = 0, round, i;
	unsigned long pfn;

	part("mapped again at once");
	make_file(file("h"), WINDOW * PAGE);
	for (i = 0; i < 4; i++) {
		procs[i] = start("hammer %d", i);
		map(procs[i], file("h"), 0, WINDOW * PAGE, PROT_READ, MAP_SHARED);
	}
	pfn = file_pfn(file("h"), 0);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 4; i++)
			hammer(procs[i], procs[i]->at);
		must(!poison(pfn));
		for (i = 0; i < 4; i++) {
			relent(procs[i]);
			once += signals(procs[i]) == 1;
			more += signals(procs[i]) > 1;
			forget(procs[i]);
		}
	}
	check(!more, "no mapping gets two signals");
	remark("of %d mappings %d got one", 4 * round, once);
	finish_all();
}

static void run(void)
{
	int64_t physical;

	by_injector("corrupt-pfn");
	by_madvise("MADV_HWPOISON");
	hammered();
	use();
	physical = file_physical(file("good"), PAGE);
	reuse(physical);

	part("another filesystem");
	check(unmount(), "it unmounts");
	mount_xfs(ALL);
	by_injector("corrupt-pfn after mkfs");
	must(file_physical(file("f"), PAGE) == physical);
	by_madvise("MADV_HWPOISON after mkfs");
}

#define LEFT(part, again)	part ": " NO_TRACE, part again ": " NO_TRACE

SCENARIO("failures that are only simulated leave nothing",
	.xfs = ALL,
	/* Base flags the page and counts it, each time. */
	.base.fails = {
		LEFT("corrupt-pfn", " again"),
		LEFT("MADV_HWPOISON", " by another mapping"),
		LEFT("corrupt-pfn after mkfs", " again"),
		LEFT("MADV_HWPOISON after mkfs", " by another mapping"),
	});
