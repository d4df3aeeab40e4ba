// SPDX-License-Identifier: GPL-2.0
/*
 * The judge: what a run came to, from the files that it left behind.
 *
 *	BASE.log	standard output: a scenario's KTAP, or what a check prints
 *	BASE.err	the messages of ci/guest, of a scenario
 *	BASE.console	the kernel's log, of a scenario
 *	BASE.result	written here: verdict, exit status, seconds, reason; tabs between
 *
 * A scenario is judged by its description (prog --describe) on standard input: lines
 * of a key and a value, where the key KERNEL-fails, -splat, -hangs or -says has what is
 * expected of it on that kernel. Without a description, all checks must hold.
 */
#include <ctype.h>
#include <err.h>
#include <locale.h>
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

enum { PASS, FAIL, SKIP };
static const char * const verdicts[] = { "ok", "not ok", "skip" };

/* The exit status that ci/guest has of its own */
enum { TIME = 124, SPLAT, LOST, NOT_RUN };

#define LOST_WORDS	"guest: the guest was lost before its command ended"
#define MORE_WORDS	"; all of the console: "

/* The expressions, one a line; # is before a comment */
extern const char splat_list[];
__asm__(".section .rodata\nsplat_list: .incbin \"../judge/splats\"\n.byte 0\n.previous");

struct lines {
	char **line;
	int nr;
};

static struct lines facts;	/* the description */
static const char *why;		/* the reason for the verdict */

__attribute__((format(printf, 1, 2))) static char *string(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		err(2, "memory");
	va_end(ap);
	return s;
}

static int verdict(int is, const char *reason)
{
	why = reason;
	return is;
}

static void add_line(struct lines *l, char *line)
{
	l->line = realloc(l->line, (l->nr + 1) * sizeof(*l->line));
	if (!l->line)
		err(2, "memory");
	l->line[l->nr++] = line;
}

static struct lines read_lines(FILE *from)
{
	struct lines l = {};
	char *line = NULL;
	size_t size = 0;
	ssize_t i, len;

	for (; from && (len = getline(&line, &size, from)) >= 0; line = NULL) {
		/* no string can have a 0, and no document a 1 */
		for (i = 0; i < len; i++)
			line[i] += !line[i];
		for (i = len; i && strchr("\r\n", line[i - 1]); i--)
			line[i - 1] = '\0';
		add_line(&l, line);
	}
	if (from && ferror(from))
		err(2, "input");
	return l;
}

/* None if there is no such file. */
static struct lines read_kind(const char *base, const char *kind)
{
	return read_lines(fopen(string("%s.%s", base, kind), "r"));
}

static const char *last_line(struct lines l)
{
	return l.nr ? l.line[l.nr - 1] : "";
}

static const char *after(const char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(line, prefix, len) ? NULL : line + len;
}

/* The lines that match: none if there is no expression. */
static struct lines matches(struct lines l, const char *expression)
{
	struct lines found = {};
	regex_t re;
	int i;

	if (expression && regcomp(&re, expression, REG_EXTENDED | REG_NOSUB))
		errx(2, "not a regular expression: %s", expression);
	for (i = 0; expression && i < l.nr; i++)
		if (!regexec(&re, l.line[i], 0, NULL, 0))
			add_line(&found, l.line[i]);
	return found;
}

static const char *find(struct lines l, const char *expression)
{
	l = matches(l, expression);
	return l.nr ? l.line[0] : NULL;
}

static struct lines splats(struct lines log)
{
	char *list = strdup(splat_list), *line, *all = NULL;

	while ((line = strsep(&list, "\n")))
		if (*line && *line != '#')
			all = all ? string("%s|%s", all, line) : line;
	return matches(log, all);
}

/* --- what is expected --- */

/* The value of the description's line number i with this key, or NULL. */
static const char *fact(const char *kernel, const char *key, int i)
{
	char *whole = string("%s%s\t", kernel, key);
	const char *value;
	int n;

	for (n = 0; n < facts.nr; n++)
		if ((value = after(facts.line[n], whole)) && !i--)
			return value;
	return NULL;
}

/* With more checks it is to come to the same, but for what only these find in base. */
static const char *expected(const char *kernel, const char *key, int i)
{
	if (!strcmp(kernel, "debug") || !strcmp(kernel, "kcsan"))
		kernel = "aops";
	if (!strcmp(kernel, "base-debug") && !find(facts, "^base-debug-(fails|splat|hangs|says)\t"))
		kernel = "base";
	return fact(kernel, key, i);
}

