// SPDX-License-Identifier: GPL-2.0
/*
 * The results of bench/measure: measured/KERNEL.tsv, with lines of
 * MEASUREMENT, VARIANT, X, UNIT, VALUE. If UNIT is "error", VALUE is the reason.
 */
#include "report.h"

struct figure *figures;
int nr_figures;

/* Instruction counts vary by this much between two runs. */
#define NOISE	1.002

static struct table all = {
	.name = "figures",
	.columns = {
		{ "kernel" }, { "measurement" }, { "variant" }, { "x" },
		{ "unit" }, { "value" },
	},
	.nr_columns = 6,
};

static struct table higher = {
	.name = "higher",
	.columns = {
		{ "higher on aops" }, { "base", true }, { "aops", true },
		{ "times", true },
	},
	.nr_columns = 4,
};

static struct table sizes = { .name = "sizes", .columns = { { "bytes" } } };

/* The plots of plots.gp that have curves: whether they have, and alternative texts */
static const struct {
	const char *name, *measurement, *variant, *floor;
} plots[] = {
	{ "sharers", "event", "sharers", "floor" },
	{ "sharers-log", "event", "sharers", "floor" },
	{ "idle", "event", "idle", "" },
	{ "unmapped", "event", "unmapped", "" },
	{ "unmapped-cold", "event", "unmapped-cold", "" },
	{ "agf", "agf", "longest", "" },
};

static double number(const char *name, const char *s)
{
	char *end;
	double value = strtod(s, &end);

	if (*end || end == s)
		die("%s: not a number: %s", name, s);
	return value;
}

static void read_kernel(const char *kernel)
{
	char *name = string("measured/%s.tsv", kernel), **l, *fields[5];
	int before = nr_figures;

	for (l = lines(name); *l; l++) {
		struct figure *f;
		struct cell *row;

		if (!split(name, *l, fields, 5))
			continue;
		figures = grown(figures, nr_figures, sizeof(*figures));
		f = &figures[nr_figures++];
		*f = (struct figure) {
			kernel, fields[0], fields[1], fields[3],
			.x = number(name, fields[2]),
		};
		row = add_row(&all);
		row[0].text = kernel;
		memcpy(&row[1], (struct cell [5]) {
			{ fields[0] }, { fields[1] }, { fields[2] },
			{ fields[3] }, { fields[4] } }, 5 * sizeof(*row));
		if (!strcmp(f->unit, "error")) {
			f->error = fields[4];
			complain("%s: %s %s %ld was not measured: %s", kernel,
				 f->measurement, f->variant, f->x, f->error);
		} else {
			f->value = number(name, fields[4]);
		}
	}
	if (nr_figures == before)
		die("%s: it has no figures", name);
}

