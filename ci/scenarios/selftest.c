// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios that pass, fail, skip, crash and hang on purpose, to test ci/test:
 * ci/checks/test-verdicts.sh knows what it must say of each. They fail no
 * pages.
 */
#include "scenario.h"

#define LKDTM	"/sys/kernel/debug/provoke-crash/DIRECT"

static void pass(void)
{
	part("part one");
	check(true, "a claim");
	part("part two");
	check(true, "a claim");
}

static void fail(void)
{
	check(false, "this does not");
}

static void fail_other(void)
{
	check(true, "this does not");
	check(false, "this holds");
}

static void skipped(void)
{
	skip("there is no unicorn in this machine");
}

static void gives_up(void)
{
	must(false, "the groundwork failed: %s", strerror(EIO));
}

static void short_of_results(void)
{
	exit(0);
}

static void silent(void)
{
	_exit(0);
}

static void nothing_checked(void)
{
}

static void hangs(void)
{
	for (;;)
		pause();
}

static void splats(void)
{
	put_string(LKDTM, "WARNING");
}

static void panics(void)
{
	put_string(LKDTM, "PANIC");
}

static void powers_off(void)
{
	if (system("reboot -f"))
		pause();
}

/* A check holds before it acts. */
static void after_a_check(void)
{
	void (*act)(void) = scenario.with;

	check(true, "this holds");
	act();
}

#define AFTER(act, limit) \
	"for the test of ci/test", after_a_check, .with = act, .cpus = 1, \
	.seconds = limit
#define ALONE(act, limit) \
	"for the test of ci/test", act, .cpus = 1, .seconds = limit

SCENARIOS(
	{ "selftest-passes", ALONE(pass, 25) },
	{ "selftest-fails", AFTER(fail, 25) },
	{ "selftest-fails-as-known", AFTER(fail, 25),
	  .base.fails = { "this does not" } },
	{ "selftest-passes-unexpectedly", ALONE(pass, 25),
	  .base.fails = { "part one: a claim" } },
	{ "selftest-fails-elsewhere", ALONE(fail_other, 25),
	  .base.fails = { "this does not" } },
	{ "selftest-skips", ALONE(skipped, 25) },
	{ "selftest-gives-up", AFTER(gives_up, 25) },
	{ "selftest-crashes", AFTER(abort, 25) },
	{ "selftest-short", AFTER(short_of_results, 25) },
	{ "selftest-silent", ALONE(silent, 25) },
	{ "selftest-empty", ALONE(nothing_checked, 25) },
	{ "selftest-hangs", AFTER(hangs, 12) },
	{ "selftest-hangs-as-known", AFTER(hangs, 12),
	  .base.hangs = "Kernel panic - not syncing: NMI" },
	{ "selftest-hangs-elsewhere", AFTER(hangs, 12),
	  .base.hangs = "dax_iomap_fault" },
	{ "selftest-ends-unexpectedly", ALONE(pass, 25),
	  .base.hangs = "Kernel panic - not syncing: NMI" },
	{ "selftest-fails-by-chance", AFTER(fail, 25),
	  .base.hangs = "dax_iomap_fault",
	  .base.says = "^not ok 2 - this does not" },
	{ "selftest-gives-up-by-chance", AFTER(gives_up, 25),
	  .base.hangs = "dax_iomap_fault",
	  .base.says = "^Bail out! the groundwork" },
	{ "selftest-gives-up-otherwise", AFTER(gives_up, 25),
	  .base.hangs = "dax_iomap_fault",
	  .base.says = "^Bail out! something else" },
	{ "selftest-splats", AFTER(splats, 25) },
	{ "selftest-splats-as-known", AFTER(splats, 25),
	  .base.splat = "WARNING: .*lkdtm" },
	{ "selftest-splats-elsewhere", AFTER(splats, 25),
	  .base.splat = "WARNING: .*fs/dax.c" },
	{ "selftest-panics", AFTER(panics, 25) },
	{ "selftest-powers-off", AFTER(powers_off, 25) }
);
