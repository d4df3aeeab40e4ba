// SPDX-License-Identifier: GPL-2.0
/* Strings and files. */
#include <errno.h>
#include <unistd.h>
#include "report.h"

const char *ours;

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

char *format(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		die("no memory");
	return s;
}

char *string(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = format(fmt, ap);
	va_end(ap);
	return s;
}

const char *joined(const char *list, const char *between, const char *more)
{
	return string("%s%s%s", list, *list ? between : "", more);
}

void *grown(void *array, int nr, size_t size)
{
	/* by powers of two, so that most calls have room */
	if (nr & (nr - 1))
		return array;
	array = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!array)
		die("no memory");
	memset((char *)array + nr * size, 0, (nr ? nr : 1) * size);
	return array;
}

char **lines(const char *name)
{
	FILE *f = fopen(name, "r");
	char **all = NULL, *line = NULL;
	size_t size = 0;
	int nr = 0;

	if (!f)
		die("%s: %s", name, strerror(errno));
	while (getline(&line, &size, f) >= 0) {
		all = grown(all, nr, sizeof(*all));
		all[nr++] = string("%.*s", (int)strcspn(line, "\r\n"), line);
	}
	all = grown(all, nr, sizeof(*all));
	all[nr] = NULL;
	fclose(f);
	return all;
}

bool split(const char *name, char *line, char **fields, int nr)
{
	char *rest = string("%s", line);
	int n = 0;

	if (!*line || *line == '#')
		return false;
	while (n < nr && rest)
		fields[n++] = strsep(&rest, "\t");
	if (n < nr || rest)
		die("%s: not %d fields: %s", name, nr, line);
	return true;
}

bool exists(const char *name)
{
	return !access(name, R_OK);
}

void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		die("%s: %s", name, strerror(errno));
}
