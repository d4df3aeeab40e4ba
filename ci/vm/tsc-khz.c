// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the frequency of the host's TSC in kHz, which under TCG is the guest's. The
 * guest's own calibration waits for an emulated timer: on a busy host it was wrong by a
 * factor of 18, and all of the guest's time limits with it.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Both clocks at a moment: the one of many tries that was least disturbed. */
static void read_both(int64_t *ns, int64_t *tsc)
{
	int64_t least = INT64_MAX, before, ticks, after;
	int i;

	for (i = 0; i < 50; i++) {
		before = now();
		ticks = __rdtsc();
		after = now();
		if (after - before >= least)
			continue;
		least = after - before;
		*ns = before + least / 2;
		*tsc = ticks;
	}
}

int main(void)
{
	const struct timespec while_ticking = { .tv_nsec = 50 * 1000 * 1000 };
	int64_t ns[2], tsc[2];

	read_both(&ns[0], &tsc[0]);
	nanosleep(&while_ticking, NULL);
	read_both(&ns[1], &tsc[1]);
	printf("%.0f\n", (tsc[1] - tsc[0]) * 1e6 / (ns[1] - ns[0]));
	return 0;
}
