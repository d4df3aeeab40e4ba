// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes are signalled early: by the sysctl for all processes, by
 * prctl(PR_MCE_KILL) for one. No process may keep the page.
 */
#include "scenario.h"

#define STOPPED		"the next access draws BUS_MCEERR_AR"
#define NO_SIGNAL	"no process is signalled"
#define LATE_UNMAPPED	"a process that did not ask no longer maps the page"
#define LATE_STOPPED \
	"a process that did not ask gets BUS_MCEERR_AR on its next access"

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

static void sysctl_and_prctl(void)
{
	sharers("late by default, one file", false, false);
	sharers("late by default, reflinks", false, true);
	sharers("early by default, one file", true, false);
	sharers("early by default, reflinks", true, true);
}

/*
 * No early signals: the next access faults, finds the page's flag and must get
 * BUS_MCEERR_AR with the exact address. The memmap= device has no bad block on
 * record.
 */
static void two_processes(const char *title, const char *f, const char *g)
{
	struct proc *a = map_by("a", f, PAGE), *b = map_by("b", g, PAGE),
		    *other = map_by("other", f, 2 * PAGE);

	part("%s", title);
	machine_check_and_check(page_of(b));
	check(all(got_none, a, b, other), NO_SIGNAL);
	check(all(lost, a, b), UNMAPPED);
	a->at += 100;
	check(stopped(a) && store_stopped(b, b->at + 8, 'x'), STOPPED);
	check(has(other) && reads(other), "the next page stays mapped");
}

static void default_policy(void)
{
	early_kill(false);
	make_file(file("one"), 4 * PAGE);
	two_processes("one file", file("one"), file("one"));
	two_processes("reflinks", file("f"), file("g"));
}

/*
 * MADV_HWPOISON makes the calling process the consumer. For it, action is
 * required (BUS_MCEERR_AR) under any policy; for the others it is optional.
 */
static void consume(const char *title, bool early)
{
	struct proc *consumer, *other;

	part("%s", title);
	early_kill(early);
	make_file(file("%d.f", early), 4 * PAGE);
	clone_file(file("%d.f", early), file("%d.g", early));
	other = map_by("sharer", file("%d.f", early), PAGE);
	consumer = map_by("consumer", file("%d.g", early), PAGE);

	check_result(advise(consumer, consumer->at, PAGE, MADV_HWPOISON), 0,
		     "madvise() succeeds");
	check(got(consumer, BUS_MCEERR_AR, consumer->at, PAGE_LSB),
	      "the consumer gets BUS_MCEERR_AR");
	check(early ? got_ao(other) : got_none(other), "the sharer gets %s",
	      early ? "BUS_MCEERR_AO" : "nothing");
	check(all(lost, consumer, other), UNMAPPED);
}

static void by_madvise(void)
{
	consume("early", true);
	consume("late", false);
}

/*
 * A machine check on an NVDIMM, as hardware raises it. NFIT records the bad
 * block, so that later reads return EIO and later accesses get SIGBUS.
 */
static void on_nvdimm(void)
{
	struct proc *a = map_by("a", file("f"), PAGE),
		    *b = map_by("b", file("g"), PAGE),
		    *late = map_by("late", file("h"), PAGE),
		    *other = map_by("other page", file("g"), 2 * PAGE);

	early_kill(false);
	mce_policy(a, PR_MCE_KILL_EARLY);
	mce_policy(b, PR_MCE_KILL_EARLY);
	mce_policy(other, PR_MCE_KILL_EARLY);

	machine_check_and_check(page_of(a));
	check(all(got_ao, a, b), "a process that asked for it gets BUS_MCEERR_AO");
	check(got_none(late), "a process that did not ask is not signalled yet");
	check(all(lost, a, b), "processes that asked no longer map the page");
	check(lost(late), LATE_UNMAPPED);
	check(kept(other), NEXT_KEPT);
#ifdef __x86_64__	/* drivers/acpi/nfit/mce.c is only for it */
	check(within(20, bad_block_recorded), "the bad block is recorded");
#endif

	/* fs/dax.c gets the page from the driver, which knows the bad block. */
	forget(a);
	check(stopped(a),
	      "a process that was signalled gets BUS_MCEERR_AR on its next access");
	check(stopped(late), LATE_STOPPED);
	check(read_byte(file("f"), PAGE) == -EIO &&
	      read_byte(file("g"), PAGE) == -EIO &&
	      read_byte(file("h"), PAGE) == -EIO,
	      "reading the page through any of the files draws EIO");
	check(read_byte(file("f"), 0) == fill(0) &&
	      read_byte(file("g"), 2 * PAGE) == fill(2),
	      "other pages can be read");
}

/* ext4 shares no blocks and is not involved: mm goes by folio->mapping alone. */
static void fail_on_ext4(const char *title, bool early)
{
	const char *f = file("%d", early);
	struct proc *a, *b, *other;

	part("%s", title);
	early_kill(early);
	make_file(f, 4 * PAGE);
	a = map_by("a", f, PAGE);
	b = map_by("b", f, PAGE);
	other = map_by("other", f, 2 * PAGE);

	machine_check_and_check(page_of(a));
	check(early ? all(got_ao, a, b) : all(got_none, a, b), "%s",
	      early ? REACHED : NO_SIGNAL);
	check(all(lost, a, b), UNMAPPED);
	forget(a);
	check(stopped(a), STOPPED);
	check(kept(other), NEXT_KEPT);
}

static void on_ext4(void)
{
	mount_ext4(NULL);
	fail_on_ext4("early", true);
	fail_on_ext4("late", false);
}

SCENARIOS(
	{ "policies", "early and late, by sysctl and by prctl",
	  sysctl_and_prctl, .xfs = "",
	  /*
	   * Base unmaps only files with a process to signal: one early process is
	   * enough to unmap the page from all mappers of the same file; a reflink
	   * without one keeps it.
	   */
	  .base.fails = { "late by default, reflinks: " UNMAPPED,
			  "early by default, reflinks: " UNMAPPED } },
	{ "default-policy",
	  "no early signals are wanted: the page must go all the same",
	  default_policy, .files = { "f", "g" },
	  .base.fails = { "one file: " UNMAPPED, "one file: " STOPPED,
			  "reflinks: " UNMAPPED, "reflinks: " STOPPED } },
	{ "madvise",
	  "MADV_HWPOISON by a sharer: the consumer must act, others may",
	  by_madvise, .xfs = "",
	  .base.fails = { "late: " UNMAPPED } },
	{ "machine-check", "a machine check on an NVDIMM: signals, bad blocks, EIO",
	  on_nvdimm, .files = { "f", "g", "h" },
	  .machine = "nfit", .seconds = 90,
	  .base.fails = { LATE_UNMAPPED, LATE_STOPPED } },
	{ "ext4", "ext4 with dax: early and late", on_ext4,
	  /*
	   * Base maps the page again despite the flag, unless a bad block is on
	   * record; the memmap= device records no machine check.
	   */
	  .base.fails = { "late: " UNMAPPED, "late: " STOPPED,
			  "early: " STOPPED } }
);
