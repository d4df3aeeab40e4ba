// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for what memory_failure_dax() does with a mapping's answer
 *
 * A filesystem of the test's own, never registered, has files that share a page,
 * and an operation that reports them as each test wants it.  They are no DAX
 * files, so that nothing is unmapped; that it was their turn is seen from the
 * report of lost data, which the superblock's ->report_error gets for each.
 *
 * The page is a struct page of the test's own, without memory: see
 * fs/tests/dax_association_kunit.c.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fserror.h>
#include <linux/ioport.h>
#include <linux/memory-failure.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>

#include "../internal.h"

#define NR_FILES	3
#define MAX_SHARERS	1000
#define PAGE_INDEX	77	/* in the mapping that is asked */

struct mf_test {
	struct kunit *test;
	struct vfsmount *mnt;
	struct page *page;
	struct inode *file[NR_FILES];	/* the first one's mapping is asked */

	/* What the operation is to do */
	unsigned int nr_sharers;
	unsigned int nr_different;	/* the others are duplicates */
	int error;
	bool stuck;		/* forget to move the cookie */
	bool careless;		/* do not look whether there is room */
	bool unheard;		/* say that nobody listens to reports */
	/* ... and what it has seen */
	unsigned int nr_calls;
	unsigned int room;	/* in the first batch, if there were more */
	unsigned int nr_refused;

	/* Sharers that were acted on */
	DECLARE_BITMAP(reported, MAX_SHARERS);
	atomic_t nr_reports;

	bool fail_in_evict;
	int evict_error;
};

/* Sharer number n is page n of one of the files, if it is no duplicate. */
static int mf_test_report(struct mf_test *t, struct memory_failure_control *mfc)
{
	for (u64 n = mfc->cookie[0]; n < t->nr_sharers; n++) {
		pgoff_t index = n % t->nr_different;
		struct inode *inode;

		if (!t->careless && mf_batch_full(mfc)) {
			if (!t->room)
				t->room = n;
			if (!t->stuck)
				mfc->cookie[0] = n;
			return -EAGAIN;
		}
		inode = igrab(t->file[index % NR_FILES]);
		if (!inode) {
			t->nr_refused++;
			continue;
		}
		mf_add_sharer(mfc, inode->i_mapping, index, mfc->pfn, 1);
		iput(inode);
	}
	return t->error;
}

static int mf_test_memory_failure(struct address_space *mapping,
				  struct memory_failure_control *mfc)
{
	struct inode *inode = mapping->host;
	struct mf_test *t = inode->i_sb->s_fs_info;

	KUNIT_EXPECT_EQ(t->test, mfc->pfn, page_to_pfn(t->page));
	KUNIT_EXPECT_EQ(t->test, mfc->nr, 1);
	KUNIT_EXPECT_EQ(t->test, mfc->index, PAGE_INDEX);
	if (!t->nr_calls++)
		KUNIT_EXPECT_FALSE(t->test, memchr_inv(mfc->cookie, 0,
						       sizeof(mfc->cookie)));
	/* vfs.rst promises that the superblock is kept. */
	KUNIT_EXPECT_GT(t->test, atomic_read(&inode->i_sb->s_active), 1);
	mfc->unheard = t->unheard;
	return mf_test_report(t, mfc);
}

static const struct address_space_operations mf_test_aops = {
	.memory_failure = mf_test_memory_failure,
};

static void mf_test_report_error(const struct fserror_event *event)
{
	struct mf_test *t = event->sb->s_fs_info;
	unsigned long index = event->pos >> PAGE_SHIFT;

	KUNIT_EXPECT_EQ(t->test, event->type, FSERR_DATA_LOST);
	KUNIT_EXPECT_EQ(t->test, event->len, PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(t->test, event->inode, t->file[index % NR_FILES]);
	if (index < MAX_SHARERS)
		set_bit(index, t->reported);
	atomic_inc(&t->nr_reports);
}

static int mf_test_fail(struct mf_test *t)
{
	return memory_failure_dax(page_to_pfn(t->page), MF_SW_SIMULATED);
}

static void mf_test_evict_inode(struct inode *inode)
{
	struct mf_test *t = inode->i_sb->s_fs_info;

	if (t && t->fail_in_evict)
		t->evict_error = mf_test_fail(t);
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations mf_test_sops = {
	.statfs		= simple_statfs,
	.evict_inode	= mf_test_evict_inode,
	.report_error	= mf_test_report_error,
};

static int mf_test_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, 0x6d667465);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &mf_test_sops;
	return 0;
}

static struct file_system_type mf_test_fs_type = {
	.name		 = "memory_failure_mapping_kunit",
	.init_fs_context = mf_test_init_fs_context,
	.kill_sb	 = kill_anon_super,
};

/* The first file, by its @PAGE_INDEX, is who has the page in use. */
static void mf_test_use_page(struct mf_test *t, struct inode *inode)
{
	t->page->mapping = inode ? inode->i_mapping : NULL;
	page_folio(t->page)->index = inode ? PAGE_INDEX : 0;
}

/*
 * Nothing but reports is left of a failure: all @nr sharers have been acted on,
 * once, and no reference is held any more.
 */
