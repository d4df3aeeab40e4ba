// SPDX-License-Identifier: GPL-2.0
/*
 * The plots: gnuplot draws them, from the figures, as plots.gp says; then its
 * colours become variables of the page's style, so that one drawing does for a
 * light and for a dark page.
 */
#include <errno.h>
#include <sys/stat.h>
#include "report.h"

struct plot *plots;
int nr_plots;

/* gnuplot's colour for a series, its variable, dashes and points */
static const struct series {
	const char *kernel, *colour, *variable;
	int dash, point;
} series[] = {
	{ "base", "#d55e00", "--base", 1, 7 },
	{ "fixes", "#009e73", "--fixes", 2, 5 },
	{ "aops", "#0072b2", "--aops", 1, 9 },
	{ "with", "#cc79a7", "--with", 4, 13 },
	{ "floor", "#767676", "--floor", 3, 1 },
};
#define INK	"#010101"	/* axes and text */
#define FAINT	"#dedede"	/* grid */

static const struct {
	const char *name, *title, *caption;
	const char *measurement, *variant, *floor;
	const char *x, *y;
	bool log;
} wanted[] = {
	{ "sharers", "One event: sharers, a process each",
	  "Linear axes.", "event", "sharers", "floor",
	  "files that share the page", "instructions of the injecting thread" },
	{ "sharers-log", "The same on logarithmic axes",
	  "A slope of one is proportional to the sharers, a slope of two to their square.",
	  "event", "sharers", "floor", "files that share the page",
	  "instructions of the injecting thread", true },
	{ "idle", "One event: one sharer among idle processes",
	  "The idle processes have nothing to do with the page.",
	  "event", "idle", NULL, "idle processes",
	  "instructions of the injecting thread" },
	{ "unmapped", "One event: sharers that are in core, ten of them mapped",
	  "All have the block, ten processes have it mapped.",
	  "event", "unmapped", NULL, "files that share the page",
	  "instructions of the injecting thread", true },
	{ "unmapped-cold", "The same, the others not in core",
	  "The files that nobody maps are on the medium only.",
	  "event", "unmapped-cold", NULL, "files that share the page",
	  "instructions of the injecting thread", true },
	{ "agf", "The longest time that one event has the AGF locked",
	  "Who allocates, frees or faults in a shared block of this allocation group waits for so long.",
	  "agf", "longest", NULL, "files that share the page",
	  "instructions with the AGF locked", true },
};

static const char * const faults[] = {
	"pte-read", "pte-write", "pmd-read", "pmd-write",
};

/* --- what gnuplot leaves --- */

static const char *replaced(const char *s, const char *what, const char *by)
{
	size_t len = strlen(what);
	char *text, *at;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (; (at = strstr(s, what)); s = at + len)
		fprintf(f, "%.*s%s", (int)(at - s), s, by);
	fputs(s, f);
	fclose(f);
	return text;
}

/* gnuplot writes colours in more than one way */
static const char *recoloured(const char *svg, const char *colour,
			      const char *variable)
{
	unsigned int r, g, b;
	char *by = string("var(%s)", variable);
	char *upper = string("%s", colour), *c;

	sscanf(colour, "#%2x%2x%2x", &r, &g, &b);
	for (c = upper; *c; c++)
		if (*c >= 'a')
			*c -= 'a' - 'A';
	svg = replaced(svg, string("rgb(%3u, %3u, %3u)", r, g, b), by);
	svg = replaced(svg, string("rgb(%2u, %2u, %2u)", r, g, b), by);
	svg = replaced(svg, upper, by);
	return replaced(svg, colour, by);
}

static char *read_svg(const char *name, const char *title)
{
	FILE *f = input("plots/%s.svg", name), *out;
	char *text, *line;
	const char *svg;
	size_t size;
	unsigned int i;
	bool in = false;

	out = open_memstream(&text, &size);
	while ((line = next_line(f))) {
		/* the document's head has no place in a page */
		in |= !strncmp(line, "<svg", 4);
		if (in && strncmp(line, "<title>", 7))
			fprintf(out, "%s\n", line);
	}
	fclose(f);
	fclose(out);
	if (!in)
		die("plots/%s.svg: gnuplot drew nothing", name);
	svg = text;
	for (i = 0; i < ARRAY_SIZE(series); i++)
		svg = recoloured(svg, series[i].colour, series[i].variable);
	svg = recoloured(svg, INK, "--ink");
	svg = recoloured(svg, FAINT, "--rule");
	/* ids are the page's now, and there are several drawings */
	svg = replaced(svg, "gnuplot_plot_", string("%s_plot_", name));
	svg = replaced(svg, "gpDot", string("%s_dot", name));
	svg = replaced(svg, "gpPt", string("%s_pt", name));
	svg = replaced(svg, "<svg", string("<svg role=\"img\" aria-label=\"%s\"",
					   title));
	return (char *)svg;
}

static void run_gnuplot(const char *name)
{
	char *command = string("cd '%s/plots' && gnuplot '%s.plot'", dir, name);

	if (system(command))
		die("gnuplot fails: %s", command);
}

static FILE *begin(const char *name, const char *title)
{
	FILE *f = output("plots/%s.plot", name);

	fprintf(f, "name = '%s'\ntitle_text = \"%s\"\nink = '%s'\nfaint = '%s'\n"
		"load '%s/plots.gp'\n", name, title, INK, FAINT, ours);
	return f;
}

