// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's default: nobody has asked for early signals. Nobody is told,
 * but the page must go from every process: the next access would consume it.
 * That access is a fault, finds the page's flag (VM_FAULT_HWPOISON), and must
 * act on it: BUS_MCEERR_AR, at the very byte, as for any other memory. No bad
 * block is on record: memmap='s device learns of no machine check.
 */
#include "scenario.h"

#define UNMAPPED	"no process maps the page any longer"
#define STOPPED		"the next access draws BUS_MCEERR_AR"

static void two_processes(const char *title, const char *f, const char *g)
{
	struct proc *a = start("a"), *b = start("b"), *other = start("other");
	unsigned long at_a, at_b, at_other;

	part("%s", title);
	at_a = map_page(a, f, PAGE);
	at_b = map_page(b, g, PAGE);
	at_other = map_page(other, f, 2 * PAGE);

	machine_check_and_check(pfn_of(b, at_b));
	check(untold(a) & untold(b) & untold(other), "no process is signalled");
	if (!check(!maps(a, at_a) && !maps(b, at_b), UNMAPPED))
		remark("a: %s, b: %s", maps(a, at_a) ? "mapped" : "not mapped",
		       maps(b, at_b) ? "mapped" : "not mapped");
	check(load(a, at_a + 100) == SIGNALLED &&
	      told(a, BUS_MCEERR_AR, at_a + 100, PAGE_LSB) &&
	      store(b, at_b + 8, 'x') == SIGNALLED &&
	      told(b, BUS_MCEERR_AR, at_b + 8, PAGE_LSB), STOPPED);
	check(maps(other, at_other) && load(other, at_other) == fill(2),
	      "the next page stays mapped");
}

static void run(void)
{
	early_kill(false);
	mount_xfs(NULL);
	make_file(file("f"), 4 * PAGE);
	two_processes("one file", file("f"), file("f"));
	make_file(file("g"), 4 * PAGE);
	clone_file(file("g"), file("h"));
	two_processes("reflinks", file("g"), file("h"));
}

SCENARIO("no early signals are wanted: the page must go all the same",
	.base.fails = { "one file: " UNMAPPED, "one file: " STOPPED,
			"reflinks: " UNMAPPED, "reflinks: " STOPPED });
