/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The report of bench/compare: what its files share.
 *
 * One directory has all that went before, as bench/compare left it:
 *	kernels			KERNEL, WHAT IT IS: the columns, in their order
 *	environment		KEY, VALUE
 *	scenarios		NAME, TITLE: those that were run
 *	tests/KERNEL/		what ci/test wrote of each, see matrix.c
 *	measured/KERNEL.tsv	what bench/measure wrote, see figures.c
 *	measured/profile-*.txt	what bench/measure --profile wrote, see profile.c
 *	traces/KERNEL		the trace of one event, traces/symbols: see path.c
 *	code/NAME.diff		what a series changes, see code.c
 * All but profiles and diffs are lines with tabs between their fields. The report is
 * written to the same directory: index.html, report.md, results.json, and
 * texts/ for the places that quote a table.
 *
 * Two kinds of trouble: what can not be read ends the program. What was read and
 * must not be, an outcome that nobody judged, say, is in the report, first thing,
 * and makes the exit status 1.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(f, a)	__attribute__((format(printf, f, a)))

/* --- util.c --- */

void die(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));
/* A string of its own; nothing is ever freed, the program ends soon. */
char *string(const char *fmt, ...) __printf(1, 2);
/* More of it, with memory that is zeroed. */
void *grown(void *array, int nr, size_t size);
/* A file of the directory, for reading; dies if it is not there. */
FILE *input(const char *fmt, ...) __printf(1, 2);
bool exists(const char *fmt, ...) __printf(1, 2);
FILE *output(const char *fmt, ...) __printf(1, 2);
void finish(FILE *f);
/* The next line without its end, or NULL; good until the next call. */
char *next_line(FILE *f);
/*
 * The next line's fields, of which there must be nr, in strings of their own.
 * Empty lines and those that begin with # are passed over.
 */
bool next_fields(FILE *f, const char *name, char **fields, int nr);
/* What is the matter with this run; shown, and makes it fail. */
void complain(const char *fmt, ...) __printf(1, 2);
extern char **complaints;
extern int nr_complaints;

/* The directory that is read and written, and the one with the data of ours. */
extern const char *dir, *ours;

/* --- tables, in every form: table.c --- */

struct cell {
	const char *text;
	const char *link;	/* where it leads; may be NULL */
	const char *mark;	/* for the style: good, bad, design, ... */
	const char *more;	/* folded away, lines; may be NULL */
};

struct column {
	const char *title;
	bool number;		/* to the right */
};

#define MAX_COLUMNS	9
struct table {
	const char *name;
	struct column columns[MAX_COLUMNS];
	int nr_columns, nr_rows;
	struct cell (*rows)[MAX_COLUMNS];
};

/* A new row's cells */
struct cell *add_row(struct table *t);
void write_text(FILE *f, const struct table *t, const char *indent);
void write_html(FILE *f, const struct table *t);
void write_json(FILE *f, const struct table *t);
void put_html(FILE *f, const char *s);		/* escaped */
void put_json(FILE *f, const char *s);		/* quoted */
/* Text in lines of this width, each after the indent */
void put_wrapped(FILE *f, const char *s, const char *indent, int width);

/* --- what was compared: main.c --- */

struct kernel {
	const char *name, *what;
};
extern struct kernel *kernels;
extern int nr_kernels;
bool has_kernel(const char *name);
const char *environment(const char *key);	/* "" if it is not there */
/* The i-th, or NULL */
const char *fact(int i, const char **key);
bool quick(void);

/* --- figures.c --- */

struct figure {
	const char *kernel, *measurement, *variant, *unit;
	long x;
	double value;
	const char *error;	/* it could not be measured */
};
extern struct figure *figures;
extern int nr_figures;
void read_figures(void);
const struct figure *figure(const char *kernel, const char *measurement,
			    const char *variant, long x);
char *short_number(double value);	/* "32.9 k" */
char *short_bytes(double value);
char *with_commas(long n);

/* --- goals.c --- */

extern struct table goals;
extern int goals_met, goals_missed;
extern const char *missed;		/* names, for a sentence */
void judge_goals(void);
/* "met", "not met" or "not measured" */
const char *goal_result(const char *goal);

/* --- profile.c --- */

/* Where the instructions go: shown if the goal is not met. */
struct profile {
	const char *name, *goal;
	const char *missing;		/* why there is none, or NULL */
	const char *sentence;		/* what it shows */
	struct table groups, functions;
};
extern struct profile profiles[2];
/* After judge_goals() */
void read_profiles(void);

/* --- matrix.c --- */

extern struct table differences, same, summary;
extern int nr_scenarios, nr_same, nr_by_label[3], nr_fixed_by_fixes;
enum { DESIGN, IMPLEMENTATION, BUG };
extern const char * const labels[3];
void read_matrix(void);
/* The sentences of one row of differences, in order; NULL after the last. */
struct judgement {
	const char *scenario, *label, *sentence;
	bool used;
};
const struct judgement *judgement(const char *scenario, int i);

/* --- costs.c --- */

extern struct table dearer;
void find_costs(void);
/* The costs that are no figures: a title and a sentence */
const struct judgement *cost(int i);

/* --- code.c --- */

extern struct table subsystems, interfaces, sizes;
void read_code(void);
const char *code_sentence(void);

/* --- path.c --- */

struct step {
	int depth;
	const char *text;	/* the function, or an event */
	const char *file, *layer;	/* where it is defined; of what part */
	const char *how;	/* it was called, if not by its name */
	const char *locks;	/* that are held while it runs */
	bool event;
};
struct path {
	const char *kernel;
	struct step *steps;
	int nr;
};
extern struct path paths[2];
extern struct table crossings;
void read_paths(void);

/* --- plots.c --- */

struct plot {
	const char *name, *title, *caption;
	char *svg;		/* for HTML; NULL: nothing to draw */
};
extern struct plot *plots;
extern int nr_plots;
void draw_plots(void);

/* --- the answer in a few sentences: answer.c --- */

extern const char *answers[8];
extern int nr_answers;
void answer(void);

/* --- the report: page.c, texts.c --- */

void write_page(void);
void write_markdown(void);
void write_results(void);
void write_texts(void);

#endif
