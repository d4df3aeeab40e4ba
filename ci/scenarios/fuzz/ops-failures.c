// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail: of a file, of a mapping, of free space; one, or several in a row
 * before any process has had time to react.
 */
#include "ops.h"

#define MAX_PAGES	8		/* that fail in a row */
#define MAX_VICTIMS	(NR_PROCS * NR_VMAS * 4 * MAX_PAGES)

/* A mapping of a page that fails */
struct victim {
	int p, v;
	long i;
	long where;
	unsigned long addr;
	int lsb;
	bool told;
};

static struct victim victims[MAX_VICTIMS];
static int nr_victims;

/* The process that has injected the error by madvise(), or -1 */
static int consumer;

static void find_victims(const struct block *block)
{
	struct victim *victim;
	struct vma *vma;
	int p, v;
	long i;

	if (!block)
		return;
	for_each_vma(p, v) {
		vma = &processes[p].vma[v];
		for (i = vma->from; i < vma->to; i++) {
			if (vma->pte[i] != MAPS || block_of(vma, i) != block)
				continue;
			must(nr_victims < MAX_VICTIMS, "too many victims");
			victim = &victims[nr_victims++];
			*victim = (struct victim) {
				.p = p,
				.v = v,
				.i = i,
				.where = block->where,
				.addr = vma->addr + i * PAGE,
				.lsb = PAGE_LSB,
			};
			if (vma->inode->huge && by_pmd(p, victim->addr))
				victim->lsb = PMD_LSB;
		}
	}
}

bool wants_to_know(int p)
{
	switch (processes[p].policy) {
	case PR_MCE_KILL_EARLY:
		return true;
	case PR_MCE_KILL_LATE:
		return false;
	}
	return early_by_default;
}

/*
 * A process that has the page mapped and wants to know gets a signal with its
 * address, and so does the consumer. With several addresses it gets at least one: a
 * SIGBUS that is pending swallows the next.
 */
static void check_signals(int p)
{
	int code = p == consumer ? BUS_MCEERR_AR : BUS_MCEERR_AO;
	struct signal_got got[MAX_VICTIMS];
	int i, k, n, due = 0;

	n = actor_signals(p, true, got, ARRAY_SIZE(got));
	for (k = 0; p < NR_PROCS && k < nr_victims; k++)
		due += victims[k].p == p &&
			(p == consumer || wants_to_know(p));
	if (n && !due)
		differ("a process is signalled that should not be (process %d: code %d, %#lx, lsb %d)",
		       p, got[0].code, got[0].addr, got[0].lsb);
	if (!n && due)
		differ("a process is not signalled (process %d)", p);
	if (n > due)
		differ("a process gets too many signals (process %d: %d, not %d)",
		       p, n, due);
	for (i = 0; i < n; i++) {
		for (k = 0; k < nr_victims; k++)
			if (victims[k].p == p && !victims[k].told &&
			    victims[k].addr == got[i].addr)
				break;
		if (k == nr_victims || got[i].code != code ||
		    got[i].lsb != victims[k].lsb)
			differ("a process gets the wrong signal (process %d: code %d, %#lx, lsb %d)",
			       p, got[i].code, got[i].addr, got[i].lsb);
		victims[k].told = true;
	}
	figures.signals += n;
}

/* The pages next to the failed one are good in all mappings. */
static void check_neighbours(void)
{
	struct access a[MAX_ACCESSES];
	struct signal_got got[1];
	struct vma *vma;
	int k, n, d, j;
	long i[MAX_ACCESSES];

	for (k = 0; k < nr_victims; k++) {
		vma = &processes[victims[k].p].vma[victims[k].v];
		n = 0;
		for (d = -1; d <= 1; d += 2) {
			i[n] = victims[k].i + d;
			if (!in_vma(vma, i[n], 1) ||
			    vma->pte[i[n]] == NONE)
				continue;
			a[n] = (struct access) {
				.addr = vma->addr + i[n] * PAGE,
			};
			n++;
		}
		if (!n)
			continue;
		actor_access(victims[k].p, a, n);
		if (actor_signals(victims[k].p, false, got, 1))
			differ("a load from a page next to the failed one draws a signal (process %d, %#lx)",
			       victims[k].p, got[0].addr);
		for (j = 0; j < n; j++)
			if (a[j].hash != page_hash(seen_at(vma, i[j])))
				differ("a page next to the failed one has the wrong data (process %d, %#lx)",
				       victims[k].p, a[j].addr);
	}
}

long random_how(void)
{
	return below((MACHINE_CHECK | SCRUBBED) + 1);
}

