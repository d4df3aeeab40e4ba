/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FS_DAX_ASSOCIATION_H
#define _FS_DAX_ASSOCIATION_H

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
 * is set before the page is unmapped, and it is unmapped with the DAX entry
 * locked: whoever locks an entry after that sees it, and so does whoever makes
 * one after that.  A PMD's folio must be kept from being taken apart, by such an
 * entry or by the association lock.
 */
static inline bool dax_page_is_bad(unsigned long pfn, unsigned int order)
{
	struct folio *folio;

	if (!order)
		return PageHWPoison(pfn_to_page(pfn));

	/* The folio's flag stays when the driver repairs the page. */
	folio = pfn_folio(pfn);
	if (!folio_test_large(folio) || !folio_test_has_hwpoisoned(folio))
		return false;
	for (unsigned long i = 0; i < 1UL << order; i++)
		if (PageHWPoison(pfn_to_page(pfn + i)))
			return true;
	return false;
}

#endif /* _FS_DAX_ASSOCIATION_H */
