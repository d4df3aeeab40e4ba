// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure of pages that a mapping answers for
 * ==================================================
 *
 * A failed page of persistent memory can not be replaced, and several files may
 * have it in use.  Its ->mapping is asked who does, by
 * address_space_operations->memory_failure, and answers by mf_add_sharer().
 * What is done about the sharers is done here, when the operation has returned
 * and the filesystem has let go of all its locks:
 *
 *	mf_ask_mapping()	the filesystem fills the batch, or answers
 *				-EAGAIN when it is full, to be called again
 *	mf_act()		acts on the batch:
 *	  mf_act_on_sharer()	per sharer: lock the DAX entry, see whether it
 *				still has the page, unmap it, note from whom
 *				and report the lost data, drop the inodes
 *	mf_signal()		one walk over all processes, in the end or when
 *				no more mappings can be noted
 *
 * So nothing is waited for, unmapped or killed under a lock of a filesystem,
 * and such a lock is held for one batch at most, however many sharers there are.
 * Nor is anybody signalled with a DAX entry locked.
 *
 * A page is unmapped from every process, including those that are not signalled.
 * A page that has really failed cannot be mapped again: it is flagged before its
 * mapping is looked up, and a fault on a flagged page fails.  A simulated failure
 * sets no flag; a mapping made after the event began may remain.
 *
 * Lifetimes: whoever calls the operation has an active reference to the
 * superblock.  A sharer in the batch has a reference to its inode.  A noted
 * mapping has its mm by mmgrab(), which keeps the address in memory from being
 * used for another mm until the processes have been compared with it.
 *
 * Locks: mf_mutex is not held here.  References to inodes and superblocks are
 * dropped, which may be the last ones, and an inode that goes away waits for pins
 * on its pages, which madvise(MADV_HWPOISON) holds while it waits for mf_mutex.
 * Two events on one page may be dealt with at the same time: whoever unmaps it
 * somewhere sends the signal.
 *
 *	(locks of the filesystem, released again)
 *	DAX entry -> i_mmap_rwsem -> page table lock
 */
#include <kunit/visibility.h>
#include <linux/dax.h>
#include <linux/dax_proxy.h>
#include <linux/fs.h>
#include <linux/fserror.h>
#include <linux/hash.h>
#include <linux/memory-failure.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <trace/events/memory-failure.h>

#include <asm/tlb.h>

#include "internal.h"

/*
 * Most pages are of one file that one process maps: what is on the stack will do,
 * and does for all others if there is no memory.  For these there is room for
 *  - as many sharers as a filesystem may report with its locks held;
 *  - as many victims as make the walk over all processes for their sake cheap,
 *    compared with unmapping the page from each of them.
 */
#define MF_STACK_SHARERS	4
#define MF_MAX_SHARERS		256
#define MF_STACK_VICTIM_BITS	2
#define MF_MORE_VICTIM_BITS	4	/* each time that there are too few */
#define MF_MAX_VICTIM_BITS	10

/* A console may take longer for a line than it takes to unmap a page. */
#define MF_MAX_LOGGED		16

struct mf_sharer {
	struct address_space *mapping;
	pgoff_t index;
	unsigned long pfn;
	unsigned long nr;
};

/* A virtual address that had the failed page. */
struct mf_victim {
	struct mm_struct *mm;
	struct task_struct *tsk;
	unsigned long addr;
	unsigned long pfn;
	short shift;
	/* Indices plus one, of victims with the same hash of the mm: */
	unsigned short next;	/* after this one */
	unsigned short head;	/* first with the hash that is this one's index */
};

struct mf_batch {
	int mf_flags;
	bool again;		/* the sharers that were reported have been seen */
	bool missed_only;	/* others have been told that data is lost */
	bool resumed;		/* the filesystem was asked more than once */
	bool removal;	/* nothing is lost, but everybody is told, once */
	unsigned int max_sharers;
	unsigned int nr_sharers;
	unsigned int victim_bits;
	unsigned int nr_victims;
	unsigned int nr_signals;
	struct mf_sharer *sharers;
	struct mf_victim *victims;
	struct mf_sharer stack_sharers[MF_STACK_SHARERS];
	struct mf_victim stack_victims[BIT(MF_STACK_VICTIM_BITS)];
};

