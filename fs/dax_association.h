/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FS_DAX_ASSOCIATION_H
#define _FS_DAX_ASSOCIATION_H

#include <linux/memory-failure.h>
#include <linux/mm.h>

/**
 * struct dax_place - the position of a page in an address space
 * @mapping: the address space
 * @index: page offset in @mapping
 */
struct dax_place {
	struct address_space *mapping;
	pgoff_t index;
};

int dax_associate(unsigned long pfn, unsigned int order,
		  const struct dax_place *file, const struct dax_place *shared);
void dax_disassociate(unsigned long pfn);
spinlock_t *dax_association_lock(unsigned long pfn);

/*
 * A page that memory_failure() has flagged must not be mapped again.  The flag
 * is set first, then memory_failure() waits until the DAX entry is unlocked, then
 * it unmaps the page.  A fault that locks the entry later sees the flag.
 * dax_associate() checks the flag for new entries.
 */
static inline bool dax_page_is_bad(unsigned long pfn, unsigned int order)
{
	return nr_pages_before_hwpoison(pfn, 1UL << order) < 1UL << order;
}

#endif /* _FS_DAX_ASSOCIATION_H */
