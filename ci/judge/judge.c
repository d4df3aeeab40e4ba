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
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
"usage: judge guest [-s STATUS] [-t SECONDS] [-l REASON] [-q] CONSOLE\n"
"             a run of ci/guest: prints its messages, ends with its exit status\n"
"             -s: the command's status, -t: time ran out after SECONDS, -l: why the\n"
"             guest was lost, -q: the console has been shown\n"
"       judge splats\n"
"             prints the lines of a kernel's log, standard input, that are splats\n"
"       judge list KERNEL... <DESCRIPTIONS\n"
"             prints scenario, kernel, its time limit, machine, cpus, debug, title\n"
"       judge run BASE STATUS\n"
"             prints what went wrong; ends with 0: nothing, 1: something, 4: skipped,\n"
"             2: it could not be run\n"
"       judge test NUMBER BASE STATUS SECONDS [<DESCRIPTION]\n"
"             writes BASE.result and prints the test's KTAP\n"
"       judge total [-j FILE] [-n NAME] [-s SECONDS] BASE...\n"
"             prints which tests failed, and how many; FILE: the results as JUnit\n";

enum { PASS, FAIL, SKIP };
static const char * const verdicts[] = { "ok", "not ok", "skip" };

struct verdict {
	int is;
	const char *why;
};

/* The exit status that ci/guest has of its own */
enum { TIME = 124, SPLAT, LOST, NOT_RUN };

#define LOST_WORDS	"the guest was lost before its command ended"
#define MORE_WORDS	"; all of the console: "

/* The expressions, one a line; # is before a comment */
extern const char splat_list[];
__asm__(".section .rodata\nsplat_list: .incbin \"../judge/splats\"\n.byte 0\n.previous");

/* --- text --- */

struct lines {
	char **line;
	int nr;
};

__attribute__((format(printf, 1, 2))) static char *string(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		err(2, "string");
	va_end(ap);
	return s;
}

static void add_line(struct lines *l, char *line)
{
	l->line = realloc(l->line, (l->nr + 1) * sizeof(*l->line));
	if (!l->line)
		err(2, "lines");
	l->line[l->nr++] = line;
}

static struct lines read_stream(FILE *from)
{
	struct lines l = {};
	char *line = NULL;
	size_t size = 0;
	ssize_t i, len;

	while ((len = getline(&line, &size, from)) >= 0) {
		/* no string can have a 0, and no document a 1 */
		for (i = 0; i < len; i++)
			line[i] += !line[i];
		line[strcspn(line, "\n")] = '\0';
		for (i = strlen(line); i && line[i - 1] == '\r'; i--)
			line[i - 1] = '\0';
		add_line(&l, line);
		line = NULL;
	}
	if (ferror(from))
		err(2, "input");
	return l;
}

/* The lines of BASE.KIND; none if there is no such file. */
static struct lines read_kind(const char *base, const char *kind)
{
	char *name = string("%s.%s", base, kind);
	FILE *from = fopen(name, "r");
	struct lines l = {};

	if (from) {
		l = read_stream(from);
		fclose(from);
	}
	free(name);
	return l;
}

static const char *last_line(struct lines l)
{
	return l.nr ? l.line[l.nr - 1] : "";
}

static regex_t compiled(const char *expression)
{
	regex_t re;

	if (regcomp(&re, expression, REG_EXTENDED))
		errx(2, "not a regular expression: %s", expression);
	return re;
}

static const char *after(const char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(line, prefix, len) ? NULL : line + len;
}

/* The first line that matches, or NULL, also if there is no expression. */
static const char *find(struct lines l, const char *expression)
{
	regex_t re;
	int i;

	if (!expression)
		return NULL;
	re = compiled(expression);
	for (i = 0; i < l.nr && regexec(&re, l.line[i], 0, NULL, 0); i++)
		;
	regfree(&re);
	return i < l.nr ? l.line[i] : NULL;
}

/* --- splats --- */

/* The lines that one of the expressions matches. */
static struct lines splats(struct lines log)
{
	char *list = strdup(splat_list), *line, *all = NULL;
	struct lines found = {};
	regex_t re;
	int i;

	while ((line = strsep(&list, "\n")))
		if (*line && *line != '#')
			all = all ? string("%s|%s", all, line) : line;
	re = compiled(all);
	for (i = 0; i < log.nr; i++)
		if (!regexec(&re, log.line[i], 0, NULL, 0))
			add_line(&found, log.line[i]);
	regfree(&re);
	return found;
}