static void mf_batch_init(struct mf_batch *batch, int mf_flags)
{
	/*
	 * Another page can not be put in the place of this one, so whoever
	 * consumes it has to be stopped.
	 */
	batch->mf_flags = mf_flags | MF_ACTION_REQUIRED | MF_MUST_KILL;
	batch->again = false;
	batch->missed_only = false;
	batch->resumed = false;
	batch->removal = false;
	batch->max_sharers = MF_STACK_SHARERS;
	batch->nr_sharers = 0;
	batch->victim_bits = MF_STACK_VICTIM_BITS;
	batch->nr_victims = 0;
	batch->nr_signals = 0;
	batch->sharers = batch->stack_sharers;
	batch->victims = batch->stack_victims;
	memset(batch->victims, 0, sizeof(batch->stack_victims));
}

/**
 * mf_batch_full - is there room for another sharer?
 * @mfc: the control structure that ->memory_failure() was called with
 *
 * To be asked before the filesystem takes a reference to the inode that it is
 * about to report: mf_add_sharer() has one of its own then, and dropping the
 * filesystem's can not be the last iput() under the filesystem's locks.
 *
 * Context: any, does not sleep.
 * Return: true if there is none; ->memory_failure() leaves in @mfc->cookie where
 * to go on, lets go of its locks and returns -EAGAIN.
 */
bool mf_batch_full(const struct memory_failure_control *mfc)
{
	struct mf_batch *batch = mfc->batch;
	struct mf_sharer *sharers;

	if (batch->nr_sharers < batch->max_sharers)
		return false;
	if (batch->max_sharers == MF_MAX_SHARERS)
		return true;
	sharers = kmalloc_objs(*sharers, MF_MAX_SHARERS, GFP_NOWAIT);
	if (!sharers)
		return true;
	memcpy(sharers, batch->sharers, sizeof(batch->stack_sharers));
	batch->sharers = sharers;
	batch->max_sharers = MF_MAX_SHARERS;
	return false;
}
EXPORT_SYMBOL_GPL(mf_batch_full);

/**
 * mf_add_sharer - report a file that shares the failed pages
 * @mfc: the control structure that ->memory_failure() was called with
 * @mapping: the file's address space; the caller holds a reference to its inode
 * @index: first page offset in @mapping
 * @pfn: page frame that @index has
 * @nr: number of pages
 *
 * The file need not have mapped the pages, it need not even be a DAX file: that
 * is looked at when the filesystem has returned.
 *
 * Context: any, does not sleep.  There must be room, see mf_batch_full().
 */
void mf_add_sharer(struct memory_failure_control *mfc,
		   struct address_space *mapping, pgoff_t index,
		   unsigned long pfn, unsigned long nr)
{
	struct mf_batch *batch = mfc->batch;

	if (WARN_ON_ONCE(mf_batch_full(mfc)))
		return;
	ihold(mapping->host);
	trace_memory_failure_sharer(mapping, index, pfn, nr);
	batch->sharers[batch->nr_sharers++] = (struct mf_sharer) {
		.mapping = mapping,
		.index = index,
		.pfn = pfn,
		.nr = nr,
	};
}
EXPORT_SYMBOL_GPL(mf_add_sharer);

static bool mf_victims_full(const struct mf_batch *batch)
{
	return batch->nr_victims == 1U << batch->victim_bits;
}

static unsigned short *mf_victim_head(const struct mf_batch *batch,
				      const struct mm_struct *mm)
{
	return &batch->victims[hash_ptr(mm, batch->victim_bits)].head;
}

/* The first victim with the same mm from @i on, which is plus one. */
static struct mf_victim *mf_find_victim(const struct mf_batch *batch,
					unsigned int i, const struct mm_struct *mm)
{
	struct mf_victim *v = NULL;

	for (; i; i = v->next) {
		v = &batch->victims[i - 1];
		if (v->mm == mm)
			return v;
	}
	return NULL;
}

static struct mf_victim *mf_first_victim(const struct mf_batch *batch,
					 const struct mm_struct *mm)
{
	return mf_find_victim(batch, *mf_victim_head(batch, mm), mm);
}

static void mf_add_victim(struct mf_batch *batch, struct mm_struct *mm,
			  unsigned long addr, unsigned long pfn, short shift)
{
	unsigned short *head = mf_victim_head(batch, mm);
	struct mf_victim *v = &batch->victims[batch->nr_victims++];

	v->mm = mm;
	v->tsk = NULL;
	v->addr = addr;
	v->pfn = pfn;
	v->shift = shift;
	v->next = *head;
	*head = batch->nr_victims;
}

