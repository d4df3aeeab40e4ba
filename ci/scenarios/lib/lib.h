/* SPDX-License-Identifier: GPL-2.0 */
/* Interfaces internal to the library. */
#ifndef LIB_H
#define LIB_H

#include "scenario.h"

/* As put_string(), where it may fail: 0, or -errno. */
int try_put(const char *path, const char *string);
void log_kernel(const char *what);	/* a line on the guest's console */
bool mounted(void);
/* In two steps, with the machine check raised between them by another process */
void expect_machine_check(unsigned long pfn);
bool machine_check_handled(void);
const char *code_name(int code);
/* In the process itself: a byte, 0, or SIGNALLED */
int load_here(unsigned long addr);
int store_here(unsigned long addr, int byte);
/* Two processes do this at the same time. */
void call_both(struct proc *const *p, int (*what)(unsigned long),
	       const unsigned long arguments[2], int results[2]);
/* Make another process repeat this until relent(). */
void set_going(struct proc *p, void (*round)(void *), void *with);
/* In a handler of SIGBUS */
void note_signal(volatile struct signal_got *got, const siginfo_t *info);
/* Runs in the signalled process; for races. */
extern void (*sigbus_hook)(const siginfo_t *info);

#endif
