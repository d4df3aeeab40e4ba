// SPDX-License-Identifier: GPL-2.0
/*
 * index.html: one file that needs nothing else, but for the logs that it leads to.
 * style.css is put into it. It is written for somebody who knows XFS and not this
 * project: the question, the answer, and then what the answer stands on.
 */
#include <errno.h>
#include <stdarg.h>
#include "report.h"

static FILE *page;

static void put(const char *fmt, ...) __printf(1, 2);
static void put(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(page, fmt, ap);
	va_end(ap);
}

static void paragraph(const char *s)
{
	put("<p>");
	put_html(page, s);
	put("</p>\n");
}

static const struct {
	const char *id, *title;
} sections[] = {
	{ "answer", "The answer" },
	{ "goals", "Goals" },
	{ "plots", "Figures" },
	{ "scenarios", "Scenarios" },
	{ "path", "The way of one event" },
	{ "code", "The code" },
	{ "costs", "What aops costs, or does worse" },
	{ "environment", "Where this comes from" },
};

static void section(int i)
{
	put("</section>\n<section id=%s><h2>%s</h2>\n", sections[i].id,
	    sections[i].title);
}

static void put_style(void)
{
	char *name = string("%s/style.css", ours), *line;
	FILE *f = fopen(name, "r");

	if (!f)
		die("%s: %s", name, strerror(errno));
	put("<style>\n");
	while ((line = next_line(f)))
		put("%s\n", line);
	put("</style>\n");
	fclose(f);
}

static void put_head(void)
{
	unsigned int i;

	put("<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
	    "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=color-scheme content=\"light dark\">\n"
	    "<title>memory_failure() by way of the mapping: compared</title>\n");
	put_style();
	put("</head><body>\n<header><h1>memory_failure() by way of the mapping</h1>\n"
	    "<p class=under>Compared with the kernel as it is: ");
	put_html(page, environment("kernel source"));
	put(". ");
	put_html(page, environment("date"));
	put("</p>\n<nav>");
	for (i = 0; i < ARRAY_SIZE(sections); i++)
		put("<a href=\"#%s\">%s</a> ", sections[i].id, sections[i].title);
	put("</nav></header>\n<main>\n");
}

static void put_question(void)
{
	int i;

	put("<section id=question><h2>The question</h2>\n");
	paragraph("A page of persistent memory fails. XFS reflink has made several "
		  "files share it, and processes have it mapped by different ones "
		  "of them. memory_failure() has to find them all. Linux goes down "
		  "to the driver, up to the filesystem by the holder of the DAX "
		  "device, and has XFS's reverse mapping call back into memory "
		  "management, once for each owner. The other way, proposed in 2021 "
		  "and not written then, asks the page's mapping by an operation "
		  "of its address space, and gives shared pages a mapping that "
		  "stands for all who share. Is that better, where, and what does "
		  "it cost?");
	put("<dl class=kernels>");
	for (i = 0; i < nr_kernels; i++) {
		put("<dt class=\"k %s\">%s</dt><dd>", kernels[i].name,
		    kernels[i].name);
		put_html(page, kernels[i].what);
		put("</dd>\n");
	}
	put("</dl>\n");
}

static void put_answer(void)
{
	int i;

	section(0);
	if (quick())
		put("<p class=warning>A quick run: fewer scenarios, fewer figures.</p>\n");
	if (nr_complaints) {
		put("<div class=trouble><p>This run is not in order:</p><ul>");
		for (i = 0; i < nr_complaints; i++) {
			put("<li>");
			put_html(page, complaints[i]);
			put("</li>\n");
		}
		put("</ul></div>\n");
	}
	put("<ol class=answer>");
	for (i = 0; i < nr_answers; i++) {
		const char *end = strchr(answers[i], ':');
		int bold = end ? end - answers[i] : 0;

		put("<li><b>%.*s</b>", bold, answers[i]);
		put_html(page, answers[i] + bold);
		put("</li>\n");
	}
	put("</ol>\n");
}

static void put_profile(const struct profile *p)
{
	put("<h3>Not met: ");
	put_html(page, p->goal);
	put("</h3>\n");
	paragraph(p->sentence);
	put("<div class=profiles>");
	write_html(page, &p->groups);
	write_html(page, &p->functions);
	put("</div>\n");
}

