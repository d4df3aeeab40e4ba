// SPDX-License-Identifier: GPL-2.0
/*
 * The call path of one event: from the output of trace.c in traces/KERNEL, and from
 * traces/symbols, where bench/compare has put information from the source on each
 * function: KERNEL, FUNCTION, FILE, HOW. HOW is empty for a call by name, else the name
 * of the operation that the function implements, or "callback".
 */
#include "report.h"

#define MAX_DEPTH	40

static struct table symbols, crossings = {
	.name = "crossings",
	.titles = { "in one event, three sharers", "base", "aops" },
};

/* The part of the kernel that a file belongs to */
static const struct {
	const char *prefix, *name;
} parts[] = {
	{ "mm/", "mm" },
	{ "fs/dax", "fs/dax" },
	{ "drivers/dax/", "dax device" },
	{ "drivers/nvdimm/", "pmem driver" },
	{ "fs/xfs/", "XFS" },
	{ "", "core" },			/* kernel/ */
};

/*
 * How the functions that take and release a lock begin. The trace does not name a mutex
 * or a semaphore: the function that takes it does. XFS releases several buffers, the
 * AGF is the last one.
 */
static const struct lock {
	const char *name, *take, *release;
	const char *within;		/* the only caller that counts, or NULL */
	bool last;			/* the last release counts */
} locks[] = {
	{ "mf_mutex", "mutex_lock", "mutex_unlock", "memory_failure" },
	{ "AGF", "xfs_alloc_read_agf", "xfs_trans_brelse", .last = true },
	{ "DAX entry", "dax_lock_mapping_entry", "dax_unlock_mapping_entry" },
	{ "i_mmap", "down_", "up_" },
};
#define NR_LOCKS	((int)ARRAY_SIZE(locks))
#define AGF		1

static struct step {
	int depth;
	const char *text;		/* the function, or an event's words */
	const char *caller, *part, *how;
	bool event;
	char held[NR_LOCKS + 1];	/* an initial for each lock, or a dot */
} *steps;
static int nr_steps;

static bool calls(int i, const char *prefix)
{
	return !steps[i].event && begins(steps[i].text, prefix);
}

/* The number of steps below step i, itself included */
static int extent(int i)
{
	int n = 1;

	while (i + n < nr_steps && steps[i + n].depth > steps[i].depth)
		n++;
	return n;
}

/* --- reading --- */

static void read_trace(const char *kernel)
{
	const char *stack[MAX_DEPTH + 1] = { "" };
	int depth = 0;
	char **l, *line;

	steps = NULL;
	nr_steps = 0;
	for (l = lines(string("traces/%s", kernel)); *l; l++) {
		struct step *s;

		if (!begins(*l, "trace\t"))
			continue;
		line = *l + 6 + strspn(*l + 6, " ");
		if (*line == '}') {
			depth--;
			continue;
		}
		if (depth < 0 || depth == MAX_DEPTH)
			die("traces/%s: calls and returns do not agree", kernel);
		steps = grown(steps, nr_steps, sizeof(*steps));
		s = &steps[nr_steps++];
		*s = (struct step) {
			.depth = depth, .caller = stack[depth], .part = "", .how = "",
			.event = *line == '/', .held = "....",
		};
		/* a comment without its marks, a function without compiler suffix */
		s->text = s->event ? string("%.*s", (int)strlen(line) - 6, line + 3) :
			  string("%.*s", (int)strcspn(line, ".({"), line);
		if (!s->event && line[strlen(line) - 1] == '{')
			stack[++depth] = s->text;
	}
	if (depth || !nr_steps)
		die("traces/%s: it breaks off", kernel);
}

/* A lock is released by the function that has taken it. */
static void find_lock(const char *kernel, int l)
{
	const struct lock *lock = &locks[l];
	int i, j, end;

	for (i = 0; i < nr_steps; i++) {
		if (!calls(i, lock->take) ||
		    (lock->within && !is(steps[i].caller, lock->within)))
			continue;
		end = -1;
		for (j = i + 1; j < nr_steps && steps[j].depth >= steps[i].depth; j++)
			if (steps[j].depth == steps[i].depth &&
			    calls(j, lock->release) && (end < 0 || lock->last))
				end = j;
		if (end < 0)
			die("traces/%s: %s is not released where it was taken",
			    kernel, lock->name);
		for (j = i + 1; j < end; j++)
			steps[j].held[l] = *lock->name;
	}
}

