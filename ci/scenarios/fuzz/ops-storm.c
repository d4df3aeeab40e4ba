// SPDX-License-Identifier: GPL-2.0
/*
 * All processes at once, while a page fails. Each repeats a few accesses; another
 * process writes to a file, or makes a reflink of one.
 *
 * The accesses are chosen so that the result does not depend on their order: no page of
 * a file is stored to by one and accessed by another. Only the failed page depends on
 * it: an access to it comes before the failure or after it. The content that a load
 * finds during a write() is undefined.
 */
#include "fuzz.h"

#define MAX_CHOSEN	8		/* accesses of a process */
#define MAX_WRITTEN	64L		/* pages */

static struct chosen {
	struct vma *vma;
	long i;
	struct inode *inode;
	long page;
	bool fails;			/* it is the failed page */
	struct access access;
} chosen[NR_PROCS * MAX_CHOSEN];
static int nr_chosen;

#define for_each_chosen(c)	for (c = chosen; c < chosen + nr_chosen; c++)

/* The failed page */
static struct block *failed;
static long failed_at, failed_id;

static struct {
	enum { NO_WRITER, WRITES, CLONES } does;
	struct inode *inode;
	long page, n;
	int byte;
} writer;

static bool in_written(const struct inode *inode, long page)
{
	return writer.does == WRITES && writer.inode == inode &&
		page >= writer.page && page < writer.page + writer.n;
}

/* --- choice --- */

static void choose_writer(void)
{
	struct inode *inode;
	long slot, page, n;

	writer.does = below(3);
	inode = random_file(&slot);
	if (!inode || !inode->dax || !random_range(inode, false, &page, &n))
		writer.does = NO_WRITER;
	if (writer.does == NO_WRITER)
		return;
	writer.inode = inode;
	writer.page = page;
	writer.n = min(n, MAX_WRITTEN);
	writer.byte = between(1, 255);
}

static bool conflicts(const struct chosen *new)
{
	bool store = new->access.len;
	const struct chosen *c;

	if (store && (in_written(new->inode, new->page) ||
		      (writer.does == WRITES && new->inode->huge &&
		       writer.inode == new->inode)))
		return true;
	for_each_chosen(c)
		if (c->inode == new->inode && c->page == new->page &&
		    (store || c->access.len))
			return true;
	return false;
}

/* The index of the failing page in @vma, or -1 */
static long page_that_fails(const struct vma *vma)
{
	long i;

	for (i = vma->from; i < vma->to; i++)
		if (block_of(vma, i) == failed)
			return i;
	return -1;
}

static void choose_access(struct vma *vma)
{
	struct chosen *c = &chosen[nr_chosen];
	long i = chance(40) ? page_that_fails(vma) : -1;
	bool store = chance(30);

	if (i < 0)
		i = random_page(vma);
	/* A store by MAP_SYNC would report the loss. */
	if (expected(vma, i, store) != FINE || (store && vma->sync) ||
	    (vma->pte[i] == HOLE && block_of(vma, i)))
		return;
	*c = (struct chosen) {
		.vma = vma,
		.i = i,
		.inode = vma->inode,
		.page = vma->pgoff + i,
		.fails = block_of(vma, i) == failed && vma->pte[i] != COPY,
		.access.addr = addr_of(vma, i),
	};
	if (store) {
		c->access.len = between(1, 64);
		c->access.addr += below(PAGE - c->access.len);
		c->access.byte = between(1, 255);
	} else {
		c->access.check = vma->pte[i] == COPY ||
			!in_written(c->inode, c->page);
		c->access.want = page_hash(seen_at(vma, i));
	}
	c->access.drop = vma->shared && chance(40);
	if (!conflicts(c))
		nr_chosen++;
}

static void choose(void)
{
	struct vma *vma;
	int p, k;

	choose_writer();
	nr_chosen = 0;
	for_each_process(p)
		for (k = 0; k < MAX_CHOSEN; k++) {
			vma = &vmas[p][below(NR_VMAS)];
			if (vma->inode)
				choose_access(vma);
		}
}

/* --- the storm itself --- */

