/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DAX_PROXY_H
#define _LINUX_DAX_PROXY_H

#include <linux/fs.h>

struct dax_device;
struct pfn_address_space;

/* See fs/dax_proxy.c. */
#ifdef CONFIG_FS_DAX
struct address_space *dax_proxy_alloc(struct super_block *sb, void *owner,
		const struct address_space_operations *aops);
void dax_proxy_free(struct address_space *mapping);
int dax_proxy_register(struct address_space *mapping,
		struct dax_device *dax_dev, u64 start, u64 size);
void dax_proxy_unregister(struct address_space *mapping);
bool dax_proxy_has_left(const struct pfn_address_space *range);
void *dax_proxy_owner(struct address_space *mapping);
struct super_block *dax_mapping_sb(struct address_space *mapping);
#else
static inline void dax_proxy_free(struct address_space *mapping)
{
}

static inline struct super_block *dax_mapping_sb(struct address_space *mapping)
{
	return mapping->host->i_sb;
}
#endif

#endif /* _LINUX_DAX_PROXY_H */
