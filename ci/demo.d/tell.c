// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's part on the host: reads what story.c printed on the two kernels,
 * tells it to somebody who has not seen it before, and judges. Lines that are
 * not of a form described in story.c end it: nothing is searched for in noise.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_LINES	1000
#define MAX_FIELDS	9
#define NR_SCENES	4

/* A line's fields; for a row these are: */
enum { KIND, SCENE, PROCESS, FILE_NAME, OFFSET, ADDRESS, EXPECTED, BASE, GOT };

struct line {
	char *field[MAX_FIELDS];
};

/* What a kernel's guest said: machine lines, in order. */
struct said {
	const char *kernel;
	int nr;
	struct line lines[MAX_LINES];
};

static struct said base = { .kernel = "base" }, aops = { .kernel = "aops" };
/* The rival design; empty if it is not to be shown */
static struct said holder = { .kernel = "holder" };

static const struct {
	const char *title, *setting, *look;
	bool path;		/* show the call path, else how the event ended */
	bool holder_as_base;	/* else as expected */
} scenes[NR_SCENES] = { {
	.title = "A machine check on an NVDIMM",
	.setting =
"Four files share their blocks by reflink. Three readers map the same page, each by another file.\n"
"A writer has stored to that page of the fourth file, which has a block of its own since then. A\n"
"bystander maps the next page. All five asked to be told early (PR_MCE_KILL_EARLY). Now QEMU\n"
"raises a machine check for the physical address of the shared page.\n",
	.look =
"Look at the readers: all are told, each at its own address; the others notice nothing. Both\n"
"kernels get this right. They differ in the way there, as the kernel's function tracer saw it.\n"
"The AGF, the filesystem's lock here, is held from xfs_alloc_read_agf() to xfs_trans_brelse().\n",
	.path = true,
}, {
	.title = "The same on another pmem, which keeps no record of errors",
	.setting =
"Now the page is on a range of memory that memmap= sets aside. No driver records a bad block for\n"
"the machine check: only memory management knows of the failure.\n",
	.look =
"Look at the last word: base tells the readers, and then maps the bad page again for whoever\n"
"touches it. aops looks at the page's flag first.\n",
}, {
	.title = "Nobody asked to be told early: the default setting",
	.setting =
"Another page of the same files, and processes that leave their policy alone, as nearly all do.\n"
"Nobody is to be signalled yet. But the page has to go: the next access would consume the error.\n",
	.look =
"Look at \"kept\": base unmaps a page only on behalf of those that it signals. That is nobody, so\n"
"the page stays mapped in all of them, and this counts as \"Recovered\". On aops it goes, and the\n"
"next access ends in SIGBUS.\n",
}, {
	.title = "The same files on device-mapper",
	.holder_as_base = true,
	.setting =
"A dm-linear device on the second half of that pmem, with an XFS of its own. The five processes\n"
"ask to be told early again.\n",
	.look =
"Look at memory_failure(): on base a page of several files has no mapping, and from the driver\n"
"no way leads through device-mapper to the filesystem. Nobody is told. On aops the page's mapping\n"
"is all it takes.\n",
} };

/* --- output --- */

static bool coloured;

#define BOLD	"\033[1m"
#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define PLAIN	"\033[0m"

static void paint(const char *colour, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs(coloured ? colour : "", stdout);
	vprintf(fmt, ap);
	fputs(coloured ? PLAIN : "", stdout);
	va_end(ap);
}

/* --- input --- */

