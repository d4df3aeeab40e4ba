// SPDX-License-Identifier: GPL-2.0
/*
 * The changes of a series, from code/NAME.diff: diffs with the files in full, since a
 * member of a structure can be far below the structure's name.
 *	fixes	base against the fixes that stand alone
 *	design	these against the whole series
 *	aops	base against the whole series
 *	with	base against the kernel of that name
 */
#include <fnmatch.h>
#include "report.h"

enum { FIXES, DESIGN, AOPS, WITH, MAX_DIFFS };
static const char * const diffs[] = { "fixes", "design", "aops", "with" };
static int nr_diffs;

/* The first pattern wins. */
static const struct {
	const char *pattern, *name;
} parts[] = {
	{ "Documentation/*", "Documentation" },
	{ "*/tests/*", "KUnit tests" },
	{ "mm/*", "mm" },
	{ "fs/dax*", "fs/dax" },
	{ "fs/xfs/*", "XFS" },
	{ "fs/*", "fs, other" },
	{ "include/*", "include" },
	{ "drivers/dax/*", "drivers/dax" },
	{ "drivers/nvdimm/*", "drivers/nvdimm" },
	{ "drivers/md/*", "drivers/md" },
	{ "*", "other" },
};
#define NR_PARTS	((int)ARRAY_SIZE(parts))

/* The last is the sum. */
static struct count {
	int files, added, removed;
} counts[MAX_DIFFS][NR_PARTS + 1];

static struct table subsystems = { .name = "subsystems", .titles = { "lines" } };
static struct table interfaces = {
	.name = "interfaces", .titles = { "interface", "kind", "file" },
};

/* An interface that has moved is added and removed: its signs add up to 0. */
static struct table changes;	/* NAME, KIND, FILE, sum of the signs */

static void change(const char *kind, const char *name, const char *file, int sign)
{
	const char **c = row_of(&changes, name, kind);

	c[3] = string("%d", atoi(c[3] ?: "0") + sign);
	if (sign > 0 || !c[2])
		c[2] = file;
}

/* @structure is the structure of operations around the line, "" if none. */
static void look_for_interface(const char *line, char structure[64],
			       const char *file, int sign)
{
	const char *pointer = strstr(line, "(*");
	char name[64];
	int end = 0;

	if (sscanf(line, "struct %63[a-z0-9_] {%n", name, &end) == 1 && end &&
	    (!fnmatch("*_operations", name, 0) || !fnmatch("*_ops", name, 0)))
		strcpy(structure, name);
	else if (line[0] == '}')
		*structure = '\0';
	if (!sign)
		return;
	if (sscanf(line, "EXPORT_SYMBOL%*[A-Z_](%63[a-z0-9_]", name) == 1 ||
	    sscanf(line, "EXPORT_SYMBOL(%63[a-z0-9_]", name) == 1)
		change("exported symbol", string("%s", name), file, sign);
	if (*structure && pointer && sscanf(pointer, "(*%63[a-z0-9_])", name) == 1)
		change("operation", string("%s.%s", structure, name), file, sign);
}

static int part_of(const char *file)
{
	int i = 0;

	while (fnmatch(parts[i].pattern, file, 0))
		i++;
	return i;
}

static void read_diff(int d)
{
	char *name = string("code/%s.diff", diffs[d]), **l, *file = NULL;
	struct count *all = &counts[d][NR_PARTS], *part = NULL;
	char structures[2][64] = {};	/* before, after */
	bool in_hunk = false;

	for (l = lines(name); *l; l++) {
		int sign = **l == '+' ? 1 : **l == '-' ? -1 : 0;

		if (begins(*l, "diff --git a/")) {
			file = strstr(*l, " b/") + 3;
			part = &counts[d][part_of(file)];
			part->files++;
			all->files++;
			memset(structures, 0, sizeof(structures));
			in_hunk = false;
		} else if (begins(*l, "@@ ")) {
			in_hunk = true;
		} else if (in_hunk && **l) {
			part->added += sign > 0;
			part->removed += sign < 0;
			all->added += sign > 0;
			all->removed += sign < 0;
			if (d == AOPS && sign <= 0)
				look_for_interface(*l + 1, structures[0], file, sign);
			if (d == AOPS && sign >= 0)
				look_for_interface(*l + 1, structures[1], file, sign);
		}
	}
	if (!all->files)
		die("%s: it changes nothing", name);
}

static void fill_subsystems(void)
{
	int part, d;

	for (d = 0; d < nr_diffs; d++) {
		subsystems.titles[1 + 2 * d] = string(">%s", diffs[d]);
		subsystems.titles[2 + 2 * d] = ">files";
	}
	for (part = 0; part <= NR_PARTS; part++) {
		const char **row = NULL;

		for (d = 0; d < nr_diffs; d++) {
			const struct count *c = &counts[d][part];

			if (!c->files)
				continue;
			if (!row)
				row = add_row(&subsystems, part < NR_PARTS ?
					      parts[part].name : "all");
			row[1 + 2 * d] = string("+%d -%d", c->added, c->removed);
			row[2 + 2 * d] = string("%d", c->files);
		}
	}
	publish(&subsystems);
}

/* "New: 2 exported symbols, 1 operations" */
static const char *fill_interfaces(const char *what, char mark, int sign)
{
	int exports = 0, operations = 0;

	for_each_row(c, &changes) {
		if (atoi(c[3]) * sign <= 0)
			continue;
		*(is(c[1], "operation") ? &operations : &exports) += 1;
		add_row(&interfaces, string("%c %s", mark, c[0]), c[1], c[2]);
	}
	return string("%s: %d exported symbols, %d operations", what, exports, operations);
}

void read_code(void)
{
	const struct count *fixes = &counts[FIXES][NR_PARTS];
	const struct count *aops = &counts[AOPS][NR_PARTS];
	const char *removed;
	int d;

	nr_diffs = find_row(&kernels, "with") ? MAX_DIFFS : WITH;
	for (d = 0; d < nr_diffs; d++)
		read_diff(d);
	fill_subsystems();
	removed = fill_interfaces("Removed", '-', -1);
	set("code-sentence", "the series adds %s lines and removes %s in %d files; the stand-alone fixes add %s and remove %s of these. %s. %s",
	    with_commas(aops->added), with_commas(aops->removed), aops->files,
	    with_commas(fixes->added), with_commas(fixes->removed),
	    fill_interfaces("New", '+', 1), removed);
	publish(&interfaces);
	set("bloat", "%s", exists("measured/bloat-o-meter.txt") ?
	    "[scripts/bloat-o-meter, function by function](measured/bloat-o-meter.txt)" : "");
}