static void put_goals(void)
{
	unsigned int i;

	section(1);
	paragraph("Quotients of figures of this run. Instructions are those of the "
		  "thread that has the page fail, counted by the emulator: the "
		  "same on every machine, and no more than a model of time. The floor "
		  "is a kernel that is told who has the page and where, and does "
		  "the unmapping and the signals alone.");
	write_html(page, &goals);
	for (i = 0; i < ARRAY_SIZE(profiles); i++)
		if (!profiles[i].missing)
			put_profile(&profiles[i]);
}

static void put_plots(void)
{
	int i;

	section(2);
	put("<div class=plots>");
	for (i = 0; i < nr_plots; i++) {
		put("<figure><figcaption><b>");
		put_html(page, plots[i].title);
		put("</b> <span>");
		put_html(page, plots[i].caption);
		put("</span></figcaption>\n%s</figure>\n", plots[i].svg);
	}
	put("</div>\n");
}

static void put_difference(int row)
{
	const struct cell *cells = differences.rows[row];
	const struct judgement *j;
	int i;

	put("<tr><th scope=row>");
	put_html(page, cells[0].text);
	put("<span>");
	put_html(page, cells[1].text);
	put("</span></th>");
	for (i = 0; i < nr_kernels; i++) {
		const struct cell *c = &cells[2 + i];

		put("<td><a class=\"mark %s\" href=\"%s\">", c->mark, c->link);
		put_html(page, c->text);
		put("</a>");
		if (c->more) {
			put("<details><summary>which</summary><ul>");
			for (const char *s = c->more; *s; s += *s == '\n') {
				int len = strcspn(s, "\n");

				put("<li>");
				put_html(page, string("%.*s", len, s));
				put("</li>");
				s += len;
			}
			put("</ul></details>");
		}
		put("</td>");
	}
	put("</tr>\n<tr class=why><td colspan=%d>", 1 + nr_kernels);
	for (i = 0; (j = judgement(cells[0].text, i)); i++) {
		put("<p><span class=\"label %s\">%s</span> ", j->label, j->label);
		put_html(page, j->sentence);
		put("</p>");
	}
	if (!i)
		put("<p><span class=\"label none\">not judged</span></p>");
	put("</td></tr>\n");
}

static void put_scenarios(void)
{
	int i;

	section(3);
	paragraph("Each scenario is a program that runs in a fresh guest, has pages "
		  "fail and checks what came of it. The outcome leads to the log.");
	write_html(page, &summary);
	put("<h3>Where base and aops differ</h3>\n");
	put("<ul class=legend>"
	    "<li><span class=\"label design\">design</span> follows from how the merged design is built: whoever keeps it keeps this</li>\n"
	    "<li><span class=\"label implementation\">implementation</span> the merged design could do without it, at the price of work on its callbacks and locks</li>\n"
	    "<li><span class=\"label bug\">bug</span> any design has to get this right, and the merged one can</li></ul>\n");
	put("<div class=scroll><table class=matrix><thead><tr><th>scenario</th>");
	for (i = 0; i < nr_kernels; i++)
		put("<th>%s</th>", kernels[i].name);
	put("</tr></thead><tbody>\n");
	for (i = 0; i < differences.nr_rows; i++)
		put_difference(i);
	put("</tbody></table></div>\n");
	put("<h3>Where they come to the same</h3>\n");
	write_html(page, &same);
}

/* --- the path --- */

/* The steps below step i, itself included */
static int extent(const struct path *path, int i)
{
	int n = 1;

	while (i + n < path->nr && path->steps[i + n].depth > path->steps[i].depth)
		n++;
	return n;
}

static bool alike(const struct path *path, int a, int b, int n)
{
	int i;

	if (b + n > path->nr || extent(path, b) != n)
		return false;
	for (i = 0; i < n; i++) {
		const struct step *sa = &path->steps[a + i];
		const struct step *sb = &path->steps[b + i];

		if (sa->event != sb->event || sa->depth != sb->depth ||
		    (!sa->event && strcmp(sa->text, sb->text)))
			return false;
	}
	return true;
}