/* If the failure is simulated, a process may have mapped the page again. */
static bool mf_is_noted(const struct mf_batch *batch, const struct mm_struct *mm,
			unsigned long addr)
{
	const struct mf_victim *v = mf_first_victim(batch, mm);

	while (v && v->addr != addr)
		v = mf_find_victim(batch, v->next, mm);
	return v;
}

static const char *mf_reason(const struct mf_batch *batch)
{
	return batch->removal ? "removal of the device" :
		"hardware memory corruption";
}

static void mf_signal_task(struct mf_batch *batch, struct task_struct *tsk,
			   const struct mf_victim *v)
{
	if (batch->nr_signals++ < MF_MAX_LOGGED)
		pr_err("%#lx: Sending SIGBUS to %s:%d due to %s\n", v->pfn,
		       tsk->comm, task_pid_nr(tsk), mf_reason(batch));
	mf_send_sigbus(tsk, v->addr, v->shift, batch->mf_flags);
}

/*
 * Find the task of each victim.  Most processes have nothing to do with it, so ask
 * for the mm before anything else.
 */
static void mf_find_tasks(struct mf_batch *batch)
{
	struct task_struct *p, *t;
	struct mm_struct *mm;
	struct mf_victim *v;

	rcu_read_lock();
	for_each_process(p) {
		t = task_with_mm(p);
		mm = t ? READ_ONCE(t->mm) : NULL;
		v = mm ? mf_first_victim(batch, mm) : NULL;
		if (!v)
			continue;
		if (!batch->removal)
			t = task_early_kill(p, true);
		if (!t || READ_ONCE(t->mm) != mm)
			continue;
		for (; v; v = mf_find_victim(batch, v->next, mm)) {
			if (!v->tsk)
				v->tsk = get_task_struct(t);
			else	/* a process of its own with the same mm */
				mf_signal_task(batch, t, v);
		}
	}
	rcu_read_unlock();
}

/*
 * Send the signals for all addresses noted so far, and forget them.
 *
 * The tasks are found under RCU and signalled after it, because signals come with
 * lines on the console.
 */
static void mf_signal(struct mf_batch *batch)
{
	struct mf_victim *v, *end = batch->victims + batch->nr_victims;

	if (!batch->nr_victims)
		return;

	mf_find_tasks(batch);
	for (v = batch->victims; v < end; v++) {
		if (v->tsk) {
			mf_signal_task(batch, v->tsk, v);
			put_task_struct(v->tsk);
		}
		*mf_victim_head(batch, v->mm) = 0;
		mmdrop(v->mm);
		cond_resched();
	}
	batch->nr_victims = 0;
}

/* Make room for another victim: enlarge the array, or signal those noted so far. */
static void mf_make_room(struct mf_batch *batch)
{
	unsigned int bits = batch->victim_bits + MF_MORE_VICTIM_BITS;
	struct mf_victim *old = batch->victims, *victims = NULL, *v;
	unsigned int nr = batch->nr_victims;

	if (bits <= MF_MAX_VICTIM_BITS)
		victims = kvzalloc_objs(*victims, BIT(bits),
				GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (!victims) {
		mf_signal(batch);
		return;
	}

	batch->victims = victims;
	batch->victim_bits = bits;
	batch->nr_victims = 0;
	for (v = old; v < old + nr; v++)
		mf_add_victim(batch, v->mm, v->addr, v->pfn, v->shift);
	if (old != batch->stack_victims)
		kvfree(old);
}

static void mf_batch_exit(struct mf_batch *batch)
{
	mf_signal(batch);
	if (batch->nr_signals > MF_MAX_LOGGED)
		pr_err("Sent SIGBUS to %u more due to %s\n",
		       batch->nr_signals - MF_MAX_LOGGED, mf_reason(batch));
	if (batch->victims != batch->stack_victims)
		kvfree(batch->victims);
	if (batch->sharers != batch->stack_sharers)
		kfree(batch->sharers);
}

/*
 * How is one of @nr pages from @pfn on, pages @index and following of the file,
 * mapped from @addr on?  A private mapping may have its own copy there, or
 * nothing yet: not affected.
 *
 * Return: the size of the mapping as a shift, or 0 if none is mapped.
 */
static short mf_mapped_shift(struct vm_area_struct *vma, unsigned long addr,
			     pgoff_t index, unsigned long pfn, unsigned long nr)
{
	struct page_vma_mapped_walk pvmw = {
		.pfn = pfn,
		.nr_pages = nr,
		.pgoff = index,
		.vma = vma,
		.address = addr,
		.flags = PVMW_SYNC,
	};
	short shift;

	if (!page_vma_mapped_walk(&pvmw))
		return 0;
	shift = pvmw.pte ? PAGE_SHIFT : PMD_SHIFT;
	page_vma_mapped_walk_done(&pvmw);
	return shift;
}

static void mf_zap_pages(struct vm_area_struct *vma, unsigned long addr,
			 unsigned long size)
{
	struct zap_details details = {
		.skip_cows = true,
	};
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, vma->vm_mm);
	zap_vma_range_batched(&tlb, vma, addr, size, &details);
	tlb_finish_mmu(&tlb);
}