static void release(int how, int rounds)
{
	struct actor *a;
	struct chosen *c;
	int p;

	for_each_process(p) {
		a = &actors[p];
		a->nr = 0;
		for_each_chosen(c)
			if (process_of(c->vma) == p)
				a->access[a->nr++] = c->access;
		a->value = rounds;
		order_too(p, do_storm);
	}
	if (writer.does != NO_WRITER) {
		a = &actors[WRITER];
		set_path(WRITER, writer.inode->path);
		a->offset = writer.page * BLOCK;
		a->len = writer.n * BLOCK;
		a->value = writer.byte;
		order_too(WRITER, writer.does == WRITES ? do_write : do_clone);
	}
	a = &actors[INJECTOR];
	a->addr = pfn_at(failed_at);
	a->flags = how;
	order_too(INJECTOR, do_fail);
	actors_wait();
	if (how & MACHINE_CHECK)
		machine_check_handled();
	for_each_process(p) {
		struct access *answer = actors[p].access;

		for_each_chosen(c)
			if (process_of(c->vma) == p)
				c->access = *answer++;
	}
}

/* --- the result --- */

static void check_writer(int how)
{
	long n = actors[WRITER].result, len = writer.n * BLOCK;

	if (writer.does == CLONES) {
		/* It has been removed. */
		inodes_gone++;
		unsure(writer.inode, 0, HUGE_PAGES);
		if (n && !(n == -EIO && writer.inode->lost))
			differ("FICLONERANGE in a storm fails (%s)",
			       strerror(-n));
	}
	if (writer.does != WRITES)
		return;
	if (n != len && !((how & MACHINE_CHECK) && n >= -EFAULT))
		differ("pwrite() in a storm returns %ld, not %ld", n, len);
	writer.n = n > 0 ? n / BLOCK : 0;
	if (writer.n)
		written(writer.inode, writer.page, writer.page + writer.n,
			BY_WRITE);
	unsure(writer.inode, writer.page, writer.page + len / BLOCK);
}

static void check_access(const struct chosen *c, int how)
{
	const struct access *a = &c->access;

	if (a->failures && !(c->fails && how != INJECTED) &&
	    !(a->len && may_be_refused(c->vma, c->i)))
		differ_at(c->vma, c->i,
			  "an access to a good page fails in a storm");
	if (a->wrong)
		differ_at(c->vma, c->i,
			  "a load finds the wrong data in a storm");
}

/* The page tables may have been filled, or emptied, at all these pages. */
static void accessed(const struct chosen *c)
{
	unsure(c->inode, c->page, c->page + 1);
	change(c->vma, c->i, c->i + 1, OF(NONE), MAY);
	faulted(c->vma, c->i);
}

static void moved(const struct chosen *c)
{
	long first = chunk_of(c->page);

	if (!c->access.len || !c->vma->shared)
		return;
	if (c->inode->huge)
		maybe_written(c->inode, first,
			      min(first + CHUNK, c->inode->nr_pages));
	else
		maybe_written(c->inode, c->page, c->page + 1);
}

static void changed(const struct chosen *c, int rounds)
{
	const struct access *a = &c->access;
	struct block *block = block_of(c->vma, c->i);
	int offset = a->addr % PAGE;

	if (!a->len || a->failures == rounds)
		return;
	if (!c->vma->shared) {
		stored_to_copy(c->vma, c->i, offset, a->len, a->byte);
		return;
	}
	if (!block)
		differ_at(c->vma, c->i, "a store in a storm has no block");
	if (block->refs > 1)
		differ_at(c->vma, c->i,
			  "a store in a storm goes to a block that is shared");
	memset(block->data + offset, a->byte, a->len);
}

/* --- signals --- */

/* In the storm, only the failure unmaps this page. */
static bool undisturbed(const struct vma *vma, long i)
{
	long page = vma->pgoff + i;
	const struct chosen *c;

	if (vma->inode->huge || in_written(vma->inode, page) ||
	    (writer.does == CLONES && writer.inode == vma->inode))
		return false;
	for_each_chosen(c)
		if (c->inode == vma->inode && c->page == page &&
		    (c->access.len || (process_of(c->vma) == process_of(vma) &&
				       c->access.drop)))
			return false;
	return true;
}