/* --- what is expected --- */

static struct lines facts;

/* The value of the description's line number i with this key, or NULL. */
static const char *fact(int i, const char *key, const char *subkey)
{
	char *whole = string("%s%s\t", key, subkey);
	const char *value;
	int n;

	for (n = 0; n < facts.nr; n++)
		if ((value = after(facts.line[n], whole)) && !i--)
			return value;
	return NULL;
}

/* With more checks it is to come to the same, but for what only these find in base. */
static const char *expected(const char *kernel, int i, const char *subkey)
{
	if (!strcmp(kernel, "debug") || !strcmp(kernel, "kcsan"))
		kernel = "aops";
	if (!strcmp(kernel, "base-debug") && !fact(0, kernel, "-fails") &&
	    !fact(0, kernel, "-splat") && !fact(0, kernel, "-hangs") &&
	    !fact(0, kernel, "-says"))
		kernel = "base";
	return fact(i, kernel, subkey);
}

/* The kernel's own checks take their time. */
static int limit(const char *kernel)
{
	static const char quick[] = " base aops holder core fixes with ";
	int seconds = atoi(expected(kernel, 0, "-seconds") ?: fact(0, "seconds", "") ?: "0");

	return strstr(quick, string(" %s ", kernel)) ? seconds : 4 * seconds;
}

