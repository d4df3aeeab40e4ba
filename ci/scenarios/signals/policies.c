// SPDX-License-Identifier: GPL-2.0
/*
 * Early or late signals, by the sysctl for all processes and by
 * prctl(PR_MCE_KILL) for one. No process may keep the page.
 */
#include "scenario.h"

static const int policies[] = {
	PR_MCE_KILL_DEFAULT, PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE
};

static void sharers(const char *title, bool early, bool reflinks)
{
	struct proc *procs[ARRAY_SIZE(policies) + 1] = {};
	bool as_asked = true;
	unsigned int i;

	part("%s", title);
	early_kill(early);
	make_file(file("%d.%d.0", early, reflinks), 4 * PAGE);
	for (i = 1; reflinks && i < ARRAY_SIZE(policies); i++)
		clone_file(file("%d.1.0", early), file("%d.1.%d", early, i));
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		procs[i] = start("policy %d", policies[i]);
		mce_policy(procs[i], policies[i]);
		map_page(procs[i], file("%d.%d.%d", early, reflinks,
					reflinks ? i : 0), PAGE);
	}

	poison_and_check(page_of(procs[0]));
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		bool is_early = policies[i] == PR_MCE_KILL_DEFAULT ? early :
				policies[i] == PR_MCE_KILL_EARLY;

		as_asked &= is_early ? got_ao(procs[i]) : got_none(procs[i]);
	}
	check(as_asked, "only processes that asked for early signals get one");
	check(all_of(lost, procs), UNMAPPED);
}

static void run(void)
{
	mount_xfs(NULL);
	sharers("late by default, one file", false, false);
	sharers("late by default, reflinks", false, true);
	sharers("early by default, one file", true, false);
	sharers("early by default, reflinks", true, true);
}

SCENARIO("early and late, by sysctl and by prctl",
	/*
	 * Base unmaps only files with a process to signal: one early process is
	 * enough to unmap the page from all mappers of the same file; a reflink
	 * without one keeps it.
	 */
	.base.fails = {
		"late by default, reflinks: " UNMAPPED,
		"early by default, reflinks: " UNMAPPED,
	});
