// SPDX-License-Identifier: GPL-2.0
/*
 * DAX folio associations
 * ======================
 *
 * A DAX entry in a file's i_pages points to a page of persistent memory that
 * the file has in use.  The association is the reverse pointer, from the folio
 * to its user.  With reflink, several files can use a folio, so the i_pages
 * lock of one file cannot protect it.
 *
 * The association is stored in ->mapping, ->index and ->private of the folio.
 * ->private counts the DAX entries that point into the folio:
 *
 *	state	->private  ->mapping, ->index	order
 *	free	0	   NULL, 0		0
 *	owned	>= 1	   the file		0 or PMD_ORDER
 *	shared	>= 1	   the proxy mapping	0 or PMD_ORDER
 *
 *			 first entry
 *	    +--> free ----------------> owned
 *	    |     ^                      |  |
 *	    |     |      last entry      |  | entry at another place
 *	    |     +----------------------+  v
 *	    +---------------------------- shared <--+ another entry, or one of
 *			 last entry         |       | several is removed
 *				            +-------+
 *
 * A large folio stays owned while the file adds and removes entries for other
 * pages of it.
 *
 * The order of a folio is set when its first entry is added, and reset when its
 * last entry is removed.  References are counted on the head page, so a large
 * folio with references is not split until it is used again.  Such references
 * are held by an munmap() that has not flushed the TLB yet, or by a pin of a
 * page that copy-on-write has replaced.
 *
 * Rules for adding an entry:
 *  - An entry of order 0 can point into a folio of PMD_ORDER, if one file maps
 *    an extent by a PMD and another by PTEs.  It is counted on the head page.
 *  - An entry of PMD_ORDER is refused with -EBUSY if one of its pages is in use
 *    at order 0 or has references.  The caller falls back to PTEs.
 *  - An entry for a page that has failed is refused with -EHWPOISON.  If the
 *    page is flagged under the association lock, a later lookup finds all its
 *    users.
 *  - An entry of another file, or at another offset, makes a folio shared.
 *    IOMAP_F_SHARED does not, since it can be stale when the entry is inserted.
 *
 * A proxy mapping is an address_space that stands for all files of a filesystem
 * on one device.  The index is the offset of the page on the device, so every
 * sharer computes the same mapping and index.  It does not change when a sharer
 * is removed.  A folio remains shared until its last entry is removed.
 *
 * No mapping stands for the files of two filesystems.  If both have a folio in
 * use, by two device-mapper tables for the same pages or an additional device of
 * two EROFS mounts, ->mapping is NULL until the last entry is removed.
 *
 * A filesystem with shared extents embeds a struct dax_proxy in the structure of
 * each device that holds file data, passes it in iomap->dax_proxy, and frees it
 * by RCU after the last inode.  ->host is the inode of the block device, so a
 * proxy mapping has no DAX entries, no folios and no VMAs.  Readers of
 * folio->mapping:
 *  - rmap finds no VMA, folio_mark_dirty() finds noop_dirty_folio().
 *  - GUP-fast and futexes read it under RCU.  Futexes reject it.
 *  - hwpoison_filter_dev() finds the superblock of the block device and ignores
 *    the event.
 *
 * Locking: the association changes under dax_association_lock(pfn), which is
 * selected by pfn >> PMD_ORDER, because a change of order affects all pages
 * that a PMD can map.  Lock order:
 *
 *	inode->i_lock -> mapping->i_pages (irq) -> dax_association_lock()
 *
 * Lifetime: ->evict_inode() of a filesystem first deletes the entries with
 * dax_break_layout_final().  Under the association lock, a non-NULL ->mapping
 * therefore belongs to an inode that has not passed this point, or is a proxy
 * mapping, which outlives the inodes of its filesystem.
 */
#include <kunit/visibility.h>
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/spinlock.h>

#include "dax_association.h"

/* Enough that CPUs which fault in different PMD ranges rarely contend. */
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
 * dax_association_lock - look up the lock that protects a page's association
 * @pfn: page frame number of any page of the folio
 *
 * All pages that a PMD can map have the same lock.
 *
 * Context: any.  Disable interrupts to take the lock.
 * Return: the lock, which is not taken.
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

