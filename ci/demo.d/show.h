/* SPDX-License-Identifier: GPL-2.0 */
/* Where the demo's text goes: the terminal, a page, a recording. */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>

/* What may stand in the text; PLAIN ends all of them. A TITLE is a whole line. */
#define BOLD	"\033[1m"
#define TITLE	"\033[1;4m"
#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define PLAIN	"\033[0m"

/*
 * From here on, standard output is collected and shown by step(). The files may
 * be NULL. A record whose name ends in .cast is one for asciinema.
 */
void show_begin(bool watch, const char *page, const char *record);

/* Shows the text since the last step. With watch, waits for Enter. */
void step(void);

/* Shows it on the terminal only, and does not wait. */
void step_aside(void);

/* Shows the rest and closes the files; false if one could not be written. */
bool show_end(void);

#endif
