// SPDX-License-Identifier: GPL-2.0
/*
 * What the series costs or does worse: each figure that is higher on aops than on
 * base, found by going through all of them, and what is written in "judgements"
 * with the label cost. If there is neither, something is wrong with the run.
 */
#include "report.h"

/* Of instructions: this much comes and goes from one run to the next. */
#define NOISE	1.002

struct table dearer = {
	.name = "dearer",
	.columns = {
		{ "higher on aops" }, { "base", true }, { "aops", true },
		{ "times", true },
	},
	.nr_columns = 4,
};

static bool counts(const struct figure *aops, const struct figure *base)
{
	double before = base ? base->value : 0;

	return aops->value > before *
	       (!strcmp(aops->unit, "instructions") ? NOISE : 1);
}

static char *amount(const struct figure *f)
{
	if (!f)
		return "none";
	return !strcmp(f->unit, "bytes") ? with_commas(f->value) :
					   short_number(f->value);
}

static char *name_of(const struct figure *f)
{
	return string("%s, %s%s, %s", f->measurement, f->variant,
		      f->x == 1 ? "" : string(" %s", with_commas(f->x)),
		      f->unit);
}

void find_costs(void)
{
	int i;

	for (i = 0; i < nr_figures; i++) {
		const struct figure *aops = &figures[i], *base;
		struct cell *row;

		if (strcmp(aops->kernel, "aops") || aops->error)
			continue;
		base = figure("base", aops->measurement, aops->variant, aops->x);
		if (!counts(aops, base))
			continue;
		row = add_row(&dearer);
		row[0].text = name_of(aops);
		row[1].text = amount(base);
		row[2].text = amount(aops);
		if (base && base->value)
			row[3].text = string("%.3f", aops->value / base->value);
	}
	if (!dearer.nr_rows && !cost(0))
		complain("nothing is dearer on aops, and no cost is named: nobody will believe that");
}
