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
#include <linux/dax_proxy.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#define DAX_PROXY_MAGIC	0x64617870	/* "daxp" */

/* inode->i_private of a proxy */
struct dax_proxy {
	struct super_block *sb;
	void *owner;
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
 * Context: process context, when all inodes of the filesystem are gone.
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
