// SPDX-License-Identifier: GPL-2.0
/* Three processes that share a page, and another that maps the next. */
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
		map_page(s->procs[i], sharer, (i * 4 + 1) * PAGE);
		must(s->procs[i]->byte == fill(1), "wrong data");
	}
	s->procs[NR_SHARERS] = NULL;
	s->next = map_by("next page", path, 2 * PAGE);
	s->pfn = common_page(s->procs);
}

void fail_shared_page(struct sharers *s)
{
	poison_and_check(s->pfn);
	check(all_of(told_early, s->procs), REACHED);
	check(all_of(lost, s->procs), NOT_MAPPED);
	check(kept(s->next), NEXT_PAGE);
}

bool undisturbed(struct sharers *s)
{
	return kept(s->next) & all_of(kept, s->procs);
}
