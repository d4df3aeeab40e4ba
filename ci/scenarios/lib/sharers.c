// SPDX-License-Identifier: GPL-2.0
/* Three processes that share a page, and one that maps the next. */
#include <stdio.h>
#include "devices.h"

void share_page(struct sharers *s, const char *path)
{
	char name[64];
	int i;

	/* file()'s result does not live that long */
	snprintf(name, sizeof(name), "%s", path);
	path = name;
	for (i = 1; i < NR_SHARERS; i++) {
		char clone[80];

		snprintf(clone, sizeof(clone), "%s.%d", path, i);
		clone_range(path, 0, 4 * PAGE, clone, i * 4 * PAGE);
	}
	for (i = 0; i < NR_SHARERS; i++) {
		char sharer[80];

		snprintf(sharer, sizeof(sharer), i ? "%s.%d" : "%s", path, i);
		s->procs[i] = start("sharer %d", i);
		s->at[i] = map_page(s->procs[i], sharer, (i * 4 + 1) * PAGE);
		must(load(s->procs[i], s->at[i]) == fill(1), "wrong data");
	}
	s->next = start("next page");
	s->at_next = map_page(s->next, path, 2 * PAGE);

	s->pfn = pfn_of(s->procs[0], s->at[0]);
	for (i = 1; i < NR_SHARERS; i++)
		must(pfn_of(s->procs[i], s->at[i]) == s->pfn,
		     "%s and its reflink %d do not share a page: is this DAX?",
		     path, i);
}

void check_sharers(struct sharers *s)
{
	int i, told_all = 0, unmapped = 0;

	for (i = 0; i < NR_SHARERS; i++) {
		told_all += told(s->procs[i], BUS_MCEERR_AO, s->at[i],
				 PAGE_LSB);
		unmapped += !maps(s->procs[i], s->at[i]);
	}
	if (!check(told_all == NR_SHARERS, REACHED))
		remark("%d of %d", told_all, NR_SHARERS);
	if (!check(unmapped == NR_SHARERS, UNMAPPED))
		remark("%d of %d", unmapped, NR_SHARERS);
	check(untold(s->next) && maps(s->next, s->at_next) &&
	      load(s->next, s->at_next) == fill(2), NEXT_PAGE);
}

void fail_shared_page(struct sharers *s)
{
	poison_and_check(s->pfn);
	check_sharers(s);
}

bool undisturbed(struct sharers *s)
{
	bool good = untold(s->next) && maps(s->next, s->at_next) &&
		    load(s->next, s->at_next) == fill(2);
	int i;

	for (i = 0; i < NR_SHARERS; i++)
		good &= untold(s->procs[i]) && maps(s->procs[i], s->at[i]) &&
			load(s->procs[i], s->at[i]) == fill(1);
	return good;
}

void finish_sharers(struct sharers *s)
{
	int i;

	for (i = 0; i < NR_SHARERS; i++)
		finish(s->procs[i]);
	finish(s->next);
}