static struct lines known_to_fail(const char *kernel)
{
	struct lines known = {};
	const char *name;

	while ((name = expected(kernel, "-fails", known.nr)))
		add_line(&known, (char *)name);
	return known;
}

static bool has(struct lines l, const char *line)
{
	int i;

	for (i = 0; i < l.nr && strcmp(l.line[i], line); i++)
		;
	return i < l.nr;
}

/* debug is slow; core is for what comes to something else there than on aops. */
static bool usual(const char *kernel)
{
	if (!strcmp(kernel, "debug"))
		return fact("", "debug", 0);
	return strcmp(kernel, "core") || find(facts, "^core-(fails|splat|hangs|says)\t");
}

/*
 * list KERNEL...: prints scenario, kernel, time limit, machine, cpus, usual and title of
 * those that are described, each after a line "program NAME".
 */
static int list(char **kernels)
{
	struct lines all = read_lines(stdin);
	const char *name, *self;
	int i, k, seconds;

	for (i = 0; i < all.nr; i += facts.nr) {
		facts = (struct lines){ all.line + i, 1 };
		while (i + facts.nr < all.nr && !after(all.line[i + facts.nr], "program\t"))
			facts.nr++;
		name = fact("", "program", 0) ?: "";
		self = fact("", "name", 0) ?: "";
		if (strcmp(name, self))
			errx(2, "scenario %s calls itself '%s'", name, self);
		for (k = 0; kernels[k]; k++) {
			seconds = atoi(expected(kernels[k], "-seconds", 0) ?: fact("", "seconds", 0));
			/* the kernel's own checks take their time */
			if (!strstr(" base aops holder core fixes with ", string(" %s ", kernels[k])))
				seconds *= 4;
			printf("%s\t%s\t%d\t%s\t%s\t%s\t%s\n", name, kernels[k], seconds,
			       fact("", "machine", 0), fact("", "cpus", 0),
			       usual(kernels[k]) ? "yes" : "no", fact("", "title", 0));
		}
	}
	return 0;
}

/* --- KTAP --- */

/* The name in a line "ok N - NAME" or "not ok N - NAME", or NULL. */
static const char *result_name(const char *line, bool *failed, long *number)
{
	const char *rest = after(line, "not ");
	char *end;

	*failed = rest;
	rest = after(rest ?: line, "ok ");
	if (!rest || !isdigit(*rest))
		return NULL;
	*number = strtol(rest, &end, 10);
	rest = after(end, " - ");
	return rest && *rest ? rest : NULL;
}

/* Every result must be there, in order, and agree with the exit status. */
static int judge_results(struct lines log, int status, const char *kernel)
{
	struct lines known = known_to_fail(kernel), failed = {};
	const char *name, *rest, *first = NULL;
	long nr = 0, number, plan = -1;
	bool fails, whole = true;
	int i, others = 0;

	for (i = 0; i < log.nr; i++) {
		rest = after(log.line[i], "1..");
		if (rest) {
			whole &= plan < 0;
			plan = atol(rest);
		}
		name = result_name(log.line[i], &fails, &number);
		if (name)
			whole &= number == ++nr;
		if (name && fails)
			add_line(&failed, (char *)name);
	}
	if (!whole || !nr || plan != nr)
		return verdict(FAIL, "results are missing");
	if (status != (failed.nr > 0))
		return verdict(FAIL, string("ended with %d, which its results do not say", status));
	for (i = 0; i < known.nr; i++)
		if (!has(failed, known.line[i]) && !others++)
			first = string("\"%s\" holds, was to fail", known.line[i]);
	for (i = 0; i < failed.nr; i++)
		if (!has(known, failed.line[i]) && !others++)
			first = string("\"%s\" fails", failed.line[i]);
	if (others)
		return verdict(FAIL, others == 1 ? first : string("%s and %d more", first, others - 1));
	return verdict(PASS, known.nr ? string("fails %d of %ld, as is known", known.nr, plan) : "");
}

