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
 *	mf_act_on_sharer()	per sharer: lock the DAX entry, see whether it
 *				still has the page, unmap it, note from whom
 *	mf_signal()		one walk over all processes for the whole batch
 *	mf_release()		report the lost data, drop the inodes
 *
 * So nothing is waited for, unmapped or killed under a lock of a filesystem,
 * and such a lock is held for one batch at most, however many sharers there are.
 *
 * A page is unmapped from everybody, whether or not somebody is to be signalled.
 * It can not be mapped again: it is flagged before its mapping is looked for, and
 * a fault that finds the flag fails.
 *
 * Lifetimes: whoever calls the operation has an active reference to the
 * superblock.  A sharer in the batch has a reference to its inode.  A noted
 * mapping has its mm by mmgrab(), which keeps the address in memory from being
 * used for another mm until the processes have been compared with it.
 *
 * Locks: mf_mutex is held by memory_failure(), but not in mf_release(): the last
 * reference to an inode may be dropped there, and an inode that goes away waits
 * for pins on its pages, which madvise(MADV_HWPOISON) holds while it waits for
 * mf_mutex.
 *
 *	mf_mutex -> (locks of the filesystem, released again)
 *		 -> DAX entry -> i_mmap_rwsem -> page table lock
 */
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/fserror.h>
#include <linux/memory-failure.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <trace/events/memory-failure.h>

#include <asm/tlb.h>

#include "internal.h"

/*
 * A batch is what the filesystem may report in one go.  Large enough to make the
 * walk over the processes rare, small enough for a kmalloc() without a fight.
 * Without memory a few slots on the stack do, one after the other.
 */
#define MF_BATCH_SLOTS		64
#define MF_BATCH_RESERVE	4

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
};

struct mf_room {
	struct mf_sharer sharers[MF_BATCH_SLOTS];
	struct mf_victim victims[MF_BATCH_SLOTS];
};

struct mf_batch {
	int mf_flags;
	bool lost;	/* the sharers own the data, says their filesystem */
	unsigned int max;
	unsigned int nr_sharers;
	unsigned int nr_victims;
	struct mf_sharer *sharers;
	struct mf_victim *victims;
};

/**
 * mf_batch_full - is there room for another sharer?
 * @mfc: the control structure that ->memory_failure() was called with
 *
 * To be asked before the filesystem takes a reference to the inode that it is
 * about to report: mf_add_sharer() has one of its own then, and dropping the
 * filesystem's can not be the last iput() under the filesystem's locks.
 *
 * Context: any.
 * Return: true if there is none; ->memory_failure() leaves in @mfc->cookie where
 * to go on, lets go of its locks and returns -EAGAIN.
 */
bool mf_batch_full(const struct memory_failure_control *mfc)
{
	return mfc->batch->nr_sharers == mfc->batch->max;
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

static int mf_victim_cmp(const void *a, const void *b)
{
	const struct mf_victim *va = a, *vb = b;

	if (va->mm != vb->mm)
		return va->mm < vb->mm ? -1 : 1;
	if (va->addr != vb->addr)
		return va->addr < vb->addr ? -1 : 1;
	return 0;
}

/* The first noted address of @mm, the others follow it. */
static struct mf_victim *mf_find_victims(struct mf_batch *batch,
					 struct mm_struct *mm)
{
	unsigned int low = 0, high = batch->nr_victims;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (batch->victims[mid].mm < mm)
			low = mid + 1;
		else
			high = mid;
	}
	return &batch->victims[low];
}

/*
 * Send the signals for all addresses noted so far, and forget them.
 *
 * The tasks are found under RCU and signalled after it, because each signal
 * comes with a line on the console.
 */
