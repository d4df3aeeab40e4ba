// SPDX-License-Identifier: GPL-2.0
/*
 * The report as text: report.md for below a cover letter, the tables by
 * themselves for the places that quote one, and everything as data.
 */
#include <errno.h>
#include <sys/stat.h>
#include "report.h"

#define WIDTH	72	/* of a mail */

static void heading(FILE *f, const char *title)
{
	fprintf(f, "\n## %s\n\n", title);
}

static void wrapped_list(FILE *f, const char *s)
{
	char *text;
	size_t size;
	FILE *m = open_memstream(&text, &size);

	put_wrapped(m, s, "  ", WIDTH);
	fclose(m);
	text[0] = '-';
	fputs(text, f);
}

/* --- profiles --- */

static void put_profile(FILE *f, const struct profile *p, const char *indent)
{
	put_wrapped(f, p->missing ? p->missing : p->sentence, indent, WIDTH - 4);
	if (p->missing)
		return;
	fputs("\n", f);
	write_text(f, &p->groups, indent);
	fputs("\n", f);
	write_text(f, &p->functions, indent);
}

/* --- the matrix, which is too wide for a table --- */

static void put_difference(FILE *f, int row)
{
	const struct cell *cells = differences.rows[row];
	const struct judgement *j;
	int i;

	fprintf(f, "%s: %s\n", cells[0].text, cells[1].text);
	for (i = 0; i < nr_kernels; i++)
		fprintf(f, "    %-6s %s\n", kernels[i].name, cells[2 + i].text);
	for (i = 0; (j = judgement(cells[0].text, i)); i++)
		put_wrapped(f, string("%s: %s", j->label, j->sentence), "    ",
			    WIDTH);
}

static void put_costs(FILE *f, const char *indent)
{
	const struct judgement *c;
	int i;

	if (dearer.nr_rows) {
		write_text(f, &dearer, indent);
		fputs("\n", f);
	}
	for (i = 0; (c = cost(i)); i++)
		put_wrapped(f, string("%s. %s", c->scenario, c->sentence),
			    indent, WIDTH - 4);
}

static void put_path(FILE *f, const struct path *path)
{
	int i;

	for (i = 0; i < path->nr; i++) {
		const struct step *s = &path->steps[i];
		int at;

		if (s->event)
			continue;
		at = fprintf(f, "    %*s%s", 2 * s->depth, "", s->text);
		fprintf(f, "%*s %-11s %s%s%s\n", at < 48 ? 48 - at : 0, "",
			s->layer, s->locks, *s->how ? "  " : "",
			*s->how ? "*" : "");
	}
}

void write_markdown(void)
{
	FILE *f = output("report.md");
	const char *key, *value;
	unsigned int p;
	int i;

	fprintf(f, "# memory_failure() by way of the mapping: compared with %s\n\n",
		environment("kernel source"));
	for (i = 0; i < nr_kernels; i++)
		fprintf(f, "- %s: %s\n", kernels[i].name, kernels[i].what);
	fputs("\n", f);
	if (quick())
		fputs("A quick run: fewer scenarios, fewer figures.\n\n", f);
	for (i = 0; i < nr_complaints; i++)
		wrapped_list(f, string("NOT IN ORDER: %s", complaints[i]));
	for (i = 0; i < nr_answers; i++)
		wrapped_list(f, answers[i]);

	heading(f, "Goals");
	write_text(f, &goals, "    ");
	for (p = 0; p < ARRAY_SIZE(profiles); p++) {
		if (profiles[p].missing)
			continue;
		fprintf(f, "\nNot met: %s.\n\n", profiles[p].goal);
		put_profile(f, &profiles[p], "    ");
	}
	heading(f, "Scenarios");
	write_text(f, &summary, "    ");
	fprintf(f, "\nWhere base and aops differ:\n\n");
	for (i = 0; i < differences.nr_rows; i++)
		put_difference(f, i);
	fprintf(f, "\nWhere they come to the same:\n\n");
	for (i = 0; i < same.nr_rows; i++)
		fprintf(f, "    %-20s %s\n", same.rows[i][0].text,
			same.rows[i][2].text);
	heading(f, "The way of one event");
	write_text(f, &crossings, "    ");
	for (i = 0; i < 2; i++) {
		fprintf(f, "\n%s; with the part of the kernel, and the locks held. * is called by a pointer.\n\n",
			paths[i].kernel);
		put_path(f, &paths[i]);
	}
	heading(f, "The code");
	put_wrapped(f, code_sentence(), "", WIDTH);
	fputs("\n", f);
	write_text(f, &subsystems, "    ");
	fputs("\n", f);
	write_text(f, &interfaces, "    ");
	fputs("\n", f);
	write_text(f, &sizes, "    ");
	heading(f, "What aops costs, or does worse");
	put_costs(f, "    ");
	heading(f, "Where this comes from");
	for (i = 0; (value = fact(i, &key)); i++)
		fprintf(f, "    %-18s %s\n", key, value);
	finish(f);
}

