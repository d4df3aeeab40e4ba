/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FS_DAX_ASSOCIATION_H
#define _FS_DAX_ASSOCIATION_H

#include <linux/types.h>

struct address_space;

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

#endif /* _FS_DAX_ASSOCIATION_H */