void read_figures(void)
{
	int i;

	for (i = 0; i < nr_kernels; i++)
		read_kernel(kernels[i]);
	if (exists("measured/floor.tsv"))
		read_kernel("floor");
	publish(&all);
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

static const struct figure *same_on(const char *kernel, const struct figure *f)
{
	return figure(kernel, f->measurement, f->variant, f->x);
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

char *with_commas(long n)
{
	if (n < 0)
		return string("-%s", with_commas(-n));
	if (n < 1000)
		return string("%ld", n);
	return string("%s,%03ld", with_commas(n / 1000), n % 1000);
}

/* --- sentences of the answer --- */

/* The highest x for which both kernels have a figure, 0 if there is none */
static long most(const char *measurement, const char *variant)
{
	long x = 0;
	int i;

	for (i = 0; i < nr_figures; i++)
		if (figures[i].x > x && same_on("base", &figures[i]) &&
		    same_on("aops", &figures[i]) &&
		    !strcmp(figures[i].measurement, measurement) &&
		    !strcmp(figures[i].variant, variant))
			x = figures[i].x;
	return x;
}

/* NAME-most, -base, -aops, -times, -quotient: for sentences of the template */
static void set_pair(const char *name, const char *measurement,
		     const char *variant, long x)
{
	const struct figure *base = figure("base", measurement, variant, x);
	const struct figure *aops = figure("aops", measurement, variant, x);
	bool both = base && aops;
	double times = !both ? 0 : base->value / aops->value;

	set(string("%s-most", name), "%s", both ? with_commas(x) : "");
	set(string("%s-base", name), "%s", both ? short_number(base->value) : "");
	set(string("%s-aops", name), "%s", both ? short_number(aops->value) : "");
	set(string("%s-times", name), "%s", !both ? "" : times > 1 ?
	    string("%.1f times fewer", times) : string("%.1f times more", 1 / times));
	set(string("%s-quotient", name), "%s", !both ? "" : string("%.3f", 1 / times));
}

/* --- what is higher on aops --- */

static const char *amount(const struct figure *f)
{
	return !f ? "none" : !strcmp(f->unit, "bytes") ? with_commas(f->value) :
	       short_number(f->value);
}

static void find_costs(void)
{
	int i;

	for (i = 0; i < nr_figures; i++) {
		const struct figure *aops = &figures[i], *base;
		double noise = strcmp(aops->unit, "instructions") ? 1 : NOISE;
		struct cell *row;

		base = same_on("base", aops);
		if (strcmp(aops->kernel, "aops") || aops->error ||
		    aops->value <= (base ? base->value * noise : 0))
			continue;
		row = add_row(&higher);
		row[0].text = string("%s, %s%s, %s", aops->measurement,
				     aops->variant, aops->x == 1 ? "" :
				     string(" %s", with_commas(aops->x)),
				     aops->unit);
		row[1].text = amount(base);
		row[2].text = amount(aops);
		if (base && base->value)
			row[3].text = string("%.3f", aops->value / base->value);
	}
	if (!higher.nr_rows && !*get("costs"))
		complain("no figure is higher on aops and no cost is named: this is not credible");
	publish(&higher);
	write_file("texts/costs", string("%s\n%s\n", table_text(&higher, false), get("costs")));
}

/* --- bytes of structures, code and memory --- */

static bool is_size(const struct figure *f)
{
	return !f->error && (!strcmp(f->measurement, "size") ||
			     !strcmp(f->measurement, "text") ||
			     !strcmp(f->measurement, "memory"));
}

/* The first kernel that has it */
static bool is_first(const struct figure *f)
{
	const struct figure *g;

	for (g = figures; g < f; g++)
		if (!g->error && same_on(g->kernel, f) == g)
			return false;
	return true;
}

static void compare_sizes(void)
{
	const struct figure *f, *base, *aops, *on;
	int k;

	for (k = 0; k < nr_kernels; k++)
		sizes.columns[1 + k] = (struct column) { kernels[k], true };
	sizes.columns[1 + k] = (struct column) { "aops - base", true };
	sizes.nr_columns = 2 + k;
	for (f = figures; f < figures + nr_figures; f++) {
		struct cell *row;

		if (!is_size(f) || !is_first(f))
			continue;
		row = add_row(&sizes);
		row[0].text = string("%s %s", strcmp(f->measurement, "size") ?
				     f->measurement : "struct", f->variant);
		for (k = 0; k < nr_kernels; k++) {
			on = same_on(kernels[k], f);
			row[1 + k].text = on ? with_commas(on->value) : "-";
		}
		base = same_on("base", f);
		aops = same_on("aops", f);
		if (aops)
			row[1 + k].text = string("%+.0f", aops->value -
						 (base ? base->value : 0));
	}
	publish(&sizes);
}

/* --- plots --- */

static const char *ends_of_curve(const char *kernel, const char *measurement,
				 const char *variant)
{
	const struct figure *f, *low = NULL, *high = NULL;

	for (f = figures; f < figures + nr_figures; f++) {
		if (strcmp(f->kernel, kernel) || figure(kernel, measurement, variant, f->x) != f)
			continue;
		if (!low || f->x < low->x)
			low = f;
		if (!high || f->x > high->x)
			high = f;
	}
	if (low == high)
		return "";
	return string("%s from %s at %s to %s at %s", kernel,
		      short_number(low->value), with_commas(low->x),
		      short_number(high->value), with_commas(high->x));
}

/* PLOT-alt: the curve of each kernel in words. Empty if plots.gp drew nothing. */
static void describe_plots(void)
{
	static const char * const faults[] = {
		"pte-read", "pte-write", "pmd-read", "pmd-write",
	};
	const char *alt, *one;
	unsigned int i;
	int k;

	for (i = 0; i < ARRAY_SIZE(plots); i++) {
		alt = "";
		for (k = 0; k <= nr_kernels; k++) {
			one = k < nr_kernels ?
			      ends_of_curve(kernels[k], plots[i].measurement,
					    plots[i].variant) :
			      ends_of_curve("floor", plots[i].measurement,
					    plots[i].floor);
			if (*one)
				alt = joined(alt, "; ", one);
		}
		set(string("%s-alt", plots[i].name), "%s",
		    exists(string("plots/%s.svg", plots[i].name)) ? alt : "");
	}
	alt = "";
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		for (k = 0; k < nr_kernels; k++) {
			const struct figure *f = figure(kernels[k], "fault",
							faults[i], 1);

			if (f)
				alt = joined(alt, "; ",
					     string("%s on %s %s", faults[i], f->kernel,
						    short_number(f->value)));
		}
	set("faults-alt", "%s", exists("plots/faults.svg") ? alt : "");
}

void compare_figures(void)
{
	set_pair("event", "event", "sharers", most("event", "sharers"));
	set_pair("event-of-one", "event", "sharers", 1);
	set_pair("agf", "agf", "longest", most("agf", "longest"));
	find_costs();
	compare_sizes();
	describe_plots();
}