/* --- tables for other texts --- */

static FILE *text(const char *name)
{
	return output("texts/%s", name);
}

void write_texts(void)
{
	unsigned int i;
	FILE *f;

	if (mkdir(string("%s/texts", dir), 0777) && errno != EEXIST)
		die("%s/texts: %s", dir, strerror(errno));
	f = text("goals");
	write_text(f, &goals, "");
	finish(f);
	f = text("matrix-summary");
	write_text(f, &summary, "");
	finish(f);
	f = text("code");
	write_text(f, &subsystems, "");
	finish(f);
	f = text("costs");
	put_costs(f, "");
	finish(f);
	/* also what is not shown: a text that quotes it is to say so */
	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		f = text(profiles[i].name);
		put_profile(f, &profiles[i], "");
		finish(f);
	}
}

/* --- data --- */

static void put_member(FILE *f, const char *name, const struct table *t)
{
	fprintf(f, ",\n  ");
	put_json(f, name);
	fprintf(f, ": ");
	write_json(f, t);
}

static void put_pairs(FILE *f)
{
	const char *key, *value;
	int i;

	fprintf(f, "{\n  \"environment\": {");
	for (i = 0; (value = fact(i, &key)); i++) {
		fprintf(f, "%s\n    ", i ? "," : "");
		put_json(f, key);
		fprintf(f, ": ");
		put_json(f, value);
	}
	fprintf(f, "},\n  \"not in order\": [");
	for (i = 0; i < nr_complaints; i++) {
		fprintf(f, "%s\n    ", i ? "," : "");
		put_json(f, complaints[i]);
	}
	fprintf(f, "]");
}

static void put_profiles(FILE *f)
{
	unsigned int i;
	int nr = 0;

	fprintf(f, ",\n  \"profiles\": [");
	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		const struct profile *p = &profiles[i];

		if (p->missing)
			continue;
		fprintf(f, "%s\n  {\"goal\": ", nr++ ? "," : "");
		put_json(f, p->goal);
		fprintf(f, ",\n  \"shows\": ");
		put_json(f, p->sentence);
		put_member(f, "groups", &p->groups);
		put_member(f, "functions", &p->functions);
		fprintf(f, "}");
	}
	fprintf(f, "]");
}

static void put_judgements(FILE *f)
{
	const struct judgement *j;
	int row, i, nr = 0;

	fprintf(f, ",\n  \"judgements\": [");
	for (row = 0; row < differences.nr_rows; row++) {
		for (i = 0; (j = judgement(differences.rows[row][0].text, i)); i++) {
			fprintf(f, "%s\n    {\"scenario\": ", nr++ ? "," : "");
			put_json(f, j->scenario);
			fprintf(f, ", \"label\": ");
			put_json(f, j->label);
			fprintf(f, ", \"sentence\": ");
			put_json(f, j->sentence);
			fprintf(f, "}");
		}
	}
	fprintf(f, "]");
}

static void put_figures(FILE *f)
{
	int i;

	fprintf(f, ",\n  \"figures\": [");
	for (i = 0; i < nr_figures; i++) {
		const struct figure *fig = &figures[i];

		fprintf(f, "%s\n    {\"kernel\": \"%s\", \"measurement\": \"%s\", "
			"\"variant\": \"%s\", \"x\": %ld, \"unit\": \"%s\", ",
			i ? "," : "", fig->kernel, fig->measurement,
			fig->variant, fig->x, fig->unit);
		if (fig->error) {
			fprintf(f, "\"error\": ");
			put_json(f, fig->error);
		} else {
			fprintf(f, "\"value\": %.17g", fig->value);
		}
		fprintf(f, "}");
	}
	fprintf(f, "]");
}

void write_results(void)
{
	FILE *f = output("results.json");

	put_pairs(f);
	put_member(f, "goals", &goals);
	put_profiles(f);
	put_member(f, "summary", &summary);
	put_member(f, "differences", &differences);
	put_judgements(f);
	put_member(f, "same", &same);
	put_member(f, "crossings", &crossings);
	put_member(f, "subsystems", &subsystems);
	put_member(f, "interfaces", &interfaces);
	put_member(f, "sizes", &sizes);
	put_member(f, "dearer", &dearer);
	put_figures(f);
	fprintf(f, "\n}\n");
	finish(f);
}
