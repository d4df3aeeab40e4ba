// SPDX-License-Identifier: GPL-2.0
/*
 * Several files share the block, and a process maps each of them, at a different
 * address and file offset.
 */
#include "devices.h"

#define VICTIM		(200 * PAGE)

static void share(int nr)
{
	struct sharers s;

	part("%d reflinks", nr);
	share_page(&s, nr, file("%d", nr));
	fail_shared_page(&s);
	finish_all();
}

static void share_beside(int nr)
{
	struct sharers s;
	struct proc *unrelated;

	part("%d reflinks", nr);
	make_file(file("%d.unrelated", nr), 4 * PAGE);
	unrelated = map_by("other file", file("%d.unrelated", nr), PAGE);
	share_page(&s, nr, file("%d", nr));
	fail_page_of_all(s.procs);
	check(all(got_none, s.next, unrelated),
	      "another page of the files, another file: nothing");
	check(all(has, s.next, unrelated) && all(reads, s.next, unrelated),
	      "those stay mapped and can be read");
	finish_all();
}

static void reflinks(void)
{
	share_beside(2);
	share_beside(8);
	share_beside(200);
}

/* --- without rmapbt, nothing on the device says which files own a block --- */

static void share_huge(int nr)
{
	struct proc *procs[8] = {}, *other;
	int i;

	part("PMDs of %d reflinks", nr);
	make_huge_file(file("huge.0"), 2 * PMD);
	for (i = 1; i < nr; i++)
		clone_file(file("huge.0"), file("huge.%d", i));
	for (i = 0; i < nr; i++)
		procs[i] = map_huge_by("sharer", file("huge.%d", i), VICTIM);
	other = map_huge_by("next 2 MiB", file("huge.1"), PMD);

	fail_page_of_all(procs);
	check(kept(other) && maps_huge(other, other->at),
	      "a process that maps the next 2 MiB gets nothing and keeps them");
	finish_all();
}

/* No file shares it: base's generic handling finds this one. */
static void alone(void)
{
	struct proc *a, *b;

	part("one file");
	make_file(file("alone"), 4 * PAGE);
	a = map_by("mapper 0", file("alone"), PAGE);
	b = map_by("mapper 1", file("alone"), PAGE);
	fail_page_of(a, b);
	finish_all();
}

