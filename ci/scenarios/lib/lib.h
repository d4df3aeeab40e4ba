/* SPDX-License-Identifier: GPL-2.0 */
/* What the library's files share with each other but not with scenarios. */
#ifndef LIB_H
#define LIB_H

#include "scenario.h"

/* As put_string(), where it may fail: 0, or -errno. */
int try_put(const char *path, const char *string);
void log_kernel(const char *what);	/* a line on the guest's console */
bool mounted(void);
/* A number from the notes that the kernel leaves for crash dumps. */
long kernel_number(const char *key);
/* Each of them leaves its handler of the last machine check. */
void visit_processors(void);
const char *code_name(int code);
/* In the process itself: a byte, 0, or SIGNALLED */
int load_here(unsigned long addr);
int store_here(unsigned long addr, int byte);
/* Have another process do it over and over, until relent(). */
void set_going(struct proc *p, void (*round)(void *), void *with);
/* In the process that got the signal; for races. */
extern void (*sigbus_hook)(const siginfo_t *info);

#endif
