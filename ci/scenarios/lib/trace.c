// SPDX-License-Identifier: GPL-2.0
/* The function tracer. */
#include "lib.h"
#include "trace.h"

void prepare_trace(const char * const *functions, int nr,
		   const char * const *left_out, int nr_left_out)
{
	static const char * const options[] = {
		"funcgraph-tail", "nofuncgraph-cpu", "nofuncgraph-overhead",
		"nofuncgraph-duration", "nofuncgraph-irqs",
	};
	int i;

	stop_trace();
	for (i = 0; i < nr; i++)
		try_put(TRACING "set_ftrace_filter", functions[i]);
	for (i = 0; i < nr_left_out; i++)
		try_put(TRACING "set_ftrace_notrace", left_out[i]);
	put_string(TRACING "set_graph_function", "memory_failure");
	put_string(TRACING "current_tracer", "function_graph");
	for (i = 0; i < (int)ARRAY_SIZE(options); i++)
		put_string(TRACING "trace_options", options[i]);
	put_string(TRACING "events/ras/enable", "1");
}

void start_trace(void)
{
	put_string(TRACING "trace_clock", "local");	/* this empties the trace */
	put_string(TRACING "tracing_on", "1");
}

void stop_trace(void)
{
	put_string(TRACING "tracing_on", "0");
}

bool traced(const char *what)
{
	return strstr(text_of(TRACING "trace"), what);
}
