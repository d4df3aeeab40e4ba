// SPDX-License-Identifier: GPL-2.0
/*
 * What bench/measure found: measured/KERNEL.tsv, with lines of
 * MEASUREMENT, VARIANT, X, UNIT, VALUE. UNIT is "error" where something could not
 * be measured, and VALUE says why.
 */
#include <errno.h>
#include "report.h"

struct figure *figures;
int nr_figures;

static void read_kernel(const char *kernel)
{
	char *name = string("measured/%s.tsv", kernel), *fields[5], *end;
	FILE *f = input("%s", name);
	int before = nr_figures;

	while (next_fields(f, name, fields, 5)) {
		struct figure *fig;

		figures = grown(figures, nr_figures, sizeof(*figures));
		fig = &figures[nr_figures++];
		*fig = (struct figure) {
			.kernel = kernel, .measurement = fields[0],
			.variant = fields[1], .unit = fields[3],
		};
		fig->x = strtol(fields[2], &end, 10);
		if (*end || end == fields[2])
			die("%s: not a number: %s", name, fields[2]);
		if (!strcmp(fig->unit, "error")) {
			fig->error = fields[4];
			complain("%s: %s %s %ld was not measured: %s", kernel,
				 fig->measurement, fig->variant, fig->x,
				 fig->error);
			continue;
		}
		fig->value = strtod(fields[4], &end);
		if (*end || end == fields[4])
			die("%s: not a number: %s", name, fields[4]);
	}
	fclose(f);
	if (nr_figures == before)
		die("%s: it has no figures", name);
}

void read_figures(void)
{
	int i;

	for (i = 0; i < nr_kernels; i++)
		read_kernel(kernels[i].name);
	if (exists("measured/floor.tsv"))
		read_kernel("floor");
}

const struct figure *figure(const char *kernel, const char *measurement,
			    const char *variant, long x)
{
	int i;

	for (i = 0; i < nr_figures; i++)
		if (figures[i].x == x && !figures[i].error &&
		    !strcmp(figures[i].kernel, kernel) &&
		    !strcmp(figures[i].measurement, measurement) &&
		    !strcmp(figures[i].variant, variant))
			return &figures[i];
	return NULL;
}

char *short_number(double value)
{
	static const char * const units[] = { "", " k", " M", " G", " T" };
	int unit = 0;

	while (value >= 999.5 && unit < 4) {
		value /= 1000;
		unit++;
	}
	return string("%.*f%s", !unit ? (value != (long)value) * 2 :
		      value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value,
		      units[unit]);
}

char *short_bytes(double value)
{
	if (value < 10240)
		return string("%.0f B", value);
	return string("%.1f KiB", value / 1024);
}

char *with_commas(long n)
{
	if (n < 0)
		return string("-%s", with_commas(-n));
	if (n < 1000)
		return string("%ld", n);
	return string("%s,%03ld", with_commas(n / 1000), n % 1000);
}
