// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations fail while a failure is handled: the first, the second, ..., then
 * all of them. Every process must lose the page and get a signal. If the kernel
 * has no memory for the siginfo, si_code is SI_USER.
 */
#include "scenario.h"

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define FAIL_PAGE	"/sys/kernel/debug/fail_page_alloc/"
#define CORRUPT_PFN	"/sys/kernel/debug/hwpoison/corrupt-pfn"

#define FEW		6
#define MANY		70		/* more than the kernel records at once */
#define MOST		200UL		/* allocations */

static struct proc *procs[MANY];
static unsigned long first;
static int nth_fd, task_fd, corrupt_fd;
static long exact, uninformed, not_lost, missed;

static void put_number(int fd, unsigned long number)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%#lx", number);

	must(pwrite(fd, text, n, 0) == n, "write a number: %m");
}

/* Writing to an open file needs no memory. */
static int poison_without_memory(unsigned long pfn, int fd, unsigned long value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%#lx", pfn);

	put_number(fd, value);
	return write(corrupt_fd, text, n) == n ? 0 : -errno;
}

static bool was_told(struct proc *p, unsigned long addr)
{
	if (signals(p) == 1 && p->seen->got[0].code == SI_USER) {
		uninformed++;
		return true;
	}
	if (!got(p, BUS_MCEERR_AO, addr, PAGE_LSB))
		return false;
	exact++;
	return true;
}

/* Has each of them lost page i, and got a signal? */
static void look_at_all(unsigned int nr, unsigned long i)
{
	unsigned int j;

	for (j = 0; j < nr; j++) {
		if (maps(procs[j], procs[j]->at + i * PAGE)) {
			remark("%s has page %lu still", procs[j]->name, i);
			not_lost++;
		}
		missed += !was_told(procs[j], procs[j]->at + i * PAGE);
		procs[j]->seen->n = 0;
	}
}

static void share(const char *name, unsigned int nr, unsigned long pages)
{
	unsigned int j;

	make_file(file("%s", name), pages * PAGE);
	for (j = 1; j < nr; j++)
		clone_file(file("%s", name), file("%s.%u", name, j));
	for (j = 0; j < nr; j++) {
		procs[j] = start("%s %u", name, j);
		map(procs[j], j ? file("%s.%u", name, j) : file("%s", name), 0,
		    pages * PAGE, PROT_READ, MAP_SHARED);
		populate(procs[j], pages * PAGE);
	}
	first = page_of(procs[0]);
}

/* Of the failures since the last call */
static void check_told(void)
{
	check(!not_lost, "no process keeps the page");
	check(!missed, "all are told, if only that there is something");
	finish_all();
	exact = uninformed = not_lost = missed = 0;
}

static void each_in_turn(void)
{
	long errors = 0;
	unsigned long n;
	char left[24];
	int ret;

	part("one allocation fails");
	share("few", FEW, MOST);
	for (n = 1; n < MOST; n++) {
		ret = poison_without_memory(first + n, nth_fd, n);
		memset(left, 0, sizeof(left));
		must(pread(nth_fd, left, sizeof(left) - 1, 0) > 0,
		     "fail-nth: %m");
		put_number(nth_fd, 0);
		if (ret) {
			remark("allocation %lu: memory_failure() returned %d",
			       n, ret);
			errors++;
		}
		look_at_all(FEW, n);
		/* The nth allocation was not reached. */
		if (strtoul(left, NULL, 0))
			break;
	}
	remark("%lu allocations failed; %ld signals told all, %ld only that there was something",
	       n - 1, exact, uninformed);
	check(n > 3 && n < MOST && uninformed, "each allocation had its turn");
	check(!errors, "memory_failure() succeeds each time");
	check_told();
}

static void put(const char *dir, const char *name, const char *value)
{
	char path[80];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	put_string(path, value);
}

/* For tasks with make-it-fail set */
static void fail_always(const char *dir)
{
	put(dir, "task-filter", "Y");
	put(dir, "probability", "100");
	put(dir, "interval", "1");
	put(dir, "times", "-1");
}

static void all_at_once(void)
{
	unsigned long i;

	part("all allocations fail");
	share("many", MANY, 8);
	put(FAIL_PAGE, "ignore-gfp-highmem", "N");
	fail_always(FAILSLAB);
	fail_always(FAIL_PAGE);
	for (i = 1; i < 4; i++) {
		int ret = poison_without_memory(first + i, task_fd, 1);

		put_number(task_fd, 0);
		check_result(ret, 0, "memory_failure() succeeds, page %lu", i);
		look_at_all(MANY, i);
	}
	remark("%ld signals told all, %ld only that there was something", exact,
	       uninformed);
	check(uninformed, "the allocations did fail");
	check_told();
}

static void run(void)
{
	if (access(FAILSLAB "probability", F_OK) ||
	    access(FAIL_PAGE "probability", F_OK) ||
	    access("/proc/self/fail-nth", F_OK))
		skip("this kernel cannot have allocations fail (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC, CONFIG_FAULT_INJECTION_DEBUG_FS)");
	mount_xfs(NULL);
	nth_fd = open_file("/proc/self/fail-nth", O_RDWR);
	task_fd = open_file("/proc/self/make-it-fail", O_RDWR);
	corrupt_fd = open_file(CORRUPT_PFN, O_RDWR);
	put(FAILSLAB, "ignore-gfp-wait", "N");
	put(FAIL_PAGE, "ignore-gfp-wait", "N");
	put(FAIL_PAGE, "min-order", "0");
	put(FAILSLAB, "verbose", "0");
	put(FAIL_PAGE, "verbose", "0");

	each_in_turn();
	all_at_once();
	check(alive(), GOES_ON);
}

SCENARIO("there is no memory to handle a failure with",
	.debug = true,	/* the others cannot inject allocation failures */
);
