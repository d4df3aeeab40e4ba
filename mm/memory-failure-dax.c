// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure of DAX pages
 * ===========================
 *
 * A failed page of persistent memory cannot be replaced.  Unmap it from every
 * process, including those that get no signal, then signal the others:
 *
 *	mf_act_on_file()	check that the file still has the page, unmap the
 *				page, record a victim for each place it was
 *				mapped at
 *	mf_scan_files()		find sharers that the filesystem does not know
 *	mf_signal()		walk all processes once for all victims
 *
 * The page is flagged before its mapping is looked up, and a fault on a flagged
 * page fails.  A simulated failure sets no flag: a mapping made after the event
 * began may remain.
 *
 * Lifetimes: dax_pin_mapping() holds the inode and the superblock.  A victim holds
 * its mm_struct by mmgrab(), so that no new mm can have the same address while
 * the processes are compared with it.
 *
 * Locks: mf_mutex is not held.  This code may drop the last reference to an inode,
 * and eviction waits for pins on its pages, which madvise(MADV_HWPOISON) holds
 * while it waits for mf_mutex.  Machine checks are handled one at a time, so later
 * ones wait for these pins as well.  Two events on one page may run in parallel; the
 * one that unmaps the page from a process signals it.
 */
#define pr_fmt(fmt) "Memory failure: " fmt

#include <kunit/visibility.h>
#include <linux/dax.h>
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
#include <linux/slab.h>

#include <trace/events/memory-failure.h>

#include <asm/tlb.h>

#include "internal.h"

/*
 * The victims of one walk over all processes.  The walk is cheap compared with
 * unmapping the page this often.
 */
#define MF_MAX_VICTIMS	1024
#define MF_HASH_BITS	9

/* A page that few processes map needs no memory. */
#define MF_FEW_BITS	1

/* A virtual address that mapped the failed page. */
struct mf_victim {
	struct hlist_node node;
	struct mm_struct *mm;
	unsigned long addr;
	short shift;
};

/* A file that shares the failed page, with a reference to its inode. */
struct mf_sharer {
	struct address_space *mapping;
	pgoff_t index;
};

struct mf_room {
	struct hlist_head by_mm[1 << MF_HASH_BITS];
	struct mf_victim victims[MF_MAX_VICTIMS];
	struct mf_sharer sharers[MF_MAX_SHARERS];
};

struct mf_event {
	struct memory_failure_control mfc;
	bool resumed;		/* the filesystem has been queried more than once */
	bool again;		/* all reported sharers have been acted on */
	unsigned int nr_victims;
	unsigned int max_victims;
	unsigned int hash_bits;
	struct mf_victim *victims;
	struct hlist_head *by_mm;
	struct mf_room *room;
	struct mf_victim few_victims[MF_FEW];
	struct mf_sharer few_sharers[MF_FEW];
	struct hlist_head few_by_mm[1 << MF_FEW_BITS];
};

static struct hlist_head *mf_victims_of(const struct mf_event *event,
					const struct mm_struct *mm)
{
	return &event->by_mm[hash_ptr(mm, event->hash_bits)];
}

/* Signal a task for each address of its mm.  Called under RCU. */
static void mf_signal_task(struct mf_event *event, struct task_struct *p)
{
	struct task_struct *t = task_with_mm(p);
	struct mm_struct *mm = t ? READ_ONCE(t->mm) : NULL;
	struct mf_victim *v;

	hlist_for_each_entry(v, mf_victims_of(event, mm), node) {
		if (v->mm != mm)
			continue;
		t = task_early_kill(p, true);
		if (!t || READ_ONCE(t->mm) != mm)
			return;
		pr_err_ratelimited("%#lx: Sending SIGBUS to %s:%d due to hardware memory corruption\n",
				   event->mfc.pfn, t->comm, task_pid_nr(t));
		/* There is no other copy of the data: stop the consumer. */
		mf_send_sigbus(t, v->addr, v->shift, MF_ACTION_REQUIRED);
	}
}