static void mf_signal(struct mf_batch *batch)
{
	struct mf_victim *v, *end = batch->victims + batch->nr_victims;
	struct task_struct *p;

	if (!batch->nr_victims)
		return;

	sort(batch->victims, batch->nr_victims, sizeof(*v), mf_victim_cmp, NULL);

	rcu_read_lock();
	for_each_process(p) {
		struct task_struct *t = task_early_kill(p, true);
		struct mm_struct *mm = t ? READ_ONCE(t->mm) : NULL;

		if (!mm)
			continue;
		for (v = mf_find_victims(batch, mm); v < end && v->mm == mm; v++) {
			if (!v->tsk)
				v->tsk = get_task_struct(t);
			else	/* a process of its own with the same mm */
				mf_send_sigbus(t, v->addr, v->shift, v->pfn,
					       batch->mf_flags);
		}
	}
	rcu_read_unlock();

	for (v = batch->victims; v < end; v++) {
		if (v->tsk) {
			mf_send_sigbus(v->tsk, v->addr, v->shift, v->pfn,
				       batch->mf_flags);
			put_task_struct(v->tsk);
		}
		mmdrop(v->mm);
	}
	batch->nr_victims = 0;
}

/*
 * How is @pfn mapped at @addr?  A private mapping may have its own copy there, or
 * nothing yet: not affected.
 *
 * Return: the size of the mapping as a shift, or 0 if it is not mapped.
 */
