// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output becomes a buffer with the colours in it. Each step empties it
 * into all places: the terminal (colours only if it is one), an HTML page, and a
 * record, which is plain text or an asciinema cast, version 2.
 */
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
".good { color: var(--good); }\n.bad { color: var(--bad); font-weight: bold; }\n"
"</style>\n";

static void put_html(const char *line)
{
	static const struct {
		const char *code, *start, *end;
	} marks[] = {
		{ BOLD, "<b>", "</b>" },
		{ RED, "<span class=bad>", "</span>" },
		{ GREEN, "<span class=good>", "</span>" },
	};
	const char *ends[8];
	unsigned int i, nr = 0;

	for (; *line; line++) {
		if (*line == '&')
			fputs("&amp;", page);
		else if (*line == '<')
			fputs("&lt;", page);
		else if (*line != '\033')
			fputc(*line, page);
		else {
			for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
				if (nr < 8 && !strncmp(line, marks[i].code,
						       strlen(marks[i].code))) {
					fputs(marks[i].start, page);
					ends[nr++] = marks[i].end;
				}
			if (!strncmp(line, PLAIN, strlen(PLAIN)))
				while (nr)
					fputs(ends[--nr], page);
			line += strcspn(line, "m");
		}
	}
	/* PLAIN may be on the next line */
	while (nr)
		fputs(ends[--nr], page);
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
	put_html(line);
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
	if (!stdout) {
		perror("demo");
		exit(2);
	}
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
	if (everywhere && record && !is_cast)
		put_plain(record, text);
	for (rest = text; everywhere && (line = strsep(&rest, "\n")) && rest;) {
		if (page)
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
	while ((c = getchar()) != '\n')
		if (c == EOF) {
			watching = false;
			break;
		}
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
	FILE *f = name ? fopen(name, "w") : NULL;

	if (name && !f) {
		perror(name);
		exit(2);
	}
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
	if (page)
		fputs(page_head, page);
	if (is_cast)
		fprintf(record, "{\"version\": 2, \"width\": 110, \"height\": 40, "
			"\"title\": \"ci/demo\"}\n");
	out = stdout;
	collect();
}

static bool finish(FILE *f)
{
	bool good;

	if (!f)
		return true;
	good = !ferror(f);
	return !fclose(f) && good;
}

bool show_end(void)
{
	bool good;

	show(true);
	if (page)
		put_page_line("");
	good = finish(page);
	good &= finish(record);
	return finish(out) && good;
}