static void expect_reports(struct kunit *test, unsigned int nr)
{
	struct mf_test *t = test->priv;
	struct super_block *sb = t->mnt->mnt_sb;

	/* They are made by a worker, which has references meanwhile. */
	for (int i = 0; i < 1000 && refcount_read(&sb->s_pending_errors) > 1; i++)
		fsleep(10000);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->nr_reports), nr);
	KUNIT_EXPECT_EQ(test, bitmap_weight(t->reported, MAX_SHARERS),
			min(nr, t->nr_different));
	for (int i = 0; i < NR_FILES; i++)
		if (t->file[i])
			KUNIT_EXPECT_EQ(test, icount_read_once(t->file[i]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&sb->s_active), 1);
}

static void expect_failure(struct kunit *test, int error, unsigned int nr)
{
	struct mf_test *t = test->priv;

	bitmap_zero(t->reported, MAX_SHARERS);
	atomic_set(&t->nr_reports, 0);
	t->nr_calls = 0;
	t->room = 0;
	KUNIT_EXPECT_EQ(test, mf_test_fail(t), error);
	expect_reports(test, nr);
}

static void one_call(struct kunit *test)
{
	struct mf_test *t = test->priv;

	for (t->nr_sharers = 0; t->nr_sharers < 2; t->nr_sharers++) {
		expect_failure(test, 0, t->nr_sharers);
		KUNIT_EXPECT_EQ(test, t->nr_calls, 1);
	}
}

/* The filesystem does not know the size of a batch.  Up to that, and beyond. */
static void full_batch(struct kunit *test)
{
	struct mf_test *t = test->priv;
	unsigned int room;

	t->nr_sharers = MAX_SHARERS;
	expect_failure(test, 0, MAX_SHARERS);
	room = t->room;
	KUNIT_ASSERT_GT(test, room, 0);
	/* If there is memory, the first batch has as much room as the others. */
	KUNIT_EXPECT_GT(test, t->nr_calls, 1);
	KUNIT_EXPECT_EQ(test, t->nr_calls, DIV_ROUND_UP(MAX_SHARERS, room));

	t->nr_sharers = room;
	expect_failure(test, 0, room);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 1);
	t->nr_sharers = room + 1;
	expect_failure(test, 0, room + 1);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 2);
}

/* What was reported before an error is acted on. */
static void error_after_reports(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = MAX_SHARERS;
	t->error = -EIO;
	expect_failure(test, -EIO, MAX_SHARERS);
}

/* For a page that has a mapping, "no way to find out" is no failure. */
static void not_supported(struct kunit *test)
{
	static const struct address_space_operations no_aops = { };
	struct mf_test *t = test->priv;

	t->error = -EOPNOTSUPP;
	expect_failure(test, 0, 0);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 1);
	t->file[0]->i_mapping->a_ops = &no_aops;
	expect_failure(test, 0, 0);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 0);
}

static void nobody_listens(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = MAX_SHARERS;
	t->unheard = true;
	expect_failure(test, 0, 0);
	KUNIT_EXPECT_GT(test, t->nr_calls, 1);
}

static void duplicates(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = MAX_SHARERS;
	t->nr_different = NR_FILES;
	expect_failure(test, 0, MAX_SHARERS);
}

static void dax_files_without_entries(struct kunit *test)
{
	struct mf_test *t = test->priv;

	for (int i = 0; i < NR_FILES; i++)
		t->file[i]->i_flags |= S_DAX;
	t->nr_sharers = MAX_SHARERS;
	expect_failure(test, 0, MAX_SHARERS);
	t->error = -EIO;
	expect_failure(test, -EIO, MAX_SHARERS);
}

/* Nothing is lost by what the operation must not do, and it does not go on. */
static void operation_at_fault(struct kunit *test)
{
	struct mf_test *t = test->priv;
	unsigned int room;

	t->nr_sharers = MAX_SHARERS;
	expect_failure(test, 0, MAX_SHARERS);
	room = t->room;

	t->stuck = true;
	kunit_warning_suppress(test) {
		expect_failure(test, -EIO, room);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	t->careless = true;
	t->nr_sharers = room + 2;
	kunit_warning_suppress(test) {
		expect_failure(test, 0, room);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2);
	}
}

/* The page fails while one of those that share it is being evicted. */
static void sharer_on_its_way_out(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = NR_FILES;
	t->fail_in_evict = true;
	iput(t->file[2]);
	t->file[2] = NULL;
	t->fail_in_evict = false;
	KUNIT_EXPECT_EQ(test, t->evict_error, 0);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 1);
	KUNIT_EXPECT_EQ(test, t->nr_refused, 1);
	expect_reports(test, 2);
}

/* ... or the one that has it alone: there is nobody to be asked. */
static void mapping_on_its_way_out(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = 1;
	t->fail_in_evict = true;
	iput(t->file[0]);
	t->file[0] = NULL;
	t->fail_in_evict = false;
	mf_test_use_page(t, NULL);
	KUNIT_EXPECT_EQ(test, t->evict_error, -EBUSY);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 0);
	expect_reports(test, 0);
}