/* Return 0 if the free folio at @pfn can be used at PMD_ORDER, or -EBUSY. */
static int dax_range_error(unsigned long pfn, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		struct page *page = pfn_to_page(pfn + i);

		if (dax_share_count(page_folio(page)))
			return -EBUSY;
		/* Not split, even if its last reference has just been dropped. */
		if (page_ref_count(page) || PageCompound(page))
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
 * dax_mapping_sb - look up the filesystem of a DAX page's mapping
 * @mapping: mapping of a file, or a proxy
 *
 * Context: any.
 * Return: the superblock.
 */
struct super_block *dax_mapping_sb(struct address_space *mapping)
{
	if (mapping_dax_proxy(mapping))
		return container_of(mapping, struct dax_proxy, mapping)->sb;
	return mapping->host->i_sb;
}

/**
 * dax_associate - associate a folio with a new DAX entry
 * @pfn: first page frame number of the entry
 * @order: order of the entry, 0 or PMD_ORDER
 * @file: place of @pfn in the file
 * @shared: place of @pfn in the proxy mapping
 *
 * Context: any, usually under the i_pages lock of the file.  Takes the
 * association lock.
 * Return: 0 on success, -EBUSY if the pages cannot be used at @order, or
 * -EHWPOISON if one of them has failed.  Nothing is changed on error.
 */
int dax_associate(unsigned long pfn, unsigned int order,
		  const struct dax_place *file, const struct dax_place *shared)
{
	spinlock_t *lock = dax_association_lock(pfn);
	struct address_space *mapping;
	struct folio *folio;
	unsigned long flags, count, nr;
	int error = 0;

	spin_lock_irqsave(lock, flags);
	folio = pfn_folio(pfn);
	count = dax_share_count(folio);
	if (!count && folio_order(folio) && !folio_ref_count(folio)) {
		/* dax_disassociate() could not split it: it had references. */
		dax_folio_reset_order(folio);
		folio = pfn_folio(pfn);
	}
	if (dax_page_is_bad(pfn, order))
		error = -EHWPOISON;
	else if (!count && order)
		error = dax_range_error(pfn, order);
	else if (order > folio_order(folio))
		error = -EBUSY;
	if (error)
		goto unlock;

	nr = pfn - folio_pfn(folio);
	mapping = folio->mapping;
	if (!count) {
		dax_folio_set_order(folio, order);
		folio->mapping = file->mapping;
		folio->index = file->index - nr;
	} else if (mapping &&
		   dax_mapping_sb(mapping) != file->mapping->host->i_sb) {
		folio->mapping = NULL;
		folio->index = 0;
	} else if (mapping && mapping != shared->mapping &&
		   (mapping != file->mapping ||
		    folio->index != file->index - nr)) {
		folio->mapping = shared->mapping;
		folio->index = shared->index - nr;
	}
	dax_set_share_count(folio, count + 1);
unlock:
	spin_unlock_irqrestore(lock, flags);
	return error;
}
EXPORT_SYMBOL_IF_KUNIT(dax_associate);

/**
 * dax_disassociate - remove a DAX entry from the association of its folio
 * @pfn: first page frame number of the entry
 *
 * Removing the last entry frees the pages.  A large folio is split into pages
 * of order 0, now if it has no references, otherwise when it is used again.
 *
 * Context: any, usually under the i_pages lock of the file.  Takes the
 * association lock.
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

	/* Each file that maps the folio has an entry for it, and none is left. */
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

/**
 * dax_init_proxy - initialize a proxy
 * @proxy: the proxy
 * @sb: the filesystem that it belongs to
 * @host: inode of the block device, which the filesystem keeps open
 * @aops: its operations, with ->dirty_folio = noop_dirty_folio
 *
 * Context: any.
 */
void dax_init_proxy(struct dax_proxy *proxy, struct super_block *sb,
		    struct inode *host,
		    const struct address_space_operations *aops)
{
	address_space_init_once(&proxy->mapping);
	proxy->mapping.host = host;
	proxy->mapping.a_ops = aops;
	set_bit(AS_DAX_PROXY, &proxy->mapping.flags);
	proxy->sb = sb;
}
EXPORT_SYMBOL_GPL(dax_init_proxy);

#ifdef CONFIG_MEMORY_FAILURE
/*
 * Called under the association lock.  i_lock is taken outside of that lock, so
 * only try it.  Take both references or none: dropping one may sleep.  A proxy
 * lives as long as its superblock is active.
 */
static int dax_try_pin_mapping(struct address_space *mapping)
{
	struct super_block *sb = dax_mapping_sb(mapping);
	struct inode *inode = mapping->host;
	int error = 0;

	if (mapping_dax_proxy(mapping))
		return atomic_inc_not_zero(&sb->s_active) ? 0 : -ENOENT;
	if (!spin_trylock(&inode->i_lock))
		return -EAGAIN;
	if ((inode_state_read(inode) & (I_FREEING | I_WILL_FREE)) ||
	    !atomic_inc_not_zero(&sb->s_active))
		error = -ENOENT;
	else
		__iget(inode);
	spin_unlock(&inode->i_lock);
	return error;
}

/**
 * dax_pin_mapping - look up and pin the mapping of a DAX page
 * @pfn: page frame number; the caller keeps its dev_pagemap alive
 * @index: where to store the offset of the page in the mapping, in pages
 *
 * Take the references that an open file has: to the inode, and an active one to
 * the superblock.  A mapping found under the association lock belongs to an inode
 * that has not been evicted.  RCU and igrab() cannot replace that lock: XFS
 * recycles inodes without a grace period and reinitializes i_lock.
 *
 * Context: process context.
 * Return: the mapping of the file, or the proxy if several files share the page,
 * for dax_unpin_mapping(); NULL if no file has the page in use, or it is about to
 * be evicted and no process can map it.
 */
struct address_space *dax_pin_mapping(unsigned long pfn, pgoff_t *index)
{
	spinlock_t *lock = dax_association_lock(pfn);
	struct address_space *mapping;
	struct folio *folio;
	int error = 0;

	for (;;) {
		spin_lock_irq(lock);
		folio = pfn_folio(pfn);
		mapping = folio->mapping;
		*index = folio->index + (pfn - folio_pfn(folio));
		if (mapping)
			error = dax_try_pin_mapping(mapping);
		spin_unlock_irq(lock);
		if (error != -EAGAIN)
			return error ? NULL : mapping;
		error = 0;
		schedule_timeout_uninterruptible(1);
	}
}
EXPORT_SYMBOL_IF_KUNIT(dax_pin_mapping);

/**
 * dax_unpin_mapping - release a mapping that dax_pin_mapping() returned
 * @mapping: the mapping
 *
 * Context: process context, no locks held.  The inode may be evicted and the
 * filesystem unmounted.
 */
void dax_unpin_mapping(struct address_space *mapping)
{
	struct super_block *sb = dax_mapping_sb(mapping);

	if (!mapping_dax_proxy(mapping))
		iput(mapping->host);
	deactivate_super(sb);
}
EXPORT_SYMBOL_IF_KUNIT(dax_unpin_mapping);
#endif /* CONFIG_MEMORY_FAILURE */