static void check_signals(int p)
{
	struct signal_got got[8];
	int n = actor_signals(p, true, got, ARRAY_SIZE(got)), i;
	bool due = false, told = n;
	const struct victim *v;
	const struct chosen *c;

	for_each_chosen(c)
		told |= process_of(c->vma) == p && c->access.failures;
	for (v = victims; v < victims + nr_victims; v++)
		due |= process_of(v->vma) == p && v->undisturbed;
	if (due && wants_to_know(p) && !told)
		differ("a process is not signalled in a storm (process %d)", p);
	if (n && !wants_to_know(p))
		wrong_signal(p, "a process is signalled in a storm that should not be",
			     got);
	for (i = 0; i < min(n, (int)ARRAY_SIZE(got)); i++) {
		v = victim_of(p, &got[i]);
		if (!v || got[i].code != BUS_MCEERR_AO ||
		    (got[i].lsb != PAGE_LSB && !v->vma->inode->huge))
			wrong_signal(p, "a process gets the wrong signal in a storm",
				     &got[i]);
	}
	figures.signals += n;
}

/* --- the operation --- */

/* Check the other changes to the blocks before the failed page counts as bad. */
static void check_blocks_and_tables(int how, int rounds)
{
	const struct victim *v;
	struct chosen *c;
	struct block *block;
	int k;

	if (how & MACHINE_CHECK)
		files_lost(failed);
	for_each_chosen(c)
		check_access(c, how);
	for_each_chosen(c)
		moved(c);
	check_writer(how);
	for_each_chosen(c)
		changed(c, rounds);
	for_each_chosen(c)
		accessed(c);
	for (k = 0; writer.does == WRITES && k < writer.n; k++) {
		block = writer.inode->page[writer.page + k];
		memset(block->data, writer.byte, PAGE);
		if (bad(block))
			must_be_repaired(block->where);
	}
	for (v = victims; v < victims + nr_victims; v++) {
		unsure(v->vma->inode, v->vma->pgoff + v->i,
		       v->vma->pgoff + v->i + 1);
		uncertain(v->vma->inode, v->vma->pgoff + v->i);
	}
}

/* If fully written, by its file or the next owner, it may be good again. */
static void check_failed_page(int how, bool was_written)
{
	if (how == INJECTED)
		return;
	bad_from_now(failed_at, how);
	if (still_bad(failed_at))
		return;
	if (!was_written && block_at(failed_at) &&
	    block_at(failed_at)->id == failed_id)
		differ("a page that has failed is good again (%#lx)", failed_at);
	repaired(failed_at);
	figures.repairs++;
}

static bool random_storm(struct op *op)
{
	struct block *block;

	op->inode = random_file(&op->file);
	if (!op->inode || !random_range(op->inode, false, &op->page, &op->n))
		return false;
	op->how = chance(50) ? MACHINE_CHECK : INJECTED;
	op->rounds = between(2, 40);
	op->seed = below(1L << 30);
	block = op->inode->page[op->page];
	return block && !bad(block);
}

static bool run_storm(const struct op *op)
{
	int how = op->how & MACHINE_CHECK, p, k;
	bool was_written = false;
	struct victim *v;
	uint64_t seed;

	failed = op->inode->page[op->page];
	if (!failed || bad(failed))
		return false;
	failed_at = failed->where;
	failed_id = failed->id;
	check_tables();
	check_counter();
	seed = random_seed(op->seed);
	choose();
	random_seed(seed);
	nr_victims = 0;
	find_victims(failed, ~OF(COPY));
	for (v = victims; v < victims + nr_victims; v++)
		v->undisturbed = v->vma->pte[v->i] == MAPS &&
			undisturbed(v->vma, v->i);
	for (k = 0; writer.does == WRITES && k < writer.n; k++)
		was_written |= writer.inode->page[writer.page + k] == failed;

	release(how, op->rounds);
	figures.storms++;
	figures.poisons++;
	figures.machine_checks += how == MACHINE_CHECK;
	check_blocks_and_tables(how, op->rounds);
	check_failed_page(how, was_written);
	for_each_process(p)
		check_signals(p);
	check_tables();
	check_counter();
	check_flag(failed_at);
	return true;
}

struct op_kind storm_ops[] = {
	{ "storm", 1, "file page how rounds seed", CACHED, run_storm,
	  random_storm },
	{}
};
