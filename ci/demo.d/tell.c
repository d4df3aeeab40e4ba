// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's part on the host: reads the output of story.c on each kernel while
 * the guests run, explains it for a first-time reader, and judges it. A line that
 * has none of the forms in story.c ends it: nothing is searched for in noise.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "show.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_LINES	1000
#define MAX_FIELDS	9
#define NR_SCENES	4
#define ALL		(-1)
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
	const char *path;	/* its call path in a few words */
	FILE *f;		/* NULL: not shown */
	int checks, plan;
	int nr;
	struct line lines[MAX_LINES];
};

static struct said base = {
	"base", "down to the driver, up to the filesystem, which signals with the AGF held",
};
static struct said aops = {
	"aops", "the filesystem reports the sharers, then mm acts with the AGF released",
};
/* the rival design */
static struct said holder = {
	"holder", "the same path, but the AGF is released before mm acts",
};
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

#define paint(colour, fmt, ...)	printf("%s" fmt PLAIN, colour, ##__VA_ARGS__)

#define give_up(...)	do { step_aside(); errx(2, __VA_ARGS__); } while (0)

/* --- input --- */

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

static struct line *machine_line(struct said *said, char *text)
{
	static const struct {
		const char *kind;
		int fields;
	} kinds[] = {
		{ "row\t", 9 }, { "fact\t", 4 }, { "trace\t", 3 },
		{ "end\t", 2 },
	};
	struct line *line = &said->lines[said->nr];
	unsigned int i;
	char *at;
	int n = 1;

