// SPDX-License-Identifier: GPL-2.0
/*
 * What a series changes in the source, from code/NAME.diff: diffs with the files
 * in full, since what is added to a structure shows which one only far above.
 *	fixes	base against the fixes that stand alone
 *	design	these against the whole series
 *	aops	base against the whole
 *	with	base against the third series
 */
#include "report.h"

static const char * const diffs[] = { "fixes", "design", "aops", "with" };
#define AOPS	2

/* The first that fits */
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

struct count {
	int files, added, removed;
};

static struct count counts[ARRAY_SIZE(diffs)][ARRAY_SIZE(parts)];
static struct count all[ARRAY_SIZE(diffs)];
static bool have[ARRAY_SIZE(diffs)];

struct table subsystems = {
	.name = "subsystems",
	.columns = { { "lines" } }, .nr_columns = 1,
};
struct table interfaces = {
	.name = "interfaces",
	.columns = { { "interface" }, { "kind" }, { "file" } },
	.nr_columns = 3,
};
struct table sizes = { .name = "sizes" };

/* --- interfaces --- */

/* One that came or went. What is moved does both, and is none. */
static struct change {
	char *name, *file;
	const char *kind;
	int sign;
} *changes;
static int nr_changes;

static void change(const char *kind, char *name, char *file, int sign)
{
	int i;

	for (i = 0; i < nr_changes; i++) {
		if (strcmp(changes[i].name, name) ||
		    strcmp(changes[i].kind, kind))
			continue;
		changes[i].sign += sign;
		if (sign > 0)
			changes[i].file = file;
		return;
	}
	changes = grown(changes, nr_changes, sizeof(*changes));
	changes[nr_changes++] = (struct change) { name, file, kind, sign };
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/* Which structure of operations a line of the source is in, "" for none */
static void track_structure(char *structure, size_t size, const char *line)
{
	char name[64];
	int end = 0;

	if (sscanf(line, "struct %63[a-z0-9_] {%n", name, &end) == 1 && end &&
	    (ends_with(name, "_operations") || ends_with(name, "_ops")))
		snprintf(structure, size, "%s", name);
	else if (line[0] == '}')
		*structure = '\0';
}

static void look_for_interface(const char *line, const char *structure,
			       char *file, int sign)
{
	const char *pointer;
	char name[64];

	if (sscanf(line, "EXPORT_SYMBOL%*[A-Z_](%63[a-z0-9_]", name) == 1 ||
	    sscanf(line, "EXPORT_SYMBOL(%63[a-z0-9_]", name) == 1)
		change("exported symbol", string("%s", name), file, sign);
	pointer = strstr(line, "(*");
	if (*structure && pointer &&
	    sscanf(pointer, "(*%63[a-z0-9_])", name) == 1)
		change("operation", string("%s.%s", structure, name), file,
		       sign);
}

/* --- a diff --- */

static int part_of(const char *file)
{
	unsigned int i = 0;

	while (strncmp(file, parts[i].prefix, strlen(parts[i].prefix)))
		i++;
	/* names that belong together have one row, the first */
	while (i && !strcmp(parts[i].name, parts[i - 1].name))
		i--;
	return i;
}

static void count_line(struct count *c, int sign)
{
	c->added += sign > 0;
	c->removed += sign < 0;
}

static void read_diff(int d)
{
	char *name = string("code/%s.diff", diffs[d]), *line, *file = NULL;
	FILE *f = input("%s", name);
	char structures[2][64] = { "", "" };	/* before and after */
	bool in_hunk = false;
	int part = 0;

	have[d] = true;
	while ((line = next_line(f))) {
		int sign = *line == '+' ? 1 : *line == '-' ? -1 : 0;

		if (!strncmp(line, "diff --git a/", 13)) {
			file = string("%s", strstr(line, " b/") + 3);
			part = part_of(file);
			counts[d][part].files++;
			all[d].files++;
			in_hunk = false;
			structures[0][0] = structures[1][0] = '\0';
		} else if (!strncmp(line, "@@ ", 3)) {
			in_hunk = true;
		} else if (in_hunk && *line) {
			count_line(&counts[d][part], sign);
			count_line(&all[d], sign);
			if (sign <= 0)
				track_structure(structures[0], 64, line + 1);
			if (sign >= 0)
				track_structure(structures[1], 64, line + 1);
			if (sign && d == AOPS)
				look_for_interface(line + 1,
						   structures[sign > 0], file,
						   sign);
		}
	}
	fclose(f);
	if (!all[d].files)
		die("%s: it changes nothing", name);
}

/* --- tables --- */

static struct cell count_cell(const struct count *c)
{
	if (!c->files)
		return (struct cell) { "" };
	return (struct cell) {
		string("+%d -%d", c->added, c->removed),
	};
}

static void fill_subsystems(void)
{
	unsigned int i, d;
	int column = 1;

	for (d = 0; d < ARRAY_SIZE(diffs); d++) {
		if (!have[d])
			continue;
		subsystems.columns[column++] =
			(struct column) { diffs[d], true };
		subsystems.columns[column++] =
			(struct column) { "files", true };
	}
	subsystems.nr_columns = column;
	for (i = 0; i <= ARRAY_SIZE(parts); i++) {
		bool last = i == ARRAY_SIZE(parts);
		struct cell *row = NULL;

		column = 1;
		for (d = 0; d < ARRAY_SIZE(diffs); d++) {
			const struct count *c = last ? &all[d] : &counts[d][i];

			if (!have[d])
				continue;
			if (c->files && !row) {
				row = add_row(&subsystems);
				row[0].text = last ? "all" : parts[i].name;
				/* what was passed over is empty */
			}
			if (c->files) {
				row[column] = count_cell(c);
				row[column + 1].text = string("%d", c->files);
			}
			column += 2;
		}
	}
}

static void fill_interfaces(void)
{
	int i, sign;

	for (sign = -1; sign <= 1; sign += 2) {
		for (i = 0; i < nr_changes; i++) {
			struct cell *row;

			if (changes[i].sign * sign <= 0)
				continue;
			row = add_row(&interfaces);
			row[0].text = string("%c %s", sign > 0 ? '+' : '-',
					     changes[i].name);
			row[0].mark = sign > 0 ? "added" : "removed";
			row[1].text = changes[i].kind;
			row[2].text = changes[i].file;
		}
	}
}

static bool is_size(const struct figure *f)
{
	return !f->error && (!strcmp(f->measurement, "size") ||
			     !strcmp(f->measurement, "text") ||
			     !strcmp(f->measurement, "memory"));
}

static bool first_of_its_name(int i)
{
	int j;

	for (j = 0; j < i; j++)
		if (is_size(&figures[j]) &&
		    !strcmp(figures[j].measurement, figures[i].measurement) &&
		    !strcmp(figures[j].variant, figures[i].variant))
			return false;
	return true;
}

/* Bytes of structures, of code, of memory, on every kernel that has them */
static void fill_sizes(void)
{
	int i, k;

	sizes.columns[0].title = "bytes";
	for (k = 0; k < nr_kernels; k++)
		sizes.columns[1 + k] = (struct column) { kernels[k].name, true };
	sizes.columns[1 + k] = (struct column) { "aops less base", true };
	sizes.nr_columns = 2 + k;
	for (i = 0; i < nr_figures; i++) {
		const char *what = figures[i].measurement;
		const struct figure *base, *aops;
		struct cell *row;

		if (!is_size(&figures[i]) || !first_of_its_name(i))
			continue;
		row = add_row(&sizes);
		row[0].text = string("%s %s", !strcmp(what, "size") ? "struct" :
				     what, figures[i].variant);
		for (k = 0; k < nr_kernels; k++) {
			const struct figure *f = figure(kernels[k].name, what,
							figures[i].variant,
							figures[i].x);

			row[1 + k].text = f ? with_commas(f->value) : "-";
		}
		base = figure("base", what, figures[i].variant, figures[i].x);
		aops = figure("aops", what, figures[i].variant, figures[i].x);
		row[1 + k].text = !aops ? "" :
			string("%+.0f", aops->value - (base ? base->value : 0));
	}
}

const char *code_sentence(void)
{
	int exports[2] = { 0 }, operations[2] = { 0 }, i;

	for (i = 0; i < nr_changes; i++) {
		int added = changes[i].sign > 0;

		if (!changes[i].sign)
			continue;
		if (!strcmp(changes[i].kind, "operation"))
			operations[added]++;
		else
			exports[added]++;
	}
	return string("The series adds %s lines and removes %s in %d files; %s and %s of these are the fixes that stand alone. "
		      "Exported symbols: %d new, %d removed. Operations: %d new, %d removed.",
		      with_commas(all[AOPS].added), with_commas(all[AOPS].removed),
		      all[AOPS].files, with_commas(all[0].added),
		      with_commas(all[0].removed), exports[1], exports[0],
		      operations[1], operations[0]);
}

void read_code(void)
{
	unsigned int d;

	for (d = 0; d < ARRAY_SIZE(diffs); d++)
		if (d < 3 || has_kernel("with"))
			read_diff(d);
	fill_subsystems();
	fill_interfaces();
	fill_sizes();
}
