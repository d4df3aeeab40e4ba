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
 *	plots/NAME.svg		the plots, drawn by plots.gp
 * Fields are separated by tabs. It writes report.md, which is template.md with the
 * values that are set here; results.json; and texts/NAME, the tables that other
 * files quote. write.sh has gnuplot and pandoc do the rest.
 *
 * An input that cannot be read ends the program. A fault in the run itself, such as
 * a difference without a judgement, is reported at the top of the report and makes
 * the exit status 1.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(f, a)	__attribute__((format(printf, f, a)))

/* --- util.c. The program ends soon: no memory is freed. --- */

void die(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));
char *string(const char *fmt, ...) __printf(1, 2);
char *format(const char *fmt, va_list ap);
/* "LIST, MORE" */
const char *joined(const char *list, const char *between, const char *more);
/* The array with room for one more element, which is zeroed. */
void *grown(void *array, int nr, size_t size);
/* The lines of a file, without their ends; NULL after the last. */
char **lines(const char *name);
/* Splits a line of the file into nr fields. False for a comment or an empty line. */
bool split(const char *name, char *line, char **fields, int nr);
bool exists(const char *name);
void write_file(const char *name, const char *text);
/* A fault in the run */
void complain(const char *fmt, ...) __printf(1, 2);
extern int nr_complaints;

/* The directory with judgements, purposes and template.md */
extern const char *ours;

/* --- document.c --- */

#define MAX_COLUMNS	12
struct table {
	const char *name;
	struct column {
		const char *title;
		bool number;		/* aligned to the right */
	} columns[MAX_COLUMNS];
	int nr_columns, nr_rows;
	struct cell {
		const char *text;
		const char *link;
		bool bad;
	} (*rows)[MAX_COLUMNS];
};

struct cell *add_row(struct table *t);
char *cell_text(const struct cell *cell);	/* as Markdown */
char *table_text(const struct table *t, bool markup);
/* Sets the value of its name, and puts the table into results.json. */
void publish(const struct table *t);
/* Value of @NAME@ in template.md. A line with an empty value is left out. */
void set(const char *name, const char *fmt, ...) __printf(2, 3);
const char *get(const char *name);
void write_report(void);
void write_results(void);

/* --- main.c --- */

extern const char *kernels[MAX_COLUMNS];
extern int nr_kernels;
/* Its index in kernels[], or -1 */
int kernel(const char *name);
bool quick(void);

/* --- figures.c --- */

extern struct figure {
	const char *kernel, *measurement, *variant, *unit;
	long x;
	double value;
	const char *error;	/* why there is no value */
} *figures;
extern int nr_figures;
void read_figures(void);
const struct figure *figure(const char *kernel, const char *measurement,
			    const char *variant, long x);
char *short_number(double value);	/* "32.9 k" */
char *with_commas(long n);
void compare_figures(void);

/* --- goals.c --- */

void judge_goals(void);
/* "met", "not met" or "not measured" */
const char *goal_result(const char *goal);

/* --- the others --- */

void read_profiles(void);	/* after judge_goals() */
void read_matrix(void);
void read_fstests(void);
void read_code(void);
void read_paths(void);

#endif