	if (said->nr++ == MAX_LINES)
		give_up("%s: more than %d lines", said->kernel, MAX_LINES);
	for (at = text; (at = strchr(at, '\t')); at++)
		n++;
	for (i = 0; strncmp(text, kinds[i].kind, strlen(kinds[i].kind)) ||
	     n != kinds[i].fields;)
		if (++i == ARRAY_SIZE(kinds))
			give_up("%s: unexpected line: %s", said->kernel, text);
	for (n = 0; text; n++)
		line->field[n] = strsep(&text, "\t");
	return line;
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

/* Reads to the end of a scene, or to the end of ALL. */
static void read_said(struct said *said, int last)
{
	struct line *line;
	size_t size;
	char *text;

	if (!said->f)
		return;
	has_said(said, -1);
	while (text = NULL, size = 0, getline(&text, &size, said->f) > 0) {
		text[strcspn(text, "\r\n")] = '\0';
		if (ktap_line(said, text))
			continue;
		line = machine_line(said, text);
		if (!strcmp(line->field[KIND], "end") &&
		    atoi(line->field[SCENE]) == last)
			return;
	}
	if (last != ALL || said->plan != said->checks)
		give_up("the guest with %s ended before the story did",
			said->kernel);
}

/* The next line of a kind and scene, or of ALL scenes; start with NULL. */
static struct line *next(struct said *said, struct line *line,
			 const char *kind, int scene)
{
	for (line = line ? line + 1 : said->lines;
	     line < said->lines + said->nr; line++)
		if (!strcmp(line->field[KIND], kind) &&
		    (scene == ALL || atoi(line->field[SCENE]) == scene))
			return line;
	return NULL;
}

#define for_each(l, said, kind, scene) \
	for (struct line *l = NULL; (l = next(said, l, kind, scene));)

static const char *value(struct said *said, int scene, const char *key)
{
	for_each(line, said, "fact", scene)
		if (!strcmp(line->field[2], key))
			return line->field[3];
	give_up("%s: no fact %s of act %d", said->kernel, key, scene);
}

/* --- judgement --- */

static int wrong;

#define complain(fmt, ...) \
	printf("%s  " fmt "\n", wrong++ ? "" : \
	       BOLD RED "\nUnexpected results:\n" PLAIN, ##__VA_ARGS__)

static void judge_rows(struct said *said, int scene)
{
	bool as_base = said == &base ||
		       (said == &holder && scenes[scene - 1].holder_as_base);
	struct line *b = NULL;
	int i;

	for_each(row, said, "row", scene) {
		const char *is = row->field[as_base ? BASE : EXPECTED];

		b = next(&base, b, "row", scene);
		if (!b)
			break;
		for (i = 0; i < GOT; i++)
			if (strcmp(row->field[i], b->field[i]))
				complain("act %d, %s: base has '%s' where %s has '%s'",
					 scene, row->field[PROCESS], b->field[i],
					 said->kernel, row->field[i]);
		if (strcmp(row->field[GOT], is))
			complain("act %d, %s on %s: '%s', %s '%s'", scene,
				 row->field[PROCESS], said->kernel,
				 row->field[GOT],
				 said == &aops ? "expected" : "known is", is);
	}
	if (!b || next(&base, b, "row", scene))
		complain("act %d: one kernel has more rows", scene);
}

/* How many lines of the trace have both? */
static int traced(struct said *said, int scene, const char *what,
		  const char *with)
{
	int n = 0;

	for_each(line, said, "trace", scene)
		n += strstr(line->field[2], what) &&
		     strstr(line->field[2], with);
	return n;
}

/* The signals of a scene, and how many of them were sent with the AGF held */
static int signals_sent(struct said *said, int scene, int *locked)
{
	bool held = false;
	int n = 0;

	*locked = 0;
	for_each(line, said, "trace", scene) {
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
	int sharers = 0, locked;

	signals_sent(&aops, scene, &locked);
	if (locked)
		complain("act %d on aops: a signal was sent with the AGF held",
			 scene);
	if (traced(&aops, scene, "memory_failure_mapping:", " proxy ") != 1)
		complain("act %d on aops: the mapping is not a proxy", scene);
	for_each(row, &aops, "row", scene) {
		const char *file = row->field[FILE_NAME];
		char ino[32];

		if (!strstr(row->field[EXPECTED], "gone"))
			continue;
		sharers++;
		snprintf(ino, sizeof(ino), " ino %s ",
			 value(&aops, scene, file));
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

static void tell_setting(int scene)
{
	printf("\n");
	paint(TITLE, "%d. %s", scene, scenes[scene - 1].title);
	printf("\n%s\n", scenes[scene - 1].setting);
}

/* What the rows came to, on the kernels that have said it */
static void tell_table(int scene)
{
	struct line *rows[ARRAY_SIZE(all)] = {};
	unsigned int i, last = aops.nr ? ARRAY_SIZE(all) - 1 : 0;

	printf(BOLD COLUMNS, "process", "file", "offset", "address",
	       "expected");
	for (i = 0; i <= last; i++)
		if (all[i]->nr)
			printf("%-*s", i < last ? COLUMN : 0, all[i]->kernel);
	printf(PLAIN "\n");
	for_each(row, &base, "row", scene) {
		const char *expected = row->field[EXPECTED];

		printf(COLUMNS, row->field[PROCESS], row->field[FILE_NAME],
		       row->field[OFFSET], row->field[ADDRESS], expected);
		for (i = 0; i <= last; i++) {
			const char *got;
			bool is;

			rows[i] = next(all[i], rows[i], "row", scene);
			if (!rows[i])
				continue;
			got = rows[i]->field[GOT];
			is = !strcmp(got, expected);
			paint(!is ? RED : all[i] == &aops ? GREEN : "", "%s%s",
			      got, is ? "" : " !");
			if (i < last)
				printf("%*s", COLUMN - (int)strlen(got) -
				       (is ? 0 : 2), "");
		}
		printf("\n");
	}
}

/* A line of the trace, with the name of the file that it is about. */
static void tell_traced(struct said *said, int scene, const char *text)
{
	const char *ino = strstr(text, " ino ");

	printf("  %s", text);
	if (ino)
		for_each(line, said, "fact", scene) {
			size_t len = strlen(line->field[3]);

			if (!strncmp(ino + 5, line->field[3], len) &&
			    ino[5 + len] == ' ')
				paint(GREEN, "  %s", line->field[2]);
		}
	printf("\n");
}

static void tell_path(struct said *said, int scene)
{
	printf("\n");
	paint(BOLD, "  %s: %s\n", said->kernel, said->path);
	for_each(line, said, "trace", scene)
		tell_traced(said, scene, line->field[2]);
}

static void tell_event(struct said *said, int scene)
{
	for_each(line, said, "trace", scene) {
		char *event = strstr(line->field[2], "memory_failure_event:");
		char *end = event ? strstr(event, " */") : NULL;

		if (end)
			printf("  %s traces: %.*s\n", said->kernel,
			       (int)(end - event), event);
	}
}

/* The outcome on base, while the other kernels are being compiled */
static void tell_base(int scene)
{
	tell_setting(scene);
	tell_table(scene);
	tell_path(&base, scene);
	printf("\nThis was the unpatched kernel. The kernel with the series is still being compiled; the\n"
	       "demo starts as soon as it is ready.\n");
	step_aside();
}

static void tell_scene(int scene)
{
	bool path = scenes[scene - 1].path;
	unsigned int i;

	tell_setting(scene);
	step();
	tell_table(scene);
	printf("\n");
	for (i = 0; !path && i < ARRAY_SIZE(all); i++)
		tell_event(all[i], scene);
	printf("%s%s", path ? "" : "\n", scenes[scene - 1].look);
	step();
	for (i = 0; path && i < ARRAY_SIZE(all); i++)
		if (all[i]->f) {
			tell_path(all[i], scene);
			step();
		}
}

/* --- the results in a table, for README as well --- */

enum { SHARERS, OTHERS, SIGNALS };

static const struct {
	const char *what;
	int count, scene;
	const char *has;
} results[] = {
	{ "NVDIMM: sharers signalled and unmapped", SHARERS, 1, "AO gone" },
	{ "no bad block on record: next access gets SIGBUS", SHARERS, 2, " AR" },
	{ "default policy: sharers unmapped", SHARERS, 3, "gone" },
	{ "device-mapper: sharers signalled and unmapped", SHARERS, 4, "AO gone" },
	{ "other processes disturbed", OTHERS, ALL, NULL },
	{ "signals sent with the filesystem's AGF lock held", SIGNALS, 1, NULL },
};

static int count_result(struct said *said, int i, int *of)
{
	int n = 0;

	*of = 0;
	if (results[i].count == SIGNALS) {
		*of = signals_sent(said, results[i].scene, &n);
		return n;
	}
	for_each(row, said, "row", results[i].scene) {
		bool sharer = strstr(row->field[EXPECTED], "gone");

		if (!*row->field[FILE_NAME] ||
		    sharer != (results[i].count == SHARERS))
			continue;
		++*of;
		n += sharer ? !!strstr(row->field[GOT], results[i].has) :
		     strcmp(row->field[GOT], row->field[EXPECTED]) != 0;
	}
	return n;
}

static void write_results(FILE *f, const char *indent)
{
	unsigned int k;
	int i, n, of;

	/* the first line has the kernels' names */
	for (i = -1; i < (int)ARRAY_SIZE(results); i++) {
		fprintf(f, "%s%-50s", indent, i < 0 ? "" : results[i].what);
		for (k = 0; k < ARRAY_SIZE(all); k++) {
			if (!all[k]->f)
				continue;
			if (i < 0) {
				fprintf(f, "  %6s", all[k]->kernel);
				continue;
			}
			n = count_result(all[k], i, &of);
			fprintf(f, "  %d of %d", n, of);
		}
		fprintf(f, "\n");
	}
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
	       value(&base, 0, "release"),
	       holder.f ? "  holder  the merged design: it collects a batch of sharers, "
			   "releases the AGF, then unmaps and kills\n" : "");
	step();
}

static int judge(int first, int last)
{
	int scene, rows = 0, faults = 0;
	unsigned int i;

	for (scene = first; scene <= last; scene++) {
		for (i = 0; i < ARRAY_SIZE(all); i++)
			if (all[i]->f)
				judge_rows(all[i], scene);
		judge_trace(scene);
		for_each(row, &base, "row", scene) {
			rows++;
			faults += strcmp(row->field[BASE],
					 row->field[EXPECTED]) != 0;
		}
	}
	if (wrong || !rows)
		return 1;
	printf("\n");
	if (last > first) {
		write_results(stdout, "  ");
		printf("\n");
	}
	printf(BOLD "aops: all %d rows as expected. base: %d of %d", rows,
	       rows - faults, rows);
	if (faults)
		printf(", and the other %d wrong in the known way", faults);
	printf("." PLAIN "\n");
	return 0;
}

int main(int argc, char **argv)
{
	int option, first = 1, last = NR_SCENES, scene, status;
	const char *options[128] = {};
	unsigned int k;
	FILE *f;

	while ((option = getopt(argc, argv, "a:p:r:t:w")) != -1)
		options[option] = optarg ?: "";
	if (options['a'])
		first = last = atoi(options['a']);
	argv += optind;
	argc -= optind;
	if (options['?'] || argc < 2 || argc > 3 || first < 1 ||
	    last > NR_SCENES)
		errx(2, "usage: tell [-a ACT] [-w] [-prt FILE]... "
		     "BASE AOPS [HOLDER]");

	program_invocation_short_name = "ci/demo";
	show_begin(options['w'], options['p'], options['r']);
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
			read_said(all[k], scene);
		tell_scene(scene);
	}
	for (k = 0; k < ARRAY_SIZE(all); k++)
		read_said(all[k], ALL);
	status = judge(first, last);
	if (!show_end())
		errx(2, "not all of it could be written");
	if (!status && options['t']) {
		f = fopen(options['t'], "w");
		if (!f)
			err(2, "%s", options['t']);
		write_results(f, "");
		if (fclose(f))
			err(2, "%s", options['t']);
	}
	return status;
}
