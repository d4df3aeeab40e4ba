// SPDX-License-Identifier: GPL-2.0
/*
 * The changes of a series, from code/NAME.diff: diffs with the files in full, since a
 * member of a structure can be far below the structure's name.
 *	fixes	base against the fixes that stand alone
 *	design	these against the whole series
 *	aops	base against the whole series
 *	others	base against the kernel of that name
 */
#include "report.h"

#define MAX_DIFFS	5
static const char *diffs[MAX_DIFFS] = { "fixes", "design", "aops" };
#define FIXES	0
#define AOPS	2
static int nr_diffs = 3;

/* The first prefix wins. */
static const struct {
	const char *name, *prefix;
} parts[] = {
	{ "Documentation", "Documentation/" },
	{ "KUnit tests", "mm/tests/" },
	{ "KUnit tests", "fs/tests/" },
	{ "KUnit tests", "lib/tests/" },
	{ "mm", "mm/" },
	{ "fs/dax", "fs/dax" },
	{ "XFS", "fs/xfs/" },
	{ "fs, other", "fs/" },
	{ "include", "include/" },
	{ "drivers/dax", "drivers/dax/" },
	{ "drivers/nvdimm", "drivers/nvdimm/" },
	{ "drivers/md", "drivers/md/" },
	{ "other", "" },
};
#define NR_PARTS	ARRAY_SIZE(parts)

/* The last is the sum. */
static struct count {
	int files, added, removed;
} counts[MAX_DIFFS][NR_PARTS + 1];

static struct table subsystems = {
	.name = "subsystems", .columns = { { "lines" } },
};
static struct table interfaces = {
	.name = "interfaces",
	.columns = { { "interface" }, { "kind" }, { "file" } },
	.nr_columns = 3,
};

/* --- interfaces --- */

/* An interface that has moved is added and removed: its signs add up to 0. */
static struct change {
	const char *name, *file, *kind;
	int sign;
} *changes;
static int nr_changes;

