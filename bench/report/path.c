// SPDX-License-Identifier: GPL-2.0
/*
 * The call path of one event: from the output of trace.c in traces/KERNEL, and from
 * traces/symbols, where bench/compare has put what the source says of each function:
 * KERNEL, FUNCTION, FILE, HOW. HOW is empty for a call by name, else the name of the
 * operation that the function implements, or "callback".
 */
#include "report.h"

#define MAX_DEPTH	40

static struct table crossings = {
	.name = "crossings",
	.columns = { { "in one event, three sharers" }, { "base" }, { "aops" } },
	.nr_columns = 3,
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
	{ "kernel/", "core" },
};

/*
 * The functions that take and release a lock. The trace does not name a mutex or a
 * semaphore: the function that takes it does. XFS releases several buffers, the AGF
 * is the last one.
 */
static const struct lock {
	const char *name, *take, *release;
	const char *within;		/* the only caller that counts, or NULL */
	bool last;			/* the last release counts */
} locks[] = {
	{ "mf_mutex", "mutex_lock", "mutex_unlock", "memory_failure" },
	{ "AGF", "xfs_alloc_read_agf", "xfs_trans_brelse", .last = true },
	{ "DAX entry", "dax_lock_mapping_entry", "dax_unlock_mapping_entry" },
	{ "i_mmap", "down_read", "up_read" },
};
#define NR_LOCKS	ARRAY_SIZE(locks)

struct step {
	int depth, parent;		/* the parent's index, or -1 */
	const char *text;		/* the function, or an event */
	const char *part, *how;
	bool event, held[NR_LOCKS];
};

static struct path {
	const char *kernel;
	struct step *steps;
	int nr;
} paths[] = { { "base" }, { "aops" } };

/* --- locks --- */

static bool calls(const struct step *s, const char *function)
{
	return !s->event && !strcmp(s->text, function);
}

/* The step that releases the lock, called by the same function; -1 if there is none */
static int release_of(const struct path *p, int i, const struct lock *lock)
{
	const struct step *s = p->steps;
	int j, found = -1;

	for (j = i + 1; j < p->nr && s[j].depth >= s[i].depth; j++)
		if (s[j].parent == s[i].parent && calls(&s[j], lock->release) &&
		    (found < 0 || lock->last))
			found = j;
	return found;
}

static void find_locks(struct path *p)
{
	const struct step *s = p->steps;
	unsigned int l;
	int i, j, end;

	for (l = 0; l < NR_LOCKS; l++)
		for (i = 0; i < p->nr; i++) {
			if (!calls(&s[i], locks[l].take) ||
			    (locks[l].within &&
			     (s[i].parent < 0 || !calls(&s[s[i].parent], locks[l].within))))
				continue;
			end = release_of(p, i, &locks[l]);
			if (end < 0)
				die("traces/%s: %s is not released where it was taken",
				    p->kernel, locks[l].name);
			for (j = i + 1; j < end; j++)
				p->steps[j].held[l] = true;
		}
}

/* They are shown as locks that are held, not as steps. */
static bool is_plain_lock(const struct step *s)
{
	return calls(s, "mutex_lock") || calls(s, "mutex_unlock") ||
	       calls(s, "down_read") || calls(s, "up_read");
}

/* --- reading --- */

static void look_up(const char *kernel, struct step *s)
{
	static char **symbols;
	char **l, *fields[4];
	unsigned int i;

	if (!symbols)
		symbols = lines("traces/symbols");
	for (l = symbols; *l; l++)
		if (split("traces/symbols", *l, fields, 4) &&
		    !strcmp(fields[0], kernel) && !strcmp(fields[1], s->text))
			break;
	if (!*l)
		die("traces/symbols: nothing about %s on %s", s->text, kernel);
	s->how = fields[3];
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strncmp(fields[2], parts[i].prefix, strlen(parts[i].prefix)))
			s->part = parts[i].name;
	if (!s->part)
		die("traces/symbols: %s is of no known part of the kernel", fields[2]);
}

static void read_trace(struct path *p)
{
	int stack[MAX_DEPTH], depth = 0;
	char **l, *line;

	for (l = lines(string("traces/%s", p->kernel)); *l; l++) {
		struct step *s;

		if (!strncmp(*l, "not ok", 6))
			die("traces/%s: %s", p->kernel, *l);
		if (strncmp(*l, "trace\t", 6))
			continue;
		line = *l + 6 + strspn(*l + 6, " ");
		if (*line == '}') {
			depth--;
			continue;
		}
		if (depth < 0 || depth == MAX_DEPTH)
			die("traces/%s: calls and returns do not agree", p->kernel);
		p->steps = grown(p->steps, p->nr, sizeof(*p->steps));
		s = &p->steps[p->nr];
		*s = (struct step) {
			depth, depth ? stack[depth - 1] : -1, .part = "", .how = "",
			.event = *line == '/',
		};
		/* a comment without its marks, a function without compiler suffix */
		s->text = s->event ? string("%.*s", (int)strlen(line) - 6, line + 3) :
			  string("%.*s", (int)strcspn(line, ".({"), line);
		if (!s->event && line[strlen(line) - 1] == '{')
			stack[depth++] = p->nr;
		p->nr++;
	}
	if (depth || !p->nr)
		die("traces/%s: it breaks off", p->kernel);
}

