/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program that computes the report of bench/compare. It runs in the directory
 * that bench/compare has filled, and reads
 *	kernels			KERNEL, DESCRIPTION: the columns, in their order
 *	environment		KEY, VALUE
 *	scenarios		NAME, TITLE
 *	tests/KERNEL/		the results of ci/test, see matrix.c
 *	measured/KERNEL.tsv	the results of bench/measure, see figures.c
 *	measured/profile-*.txt	those of bench/measure --profile, see profile.c
 *	traces/			the trace of one event, see path.c
 *	fstests.tsv		the results of ci/fstests, see fstests.c; it may be missing
 *	code/NAME.diff		the changes of a series, see code.c
 * Fields are separated by tabs. It writes report.md, which is template.md with the
 * values that are set here; results.json; and plots/NAME, the curves that plots.gp
 * draws. write.sh runs gnuplot and pandoc for the rest.
 *
 * An input that cannot be read ends the program. A fault in the run itself, such as
 * a difference without a judgement, is reported at the top of the report and makes
 * the exit status 1.
 */
#ifndef REPORT_H
#define REPORT_H

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* --- document.c. The program ends soon: no memory is freed. --- */

#define die(...)	errx(2, __VA_ARGS__)
char *string(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "LIST, MORE", or one of them if the other is empty */
const char *joined(const char *list, const char *between, const char *more);
/* The array with room for one more element, which is zeroed. */
void *grown(void *array, int nr, size_t size);
/* The lines of a file, without their ends; NULL after the last. */
char **lines(const char *name);
bool exists(const char *name);
void write_file(const char *name, const char *text);
bool is(const char *a, const char *b);
bool begins(const char *s, const char *prefix);
char *escaped(const char *s);		/* for Markdown */

#define MAX_COLUMNS	12
struct table {
	const char *name;
	const char *titles[MAX_COLUMNS];	/* ">TITLE" aligns to the right */
	const char *bad;			/* a cell with this text is marked */
	const char ***rows;			/* NULL after the last */
	int nr_rows;
	struct table *next;			/* that is in results.json */
};

#define for_each_row(r, t) \
	for (const char ***r##_at = (t)->rows, **r; \
	     r##_at && (r = *r##_at); r##_at++)
#define add_row(t, ...) \
	add_cells(t, (const char *[MAX_COLUMNS]) { __VA_ARGS__ })
const char **add_cells(struct table *t, const char **cells);
/* Adds the lines of a file, of nr fields each, but not its comments. */
void read_rows(struct table *t, const char *name, int nr);
/* The row whose first cells are these, or NULL */
#define find_row(t, ...) \
	find_cells(t, (const char *[MAX_COLUMNS]) { __VA_ARGS__ })
const char **find_cells(const struct table *t, const char **cells);
/* The same; it is added if there is none. */
#define row_of(t, ...) \
	row_of_cells(t, (const char *[MAX_COLUMNS]) { __VA_ARGS__ })
const char **row_of_cells(struct table *t, const char **cells);
/* Sets the value of its name, and puts the table into results.json. */
void publish(struct table *t);
/* Value of @NAME@ in template.md. A line with an empty value is left out. */
#define set(name, ...)	set_value(name, string(__VA_ARGS__))
void set_value(const char *name, const char *text);
const char *get(const char *name);
/* A fault in the run */
#define complain(...)	add_complaint(string(__VA_ARGS__))
void add_complaint(const char *text);
int write_report(void);			/* the program's exit status */

/* --- main.c --- */

/* The file of that name among judgements, purposes, goals and template.md */
const char *ours(const char *name);
extern struct table kernels;		/* KERNEL, DESCRIPTION */

/* --- figures.c --- */

/* A row of the results of bench/measure; KEY is "MEASUREMENT VARIANT X" */
enum { KERNEL, MEASUREMENT, VARIANT, X, UNIT, VALUE, KEY };
void read_figures(void);
/* NULL if there is none, or no value */
const char **figure(const char *kernel, const char *key);
double value(const char **figure);
char *short_number(double value);	/* "32.9 k" */
char *with_commas(long n);
void compare_figures(void);

/* --- the others --- */

void judge_goals(void);
/* "met", "not met" or "not measured" */
const char *goal_result(const char *goal);
void read_profiles(void);	/* after judge_goals() */
void read_matrix(void);
void read_fstests(void);
void read_code(void);
void read_paths(void);

#endif