/*
 * Unmap @nr pages from @pfn on wherever a process has them as page @index and
 * following of @mapping, and note where, until no more can be noted.  The DAX
 * entry is locked: no address is added while we look.
 */
static unsigned int mf_unmap_pages(struct mf_batch *batch,
				   struct address_space *mapping,
				   pgoff_t index, unsigned long pfn,
				   unsigned long nr)
{
	struct vm_area_struct *vma;
	unsigned int found = 0;

	i_mmap_lock_read(mapping);
	mapping_rmap_tree_foreach(vma, mapping, index, index + nr - 1) {
		unsigned long addr = vma_filebacked_address(vma, index, nr);
		short shift = mf_mapped_shift(vma, addr, index, pfn, nr);

		if (!shift)
			continue;
		mf_zap_pages(vma, addr, min(nr << PAGE_SHIFT,
					    vma->vm_end - addr));
		if (batch->again && mf_is_noted(batch, vma->vm_mm, addr))
			continue;
		found++;
		if (batch->removal && mf_first_victim(batch, vma->vm_mm))
			continue;
		mmgrab(vma->vm_mm);
		mf_add_victim(batch, vma->vm_mm, addr, pfn, shift);
		if (mf_victims_full(batch))
			break;
	}
	i_mmap_unlock_read(mapping);
	return found;
}

/*
 * Unmap one page of a sharer from everybody.
 *
 * What the filesystem has reported may have changed since: the file was
 * truncated, or has been given other blocks.  The DAX entry tells, and while it
 * is locked it can not be faulted in again.  If there are more mappings than can be
 * noted, go on with the rest.  After a simulated failure, pages may be mapped again
 * at once, so stop after as many mappings as there were at first.
 *
 * Return: how many mappings there were.
 */
static unsigned int mf_act_on_page(struct mf_batch *batch,
				   struct address_space *mapping,
				   pgoff_t index, unsigned long pfn)
{
	unsigned int found = 0, once;
	int left = -1;

	do {
		struct page *page = NULL;
		dax_entry_t cookie;

		if (mf_victims_full(batch))
			mf_make_room(batch);
		cookie = dax_lock_mapping_entry(mapping, index, &page);
		if (!cookie)	/* not a DAX file */
			break;
		if (page && page_to_pfn(page) == pfn) {
			if (left < 0)
				left = folio_mapcount(page_folio(page));
			once = mf_unmap_pages(batch, mapping, index, pfn, 1);
			found += once;
			left -= once;
		}
		dax_unlock_mapping_entry(mapping, index, cookie);
	} while (mf_victims_full(batch) && left > 0);
	trace_memory_failure_act(mapping, index, pfn, found);
	return found;
}

static unsigned int mf_act_on_sharer(struct mf_batch *batch,
				     const struct mf_sharer sharer)
{
	unsigned int found = 0;

	for (unsigned long i = 0; i < sharer.nr; i++) {
		found += mf_act_on_page(batch, sharer.mapping, sharer.index + i,
					sharer.pfn + i);
		cond_resched();
	}
	return found;
}

/*
 * Act on the sharers reported so far, tell who listens that the files' data is
 * lost, unless nobody does, and let go of them.
 */
static void mf_act(struct mf_batch *batch, bool unheard)
{
	for (unsigned int i = 0; i < batch->nr_sharers; i++) {
		const struct mf_sharer sharer = batch->sharers[i];
		struct inode *inode = sharer.mapping->host;
		unsigned int found = mf_act_on_sharer(batch, sharer);

		if (!unheard && (found || !batch->missed_only))
			fserror_report_data_lost(inode,
					(loff_t)sharer.index << PAGE_SHIFT,
					(u64)sharer.nr << PAGE_SHIFT,
					GFP_KERNEL);
		iput(inode);
	}
	batch->nr_sharers = 0;
}

