// SPDX-License-Identifier: GPL-2.0
/* The answer in a few sentences, of this run's figures alone. */
#include "report.h"

const char *answers[8];
int nr_answers;

static void say(const char *sentence)
{
	if (sentence)
		answers[nr_answers++] = sentence;
}

/* The highest x that both kernels have a figure for */
static long most(const char *measurement, const char *variant)
{
	long x = 0;
	int i;

	for (i = 0; i < nr_figures; i++)
		if (!strcmp(figures[i].measurement, measurement) &&
		    !strcmp(figures[i].variant, variant) &&
		    figures[i].x > x &&
		    figure("base", measurement, variant, figures[i].x) &&
		    figure("aops", measurement, variant, figures[i].x))
			x = figures[i].x;
	return x;
}

static const char *reach(void)
{
	const char *fixes = "";

	if (has_kernel("fixes"))
		fixes = string(", and in %d of these base with the stand-alone fixes alone comes to the same as the series",
			       nr_fixed_by_fixes);
	return string("Who is reached: in %d of %d scenarios both kernels come to the same. Of the others, %d differ by design, %d by implementation and %d by bugs that any design could fix%s.",
		      nr_same, nr_scenarios, nr_by_label[DESIGN],
		      nr_by_label[IMPLEMENTATION], nr_by_label[BUG], fixes);
}

static const char *price(void)
{
	long n = most("event", "sharers");
	const struct figure *base, *aops, *base1, *aops1;

	if (!n)
		return NULL;
	base = figure("base", "event", "sharers", n);
	aops = figure("aops", "event", "sharers", n);
	base1 = figure("base", "event", "sharers", 1);
	aops1 = figure("aops", "event", "sharers", 1);
	return string("What an event costs: with %s sharers %s instructions on base and %s on aops, %.1f times %s%s.",
		      with_commas(n), short_number(base->value),
		      short_number(aops->value),
		      base->value > aops->value ? base->value / aops->value :
						  aops->value / base->value,
		      base->value > aops->value ? "fewer" : "more",
		      base1 && aops1 ?
		      string("; with one, %s and %s (%.3f times)",
			     short_number(base1->value),
			     short_number(aops1->value),
			     aops1->value / base1->value) : "");
}

static const char *hold(void)
{
	long n = most("agf", "longest");

	if (!n)
		return NULL;
	return string("The filesystem's lock: with %s sharer%s the AGF is held for %s instructions at a time on base, for %s on aops, where nothing is waited for, unmapped or signalled meanwhile.",
		      with_commas(n), n == 1 ? "" : "s",
		      short_number(figure("base", "agf", "longest", n)->value),
		      short_number(figure("aops", "agf", "longest", n)->value));
}

static const char *reached_goals(void)
{
	int unknown = goals.nr_rows - goals_met - goals_missed;

	return string("The goals: %d of %d are met%s%s%s.", goals_met,
		      goals.nr_rows,
		      unknown ? string(", %d not measured", unknown) : "",
		      goals_missed ? "; not met: " : "", missed);
}

static const char *code(void)
{
	return string("What it takes: %s What is dearer or worse has a section of its own.",
		      code_sentence());
}

void answer(void)
{
	say(reach());
	say(price());
	say(hold());
	say(reached_goals());
	say(code());
}
