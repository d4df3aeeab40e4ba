// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios that pass, fail, skip, crash and hang on purpose, to test ci/test:
 * ci/checks/test-verdicts.sh knows what it must say of each. They fail no
 * pages. One source; the name it is called by says which scenario it is.
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

static const struct {
	const char *name;
	void (*act)(void);
	struct outcome base;
	bool bare;		/* without a check that holds before it acts */
} selves[] = {
	{ "selftest-passes", pass, {}, true },
	{ "selftest-fails", fail, {} },
	{ "selftest-fails-as-known", fail, { .fails = { "this does not" } } },
	{ "selftest-passes-unexpectedly", pass,
	  { .fails = { "part one: a claim" } }, true },
	{ "selftest-fails-elsewhere", fail_other,
	  { .fails = { "this does not" } }, true },
	{ "selftest-skips", skipped, {}, true },
	{ "selftest-gives-up", gives_up, {} },
	{ "selftest-crashes", abort, {} },
	{ "selftest-short", short_of_results, {} },
	{ "selftest-silent", silent, {}, true },
	{ "selftest-empty", nothing_checked, {}, true },
	{ "selftest-hangs", hangs, {} },
	{ "selftest-hangs-as-known", hangs,
	  { .hangs = "Kernel panic - not syncing: NMI" } },
	{ "selftest-hangs-elsewhere", hangs,
	  { .hangs = "dax_iomap_fault" } },
	{ "selftest-ends-unexpectedly", pass,
	  { .hangs = "Kernel panic - not syncing: NMI" }, true },
	{ "selftest-fails-by-chance", fail,
	  { .hangs = "dax_iomap_fault", .says = "^not ok 2 - this does not" } },
	{ "selftest-gives-up-by-chance", gives_up,
	  { .hangs = "dax_iomap_fault", .says = "^Bail out! the groundwork" } },
	{ "selftest-gives-up-otherwise", gives_up,
	  { .hangs = "dax_iomap_fault", .says = "^Bail out! something else" } },
	{ "selftest-splats", splats, {} },
	{ "selftest-splats-as-known", splats,
	  { .splat = "WARNING: .*lkdtm" } },
	{ "selftest-splats-elsewhere", splats,
	  { .splat = "WARNING: .*fs/dax.c" } },
	{ "selftest-panics", panics, {} },
	{ "selftest-powers-off", powers_off, {} },
};

static unsigned int self;

static void run(void)
{
	if (!selves[self].bare)
		check(true, "this holds");
	selves[self].act();
}

SCENARIO("for the test of ci/test", .machine = "e820", .cpus = 1, .seconds = 25);

__attribute__((constructor)) static void become(void)
{
	for (; self < ARRAY_SIZE(selves); self++) {
		if (strcmp(selves[self].name, program_invocation_short_name))
			continue;
		scenario.name = selves[self].name;
		scenario.base = selves[self].base;
		if (selves[self].act == hangs)
			scenario.seconds = 12;
		return;
	}
	fprintf(stderr, "%s: no scenario of this name\n",
		program_invocation_short_name);
	_exit(2);
}
