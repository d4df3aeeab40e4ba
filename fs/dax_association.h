/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FS_DAX_ASSOCIATION_H
#define _FS_DAX_ASSOCIATION_H

#include <linux/memory-failure.h>
#include <linux/mm.h>

/**
 * struct dax_place - where a folio stands: a mapping and a page offset in it
 * @mapping: the address space
 * @index: offset of the folio's first page in @mapping, in pages
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
 * is set before the page is unmapped, and the page is unmapped with the DAX entry
 * locked.  So the flag is seen by all that lock an entry later, and, under the
 * association lock, by all that make a new one.
 */
static inline bool dax_page_is_bad(unsigned long pfn, unsigned int order)
{
	return nr_pages_before_hwpoison(pfn, 1UL << order) < 1UL << order;
}

#endif /* _FS_DAX_ASSOCIATION_H */
