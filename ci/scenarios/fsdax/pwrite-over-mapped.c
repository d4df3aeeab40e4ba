// SPDX-License-Identifier: GPL-2.0
/*
 * pwrite() to a page that several files share and processes map: the file gets
 * another block. After that, processes that map the file must see the new data,
 * including those that read the page during the pwrite().
 */
#include <sched.h>
#include "lib.h"

#define READERS	2
#define SECONDS	6
#define PAGES	512UL	/* many, so that it takes time to write them */

/* Reads one byte over and over; it does not unmap, since that is tested. */
struct reader {
	struct proc *p;
	unsigned long at;
	long rounds;
	int byte;
};

static void read_on(void *with)
{
	volatile struct reader *r = with;

	r->byte = *(volatile unsigned char *)r->at;
	__atomic_add_fetch(&r->rounds, 1, __ATOMIC_SEQ_CST);
}

/* The byte that the reader reads in a round that starts after this call. */
static int byte_now(volatile struct reader *r)
{
	long before = __atomic_load_n(&r->rounds, __ATOMIC_SEQ_CST);
	time_t end = time(NULL) + 10;

	while (__atomic_load_n(&r->rounds, __ATOMIC_SEQ_CST) < before + 2) {
		must(time(NULL) < end, "a reader does not get on");
		sched_yield();
	}
	return r->byte;
}

static void one_write(void)
{
	struct proc *a, *b;

	part("one write");
	make_reflinks(4 * PAGE, "f", "g");
	a = map_by("a", file("f"), PAGE);
	b = map_by("b", file("g"), PAGE);
	must(!write_page(file("f"), PAGE, '1'), "pwrite");
	check(load(a, a->at) == '1',
	      "a process that maps the file sees what was written");
	check(reads(b), "a process that maps the other file does not");
	check(load(a, a->at + PAGE - 1) == '1' &&
	      read_byte(file("f"), 0) == fill(0) &&
	      read_byte(file("f"), 2 * PAGE) == fill(2),
	      "nothing else has changed");
	finish_all();
}

static void many_writes(void)
{
	static char bytes[PAGES * PAGE];
	volatile struct reader *readers;
	long writes, stale = 0;
	time_t end;
	int i, fd;

	part("readers");
	make_reflinks(sizeof(bytes), "h", "copy");
	fd = open_file(file("h"), O_RDWR);
	readers = shared_memory(PAGE);
	for (i = 0; i < READERS; i++) {
		readers[i].p = map_by("reader", file("h"), i * PAGE);
		readers[i].at = readers[i].p->at;
		set_going(readers[i].p, read_on, (void *)&readers[i]);
	}

	end = time(NULL) + SECONDS;
	for (writes = 0; time(NULL) < end; writes++) {
		int byte = '0' + writes % 10;

		/* Share it once more; this unmaps it, so fault it in again. */
		clone_range(file("h"), 0, sizeof(bytes), file("copy"), 0);
		for (i = 0; i < READERS; i++)
			byte_now(&readers[i]);
		memset(bytes, byte, sizeof(bytes));
		must(pwrite(fd, bytes, sizeof(bytes), 0) == sizeof(bytes),
		     "pwrite: %m");
		for (i = 0; i < READERS; i++)
			stale += byte_now(&readers[i]) != byte;
	}
	for (i = 0; i < READERS; i++)
		relent(readers[i].p);
	close(fd);
	remark("%ld writes, %ld stale pages", writes, stale);
	check(writes > 2, "writes make progress");
	check(!stale, "after each pwrite() all readers see what was written");
}

static void run(void)
{
	mount_xfs(NULL);
	one_write();
	many_writes();
	check(alive(), GOES_ON);
}

SCENARIO("pwrite() to a shared page that is mapped and read meanwhile",
	.cpus = 4,
	/* Base drops the DAX entry first and unmaps the page then. */
	.base.splat = "WARNING: .*fs/dax\\.c");