static void before_failure(const long *where, int n)
{
	int k;

	check_tables();
	check_counter();
	nr_victims = 0;
	for (k = 0; k < n; k++)
		find_victims(block_at(where[k]));
}

static void after_failure(const long *where, int n)
{
	bool pmd = false;
	struct vma *vma;
	int k, p;

	figures.poisons += n;
	figures.victims += nr_victims;
	for (p = 0; p <= ZYGOTE; p++)
		if (p == ZYGOTE || processes[p].runs)
			check_signals(p);

	for (k = 0; k < nr_victims; k++) {
		vma = &processes[victims[k].p].vma[victims[k].v];
		if (victims[k].lsb == PMD_LSB) {
			pmd = true;
			figures.by_pmd++;
			unmapped_by_pmd(vma, victims[k].i);
		}
		vma->pte[victims[k].i] = NONE;
	}
	/* PTEs that map it through the same file may go with the PMD. */
	for (k = 0; pmd && k < nr_victims; k++) {
		vma = &processes[victims[k].p].vma[victims[k].v];
		uncertain(vma->inode, vma->pgoff + victims[k].i);
	}
	check_tables();
	check_neighbours();

	check_counter();
	for (k = 0; k < n; k++) {
		check_flag(where[k]);
		check_flag(where[k] - 1);
		check_flag(where[k] + 1);
		check_flag(where_is(pfn_at(where[k]) & ~(CHUNK - 1L)));
	}
}

static void fail_one(long where, int how)
{
	struct block *block = block_at(where);
	bool mapped = false;
	int k, ret = 0;

	if (how & MACHINE_CHECK) {
		raise_machine_check(pfn_at(where));
		machine_check_handled();
		figures.machine_checks++;
		any_lost = true;
		if (block)
			files_lost(block);
	} else {
		ret = poison(pfn_at(where));
	}
	if (how & SCRUBBED)
		record_bad_block(sector_at(where));
	if (how != INJECTED)
		bad_from_now(where, how);
	for (k = 0; k < nr_victims; k++)
		mapped |= victims[k].where == where;
	/* Without a reverse mapping btree the files that have a page may be unknown. */
	if (ret && !(ret == -EBUSY && !mapped && !has_rmapbt())) {
		if (block)
			dump_block(block);
		differ("memory_failure() fails (%s)", strerror(-ret));
	}
}

static void fail_pages(const long *where, int n, int how)
{
	int k;

	consumer = -1;
	before_failure(where, n);
	for (k = 0; k < n; k++)
		fail_one(where[k], how & (MACHINE_CHECK | SCRUBBED));
	after_failure(where, n);
}

void fail_page(long where, int how)
{
	fail_pages(&where, 1, how);
}

/* --- of a file --- */

static bool random_poison(long *arg)
{
	struct inode *inode;
	long tries;

	for (tries = 0; tries < 20; tries++) {
		if (!random_file(&arg[0]))
			return false;
		inode = files[arg[0]];
		arg[1] = below(inode->nr_pages);
		arg[2] = random_how();
		if (inode->nr_pages && inode->page[arg[1]] &&
		    (!bad(inode->page[arg[1]]) || chance(5)))
			return true;
	}
	return false;
}

static bool run_poison(const long *arg)
{
	struct inode *inode = any_file(arg[0]);

	if (!inode || !in_file(inode, arg[1], 1) || !inode->page[arg[1]])
		return false;
	fail_page(inode->page[arg[1]]->where, arg[2]);
	check_extents(inode, arg[1], arg[1] + 1);
	return true;
}

static bool random_poison_range(long *arg)
{
	if (!random_file_range(arg) || files[arg[0]]->huge)
		return false;
	arg[3] = random_how();
	return true;
}

/* Pages in a row. Of a block that the file has twice, only one. */
static bool run_poison_range(const long *arg)
{
	struct inode *inode = any_file(arg[0]);
	long where[MAX_PAGES], i;
	int n = 0, k;

	if (!inode || inode->huge || !in_file(inode, arg[1], arg[2]))
		return false;
	for (i = 0; i < arg[2] && n < MAX_PAGES; i++) {
		if (!inode->page[arg[1] + i])
			continue;
		where[n] = inode->page[arg[1] + i]->where;
		for (k = 0; where[k] != where[n]; k++)
			;
		n += k == n;
	}
	if (!n)
		return false;
	/* A page of a huge file is split from its PMD by the first failure. */
	before_failure(where, n);
	for (k = 0; k < nr_victims; k++)
		if (victims[k].lsb == PMD_LSB)
			n = 1;
	fail_pages(where, n, arg[3]);
	return true;
}

/* --- of a mapping; the file may have no name --- */

