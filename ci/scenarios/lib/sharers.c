// SPDX-License-Identifier: GPL-2.0
/* Three processes that share a page, and another that maps the next. */
#include "devices.h"

void share_among(struct proc **procs, int nr, const char *path)
{
	char sharer[80];
	int i;

	for (i = 1; i < nr; i++) {
		snprintf(sharer, sizeof(sharer), "%s.%d", path, i);
		clone_range(path, 0, 4 * PAGE, sharer, i % 5 * 4 * PAGE);
	}
	for (i = 0; i < nr; i++) {
		snprintf(sharer, sizeof(sharer), i ? "%s.%d" : "%s", path, i);
		procs[i] = start("sharer %d", i);
		procs[i]->at = PAGE + map(procs[i], sharer, i % 5 * 4 * PAGE,
					  4 * PAGE, PROT_READ | PROT_WRITE,
					  MAP_SHARED);
		procs[i]->byte = fill(1);
		must(reads(procs[i]), "wrong data");
	}
	procs[nr] = NULL;
}

void share_page(struct sharers *s, const char *path)
{
	share_among(s->procs, NR_SHARERS, path);
	s->next = map_by("next page", path, 2 * PAGE);
	s->pfn = common_page(s->procs);
}

void fail_shared_page(struct sharers *s)
{
	poison_and_check(s->pfn);
	check(all_of(got_ao, s->procs), REACHED);
	check(all_of(lost, s->procs), NOT_MAPPED);
	check(kept(s->next), NEXT_PAGE);
}

bool undisturbed(struct sharers *s)
{
	return kept(s->next) & all_of(kept, s->procs);
}
