// SPDX-License-Identifier: GPL-2.0
/*
 * All processes at once, while a page fails. Each repeats a few accesses; another
 * process writes to a file, or makes a reflink of one.
 *
 * The accesses are chosen so that the result does not depend on their order: no page
 * of a file is stored to by one and accessed by another. Only the failed page
 * depends on it: an access to it comes before the failure or after it. Nothing can
 * be said of the content that a load finds while write() is at it.
 */
#include "ops.h"

#define MAX_CHOSEN	8		/* accesses of a process */
#define MAX_WRITTEN	64L		/* pages */

struct chosen {
	int p;
	struct vma *vma;
	long i;
	struct inode *inode;
	long page;
	bool fails;			/* it is the failed page */
	struct access access;
};

static struct chosen chosen[NR_PROCS * MAX_CHOSEN];
static int nr_chosen;

/* The failed page */
static struct block *failed;
static long failed_at, failed_id;

enum writer { NO_WRITER, WRITES, CLONES };

static struct {
	enum writer does;
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
	long slot, page, n;

	writer.does = below(3);
	if (!random_file(&slot) || !files[slot]->dax ||
	    !random_range(files[slot], false, &page, &n))
		writer.does = NO_WRITER;
	if (writer.does == NO_WRITER)
		return;
	writer.inode = files[slot];
	writer.page = page;
	writer.n = n < MAX_WRITTEN ? n : MAX_WRITTEN;
	writer.byte = between(1, 255);
}

static bool conflicts(const struct chosen *new)
{
	bool store = new->access.len;
	int k;

	if (store && (in_written(new->inode, new->page) ||
		      (writer.does == WRITES && new->inode->huge &&
		       writer.inode == new->inode)))
		return true;
	for (k = 0; k < nr_chosen; k++)
		if (chosen[k].inode == new->inode &&
		    chosen[k].page == new->page &&
		    (store || chosen[k].access.len))
			return true;
	return false;
}

/* Some process has the page that fails mapped here; -1: at no page of @vma */
static long page_that_fails(const struct vma *vma)
{
	long i;

	for (i = vma->from; i < vma->to; i++)
		if (block_of(vma, i) == failed)
			return i;
	return -1;
}

static void choose_access(int p, struct vma *vma)
{
	struct chosen *c = &chosen[nr_chosen];
	long i = chance(40) ? page_that_fails(vma) : -1;
	bool store = chance(30);

	if (i < 0)
		i = random_page(vma);
	/* A store by MAP_SYNC would report the loss. */
	if (expected(p, vma, i, store) != FINE || (store && vma->sync) ||
	    (vma->pte[i] == HOLE && block_of(vma, i)))
		return;
	*c = (struct chosen) {
		.p = p,
		.vma = vma,
		.i = i,
		.inode = vma->inode,
		.page = vma->pgoff + i,
		.access.addr = vma->addr + i * PAGE,
	};
	c->fails = block_of(vma, i) == failed && vma->pte[i] != COPY;
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
	int p, v, k;

	nr_chosen = 0;
	for_each_process(p)
		for (k = 0; k < MAX_CHOSEN; k++) {
			v = below(NR_VMAS);
			if (the_vma(p, v))
				choose_access(p, the_vma(p, v));
		}
}

/* --- the storm itself --- */

static void release(int how, int rounds)
{
	struct access list[MAX_CHOSEN];
	int p, k, n;

	for_each_process(p) {
		for (k = n = 0; k < nr_chosen; k++)
			if (chosen[k].p == p)
				list[n++] = chosen[k].access;
		actor_storm(p, list, n, rounds);
	}
	if (writer.does == WRITES)
		actor_write(writer.inode->path, writer.page * BLOCK,
			    writer.n * BLOCK, writer.byte);
	else if (writer.does == CLONES)
		actor_clone(writer.inode->path, writer.page, writer.n,
			    MNT "/clone");
	actor_fail(pfn_at(failed_at), sector_at(failed_at), how);
	actors_wait();
	if (how & MACHINE_CHECK)
		machine_check_handled();
	for_each_process(p)
		for (k = n = 0; k < nr_chosen; k++)
			if (chosen[k].p == p)
				chosen[k].access = actor_accesses(p)[n++];
}

