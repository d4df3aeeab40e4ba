// SPDX-License-Identifier: GPL-2.0
/*
 * The results of bench/measure: measured/KERNEL.tsv, with lines of
 * MEASUREMENT, VARIANT, X, UNIT, VALUE. If UNIT is "error", VALUE is the reason.
 */
#include "report.h"

/* Instruction counts vary by this much between two runs. */
#define NOISE	1.002

static struct table figures = {
	.name = "figures",
	.titles = { "kernel", "measurement", "variant", "x", "unit", "value" },
};
static struct table higher = {
	.name = "higher",
	.titles = { "higher on aops", ">base", ">aops", ">times" },
};
static struct table sizes = { .name = "sizes", .titles = { "bytes" } };

static bool measured(const char **f)
{
	return !is(f[UNIT], "error");
}

static void read_kernel(const char *kernel)
{
	struct table file = {};

	read_rows(&file, string("measured/%s.tsv", kernel), 5);
	for_each_row(r, &file) {
		const char *key = string("%s %s %s", r[0], r[1], r[2]);

		if (!measured(add_row(&figures, kernel, r[0], r[1], r[2], r[3], r[4], key)))
			complain("%s: %s was not measured: %s", kernel, key, r[4]);
	}
}

void read_figures(void)
{
	for_each_row(k, &kernels)
		read_kernel(k[0]);
	if (exists("measured/floor.tsv"))
		read_kernel("floor");
	publish(&figures);
}

const char **figure(const char *kernel, const char *key)
{
	for_each_row(f, &figures)
		if (measured(f) && is(f[KERNEL], kernel) && is(f[KEY], key))
			return f;
	return NULL;
}

double value(const char **f)
{
	char *end;
	double number = strtod(f[VALUE], &end);

	if (*end || end == f[VALUE])
		die("%s on %s: not a number: %s", f[KEY], f[KERNEL], f[VALUE]);
	return number;
}

char *short_number(double value)
{
	static const char * const units[] = { "", " k", " M", " G", " T" };
	int unit = 0;

	for (; value >= 999.5 && unit < 4; value /= 1000)
		unit++;
	return string("%.*f%s", !unit ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0,
		      value, units[unit]);
}

char *with_commas(long n)
{
	if (n < 0)
		return string("-%s", with_commas(-n));
	if (n < 1000)
		return string("%ld", n);
	return string("%s,%03ld", with_commas(n / 1000), n % 1000);
}

static const char *amount(const char **f)
{
	return !f ? "none" : is(f[UNIT], "bytes") ? with_commas(value(f)) :
	       short_number(value(f));
}

/*
 * NAME-most, -base, -aops, -times, -quotient: for sentences of the template, at the
 * highest x for which both kernels have a figure, or at this x
 */
static void set_pair(const char *name, const char *variant, const char *x)
{
	const char **base = NULL, **aops;
	double times;

	for_each_row(f, &figures)
		if (is(f[KERNEL], "base") && figure("aops", f[KEY]) && measured(f) &&
		    begins(f[KEY], variant) && (!x || is(f[X], x)) &&
		    (!base || atol(f[X]) > atol(base[X])))
			base = f;
	aops = base ? figure("aops", base[KEY]) : NULL;
	times = base ? value(base) / value(aops) : 0;
	set(string("%s-most", name), "%s", base ? with_commas(atol(base[X])) : "");
	set(string("%s-base", name), "%s", base ? short_number(value(base)) : "");
	set(string("%s-aops", name), "%s", base ? short_number(value(aops)) : "");
	set(string("%s-times", name), "%s", !base ? "" : times > 1 ?
	    string("%.1f times fewer", times) : string("%.1f times more", 1 / times));
	set(string("%s-quotient", name), "%s", base ? string("%.3f", 1 / times) : "");
}