static int judge_scenario(const char *base, int status, const char *kernel)
{
	const char *hangs = expected(kernel, "-hangs", 0), *splat = expected(kernel, "-splat", 0);
	/* Nothing is stated for fixes, which has the faults of core, too */
	const char *like = strcmp(kernel, "fixes") ? kernel : "core";
	struct lines log = read_kind(base, "log"), messages = read_kind(base, "err");
	struct lines console = read_kind(base, "console");
	const char *line;

	switch (status) {
	case TIME:
		if (find(console, hangs))
			return verdict(PASS, "hangs, as is known");
		return verdict(FAIL, "time ran out; the blocked tasks are on the console log");
	case SPLAT:
		if (find(console, splat))
			return verdict(PASS, "splats, as is known");
		return verdict(FAIL, "a splat, see the console log");
	case LOST:
		line = find(messages, "^" LOST_WORDS ": .*" MORE_WORDS) ?: LOST_WORDS MORE_WORDS;
		line += strlen(LOST_WORDS);
		return verdict(FAIL, string("the guest was lost%.*s",
					    (int)(strstr(line, MORE_WORDS) - line), line));
	case NOT_RUN:
		return verdict(FAIL, string("ci/guest: %s", last_line(messages)));
	}
	if ((status == 1 || status == 2) && (line = find(log, expected(like, "-says", 0))))
		return verdict(PASS, string("goes wrong, as is known: %s", line));
	if (status == 4 && (line = find(log, "^1\\.\\.0 # SKIP .")))
		return verdict(SKIP, after(line, "1..0 # SKIP "));
	if (hangs || splat)
		return verdict(FAIL, string("was to %s%s, but ended with %d", hangs ? "hang" : "",
					    splat ? "splat" : "", status));
	if (status > 1)
		return verdict(FAIL, find(log, "^Bail out!") ?: string("ended with %d", status));
	return judge_results(log, status, kernel);
}

static int judge_check(const char *base, int status)
{
	const char *last = last_line(read_kind(base, "log"));

	if (!status)
		return verdict(PASS, "");
	if (status == 4 && *last)
		return verdict(SKIP, last);
	if (status == 4)
		return verdict(FAIL, "skipped, and did not say why");
	return verdict(FAIL, string("ended with %d%s%s", status, *last ? ": " : "", last));
}

/* One level down: the plan first, and what is known to fail marked. */
static void print_results(const char *base, const char *kernel)
{
	struct lines log = read_kind(base, "log"), known = known_to_fail(kernel);
	struct lines said = matches(log, expected(kernel, "-says", 0));
	struct lines plan = matches(log, "^1\\.\\.");
	const char *name;
	bool fails;
	long number;
	int i;

	puts("    KTAP version 1");
	for (i = 0; i < plan.nr; i++)
		printf("    %s\n", plan.line[i]);
	for (i = 0; i < log.nr; i++) {
		if (after(log.line[i], "1..") || after(log.line[i], "KTAP version"))
			continue;
		name = result_name(log.line[i], &fails, &number);
		printf("    %s%s\n", log.line[i], name && fails &&
		       (has(known, name) || has(said, log.line[i])) ? " # XFAIL" : "");
	}
}

/* The test's name and, in a scenario's, SCENARIO.KERNEL, the kernel. NULL: a check */
static const char *name_of(const char *base, const char **kernel)
{
	const char *name = strrchr(base, '/') ? strrchr(base, '/') + 1 : base;

	*kernel = strrchr(name, '.') ? strrchr(name, '.') + 1 : NULL;
	return name;
}

/* test NUMBER BASE STATUS SECONDS: writes BASE.result and prints the test's KTAP. */
static int test(const char *number, const char *base, int status, const char *took)
{
	const char *kernel, *name = name_of(base, &kernel), *title = name;
	FILE *to = fopen(string("%s.result", base), "w");
	int is;

	if (kernel) {
		facts = read_lines(stdin);
		is = judge_scenario(base, status, kernel);
		/* of these nothing is expected but that they come to something */
		if ((!strcmp(kernel, "fixes") || !strcmp(kernel, "with")) &&
		    is == FAIL && strcmp(why, "results are missing") &&
		    (status == 1 || (status >= TIME && status <= LOST)))
			is = PASS;
		title = string("%s: %s", name, fact("", "title", 0));
		print_results(base, kernel);
	} else {
		is = judge_check(base, status);
	}
	if (!to || fprintf(to, "%s\t%d\t%s\t%s\n", verdicts[is], status, took, why) < 0 || fclose(to))
		err(2, "%s.result", base);
	if (*why && is != SKIP)
		printf("# %s: %s\n", name, why);
	printf("%s %s - %s%s%s\n", is == FAIL ? "not ok" : "ok", number, title,
	       is == SKIP ? " # SKIP " : "", is == SKIP ? why : "");
	return 0;
}

