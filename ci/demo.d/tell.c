// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's part on the host: reads the output of story.c on each kernel while
 * the guests run, explains it for a first-time reader, and judges it. A line that
 * has none of the forms in story.c ends it: nothing is searched for in noise.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "show.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_LINES	1000
#define MAX_FIELDS	9
#define NR_SCENES	4
/* A kernel that has said nothing for so long is probably still being compiled */
#define LATE_MS		20000

/* A line's fields; for a row these are: */
enum { KIND, SCENE, PROCESS, FILE_NAME, OFFSET, ADDRESS, EXPECTED, BASE, GOT };

struct line {
	char *field[MAX_FIELDS];
};

/* What a kernel's guest has said so far: machine lines, in order. */
struct said {
	const char *kernel;
	FILE *f;		/* NULL: not shown */
	int checks, plan;
	int nr;
	struct line lines[MAX_LINES];
};

static struct said base = { .kernel = "base" }, aops = { .kernel = "aops" };
static struct said holder = { .kernel = "holder" };	/* the rival design */
static struct said * const all[] = { &base, &holder, &aops };

static const struct {
	const char *title, *setting, *look;
	bool path;		/* show the call path, else how the event ended */
	bool holder_as_base;	/* else as expected */
} scenes[NR_SCENES] = { {
	.title = "A machine check on an NVDIMM",
	.setting =
"Four files share their blocks by reflink. Three readers map the same page, each through a\n"
"different file. A writer has stored to this page of the fourth file, which now has a block of its\n"
"own. A bystander maps the next page. All five processes have asked for early signals\n"
"(PR_MCE_KILL_EARLY). QEMU raises a machine check at the physical address of the shared page.\n",
	.look =
"Each reader gets a signal with its own address of the page. The other two processes are left\n"
"alone. Both kernels get this right, but they take different paths, which the function tracer\n"
"recorded. XFS holds the AGF lock from xfs_alloc_read_agf() to xfs_trans_brelse().\n",
	.path = true,
}, {
	.title = "A pmem device that keeps no record of errors",
	.setting =
"Now the page is in memory that was reserved with memmap=. No driver records a bad block for the\n"
"machine check, so only memory management knows about the failure.\n",
	.look =
"Compare the last word: base signals the readers, but maps the failed page again on the next\n"
"access. aops checks the page's flag first.\n",
}, {
	.title = "The default policy: no early signals",
	.setting =
"Another page of the same files fails. The processes keep the default policy, as nearly all do.\n"
"No process should be signalled yet, but the page must be unmapped: otherwise the next access\n"
"consumes the error.\n",
	.look =
"base unmaps a page only from processes that it signals. Here it signals none, so all three readers\n"
"keep the mapping, and the event still counts as \"Recovered\". aops unmaps the page, and the next\n"
"access ends in SIGBUS.\n",
}, {
	.title = "The same files on device-mapper",
	.holder_as_base = true,
	.setting =
"A dm-linear device on the second half of that pmem has an XFS of its own. The five processes ask\n"
"for early signals again.\n",
	.look =
"On base a shared page has no mapping, and device-mapper does not pass the event up to the\n"
"filesystem: memory_failure() fails, and no process is signalled. aops needs only the mapping of\n"
"the page.\n",
} };

/* --- output --- */