/* Signal the processes of all victims and drop the victims. */
static void mf_signal(struct mf_event *event)
{
	struct task_struct *p;

	if (!event->nr_victims)
		return;
	rcu_read_lock();
	for_each_process(p)
		mf_signal_task(event, p);
	rcu_read_unlock();
	while (event->nr_victims) {
		struct mf_victim *v = &event->victims[--event->nr_victims];

		hlist_del(&v->node);
		mmdrop(v->mm);
	}
}

/* Use room for more victims and sharers if possible. */
static void mf_get_room(struct mf_event *event)
{
	const struct mf_victim *few = event->victims;
	struct mf_room *room;

	if (event->room)
		return;
	room = kvmalloc_obj(*room, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (!room)
		return;
	memset(room->by_mm, 0, sizeof(room->by_mm));
	event->room = room;
	event->by_mm = room->by_mm;
	event->hash_bits = MF_HASH_BITS;
	event->victims = room->victims;
	event->max_victims = MF_MAX_VICTIMS;
	event->mfc.sharers = room->sharers;
	event->mfc.max_sharers = MF_MAX_SHARERS;
	for (int i = 0; i < event->nr_victims; i++) {
		struct mf_victim *v = &event->victims[i];

		*v = few[i];
		hlist_add_head(&v->node, mf_victims_of(event, v->mm));
	}
}

/*
 * Return the size, as a shift, of the mapping of the page at @addr, or 0 if it is
 * not mapped there.  A private mapping may have a copy or nothing instead.
 */
static short mf_mapped_shift(struct vm_area_struct *vma, unsigned long addr,
			     pgoff_t index, unsigned long pfn)
{
	struct page_vma_mapped_walk pvmw = {
		.pfn = pfn,
		.nr_pages = 1,
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

/* A private mapping may replace the page with a copy of its own meanwhile: keep it. */
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

/* A process may have mapped the page again if its failure is simulated. */
static bool mf_is_victim(const struct mf_event *event, const struct mm_struct *mm,
			 unsigned long addr)
{
	const struct mf_victim *v;

	hlist_for_each_entry(v, mf_victims_of(event, mm), node)
		if (v->mm == mm && v->addr == addr)
			return true;
	return false;
}

static void mf_add_victim(struct mf_event *event, struct mm_struct *mm,
			  unsigned long addr, short shift)
{
	struct mf_victim *v = &event->victims[event->nr_victims++];

	mmgrab(mm);
	v->mm = mm;
	v->addr = addr;
	v->shift = shift;
	hlist_add_head(&v->node, mf_victims_of(event, mm));
}

/*
 * Unmap the page until there is no room for another victim.
 *
 * Return: the number of places that the page was unmapped from.
 */
static int mf_unmap_page(struct mf_event *event, struct address_space *mapping,
			 pgoff_t index)
{
	struct vm_area_struct *vma;
	int found = 0;

	/* For writing: another event on the page must not find the same place. */
	i_mmap_lock_write(mapping);
	mapping_rmap_tree_foreach(vma, mapping, index, index) {
		unsigned long addr = vma_filebacked_address(vma, index, 1);
		short shift = mf_mapped_shift(vma, addr, index, event->mfc.pfn);

		if (!shift)
			continue;
		mf_zap_page(vma, addr);
		if (event->again && mf_is_victim(event, vma->vm_mm, addr))
			continue;
		found++;
		mf_add_victim(event, vma->vm_mm, addr, shift);
		if (event->nr_victims == event->max_victims)
			break;
	}
	i_mmap_unlock_write(mapping);
	return found;
}

/*
 * Unmap the page from every process that maps it by this file.  The file may have
 * been truncated or given other blocks meanwhile, so check the DAX entry.
 *
 * The page is flagged, so a fault that locks the entry after the check does not
 * map it, unless a write has repaired it: then it may get a signal, too.
 *
 * Return: the number of places that the page was unmapped from.
 */
static int mf_act_on_file(struct mf_event *event, struct address_space *mapping,
			  pgoff_t index)
{
	int found = 0, refs = 0;

	while (dax_file_has_page(mapping, index, event->mfc.pfn)) {
		if (!found)
			refs = folio_ref_count(pfn_folio(event->mfc.pfn));
		found += mf_unmap_page(event, mapping, index);
		if (event->nr_victims < event->max_victims)
			break;
		mf_signal(event);
		/* Nothing keeps processes from mapping the page again. */
		if (found >= refs && !PageHWPoison(pfn_to_page(event->mfc.pfn)))
			break;
	}
	return found;
}

/**
 * mf_batch_full - check whether there is room for another sharer
 * @mfc: the control structure that ->memory_failure() was called with
 *
 * Check this before taking the inode reference for mf_add_sharer().
 *
 * Context: any.
 * Return: true if there is no room.  ->memory_failure() then records in
 * @mfc->cookie where to resume, releases its locks and returns -EAGAIN.
 */
bool mf_batch_full(const struct memory_failure_control *mfc)
{
	return mfc->nr_sharers == mfc->max_sharers;
}
EXPORT_SYMBOL_GPL(mf_batch_full);

/**
 * mf_add_sharer - report a file that shares the failed page
 * @mfc: the control structure that ->memory_failure() was called with
 * @mapping: address space of the file
 * @index: offset of the page in @mapping, in pages
 *
 * Consumes a reference to the inode.  The file need not have mapped the page and
 * need not use DAX: mm checks that when the operation has returned.
 *
 * Context: any, does not sleep.  There must be room, see mf_batch_full().
 */
void mf_add_sharer(struct memory_failure_control *mfc,
		   struct address_space *mapping, pgoff_t index)
{
	trace_memory_failure_sharer(mfc->pfn, mapping, index);
	mfc->sharers[mfc->nr_sharers++] = (struct mf_sharer) {
		.mapping = mapping,
		.index = index,
	};
}
EXPORT_SYMBOL_GPL(mf_add_sharer);

/*
 * Unmap the page from the users of one file and report the lost data.  With
 * @missed, the filesystem has reported all sharers: report the file only if it is a
 * sharer that was missed.  If the filesystem failed after a batch, the sharers of
 * that batch are reported twice.
 */
static void mf_act_on_sharer(struct mf_event *event, struct address_space *mapping,
			     pgoff_t index, bool missed)
{
	int mapped = mf_act_on_file(event, mapping, index);

	trace_memory_failure_act(event->mfc.pfn, mapping, index, mapped);
	if ((mapped || !missed) && !event->mfc.no_listeners)
		fserror_report_data_lost(mapping->host, (loff_t)index << PAGE_SHIFT,
					 PAGE_SIZE, GFP_KERNEL);
}

/* Query the sharers, and act on each batch when the filesystem has released its locks. */
static int mf_query_sharers(struct mf_event *event, struct address_space *mapping)
{
	struct memory_failure_control *mfc = &event->mfc;
	int error;

	for (;;) {
		error = mapping->a_ops->memory_failure(mapping, mfc);
		while (mfc->nr_sharers) {
			struct mf_sharer *sharer = &mfc->sharers[--mfc->nr_sharers];
			struct inode *inode = sharer->mapping->host;

			mf_act_on_sharer(event, sharer->mapping, sharer->index,
					 false);
			iput(inode);
			cond_resched();
		}
		if (error != -EAGAIN)
			return error;
		event->resumed = true;
		mf_get_room(event);
	}
}

/*
 * Check whether the page is mapped or flushed, or about to be.  A fault and a flush
 * take a reference and then read the flag: if there is no reference after the flag
 * has been set, each later one finds the flag.
 */
static bool mf_may_be_mapped(const struct mf_event *event)
{
	return folio_ref_count(pfn_folio(event->mfc.pfn));
}

/*
 * Check whether a sharer was missed.  Another page of a large folio may be the one
 * that is mapped: trust the filesystem then if it has answered in one batch.
 */
static bool mf_still_mapped(const struct mf_event *event)
{
	struct folio *folio = pfn_folio(event->mfc.pfn);

	if (event->resumed)
		return mf_may_be_mapped(event);
	return folio_mapped(folio) && !folio_test_large(folio);
}

/* Act on every in-core file that has the page in its DAX entries. */
static void mf_scan_files(struct mf_event *event, struct super_block *sb,
			  bool missed)
{
	struct inode *inode = NULL;
	unsigned long pfn, nr;

	while ((inode = dax_next_inode(sb, inode))) {
		struct address_space *mapping = inode->i_mapping;

		for (pgoff_t index = 0;
		     (nr = dax_next_entry(mapping, &index, event->mfc.pfn,
					  event->mfc.pfn, &pfn)); index += nr)
			mf_act_on_sharer(event, mapping,
					 index + (event->mfc.pfn - pfn), missed);
	}
}

/*
 * @mapping, with the failed page at @index, and its superblock are pinned.
 *
 * Scan the in-core inodes if the filesystem does not know the sharers, or if the
 * page is still mapped after it has reported them: by a device-mapper table that
 * has been replaced, or by a file whose sharing changed between two batches.  The
 * scan takes time in proportion to the DAX entries of the filesystem.  Skip it if the
 * page is not mapped and nothing listens to reports of lost data.
 *
 * @used is false if no file has the page in use: then only the filesystem can know
 * what it is for.
 *
 * Return: 0, -EBUSY if that is not known, or the filesystem's error.
 */
static int mf_handle_mapping(struct address_space *mapping, pgoff_t index,
			     unsigned long pfn, bool used)
{
	struct mf_event event = {
		.mfc.pfn = pfn,
		.mfc.index = index,
		.mfc.sharers = event.few_sharers,
		.mfc.max_sharers = MF_FEW,
		.victims = event.few_victims,
		.max_victims = MF_FEW,
		.by_mm = event.few_by_mm,
		.hash_bits = MF_FEW_BITS,
	};
	struct folio *folio = pfn_folio(pfn);
	bool shared = mapping_dax_proxy(mapping);
	int error = -EOPNOTSUPP;

	/* See mf_still_mapped() for large folios. */
	if (folio_ref_count(folio) > MF_FEW || folio_test_large(folio))
		mf_get_room(&event);
	if (mapping->a_ops->memory_failure)
		error = mf_query_sharers(&event, mapping);
	event.again = true;
	/* A file has the page, whether or not it was reported; a proxy has none. */
	if (error || mf_still_mapped(&event))
		mf_act_on_file(&event, mapping, index);
	if ((error && shared && used &&
	     (!event.mfc.no_listeners || mf_may_be_mapped(&event))) ||
	    (mapping->a_ops->memory_failure && mf_still_mapped(&event)))
		mf_scan_files(&event, dax_mapping_sb(mapping), !error);
	if (error == -EOPNOTSUPP)
		error = used ? 0 : -EBUSY;
	mf_signal(&event);
	kvfree(event.room);
	return error;
}

/* A large folio can outlive its DAX entries: its mapping is then that of other pages. */
static struct address_space *mf_pin_mapping(unsigned long pfn, pgoff_t *index)
{
	struct address_space *mapping = dax_pin_mapping(pfn, index);

	if (!mapping || mapping_dax_proxy(mapping) ||
	    dax_file_has_page(mapping, *index, pfn))
		return mapping;
	dax_unpin_mapping(mapping);
	return NULL;
}

/**
 * memory_failure_dax - handle a failed page of a MEMORY_DEVICE_FS_DAX device
 * @pfn: the page frame number; the caller holds a reference to the dev_pagemap
 * @mf_flags: MF_* flags of memory_failure()
 *
 * Query the mapping of the page or, if no file has the page in use, the proxy that
 * has registered it.
 *
 * Context: process context, no locks held, including mf_mutex.
 * Return: 0; -EOPNOTSUPP if hwpoison_filter() ignores the event; -EBUSY if the
 * users of the page cannot be found; or the error of the filesystem.
 */
int memory_failure_dax(unsigned long pfn, int mf_flags)
{
	struct address_space *mapping;
	bool used;
	pgoff_t index = 0;
	int error;

	dax_hwpoison_page(pfn, mf_flags);
	mapping = mf_pin_mapping(pfn, &index);
	used = mapping;
	if (!mapping)
		mapping = pfn_address_space_get(pfn, &index);
	trace_memory_failure_mapping(pfn, mapping, index);

	/* No inode is pinned: the filter must not read its superblock. */
	if (!mapping)
		return -EBUSY;
	if (mf_is_filtered(pfn_to_page(pfn)))
		error = -EOPNOTSUPP;
	else
		error = mf_handle_mapping(mapping, index, pfn, used);
	dax_unpin_mapping(mapping);
	return error;
}
EXPORT_SYMBOL_IF_KUNIT(memory_failure_dax);
