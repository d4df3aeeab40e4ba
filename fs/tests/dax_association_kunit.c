// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for DAX folio associations
 *
 * Userspace gets into some states of fs/dax_association.c only with reflink, extents of
 * 2 MiB, and pins that outlive a DAX entry, and sees a fault as a hang or a warning
 * much later.
 *
 * The struct pages are an array of the test without memory behind them, because
 * other parts of the kernel would see changes to pages that the allocator has handed
 * out.  The state machine does not look at the memory.  With a virtual memory map,
 * which FS_DAX depends on, such a struct page has a page frame number.
 */
#include <kunit/test.h>
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../dax_association.h"

#define NR_PAGES	(PMD_SIZE / PAGE_SIZE)
#define LAST		(NR_PAGES - 1)
/* Where the pages begin on the device. */
#define DEVICE_INDEX	(3 * NR_PAGES)

struct dax_association_test {
	struct page *pages;
	unsigned long pfn;	/* of the first one */
	struct dev_pagemap pgmap;
	struct super_block sb, other_sb;
	struct inode file[3];
	struct inode bdev;
	struct dax_proxy proxy;
};

/* @file gets an entry at @index for page @nr, or for a PMD from page @nr on. */
static int associate(struct kunit *test, unsigned long nr, unsigned int order,
		     int file, pgoff_t index)
{
	struct dax_association_test *t = test->priv;
	struct dax_place place = { &t->file[file].i_data, index };
	struct dax_place shared = { &t->proxy.mapping, DEVICE_INDEX + nr };

	return dax_associate(t->pfn + nr, order, &place, &shared);
}

static void disassociate(struct kunit *test, unsigned long nr)
{
	struct dax_association_test *t = test->priv;

	dax_disassociate(t->pfn + nr);
}

static void expect_folio(struct kunit *test, unsigned long nr,
			 unsigned int order, struct address_space *mapping,
			 pgoff_t index, unsigned long count)
{
	struct dax_association_test *t = test->priv;
	unsigned long pfn = t->pfn + nr;
	struct folio *folio = pfn_folio(pfn);

	KUNIT_EXPECT_EQ_MSG(test, folio_order(folio), order, "page %lu", nr);
	KUNIT_EXPECT_PTR_EQ_MSG(test, folio->mapping, mapping, "page %lu", nr);
	if (mapping)
		index -= pfn - folio_pfn(folio);
	KUNIT_EXPECT_EQ_MSG(test, folio->index, index, "page %lu", nr);
	KUNIT_EXPECT_EQ_MSG(test, (unsigned long)folio->private, count,
			    "page %lu", nr);
}

static void expect_owned(struct kunit *test, unsigned long nr,
			 unsigned int order, int file, pgoff_t index)
{
	struct dax_association_test *t = test->priv;

	expect_folio(test, nr, order, &t->file[file].i_data, index, 1);
}

static void expect_shared(struct kunit *test, unsigned long nr,
			  unsigned int order, unsigned long count)
{
	struct dax_association_test *t = test->priv;

	expect_folio(test, nr, order, &t->proxy.mapping, DEVICE_INDEX + nr, count);
}

/* All pages are in the initial state. */
static void expect_all_free(struct kunit *test)
{
	struct dax_association_test *t = test->priv;

	for (unsigned long i = 0; i < NR_PAGES; i++) {
		struct page *page = &t->pages[i];

		KUNIT_ASSERT_FALSE_MSG(test, PageCompound(page), "page %lu", i);
		expect_folio(test, i, 0, NULL, 0, 0);
		KUNIT_EXPECT_EQ_MSG(test, page_ref_count(page), 0, "page %lu", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, page_pgmap(page), &t->pgmap,
					"page %lu", i);
	}
}