static void find_costs(void)
{
	for_each_row(f, &figures) {
		const char **base = figure("base", f[KEY]);
		double noise = is(f[UNIT], "instructions") ? NOISE : 1;
		double before = base ? value(base) : 0;

		if (!is(f[KERNEL], "aops") || !measured(f) || value(f) <= before * noise)
			continue;
		add_row(&higher, string("%s, %s%s, %s", f[MEASUREMENT], f[VARIANT],
			is(f[X], "1") ? "" : string(" %s", with_commas(atol(f[X]))),
			f[UNIT]), amount(base), amount(f),
			before ? string("%.3f", value(f) / before) : "");
	}
	publish(&higher);
}

/* Bytes of structures, code and memory */
static void compare_sizes(void)
{
	int k;

	for (k = 0; k < kernels.nr_rows; k++)
		sizes.titles[1 + k] = string(">%s", kernels.rows[k][0]);
	sizes.titles[1 + k] = ">aops - base";
	for_each_row(f, &figures) {
		const char **base = figure("base", f[KEY]), **aops = figure("aops", f[KEY]);
		const char **row, *name = string("%s %s", is(f[MEASUREMENT], "size") ?
						 "struct" : f[MEASUREMENT], f[VARIANT]);

		if (!measured(f) || !strstr("size text memory", f[MEASUREMENT]) ||
		    find_row(&sizes, name))
			continue;
		row = add_row(&sizes, name);
		for (k = 0; k < kernels.nr_rows; k++) {
			const char **on = figure(kernels.rows[k][0], f[KEY]);

			row[1 + k] = on ? with_commas(value(on)) : "-";
		}
		if (aops)
			row[1 + k] = string("%+.0f", value(aops) - (base ? value(base) : 0));
	}
	publish(&sizes);
}

/* --- the plots: their data for plots.gp, and their alternative texts --- */

/*
 * "base from 1.00 k at 1 to 5.00 M at 500". Nothing, and no curve in @data, if there is
 * only one value.
 */
static const char *add_curve(const char **data, const char *kernel, const char *curve)
{
	const char **low = NULL, **high = NULL, *points = "";

	for_each_row(f, &figures) {
		if (!is(f[KERNEL], kernel) || !measured(f) ||
		    !is(string("%s %s", f[MEASUREMENT], f[VARIANT]), curve))
			continue;
		if (!low || atol(f[X]) < atol(low[X]))
			low = f;
		if (!high || atol(f[X]) > atol(high[X]))
			high = f;
		points = string("%s%s\t%s\n", points, f[X], f[VALUE]);
	}
	if (low == high)
		return "";
	*data = string("%s# %s\n%s\n\n", *data, kernel, points);
	return string("%s from %s at %s to %s at %s", kernel,
		      short_number(value(low)), with_commas(atol(low[X])),
		      short_number(value(high)), with_commas(atol(high[X])));
}

static void write_plots(void)
{
	static const struct {
		const char *name, *curve, *floor;
	} plots[] = {
		{ "sharers", "event sharers", "event floor" },
		{ "idle", "event idle", "" },
		{ "unmapped", "event unmapped", "" },
		{ "unmapped-cold", "event unmapped-cold", "" },
		{ "agf", "agf longest", "" },
	};
	const char *data, *alt;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plots); i++) {
		data = alt = "";
		for_each_row(k, &kernels)
			alt = joined(alt, "; ", add_curve(&data, k[0], plots[i].curve));
		alt = joined(alt, "; ", add_curve(&data, "floor", plots[i].floor));
		set(string("%s-alt", plots[i].name), "%s", alt);
		write_file(string("plots/%s", plots[i].name), data);
	}
	alt = "";
	for_each_row(f, &figures)
		if (is(f[MEASUREMENT], "fault") && begins(f[VARIANT], "p") && measured(f))
			alt = joined(alt, "; ", string("%s on %s %s", f[VARIANT], f[KERNEL],
						       short_number(value(f))));
	set("faults-alt", "%s", alt);
}

void compare_figures(void)
{
	set_pair("event", "event sharers ", NULL);
	set_pair("event-of-one", "event sharers ", "1");
	set_pair("agf", "agf longest ", NULL);
	find_costs();
	compare_sizes();
	write_plots();
}
