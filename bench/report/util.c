// SPDX-License-Identifier: GPL-2.0
/* Strings, files, complaints. */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>
#include "report.h"

const char *dir, *ours;
char **complaints;
int nr_complaints;

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "report: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

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

void *grown(void *array, int nr, size_t size)
{
	/* by powers of two, so that most calls find that there is room */
	if (nr & (nr - 1) || nr < 0)
		return array;
	array = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!array)
		die("no memory");
	memset((char *)array + nr * size, 0, (nr ? nr : 1) * size);
	return array;
}

static char *path(const char *fmt, va_list ap)
{
	char *name;

	if (vasprintf(&name, fmt, ap) < 0)
		die("no memory");
	return string("%s/%s", dir, name);
}

static FILE *open_file(const char *mode, const char *fmt, va_list ap)
{
	char *name = path(fmt, ap);
	FILE *f = fopen(name, mode);

	if (!f)
		die("%s: %s", name, strerror(errno));
	return f;
}

FILE *input(const char *fmt, ...)
{
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	f = open_file("r", fmt, ap);
	va_end(ap);
	return f;
}

bool exists(const char *fmt, ...)
{
	va_list ap;
	char *name;

	va_start(ap, fmt);
	name = path(fmt, ap);
	va_end(ap);
	return !access(name, R_OK);
}

FILE *output(const char *fmt, ...)
{
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	f = open_file("w", fmt, ap);
	va_end(ap);
	return f;
}

/* A full disk shows at the end at the latest */
void finish(FILE *f)
{
	bool bad = ferror(f);

	if (fclose(f) || bad)
		die("%s: could not be written: %s", dir, strerror(errno));
}

char *next_line(FILE *f)
{
	static char *line;
	static size_t size;

	if (getline(&line, &size, f) < 0)
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

bool next_fields(FILE *f, const char *name, char **fields, int nr)
{
	char *line, *rest;
	int n = 0;

	do {
		line = next_line(f);
	} while (line && (!*line || *line == '#'));
	if (!line)
		return false;
	rest = string("%s", line);
	while (n < nr && rest)
		fields[n++] = strsep(&rest, "\t");
	if (n < nr || rest)
		die("%s: not %d fields: %s", name, nr, line);
	return true;
}

void complain(const char *fmt, ...)
{
	va_list ap;

	complaints = grown(complaints, nr_complaints, sizeof(*complaints));
	va_start(ap, fmt);
	if (vasprintf(&complaints[nr_complaints++], fmt, ap) < 0)
		die("no memory");
	va_end(ap);
}