/* One call of the operation. */
static int mf_ask_mapping(struct address_space *mapping,
			  struct memory_failure_control *mfc)
{
	u64 cookie[ARRAY_SIZE(mfc->cookie)];
	int error;

	if (!mapping->a_ops->memory_failure)
		return -EOPNOTSUPP;
	memcpy(cookie, mfc->cookie, sizeof(cookie));
	error = mapping->a_ops->memory_failure(mapping, mfc);
	if (WARN_ON_ONCE(error == -EAGAIN &&
			 !memcmp(cookie, mfc->cookie, sizeof(cookie))))
		error = -EIO;
	return error;
}

/*
 * Has the filesystem left somebody out?  Of a large folio another page may be what
 * is mapped: then believe an answer that was given in one piece.
 */
static bool mf_still_mapped(const struct memory_failure_control *mfc)
{
	for (unsigned long i = 0; i < mfc->nr; i++) {
		struct folio *folio = pfn_folio(mfc->pfn + i);

		if (folio_mapped(folio) &&
		    (!folio_test_large(folio) || mfc->batch->resumed))
			return true;
	}
	return false;
}

/*
 * Does a process map one of the pages, or is it about to?  A fault takes a
 * reference before it reads the flag.  If there is no reference after the flag has
 * been set, each later fault sees the flag.
 */
static bool mf_may_be_mapped(const struct memory_failure_control *mfc)
{
	for (unsigned long i = 0; i < mfc->nr; i++)
		if (folio_ref_count(pfn_folio(mfc->pfn + i)))
			return true;
	return false;
}

/*
 * The next DAX file of a filesystem that has pages in use, after @prev or the first
 * one, with a reference; the one to @prev is dropped.  All of them are in core.
 */
static struct inode *mf_next_file(struct super_block *sb, struct inode *prev)
{
	struct inode *inode = list_prepare_entry(prev, &sb->s_inodes, i_sb_list);
	struct inode *found = NULL;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry_continue(inode, &sb->s_inodes, i_sb_list) {
		/* Without pages it does not have the failed one mapped. */
		bool used = data_race(READ_ONCE(inode->i_mapping->nrpages));
		bool wanted = used && dax_mapping(inode->i_mapping);

		if (!wanted && !need_resched())
			continue;
		spin_lock(&inode->i_lock);
		if (inode_state_read(inode) & (I_FREEING | I_WILL_FREE | I_NEW)) {
			spin_unlock(&inode->i_lock);
			continue;
		}
		__iget(inode);
		spin_unlock(&inode->i_lock);
		if (wanted) {
			found = inode;
			break;
		}

		/* A place to go on from. */
		spin_unlock(&sb->s_inode_list_lock);
		iput(prev);
		prev = inode;
		cond_resched();
		spin_lock(&sb->s_inode_list_lock);
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(prev);
	return found;
}

/* Report a file that has the failed pages in use to ourselves. */
static void mf_search_file(struct address_space *mapping,
			   struct memory_failure_control *mfc)
{
	unsigned long pfn, nr;

