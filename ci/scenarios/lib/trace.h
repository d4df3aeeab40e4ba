/* SPDX-License-Identifier: GPL-2.0 */
/* For programs that show the function trace of a failure. */
#ifndef TRACE_H
#define TRACE_H

#include "scenario.h"

#define TRACING	"/sys/kernel/tracing/"

/*
 * Trace events, and the calls below memory_failure() to these functions, from
 * start_trace() on. Functions are named by patterns, since not every kernel has
 * all of them. Patterns in @left_out are excluded.
 */
void prepare_trace(const char * const *functions, int nr,
		   const char * const *left_out, int nr_left_out);
void start_trace(void);		/* with an empty one */
void stop_trace(void);
bool traced(const char *what);	/* does a line have this? */

#endif
