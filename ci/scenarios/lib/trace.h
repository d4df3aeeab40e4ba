/* SPDX-License-Identifier: GPL-2.0 */
/* For programs that show what the function tracer saw of a failure. */
#ifndef TRACE_H
#define TRACE_H

#include "scenario.h"

#define TRACING	"/sys/kernel/tracing/"

/*
 * Have the calls below memory_failure() traced that are among these functions,
 * and events; from start_trace() on. Functions are named by patterns, and not
 * every kernel has every one of them. Of these some may be left out again.
 */
void prepare_trace(const char * const *functions, int nr,
		   const char * const *left_out, int nr_left_out);
void start_trace(void);		/* with an empty one */
void stop_trace(void);
bool traced(const char *what);	/* does a line have this? */

#endif
