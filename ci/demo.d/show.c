// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output becomes a buffer with the colours in it. Each step empties it
 * into all places: the terminal (colours only if it is one), an HTML page, and a
 * record, which is plain text or an asciinema cast, version 2.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "show.h"

/* A cast plays at the speed of a reader, not of the machine: seconds */
#define CAST_LINE	0.05
#define CAST_STEP	4.0

static FILE *out, *page, *record;
static bool watching, on_terminal, coloured, is_cast;
static char *text;
static size_t size;
static double cast_time;

static void put_plain(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s != '\033')
			fputc(*s, f);
		else
			s += strcspn(s, "m");
	}
}

/* --- the page --- */

static const char page_head[] =
"<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n"
"<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
"<title>What ci/demo showed</title>\n"
"<style>\n"
":root { color-scheme: light dark; --good: #1a7f37; --bad: #c62828; }\n"
"@media (prefers-color-scheme: dark) { :root { --good: #57d364; --bad: #ff7b72; } }\n"
"body { max-width: 62rem; margin: 1rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; }\n"
"pre { overflow-x: auto; font-size: .85rem; line-height: 1.35; }\n"
".c1, .c31 { font-weight: bold; }\n.c31 { color: var(--bad); }\n.c32 { color: var(--good); }\n"
"</style>\n";

/* A code begins a span of a class of its own, in page_head; PLAIN ends all. */
static void put_html(const char *line)
{
	int code, open = 0;

	for (; *line; line++) {
		code = *line == '\033' ? atoi(line + 2) : -1;
		for (; code == 0 && open; open--)
			fputs("</span>", page);
		if (code > 0 && ++open)
			fprintf(page, "<span class=c%d>", code);
		if (code >= 0)
			line += strcspn(line, "m");
		else if (*line == '&')
			fputs("&amp;", page);
		else if (*line == '<')
			fputs("&lt;", page);
		else
			fputc(*line, page);
	}
	/* PLAIN may be on the next line */
	for (; open; open--)
		fputs("</span>", page);
}

/* Indented lines keep their form, a TITLE is a heading, all else is prose. */
static void put_page_line(const char *line)
{
	static const char *opened = "";
	static bool any_title;
	const char *element, *first = line;

	while (*first == '\033')
		first += strcspn(first, "m") + 1;
	if (!strncmp(line, TITLE, strlen(TITLE)))
		element = any_title ? "h2" : "h1";
	else
		element = !*first ? "" : *first == ' ' ? "pre" : "p";
	if (*opened && (strcmp(element, opened) || *element == 'h')) {
		fprintf(page, "</%s>\n", opened);
		opened = "";
	}
	if (*element && !*opened)
		fprintf(page, "<%s>", element);
	opened = element;
	any_title |= *element == 'h';
	put_html(*element == 'h' ? first : line);
	if (*element)
		fputc('\n', page);
}

/* --- the cast --- */

static void put_json(const char *line)
{
	fprintf(record, "[%.2f, \"o\", \"", cast_time);
	for (; *line; line++) {
		if (*line == '"' || *line == '\\')
			fprintf(record, "\\%c", *line);
		else if ((unsigned char)*line < ' ')
			fprintf(record, "\\u%04x", *line);
		else
			fputc(*line, record);
	}
	fprintf(record, "\\r\\n\"]\n");
	cast_time += CAST_LINE;
}

/* --- steps --- */

static void collect(void)
{
	stdout = open_memstream(&text, &size);
	if (!stdout)
		err(2, "memory");
}

static void show(bool everywhere)
{
	char *line, *rest;

	fclose(stdout);
	/* a redrawn line may be there, see ci/demo */
	if (on_terminal)
		fputs("\r\033[K", out);
	if (coloured)
		fputs(text, out);
	else
		put_plain(out, text);
	fflush(out);
	if (everywhere && !is_cast)
		put_plain(record, text);
	for (rest = text; everywhere && (line = strsep(&rest, "\n")) && rest;) {
		put_page_line(line);
		if (is_cast)
			put_json(line);
	}
	free(text);
	collect();
}

static void wait_for_enter(void)
{
	int c;

	fputs("-- Enter: go on, Ctrl-C: end --", out);
	fflush(out);
	while (watching && (c = getchar()) != '\n')
		watching = c != EOF;
	/* the prompt goes; Enter has left its line */
	fputs(watching ? "\033[A\r\033[K" : "\r\033[K", out);
}

void step(void)
{
	show(true);
	cast_time += CAST_STEP;
	if (watching)
		wait_for_enter();
}

void step_aside(void)
{
	show(false);
}

static FILE *create(const char *name)
{
	FILE *f = fopen(name ?: "/dev/null", "w");

	if (!f)
		err(2, "%s", name);
	return f;
}

void show_begin(bool watch, const char *page_name, const char *record_name)
{
	const char *end = record_name ? strrchr(record_name, '.') : NULL;

	watching = watch;
	on_terminal = isatty(STDOUT_FILENO);
	coloured = on_terminal && !(getenv("NO_COLOR") && *getenv("NO_COLOR"));
	is_cast = end && !strcmp(end, ".cast");
	page = create(page_name);
	record = create(record_name);
	fputs(page_head, page);
	if (is_cast)
		fprintf(record, "{\"version\": 2, \"width\": 110, \"height\": 40, "
			"\"title\": \"ci/demo\"}\n");
	out = stdout;
	collect();
}

bool show_end(void)
{
	FILE * const files[] = { page, record, out };
	bool good = true;
	unsigned int i;

	show(true);
	put_page_line("");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		good &= !ferror(files[i]) & !fclose(files[i]);
	return good;
}
