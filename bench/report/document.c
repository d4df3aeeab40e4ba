// SPDX-License-Identifier: GPL-2.0
/* Tables, and what is made of them: report.md, results.json, texts/. */
#include "report.h"

/* --- tables --- */

struct cell *add_row(struct table *t)
{
	t->rows = grown(t->rows, t->nr_rows, sizeof(*t->rows));
	return t->rows[t->nr_rows++];
}

/* Markdown would take these for markup. */
static char *escaped(const char *s)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (; *s; s++) {
		if (strchr("\\`*[]&", *s) || (*s == '<' && s[1] != '='))
			putc('\\', f);
		putc(*s, f);
	}
	fclose(f);
	return text;
}

char *cell_text(const struct cell *cell)
{
	char *text = escaped(cell->text ? cell->text : "");

	if (cell->link)
		text = string("[%s](%s)", text, cell->link);
	return cell->bad ? string("**%s**", text) : text;
}

/* On a terminal: UTF-8's later bytes have no width. */
static int width_of(const char *s)
{
	int width = 0;

	for (; *s; s++)
		width += (*s & 0xc0) != 0x80;
	return width;
}

static const char *entry(const struct table *t, int row, int column, bool markup)
{
	const char *text;

	if (row < 0)
		return t->columns[column].title;
	text = t->rows[row][column].text;
	return markup ? cell_text(&t->rows[row][column]) : text ? text : "";
}

/*
 * A simple table of pandoc's Markdown: the title's place above the dashes says how
 * the column is aligned, so that a title of full width gets an additional dash.
 */
char *table_text(const struct table *t, bool markup)
{
	int widths[MAX_COLUMNS] = {}, column, row, i;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (column = 0; column < t->nr_columns; column++) {
		widths[column] = width_of(t->columns[column].title) + 1;
		for (row = 0; row < t->nr_rows; row++) {
			int w = width_of(entry(t, row, column, markup));

			if (w > widths[column])
				widths[column] = w;
		}
	}
	for (row = -1; row < t->nr_rows; row++) {
		int owed = 0;	/* blanks, none at the end of a line */

		for (column = 0; column < t->nr_columns; column++) {
			const char *s = entry(t, row, column, markup);
			int pad = widths[column] - width_of(s);
			bool right = t->columns[column].number;

			if (*s)
				fprintf(f, "%*s%s", owed + (right ? pad : 0), "", s);
			owed = *s ? right ? 2 : pad + 2 : owed + pad + 2;
		}
		putc('\n', f);
		for (column = 0; row < 0 && column < t->nr_columns; column++) {
			for (i = 0; i < widths[column]; i++)
				putc('-', f);
			fputs(column + 1 < t->nr_columns ? "  " : "\n", f);
		}
	}
	fclose(f);
	return text;
}

/* --- values --- */

static struct value {
	const char *name, *text;
} *values;
static int nr_values;

static struct value *value(const char *name, size_t len)
{
	int i;

	for (i = 0; i < nr_values; i++)
		if (strlen(values[i].name) == len && !memcmp(values[i].name, name, len))
			return &values[i];
	return NULL;
}

const char *get(const char *name)
{
	struct value *v = value(name, strlen(name));

	return v ? v->text : "";
}

void set(const char *name, const char *fmt, ...)
{
	struct value *v = value(name, strlen(name));
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	if (!v) {
		values = grown(values, nr_values, sizeof(*values));
		v = &values[nr_values++];
	}
	*v = (struct value) { name, text };
}

static const struct table **tables;
static int nr_tables;

void publish(const struct table *t)
{
	tables = grown(tables, nr_tables, sizeof(*tables));
	tables[nr_tables++] = t;
	set(t->name, "%s", t->nr_rows ? table_text(t, true) : "");
}

/* --- report.md --- */

/* The line with its values; NULL if one of them is empty */
static char *filled(const char *line)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool empty = false;
	const char *at, *end;

	for (; (at = strchr(line, '@')); line = end + 1) {
		struct value *v;

		end = strchr(at + 1, '@');
		v = end ? value(at + 1, end - at - 1) : NULL;
		if (!v)
			die("template.md: no value for %s", at);
		fprintf(f, "%.*s%s", (int)(at - line), line, v->text);
		empty |= !*v->text;
	}
	fputs(line, f);
	fclose(f);
	return empty ? NULL : text;
}

void write_report(void)
{
	char **l = lines(string("%s/template.md", ours)), *line, *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (; *l; l++)
		if ((line = filled(*l)))
			fprintf(f, "%s\n", line);
	fclose(f);
	write_file("report.md", text);
}

/* --- results.json --- */

static void put_json(FILE *f, const char *s)
{
	char *end;

	strtod(s, &end);
	if (*s && !*end && strspn(s, "-0123456789.e") == strlen(s)) {
		fputs(s, f);
		return;
	}
	putc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			fprintf(f, "\\u%04x", *s);
		else
			putc(*s, f);
	}
	putc('"', f);
}

/* An object for each row, by the titles of the columns */
void write_results(void)
{
	int i, row, column;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (i = 0; i < nr_tables; i++) {
		fprintf(f, "%s\n\"%s\": [", i ? "," : "{", tables[i]->name);
		for (row = 0; row < tables[i]->nr_rows; row++) {
			fputs(row ? ",\n  {" : "\n  {", f);
			for (column = 0; column < tables[i]->nr_columns; column++) {
				fputs(column ? ", " : "", f);
				put_json(f, tables[i]->columns[column].title);
				fputs(": ", f);
				put_json(f, entry(tables[i], row, column, false));
			}
			putc('}', f);
		}
		putc(']', f);
	}
	fputs("\n}\n", f);
	fclose(f);
	write_file("results.json", text);
}