static void no_rmapbt(void)
{
	make_fs(MKFS_XFS_NO_RMAPBT, ALIGNED, PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	alone();
	share(2);
	share(50);
	share_huge(3);
	part("after all");
	check(alive(), GOES_ON);
}

/* --- a reflink within a file: one mapping, two offsets, one block --- */

static void same_block_twice(void)
{
	struct proc *low, *high, *other, *both = start("both offsets");
	unsigned long at[2];

	part("a process for each offset");
	clone_range(file("f"), 0, 4 * PAGE, file("f"), 16 * PAGE);
	low = map_by("low offset", file("f"), PAGE);
	high = map_by("high offset", file("f"), 17 * PAGE);
	other = map_by("other page", file("f"), 18 * PAGE);
	fail_page_of(low, high);
	check(kept(other), NEXT_KEPT);

	part("one process for both");
	make_file(file("g"), 4 * PAGE);
	clone_range(file("g"), 0, 4 * PAGE, file("g"), 4 * PAGE);
	/* One mapping covers both. */
	at[0] = map(both, file("g"), 0, 8 * PAGE, PROT_READ, MAP_SHARED) + PAGE;
	at[1] = at[0] + 4 * PAGE;
	must(load(both, at[0]) == fill(1) && load(both, at[1]) == fill(1));

	poison_and_check(pfn_of(both, at[0]));
	check(got_among(both, BUS_MCEERR_AO, at, 2, PAGE_LSB),
	      "it gets BUS_MCEERR_AO, at one of them or at both");
	check(!maps(both, at[0]) && !maps(both, at[1]),
	      "it has the page mapped no more, at either offset");
}

/* --- a reflink that was written to has its own block: the failure spares it --- */

static void copied_on_write(void)
{
	struct proc *a = map_by("a", file("a"), PAGE),
		    *b = map_by("b", file("b"), PAGE),
		    *stored = map_unread("stored", file("stored"), PAGE,
					 MAP_SHARED),
		    *read_stored = map_by("read, then stored",
					  file("read-stored"), PAGE), *written;

	store_byte(stored, '1');
	store_byte(read_stored, '2');
	must(!write_page(file("written"), PAGE, '3'));
	written = map_by("written", file("written"), PAGE);
	must(written->byte == '3');
	must(page_of(a) == page_of(b) && page_of(a) != page_of(stored) &&
	     page_of(a) != page_of(read_stored) &&
	     page_of(a) != page_of(written), "copy on write has not happened");

	part("the shared page");
	fail_page_of(a, b);
	check(all(got_none, stored, read_stored, written),
	      "those that have a copy get nothing");
	check(all(has, stored, read_stored, written), "copies stay mapped");
	check(all(reads, stored, read_stored, written), "copies keep their data");

	part("a copy");
	forget(a);
	forget(b);
	poison_and_check(page_of(stored));
	check(hit(stored), "its owner gets BUS_MCEERR_AO");
	check(all(got_none, a, b, read_stored, written),
	      "no other process is signalled");
}

/* --- the first file that mapped the page goes away before the page fails --- */

enum departure { TRUNCATED, UNLINKED, EVICTED };

static void depart(const char *title, enum departure how)
{
	const char *gone = file("%d.first", how);
	struct proc *first, *a, *b;

	part("%s", title);
	make_file(gone, 4 * PAGE);
	clone_file(gone, file("%d.a", how));
	clone_file(gone, file("%d.b", how));
	first = map_by("first", gone, PAGE);
	a = map_by("a", file("%d.a", how), PAGE);
	b = map_by("b", file("%d.b", how), PAGE);

	if (how == TRUNCATED) {
		/* Its process stays, with a mapping beyond the end. */
		must(!truncate(gone, 0));
	} else {
		if (how == UNLINKED)
			must(!unlink(gone));
		unmap(first, first->at, PAGE);
		settle();
		drop_caches();
	}
	must(all(reads, a, b), "the others lost their data");

	fail_page_of(a, b);
	check(got_none(first),
	      "a process that had the first file mapped gets nothing");
}

static void first_owner(void)
{
	depart("unlinked", UNLINKED);
	depart("evicted", EVICTED);
	depart("truncated", TRUNCATED);
}

/*
 * --- the filesystem was shut down before the page fails: it can no longer look up
 * its metadata ---
 */
#define STOPPED		"the next access draws SIGBUS"
#define NR		3

/* As in fs/xfs/libxfs/xfs_fs.h. */
#define GOING_DOWN	_IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH	2

static void fail_after(const char *name, bool huge, bool shared)
{
	struct proc *procs[NR + 1] = {}, *other;
	uint32_t how = NO_LOG_FLUSH;
	int i;

	part("%s", name);
	mount_xfs(ALIGNED);
	if (huge)
		make_huge_file(file("%s.0", name), PMD);
	else
		make_file(file("%s.0", name), 4 * PAGE);
	for (i = 1; i < NR && shared; i++)
		clone_file(file("%s.0", name), file("%s.%d", name, i));
	make_file(file("other"), 4 * PAGE);
	for (i = 0; i < NR; i++) {
		const char *path = file("%s.%d", name, shared ? i : 0);

		procs[i] = huge ? map_huge_by(name, path, VICTIM) :
				  map_by(name, path, PAGE);
	}
	other = map_by("other page", file("other"), PAGE);

	control(MNT, GOING_DOWN, &how);
	must(!alive(), "the filesystem is not shut down");
	fail_page_of_all(procs);
	check(load(procs[0], procs[0]->at) == SIGNALLED, STOPPED);
	check(kept(other),
	      "a process that maps another page gets nothing and keeps it");
	finish_all();
	check(unmount(), "it unmounts");
}

static void shut_down(void)
{
	fail_after("reflinks", false, true);
	fail_after("PMDs of reflinks", true, true);
	fail_after("one file", false, false);
}

/* --- a reflink faults in the page while its failure is handled --- */

#define NR_PAGES	24

static void share_while_failing(void)
{
	struct proc *a, *b;
	int i, failed = 0, mapped = 0, got_a = 0, got_b = 0, read = 0;

	make_fs(MKFS_XFS_NO_RMAPBT, NULL, PMEM);
	mount_fs(PMEM, "xfs", "dax=always");
	make_file(file("f"), NR_PAGES * PAGE);
	clone_file(file("f"), file("g"));
	make_handling_last(file("f"), NR_PAGES);

	for (i = 0; i < NR_PAGES; i++) {
		unsigned long pfn;
		pid_t injector;

		a = map_by("a", file("f"), i * PAGE);
		b = map_unread("b", file("g"), i * PAGE, MAP_SHARED);
		pfn = page_of(a);
		injector = fork_child();
		if (!injector)
			_exit(-poison(pfn));
		usleep(i % 8 * 1000);
		load(b, b->at);
		failed += !!wait_for(injector);
		mapped += !lost(a);
		got_a += got_ao(a);
		/* It may fault after the event, and then has the page. */
		got_b += has(b) || got_ao(b);
		read += load(b, b->at) == fill(i);
		finish(a);
		finish(b);
	}
	check(!failed, "memory_failure() succeeds each time");
	check(!mapped, "a process that had the page mapped before loses it");
	check(got_a == NR_PAGES,
	      "a process that had the page mapped before is signalled");
	check(got_b == NR_PAGES,
	      "a process that maps it meanwhile keeps it, or loses it and is signalled");
	check(read == NR_PAGES, "a process that maps it meanwhile can read it in the end");
	remark("of %d: %d failed, %d mapped, %d and %d signalled", NR_PAGES,
	       failed, mapped, got_a, got_b);
}

#define NOT_HANDLED	"memory_failure\\(\\) succeeds each time|that had the page mapped before"
#define FAILS(part)	SHARERS_MISSED(part), part ": " STOPPED

SCENARIOS(
	{ "reflinks", "2, 8 and 200 reflinks of a page, a process mapping each",
	  reflinks, .xfs = "", .seconds = 120, .debug = true },
	{ "no-rmapbt",
	  "XFS without a reverse mapping btree: 2 and 50 reflinks, PMDs",
	  no_rmapbt, .seconds = 90,
	  /* Base cannot find the sharers, and gives up. */
	  .base.fails = { SHARERS_MISSED("2 reflinks"),
			  SHARERS_MISSED("50 reflinks"),
			  SHARERS_MISSED("PMDs of 3 reflinks") },
	  BETWEEN_AS_BASE },
	{ "same-block-twice", "one file has the same block at two offsets",
	  same_block_twice, .files = { "f" } },
	{ "copied-on-write",
	  "reflinks copied on write, by store and by pwrite, are bystanders",
	  copied_on_write,
	  .files = { "a", "b", "stored", "read-stored", "written" } },
	{ "first-owner", "the file that mapped the page first is gone",
	  first_owner, .xfs = "" },
	{ "shut-down", "a page fails after XFS was shut down, and is mapped still",
	  shut_down,
	  /* Base reads the AG header, which fails after a shutdown. */
	  .base.fails = { FAILS("reflinks"), FAILS("PMDs of reflinks"),
			  FAILS("one file") },
	  /* Only a page of one file has a mapping. */
	  .holder.fails = { FAILS("reflinks"), FAILS("PMDs of reflinks") },
	  .core.fails = { FAILS("reflinks"), FAILS("PMDs of reflinks") } },
	{ "share-while-failing",
	  "a reflink maps the page while its failure is handled",
	  share_while_failing,
	  /* Base reads folio->mapping again to unmap and to unlock the page. */
	  .base.splat = "RIP: 0010:dax_unlock_folio|unmap_and_kill",
	  .holder.says = NOT_HANDLED, .core.says = NOT_HANDLED }
);