static void page_of_one_file(struct kunit *test)
{
	const unsigned long nr[] = { 0, 5, LAST };

	for (int i = 0; i < ARRAY_SIZE(nr); i++) {
		KUNIT_EXPECT_EQ(test, associate(test, nr[i], 0, 0, 77), 0);
		expect_owned(test, nr[i], 0, 0, 77);
		disassociate(test, nr[i]);
		expect_all_free(test);
	}
}

static void pmd_of_one_file(struct kunit *test)
{
	/* The second time, the struct pages have been used before. */
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, i, NR_PAGES), 0);
		for (unsigned long nr = 0; nr < NR_PAGES; nr++)
			expect_owned(test, nr, PMD_ORDER, i, NR_PAGES + nr);
		disassociate(test, 0);
		expect_all_free(test);
	}
}

/* A page stays shared while it has one sharer left. */
static void page_shared(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 0, 77), 0);
	KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 1, 100), 0);
	expect_shared(test, 5, 0, 2);
	/* Two entries of one file for the same page are sharing as well. */
	KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 1, 200), 0);
	expect_shared(test, 5, 0, 3);
	/* The pages next to it are not affected. */
	expect_folio(test, 4, 0, NULL, 0, 0);
	expect_folio(test, 6, 0, NULL, 0, 0);

	disassociate(test, 5);
	expect_shared(test, 5, 0, 2);
	disassociate(test, 5);
	expect_shared(test, 5, 0, 1);
	KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 2, 77), 0);
	expect_shared(test, 5, 0, 2);
	disassociate(test, 5);
	disassociate(test, 5);
	expect_all_free(test);

	/* The next file owns the page again. */
	KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 2, 79), 0);
	expect_owned(test, 5, 0, 2, 79);
	disassociate(test, 5);
	expect_all_free(test);
}

/* No mapping stands for both, until the last one has given the page up. */
static void page_of_two_filesystems(struct kunit *test)
{
	struct dax_association_test *t = test->priv;

	t->file[1].i_sb = &t->other_sb;
	for (int shared = 0; shared < 2; shared++) {
		KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 0, 77), 0);
		if (shared)
			KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 2, 8), 0);
		KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 1, 100), 0);
		expect_folio(test, 5, 0, NULL, 0, 2 + shared);
		disassociate(test, 5);
		KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 0, 78), 0);
		expect_folio(test, 5, 0, NULL, 0, 2 + shared);
		for (int i = 0; i < 2 + shared; i++)
			disassociate(test, 5);
		expect_all_free(test);
	}
}

static void pmd_shared_by_pmd(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 1, NR_PAGES), 0);
	expect_shared(test, 0, PMD_ORDER, 2);
	expect_shared(test, LAST, PMD_ORDER, 2);
	disassociate(test, 0);
	expect_shared(test, 0, PMD_ORDER, 1);
	disassociate(test, 0);
	expect_all_free(test);
}

/*
 * A second file has a PTE entry for one page, at a congruent offset or not.  The
 * offset on the device is the same, whichever entry goes away first.
 */
static void pmd_shared_by_pte(struct kunit *test)
{
	const pgoff_t index[] = { 7 * NR_PAGES + 5, 3 };

	for (int i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 0, NR_PAGES), 0);
		KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 1, index[i / 2]), 0);
		expect_shared(test, 0, PMD_ORDER, 2);
		expect_shared(test, 5, PMD_ORDER, 2);
		KUNIT_EXPECT_EQ(test, associate(test, LAST, 0, 2, 9), 0);
		expect_shared(test, 0, PMD_ORDER, 3);

		disassociate(test, i % 2 ? 0 : 5);
		expect_shared(test, 0, PMD_ORDER, 2);
		disassociate(test, LAST);
		expect_shared(test, 0, PMD_ORDER, 1);
		disassociate(test, i % 2 ? 5 : 0);
		expect_all_free(test);
	}
}