static short mf_mapped_shift(struct vm_area_struct *vma, unsigned long addr,
			     unsigned long pfn)
{
	struct page_vma_mapped_walk pvmw = {
		.pfn = pfn,
		.nr_pages = 1,
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

static void mf_zap_page(struct vm_area_struct *vma, unsigned long addr)
{
	struct zap_details details = {
		.skip_cows = true,
	};
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, vma->vm_mm);
	zap_vma_range_batched(&tlb, vma, addr, PAGE_SIZE, &details);
	tlb_finish_mmu(&tlb);
}

/*
 * Unmap @pfn wherever a process has it as page @index of @mapping, and note the
 * address.  The DAX entry is locked: no address is added while we look.
 */
static unsigned int mf_unmap_page(struct mf_batch *batch,
				  struct address_space *mapping,
				  pgoff_t index, unsigned long pfn)
{
	struct vm_area_struct *vma;
	unsigned int found = 0;

	i_mmap_lock_read(mapping);
	mapping_rmap_tree_foreach(vma, mapping, index, index) {
		unsigned long addr = vma_filebacked_address(vma, index, 1);
		short shift = mf_mapped_shift(vma, addr, pfn);

		if (!shift)
			continue;
		mf_zap_page(vma, addr);
		if (batch->nr_victims == batch->max)
			mf_signal(batch);
		mmgrab(vma->vm_mm);
		batch->victims[batch->nr_victims++] = (struct mf_victim) {
			.mm = vma->vm_mm,
			.addr = addr,
			.pfn = pfn,
			.shift = shift,
		};
		found++;
	}
	i_mmap_unlock_read(mapping);
	return found;
}

/*
 * Unmap one page of a sharer from everybody.
 *
 * What the filesystem has reported may have changed since: the file was
 * truncated, or has been given other blocks.  The DAX entry tells, and while it
 * is locked it can not be faulted in again.
 */
static void mf_act_on_page(struct mf_batch *batch,
			   struct address_space *mapping, pgoff_t index,
			   unsigned long pfn)
{
	unsigned int mappings = 0;
	struct page *page = NULL;
	dax_entry_t cookie;

	cookie = dax_lock_mapping_entry(mapping, index, &page);
	if (!cookie)	/* not a DAX file */
		goto out;
	if (page && page_to_pfn(page) == pfn)
		mappings = mf_unmap_page(batch, mapping, index, pfn);
	dax_unlock_mapping_entry(mapping, index, cookie);
out:
	trace_memory_failure_act(mapping, index, pfn, mappings);
}

static void mf_act_on_sharer(struct mf_batch *batch,
			     const struct mf_sharer *sharer)
{
	for (unsigned long i = 0; i < sharer->nr; i++) {
		mf_act_on_page(batch, sharer->mapping, sharer->index + i,
			       sharer->pfn + i);
		cond_resched();
	}
}

/* Tell who listens that the sharers' data is lost, and let go of them. */
static void mf_release(struct mf_batch *batch)
{
	if (!batch->nr_sharers)
		return;

	mutex_unlock(&mf_mutex);
	for (unsigned int i = 0; i < batch->nr_sharers; i++) {
		const struct mf_sharer *sharer = &batch->sharers[i];
		struct inode *inode = sharer->mapping->host;

		if (batch->lost)
			fserror_report_data_lost(inode,
					(loff_t)sharer->index << PAGE_SHIFT,
					(u64)sharer->nr << PAGE_SHIFT,
					GFP_KERNEL);
		iput(inode);
	}
	batch->nr_sharers = 0;
	mutex_lock(&mf_mutex);
}

/*
 * One call of the operation.  If the filesystem does not have it, or can not say,
 * all that is known is the mapping itself, and that is enough if it is a file's.
 *
 * Memory must not be had from reclaiming inodes, see mf_mutex above.
 */
static int mf_ask_mapping(struct address_space *mapping,
			  struct memory_failure_control *mfc)
{
	unsigned int nofs = memalloc_nofs_save();
	int error = -EOPNOTSUPP;

	if (mapping->a_ops->memory_failure)
		error = mapping->a_ops->memory_failure(mapping, mfc);
	memalloc_nofs_restore(nofs);
	mfc->batch->lost = error != -EOPNOTSUPP;
	if (mfc->batch->lost)
		return error;
	if (!dax_mapping(mapping))
		return -EBUSY;
	mf_add_sharer(mfc, mapping, mfc->index, mfc->pfn, mfc->nr);
	return 0;
}

/*
 * Between two batches the filesystem is free to change, and to move the owner that
 * was to be reported next to before the place that the cookie names.  Is there
 * somebody left?
 */
static bool mf_still_mapped(const struct memory_failure_control *mfc)
{
	for (unsigned long i = 0; i < mfc->nr; i++)
		if (folio_mapped(pfn_folio(mfc->pfn + i)))
			return true;
	return false;
}

/*
 * Unmap the failed pages from every process that maps them by any file that
 * shares them, and signal those that want to know, or have to.  @mapping and its
 * superblock are pinned.
 */
static int mf_handle_mapping(struct address_space *mapping, pgoff_t index,
			     unsigned long pfn, unsigned long nr, int mf_flags)
{
	struct mf_room *room __free(kfree) =
		kmalloc_obj(*room, GFP_NOFS | __GFP_NORETRY | __GFP_NOWARN);
	struct mf_sharer sharers[MF_BATCH_RESERVE];
	struct mf_victim victims[MF_BATCH_RESERVE];
	struct mf_batch batch = {
		/*
		 * Another page can not be put in the place of this one, so
		 * whoever consumes it has to be stopped.
		 */
		.mf_flags = mf_flags | MF_ACTION_REQUIRED | MF_MUST_KILL,
		.max = room ? MF_BATCH_SLOTS : MF_BATCH_RESERVE,
		.sharers = room ? room->sharers : sharers,
		.victims = room ? room->victims : victims,
	};
	struct memory_failure_control mfc = {
		.pfn = pfn,
		.nr = nr,
		.index = index,
		.mf_flags = mf_flags,
		.batch = &batch,
	};
	unsigned int batches = 0, retries = 2;
	int error;

	lockdep_assert_held(&mf_mutex);

again:
	do {
		u64 cookie[ARRAY_SIZE(mfc.cookie)];

		memcpy(cookie, mfc.cookie, sizeof(cookie));
		error = mf_ask_mapping(mapping, &mfc);
		if (WARN_ON_ONCE(error == -EAGAIN &&
				 !memcmp(cookie, mfc.cookie, sizeof(cookie))))
			error = -EIO;

		for (unsigned int i = 0; i < batch.nr_sharers; i++)
			mf_act_on_sharer(&batch, &batch.sharers[i]);
		mf_signal(&batch);
		mf_release(&batch);
		batches++;
		cond_resched();
	} while (error == -EAGAIN);

	if (!error && batches > 1 && retries-- && mf_still_mapped(&mfc)) {
		memset(mfc.cookie, 0, sizeof(mfc.cookie));
		goto again;
	}
	return error;
}

/*
 * Drop the reference that kept a filesystem mounted.  Like in mf_release(), it
 * may be the last one.
 */
static void mf_put_super(struct super_block *sb)
{
	mutex_unlock(&mf_mutex);
	deactivate_super(sb);
	mutex_lock(&mf_mutex);
}

/**
 * memory_failure_range - pages of a device have failed that no file has mapped
 * @sb: the filesystem
 * @mapping: the address space that stands for the device
 * @index: page offset in @mapping of the first failed page
 * @pfn: its page frame number
 * @nr: number of pages
 * @mf_flags: MF_* flags of memory_failure()
 *
 * For the filesystem, when it is told of the failure in another way than by
 * ->memory_failure(), from within memory_failure().
 *
 * Context: process context, mf_mutex held (it is released and taken again), no
 * lock of a filesystem.
 * Return: 0, -ENXIO if the filesystem is being unmounted, or the error of
 * ->memory_failure().
 */
int memory_failure_range(struct super_block *sb, struct address_space *mapping,
			 pgoff_t index, unsigned long pfn, unsigned long nr,
			 int mf_flags)
{
	int error;

	if (!atomic_inc_not_zero(&sb->s_active))
		return -ENXIO;
	error = mf_handle_mapping(mapping, index, pfn, nr, mf_flags);
	mf_put_super(sb);
	return error;
}
EXPORT_SYMBOL_GPL(memory_failure_range);

/**
 * memory_failure_dax - a page that a filesystem may use by DAX has failed
 * @pfn: the page frame number
 * @mf_flags: MF_* flags of memory_failure()
 * @pgmap: the device's, with a reference
 * @known: set to true if the page was known to be bad, which changes nothing
 *	about what is done
 *
 * Its mapping is asked, if it has one with the operation.  Otherwise it goes by
 * way of the driver to the holder of the dax_device, and if that does not lead
 * anywhere, the file that is found by the mapping is all there is.
 *
 * Context: process context, mf_mutex held (it is released and taken again).
 * Return: 0, -EOPNOTSUPP if hwpoison_filter() does not want the event, -EBUSY if
 * it can not be found out who uses the page, or what the filesystem says.
 */
int memory_failure_dax(unsigned long pfn, int mf_flags,
		       struct dev_pagemap *pgmap, bool *known)
{
	struct address_space *mapping;
	pgoff_t index;
	int error;

	/* From here on no fault takes the page into use. */
	mapping = dax_hwpoison_page(pfn, &index, known);
	trace_memory_failure_mapping(pfn, mapping, index);

	if (mapping && mf_is_filtered(pfn_to_page(pfn))) {
		if (!*known)
			ClearPageHWPoison(pfn_to_page(pfn));
		error = -EOPNOTSUPP;
		goto unpin;
	}

	error = -EOPNOTSUPP;
	if (mapping && mapping->a_ops->memory_failure)
		error = mf_handle_mapping(mapping, index, pfn, 1, mf_flags);
	else if (pgmap_has_memory_failure(pgmap))
		error = pgmap->ops->memory_failure(pgmap, pfn, 1, mf_flags);
	if (error == -EOPNOTSUPP)
		error = mapping ?
			mf_handle_mapping(mapping, index, pfn, 1, mf_flags) :
			-EBUSY;
	if (!mapping)
		return error;
unpin:
	/* As in mf_put_super(). */
	mutex_unlock(&mf_mutex);
	dax_unpin_mapping(mapping);
	mutex_lock(&mf_mutex);
	return error;
}