/*
 * run BASE STATUS: prints what went wrong. Ends with 0 if nothing did, 1, 4 if it was
 * skipped, or 2 if it could not be run. ci/scenarios/fuzz with arguments prints no KTAP,
 * but how it ends.
 */
static int run(const char *base, int status)
{
	struct lines log = read_kind(base, "log"), said = splats(read_kind(base, "console"));
	struct lines wrong = matches(log, "^(not ok|Bail out!|# differs: )");
	int is = !status && find(log, "^# ends 0$") ? verdict(PASS, "") :
		 judge_scenario(base, status, ""), i;

	for (i = 0; is == FAIL && i < wrong.nr && i < 3; i++)
		puts(wrong.line[i]);
	/* the line "cut here" says nothing */
	if (status == SPLAT && said.nr)
		printf("the kernel's log: %s\n",
		       said.line[said.nr > 1 && strstr(said.line[0], "[ cut here")]);
	else if (!wrong.nr || is != FAIL)
		puts(why);
	return is == SKIP ? 4 : status == NOT_RUN ? 2 : is;
}

/* --- JUnit --- */

/* What XML has no way to say is left out. */
static void xml(FILE *to, const char *s)
{
	wchar_t c;
	int len;

	for (; *s; s += len < 0 ? 1 : len) {
		len = mbtowc(&c, s, MB_CUR_MAX);
		if (strchr("&<>\"", *s))
			fprintf(to, "&#%d;", *s);
		else if (len > 0 && (c >= ' ' || c == '\t') && c <= 0x10ffff && (c & ~1) != 0xfffe)
			fwrite(s, len, 1, to);
	}
}

static void xml_lines(FILE *to, struct lines l, int most)
{
	int i;

	for (i = l.nr > most ? l.nr - most : 0; i < l.nr; i++) {
		xml(to, l.line[i]);
		putc('\n', to);
	}
}

static void junit_case(FILE *to, const char *base, const char *took, int is, const char *reason)
{
	const char *kernel, *name = name_of(base, &kernel);

	fprintf(to, "<testcase classname=\"%s\" name=\"%.*s\" time=\"%s\">\n", kernel ?: "check",
		kernel ? (int)(kernel - name) - 1 : (int)strlen(name), name, took);
	if (is != PASS) {
		fprintf(to, "<%s message=\"", is == SKIP ? "skipped" : "failure");
		xml(to, reason);
		fputs("\">", to);
		if (is == FAIL)
			xml_lines(to, read_kind(base, "console"), 30);
		fprintf(to, "</%s>\n", is == SKIP ? "skipped" : "failure");
	}
	fputs("<system-out>\n", to);
	xml_lines(to, read_kind(base, "log"), INT32_MAX);
	xml_lines(to, read_kind(base, "err"), INT32_MAX);
	fputs("</system-out>\n</testcase>\n", to);
}

/*
 * total [-j FILE] [-n NAME] [-s SECONDS] BASE...: prints which tests failed, and how many;
 * FILE: the results as JUnit, which replaces it as a whole.
 */
