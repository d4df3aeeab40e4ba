// SPDX-License-Identifier: GPL-2.0
/*
 * DAX folio associations
 * ======================
 *
 * A DAX entry in a file's i_pages says that the file has a page of persistent
 * memory in use.  The folio of that page says the reverse: who uses it.  That
 * back reference, an association, is what this file keeps.  It replaces
 * dax_folio_make_shared(), dax_folio_put() and dax_folio_init() of fs/dax.c,
 * which kept it under the i_pages lock of one file, although with reflink
 * several files, each with a lock of its own, may change it at once.
 *
 * The state of a folio is in ->mapping, ->index and ->private, where ->private
 * counts the DAX entries that point into the folio:
 *
 *	state	->private  ->mapping, ->index	order
 *	free	0	   NULL, 0		0
 *	owned	1	   the one file		0 or PMD_ORDER
 *	shared	>= 1	   what all sharers	0 or PMD_ORDER
 *			   agree on
 *
 *			 first entry
 *	    +--> free ----------------> owned
 *	    |     ^                      |  |
 *	    |     |      last entry      |  | another entry
 *	    |     +----------------------+  v
 *	    +---------------------------- shared <--+ another entry, or one of
 *			 last entry         |       | several goes away
 *				            +-------+
 *
 * The order is set when the folio stops being free and kept until it is free
 * again, or longer: references are to the folio as a whole, so as long as there
 * are any it is not taken apart.  Whoever still has one then is no file.  It is
 * an munmap() that has not flushed the TLB yet, or a pin that outlives the
 * entry because the file got another block by copy-on-write.  In between:
 *  - an entry of order 0 may point into a folio of PMD_ORDER (one file maps an
 *    extent with a PMD, another with PTEs), and counts on the head page;
 *  - an entry of PMD_ORDER over pages that are in use at order 0 is refused
 *    with -EBUSY.  The caller falls back to PTEs;
 *  - an entry of PMD_ORDER over pages that somebody has references to: the same;
 *  - a page that has failed gets no more entries, at any order: -EHWPOISON.
 *    Who flags a page under the association lock and looks for its users after
 *    that finds them all.
 *
 * Whether a page is shared is not for the caller to say: what the filesystem
 * tells a fault may be out of date when the entry is made.  The second entry
 * makes it shared.
 *
 * "What all sharers agree on" is a place that every one of them computes alike
 * from the physical address, so that nothing has to be changed when one of them
 * goes away; a folio stays shared while a single sharer is left.  It is never
 * one of the files.
 *
 * Locking: a transition happens under dax_association_lock(pfn).  The lock is
 * chosen by pfn >> PMD_ORDER, because a change of order touches all the pages
 * that a PMD can map.  It nests inside i_pages, which nests inside i_lock,
 * with interrupts off:
 *
 *	inode->i_lock -> mapping->i_pages (irq) -> dax_association_lock()
 *
 * Lifetime: a filesystem's ->evict_inode() deletes the entries, by
 * dax_break_layout_final(), before it does anything else.  So under the
 * association lock a ->mapping that is set is of an inode that has not got past
 * that point, or of something that outlives all inodes of its filesystem.
 */
#include <kunit/visibility.h>
#include <linux/dax.h>
#include <linux/hash.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "dax_association.h"

/* 2 MiB each: more than the CPUs that fault at once will often be in. */
#define DAX_ASSOCIATION_LOCK_BITS	6

static struct {
	spinlock_t lock;
} ____cacheline_aligned_in_smp
dax_association_locks[1 << DAX_ASSOCIATION_LOCK_BITS] = {
	[0 ... (1 << DAX_ASSOCIATION_LOCK_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(dax_association_locks.lock),
	},
};

/**
 * dax_association_lock - the lock that guards a page's association
 * @pfn: page frame number of any page of the folio
 *
 * All pages that one PMD can map have the same lock.
 *
 * Context: any; the lock is taken with interrupts disabled.
 * Return: the lock, not taken.
 */
spinlock_t *dax_association_lock(unsigned long pfn)
{
	return &dax_association_locks[hash_long(pfn >> PMD_ORDER,
				DAX_ASSOCIATION_LOCK_BITS)].lock;
}

static unsigned long dax_share_count(const struct folio *folio)
{
	return (unsigned long)folio->private;
}

static void dax_set_share_count(struct folio *folio, unsigned long count)
{
	folio->private = (void *)count;
}

/* May the free folio at @pfn be used at @order? */
static int dax_range_error(unsigned long pfn, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		struct page *page = pfn_to_page(pfn + i);

		if (dax_share_count(page_folio(page)))
			return -EBUSY;
		if (order && page_ref_count(page))
			return -EBUSY;
	}
	return 0;
}