static bool random_poison_mapped(long *arg)
{
	bool by_pmd = chance(30);
	struct vma *vma;
	long tries, n;

	for (tries = 0; tries < 20; tries++) {
		if (!random_vma(&arg[0], &arg[1]))
			return false;
		vma = the_vma(arg[0], arg[1]);
		if (by_pmd && tries < 15 &&
		    !whole_chunk(vma->inode, vma->pgoff & ~(CHUNK - 1L)))
			continue;
		arg[2] = between(vma->from, vma->to - 1);
		arg[3] = random_how();
		for (n = vma->from; n < vma->to; n++) {
			if ((vma->pte[arg[2]] == MAPS ||
			     vma->pte[arg[2]] == MAY) &&
			    block_of(vma, arg[2]) && !bad(block_of(vma, arg[2])))
				return true;
			if (++arg[2] == vma->to)
				arg[2] = vma->from;
		}
	}
	return false;
}

static bool run_poison_mapped(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	struct block *block;

	if (!vma || !in_vma(vma, arg[2], 1))
		return false;
	block = block_of(vma, arg[2]);
	if (!block)
		return false;
	fail_page(block->where, arg[3]);
	return true;
}

static bool random_poison_own(long *arg)
{
	if (!random_poison_mapped(arg))
		return false;
	arg[3] = chance(60) ? 1 : between(1, MAX_PAGES);
	return true;
}

/* madvise(MADV_HWPOISON) of pages that the process has just accessed */
static bool run_poison_own(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	long where[MAX_PAGES], i;
	int n, k, error;

	if (!vma || arg[3] <= 0 || arg[3] > MAX_PAGES ||
	    !in_vma(vma, arg[2], arg[3]))
		return false;
	for (n = 0; n < arg[3] && (!n || !vma->inode->huge); n++) {
		i = arg[2] + n;
		if (expected(arg[0], vma, i, false) != FINE ||
		    !block_of(vma, i) || vma->pte[i] == COPY ||
		    vma->pte[i] == HOLE || bad(block_of(vma, i)))
			break;
		where[n] = block_of(vma, i)->where;
		for (k = 0; where[k] != where[n]; k++)
			;
		if (k < n)
			break;
	}
	if (!n)
		return false;
	before_populating(arg[0], vma, arg[2], n);
	error = actor_advise(arg[0], vma->addr + arg[2] * PAGE, n,
			     MADV_POPULATE_READ);
	populated(arg[0], vma, arg[2], n, false, error, -EFAULT, -EHWPOISON);
	before_failure(where, n);
	for (k = 0; k < nr_victims; k++)
		if (victims[k].lsb == PMD_LSB && n > 1)
			return true;
	consumer = arg[0];
	error = actor_advise(arg[0], vma->addr + arg[2] * PAGE, n,
			     MADV_HWPOISON);
	if (error)
		differ("MADV_HWPOISON fails (%s)", strerror(-error));
	after_failure(where, n);
	return true;
}

/* --- of no file --- */

static long nth;

static bool is_nth(long where)
{
	return !block_at(where) && !bad_place(where) && !nth--;
}

static bool fail_special(uint64_t owner, bool (*wanted)(long where), int how)
{
	long where = knows_its_space() ? find_page(owner, wanted) : -1;

	if (where >= 0)
		fail_page(where, how);
	return where >= 0;
}

bool fail_free_page(bool (*wanted)(long where), int how)
{
	return fail_special(OWN_FREE, wanted, how);
}

static bool random_poison_free(long *arg)
{
	arg[0] = below(64);
	arg[1] = random_how();
	return knows_its_space();
}

static bool run_poison_free(const long *arg)
{
	nth = arg[0];
	return nth >= 0 && fail_special(OWN_FREE, is_nth, arg[1]);
}

/* Staged for copy on write */
static bool run_poison_staged(const long *arg)
{
	nth = arg[0];
	return nth >= 0 && fail_special(XFS_OWN_COW, is_nth, arg[1]);
}

struct op_kind failure_ops[] = {
	{ "poison", 2, "file page how", random_poison, run_poison,
	  FROZEN | PINNED },
	{ "poison-range", 1, "file page n how", random_poison_range,
	  run_poison_range, FROZEN | PINNED },
	{ "poison-mapped", 6, "process vma page how", random_poison_mapped,
	  run_poison_mapped, FROZEN | PINNED },
	{ "poison-own", 2, "process vma page n", random_poison_own,
	  run_poison_own, FROZEN | PINNED },
	{ "poison-free", 1, "n how", random_poison_free, run_poison_free,
	  FROZEN | PINNED },
	{ "poison-staged", 1, "n how", random_poison_free, run_poison_staged,
	  FROZEN | PINNED },
	{}
};