static int total(const char *junit, const char *name, const char *seconds, char **bases)
{
	char *cases, *new = string("%s.new", junit ?: ""), *reason, *took;
	int count[3] = {}, all, is, nr;
	FILE *to = open_memstream(&cases, &(size_t){ 0 });
	struct lines result;
	const char *kernel;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (all = 0; bases[all]; all++) {
		result = read_kind(bases[all], "result");
		reason = result.nr ? result.line[0] : "";
		took = strsep(&reason, "\t");
		for (is = PASS; is <= SKIP && strcmp(took, verdicts[is]); is++)
			;
		if (is > SKIP)
			continue;
		strsep(&reason, "\t");
		took = strsep(&reason, "\t");
		if (is == FAIL)
			printf("%s#   %s: %s\n#     %s.*\n", count[FAIL] ? "" : "# failed:\n",
			       name_of(bases[all], &kernel), reason, bases[all]);
		count[is]++;
		junit_case(to, bases[all], took, is, reason);
	}
	nr = count[PASS] + count[FAIL] + count[SKIP];
	fclose(to);
	if (junit) {
		to = fopen(new, "w");
		if (!to || fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				   "<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"0\" "
				   "skipped=\"%d\" time=\"%s\">\n%s</testsuite>\n", name, nr,
				   count[FAIL], count[SKIP], seconds, cases) < 0 ||
		    fclose(to) || rename(new, junit))
			err(2, "%s", junit);
	}
	if (nr < all)
		errx(2, "%d results for %d tests", nr, all);
	printf("%d passed, %d failed", count[PASS], count[FAIL]);
	printf(count[SKIP] ? ", %d skipped\n" : "\n", count[SKIP]);
	return count[FAIL] || !count[PASS];
}

/* --- a guest --- */

static void show(const char *title, struct lines l, int from, int end)
{
	if (from < end)
		fprintf(stderr, "--- %s:\n", title);
	for (; from < end; from++)
		fprintf(stderr, "%s\n", l.line[from]);
}

/*
 * guest STATUS SECONDS REASON SHOWN CONSOLE, each of them empty if it is not so: the command's
 * status; time ran out; why the guest was lost; the console has been shown. Prints the last
 * messages of ci/guest, and ends with its exit status.
 */
static int guest(const char *status, const char *seconds, const char *lost, const char *shown,
		 const char *path)
{
	struct lines console = read_lines(fopen(path, "r")), log = console, said;
	const char *message;
	int end = SPLAT, i;

	/* the panic at the end of the time was asked for, and is no news */
	for (i = 0; *seconds && i < log.nr; i++)
		if (strstr(log.line[i], "NMI received for unknown reason"))
			log.nr = i;
	said = splats(log);
	if (*lost)
		lost = string(": %s", lost);
	if (!find(log, "^\\[ *[0-9]+\\.[0-9]+\\]")) {
		message = string("no console log that could be searched for splats%s", lost);
	} else if (*seconds) {
		end = TIME;
		message = string("time ran out after %s s; the blocked tasks are on the console",
				 seconds);
	} else if (said.nr) {
		message = string("the kernel said BUG, WARNING or the like%s%s%s%s",
				 *status ? "; the command ended with " : "", status,
				 *lost ? "; the guest was lost" : "", lost);
	} else if (!*status || *lost) {
		end = LOST;
		message = string("%s%s", after(LOST_WORDS, "guest: "), lost);
	} else {
		return atoi(status);
	}
	show("the kernel said", said, 0, said.nr < 10 ? said.nr : 10);
	if (!*shown)
		show("the last lines of the console", console,
		     console.nr > 30 ? console.nr - 30 : 0, console.nr);
	fprintf(stderr, "guest: %s" MORE_WORDS "%s\n", message, path);
	return end;
}

static int command(const char *name, int argc, char **argv)
{
	char *options[128] = {};
	struct lines said;
	int option, i;

	if (!strcmp(name, "guest") && argc == 6)
		return guest(argv[1], argv[2], argv[3], argv[4], argv[5]);
	while ((option = getopt(argc, argv, "j:n:s:")) != -1)
		options[option] = optarg ?: "";
	argc -= optind;
	argv += optind;
	if (!strcmp(name, "list") && argc)
		return list(argv);
	if (!strcmp(name, "run") && argc == 2)
		return run(argv[0], atoi(argv[1]));
	if (!strcmp(name, "test") && argc == 4)
		return test(argv[0], argv[1], atoi(argv[2]), argv[3]);
	if (!strcmp(name, "total") && argc)
		return total(options['j'], options['n'] ?: "", options['s'] ?: "0", argv);
	if (strcmp(name, "splats") || argc)
		errx(2, "usage: judge guest|list|run|splats|test|total ...: see ci/judge/judge.c");
	/* of a kernel's log on standard input */
	said = splats(read_lines(stdin));
	for (i = 0; i < said.nr; i++)
		puts(said.line[i]);
	return 0;
}

int main(int argc, char **argv)
{
	int status = argc > 1 ? command(argv[1], argc - 1, argv + 1) : command("", 1, argv);

	if (fflush(stdout))
		err(2, "output");
	return status;
}