static void dax_folio_set_order(struct folio *folio, unsigned int order)
{
	if (!order)
		return;
	WARN_ON_ONCE(folio_order(folio));
	prep_compound_page(&folio->page, order);
	if (order > 1)
		INIT_LIST_HEAD(&folio->_deferred_list);
	WARN_ON_ONCE(folio_ref_count(folio));
}

/**
 * dax_associate - a DAX entry begins to point to a page
 * @pfn: first page frame number of the entry
 * @order: order of the entry, 0 or PMD_ORDER
 * @file: the entry's place in its file; @pfn's index there
 * @shared: what all sharers of @pfn agree on, with @pfn's index there
 *
 * Context: any, usually under the i_pages lock of the file.
 * Return: 0, -EBUSY if the pages are in use at a smaller order, or -EHWPOISON if
 * one of them has failed; nothing is changed then.
 */
int dax_associate(unsigned long pfn, unsigned int order,
		  const struct dax_place *file, const struct dax_place *shared)
{
	spinlock_t *lock = dax_association_lock(pfn);
	struct folio *folio;
	unsigned long flags, count;
	int error = 0;

	spin_lock_irqsave(lock, flags);
	folio = pfn_folio(pfn);
	count = dax_share_count(folio);
	if (!count && folio_order(folio) && !folio_ref_count(folio)) {
		/* dax_disassociate() had to leave it together. */
		dax_folio_reset_order(folio);
		folio = pfn_folio(pfn);
	}
	if (dax_page_is_bad(pfn, order))
		error = -EHWPOISON;
	else if (!count)
		error = dax_range_error(pfn, order);
	else if (order > folio_order(folio))
		error = -EBUSY;
	if (error)
		goto unlock;

	if (!count) {
		dax_folio_set_order(folio, order);
		folio->mapping = file->mapping;
		folio->index = file->index - (pfn - folio_pfn(folio));
	} else if (count == 1) {
		folio->mapping = shared->mapping;
		folio->index = shared->index - (pfn - folio_pfn(folio));
	}
	dax_set_share_count(folio, count + 1);
unlock:
	spin_unlock_irqrestore(lock, flags);
	return error;
}
EXPORT_SYMBOL_IF_KUNIT(dax_associate);

/**
 * dax_disassociate - a DAX entry ceases to point to a page
 * @pfn: first page frame number of the entry
 *
 * With the last entry of a folio its pages become free, and of order 0 again as
 * soon as nobody has a reference to them.
 *
 * Context: any, usually under the i_pages lock of the file.
 */
void dax_disassociate(unsigned long pfn)
{
	spinlock_t *lock = dax_association_lock(pfn);
	struct folio *folio;
	unsigned long flags, count;

	spin_lock_irqsave(lock, flags);
	folio = pfn_folio(pfn);
	count = dax_share_count(folio);
	if (WARN_ON_ONCE(!count))
		goto unlock;
	if (count > 1) {
		dax_set_share_count(folio, count - 1);
		goto unlock;
	}

	/* Who maps it has an entry: there is none left. */
	WARN_ON_ONCE(folio_mapped(folio));
	if (folio_order(folio) && folio_ref_count(folio)) {
		folio->mapping = NULL;
		folio->index = 0;
		dax_set_share_count(folio, 0);
		goto unlock;
	}
	dax_folio_reset_order(folio);
unlock:
	spin_unlock_irqrestore(lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(dax_disassociate);
