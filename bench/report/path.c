// SPDX-License-Identifier: GPL-2.0
/*
 * The way of one event through the kernel: from the trace that event.c took, in
 * traces/KERNEL, and from traces/symbols, where bench/compare has put what the
 * source says of each function in it: KERNEL, FUNCTION, FILE, HOW. HOW is empty
 * where it is called by its name, else the name of the operation that it is, or
 * "callback".
 */
#include <ctype.h>
#include "report.h"

#define MAX_DEPTH	40

struct path paths[2] = { { .kernel = "base" }, { .kernel = "aops" } };
struct table crossings = {
	.name = "crossings",
	.columns = { { "in one event, three sharers" }, { "base" }, { "aops" } },
	.nr_columns = 3,
};

static struct symbol {
	char *kernel, *function, *file, *how;
} *symbols;
static int nr_symbols;

/* Which part of the kernel a file belongs to: the longest that fits */
static const struct {
	const char *prefix, *name;
} layers[] = {
	{ "mm/", "mm" },
	{ "fs/dax", "fs/dax" },
	{ "drivers/dax/", "dax device" },
	{ "drivers/nvdimm/", "pmem driver" },
	{ "fs/xfs/", "XFS" },
	{ "kernel/", "core" },
};

static const char *layer(const char *file)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(layers); i++)
		if (!strncmp(file, layers[i].prefix, strlen(layers[i].prefix)))
			return layers[i].name;
	die("traces/symbols: %s is of no known part of the kernel", file);
}

/* --- locks --- */

/*
 * What takes a lock and what releases it. Of a mutex or a semaphore the trace
 * does not say which it is: who takes it does. A buffer of XFS is one of several
 * that are released; the AGF is the last one.
 */
static const struct lock {
	const char *name, *take, *release;
	const char *within;		/* the function that takes it, or NULL */
	bool last;			/* the last release counts */
} locks[] = {
	{ "mf_mutex", "mutex_lock", "mutex_unlock", "memory_failure" },
	{ "AGF", "xfs_alloc_read_agf", "xfs_trans_brelse", .last = true },
	{ "DAX entry", "dax_lock_mapping_entry", "dax_unlock_mapping_entry" },
	{ "i_mmap", "down_read", "up_read" },
};

/* Each line of a trace that is a call, before locks are made out */
struct call {
	int depth;
	char *text;
	bool event;
	int parent;
	bool held[ARRAY_SIZE(locks)];
};

static bool is_call(const struct call *calls, int i, const char *function)
{
	return !calls[i].event && !strcmp(calls[i].text, function);
}

static bool takes(const struct call *calls, int i, const struct lock *lock)
{
	int parent = calls[i].parent;

	return is_call(calls, i, lock->take) &&
	       (!lock->within ||
		(parent >= 0 && is_call(calls, parent, lock->within)));
}

/* The call that releases what call i has taken: of the same caller */
static int release_of(const struct call *calls, int nr, int i,
		      const struct lock *lock)
{
	int j, found = -1;

	for (j = i + 1; j < nr && calls[j].depth >= calls[i].depth; j++) {
		if (calls[j].parent != calls[i].parent ||
		    !is_call(calls, j, lock->release))
			continue;
		found = j;
		if (!lock->last)
			break;
	}
	return found;
}

static void find_locks(struct call *calls, int nr, const char *kernel)
{
	unsigned int l;
	int i, j, end;

	for (l = 0; l < ARRAY_SIZE(locks); l++) {
		for (i = 0; i < nr; i++) {
			if (!takes(calls, i, &locks[l]))
				continue;
			end = release_of(calls, nr, i, &locks[l]);
			if (end < 0)
				die("traces/%s: %s is not released where it was taken",
				    kernel, locks[l].name);
			for (j = i + 1; j < end; j++)
				calls[j].held[l] = true;
		}
	}
}

static const char *held(const struct call *call)
{
	const char *names = "";
	unsigned int l;

	for (l = 0; l < ARRAY_SIZE(locks); l++)
		if (call->held[l])
			names = string("%s%s%s", names, *names ? ", " : "",
				       locks[l].name);
	return names;
}

/* These are told in the column of the locks. */
static bool is_plain_lock(const char *function)
{
	static const char * const plain[] = {
		"mutex_lock", "mutex_unlock", "down_read", "up_read",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plain); i++)
		if (!strcmp(function, plain[i]))
			return true;
	return false;
}

/* --- reading --- */

static void read_symbols(void)
{
	FILE *f = input("traces/symbols");
	char *fields[4];

	while (next_fields(f, "traces/symbols", fields, 4)) {
		symbols = grown(symbols, nr_symbols, sizeof(*symbols));
		symbols[nr_symbols++] = (struct symbol) {
			fields[0], fields[1], fields[2], fields[3],
		};
	}
	fclose(f);
}

static const struct symbol *symbol(const char *kernel, const char *function)
{
	int i;

	for (i = 0; i < nr_symbols; i++)
		if (!strcmp(symbols[i].kernel, kernel) &&
		    !strcmp(symbols[i].function, function))
			return &symbols[i];
	die("traces/symbols: nothing about %s on %s", function, kernel);
}

/* A function's name as the source has it, without what the compiler adds */
static char *function_of(const char *text)
{
	return string("%.*s", (int)strcspn(text, ".({"), text);
}

static struct call *read_calls(const char *kernel, int *nr)
{
	FILE *f = input("traces/%s", kernel);
	struct call *calls = NULL;
	int stack[MAX_DEPTH], depth = 0;
	char *line;

