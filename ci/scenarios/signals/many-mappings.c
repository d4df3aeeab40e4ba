// SPDX-License-Identifier: GPL-2.0
/* One process maps the page many times, through one file and its reflinks. */
#include "scenario.h"

static void run(void)
{
	unsigned long at[6];
	struct proc *p, *late = start("never read");
	unsigned int i, mapped = 0;

	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "g", "h");
	p = start("many");
	at[0] = map_page(p, file("f"), PAGE);
	at[1] = map_page(p, file("f"), PAGE);
	at[2] = map(p, file("f"), 0, 4 * PAGE, PROT_READ, MAP_SHARED) + PAGE;
	at[3] = map_page(p, file("g"), PAGE);
	at[4] = map(p, file("g"), 0, 2 * PAGE, PROT_READ, MAP_PRIVATE) + PAGE;
	at[5] = map_page(p, file("h"), PAGE);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		must(load(p, at[i]) == fill(1), "wrong data");
	/* Each read through another file unmaps the page from the previous one. */
	for (i = 0; i < ARRAY_SIZE(at); i++)
		load(p, at[i]);
	/* A mapping that was never read has no page to lose. */
	map(late, file("h"), 0, 2 * PAGE, PROT_READ, MAP_SHARED);

	for (i = 0; i < ARRAY_SIZE(at); i++)
		mapped += maps(p, at[i]);
	remark("%u of %zu mappings are populated", mapped, ARRAY_SIZE(at));
	for (i = 0; !maps(p, at[i]); i++)
		must(i < ARRAY_SIZE(at), "none is mapped");

	poison_and_check(pfn_of(p, at[i]));
	check(got_among(p, BUS_MCEERR_AO, at, ARRAY_SIZE(at), PAGE_LSB),
	      "the process gets BUS_MCEERR_AO at addresses of the page only");
	for (i = 0, mapped = 0; i < ARRAY_SIZE(at); i++)
		mapped += maps(p, at[i]);
	check_result(mapped, 0, "none of its mappings still has the page");
	check(got_none(late), "a mapping that was never read gets nothing");
	check(reads(late), "the next page can be read");
}

SCENARIO("one process maps the page six times, by three files",
	.debug = true);
