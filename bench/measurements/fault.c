// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of DAX faults. Unshared: one process drops pages of a file from its page
 * table and touches them again; the blocks are allocated and have DAX entries, so this
 * measures the fault path alone. Shared: two processes read the pages of a file that
 * has a reflink, in turn.
 */
#include <sys/resource.h>
#include "measure.h"

#define PAGES		256
#define PMDS		64
#define ROUNDS		9
#define SHARED_PAGES	16
#define SHARED_ROUNDS	100

static long faults_so_far(void)
{
	struct rusage usage;

	must(!getrusage(RUSAGE_THREAD, &usage), "getrusage: %m");
	return usage.ru_minflt + usage.ru_majflt;
}

static void measure_unshared(const char *variant, const char *path, size_t step,
			     long nr, bool write)
{
	long took[ROUNDS];
	int fd = open_file(path, O_RDWR), r;
	volatile char *at;
	size_t len = nr * step;
	long i;

	at = mmap(NULL, len + PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED, "mmap: %m");
	/* PMDs need address and file offset to be congruent. */
	at = mmap((void *)(((unsigned long)at + PMD - 1) & ~(PMD - 1)), len,
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	must(at != MAP_FAILED, "mmap of %s: %m", path);
	/* The first round, which creates the entries, is ignored. */
	for (r = -1; r < ROUNDS; r++) {
		long faults;

		must(!madvise((void *)at, len, MADV_DONTNEED), "madvise: %m");
		take_processor(1);
		faults = faults_so_far();
		i = instructions();
		for (volatile char *p = at; p < at + len; p += step) {
			if (write)
				*p = 'x';
			else
				(void)*p;
		}
		i = instructions() - i;
		faults = faults_so_far() - faults;
		take_processor(0);
		must(r < 0 || faults == nr, "%s: %ld faults and not %ld", variant,
		     faults, nr);
		if (r >= 0)
			took[r] = i;
	}
	munmap((void *)at, len);
	close(fd);
	figure("fault", variant, 1, "instructions", median(took, ROUNDS) / nr);
}

/* A reader: waits for its turn, reads all pages, reports that. */
struct reader {
	int turn[2], done[2];
	volatile struct {
		long faults, took;
	} *seen;
};

static void read_in_turn(struct reader *me)
{
	int fd = open(file("f"), O_RDONLY), i;
	volatile char *pages = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ,
				    MAP_SHARED, fd, 0);
	long faults, took;
	char byte;

	close(me->turn[1]);
	if (fd < 0 || pages == MAP_FAILED)
		_exit(1);
	/* Fault in the reader's own memory before the first turn. */
	me->seen->took += instructions() - instructions();
	me->seen->faults += faults_so_far() - faults_so_far();
	me->seen->took = me->seen->faults = 0;
	/* It runs at once when its turn comes; no process waits for it to stop. */
	take_processor(1);
	while (read(me->turn[0], &byte, 1) == 1) {
		faults = faults_so_far();
		took = instructions();
		for (i = 0; i < SHARED_PAGES; i++)
			if (pages[i * PAGE] != fill(i))
				_exit(1);
		me->seen->took += instructions() - took;
		me->seen->faults += faults_so_far() - faults;
		if (write(me->done[1], "", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void measure_shared(void)
{
	struct reader readers[2];
	int i, r;
	char byte;

	make_file(file("f"), SHARED_PAGES * PAGE);
	clone_file(file("f"), file("g"));
	for (i = 0; i < 2; i++) {
		struct reader *reader = &readers[i];

		reader->seen = shared_memory(PAGE);
		must(!pipe2(reader->turn, O_CLOEXEC) &&
		     !pipe2(reader->done, O_CLOEXEC), "pipe: %m");
		if (!fork_child())
			read_in_turn(reader);
	}
	for (r = 0; r < SHARED_ROUNDS; r++)
		for (i = 0; i < 2; i++)
			must(write(readers[i].turn[1], "", 1) == 1 &&
			     read(readers[i].done[0], &byte, 1) == 1,
			     "reader %d: %m", i);
	figure("fault", "shared-read", 2, "faults",
	       readers[0].seen->faults + readers[1].seen->faults);
	figure("fault", "shared-instructions", 2, "instructions",
	       readers[0].seen->took + readers[1].seen->took);
	figure("fault", "shared-pages-read", 2, "pages",
	       2 * SHARED_ROUNDS * SHARED_PAGES);
}

void measure_fault(const char *variant)
{
	if (!strcmp(variant, "unshared")) {
		mount_xfs(ALIGNED);
		make_file(file("small"), PAGES * PAGE);
		measure_unshared("pte-read", file("small"), PAGE, PAGES, false);
		measure_unshared("pte-write", file("small"), PAGE, PAGES, true);
		make_huge_file(file("huge"), PMDS * PMD);
		measure_unshared("pmd-read", file("huge"), PMD, PMDS, false);
		measure_unshared("pmd-write", file("huge"), PMD, PMDS, true);
	} else if (!strcmp(variant, "shared")) {
		mount_xfs(NULL);
		measure_shared();
	} else {
		give_up("fault has no variant %s", variant);
	}
}