static void read_path(struct path *p)
{
	int i, nr = 0;

	read_trace(p);
	find_locks(p);
	for (i = 0; i < p->nr; i++) {
		if (is_plain_lock(&p->steps[i]))
			continue;
		p->steps[nr] = p->steps[i];
		if (!p->steps[nr].event) {
			p->steps[nr].part = NULL;
			look_up(p->kernel, &p->steps[nr]);
		}
		nr++;
	}
	p->nr = nr;
}

/* --- the comparison --- */

static bool in_list(const char *list, const char *name, const char *between)
{
	return strstr(string("%s%s%s", between, list, between),
		      string("%s%s%s", between, name, between));
}

static const char *with(const char *list, const char *name, const char *between)
{
	return !*name || in_list(list, name, between) ? list : joined(list, between, name);
}

static const char *held(const struct step *s)
{
	const char *names = "";
	unsigned int l;

	for (l = 0; l < NR_LOCKS; l++)
		if (s->held[l])
			names = joined(names, ", ", locks[l].name);
	return names;
}

/* The locks that are held when this function is called */
static const char *locks_at(const struct path *p, const char *function)
{
	const char *list = "";
	int i;

	for (i = 0; i < p->nr; i++)
		if (calls(&p->steps[i], function))
			list = with(list, held(&p->steps[i]), "; ");
	return *list ? list : "none";
}

static void compare(struct path *p, int column)
{
	const char *order = "", *pointers = "", *values[7];
	int borders = 0, nr_pointers = 0, deepest = 0, under_agf = 0, i;
	const char *part[MAX_DEPTH];

	for (i = 0; i < p->nr; i++) {
		const struct step *s = &p->steps[i];

		if (s->event)
			continue;
		part[s->depth] = s->part;
		order = with(order, s->part, " > ");
		borders += s->depth && strcmp(part[s->depth - 1], s->part);
		nr_pointers += !!*s->how;
		if (*s->how)
			pointers = with(pointers, s->text, ", ");
		if (s->depth >= deepest)
			deepest = s->depth + 1;
		under_agf += s->held[1];
	}
	values[0] = order;
	values[1] = string("%d", borders);
	values[2] = string("%d: %s", nr_pointers, pointers);
	values[3] = string("%d", deepest);
	values[4] = string("%d", under_agf);
	values[5] = locks_at(p, "dax_lock_mapping_entry");
	values[6] = locks_at(p, "send_sig_mceerr");
	for (i = 0; i < crossings.nr_rows; i++)
		crossings.rows[i][column].text = values[i];
}

/* --- the path itself --- */

/* The steps below step i, itself included */
static int extent(const struct path *p, int i)
{
	int n = 1;

	while (i + n < p->nr && p->steps[i + n].depth > p->steps[i].depth)
		n++;
	return n;
}

static bool alike(const struct path *p, int a, int b, int n)
{
	int i;

	if (b + n > p->nr || extent(p, b) != n)
		return false;
	for (i = 0; i < n; i++) {
		const struct step *sa = &p->steps[a + i], *sb = &p->steps[b + i];

		if (sa->event != sb->event || sa->depth != sb->depth ||
		    (!sa->event && strcmp(sa->text, sb->text)))
			return false;
	}
	return true;
}

/* Equal calls in a row are written once. A column for each lock is on the left. */
static void write_steps(FILE *f, const struct path *p, int from, int to)
{
	int i, n, times;
	unsigned int l;

	for (i = from; i < to; i += n * times) {
		const struct step *s = &p->steps[i];

		n = extent(p, i);
		for (times = 1; !s->event && alike(p, i, i + times * n, n); times++)
			;
		for (l = 0; l < NR_LOCKS; l++)
			putc(s->held[l] ? *locks[l].name : '.', f);
		fprintf(f, "  %-11s  %*s%s%s%s%s%s\n", s->part, 2 * s->depth, "",
			s->text, s->event ? "" : "()", *s->how ? " " : "", s->how,
			times > 1 ? string(" × %d", times) : "");
		write_steps(f, p, i + 1, i + n);
	}
}

void read_paths(void)
{
	static const char * const what[] = {
		"parts of the kernel, in order",
		"calls from one part into another",
		"calls through pointers",
		"depth of the deepest call",
		"traced calls with the AGF locked",
		"locks held when a DAX entry is locked",
		"locks held when a process is signalled",
	};
	unsigned int i;
	char *text;
	size_t size;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(what); i++)
		add_row(&crossings)[0].text = what[i];
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		read_path(&paths[i]);
		compare(&paths[i], 1 + i);
		f = open_memstream(&text, &size);
		write_steps(f, &paths[i], 0, paths[i].nr);
		fclose(f);
		set(string("path-%s", paths[i].kernel), "%s", text);
	}
	publish(&crossings);
}