static void pmd_over_used_page(struct kunit *test)
{
	const unsigned long nr[] = { 0, 5, LAST };

	for (int i = 0; i < ARRAY_SIZE(nr); i++) {
		KUNIT_EXPECT_EQ(test, associate(test, nr[i], 0, 0, 77), 0);
		KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 1, 0), -EBUSY);
		expect_owned(test, nr[i], 0, 0, 77);
		disassociate(test, nr[i]);
		expect_all_free(test);
	}
	KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 1, 0), 0);
	disassociate(test, 0);
	expect_all_free(test);
}

static void pmd_over_referenced_page(struct kunit *test)
{
	struct dax_association_test *t = test->priv;

	set_page_count(&t->pages[17], 1);
	KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 0, 0), -EBUSY);
	/* An entry of order 0 is accepted. */
	KUNIT_EXPECT_EQ(test, associate(test, 17, 0, 0, 77), 0);
	expect_owned(test, 17, 0, 0, 77);
	disassociate(test, 17);
	KUNIT_EXPECT_EQ(test, page_ref_count(&t->pages[17]), 1);
	set_page_count(&t->pages[17], 0);
	expect_all_free(test);
}

/* A reference to a large folio can outlive the last entry. */
static void pmd_left_together(struct kunit *test)
{
	struct dax_association_test *t = test->priv;

	for (int order = 0; order <= PMD_ORDER; order += PMD_ORDER) {
		KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 0, NR_PAGES), 0);
		set_page_count(t->pages, 1);
		disassociate(test, 0);
		expect_folio(test, 0, PMD_ORDER, NULL, 0, 0);
		KUNIT_EXPECT_EQ(test, page_ref_count(t->pages), 1);

		/* Until it is dropped, a page is used as a part of the folio. */
		KUNIT_EXPECT_EQ(test, associate(test, 5, 0, 1, 77), 0);
		expect_owned(test, 5, PMD_ORDER, 1, 77);
		/* Another page of the same file does not make it shared. */
		KUNIT_EXPECT_EQ(test, associate(test, 7, 0, 1, 79), 0);
		expect_folio(test, 7, PMD_ORDER, &t->file[1].i_data, 79, 2);
		disassociate(test, 7);
		KUNIT_EXPECT_EQ(test, associate(test, 6, 0, 2, 1), 0);
		expect_shared(test, 0, PMD_ORDER, 2);
		disassociate(test, 5);
		disassociate(test, 6);
		expect_folio(test, 0, PMD_ORDER, NULL, 0, 0);
		/* An entry for the whole folio is rejected. */
		KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 1, 0), -EBUSY);

		/* After that, both orders are accepted. */
		set_page_count(t->pages, 0);
		KUNIT_EXPECT_EQ(test, associate(test, 0, order, 1, NR_PAGES), 0);
		expect_owned(test, 0, order, 1, NR_PAGES);
		disassociate(test, 0);
		expect_all_free(test);
	}
}

/* A bug of the caller is reported and changes nothing. */
static void free_page_disassociated(struct kunit *test)
{
	kunit_warning_suppress(test) {
		disassociate(test, 5);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	expect_all_free(test);
}

#ifdef CONFIG_MEMORY_FAILURE
static void expect_pin(struct kunit *test, unsigned long nr,
		       struct address_space *mapping, pgoff_t index)
{
	struct dax_association_test *t = test->priv;
	struct address_space *pinned;
	pgoff_t found;

	pinned = dax_pin_mapping(t->pfn + nr, &found);
	KUNIT_EXPECT_PTR_EQ(test, pinned, mapping);
	if (!pinned)
		return;
	KUNIT_EXPECT_EQ(test, found, index);
	if (pinned != &t->proxy.mapping)
		KUNIT_EXPECT_EQ(test, icount_read_once(pinned->host), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->sb.s_active), 2);
	dax_unpin_mapping(pinned);
	if (pinned != &t->proxy.mapping)
		KUNIT_EXPECT_EQ(test, icount_read_once(pinned->host), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->sb.s_active), 1);
}

