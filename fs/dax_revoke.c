// SPDX-License-Identifier: GPL-2.0
/*
 * Removal of a DAX device
 * =======================
 *
 * When a device goes away, its struct pages are freed.  Take the pages from all their
 * users first: write back and shut down each filesystem that has registered pages of
 * the device or has some in use, unmap the pages from all processes, signal these
 * processes, wait for pins, and delete the DAX entries.
 *
 * All mappings belong to in-core inodes, so no reverse mapping of the filesystem is
 * needed.  kill_dax() has returned: no fault can look up a page of the device, and a
 * fault that had looked one up has mapped it.  The exception is a MAP_SYNC fault,
 * which the filesystem completes under the invalidate_lock.
 *
 * The block device has to do I/O until the filesystems have been written back.
 * Therefore this cannot be done in ->mark_dead() of the block device, which comes
 * when the struct pages are gone, and not at all with device-mapper in between.
 */
#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/maple_tree.h>
#include <linux/memory-failure.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "dax_association.h"

struct dax_removal {
	unsigned long start;		/* first page frame */
	unsigned long last;
	struct super_block *user;	/* found by dax_find_user() */
	struct maple_tree victims;	/* one page number for each mm_struct */
};

/* Record each mm that maps one of @nr pages from @index on. */
static void dax_record_victims(struct dax_removal *removal,
			       struct address_space *mapping, pgoff_t index,
			       unsigned long pfn, unsigned long nr)
{
	struct vm_area_struct *vma;

	i_mmap_lock_read(mapping);
	mapping_rmap_tree_foreach(vma, mapping, index, index + nr - 1) {
		pgoff_t start = vma_start_pgoff(vma);
		struct page_vma_mapped_walk pvmw = {
			.pfn = pfn,
			.nr_pages = nr,
			.pgoff = index,
			.vma = vma,
			.address = vma->vm_start +
				((max(index, start) - start) << PAGE_SHIFT),
			.flags = PVMW_SYNC,
		};
		struct mm_struct *mm = vma->vm_mm;

		if (mtree_load(&removal->victims, (unsigned long)mm) ||
		    !page_vma_mapped_walk(&pvmw))
			continue;
		page_vma_mapped_walk_done(&pvmw);
		/*
		 * Reclaim takes i_mmap_rwsem.  Without memory, the process gets
		 * its SIGBUS on the next access.
		 */
		if (!mtree_insert(&removal->victims, (unsigned long)mm,
				  xa_mk_value(PHYS_PFN(pvmw.address)),
				  GFP_NOWAIT | __GFP_NOWARN))
			mmgrab(mm);
	}
	i_mmap_unlock_read(mapping);
}

/* Signal a process once, whether it is in early kill mode or not. */
static void dax_signal_victims(struct dax_removal *removal)
{
	MA_STATE(mas, &removal->victims, 0, ULONG_MAX);
	struct task_struct *p, *t;
	void *page;

	rcu_read_lock();
	for_each_process(p) {
		if (p->flags & PF_KTHREAD)
			continue;
		t = find_lock_task_mm(p);
		if (!t)
			continue;
		page = mtree_load(&removal->victims, (unsigned long)t->mm);
		task_unlock(t);
		if (!page)
			continue;
		pr_err_ratelimited("Sending SIGBUS to %s:%d due to removal of the device\n",
				   t->comm, task_pid_nr(t));
		send_sig_mceerr(BUS_MCEERR_AO,
				(void __user *)PFN_PHYS(xa_to_value(page)),
				PAGE_SHIFT, t);
	}
	rcu_read_unlock();

	mas_lock(&mas);
	mas_for_each(&mas, page, ULONG_MAX)
		mmdrop((struct mm_struct *)mas.index);
	__mt_destroy(&removal->victims);
	mas_unlock(&mas);
}

/* Unmap a file, and record the processes that have mapped it. */
static void dax_unmap_file(struct dax_removal *removal,
			   struct address_space *mapping)
{
	unsigned long pfn, nr;
	pgoff_t index = 0;
	bool found = false;

	while ((nr = dax_next_entry(mapping, &index, removal->start,
				    removal->last, &pfn))) {
		dax_record_victims(removal, mapping, index, pfn, nr);
		found = true;
		index += nr;
		cond_resched();
	}
	if (found)
		unmap_mapping_pages(mapping, 0, 0, false);
}

/*
 * Delete the DAX entries of a file when no page of it is pinned.  The invalidate_lock
 * excludes MAP_SYNC faults, which can map a page once more, and truncation, which
 * does not expect entries to go away.  The holder of a pin may need it.
 */