static void change(const char *kind, const char *name, const char *file, int sign)
{
	int i = 0;

	while (i < nr_changes && (strcmp(changes[i].name, name) ||
				  strcmp(changes[i].kind, kind)))
		i++;
	if (i == nr_changes) {
		changes = grown(changes, nr_changes++, sizeof(*changes));
		changes[i] = (struct change) { name, file, kind };
	}
	changes[i].sign += sign;
	if (sign > 0)
		changes[i].file = file;
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/* The structure of operations that a line is in, "" if there is none */
static void track_structure(char structure[64], const char *line)
{
	char name[64];
	int end = 0;

	if (sscanf(line, "struct %63[a-z0-9_] {%n", name, &end) == 1 && end &&
	    (ends_with(name, "_operations") || ends_with(name, "_ops")))
		strcpy(structure, name);
	else if (line[0] == '}')
		*structure = '\0';
}

static void look_for_interface(const char *line, const char *structure,
			       const char *file, int sign)
{
	const char *pointer = strstr(line, "(*");
	char name[64];

	if (sscanf(line, "EXPORT_SYMBOL%*[A-Z_](%63[a-z0-9_]", name) == 1 ||
	    sscanf(line, "EXPORT_SYMBOL(%63[a-z0-9_]", name) == 1)
		change("exported symbol", string("%s", name), file, sign);
	if (*structure && pointer && sscanf(pointer, "(*%63[a-z0-9_])", name) == 1)
		change("operation", string("%s.%s", structure, name), file, sign);
}

/* --- diffs --- */

/* Parts of the same name are counted in the first of them. */
static int part_of(const char *file)
{
	unsigned int i = 0;

	while (strncmp(file, parts[i].prefix, strlen(parts[i].prefix)))
		i++;
	while (i && !strcmp(parts[i].name, parts[i - 1].name))
		i--;
	return i;
}

static void count(int diff, int part, int files, int sign)
{
	struct count *c[] = { &counts[diff][part], &counts[diff][NR_PARTS] };
	int i;

	for (i = 0; i < 2; i++) {
		c[i]->files += files;
		c[i]->added += sign > 0;
		c[i]->removed += sign < 0;
	}
}

static void read_diff(int d)
{
	char *name = string("code/%s.diff", diffs[d]), **l, *file = NULL;
	char before[64] = "", after[64] = "";
	bool in_hunk = false;
	int part = 0;

	for (l = lines(name); *l; l++) {
		char *line = *l + 1;
		int sign = **l == '+' ? 1 : **l == '-' ? -1 : 0;

		if (!strncmp(*l, "diff --git a/", 13)) {
			file = strstr(*l, " b/") + 3;
			part = part_of(file);
			count(d, part, 1, 0);
			in_hunk = false;
			*before = *after = '\0';
		} else if (!strncmp(*l, "@@ ", 3)) {
			in_hunk = true;
		} else if (in_hunk && **l) {
			count(d, part, 0, sign);
			if (sign <= 0)
				track_structure(before, line);
			if (sign >= 0)
				track_structure(after, line);
			if (sign && d == AOPS)
				look_for_interface(line, sign > 0 ? after : before,
						   file, sign);
		}
	}
	if (!counts[d][NR_PARTS].files)
		die("%s: it changes nothing", name);
}

/* --- tables --- */

static void fill_subsystems(void)
{
	unsigned int part;
	int column, d;

	for (part = 0; part <= NR_PARTS; part++) {
		struct cell *row = NULL;

		for (column = 1, d = 0; d < nr_diffs; d++) {
			const struct count *c = &counts[d][part];

			subsystems.columns[column] = (struct column) { diffs[d], true };
			subsystems.columns[column + 1] = (struct column) { "files", true };
			if (c->files && !row) {
				row = add_row(&subsystems);
				row[0].text = part < NR_PARTS ? parts[part].name : "all";
			}
			if (c->files) {
				row[column].text = string("+%d -%d", c->added, c->removed);
				row[column + 1].text = string("%d", c->files);
			}
			column += 2;
		}
		subsystems.nr_columns = column;
	}
	publish(&subsystems);
	write_file("texts/code", table_text(&subsystems, false));
}

static void fill_interfaces(int sign)
{
	int exports = 0, operations = 0, i;

	for (i = 0; i < nr_changes; i++) {
		struct cell *row;

		if (changes[i].sign * sign <= 0)
			continue;
		*(strcmp(changes[i].kind, "operation") ? &exports : &operations) += 1;
		row = add_row(&interfaces);
		row[0].text = string("%c %s", sign > 0 ? '+' : '-', changes[i].name);
		row[1].text = changes[i].kind;
		row[2].text = changes[i].file;
	}
	set(sign > 0 ? "interfaces-added" : "interfaces-removed",
	    "%s: %d exported symbols, %d operations",
	    sign > 0 ? "New" : "Removed", exports, operations);
}

void read_code(void)
{
	const struct count *fixes = &counts[FIXES][NR_PARTS], *aops = &counts[AOPS][NR_PARTS];
	int i, d;

	for (i = 0; i < nr_kernels && nr_diffs < MAX_DIFFS; i++)
		if (strcmp(kernels[i], "fixes") && strcmp(kernels[i], "aops") &&
		    exists(string("code/%s.diff", kernels[i])))
			diffs[nr_diffs++] = kernels[i];
	for (d = 0; d < nr_diffs; d++)
		read_diff(d);
	fill_subsystems();
	fill_interfaces(-1);
	fill_interfaces(1);
	publish(&interfaces);
	set("code-sentence", "the series adds %s lines and removes %s in %d files; the stand-alone fixes add %s and remove %s of these. %s. %s",
	    with_commas(aops->added), with_commas(aops->removed), aops->files,
	    with_commas(fixes->added), with_commas(fixes->removed),
	    get("interfaces-added"), get("interfaces-removed"));
	set("bloat", "%s", exists("measured/bloat-o-meter.txt") ?
	    "[scripts/bloat-o-meter, function by function](measured/bloat-o-meter.txt)" : "");
}
