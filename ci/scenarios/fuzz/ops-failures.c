// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a file, a mapping or free space fail: one, or several in a row
 * before any process can react.
 */
#include "fuzz.h"

#define MAX_PAGES	8		/* that fail in a row */
#define MAX_VICTIMS	(NR_PROCS * NR_VMAS * 4 * MAX_PAGES)

struct victim victims[MAX_VICTIMS];
int nr_victims;

/* The process that has injected the error by madvise(), or -1 */
static int consumer = -1;

void find_victims(const struct block *block, int states)
{
	struct vma *vma;
	long i;

	if (!block)
		return;
	for_each_vma(vma) {
		for (i = vma->from; i < vma->to; i++) {
			if (!(states >> vma->pte[i] & 1) ||
			    block_of(vma, i) != block)
				continue;
			must(nr_victims < MAX_VICTIMS, "too many victims");
			victims[nr_victims++] = (struct victim) {
				.vma = vma,
				.i = i,
				.where = block->where,
				.lsb = vma->inode->huge && by_pmd(vma, i) ?
					PMD_LSB : PAGE_LSB,
			};
		}
	}
}

struct victim *victim_of(int p, const struct signal_got *got)
{
	struct victim *v;

	for (v = victims; v < victims + nr_victims; v++)
		if (process_of(v->vma) == p && !v->told &&
		    addr_of(v->vma, v->i) == got->addr)
			return v;
	return NULL;
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

void wrong_signal(int p, const char *what, const struct signal_got *got)
{
	differ("%s (process %d: code %d, %#lx, lsb %d)", what, p, got->code,
	       got->addr, got->lsb);
}

/*
 * An early-kill process that maps the page gets a signal with its address, and so does
 * the consumer. With several addresses it gets at least one signal: a pending SIGBUS
 * swallows the next.
 */
static void check_signals(int p)
{
	int code = p == consumer ? BUS_MCEERR_AR : BUS_MCEERR_AO;
	struct signal_got got[MAX_VICTIMS];
	struct victim *v;
	int i, n, due = 0;

	n = actor_signals(p, true, got, ARRAY_SIZE(got));
	for (v = victims; v < victims + nr_victims; v++)
		due += process_of(v->vma) == p &&
			(p == consumer || wants_to_know(p));
	if (n && !due)
		wrong_signal(p, "a process is signalled that should not be", got);
	if (!n && due)
		differ("a process is not signalled (process %d)", p);
	if (n > due)
		differ("a process gets too many signals (process %d: %d, not %d)",
		       p, n, due);
	for (i = 0; i < n; i++) {
		v = victim_of(p, &got[i]);
		if (!v || got[i].code != code || got[i].lsb != v->lsb)
			wrong_signal(p, "a process gets the wrong signal", &got[i]);
		v->told = true;
	}
	figures.signals += n;
}

/* The pages next to a failed one are good in all its mappings. */
static void check_neighbours(struct vma *vma, long failed)
{
	struct access a[2];
	struct signal_got got[1];
	long i[2];
	int n = 0, k;

	for (k = -1; k <= 1; k += 2) {
		i[n] = failed + k;
		if (!in_vma(vma, i[n], 1) || vma->pte[i[n]] == NONE)
			continue;
		a[n] = (struct access) { .addr = addr_of(vma, i[n]) };
		n++;
	}
	if (!n)
		return;
	actor_access(process_of(vma), a, n);
	if (actor_signals(process_of(vma), false, got, 1))
		differ_at(vma, failed,
			  "a load from a page next to the failed one draws a signal");
	for (k = 0; k < n; k++)
		if (a[k].hash != page_hash(seen_at(vma, i[k])))
			differ_at(vma, i[k],
				  "a page next to the failed one has the wrong data");
}

static void before_failure(const long *where, int n)
{
	check_tables();
	check_counter();
	nr_victims = 0;
	while (n--)
		find_victims(block_at(*where++), OF(MAPS));
}

static bool by_any_pmd(void)
{
	int k;

	for (k = 0; k < nr_victims; k++)
		if (victims[k].lsb == PMD_LSB)
			return true;
	return false;
}

static void after_failure(const long *where, int n)
{
	struct victim *v, *end = victims + nr_victims;
	bool pmd = by_any_pmd();
	int p;

	figures.poisons += n;
	figures.victims += nr_victims;
	for_each_process(p)
		check_signals(p);
	check_signals(ZYGOTE);

	for (v = victims; v < end; v++) {
		if (v->lsb == PMD_LSB) {
			figures.by_pmd++;
			change_around(v->vma, v->i, MAPPED, NONE);
		}
		v->vma->pte[v->i] = NONE;
	}
	/* PTEs that map it through the same file may be unmapped with the PMD. */
	for (v = victims; pmd && v < end; v++)
		uncertain(v->vma->inode, v->vma->pgoff + v->i);
	check_tables();
	for (v = victims; v < end; v++)
		check_neighbours(v->vma, v->i);

	check_counter();
	for (; n--; where++) {
		check_flag(*where);
		check_flag(*where - 1);
		check_flag(*where + 1);
		check_flag(where_is(chunk_of(pfn_at(*where))));
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
	/* Without a reverse mapping btree the sharers of a page may be unknown. */
	if (ret && !(ret == -EBUSY && !mapped && !has_rmapbt())) {
		dump_block(block);
		differ("memory_failure() fails (%s)", strerror(-ret));
	}
}

static void fail_pages(const long *where, int n, int how)
{
	int k;

	before_failure(where, n);
	/* The first failure splits the PMD of a huge file's page. */
	if (n > 1 && by_any_pmd())
		before_failure(where, n = 1);
	for (k = 0; k < n; k++)
		fail_one(where[k], how & (MACHINE_CHECK | SCRUBBED));
	after_failure(where, n);
}

/* Add a place to the list, if it is not in it. */
static bool add_place(long *where, int *n, long place)
{
	int k;

	for (k = 0; k < *n; k++)
		if (where[k] == place)
			return false;
	where[(*n)++] = place;
	return true;
}

/* --- of a file --- */

static bool random_poison(struct op *op)
{
	struct inode *inode;
	long tries;

	for (tries = 0; tries < 20; tries++) {
		inode = random_file(&op->file);
		if (!inode)
			return false;
		op->page = below(inode->nr_pages);
		op->how = random_how();
		if (inode->nr_pages && inode->page[op->page] &&
		    (!bad(inode->page[op->page]) || chance(5)))
			return true;
	}
	return false;
}

static bool run_poison(const struct op *op)
{
	struct block *block = op->inode->page[op->page];

	if (!block)
		return false;
	fail_pages(&block->where, 1, op->how);
	check_extents(op->inode, op->page, op->page + 1);
	return true;
}

static bool random_poison_range(struct op *op)
{
	struct inode *inode = random_file(&op->file);

	if (!inode || !random_range(inode, false, &op->page, &op->n) ||
	    inode->huge)
		return false;
	op->how = random_how();
	return true;
}

/* Pages in a row. A block that the file has twice counts once. */
static bool run_poison_range(const struct op *op)
{
	long where[MAX_PAGES], i;
	struct block *block;
	int n = 0;

	for (i = 0; i < op->n && n < MAX_PAGES; i++) {
		block = op->inode->page[op->page + i];
		if (block)
			add_place(where, &n, block->where);
	}
	if (op->inode->huge || !n)
		return false;
	fail_pages(where, n, op->how);
	return true;
}

/* --- of a mapping; the file may be unlinked --- */

static bool random_poison_mapped(struct op *op)
{
	bool by_pmd = chance(30);
	struct block *block;
	struct vma *vma;
	long tries, n;

	for (tries = 0; tries < 20; tries++) {
		if (!random_vma(op))
			return false;
		vma = op->map;
		if (by_pmd && tries < 15 &&
		    !whole_chunk(vma->inode, chunk_of(vma->pgoff)))
			continue;
		op->page = between(vma->from, vma->to - 1);
		op->how = random_how();
		for (n = vma->from; n < vma->to; n++) {
			block = block_of(vma, op->page);
			if ((vma->pte[op->page] == MAPS ||
			     vma->pte[op->page] == MAY) && block && !bad(block))
				return true;
			if (++op->page == vma->to)
				op->page = vma->from;
		}
	}
	return false;
}

static bool run_poison_mapped(const struct op *op)
{
	struct block *block = block_of(op->map, op->page);

	if (!block)
		return false;
	fail_pages(&block->where, 1, op->how);
	return true;
}

static bool random_poison_own(struct op *op)
{
	if (!random_poison_mapped(op))
		return false;
	op->n = chance(60) ? 1 : between(1, MAX_PAGES);
	return true;
}

/* madvise(MADV_HWPOISON) of pages that the process has just accessed */
static bool run_poison_own(const struct op *op)
{
	struct vma *vma = op->map;
	long where[MAX_PAGES], i, k;
	struct block *block;
	int n = 0, error;

	if (op->n > MAX_PAGES)
		return false;
	for (k = 0; k < op->n && !(n && vma->inode->huge); k++) {
		i = op->page + k;
		block = block_of(vma, i);
		if (expected(vma, i, false) != FINE || !block ||
		    vma->pte[i] == COPY || vma->pte[i] == HOLE || bad(block) ||
		    !add_place(where, &n, block->where))
			break;
	}
	if (!n)
		return false;
	fault_in(vma, op->page, n, false, false);
	before_failure(where, n);
	if (n > 1 && by_any_pmd())
		return true;
	consumer = op->process;
	error = call(consumer, SYS_madvise, addr_of(vma, op->page), n * BLOCK,
		     MADV_HWPOISON);
	if (error)
		differ("MADV_HWPOISON fails (%s)", strerror(-error));
	after_failure(where, n);
	consumer = -1;
	return true;
}

/* --- of no file --- */

bool fail_special(uint64_t owner, bool (*wanted)(long where), int how)
{
	long where = knows_its_space() ? find_page(owner, wanted) : -1;

	if (where >= 0)
		fail_pages(&where, 1, how);
	return where >= 0;
}

static long nth;

static bool is_nth(long where)
{
	return !block_at(where) && !bad_place(where) && !nth--;
}

static bool random_poison_free(struct op *op)
{
	op->n = below(64);
	return random_args(op) && knows_its_space();
}

static bool run_poison_free(const struct op *op)
{
	nth = op->n;
	return nth >= 0 && fail_special(op->kind->with, is_nth, op->how);
}

#define ALWAYS	(FROZEN | PINNED | CACHED)

struct op_kind failure_ops[] = {
	{ "poison", 2, "file page how", ALWAYS, run_poison, random_poison },
	{ "poison-range", 1, "file page n how", ALWAYS, run_poison_range,
	  random_poison_range },
	{ "poison-mapped", 6, "process vma page how", ALWAYS, run_poison_mapped,
	  random_poison_mapped },
	{ "poison-own", 2, "process vma page n", ALWAYS, run_poison_own,
	  random_poison_own },
	{ "poison-free", 1, "n how", ALWAYS, run_poison_free,
	  random_poison_free, OWN_FREE },
	{ "poison-staged", 1, "n how", ALWAYS, run_poison_free,
	  random_poison_free, XFS_OWN_COW },
	{}
};