__attribute__((format(printf, 1, 2), noreturn))
static void give_up(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	fprintf(stderr, "demo: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

/* Takes over the library's own lines; false if this is none of them. */
static bool ktap_line(struct said *said, const char *text, int *checks,
		      int *plan)
{
	if (!strncmp(text, "Bail out!", 9) || !strncmp(text, "not ok ", 7))
		give_up("%s: %s", said->kernel, text);
	if (!strncmp(text, "ok ", 3))
		(*checks)++;
	else if (strncmp(text, "# ", 2) && strcmp(text, "KTAP version 1") &&
		 sscanf(text, "1..%d", plan) != 1)
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

static void read_said(struct said *said, const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	int checks = 0, plan = -1;

	if (!f)
		give_up("%s: %s", path, strerror(errno));
	while (getline(&text, &size, f) > 0) {
		text[strcspn(text, "\r\n")] = '\0';
		if (!ktap_line(said, text, &checks, &plan))
			machine_line(said, strdup(text));
	}
	free(text);
	fclose(f);
	if (plan != checks)
		give_up("%s: the story breaks off", said->kernel);
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
	give_up("%s: no %s %s of scene %d", said->kernel, kind, key, scene);
}

/* --- judgement --- */

static int wrong;

__attribute__((format(printf, 1, 2)))
static void complain(const char *fmt, ...)
{
	va_list ap;

	if (!wrong++)
		paint(BOLD RED, "\nNot as documented:\n");
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
			complain("scene %d, %s on holder: '%s', known is '%s'",
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
				complain("scene %d, %s: base has '%s' where aops has '%s'",
					 scene, a->field[PROCESS],
					 b->field[i], a->field[i]);
		if (strcmp(a->field[GOT], a->field[EXPECTED]))
			complain("scene %d, %s on aops: '%s', expected '%s'",
				 scene, a->field[PROCESS], a->field[GOT],
				 a->field[EXPECTED]);
		if (strcmp(b->field[GOT], b->field[BASE]))
			complain("scene %d, %s on base: '%s', known is '%s'",
				 scene, b->field[PROCESS], b->field[GOT],
				 b->field[BASE]);
		*known += !!strcmp(b->field[BASE], b->field[EXPECTED]);
	}
	if (a || b)
		complain("scene %d: one kernel has more rows", scene);
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

/* On aops the trace leads from the proxy to the sharers, and to nobody else. */
static void judge_trace(int scene)
{
	struct line *row = NULL;
	int sharers = 0;

	if (traced(&aops, scene, "memory_failure_mapping:", " proxy ") != 1)
		complain("scene %d on aops: the mapping is not a proxy", scene);
	while ((row = next(&aops, row, "row", scene))) {
		const char *file = row->field[FILE_NAME];
		char ino[32];

		if (!strstr(row->field[EXPECTED], "gone"))
			continue;
		sharers++;
		snprintf(ino, sizeof(ino), " ino %s ",
			 value(&aops, "inode", scene, file));
		if (traced(&aops, scene, "memory_failure_sharer:", ino) != 1)
			complain("scene %d on aops: %s was not reported once",
				 scene, file);
		if (traced(&aops, scene, "memory_failure_act:", ino) != 1)
			complain("scene %d on aops: %s was not acted on once",
				 scene, file);
	}
	if (traced(&aops, scene, "memory_failure_sharer:", "") != sharers)
		complain("scene %d on aops: not %d sharers", scene, sharers);
	if (traced(&base, scene, "memory_failure_event:", "") != 1)
		complain("scene %d on base: not one event", scene);
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

static void tell_scene(int scene)
{
	printf("\n");
	paint(BOLD, "%d. %s\n", scene, scenes[scene - 1].title);
	printf("%s\n", scenes[scene - 1].setting);
	tell_table(scene);
	if (!scenes[scene - 1].path) {
		tell_event(&base, scene);
		tell_event(&holder, scene);
		tell_event(&aops, scene);
		printf("\n");
	}
	printf("%s", scenes[scene - 1].look);
	if (scenes[scene - 1].path) {
		tell_path(&base, scene, "down to the driver, up to the filesystem, "
			  "which kills with the AGF locked");
		if (holder.nr)
			tell_path(&holder, scene, "the same way, but the AGF is released "
				  "before mm acts");
		tell_path(&aops, scene, "the page's mapping says who shares it, mm "
			  "acts with the AGF released");
	}
}

int main(int argc, char **argv)
{
	int scene, rows = 0, known = 0;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: %s BASE AOPS [HOLDER]\n"
			"Tells and judges what story.c printed on the kernels.\n",
			argv[0]);
		return 2;
	}
	coloured = isatty(STDOUT_FILENO) &&
		   !(getenv("NO_COLOR") && *getenv("NO_COLOR"));
	read_said(&base, argv[1]);
	read_said(&aops, argv[2]);
	if (argc == 4)
		read_said(&holder, argv[3]);

	paint(BOLD, "When a page that several files share fails\n");
	printf(
"A page of persistent memory has gone bad, and XFS reflink has made several files share it. The\n"
"kernel's memory_failure() has to find every process that maps it, by whichever file.\n"
"  base  Linux %s, without the series\n"
"  aops  Linux %s, with it\n%s"
"What became of a process is told in three words:\n"
"  AO    it got SIGBUS at once, BUS_MCEERR_AO, with its own address of the page;  -  no signal\n"
"  gone  the page has gone from its page table;  kept  it has not\n"
"  AR    its next access drew SIGBUS, BUS_MCEERR_AR;  data  it read what was stored there\n"
"A ! marks what should not be so.\n",
	       value(&base, "fact", 0, "release"),
	       value(&aops, "fact", 0, "release"),
	       holder.nr ? "  holder  the merged design: it collects a batch of sharers, "
			   "releases the AGF, then unmaps and kills\n" : "");
	for (scene = 1; scene <= NR_SCENES; scene++)
		tell_scene(scene);

	for (scene = 1; scene <= NR_SCENES; scene++) {
		judge_rows(scene, &rows, &known);
		judge_holder(scene);
		judge_trace(scene);
	}
	if (wrong || !rows)
		return 1;
	printf("\n");
	paint(BOLD, "aops: all %d rows as expected. base: %d of %d, and the other "
	      "%d wrong in the known way.\n", rows, rows - known, rows, known);
	return 0;
}