	*nr = 0;
	while ((line = next_line(f))) {
		struct call *call;

		if (!strncmp(line, "not ok", 6))
			die("traces/%s: %s", kernel, line);
		if (strncmp(line, "trace\t", 6))
			continue;
		line += 6;
		line += strspn(line, " ");
		if (*line == '}') {
			depth--;
			continue;
		}
		if (depth < 0 || depth == MAX_DEPTH)
			die("traces/%s: calls and returns do not agree", kernel);
		calls = grown(calls, *nr, sizeof(*calls));
		call = &calls[*nr];
		*call = (struct call) {
			.depth = depth,
			.event = *line == '/',
			.parent = depth ? stack[depth - 1] : -1,
		};
		if (call->event)
			call->text = string("%.*s", (int)strlen(line) - 6,
					    line + 3);
		else
			call->text = function_of(line);
		if (!call->event && line[strlen(line) - 1] == '{')
			stack[depth++] = *nr;
		++*nr;
	}
	fclose(f);
	if (depth || !*nr)
		die("traces/%s: it breaks off", kernel);
	return calls;
}

static void read_path(struct path *path)
{
	int nr, i;
	struct call *calls = read_calls(path->kernel, &nr);

	find_locks(calls, nr, path->kernel);
	for (i = 0; i < nr; i++) {
		const struct symbol *s = NULL;

		if (is_plain_lock(calls[i].text))
			continue;
		if (!calls[i].event)
			s = symbol(path->kernel, calls[i].text);
		path->steps = grown(path->steps, path->nr, sizeof(*path->steps));
		path->steps[path->nr++] = (struct step) {
			.depth = calls[i].depth,
			.text = calls[i].text,
			.file = s ? s->file : "",
			.layer = s ? layer(s->file) : "",
			.how = s ? s->how : "",
			.locks = held(&calls[i]),
			.event = calls[i].event,
		};
	}
}

/* --- what there is to count --- */

static bool in_list(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *at = list;

	for (; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ' ') &&
		    (!at[len] || at[len] == ',' || at[len] == ' '))
			return true;
	return false;
}

static const char *add_to_list(const char *list, const char *name,
			       const char *between)
{
	if (!*name || in_list(list, name))
		return list;
	return string("%s%s%s", list, *list ? between : "", name);
}

static const struct step *caller(const struct path *path, int i)
{
	int depth = path->steps[i].depth;

	while (--i >= 0)
		if (!path->steps[i].event && path->steps[i].depth < depth)
			return &path->steps[i];
	return NULL;
}

static const char *layers_in_order(const struct path *path)
{
	const char *list = "";
	int i;

	for (i = 0; i < path->nr; i++)
		list = add_to_list(list, path->steps[i].layer, " > ");
	return list;
}

/* Calls that lead from one part of the kernel to another */
static const char *borders(const struct path *path)
{
	int n = 0, i;

	for (i = 0; i < path->nr; i++) {
		const struct step *from = caller(path, i);

		n += !path->steps[i].event && from &&
		     strcmp(from->layer, path->steps[i].layer);
	}
	return string("%d", n);
}

static const char *by_pointer(const struct path *path)
{
	const char *list = "";
	int n = 0, i;

	for (i = 0; i < path->nr; i++) {
		if (!*path->steps[i].how)
			continue;
		n++;
		list = add_to_list(list, path->steps[i].text, ", ");
	}
	return string("%d: %s", n, list);
}

/* The deepest function, counted from memory_failure() */
static const char *deepest(const struct path *path)
{
	int depth = 0, i;

	for (i = 0; i < path->nr; i++)
		if (!path->steps[i].event && path->steps[i].depth > depth)
			depth = path->steps[i].depth;
	return string("%d", depth + 1);
}

/* What is held whenever one of these is called */
static const char *locks_at(const struct path *path, const char *function)
{
	const char *list = "";
	int i;

	for (i = 0; i < path->nr; i++)
		if (!path->steps[i].event &&
		    !strcmp(path->steps[i].text, function))
			list = add_to_list(list, path->steps[i].locks, "; ");
	return *list ? list : "none";
}

static const char *at_signal(const struct path *path)
{
	return locks_at(path, "send_sig_mceerr");
}

static const char *at_entry(const struct path *path)
{
	return locks_at(path, "dax_lock_mapping_entry");
}

static const char *under_agf(const struct path *path)
{
	int n = 0, i;

	for (i = 0; i < path->nr; i++)
		n += !path->steps[i].event && in_list(path->steps[i].locks, "AGF");
	return string("%d", n);
}

static const struct {
	const char *what;
	const char *(*of)(const struct path *path);
} counts[] = {
	{ "parts of the kernel, in order", layers_in_order },
	{ "calls from one part into another", borders },
	{ "calls through pointers", by_pointer },
	{ "functions deep", deepest },
	{ "traced calls with the AGF locked", under_agf },
	{ "locks held when a DAX entry is waited for", at_entry },
	{ "locks held when a process is signalled", at_signal },
};

void read_paths(void)
{
	unsigned int i;

	read_symbols();
	for (i = 0; i < ARRAY_SIZE(paths); i++)
		read_path(&paths[i]);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		struct cell *row = add_row(&crossings);

		row[0].text = counts[i].what;
		row[1].text = counts[i].of(&paths[0]);
		row[2].text = counts[i].of(&paths[1]);
	}
}