static void add_plot(const char *name, const char *title, const char *caption)
{
	run_gnuplot(name);
	plots = grown(plots, nr_plots, sizeof(*plots));
	plots[nr_plots++] = (struct plot) {
		name, title, caption, read_svg(name, title),
	};
}

/* --- curves --- */

static int by_x(const void *a, const void *b)
{
	const struct figure *fa = *(void **)a, *fb = *(void **)b;

	return (fa->x > fb->x) - (fa->x < fb->x);
}

/* What the numbers on a linear axis are of, so that they are short */
static const struct unit {
	double size;
	const char *name;
} units[] = {
	{ 1, "" }, { 1e3, ", thousands" }, { 1e6, ", millions" },
	{ 1e9, ", thousand millions" },
};

static const struct unit *unit_for(double highest)
{
	unsigned int i = 0;

	while (i + 1 < ARRAY_SIZE(units) && highest >= 2 * units[i + 1].size)
		i++;
	return &units[i];
}

/* A series as gnuplot's inline data; the number of its points */
static int write_points(FILE *f, const char *kernel, const char *measurement,
			const char *variant, double *highest)
{
	const struct figure **found = NULL;
	int nr = 0, i;

	for (i = 0; i < nr_figures; i++) {
		if (figures[i].error || strcmp(figures[i].kernel, kernel) ||
		    strcmp(figures[i].measurement, measurement) ||
		    strcmp(figures[i].variant, variant))
			continue;
		found = grown(found, nr, sizeof(*found));
		found[nr++] = &figures[i];
	}
	if (!nr)
		return 0;
	qsort(found, nr, sizeof(*found), by_x);
	fprintf(f, "$%s << END\n", kernel);
	for (i = 0; i < nr; i++) {
		fprintf(f, "%ld %.0f\n", found[i]->x, found[i]->value);
		if (found[i]->value > *highest)
			*highest = found[i]->value;
	}
	fprintf(f, "END\n");
	return nr;
}

static void draw_curves(int w)
{
	FILE *f = begin(wanted[w].name, wanted[w].title);
	const char *command = "";
	const struct unit *unit = units;
	double highest = 0;
	int most = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(series); i++) {
		bool floor = !strcmp(series[i].kernel, "floor");
		int nr;

		if (floor && !wanted[w].floor)
			continue;
		nr = write_points(f, series[i].kernel, wanted[w].measurement,
				  floor ? wanted[w].floor : wanted[w].variant,
				  &highest);
		if (nr > most)
			most = nr;
		if (nr)
			command = string("%s%s$%s using 1:($2/unit) with linespoints title '%s' lc rgb '%s' dt %d pt %d lw 2 ps 0.6",
					 command, *command ? ", " : "plot ",
					 series[i].kernel, series[i].kernel,
					 series[i].colour, series[i].dash,
					 series[i].point);
	}
	if (!wanted[w].log)
		unit = unit_for(highest);
	fprintf(f, "unit = %g\nset xlabel '%s'\nset ylabel '%s%s'\n%s%s\n",
		unit->size, wanted[w].x, wanted[w].y, unit->name,
		wanted[w].log ? "set logscale xy\nset format y '%.0s %c'\n" :
		"set yrange [0:*]\nset xrange [0:*]\n", command);
	finish(f);
	/* one point is no curve */
	if (most > 1)
		add_plot(wanted[w].name, wanted[w].title, wanted[w].caption);
}

/* --- faults, as bars --- */

static void draw_faults(void)
{
	static const char title[] = "A fault on a file that shares nothing";
	FILE *f = begin("faults", title);
	const char *command = "";
	int columns = 0;
	unsigned int i, j;

	fprintf(f, "$faults << END\n");
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		fprintf(f, "%s", faults[i]);
		for (j = 0; j < ARRAY_SIZE(series); j++) {
			const struct figure *fig = figure(series[j].kernel,
							  "fault", faults[i], 1);

			if (has_kernel(series[j].kernel))
				fprintf(f, " %.0f", fig ? fig->value : 0);
			columns += !!fig;
		}
		fprintf(f, "\n");
	}
	fprintf(f, "END\n");
	for (j = 0, i = 2; j < ARRAY_SIZE(series); j++)
		if (has_kernel(series[j].kernel))
			command = string("%s%s$faults using %u%s title '%s' lc rgb '%s'",
					 command, *command ? ", " : "plot ", i++,
					 *command ? "" : ":xtic(1)",
					 series[j].kernel, series[j].colour);
	fprintf(f, "set style data histogram\nset style histogram cluster gap 1\n"
		"set style fill solid 0.85 noborder\nset yrange [0:*]\n"
		"set xlabel 'kind of fault'\nset ylabel 'instructions of one fault'\nset format y '%%.0f'\n%s\n",
		command);
	finish(f);
	if (columns)
		add_plot("faults", title,
			 "Each draws a page, or 2 MiB, that is on the medium already.");
}

void draw_plots(void)
{
	unsigned int i;

	if (mkdir(string("%s/plots", dir), 0777) && errno != EEXIST)
		die("%s/plots: %s", dir, strerror(errno));
	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		draw_curves(i);
	draw_faults();
}