static void mapping_pinned(struct kunit *test)
{
	struct dax_association_test *t = test->priv;

	expect_pin(test, 5, NULL, 0);
	KUNIT_EXPECT_EQ(test, associate(test, 0, PMD_ORDER, 0, NR_PAGES), 0);
	expect_pin(test, 5, &t->file[0].i_data, NR_PAGES + 5);

	/* The inode is being evicted, or the filesystem unmounted. */
	inode_state_set_raw(&t->file[0], I_FREEING);
	expect_pin(test, 5, NULL, 0);
	inode_state_clear_raw(&t->file[0], I_FREEING);
	atomic_set(&t->sb.s_active, 0);
	expect_pin(test, 5, NULL, 0);
	KUNIT_EXPECT_EQ(test, icount_read_once(&t->file[0]), 1);
	atomic_set(&t->sb.s_active, 1);

	KUNIT_EXPECT_EQ(test, associate(test, 9, 0, 1, 2), 0);
	expect_pin(test, 5, &t->proxy.mapping, DEVICE_INDEX + 5);
	disassociate(test, 9);
	disassociate(test, 0);
	expect_all_free(test);
}
#endif /* CONFIG_MEMORY_FAILURE */

static void free_struct_pages(void *pages)
{
	free_pages_exact(pages, NR_PAGES * sizeof(struct page));
}

static int dax_association_test_init(struct kunit *test)
{
	static const struct address_space_operations aops = { };
	struct dax_association_test *t;
	int error;

	if (!is_power_of_2(sizeof(struct page)))
		kunit_skip(test, "no page frame numbers if a struct page has %zu bytes",
			   sizeof(struct page));

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->pages = alloc_pages_exact(NR_PAGES * sizeof(*t->pages),
				     GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, t->pages);
	error = kunit_add_action_or_reset(test, free_struct_pages, t->pages);
	KUNIT_ASSERT_EQ(test, error, 0);
	t->pfn = page_to_pfn(t->pages);
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED(t->pfn, NR_PAGES));

	for (unsigned long nr = 0; nr < NR_PAGES; nr++) {
		set_page_zone(&t->pages[nr], ZONE_DEVICE);
		atomic_set(&t->pages[nr]._mapcount, -1);
		page_folio(&t->pages[nr])->pgmap = &t->pgmap;
	}

	atomic_set(&t->sb.s_active, 1);
	for (int i = 0; i < ARRAY_SIZE(t->file); i++) {
		inode_init_once(&t->file[i]);
		spin_lock_init(&t->file[i].i_lock);
		atomic_set(&t->file[i].i_count, 1);
		t->file[i].i_sb = &t->sb;
		t->file[i].i_mapping = &t->file[i].i_data;
		t->file[i].i_data.host = &t->file[i];
	}
	dax_init_proxy(&t->proxy, &t->sb, &t->bdev, &aops);
	return 0;
}

static struct kunit_case dax_association_test_cases[] = {
	KUNIT_CASE(page_of_one_file),
	KUNIT_CASE(pmd_of_one_file),
	KUNIT_CASE(page_shared),
	KUNIT_CASE(page_of_two_filesystems),
	KUNIT_CASE(pmd_shared_by_pmd),
	KUNIT_CASE(pmd_shared_by_pte),
	KUNIT_CASE(pmd_over_used_page),
	KUNIT_CASE(pmd_over_referenced_page),
	KUNIT_CASE(pmd_left_together),
	KUNIT_CASE(free_page_disassociated),
#ifdef CONFIG_MEMORY_FAILURE
	KUNIT_CASE(mapping_pinned),
#endif
	{}
};

static struct kunit_suite dax_association_test_suite = {
	.name = "dax_association",
	.init = dax_association_test_init,
	.test_cases = dax_association_test_cases,
};

kunit_test_suite(dax_association_test_suite);

MODULE_DESCRIPTION("KUnit tests for DAX folio associations");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