static void put_step(const struct step *s, int times)
{
	const char *c;

	put("<tr%s><td class=call style=\"padding-left:%.1fem\">",
	    s->event ? " class=event" : "", 0.3 + s->depth * 0.9);
	put_html(page, s->text);
	put("%s", s->event ? "" : "()");
	if (*s->how)
		put(" <span class=how title=\"called through a pointer\">%s</span>",
		    s->how);
	if (times > 1)
		put(" <span class=times>&times; %d</span>", times);
	put("</td><td><span class=\"layer ");
	for (c = s->layer; *c; c++)
		putc(*c == ' ' || *c == '/' ? '-' : *c, page);
	put("\">%s</span></td><td>", s->layer);
	if (*s->locks) {
		char *list = string("%s", s->locks), *name;

		while ((name = strsep(&list, ",")))
			put("<span class=lock>%s</span> ", name + (*name == ' '));
	}
	put("</td></tr>\n");
}

/* What comes several times in a row is shown once */
static void put_steps(const struct path *path, int from, int to)
{
	int i, n, times;

	for (i = from; i < to; i += n * times) {
		n = extent(path, i);
		for (times = 1; !path->steps[i].event &&
		     alike(path, i, i + times * n, n); times++)
			;
		put_step(&path->steps[i], times);
		put_steps(path, i + 1, i + n);
	}
}

static void put_paths(void)
{
	static const char * const about[] = {
		"down to the driver, up to the filesystem, which calls back to have each owner's processes killed",
		"the page's mapping says who shares it, mm acts",
	};
	int i;

	section(4);
	paragraph("Three files share a page, a process maps each. What the kernel's "
		  "function tracer saw, with the part of the kernel that each function "
		  "belongs to, the operation by which it is called where that goes "
		  "through a pointer, and the locks that are held while it runs, of "
		  "those that matter here: mf_mutex, the AGF, the DAX entry, i_mmap.");
	write_html(page, &crossings);
	put("<div class=paths>");
	for (i = 0; i < 2; i++) {
		put("<div><h3><span class=\"k %s\">%s:</span> %s</h3><div class=scroll>"
		    "<table class=path><thead><tr><th>call</th><th>part</th><th>locks held</th></tr></thead><tbody>\n",
		    paths[i].kernel, paths[i].kernel, about[i]);
		put_steps(&paths[i], 0, paths[i].nr);
		put("</tbody></table></div><p class=under><a href=\"traces/%s\">the whole trace</a></p></div>\n",
		    paths[i].kernel);
	}
	put("</div>\n");
}

static void put_code(void)
{
	section(5);
	paragraph(code_sentence());
	put("<h3>Lines added and removed</h3>\n");
	write_html(page, &subsystems);
	put("<h3>Interfaces that come and go</h3>\n");
	write_html(page, &interfaces);
	put("<h3>Structures, memory, text</h3>\n");
	write_html(page, &sizes);
	if (exists("measured/bloat-o-meter.txt"))
		put("<p class=under><a href=\"measured/bloat-o-meter.txt\">scripts/bloat-o-meter, function by function</a></p>\n");
}

static void put_costs(void)
{
	const struct judgement *c;
	int i;

	section(6);
	if (dearer.nr_rows) {
		paragraph("Every figure of this run that is higher on aops, by more "
			  "than comes and goes from one run to the next:");
		write_html(page, &dearer);
	}
	put("<dl class=costs>");
	for (i = 0; (c = cost(i)); i++) {
		put("<dt>");
		put_html(page, c->scenario);
		put("</dt><dd>");
		put_html(page, c->sentence);
		put("</dd>\n");
	}
	put("</dl>\n");
}

static void put_environment(void)
{
	const char *key, *value;
	int i;

	section(7);
	put("<div class=scroll><table class=environment><tbody>");
	for (i = 0; (value = fact(i, &key)); i++) {
		put("<tr><th scope=row>");
		put_html(page, key);
		put("</th><td>");
		put_html(page, value);
		put("</td></tr>\n");
	}
	put("</tbody></table></div>\n"
	    "<p class=under>As data: <a href=\"results.json\">results.json</a>. "
	    "As text: <a href=\"report.md\">report.md</a>.</p>\n");
}

void write_page(void)
{
	page = output("index.html");
	put_head();
	put_question();
	put_answer();
	put_goals();
	put_plots();
	put_scenarios();
	put_paths();
	put_code();
	put_costs();
	put_environment();
	put("</section></main></body></html>\n");
	finish(page);
}
