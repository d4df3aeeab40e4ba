// SPDX-License-Identifier: GPL-2.0
/*
 * DAX proxies
 * ===========
 *
 * A page of persistent memory that several files have in use can not have one of
 * them in ->mapping.  It has a proxy there: an address space that stands for a
 * device of a filesystem, with the page's offset on the device as its index.
 * All sharers come to the same mapping and index by themselves, so that nothing
 * is handed on from one to the next, and the filesystem can find all of them
 * from there.
 *
 * A filesystem with shared extents has a proxy for each device that it keeps file
 * data on, made before the first file is opened and freed after the last inode
 * has been evicted.  As a DAX entry is deleted before its inode goes away (see
 * dax_association.c), a proxy outlives all associations with it.  It is handed
 * over to fs/dax.c in iomap->dax_proxy.
 *
 * The inode of a proxy belongs to a pseudo filesystem, not to the one it stands
 * for: that could not evict it, and has no place for it on disk.  It is not S_DAX,
 * there are no DAX entries in its i_pages.  Nobody opens, maps, reads or dirties
 * it; whoever comes across one in ->mapping
 *  - sees a file mapping to which no VMA belongs (rmap, page_idle, smaps),
 *  - finds noop_dirty_folio() (the zap of a dirty PTE, unpinning),
 *  - may read it under RCU, like any mapping: its inode is freed by RCU (GUP),
 *  - must not take it for an identity that lasts: mapping_dax_proxy() tells.
 */
#include <linux/dax.h>
#include <linux/dax_proxy.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/memory-failure.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#define DAX_PROXY_MAGIC	0x64617870	/* "daxp" */

/*
 * The device of a proxy may be made up of pieces.  Their number is bounded, as
 * each is looked at while it is registered; a striped device has too many.
 */
#define DAX_PROXY_MAX_RANGES	64

/* inode->i_private of a proxy */
struct dax_proxy {
	struct super_block *sb;
	void *owner;
	struct dax_device *dax_dev;
	struct pfn_address_space *ranges;	/* registered */
	unsigned int nr_ranges;
};

static struct vfsmount *dax_proxy_mnt __ro_after_init;

/**
 * dax_proxy_alloc - make a proxy for the files of a device
 * @sb: the filesystem
 * @owner: what the filesystem wants to find its device by
 * @aops: operations of the proxy, with ->memory_failure and
 *	->dirty_folio = noop_dirty_folio
 *
 * Context: process context.
 * Return: the proxy, or an ERR_PTR.
 */
struct address_space *dax_proxy_alloc(struct super_block *sb, void *owner,
				      const struct address_space_operations *aops)
{
	struct dax_proxy *proxy;
	struct inode *inode;

	proxy = kmalloc_obj(*proxy, GFP_KERNEL);
	if (!proxy)
		return ERR_PTR(-ENOMEM);
	inode = alloc_anon_inode(dax_proxy_mnt->mnt_sb);
	if (IS_ERR(inode)) {
		kfree(proxy);
		return ERR_CAST(inode);
	}
	*proxy = (struct dax_proxy) { .sb = sb, .owner = owner };
	inode->i_private = proxy;
	inode->i_mapping->a_ops = aops;
	set_bit(AS_DAX_PROXY, &inode->i_mapping->flags);
	return inode->i_mapping;
}
EXPORT_SYMBOL_GPL(dax_proxy_alloc);

/**
 * dax_proxy_free - free a proxy
 * @mapping: the proxy, or NULL
 *
 * Context: process context, when all inodes of the filesystem are gone, and it is
 * not registered.
 */
void dax_proxy_free(struct address_space *mapping)
{
	struct inode *inode;

	if (!mapping)
		return;
	inode = mapping->host;
	kfree(inode->i_private);
	inode->i_private = NULL;
	iput(inode);
}
EXPORT_SYMBOL_GPL(dax_proxy_free);

/* Where the pages @pgoff up to @end of a device are, each range in one piece. */
static int dax_proxy_find_ranges(struct address_space *mapping,
				 struct dax_device *dax_dev, pgoff_t pgoff,
				 pgoff_t end, struct pfn_address_space *ranges)
{
	int nr_ranges = 0;

	while (pgoff < end) {
		struct pfn_address_space *last =
			nr_ranges ? &ranges[nr_ranges - 1] : NULL;
		unsigned long pfn;
		long nr;

		/* Any other mode refuses bad blocks. */
		nr = dax_direct_access(dax_dev, pgoff, end - pgoff,
				       DAX_RECOVERY_WRITE, NULL, &pfn);
		if (nr < 0)
			return nr;
		if (last && pfn == last->node.last + 1) {
			last->node.last += nr;
		} else {
			if (nr_ranges == DAX_PROXY_MAX_RANGES)
				return -E2BIG;
			ranges[nr_ranges++] = (struct pfn_address_space) {
				.node.start = pfn,
				.node.last = pfn + nr - 1,
				.mapping = mapping,
				.index = pgoff,
			};
		}
		pgoff += nr;
	}
	return nr_ranges;
}

static bool dax_proxy_is_registered(const struct dax_proxy *proxy,
				    const struct pfn_address_space *ranges,
				    int nr_ranges)
{
	if (nr_ranges != proxy->nr_ranges)
		return false;
	for (int i = 0; i < nr_ranges; i++)
		if (ranges[i].node.start != proxy->ranges[i].node.start ||
		    ranges[i].node.last != proxy->ranges[i].node.last ||
		    ranges[i].index != proxy->ranges[i].index)
			return false;
	return true;
}

/**
 * dax_proxy_unregister - undo dax_proxy_register()
 * @mapping: the proxy, or NULL; it need not be registered
 *
 * Context: process context.
 */