static void dax_revoke_file(struct address_space *mapping)
{
	filemap_invalidate_lock(mapping);
	while (dax_layout_busy_page(mapping)) {
		filemap_invalidate_unlock(mapping);
		pr_warn_once("dax: the removal of a device waits for pinned pages\n");
		schedule_timeout_uninterruptible(DAX_IDLE_RECHECK);
		filemap_invalidate_lock(mapping);
	}
	dax_delete_mapping_range(mapping, 0, LLONG_MAX);
	filemap_invalidate_unlock(mapping);
}

/*
 * Take the pages from the files of a filesystem.  It cannot be thawed any more by its
 * owner, so thaw it after the shutdown: a waiter for the thaw may hold a pin.
 * FIFREEZE and freezing the block device, as device-mapper does, nest.  A freeze of
 * the block device that is under way is waited for.
 *
 * Signal processes before waiting for pins: they may be theirs.
 */
static void dax_revoke_super(struct dax_removal *removal, struct super_block *sb)
{
	struct inode *inode = NULL;
	unsigned long pfn;

	down_read(&sb->s_umount);
	if (sb->s_root && (sb->s_flags & SB_ACTIVE))
		sync_filesystem(sb);
	up_read(&sb->s_umount);
	if (sb->s_op->shutdown)
		sb->s_op->shutdown(sb);
	while (IS_ENABLED(CONFIG_BLOCK) && sb->s_bdev && !bdev_thaw(sb->s_bdev))
		;
	while (!thaw_super(sb, FREEZE_HOLDER_USERSPACE, NULL))
		;

	while ((inode = dax_next_inode(sb, inode)))
		dax_unmap_file(removal, inode->i_mapping);
	dax_signal_victims(removal);
	while ((inode = dax_next_inode(sb, inode))) {
		pgoff_t index = 0;

		if (dax_next_entry(inode->i_mapping, &index, removal->start,
				   removal->last, &pfn))
			dax_revoke_file(inode->i_mapping);
	}
}

/* Find a filesystem that has pages of the device in use, and pin it. */
static void dax_find_user(struct super_block *sb, void *arg)
{
	struct dax_removal *removal = arg;
	struct inode *inode = NULL;
	unsigned long pfn;

	while (!removal->user && (inode = dax_next_inode(sb, inode))) {
		pgoff_t index = 0;

		if (!dax_next_entry(inode->i_mapping, &index, removal->start,
				    removal->last, &pfn) ||
		    !atomic_inc_not_zero(&sb->s_active))
			continue;
		removal->user = sb;
		iput(inode);
	}
}

/* Take the pages from a filesystem that is not registered. */
static void dax_revoke_user(struct dax_removal *removal)
{
	removal->user = NULL;
	iterate_supers(dax_find_user, removal);
	if (removal->user) {
		dax_revoke_super(removal, removal->user);
		deactivate_super(removal->user);
	} else {
		/* The inode is being evicted. */
		schedule_timeout_uninterruptible(1);
	}
}

/**
 * dax_revoke_pages - take the pages of a device that goes away from their users
 * @pgmap: the pages, one range of type MEMORY_DEVICE_FS_DAX
 *
 * For drivers, after kill_dax() and before the pages are freed.  Filesystems that
 * have registered the pages or have some in use are shut down, and processes that
 * map them are signalled.  On return no DAX entry has any of the pages.
 *
 * Context: process context, no locks of a filesystem held.  Waits without a limit for
 * pins on the pages: the memory they are in is freed next.
 */
void dax_revoke_pages(struct dev_pagemap *pgmap)
{
	struct dax_removal removal = {
		.start = PHYS_PFN(pgmap->range.start),
		.last = PHYS_PFN(pgmap->range.end),
	};
	struct pfn_address_space range;
	unsigned long pfn;

	mt_init(&removal.victims);
	WARN_ON_ONCE(pgmap->nr_range > 1);
	while (pfn_address_space_take(removal.start, removal.last, &range)) {
		/* Device-mapper may have moved it to another device. */
		if (!dax_range_has_moved(&range))
			dax_revoke_super(&removal, dax_mapping_sb(range.mapping));
		dax_unpin_mapping(range.mapping);
	}

	/* Filesystems that do not register, and inodes that are being evicted. */
	for (pfn = removal.start; pfn <= removal.last; pfn++) {
		if (!pgmap_pfn_valid(pgmap, pfn))
			continue;
		while (READ_ONCE(pfn_folio(pfn)->private))
			dax_revoke_user(&removal);
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(dax_revoke_pages);