	for (pgoff_t index = 0; (nr = dax_next_entry(mapping, &index, &pfn));
	     index += nr) {
		unsigned long start = max(pfn, mfc->pfn);
		unsigned long end = min(pfn + nr, mfc->pfn + mfc->nr);

		if (start >= end)
			continue;
		if (mf_batch_full(mfc))
			mf_act(mfc->batch, mfc->unheard);
		mf_add_sharer(mfc, mapping, index + (start - pfn), start,
			      end - start);
	}
}

/*
 * Unmap the failed pages from every process that maps them by any file that
 * shares them, and signal those that want to know, or have to.  @mapping, with
 * @pfn at @index, and its superblock are pinned.  @used: is this what the pages
 * have as their mapping?
 *
 * If the filesystem can not say who shares the pages, without a reverse mapping
 * or because it has lost that as well, all its files are searched, unless no
 * process maps the pages and nobody listens to reports of lost data.  That takes
 * time in proportion to the DAX entries of all of them.  So they are if somebody
 * maps the pages still: by a place that has got other pages since, as when a
 * device-mapper table was reloaded; or because the filesystem has changed between
 * two batches.
 */
static int mf_handle_mapping(struct address_space *mapping, pgoff_t index,
			     unsigned long pfn, unsigned long nr, int mf_flags,
			     bool used)
{
	struct mf_batch batch;
	struct memory_failure_control mfc = {
		.pfn = pfn,
		.nr = nr,
		.index = index,
		.mf_flags = mf_flags,
		.batch = &batch,
	};
	bool file = dax_mapping(mapping), unknown;
	struct inode *inode = NULL;
	int error;

	mf_batch_init(&batch, mf_flags);
	for (;;) {
		error = mf_ask_mapping(mapping, &mfc);
		mf_act(&batch, mfc.unheard);
		if (error != -EAGAIN)
			break;
		batch.resumed = true;
		cond_resched();
	}
	batch.again = true;

	/* This one has the page, whatever the filesystem says. */
	if (file && (error || mf_still_mapped(&mfc)))
		mf_act_on_page(&batch, mapping, index, pfn);
	unknown = error && used && !file;
	if ((unknown && (!mfc.unheard || mf_may_be_mapped(&mfc))) ||
	    mf_still_mapped(&mfc)) {
		batch.missed_only = !error;
		while ((inode = mf_next_file(dax_mapping_sb(mapping), inode)))
			mf_search_file(inode->i_mapping, &mfc);
		mf_act(&batch, mfc.unheard);
	}
	mf_batch_exit(&batch);
	return error;
}

/* A page that no file has in use, but that a filesystem has registered. */
static int mf_handle_unused(unsigned long pfn, int mf_flags)
{
	struct address_space *mapping;
	struct super_block *sb;
	pgoff_t index;
	int error;

	mapping = pfn_address_space_get(pfn, &index);
	if (!mapping)
		return -EBUSY;
	sb = dax_mapping_sb(mapping);
	error = mf_handle_mapping(mapping, index, pfn, 1, mf_flags, false);
	deactivate_super(sb);
	return error == -EOPNOTSUPP ? -EBUSY : error;
}

/**
 * memory_failure_dax - a page that a filesystem may use by DAX has failed
 * @pfn: the page frame number; the caller keeps its dev_pagemap alive
 * @mf_flags: MF_* flags of memory_failure()
 *
 * The mapping of the page is asked who shares it, or, if no file has it in use,
 * the mapping that stands for the device, if a mounted filesystem has registered
 * it.
 *
 * Context: process context, no locks, mf_mutex included.
 * Return: 0, -EOPNOTSUPP if hwpoison_filter() does not want the event, -EBUSY if
 * it can not be found out who uses the page, or what the filesystem says.
 */
int memory_failure_dax(unsigned long pfn, int mf_flags)
{
	struct address_space *mapping;
	bool flagged;
	pgoff_t index;
	int error;

	/*
	 * No fault maps the page from here on, unless the failure is simulated:
	 * that leaves the page in use, see Documentation/mm/hwpoison.rst.
	 */
	flagged = dax_hwpoison_page(pfn, mf_flags);
	mapping = dax_pin_mapping(pfn, &index);
	trace_memory_failure_mapping(pfn, mapping, index);

	if (mf_is_filtered(pfn_to_page(pfn))) {
		if (flagged)
			memory_failure_repaired(pfn, 1);
		error = -EOPNOTSUPP;
	} else if (!mapping) {
		error = mf_handle_unused(pfn, mf_flags);
	} else {
		error = mf_handle_mapping(mapping, index, pfn, 1, mf_flags,
					  true);
		/* The file, or whoever was found to have it, is all there is. */
		if (error == -EOPNOTSUPP)
			error = 0;
	}
	if (mapping)
		dax_unpin_mapping(mapping);
	return error;
}
EXPORT_SYMBOL_IF_KUNIT(memory_failure_dax);

/* What goes away. */
struct mf_removal {
	struct mf_batch batch;
	unsigned long start;	/* first page frame */
	unsigned long last;
};

/*
 * Unmap what goes away from a file.  The entry is locked, as a fault that found the
 * device alive may still be on its way.
 */
static void mf_unmap_file(struct address_space *mapping,
			  struct mf_removal *removal)
{
	unsigned long pfn, nr;
	dax_entry_t cookie;

