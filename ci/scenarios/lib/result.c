// SPDX-License-Identifier: GPL-2.0
/* The description of a scenario, and its results: KTAP, exit status. */
#include <stdarg.h>
#include "lib.h"

/* ci/guest creates it. */
#define TURNS	"/run/turns"

static int nr_checks, nr_failed;
static char prefix[80];

void part(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix) - 2, fmt, ap);
	va_end(ap);
	log_kernel(prefix);
	strcat(prefix, ": ");
}

/* The end of a line, from the function's arguments from fmt on */
#define SAY(fmt) do {		\
	va_list ap;		\
	va_start(ap, fmt);	\
	vprintf(fmt, ap);	\
	va_end(ap);		\
	putchar('\n');		\
} while (0)

static bool count(bool holds)
{
	printf("%s %d - %s", holds ? "ok" : "not ok", ++nr_checks, prefix);
	nr_failed += !holds;
	return holds;
}

bool check(bool holds, const char *fmt, ...)
{
	count(holds);
	SAY(fmt);
	return holds;
}

bool check_result(int result, int expected, const char *fmt, ...)
{
	count(result == expected);
	SAY(fmt);
	if (result != expected)
		remark("the result is %d%s%s", result, result < 0 ? ", " : "",
		       result < 0 ? strerror(-result) : "");
	return result == expected;
}

void remark(const char *fmt, ...)
{
	printf("# ");
	SAY(fmt);
}

void give_up(const char *fmt, ...)
{
	printf("Bail out! %s", prefix);
	SAY(fmt);
	exit(2);
}

void skip(const char *fmt, ...)
{
	printf("1..0 # SKIP ");
	SAY(fmt);
	exit(4);
}

void need(const char *path)
{
	if (access(path, F_OK))
		skip("there is no %s", path);
}

/* One line a fact, key and value, for ci/test. */
static void describe_outcome(const char *kernel, const struct outcome *o)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(o->fails) && o->fails[i]; i++)
		printf("%s-fails\t%s\n", kernel, o->fails[i]);
	if (o->splat)
		printf("%s-splat\t%s\n", kernel, o->splat);
	if (o->hangs)
		printf("%s-hangs\t%s\n", kernel, o->hangs);
	if (o->says)
		printf("%s-says\t%s\n", kernel, o->says);
	if (o->seconds)
		printf("%s-seconds\t%d\n", kernel, o->seconds);
}

static bool is_empty(const struct outcome *o)
{
	return !o->fails[0] && !o->splat && !o->hangs && !o->says;
}

/* On a kernel between base and aops */
static const struct outcome *between(const struct outcome *own, bool as_base)
{
	if (as_base)
		return &scenario.base;
	return is_empty(own) ? &scenario.aops : own;
}

static int describe(void)
{
	printf("name\t%s\ntitle\t%s\nmachine\t%s\ncpus\t%d\nseconds\t%d\n",
	       scenario.name, scenario.title, scenario.machine, scenario.cpus,
	       scenario.seconds);
	describe_outcome("base", &scenario.base);
	describe_outcome("holder", between(&scenario.holder,
					   scenario.holder_as_base));
	describe_outcome("core", between(&scenario.core, scenario.core_as_base));
	describe_outcome("aops", &scenario.aops);
	describe_outcome("base-debug", &scenario.base_debug);
	if (scenario.debug)
		printf("debug\tyes\n");
	return 0;
}

int main(int argc, char **argv)
{
	const struct scenario *s;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (s = scenarios; s && s->name; s++)
		if (!strcmp(s->name, program_invocation_short_name))
			scenario = *s;
	must(scenario.run, "no scenario is called %s",
	     program_invocation_short_name);
	scenario.name = scenario.name ?: program_invocation_short_name;
	scenario.machine = scenario.machine ?: "e820";
	scenario.cpus = scenario.cpus ?: 2;
	scenario.seconds = scenario.seconds ?: 60;
	if (argc == 2 && !strcmp(argv[1], "--describe"))
		return describe();
	if (argc > 1 && scenario.command)
		return scenario.command(argc, argv);
	if (argc != 1) {
		fprintf(stderr, "Usage: %s [--describe]\n"
			"Runs as root in a guest: it makes filesystems on "
			PMEM " and has pages fail.\n", argv[0]);
		return 2;
	}

	printf("KTAP version 1\n# %s: %s\n", scenario.name, scenario.title);
	log_kernel(scenario.name);
	if (!strncmp(scenario.name, "race-", 5) && !access(TURNS, F_OK))
		skip("the guest's processors take turns");
	/*
	 * A process that dies in the kernel keeps its locks, and umount would
	 * wait for them: end the guest at once.
	 */
	put_string("/proc/sys/kernel/panic_on_oops", "1");
	early_kill(true);
	if (scenario.xfs || scenario.files[0])
		mount_xfs(scenario.xfs);
	if (scenario.files[0])
		make_shared(4 * PAGE, scenario.files);
	scenario.run();

	/* Nothing left by the failure may block umount. */
	prefix[0] = '\0';
	finish_all();
	if (mounted())
		check(unmount(), "the filesystem unmounts");
	printf("1..%d\n", nr_checks);
	return nr_failed || !nr_checks;
}