void dax_proxy_unregister(struct address_space *mapping)
{
	struct dax_proxy *proxy;

	if (!mapping)
		return;
	proxy = mapping->host->i_private;
	for (unsigned int i = 0; i < proxy->nr_ranges; i++)
		unregister_pfn_address_space(&proxy->ranges[i]);
	kfree(proxy->ranges);
	proxy->ranges = NULL;
	proxy->nr_ranges = 0;
}
EXPORT_SYMBOL_GPL(dax_proxy_unregister);

/**
 * dax_proxy_register - have a proxy told of failures that have no mapping
 * @mapping: the proxy
 * @dax_dev: the device that it stands for
 * @start: offset in @dax_dev of the filesystem's part, in bytes
 * @size: size of that part in bytes
 *
 * Pages that no file has in use have no ->mapping that would lead to the proxy.
 * Once their page frames are registered, ->memory_failure() is called for them,
 * with an active reference to the superblock: so from the end of ->fill_super()
 * on, when the filesystem is all there, until ->put_super().  Before and after
 * that memory_failure() finds nobody and says so.
 *
 * What the device is mapped to may change later; ->memory_failure() has to see
 * for itself if the place has the page that has failed.
 *
 * Call it again when the device may have grown or moved.  If it has not, nothing is
 * unregistered in between.
 *
 * Context: process context; not at the same time as others for this proxy.
 * Return: 0; -EBUSY if another filesystem has registered some of the pages, and
 * nothing is registered then; -E2BIG if the device is made up of too many pieces,
 * or another error, and what was registered before is so still.
 */
int dax_proxy_register(struct address_space *mapping,
		       struct dax_device *dax_dev, u64 start, u64 size)
{
	struct dax_proxy *proxy = mapping->host->i_private;
	struct pfn_address_space *found, *ranges;
	int error = 0, nr, i, id;

	found = kmalloc_objs(*found, DAX_PROXY_MAX_RANGES, GFP_KERNEL);
	if (!found)
		return -ENOMEM;

	/*
	 * kill_dax() waits for the end of this, so that the driver finds what
	 * is registered here when it calls memory_failure_pre_remove().
	 */
	id = dax_read_lock();
	nr = dax_proxy_find_ranges(mapping, dax_dev, PHYS_PFN(start),
				   PHYS_PFN(start + size), found);
	if (nr < 0)
		error = nr;
	if (error || dax_proxy_is_registered(proxy, found, nr))
		goto unlock;

	/* What is kept is no larger than it has to be. */
	ranges = kmemdup_array(found, nr, sizeof(*found), GFP_KERNEL);
	if (!ranges) {
		error = -ENOMEM;
		goto unlock;
	}
	dax_proxy_unregister(mapping);
	proxy->dax_dev = dax_dev;
	for (i = 0; i < nr && !error; i++)
		error = register_pfn_address_space(&ranges[i]);
	if (error) {
		while (i-- > 0)
			unregister_pfn_address_space(&ranges[i]);
		kfree(ranges);
	} else {
		proxy->ranges = ranges;
		proxy->nr_ranges = nr;
	}
unlock:
	dax_read_unlock(id);
	kfree(found);
	return error;
}
EXPORT_SYMBOL_GPL(dax_proxy_register);

/**
 * dax_proxy_owner - what a proxy was made for
 * @mapping: the proxy
 *
 * Return: the owner that dax_proxy_alloc() was given.
 */
void *dax_proxy_owner(struct address_space *mapping)
{
	const struct dax_proxy *proxy = mapping->host->i_private;

	return proxy->owner;
}
EXPORT_SYMBOL_GPL(dax_proxy_owner);

/**
 * dax_proxy_has_left - is a proxy's device no longer made of these pages?
 * @range: what was registered; its superblock is pinned
 *
 * Context: any.
 * Return: true if there are others now; false also if the device is gone.
 */
bool dax_proxy_has_left(const struct pfn_address_space *range)
{
	const struct dax_proxy *proxy = range->mapping->host->i_private;
	unsigned long pfn = range->node.start, found;
	long nr = 0;
	int id;

	id = dax_read_lock();
	for (; pfn <= range->node.last; pfn += nr) {
		nr = dax_direct_access(proxy->dax_dev,
				range->index + (pfn - range->node.start),
				range->node.last - pfn + 1,
				DAX_RECOVERY_WRITE, NULL, &found);
		if (nr < 0 || found == pfn)
			break;
	}
	dax_read_unlock(id);
	return pfn > range->node.last;
}

/**
 * dax_mapping_sb - the filesystem that a DAX page's mapping belongs to
 * @mapping: the address space of a file, or a proxy
 *
 * Return: the superblock.
 */
struct super_block *dax_mapping_sb(struct address_space *mapping)
{
	const struct dax_proxy *proxy;

	if (!mapping_dax_proxy(mapping))
		return mapping->host->i_sb;
	proxy = mapping->host->i_private;
	return proxy->sb;
}
EXPORT_SYMBOL_GPL(dax_mapping_sb);

static int dax_proxy_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, DAX_PROXY_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type dax_proxy_fs_type = {
	.name		 = "dax_proxy",
	.init_fs_context = dax_proxy_init_fs_context,
	.kill_sb	 = kill_anon_super,
};

static int __init dax_proxy_init(void)
{
	dax_proxy_mnt = kern_mount(&dax_proxy_fs_type);
	if (IS_ERR(dax_proxy_mnt))
		panic("can not mount dax_proxy: %pe\n", dax_proxy_mnt);
	return 0;
}
fs_initcall(dax_proxy_init);