static void look_up(const char *kernel, struct step *s)
{
	const char **symbol = find_row(&symbols, kernel, s->text);
	int i = 0;

	if (!symbol)
		die("traces/symbols: nothing about %s on %s", s->text, kernel);
	while (!begins(symbol[2], parts[i].prefix))
		i++;
	s->part = parts[i].name;
	s->how = symbol[3];
}

static void read_path(const char *kernel)
{
	int i, nr = 0;

	read_trace(kernel);
	for (i = 0; i < NR_LOCKS; i++)
		find_lock(kernel, i);
	/* mutexes and semaphores are shown as locks that are held, not as steps */
	for (i = 0; i < nr_steps; i++) {
		if (calls(i, "mutex_") || calls(i, "down_") || calls(i, "up_"))
			continue;
		steps[nr] = steps[i];
		if (!steps[nr].event)
			look_up(kernel, &steps[nr]);
		nr++;
	}
	nr_steps = nr;
}

/* --- the comparison --- */

/* The list with the name, once */
static const char *with(const char *list, const char *name, const char *between)
{
	return strstr(string("%s%s%s", between, list, between),
		      string("%s%s%s", between, name, between)) ?
	       list : joined(list, between, name);
}

/* The locks that are held when a function is called that begins with one of these */
static const char *locks_at(const char *prefix, const char *other)
{
	const char *list = "", *names;
	int i, l;

	for (i = 0; i < nr_steps; i++) {
		if (!calls(i, prefix) && !calls(i, other))
			continue;
		names = "";
		for (l = 0; l < NR_LOCKS; l++)
			if (steps[i].held[l] != '.')
				names = joined(names, ", ", locks[l].name);
		list = with(list, names, "; ");
	}
	return *list ? list : "none";
}

static void compare(int column)
{
	const char *order = "", *pointers = "", *part[MAX_DEPTH];
	int borders = 0, nr_pointers = 0, deepest = 0, under_agf = 0;

	for (const struct step *s = steps; s < steps + nr_steps; s++) {
		if (s->event)
			continue;
		part[s->depth] = s->part;
		order = with(order, s->part, " > ");
		borders += s->depth && !is(part[s->depth - 1], s->part);
		nr_pointers += *s->how != '\0';
		if (*s->how)
			pointers = with(pointers, s->text, ", ");
		if (s->depth >= deepest)
			deepest = s->depth + 1;
		under_agf += s->held[AGF] != '.';
	}
	row_of(&crossings, "parts of the kernel, in order")[column] = order;
	row_of(&crossings, "calls from one part into another")[column] = string("%d", borders);
	row_of(&crossings, "calls through pointers")[column] =
		string("%d: %s", nr_pointers, pointers);
	row_of(&crossings, "depth of the deepest call")[column] = string("%d", deepest);
	row_of(&crossings, "traced calls with the AGF locked")[column] = string("%d", under_agf);
	row_of(&crossings, "locks held when mm waits for a DAX entry")[column] =
		locks_at("dax_lock_mapping_entry", "dax_file_has_page");
	row_of(&crossings, "locks held when a process is signalled")[column] =
		locks_at("send_sig_mceerr", "send_sig_mceerr");
}

/* --- the path itself --- */

static bool alike(int a, int b, int n)
{
	int i;

	if (b + n > nr_steps || extent(b) != n)
		return false;
	for (i = 0; i < n; i++) {
		const struct step *sa = &steps[a + i], *sb = &steps[b + i];

		if (sa->event != sb->event || sa->depth != sb->depth ||
		    (!sa->event && !is(sa->text, sb->text)))
			return false;
	}
	return true;
}

/* Equal calls in a row are written once. A column for each lock is on the left. */
static const char *steps_text(int from, int to)
{
	const char *text = "";
	int i, n, times;

	for (i = from; i < to; i += n * times) {
		const struct step *s = &steps[i];

		n = extent(i);
		for (times = 1; !s->event && alike(i, i + times * n, n); times++)
			;
		text = string("%s%s  %-11s  %*s%s%s%s%s%s\n%s", text, s->held, s->part,
			      2 * s->depth, "", s->text, s->event ? "" : "()",
			      *s->how ? " " : "", s->how,
			      times > 1 ? string(" × %d", times) : "",
			      steps_text(i + 1, i + n));
	}
	return text;
}

void read_paths(void)
{
	int i;

	read_rows(&symbols, "traces/symbols", 4);
	for (i = 1; i <= 2; i++) {
		read_path(crossings.titles[i]);
		compare(i);
		set_value(string("path-%s", crossings.titles[i]), steps_text(0, nr_steps));
	}
	publish(&crossings);
}
