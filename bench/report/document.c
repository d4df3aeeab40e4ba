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

void write_file(const char *name, const char *text)
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
		for (i = 0; cells[i] && is(r[i], cells[i]); i++)
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
	char *text = calloc(2, strlen(s) + 1), *to = text;

	for (; *s; *to++ = *s++)
		if (strchr("\\`*[]&|", *s) || (*s == '<' && s[1] != '='))
			*to++ = '\\';
	return text;
}

static const char *name_of(const char *title)
{
	return title + (*title == '>');
}

static const char *table_text(const struct table *t)
{
	const char *text = "", *rule = "", *cell;
	int i;

	for (i = 0; t->titles[i]; i++) {
		text = string("%s|%s", text, name_of(t->titles[i]));
		rule = string("%s|%s", rule, *t->titles[i] == '>' ? "-:" : ":-");
	}
	text = string("%s|\n%s|\n", text, rule);
	for_each_row(r, t) {
		for (i = 0; t->titles[i]; i++) {
			cell = r[i] ?: "";
			text = string(t->bad && is(cell, t->bad) ? "%s|**%s**" : "%s|%s",
				      text, escaped(cell));
		}
		text = string("%s|\n", text);
	}
	return text;
}

/* --- values --- */

static struct table values, complaints = {
	.name = "faults of the run", .titles = { "fault" },
};
static struct table *tables, **last = &tables;

const char *get(const char *name)
{
	const char **v = find_row(&values, name);

	return v ? v[1] : "";
}

void set_value(const char *name, const char *text)
{
	row_of(&values, name)[1] = text;
}

void publish(struct table *t)
{
	*last = t;
	last = &t->next;
	set_value(t->name, t->nr_rows ? table_text(t) : "");
}

void add_complaint(const char *text)
{
	warnx("%s", text);
	add_row(&complaints, text);
}

/* --- the report --- */

/* The line with its values; nothing if one of them is empty */
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
	return empty ? "" : string("%s%s\n", text, line);
}

static const char *json(const char *s)
{
	const char *text = "";
	char *end;

	strtod(s, &end);
	if (*s && !*end && strspn(s, "-0123456789.e") == strlen(s))
		return s;
	for (; *s; s++)
		text = string((unsigned char)*s < ' ' ? "%s\\u%04x" :
			      strchr("\"\\", *s) ? "%s\\%c" : "%s%c", text, *s);
	return string("\"%s\"", text);
}

/* An object for each row, by the titles of the columns */
static const char *json_table(const struct table *t)
{
	const char *rows = "", *row;
	int i;

	for_each_row(r, t) {
		row = "";
		for (i = 0; t->titles[i]; i++)
			row = joined(row, ", ", string("%s: %s", json(name_of(t->titles[i])),
						       json(r[i] ?: "")));
		rows = joined(rows, ",", string("\n  {%s}", row));
	}
	return string("%s: [%s]", json(t->name), rows);
}

int write_report(void)
{
	const char *list = "", *page = "", *data = "";
	char **l;

	for_each_row(r, &complaints)
		list = string("%s\n- %s", list, escaped(r[0]));
	set("complaints", "%s%s", *list ? "This run is not in order:\n" : "", list);
	for (l = lines(ours("template.md")); *l; l++)
		page = string("%s%s", page, filled(*l));
	write_file("report.md", page);

	publish(&complaints);
	for (const struct table *t = tables; t; t = t->next)
		data = joined(data, ",\n", json_table(t));
	write_file("results.json", string("{\n%s\n}\n", data));
	return complaints.nr_rows > 0;
}