/* --- the result --- */

static void check_writer(int how)
{
	long n = actor_result(WRITER), len = writer.n * BLOCK;

	if (writer.does == CLONES) {
		/* It is removed by now. */
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
		written(writer.inode, writer.page, writer.page + writer.n, true);
	unsure(writer.inode, writer.page, writer.page + len / BLOCK);
}

static void check_access(const struct chosen *c, int how)
{
	const struct access *a = &c->access;

	if (a->failures && !(c->fails && how != INJECTED) &&
	    !(a->len && may_be_refused(c->vma, c->i)))
		differ("an access to a good page fails in a storm (process %d, %#lx)",
		       c->p, a->addr);
	if (a->wrong)
		differ("a load finds the wrong data in a storm (process %d, %#lx)",
		       c->p, a->addr);
}

/* The page tables may have been filled, or emptied, at all these pages. */
static void accessed(const struct chosen *c)
{
	long first = c->page & ~(CHUNK - 1L), k;

	uncertain(c->inode, c->page);
	unsure(c->inode, c->page, c->page + 1);
	for (k = c->vma->from; k < c->vma->to; k++)
		if (c->vma->pte[k] == NONE &&
		    (k == c->i || (c->inode->huge &&
				   c->vma->pgoff + k >= first &&
				   c->vma->pgoff + k < first + CHUNK)))
			c->vma->pte[k] = MAY;
}

static void moved(const struct chosen *c)
{
	long first = c->page & ~(CHUNK - 1L);

	if (!c->access.len || !c->vma->shared)
		return;
	if (c->inode->huge)
		maybe_written(c->inode, first, c->inode->nr_pages < first + CHUNK ?
			      c->inode->nr_pages : first + CHUNK);
	else
		maybe_written(c->inode, c->page, c->page + 1);
}

static void changed(const struct chosen *c, int rounds)
{
	const struct access *a = &c->access;
	unsigned int offset = a->addr % PAGE;
	struct block *block = block_of(c->vma, c->i);

	if (!a->len || a->failures == rounds)
		return;
	if (!c->vma->shared) {
		if (c->vma->pte[c->i] != COPY)
			make_copy(c->vma, c->i);
		memset(c->vma->copy[c->i] + offset, a->byte, a->len);
		return;
	}
	if (!block)
		differ("a store in a storm has no block (process %d, %#lx)",
		       c->p, a->addr);
	if (block->refs > 1)
		differ("a store in a storm goes to a block that is shared (process %d, %#lx)",
		       c->p, a->addr);
	memset(block->data + offset, a->byte, a->len);
}

/* --- signals --- */

struct mapping {
	int p;
	const struct vma *vma;
	unsigned long addr;
	bool must_tell;
};

static struct mapping mappings[256];
static int nr_mappings;

/* Nothing in the storm takes this page out of the page table but the failure. */
static bool undisturbed(int p, const struct vma *vma, long i)
{
	long page = vma->pgoff + i;
	int k;

	if (vma->inode->huge || in_written(vma->inode, page) ||
	    (writer.does == CLONES && writer.inode == vma->inode))
		return false;
	for (k = 0; k < nr_chosen; k++)
		if (chosen[k].inode == vma->inode && chosen[k].page == page &&
		    (chosen[k].access.len ||
		     (chosen[k].p == p && chosen[k].access.drop)))
			return false;
	return true;
}

static void note_mappings(void)
{
	struct vma *vma;
	int p, v;
	long i;

	nr_mappings = 0;
	for_each_vma(p, v) {
		vma = &processes[p].vma[v];
		for (i = vma->from; i < vma->to; i++) {
			if (block_of(vma, i) != failed || vma->pte[i] == COPY ||
			    nr_mappings == ARRAY_SIZE(mappings))
				continue;
			mappings[nr_mappings++] = (struct mapping) {
				.p = p,
				.vma = vma,
				.addr = vma->addr + i * PAGE,
				.must_tell = vma->pte[i] == MAPS &&
					undisturbed(p, vma, i),
			};
		}
	}
}

static void check_signals(int p)
{
	struct signal_got got[8];
	int n = actor_signals(p, true, got, ARRAY_SIZE(got)), k, i;
	bool due = false, told = n;

	for (k = 0; k < nr_chosen; k++)
		told |= chosen[k].p == p && chosen[k].access.failures;
	for (k = 0; k < nr_mappings; k++)
		due |= mappings[k].p == p && mappings[k].must_tell;
	if (due && wants_to_know(p) && !told)
		differ("a process is not signalled in a storm (process %d)", p);
	if (n && !wants_to_know(p))
		differ("a process is signalled in a storm that should not be (process %d: code %d, %#lx)",
		       p, got[0].code, got[0].addr);
	for (i = 0; i < n && i < (int)ARRAY_SIZE(got); i++) {
		for (k = 0; k < nr_mappings; k++)
			if (mappings[k].p == p && mappings[k].addr == got[i].addr)
				break;
		if (k == nr_mappings || got[i].code != BUS_MCEERR_AO ||
		    (got[i].lsb != PAGE_LSB && !mappings[k].vma->inode->huge))
			differ("a process gets the wrong signal in a storm (process %d: code %d, %#lx, lsb %d)",
			       p, got[i].code, got[i].addr, got[i].lsb);
	}
	figures.signals += n;
}

/* --- the operation --- */

/* All that others have made of the blocks; before the failed page is bad. */
static void check_blocks_and_tables(int how, int rounds)
{
	int k;

	if (how & MACHINE_CHECK) {
		any_lost = true;
		files_lost(failed);
	}
	for (k = 0; k < nr_chosen; k++)
		check_access(&chosen[k], how);
	for (k = 0; k < nr_chosen; k++)
		moved(&chosen[k]);
	check_writer(how);
	for (k = 0; k < nr_chosen; k++)
		changed(&chosen[k], rounds);
	for (k = 0; k < nr_chosen; k++)
		accessed(&chosen[k]);
	for (k = 0; writer.does == WRITES && k < writer.n; k++) {
		struct block *block = writer.inode->page[writer.page + k];

		memset(block->data, writer.byte, PAGE);
		if (bad(block))
			must_be_repaired(block->where);
	}
	for (k = 0; k < nr_mappings; k++) {
		long page = mappings[k].vma->pgoff +
			(mappings[k].addr - mappings[k].vma->addr) / PAGE;

		unsure(mappings[k].vma->inode, page, page + 1);
		uncertain(mappings[k].vma->inode, page);
	}
}

/* Written as a whole, by its file or the next one: it may be good again. */
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

static bool random_storm(long *arg)
{
	struct inode *inode;

	if (!random_file_range(arg))
		return false;
	inode = files[arg[0]];
	arg[2] = chance(50) ? MACHINE_CHECK : INJECTED;
	arg[3] = between(2, 40);
	arg[4] = below(1L << 30);
	return inode->page[arg[1]] && !bad(inode->page[arg[1]]);
}

static bool run_storm(const long *arg)
{
	struct inode *inode = any_file(arg[0]);
	uint64_t random_state = random_save();
	int how = arg[2] & MACHINE_CHECK, rounds = arg[3], p, k;
	bool was_written = false;

	if (!inode || !in_file(inode, arg[1], 1) || !inode->page[arg[1]] ||
	    bad(inode->page[arg[1]]) || rounds <= 0)
		return false;
	failed = inode->page[arg[1]];
	failed_at = failed->where;
	failed_id = failed->id;
	random_seed(arg[4]);
	check_tables();
	check_counter();
	choose_writer();
	choose();
	random_seed(random_state);
	note_mappings();
	for (k = 0; writer.does == WRITES && k < writer.n; k++)
		was_written |= writer.inode->page[writer.page + k] == failed;

	release(how, rounds);
	figures.storms++;
	figures.poisons++;
	figures.machine_checks += how == MACHINE_CHECK;
	check_blocks_and_tables(how, rounds);
	check_failed_page(how, was_written);
	for_each_process(p)
		check_signals(p);
	check_tables();
	check_counter();
	check_flag(failed_at);
	return true;
}

struct op_kind storm_ops[] = {
	{ "storm", 1, "file page how rounds seed", random_storm, run_storm },
	{}
};