static int list(char **kernels)
{
	struct lines all = read_stream(stdin);
	const char *name, *self;
	char **kernel;
	int i;

	for (i = 0; i < all.nr; i += facts.nr) {
		facts = (struct lines){ all.line + i, 1 };
		while (i + facts.nr < all.nr && !after(all.line[i + facts.nr], "program\t"))
			facts.nr++;
		name = fact(0, "program", "") ?: "";
		self = fact(0, "name", "") ?: "";
		if (strcmp(name, self))
			errx(2, "scenario %s calls itself '%s'", name, self);
		for (kernel = kernels; *kernel; kernel++)
			printf("%s\t%s\t%d\t%s\t%s\t%s\t%s\n", name, *kernel,
			       limit(*kernel), fact(0, "machine", ""), fact(0, "cpus", ""),
			       fact(0, "debug", "") ?: "no", fact(0, "title", ""));
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

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

/* How the checks that failed differ from those that are known to; NULL: they do not. */
static char *difference(struct lines failed, struct lines known)
{
	int f = 0, k = 0, nr = 0, order;
	char *first = NULL;

	if (failed.nr)
		qsort(failed.line, failed.nr, sizeof(char *), by_name);
	if (known.nr)
		qsort(known.line, known.nr, sizeof(char *), by_name);
	while (f < failed.nr || k < known.nr) {
		order = f == failed.nr ? 1 : k == known.nr ? -1 :
			strcmp(failed.line[f], known.line[k]);
		if (order && !nr++)
			first = order < 0 ? string("\"%s\" fails", failed.line[f]) :
				string("\"%s\" holds, was to fail", known.line[k]);
		f += order <= 0;
		k += order >= 0;
	}
	return nr > 1 ? string("%s and %d more", first, nr - 1) : first;
}

/* Every result must be there, in order, and agree with the exit status. */
static struct verdict judge_results(struct lines log, int status, const char *kernel)
{
	struct lines failed = {}, known = {};
	long nr = 0, number, plan = -1;
	const char *name, *rest, *why;
	bool fails, whole = true;
	int i;

	for (i = 0; i < log.nr; i++) {
		rest = after(log.line[i], "1..");
		if (rest) {
			whole &= plan < 0;
			plan = atol(rest);
		}
		name = result_name(log.line[i], &fails, &number);
		if (!name)
			continue;
		whole &= number == ++nr;
		if (fails)
			add_line(&failed, (char *)name);
	}
	if (!whole || !nr || plan != nr)
		return (struct verdict){ FAIL, "results are missing" };
	if (status != (failed.nr > 0))
		return (struct verdict){ FAIL,
			string("ended with %d, which its results do not say", status) };
	while ((name = expected(kernel, known.nr, "-fails")))
		add_line(&known, (char *)name);
	why = difference(failed, known);
	if (why)
		return (struct verdict){ FAIL, why };
	return (struct verdict){ PASS,
		known.nr ? string("fails %d of %ld, as is known", known.nr, plan) : "" };
}

/* Of the guest's own exit status; what is known to happen is on the console. */
static struct verdict judge_guest_status(const char *base, int status, const char *kernel)
{
	struct lines console = read_kind(base, "console"), messages = read_kind(base, "err");
	const char *line, *why = "the guest was lost";

	switch (status) {
	case TIME:
		if (find(console, expected(kernel, 0, "-hangs")))
			return (struct verdict){ PASS, "hangs, as is known" };
		why = "time ran out; the blocked tasks are on the console log";
		break;
	case SPLAT:
		if (find(console, expected(kernel, 0, "-splat")))
			return (struct verdict){ PASS, "splats, as is known" };
		why = "a splat, see the console log";
		break;
	case LOST:
		line = find(messages, "^guest: " LOST_WORDS ": .*" MORE_WORDS);
		if (line)
			why = string("%s%.*s", why, (int)(strstr(line, MORE_WORDS) - line) -
				     (int)strlen("guest: " LOST_WORDS),
				     line + strlen("guest: " LOST_WORDS));
		break;
	default:
		why = string("ci/guest: %s", last_line(messages));
	}
	return (struct verdict){ FAIL, why };
}

static struct verdict judge_scenario(const char *base, int status, const char *kernel)
{
	const char *hangs = expected(kernel, 0, "-hangs");
	const char *splat = expected(kernel, 0, "-splat");
	struct lines log = read_kind(base, "log");
	const char *line;

	if (status >= TIME && status <= NOT_RUN)
		return judge_guest_status(base, status, kernel);
	if ((status == 1 || status == 2) &&
	    (line = find(log, expected(kernel, 0, "-says"))))
		return (struct verdict){ PASS,
			string("goes wrong, as is known: %s", line) };
	if (status == 4 && (line = find(log, "^1\\.\\.0 # SKIP .")))
		return (struct verdict){ SKIP, after(line, "1..0 # SKIP ") };
	if (hangs || splat)
		return (struct verdict){ FAIL,
			string("was to %s%s, but ended with %d", hangs ? "hang" : "",
			       splat ? "splat" : "", status) };
	if (status > 1)
		return (struct verdict){ FAIL, find(log, "^Bail out!") ?:
			string("ended with %d", status) };
	return judge_results(log, status, kernel);
}

static struct verdict judge_check(const char *base, int status)
{
	const char *last = last_line(read_kind(base, "log"));

	if (!status)
		return (struct verdict){ PASS, "" };
	if (status == 4 && *last)
		return (struct verdict){ SKIP, last };
	if (status == 4)
		return (struct verdict){ FAIL, "skipped, and did not say why" };
	return (struct verdict){ FAIL, string("ended with %d%s%s", status,
					      *last ? ": " : "", last) };
}

/* One level down: the plan first, and what is known to fail marked. */
static void print_results(const char *base, const char *kernel)
{
	const char *says = expected(kernel, 0, "-says"), *name, *known;
	struct lines log = read_kind(base, "log");
	bool fails, plan;
	int pass, i, k;
	long number;

	puts("    KTAP version 1");
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < log.nr; i++) {
			plan = after(log.line[i], "1..");
			if (plan == pass || after(log.line[i], "KTAP version"))
				continue;
			name = result_name(log.line[i], &fails, &number);
			known = NULL;
			for (k = 0; name && fails && (known = expected(kernel, k, "-fails")); k++)
				if (!strcmp(name, known))
					break;
			if (name && fails && !known)
				known = find((struct lines){ log.line + i, 1 }, says);
			printf("    %s%s\n", log.line[i], known ? " # XFAIL" : "");
		}
}

static const char *name_of(const char *base)
{
	return strrchr(base, '/') ? strrchr(base, '/') + 1 : base;
}

/* The kernel of a scenario's test, which is called SCENARIO.KERNEL; NULL: a check. */
static const char *kernel_of(const char *base)
{
	const char *dot = strrchr(name_of(base), '.');

	return dot ? dot + 1 : NULL;
}

static int test(const char *number, const char *base, int status, const char *took)
{
	const char *kernel = kernel_of(base), *name = name_of(base), *result;
	struct verdict v;
	FILE *to;

	facts = kernel ? read_stream(stdin) : facts;
	v = kernel ? judge_scenario(base, status, kernel) : judge_check(base, status);
	/* of these nothing is expected but that they come to something */
	if (kernel && (!strcmp(kernel, "fixes") || !strcmp(kernel, "with")) &&
	    v.is == FAIL && strcmp(v.why, "results are missing") &&
	    (status == 1 || (status >= TIME && status <= LOST)))
		v.is = PASS;
	result = string("%s.result", base);
	to = fopen(result, "w");
	if (!to || fprintf(to, "%s\t%d\t%s\t%s\n", verdicts[v.is], status, took, v.why) < 0 ||
	    fclose(to))
		err(2, "%s", result);
	if (kernel)
		print_results(base, kernel);
	if (*v.why && v.is != SKIP)
		printf("# %s: %s\n", name, v.why);
	printf("%s %s - %s%s%s%s%s\n", v.is == FAIL ? "not ok" : "ok", number, name,
	       kernel ? ": " : "", kernel ? fact(0, "title", "") ?: "" : "",
	       v.is == SKIP ? " # SKIP " : "", v.is == SKIP ? v.why : "");
	return 0;
}

/* ci/scenarios/fuzz with arguments prints no KTAP, but how it ends. */
static int run(const char *base, int status)
{
	static const char wrong[] = "^(not ok|Bail out!|# differs: )";
	struct lines log = read_kind(base, "log"), console = read_kind(base, "console");
	struct verdict v = judge_scenario(base, status, "");
	struct lines said = splats(console);
	const char *splat;
	int i, nr = 0;

	if (!status && find(log, "^# ends 0$"))
		return 0;
	for (i = 0; v.is == FAIL && i < log.nr; i++)
		if (nr < 3 && find((struct lines){ log.line + i, 1 }, wrong) && ++nr)
			puts(log.line[i]);
	/* "cut here" says nothing */
	splat = said.nr > 1 && strstr(said.line[0], "[ cut here") ? said.line[1] :
		said.nr ? said.line[0] : NULL;
	if (status == SPLAT && splat)
		printf("the kernel's log: %s\n", splat);
	else if (!nr)
		puts(v.why);
	return v.is == SKIP ? 4 : status == NOT_RUN ? 2 : v.is;
}

/* --- JUnit --- */

/* The length of the character at s if XML has a way to say it, or 0. */
static int xml_char(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	int more = *s >= 0xf0 ? 3 : *s >= 0xe0 ? 2 : *s >= 0xc0 ? 1 : 0, i;
	uint32_t c = more ? *s & (0x3f >> more) : *s;

	if (!more)
		return *s == '\t' || *s == '\n' || (*s >= ' ' && *s < 0x80);
	for (i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[more] || c > 0x10ffff || (c & ~0x7ff) == 0xd800 ||
	       (c & ~1) == 0xfffe || *s > 0xf7 ? 0 : more + 1;
}

static void xml(FILE *to, const char *s)
{
	int len;

	for (; *s; s += len ?: 1) {
		len = xml_char((const unsigned char *)s);
		if (strchr("&<>\"", *s))
			fprintf(to, "&#%d;", *s);
		else
			fwrite(s, len, 1, to);
	}
}

static void xml_lines(FILE *to, struct lines l, int from)
{
	for (; from < l.nr; from++) {
		xml(to, l.line[from]);
		putc('\n', to);
	}
}

static void junit_case(FILE *to, const char *base, const char *took, int is, const char *why)
{
	const char *kernel = kernel_of(base), *name = name_of(base);
	struct lines console = read_kind(base, "console");
	int len = kernel ? kernel - name - 1 : (int)strlen(name);

	fprintf(to, "<testcase classname=\"%s\" name=\"%.*s\" time=\"%s\">\n",
		kernel ?: "check", len, name, took);
	if (is != PASS) {
		fprintf(to, "<%s message=\"", is == SKIP ? "skipped" : "failure");
		xml(to, why);
		fputs("\">", to);
		if (is == FAIL)
			xml_lines(to, console, console.nr > 30 ? console.nr - 30 : 0);
		fprintf(to, "</%s>\n", is == SKIP ? "skipped" : "failure");
	}
	fputs("<system-out>\n", to);
	xml_lines(to, read_kind(base, "log"), 0);
	xml_lines(to, read_kind(base, "err"), 0);
	fputs("</system-out>\n</testcase>\n", to);
}

static int total(const char *junit, const char *name, const char *seconds, char **bases)
{
	int count[3] = {}, nr = 0, missing = 0, is;
	char *cases = NULL, *new = junit ? string("%s.new", junit) : NULL, *why, *took;
	size_t size;
	FILE *to = open_memstream(&cases, &size);
	struct lines result;
	char **base;

	for (base = bases; *base; base++, nr++) {
		result = read_kind(*base, "result");
		if (!result.nr) {
			missing++;
			continue;
		}
		why = result.line[0];
		took = strsep(&why, "\t");
		for (is = PASS; is < SKIP && strcmp(took, verdicts[is]); is++)
			;
		strsep(&why, "\t");
		took = strsep(&why, "\t");
		if (is == FAIL && !count[FAIL])
			puts("# failed:");
		if (is == FAIL)
			printf("#   %s: %s\n#     %s.*\n", name_of(*base), why, *base);
		count[is]++;
		junit_case(to, *base, took, is, why);
	}
	fclose(to);
	if (junit) {
		to = fopen(new, "w");
		if (!to || fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				   "<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"0\""
				   " skipped=\"%d\" time=\"%s\">\n%s</testsuite>\n", name,
				   nr - missing, count[FAIL], count[SKIP], seconds, cases) < 0 ||
		    fclose(to) || rename(new, junit)) {
			warn("%s", junit);
			unlink(new);
			return 2;
		}
	}
	if (missing)
		errx(2, "%d results for %d tests", nr - missing, nr);
	printf("%d passed, %d failed", count[PASS], count[FAIL]);
	printf(count[SKIP] ? ", %d skipped\n" : "\n", count[SKIP]);
	return count[FAIL] || !count[PASS];
}

/* --- a guest --- */

static int guest(const char *status, const char *seconds, const char *lost, bool shown,
		 const char *path)
{
	struct lines log, said, console;
	const char *message;
	FILE *from = fopen(path, "r");
	int i, end;

	console = from ? read_stream(from) : (struct lines){};
	/* the panic at the end of the time was asked for, and is no news */
	log = console;
	for (i = 0; seconds && i < log.nr; i++)
		if (strstr(log.line[i], "NMI received for unknown reason"))
			log.nr = i;
	said = splats(log);
	lost = lost ? string(": %s", lost) : "";
	if (!find(log, "^\\[ *[0-9]+\\.[0-9]+\\]")) {
		end = SPLAT;
		message = string("no console log that could be searched for splats%s", lost);
	} else if (seconds) {
		end = TIME;
		message = string("time ran out after %s s; the blocked tasks are on the console",
				 seconds);
	} else if (said.nr) {
		end = SPLAT;
		message = string("the kernel said BUG, WARNING or the like%s%s%s%s",
				 status ? "; the command ended with " : "", status ?: "",
				 *lost ? "; the guest was lost" : "", lost);
	} else if (!status || *lost) {
		end = LOST;
		message = string(LOST_WORDS "%s", lost);
	} else {
		return atoi(status);
	}
	if (said.nr)
		fprintf(stderr, "--- the kernel said:\n");
	for (i = 0; i < said.nr && i < 10; i++)
		fprintf(stderr, "%s\n", said.line[i]);
	if (!shown && console.nr)
		fprintf(stderr, "--- the last lines of the console:\n");
	for (i = console.nr > 30 ? console.nr - 30 : 0; !shown && i < console.nr; i++)
		fprintf(stderr, "%s\n", console.line[i]);
	fprintf(stderr, "guest: %s" MORE_WORDS "%s\n", message, path);
	return end;
}

static int command(const char *name, int argc, char **argv)
{
	char *options[256] = {};
	struct lines said;
	int option, i;

	while ((option = getopt(argc, argv, "j:l:n:qs:t:")) != -1)
		options[option] = optarg ?: "";
	argc -= optind;
	argv += optind;
	if (!strcmp(name, "guest") && argc == 1)
		return guest(options['s'], options['t'], options['l'], options['q'], argv[0]);
	if (!strcmp(name, "splats") && !argc) {
		said = splats(read_stream(stdin));
		for (i = 0; i < said.nr; i++)
			puts(said.line[i]);
		return 0;
	}
	if (!strcmp(name, "list") && argc)
		return list(argv);
	if (!strcmp(name, "run") && argc == 2)
		return run(argv[0], atoi(argv[1]));
	if (!strcmp(name, "test") && argc == 4)
		return test(argv[0], argv[1], atoi(argv[2]), argv[3]);
	if (!strcmp(name, "total") && argc)
		return total(options['j'], options['n'] ?: "", options['s'] ?: "0", argv);
	fputs(usage, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int status = command(argc > 1 ? argv[1] : "", argc > 1 ? argc - 1 : argc,
			     argc > 1 ? argv + 1 : argv);

	if (fflush(stdout))
		err(2, "output");
	return status;
}
