// SPDX-License-Identifier: GPL-2.0
/* Files and tables, and the output: report.md, results.json. */
#include <stdarg.h>
#include <unistd.h>
#include "report.h"

/* --- strings and files --- */

char *string(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("no memory");
	va_end(ap);
	return s;
}

const char *joined(const char *list, const char *between, const char *more)
{
	return string("%s%s%s", list, *list && *more ? between : "", more);
}

void *grown(void *array, int nr, size_t size)
{
	array = reallocarray(array, nr + 1, size);
	if (!array)
		die("no memory");
	memset((char *)array + nr * size, 0, size);
	return array;
}

char **lines(const char *name)
{
	FILE *f = fopen(name, "r");
	char **all = grown(NULL, 0, sizeof(*all)), *line = NULL;
	size_t size = 0;
	int nr = 0;

	if (!f)
		err(2, "%s", name);
	while (getline(&line, &size, f) >= 0) {
		all[nr++] = string("%.*s", (int)strcspn(line, "\r\n"), line);
		all = grown(all, nr, sizeof(*all));
	}
	fclose(f);
	return all;
}

bool exists(const char *name)
{
	return !access(name, R_OK);
}

bool is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

bool begins(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		err(2, "%s", name);
}

/* --- tables --- */

const char **add_cells(struct table *t, const char **cells)
{
	const char **row = memcpy(calloc(MAX_COLUMNS, sizeof(*row)), cells,
				  MAX_COLUMNS * sizeof(*row));

	t->rows = grown(t->rows, t->nr_rows + 1, sizeof(*t->rows));
	t->rows[t->nr_rows++] = row;
	return row;
}

void read_rows(struct table *t, const char *name, int nr)
{
	char **l, *rest;
	int n;

	for (l = lines(name); *l; l++) {
		const char **row;

		if (!**l || **l == '#')
			continue;
		row = add_row(t, NULL);
		rest = string("%s", *l);
		for (n = 0; n < nr && rest; n++)
			row[n] = strsep(&rest, "\t");
		if (n < nr || rest)
			die("%s: not %d fields: %s", name, nr, *l);
	}
}

const char **find_cells(const struct table *t, const char **cells)
{
	int i;

	for_each_row(r, t) {
		for (i = 0; cells[i] && !strcmp(r[i], cells[i]); i++)
			;
		if (!cells[i])
			return r;
	}
	return NULL;
}

const char **row_of_cells(struct table *t, const char **cells)
{
	return find_cells(t, cells) ?: add_cells(t, cells);
}

/* Markdown would take these for markup. */
char *escaped(const char *s)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (; *s; s++) {
		if (strchr("\\`*[]&|", *s) || (*s == '<' && s[1] != '='))
			putc('\\', f);
		putc(*s, f);
	}
	fclose(f);
	return text;
}

static bool is_number(const char *title)
{
	return *title == '>';
}

static char *table_text(const struct table *t)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	const char *const *title;
	int i;

	for (title = t->titles; *title; title++)
		fprintf(f, "|%s", *title + is_number(*title));
	fputs("|\n", f);
	for (title = t->titles; *title; title++)
		fputs(is_number(*title) ? "|-:" : "|:-", f);
	fputs("|\n", f);
	for_each_row(r, t) {
		for (i = 0; t->titles[i]; i++)
			fprintf(f, r[i] && t->bad && !strcmp(r[i], t->bad) ?
				"|**%s**" : "|%s", escaped(r[i] ?: ""));
		fputs("|\n", f);
	}
	fclose(f);
	return text;
}

/* --- values --- */

static struct table values, complaints = {
	.name = "faults of the run", .titles = { "fault" },
};
static const struct table **tables;
static int nr_tables;

const char *get(const char *name)
{
	const char **v = find_row(&values, name);

	return v ? v[1] : "";
}

void set_value(const char *name, const char *text)
{
	row_of(&values, name)[1] = text;
}

void publish(const struct table *t)
{
	tables = grown(tables, nr_tables, sizeof(*tables));
	tables[nr_tables++] = t;
	set_value(t->name, t->nr_rows ? table_text(t) : "");
}

void add_complaint(const char *text)
{
	warnx("%s", text);
	add_row(&complaints, text);
}

/* --- the report --- */

/* The line with its values; NULL if one of them is empty */
static const char *filled(const char *line)
{
	const char *text = "", *at, *end, *name, **v;
	bool empty = false;

	for (; (at = strchr(line, '@')); line = end + 1) {
		end = strchr(at + 1, '@');
		name = string("%.*s", end ? (int)(end - at - 1) : 0, at + 1);
		v = find_row(&values, name);
		if (!v)
			die("template.md: no value for %s", at);
		text = string("%s%.*s%s", text, (int)(at - line), line, v[1]);
		empty |= !*v[1];
	}
	return empty ? NULL : string("%s%s\n", text, line);
}

static void put_json(FILE *f, const char *s)
{
	char *end;

	strtod(s, &end);
	if (*s && !*end && strspn(s, "-0123456789.e") == strlen(s)) {
		fputs(s, f);
		return;
	}
	putc('"', f);
	for (; *s; s++)
		if ((unsigned char)*s < ' ')
			fprintf(f, "\\u%04x", *s);
		else
			fprintf(f, strchr("\"\\", *s) ? "\\%c" : "%c", *s);
	putc('"', f);
}

/* An object for each row, by the titles of the columns */
static void put_table(FILE *f, const struct table *t)
{
	int i;

	fprintf(f, "\"%s\": [", t->name);
	for_each_row(r, t) {
		for (i = 0; t->titles[i]; i++) {
			fputs(i ? ", " : r == t->rows[0] ? "\n  {" : ",\n  {", f);
			put_json(f, t->titles[i] + is_number(t->titles[i]));
			fputs(": ", f);
			put_json(f, r[i] ?: "");
		}
		putc('}', f);
	}
	putc(']', f);
}

int write_report(void)
{
	const char *list = complaints.nr_rows ? "This run is not in order:\n" : "";
	char **l, *text;
	size_t size;
	FILE *f;
	int i;

	for_each_row(r, &complaints)
		list = joined(list, "\n", string("- %s", escaped(r[0])));
	publish(&complaints);
	set_value("complaints", list);
	f = open_memstream(&text, &size);
	for (l = lines(ours("template.md")); *l; l++)
		fputs(filled(*l) ?: "", f);
	fclose(f);
	write_file("report.md", text);

	f = open_memstream(&text, &size);
	for (i = 0; i < nr_tables; i++) {
		fputs(i ? ",\n" : "{\n", f);
		put_table(f, tables[i]);
	}
	fputs("\n}\n", f);
	fclose(f);
	write_file("results.json", text);
	return complaints.nr_rows > 0;
}