	for (pgoff_t index = 0;
	     (cookie = dax_lock_next_entry(mapping, &index, &pfn, &nr));) {
		if (pfn <= removal->last && pfn + nr > removal->start)
			mf_unmap_pages(&removal->batch, mapping, index, pfn, nr);
		dax_unlock_mapping_entry(mapping, index, cookie);
		if (mf_victims_full(&removal->batch))
			mf_make_room(&removal->batch);
		else
			index += nr;
		cond_resched();
	}
}

/* Make a file forget all its pages, if some of them go away. */
static void mf_revoke_file(struct address_space *mapping,
			   struct mf_removal *removal)
{
	unsigned long pfn, nr;

	for (pgoff_t index = 0; (nr = dax_next_entry(mapping, &index, &pfn));
	     index += nr) {
		if (pfn <= removal->last && pfn + nr > removal->start) {
			dax_revoke_layout(mapping->host);
			return;
		}
		cond_resched();
	}
}

/*
 * Take the pages of its files from a filesystem whose device goes away.  The
 * device still does what is asked of it by bios: like when the block device goes
 * away, write back what is dirty, and then shut down.  Nobody will thaw the
 * filesystem any more, and who waits for that would wait for ever.
 *
 * Processes are signalled before pins are waited for: they may be theirs.
 */
static void mf_revoke_super(struct super_block *sb, struct mf_removal *removal)
{
	struct inode *inode = NULL;

	down_read(&sb->s_umount);
	if (sb->s_root && (sb->s_flags & SB_ACTIVE))
		sync_filesystem(sb);
	up_read(&sb->s_umount);
	if (sb->s_op->shutdown)
		sb->s_op->shutdown(sb);
	/* FIFREEZE and freezing the block device, as device-mapper does, nest. */
	while (!thaw_super(sb, FREEZE_HOLDER_USERSPACE, NULL))
		;

	while ((inode = mf_next_file(sb, inode)))
		mf_unmap_file(inode->i_mapping, removal);
	mf_signal(&removal->batch);
	while ((inode = mf_next_file(sb, inode)))
		mf_revoke_file(inode->i_mapping, removal);
}

/* Find the user of a page, and take it from them. */
static void mf_revoke_page(unsigned long pfn, struct mf_removal *removal)
{
	struct address_space *mapping;
	pgoff_t index;

	mapping = dax_pin_mapping(pfn, &index);
	if (mapping) {
		mf_revoke_super(dax_mapping_sb(mapping), removal);
		dax_unpin_mapping(mapping);
	} else {	/* it is being evicted */
		schedule_timeout_uninterruptible(1);
	}
}

/**
 * memory_failure_pre_remove - the pages of a device are about to go away
 * @pgmap: the device's pages, one range of type MEMORY_DEVICE_FS_DAX
 *
 * For drivers, after kill_dax(), when no fault can look up a page of the device any
 * more, and before the pages are freed.  Filesystems that have them in use, or have
 * registered them, are shut down, once for each range that they have registered;
 * processes that map them are signalled; no DAX entry points to them any more.
 *
 * Context: process context, no locks of a filesystem.  Waits for pins on the
 * pages to be dropped, without a limit: the memory they are in is freed next.
 */
void memory_failure_pre_remove(struct dev_pagemap *pgmap)
{
	struct mf_removal removal = {
		.start = PHYS_PFN(pgmap->range.start),
		.last = PHYS_PFN(pgmap->range.end),
	};
	struct pfn_address_space range;
	unsigned long pfn;

	WARN_ON_ONCE(pgmap->nr_range > 1);
	mf_batch_init(&removal.batch, 0);
	/* The pages are well: nobody consumes anything bad. */
	removal.batch.mf_flags = 0;
	removal.batch.removal = true;
	/* Who is told once has to be remembered. */
	mf_make_room(&removal.batch);

	while (pfn_address_space_take(removal.start, removal.last, &range)) {
		struct super_block *sb = dax_mapping_sb(range.mapping);

		/* Device-mapper may have moved it to another device. */
		if (!dax_proxy_has_left(&range))
			mf_revoke_super(sb, &removal);
		deactivate_super(sb);
	}

	/*
	 * Filesystems that do not register what they use, and files that are
	 * just being evicted.
	 */
	for (pfn = removal.start; pfn <= removal.last; pfn++) {
		if (!pgmap_pfn_valid(pgmap, pfn))
			continue;
		while (READ_ONCE(pfn_folio(pfn)->mapping))
			mf_revoke_page(pfn, &removal);
		cond_resched();
	}
	mf_batch_exit(&removal.batch);
}
EXPORT_SYMBOL_GPL(memory_failure_pre_remove);