__attribute__((format(printf, 2, 3)))
static void paint(const char *colour, const char *fmt, ...)
{
	va_list ap;

	fputs(colour, stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fputs(PLAIN, stdout);
}

/* --- input --- */

__attribute__((format(printf, 1, 2), noreturn))
static void give_up(const char *fmt, ...)
{
	va_list ap;

	step_aside();
	va_start(ap, fmt);
	fprintf(stderr, "ci/demo: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

/* Takes over the library's own lines; false if this is none of them. */
static bool ktap_line(struct said *said, const char *text)
{
	if (!strncmp(text, "Bail out!", 9) || !strncmp(text, "not ok ", 7))
		give_up("%s: %s", said->kernel, text);
	if (!strncmp(text, "ok ", 3))
		said->checks++;
	else if (strncmp(text, "# ", 2) && strcmp(text, "KTAP version 1") &&
		 sscanf(text, "1..%d", &said->plan) != 1)
		return false;
	return true;
}

static void machine_line(struct said *said, char *text)
{
	static const struct {
		const char *kind;
		int fields;
	} kinds[] = {
		{ "row", 9 }, { "inode", 4 }, { "fact", 4 }, { "trace", 3 },
		{ "end", 2 },
	};
	struct line *line = &said->lines[said->nr];
	char *whole = strdup(text);
	unsigned int i;
	int n = 0;

	if (said->nr++ == MAX_LINES)
		give_up("%s: more than %d lines", said->kernel, MAX_LINES);
	while (n < MAX_FIELDS && text)
		line->field[n++] = strsep(&text, "\t");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(line->field[KIND], kinds[i].kind) &&
		    n == kinds[i].fields && !text)
			break;
	if (i == ARRAY_SIZE(kinds))
		give_up("%s: unexpected line: %s", said->kernel, whole);
	free(whole);
}

/* PATH may be a pipe that has no writer yet. */
static void open_said(struct said *said, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	if (fd < 0 || fcntl(fd, F_SETFL, 0) || !(said->f = fdopen(fd, "r")))
		give_up("%s: %s", path, strerror(errno));
	said->plan = -1;
}

/* Until there is something to read, or for so long; false then. */
static bool has_said(struct said *said, int timeout_ms)
{
	struct pollfd pfd = { .fd = fileno(said->f), .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) > 0;
}

/* Reads to the end of a scene, or, if LAST is negative, to the end of all. */
static void read_said(struct said *said, int last)
{
	char *text = NULL;
	size_t size = 0;

	has_said(said, -1);
	while (getline(&text, &size, said->f) > 0) {
		struct line *line = &said->lines[said->nr];

		text[strcspn(text, "\r\n")] = '\0';
		if (ktap_line(said, text))
			continue;
		machine_line(said, strdup(text));
		if (!strcmp(line->field[KIND], "end") &&
		    atoi(line->field[SCENE]) == last)
			goto out;
	}
	if (last >= 0 || said->plan != said->checks)
		give_up("the guest with %s ended before the story did",
			said->kernel);
out:
	free(text);
}

/* The next line of a kind and scene; start with NULL. */
static struct line *next(struct said *said, struct line *line,
			 const char *kind, int scene)
{
	for (line = line ? line + 1 : said->lines;
	     line < said->lines + said->nr; line++)
		if (!strcmp(line->field[KIND], kind) &&
		    atoi(line->field[SCENE]) == scene)
			return line;
	return NULL;
}

/* The value of an inode's or a fact's line */
static const char *value(struct said *said, const char *kind, int scene,
			 const char *key)
{
	struct line *line = NULL;

	while ((line = next(said, line, kind, scene)))
		if (!strcmp(line->field[2], key))
			return line->field[3];
	give_up("%s: no %s %s of act %d", said->kernel, kind, key, scene);
}

/* --- judgement --- */

static int wrong;

__attribute__((format(printf, 1, 2)))
static void complain(const char *fmt, ...)
{
	va_list ap;

	if (!wrong++)
		paint(BOLD RED, "\nUnexpected results:\n");
	va_start(ap, fmt);
	printf("  ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

static void judge_holder(int scene)
{
	int known = scenes[scene - 1].holder_as_base ? BASE : EXPECTED;
	struct line *h = NULL;

	while ((h = next(&holder, h, "row", scene)))
		if (strcmp(h->field[GOT], h->field[known]))
			complain("act %d, %s on holder: '%s', known is '%s'",
				 scene, h->field[PROCESS], h->field[GOT],
				 h->field[known]);
}

static void judge_rows(int scene, int *rows, int *known)
{
	struct line *a = NULL, *b = NULL;
	int i;

	for (;;) {
		a = next(&aops, a, "row", scene);
		b = next(&base, b, "row", scene);
		if (!a || !b)
			break;
		++*rows;
		for (i = 0; i < GOT; i++)
			if (strcmp(a->field[i], b->field[i]))
				complain("act %d, %s: base has '%s' where aops has '%s'",
					 scene, a->field[PROCESS],
					 b->field[i], a->field[i]);
		if (strcmp(a->field[GOT], a->field[EXPECTED]))
			complain("act %d, %s on aops: '%s', expected '%s'",
				 scene, a->field[PROCESS], a->field[GOT],
				 a->field[EXPECTED]);
		if (strcmp(b->field[GOT], b->field[BASE]))
			complain("act %d, %s on base: '%s', known is '%s'",
				 scene, b->field[PROCESS], b->field[GOT],
				 b->field[BASE]);
		*known += !!strcmp(b->field[BASE], b->field[EXPECTED]);
	}
	if (a || b)
		complain("act %d: one kernel has more rows", scene);
}

/* How many lines of the trace have both? */
static int traced(struct said *said, int scene, const char *what,
		  const char *with)
{
	struct line *line = NULL;
	int n = 0;

	while ((line = next(said, line, "trace", scene)))
		n += strstr(line->field[2], what) &&
		     strstr(line->field[2], with);
	return n;
}

/* The signals of a scene, and how many of them were sent with the AGF held */
static int signals_sent(struct said *said, int scene, int *locked)
{
	struct line *line = NULL;
	bool held = false;
	int n = 0;

	*locked = 0;
	while ((line = next(said, line, "trace", scene))) {
		const char *text = line->field[2];

		if (strstr(text, "xfs_alloc_read_agf"))
			held = true;
		else if (strstr(text, "xfs_trans_brelse"))
			held = false;
		else if (strstr(text, "send_sig_mceerr")) {
			n++;
			*locked += held;
		}
	}
	return n;
}

/* On aops the trace leads from the proxy to the sharers and to no other file. */
static void judge_trace(int scene)
{
	struct line *row = NULL;
	int sharers = 0, locked;

	signals_sent(&aops, scene, &locked);
	if (locked)
		complain("act %d on aops: a signal was sent with the AGF held",
			 scene);
	if (traced(&aops, scene, "memory_failure_mapping:", " proxy ") != 1)
		complain("act %d on aops: the mapping is not a proxy", scene);
	while ((row = next(&aops, row, "row", scene))) {
		const char *file = row->field[FILE_NAME];
		char ino[32];

		if (!strstr(row->field[EXPECTED], "gone"))
			continue;
		sharers++;
		snprintf(ino, sizeof(ino), " ino %s ",
			 value(&aops, "inode", scene, file));
		if (traced(&aops, scene, "memory_failure_sharer:", ino) != 1)
			complain("act %d on aops: %s was not reported once",
				 scene, file);
		if (traced(&aops, scene, "memory_failure_act:", ino) != 1)
			complain("act %d on aops: %s was not acted on once",
				 scene, file);
	}
	if (traced(&aops, scene, "memory_failure_sharer:", "") != sharers)
		complain("act %d on aops: not %d sharers", scene, sharers);
	if (traced(&base, scene, "memory_failure_event:", "") != 1)
		complain("act %d on base: not one event", scene);
}

/* --- the story --- */

#define COLUMNS	"  %-17s%-10s%-8s%-16s%-14s"
#define COLUMN	15

/* What a row came to on a kernel; returns the width. */
static int tell_cell(const char *got, const char *expected, const char *good)
{
	bool is = !strcmp(got, expected);

	paint(is ? good : RED, "%s%s", got, is ? "" : " !");
	return strlen(got) + (is ? 0 : 2);
}

static void tell_table(int scene)
{
	struct line *a = NULL, *b = NULL, *h = NULL;

	paint(BOLD, COLUMNS "%-*s%-*s%s\n", "process", "file", "offset",
	      "address", "expected", COLUMN, "base", holder.nr ? COLUMN : 0,
	      holder.nr ? "holder" : "", "aops");
	while ((a = next(&aops, a, "row", scene)) &&
	       (b = next(&base, b, "row", scene))) {
		int width;

		printf(COLUMNS, a->field[PROCESS], a->field[FILE_NAME],
		       a->field[OFFSET], a->field[ADDRESS], a->field[EXPECTED]);
		width = tell_cell(b->field[GOT], b->field[EXPECTED], "");
		printf("%*s", COLUMN - width, "");
		if ((h = next(&holder, h, "row", scene))) {
			width = tell_cell(h->field[GOT], h->field[EXPECTED], "");
			printf("%*s", COLUMN - width, "");
		}
		tell_cell(a->field[GOT], a->field[EXPECTED], GREEN);
		printf("\n");
	}
	printf("\n");
}

/* A line of the trace, with the name of the file that it is about. */
static void tell_traced(struct said *said, int scene, const char *text)
{
	const char *ino = strstr(text, " ino ");
	struct line *line = NULL;

	printf("  %s", text);
	while (ino && (line = next(said, line, "inode", scene))) {
		size_t len = strlen(line->field[3]);

		if (!strncmp(ino + 5, line->field[3], len) &&
		    ino[5 + len] == ' ')
			paint(GREEN, "  %s", line->field[2]);
	}
	printf("\n");
}

#define BASE_PATH \
	"down to the driver, up to the filesystem, which signals with the AGF held"

static void tell_path(struct said *said, int scene, const char *title)
{
	struct line *line = NULL;

	printf("\n");
	paint(BOLD, "  %s: %s\n", said->kernel, title);
	while ((line = next(said, line, "trace", scene)))
		tell_traced(said, scene, line->field[2]);
}

static void tell_event(struct said *said, int scene)
{
	struct line *line = NULL;

	while ((line = next(said, line, "trace", scene))) {
		char *event = strstr(line->field[2], "memory_failure_event:");
		char *end = event ? strstr(event, " */") : NULL;

		if (end)
			printf("  %s traces: %.*s\n", said->kernel,
			       (int)(end - event), event);
	}
}

static void tell_setting(int scene)
{
	printf("\n");
	paint(TITLE, "%d. %s", scene, scenes[scene - 1].title);
	printf("\n%s\n", scenes[scene - 1].setting);
}

/* The outcome on base, while the other kernels are being compiled */
static void tell_base(int scene)
{
	struct line *b = NULL;

	tell_setting(scene);
	paint(BOLD, COLUMNS "%s", "process", "file", "offset", "address",
	      "expected", "base");
	printf("\n");
	while ((b = next(&base, b, "row", scene))) {
		printf(COLUMNS, b->field[PROCESS], b->field[FILE_NAME],
		       b->field[OFFSET], b->field[ADDRESS], b->field[EXPECTED]);
		tell_cell(b->field[GOT], b->field[EXPECTED], "");
		printf("\n");
	}
	tell_path(&base, scene, BASE_PATH);
	printf("\nThis was the unpatched kernel. The kernel with the series is still being compiled; the\n"
	       "demo starts as soon as it is ready.\n");
	step_aside();
}

static void tell_scene(int scene)
{
	tell_setting(scene);
	step();
	tell_table(scene);
	if (!scenes[scene - 1].path) {
		tell_event(&base, scene);
		tell_event(&holder, scene);
		tell_event(&aops, scene);
		printf("\n");
	}
	printf("%s", scenes[scene - 1].look);
	step();
	if (scenes[scene - 1].path) {
		tell_path(&base, scene, BASE_PATH);
		step();
		if (holder.f) {
			tell_path(&holder, scene, "the same path, but the AGF is "
				  "released before mm acts");
			step();
		}
		tell_path(&aops, scene, "the filesystem reports the sharers, then mm "
			  "acts with the AGF released");
		step();
	}
}

/* --- the results in a table, for README as well --- */

enum { SHARERS, OTHERS, SIGNALS };

static const struct {
	const char *what;
	int count, scene;	/* 0: all */
	const char *has;
} results[] = {
	{ "NVDIMM: sharers signalled and unmapped", SHARERS, 1, "AO gone" },
	{ "no bad block on record: next access gets SIGBUS", SHARERS, 2, " AR" },
	{ "default policy: sharers unmapped", SHARERS, 3, "gone" },
	{ "device-mapper: sharers signalled and unmapped", SHARERS, 4, "AO gone" },
	{ "other processes disturbed", OTHERS, 0, NULL },
	{ "signals sent with the filesystem's AGF lock held", SIGNALS, 1, NULL },
};

static int count_result(struct said *said, int i, int *of)
{
	int scene, n = 0;

	*of = 0;
	if (results[i].count == SIGNALS) {
		*of = signals_sent(said, results[i].scene, &n);
		return n;
	}
	for (scene = 1; scene <= NR_SCENES; scene++) {
		struct line *row = NULL;

		if (results[i].scene && scene != results[i].scene)
			continue;
		while ((row = next(said, row, "row", scene))) {
			bool sharer = strstr(row->field[EXPECTED], "gone");

			if (!*row->field[FILE_NAME] ||
			    sharer != (results[i].count == SHARERS))
				continue;
			++*of;
			n += sharer ? !!strstr(row->field[GOT], results[i].has) :
			     strcmp(row->field[GOT], row->field[EXPECTED]) != 0;
		}
	}
	return n;
}

static void write_results(FILE *f, const char *indent)
{
	unsigned int i, k;

	fprintf(f, "%s%-50s", indent, "");
	for (k = 0; k < ARRAY_SIZE(all); k++)
		if (all[k]->f)
			fprintf(f, "  %6s", all[k]->kernel);
	for (i = 0; i < ARRAY_SIZE(results); i++) {
		fprintf(f, "\n%s%-50s", indent, results[i].what);
		for (k = 0; k < ARRAY_SIZE(all); k++) {
			int n, of;

			if (!all[k]->f)
				continue;
			n = count_result(all[k], i, &of);
			fprintf(f, "  %d of %d", n, of);
		}
	}
	fprintf(f, "\n");
}

static void tell_intro(void)
{
	paint(TITLE, "When a page that several files share fails");
	printf("\n"
"A page of persistent memory fails. With XFS reflink the page can belong to several files, and\n"
"processes map it through any of them. memory_failure() must find all of these processes.\n\n"
"  base  Linux %s, unpatched\n"
"  aops  the same with the series\n%s\n"
"Three words describe a process after the failure. A ! marks a wrong result.\n\n"
"  AO or -       the signal: SIGBUS, BUS_MCEERR_AO, with its own address of the page, or none\n"
"  gone or kept  whether the page is still in its page table\n"
"  AR or data    its next access: SIGBUS, BUS_MCEERR_AR, or the data stored there\n",
	       value(&base, "fact", 0, "release"),
	       holder.f ? "  holder  the merged design: it collects a batch of sharers, "
			   "releases the AGF, then unmaps and kills\n" : "");
	step();
}

static int judge(int first, int last)
{
	int scene, rows = 0, known = 0;

	for (scene = first; scene <= last; scene++) {
		judge_rows(scene, &rows, &known);
		judge_holder(scene);
		judge_trace(scene);
	}
	if (wrong || !rows)
		return 1;
	printf("\n");
	if (last > first) {
		write_results(stdout, "  ");
		printf("\n");
	}
	paint(BOLD, "aops: all %d rows as expected. base: %d of %d", rows,
	      rows - known, rows);
	if (known)
		paint(BOLD, ", and the other %d wrong in the known way", known);
	paint(BOLD, ".");
	printf("\n");
	return 0;
}

static const char usage[] =
"usage: tell [--act N] [--watch] [--page FILE] [--record FILE] [--table FILE]\n"
"            BASE AOPS [HOLDER]\n"
"Explains and judges the output of story.c on the kernels. See ci/demo -h.\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "act", required_argument, NULL, 'a' },
		{ "watch", no_argument, NULL, 'w' },
		{ "page", required_argument, NULL, 'p' },
		{ "record", required_argument, NULL, 'r' },
		{ "table", required_argument, NULL, 't' },
		{ }
	};
	const char *page = NULL, *record = NULL, *table = NULL;
	int option, first = 1, last = NR_SCENES, scene, status;
	bool watch = false;
	unsigned int k;
	FILE *f;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'a':
			first = last = atoi(optarg);
			break;
		case 'w':
			watch = true;
			break;
		case 'p':
			page = optarg;
			break;
		case 'r':
			record = optarg;
			break;
		case 't':
			table = optarg;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	argv += optind;
	argc -= optind;
	if (argc < 2 || argc > 3 || first < 1 || last > NR_SCENES) {
		fputs(usage, stderr);
		return 2;
	}

	show_begin(watch, page, record);
	open_said(&base, argv[0]);
	open_said(&aops, argv[1]);
	if (argc == 3)
		open_said(&holder, argv[2]);

	read_said(&base, 0);
	tell_intro();
	for (scene = first; scene <= last; scene++) {
		read_said(&base, scene);
		if (scene == first && !has_said(&aops, LATE_MS))
			tell_base(scene);
		for (k = 1; k < ARRAY_SIZE(all); k++)
			if (all[k]->f)
				read_said(all[k], scene);
		tell_scene(scene);
	}
	for (k = 0; k < ARRAY_SIZE(all); k++)
		if (all[k]->f)
			read_said(all[k], -1);
	status = judge(first, last);
	if (!show_end())
		give_up("not all of it could be written");
	if (!status && table) {
		f = fopen(table, "w");
		if (!f)
			give_up("%s: %s", table, strerror(errno));
		write_results(f, "");
		if (fclose(f))
			give_up("%s: %s", table, strerror(errno));
	}
	return status;
}
