// SPDX-License-Identifier: GPL-2.0
/*
 * A fault locks the DAX entry and then an AGF, to see whether the block is
 * shared. If a failure is handled in the opposite order, the two can deadlock.
 * They do not run concurrently here: lockdep reports the order, on kernels that
 * have it, with the help of ci/kernels/debug.patch.
 */
#include "scenario.h"

#define NAME	128	/* longer ones are cut off */

/* A line of /proc/lockdep names a lock, or one taken after it. */
static char *parse(char *line, bool *after)
{
	char *at = line, *name = NULL;

	line[strcspn(line, "\n")] = '\0';
	*after = !strncmp(line, " -> [", 5);
	while ((at = strstr(at, *after ? "] " : ": ")))
		name = at += 2;
	if (name && strlen(name) >= NAME)
		name[NAME - 1] = '\0';
	return name;
}

/* Has lockdep seen @to taken after @from, directly or by way of other locks? */
static bool leads(FILE *lockdep, const char *from, const char *to)
{
	static char reached[4096][NAME];
	char line[2 * NAME + 64], *name;
	int nr = 1, before = 0, i;
	bool after, on = false;

	strcpy(reached[0], from);
	while (before < nr) {
		before = nr;
		rewind(lockdep);
		while (fgets(line, sizeof(line), lockdep)) {
			name = parse(line, &after);
			if (!name || (after && !on))
				continue;
			for (i = 0; i < nr && strcmp(reached[i], name); i++)
				;
			if (!after) {
				on = i < nr;
			} else if (!strcmp(name, to)) {
				return true;
			} else if (i == nr) {
				must(nr < (int)ARRAY_SIZE(reached),
				     "lockdep has too many locks");
				strcpy(reached[nr++], name);
			}
		}
	}
	return false;
}

static void look_at_lockdep(void)
{
	char *text;
	FILE *f;

	if (access("/proc/lockdep", F_OK)) {
		remark("a kernel without lockdep");
		return;
	}
	/* A copy, since the kernel is slow to print it. */
	text = text_of("/proc/lockdep");
	f = fmemopen(text, strlen(text), "r");
	must(f, "fmemopen: %m");
	check(leads(f, "dax_entry", "xfs_agf"),
	      "lockdep saw a fault go from its DAX entry to an AGF");
	check(!leads(f, "xfs_agf", "dax_entry"),
	      "lockdep saw no path from an AGF to a DAX entry");
	fclose(f);
}

static void run(void)
{
	struct proc *a = map_by("a", file("f"), PAGE),
		    *b = map_by("b", file("g"), PAGE);

	fail_page_of(a, b);
	look_at_lockdep();
}

SCENARIO("a fault and a failure, in the eyes of lockdep",
	.files = { "f", "g" }, .debug = true,
	/* Base collects the processes to kill with the AGF locked. */
	.base_debug.splat = "\\(dax_entry\\)\\{.*, at: ");