/* No file has the page in use, but a filesystem has registered it. */
static void registered_page(struct kunit *test)
{
	struct mf_test *t = test->priv;
	struct pfn_address_space range = {
		.node.start = page_to_pfn(t->page) - 5,
		.node.last = page_to_pfn(t->page),
		.mapping = t->file[0]->i_mapping,
		.index = PAGE_INDEX - 5,
	};

	mf_test_use_page(t, NULL);
	t->nr_sharers = MAX_SHARERS;
	expect_failure(test, -EBUSY, 0);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 0);

	KUNIT_ASSERT_EQ(test, register_pfn_address_space(&range), 0);
	expect_failure(test, 0, MAX_SHARERS);
	t->error = -EOPNOTSUPP;
	expect_failure(test, -EBUSY, MAX_SHARERS);
	unregister_pfn_address_space(&range);

	t->error = 0;
	expect_failure(test, -EBUSY, 0);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 0);
}

#ifdef CONFIG_DEVICE_PRIVATE
static void device_private_free(struct folio *folio)
{
}

static vm_fault_t device_private_migrate(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct dev_pagemap_ops device_private_ops = {
	.folio_free	= device_private_free,
	.migrate_to_ram	= device_private_migrate,
};

static void unmap_device_private(void *pgmap)
{
	memunmap_pages(pgmap);
}

static void release_device_private(void *res)
{
	release_mem_region(((struct resource *)res)->start,
			   resource_size(res));
}

/* A page that has an anon_vma where those of files have an address_space. */
static void device_private_page(struct kunit *test)
{
	struct dev_pagemap *pgmap;
	struct resource *res;
	unsigned long pfn;
	char *anon_vma;

	pgmap = kunit_kzalloc(test, sizeof(*pgmap), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pgmap);
	anon_vma = kunit_kzalloc(test, 2 * sizeof(struct address_space),
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, anon_vma);
	res = request_free_mem_region(&iomem_resource, PMD_SIZE, test->name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, res);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, release_device_private,
						  res));

	pgmap->type = MEMORY_DEVICE_PRIVATE;
	pgmap->range = DEFINE_RANGE(res->start, res->end);
	pgmap->nr_range = 1;
	pgmap->ops = &device_private_ops;
	pgmap->owner = test;
	KUNIT_ASSERT_FALSE(test, IS_ERR(memremap_pages(pgmap, NUMA_NO_NODE)));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
			unmap_device_private, pgmap));

	pfn = PHYS_PFN(res->start);
	pfn_to_page(pfn)->mapping = (void *)(anon_vma + FOLIO_MAPPING_ANON);
	KUNIT_EXPECT_EQ(test, memory_failure(pfn, 0), -ENXIO);
	pfn_to_page(pfn)->mapping = NULL;
}
#endif

static void mf_test_exit(struct kunit *test)
{
	struct mf_test *t = test->priv;

	if (!t || IS_ERR_OR_NULL(t->mnt))
		return;
	for (int i = 0; i < NR_FILES; i++)
		iput(t->file[i]);
	kern_unmount(t->mnt);
}

static int mf_test_init(struct kunit *test)
{
	struct mf_test *t;

	if (!is_power_of_2(sizeof(struct page)))
		kunit_skip(test, "no page frame numbers if a struct page has %zu bytes",
			   sizeof(struct page));

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->nr_different = MAX_SHARERS;
	t->page = kunit_kzalloc(test, sizeof(*t->page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->page);
	atomic_set(&t->page->_mapcount, -1);

	t->mnt = kern_mount(&mf_test_fs_type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->mnt));
	test->priv = t;
	t->mnt->mnt_sb->s_fs_info = t;
	for (int i = 0; i < NR_FILES; i++) {
		t->file[i] = new_inode(t->mnt->mnt_sb);
		KUNIT_ASSERT_NOT_NULL(test, t->file[i]);
		t->file[i]->i_mapping->a_ops = &mf_test_aops;
	}
	mf_test_use_page(t, t->file[0]);
	return 0;
}

static struct kunit_case mf_test_cases[] = {
	KUNIT_CASE(one_call),
	KUNIT_CASE(full_batch),
	KUNIT_CASE(nobody_listens),
	KUNIT_CASE(duplicates),
	KUNIT_CASE(dax_files_without_entries),
	KUNIT_CASE(error_after_reports),
	KUNIT_CASE(not_supported),
	KUNIT_CASE(operation_at_fault),
	KUNIT_CASE(sharer_on_its_way_out),
	KUNIT_CASE(mapping_on_its_way_out),
	KUNIT_CASE(registered_page),
#ifdef CONFIG_DEVICE_PRIVATE
	KUNIT_CASE(device_private_page),
#endif
	{}
};

static struct kunit_suite mf_test_suite = {
	.name = "memory_failure_mapping",
	.init = mf_test_init,
	.exit = mf_test_exit,
	.test_cases = mf_test_cases,
};

kunit_test_suite(mf_test_suite);

MODULE_DESCRIPTION("KUnit tests for memory failure of pages with a mapping");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
