// SPDX-License-Identifier: GPL-2.0
/*
 * Carries out one measurement, in a guest.
 *
 *	measure MEASUREMENT VARIANT X
 */
#include <sched.h>
#include <sys/resource.h>
#include "measure.h"

#define USAGE	"usage: measure MEASUREMENT VARIANT X"

void figure(const char *measurement, const char *variant, long x,
	    const char *unit, long value)
{
	printf("%s\t%s\t%ld\t%s\t%ld\n", measurement, variant, x, unit, value);
}

static int compare_longs(const void *a, const void *b)
{
	long la = *(const long *)a, lb = *(const long *)b;

	return (la > lb) - (la < lb);
}

long median(long *values, int nr)
{
	int i;

	printf("# each:");
	for (i = 0; i < nr; i++)
		printf(" %ld", values[i]);
	putchar('\n');
	qsort(values, nr, sizeof(*values), compare_longs);
	return values[nr / 2];
}

long instructions(void)
{
	struct timespec ts;

	must(!clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts), "clock_gettime: %m");
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

void take_processor(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	must(!sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param),
	     "sched_setscheduler: %m");
}

/*
 * A nanosecond of processor time must be one instruction: time a loop of 2 x
 * 10,000,000. It includes interrupts, as all figures do.
 */
static void check_clock(void)
{
	long rounds = 10 * 1000 * 1000, n = rounds, took;

	take_processor(1);
	took = instructions();
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (n) : : "cc");
	took = instructions() - took;
	take_processor(0);
	printf("# a loop of %ld instructions took %ld ns\n", 2 * rounds, took);
	must(took > 2 * rounds * 99 / 100 && took < 2 * rounds * 101 / 100,
	     "%ld instructions took %ld ns: this guest's time does not count instructions",
	     2 * rounds, took);
}

static int command(int argc, char **argv)
{
	struct rlimit files = { 20000, 20000 };

	must(argc == 4, USAGE);
	setrlimit(RLIMIT_NOFILE, &files);
	check_clock();
	early_kill(true);
	if (!strcmp(argv[1], "event"))
		measure_event(argv[2], atol(argv[3]));
	else if (!strcmp(argv[1], "agf"))
		measure_agf(argv[2], atol(argv[3]));
	else if (!strcmp(argv[1], "fault"))
		measure_fault(argv[2]);
	else
		give_up("no measurement is called %s", argv[1]);
	return 0;
}

static void run(void)
{
	give_up(USAGE);
}

SCENARIO("what events cost", .command = command);
