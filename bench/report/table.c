// SPDX-License-Identifier: GPL-2.0
/* A table, and how it looks as text, on the page and as data. */
#include "report.h"

struct cell *add_row(struct table *t)
{
	t->rows = grown(t->rows, t->nr_rows, sizeof(*t->rows));
	return t->rows[t->nr_rows++];
}

static const char *text_of(const struct cell *cell)
{
	return cell->text ? cell->text : "";
}

/* Columns on a terminal: UTF-8's later bytes take none */
static int width_of(const char *s)
{
	int width = 0;

	for (; *s; s++)
		width += (*s & 0xc0) != 0x80;
	return width;
}

static int column_width(const struct table *t, int column)
{
	int width = width_of(t->columns[column].title), row;

	for (row = 0; row < t->nr_rows; row++) {
		int w = width_of(text_of(&t->rows[row][column]));

		if (w > width)
			width = w;
	}
	return width;
}

/* Blanks that nothing comes after are left out */
static void put_padded(FILE *f, const char *s, int width, bool right, int *owed)
{
	int pad = width - width_of(s);

	if (right)
		*owed += pad;
	if (*s) {
		fprintf(f, "%*s%s", *owed, "", s);
		*owed = 0;
	} else if (right) {
		pad = 0;
	}
	if (!right)
		*owed += pad;
	*owed += 2;
}

void write_text(FILE *f, const struct table *t, const char *indent)
{
	int widths[MAX_COLUMNS], column, row, owed;

	for (column = 0; column < t->nr_columns; column++)
		widths[column] = column_width(t, column);
	for (row = -1; row < t->nr_rows; row++) {
		fprintf(f, "%s", indent);
		owed = 0;
		for (column = 0; column < t->nr_columns; column++)
			put_padded(f, row < 0 ? t->columns[column].title :
				   text_of(&t->rows[row][column]),
				   widths[column], t->columns[column].number,
				   &owed);
		fprintf(f, "\n");
	}
}

void put_html(FILE *f, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		default: putc(*s, f);
		}
	}
}

static void html_cell(FILE *f, const struct cell *cell, bool number)
{
	fprintf(f, "<td%s>", number ? " class=n" : "");
	if (cell->mark)
		fprintf(f, "<span class=\"mark %s\">", cell->mark);
	if (cell->link) {
		fputs("<a href=\"", f);
		put_html(f, cell->link);
		fputs("\">", f);
	}
	put_html(f, text_of(cell));
	if (cell->link)
		fputs("</a>", f);
	if (cell->mark)
		fputs("</span>", f);
	if (cell->more) {
		fputs("<details><summary>which</summary><pre>", f);
		put_html(f, cell->more);
		fputs("</pre></details>", f);
	}
	fputs("</td>", f);
}

void write_html(FILE *f, const struct table *t)
{
	int column, row;

	fprintf(f, "<div class=scroll><table class=\"%s\"><thead><tr>", t->name);
	for (column = 0; column < t->nr_columns; column++) {
		fprintf(f, "<th%s>", t->columns[column].number ? " class=n" : "");
		put_html(f, t->columns[column].title);
		fputs("</th>", f);
	}
	fputs("</tr></thead><tbody>\n", f);
	for (row = 0; row < t->nr_rows; row++) {
		fputs("<tr>", f);
		for (column = 0; column < t->nr_columns; column++)
			html_cell(f, &t->rows[row][column],
				  t->columns[column].number);
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table></div>\n", f);
}

void put_json(FILE *f, const char *s)
{
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

void write_json(FILE *f, const struct table *t)
{
	int column, row;

	putc('[', f);
	for (row = 0; row < t->nr_rows; row++) {
		fprintf(f, "%s\n    {", row ? "," : "");
		for (column = 0; column < t->nr_columns; column++) {
			fputs(column ? ", " : "", f);
			put_json(f, t->columns[column].title);
			fputs(": ", f);
			put_json(f, text_of(&t->rows[row][column]));
		}
		putc('}', f);
	}
	putc(']', f);
}

void put_wrapped(FILE *f, const char *s, const char *indent, int width)
{
	int at = 0;

	while (*s) {
		int word = strcspn(s, " ");
		int wide = width_of(string("%.*s", word, s));

		if (at && at + 1 + wide > width) {
			fputs("\n", f);
			at = 0;
		}
		at += fprintf(f, "%s", at ? " " : indent) ? (at ? 1 : width_of(indent)) : 0;
		fprintf(f, "%.*s", word, s);
		at += wide;
		s += word;
		s += strspn(s, " ");
	}
	fputs("\n", f);
}
