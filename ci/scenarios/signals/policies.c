// SPDX-License-Identifier: GPL-2.0
/*
 * Who wants to be told at once, and who only when it next touches the page:
 * the sysctl says it for all, prctl(PR_MCE_KILL) for one. Told or not, nobody
 * may keep the page.
 */
#include "scenario.h"

#define UNMAPPED	"no process maps the page any longer"

static const int policies[] = {
	PR_MCE_KILL_DEFAULT, PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE
};

static void sharers(const char *title, bool early, bool reflinks)
{
	struct proc *procs[ARRAY_SIZE(policies)];
	unsigned long at[ARRAY_SIZE(policies)];
	bool as_asked = true, unmapped = true;
	unsigned int i;

	part("%s", title);
	early_kill(early);
	make_file(file("%d.%d.0", early, reflinks), 4 * PAGE);
	for (i = 1; reflinks && i < ARRAY_SIZE(policies); i++)
		clone_file(file("%d.1.0", early), file("%d.1.%d", early, i));
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		int nr = reflinks ? i : 0;

		procs[i] = start("policy %d", policies[i]);
		mce_policy(procs[i], policies[i]);
		at[i] = map_page(procs[i], file("%d.%d.%d", early, reflinks,
						nr), PAGE);
	}

	poison_and_check(pfn_of(procs[0], at[0]));
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		if (policies[i] == PR_MCE_KILL_EARLY ||
		    (policies[i] == PR_MCE_KILL_DEFAULT && early))
			as_asked &= told(procs[i], BUS_MCEERR_AO, at[i],
					 PAGE_LSB);
		else
			as_asked &= untold(procs[i]);
		if (maps(procs[i], at[i])) {
			remark("%s maps it", procs[i]->name);
			unmapped = false;
		}
	}
	check(as_asked, "only processes that asked for early signals get one");
	check(unmapped, UNMAPPED);
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
	 * What base unmaps hangs off the list of those it signals. In one file
	 * the one that asked has the page taken from all; a reflink of which
	 * nobody asked keeps it.
	 */
	.base.fails = {
		"late by default, reflinks: " UNMAPPED,
		"early by default, reflinks: " UNMAPPED,
	});
