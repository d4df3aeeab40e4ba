// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the batches of sharers, mm/memory-failure-dax.c
 *
 * The mapping of the failed page reports as many sharers as a test wants.  They are
 * pages of three files of a pseudo filesystem that no process maps:
 * ->report_error() of the superblock shows that mm has acted on a sharer.
 *
 * The failed page is one of ordinary memory.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fserror.h>
#include <linux/memory-failure.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>

#include "../internal.h"

#define NR_FILES	3
#define MANY_SHARERS	(MF_FEW + 3 * MF_MAX_SHARERS)
#define PAGE_INDEX	77	/* in the mapping that is queried */

struct mf_test {
	struct kunit *test;
	struct vfsmount *mnt;
	struct page *page;
	struct inode *file[NR_FILES];	/* the first one has the page */

	/* The answer of the filesystem */
	unsigned int nr_sharers;
	int error;
	bool no_listeners;

	unsigned int nr_calls;
	unsigned int nr_evicted;

	/* Sharers that were acted on */
	DECLARE_BITMAP(reported, MANY_SHARERS);
	atomic_t nr_reports;

	bool fail_in_evict;
	int evict_error;
};

/* Sharer number n is page n of one of the files. */
static int mf_test_memory_failure(struct address_space *mapping,
				  struct memory_failure_control *mfc)
{
	struct inode *inode = mapping->host;
	struct mf_test *t = inode->i_sb->s_fs_info;

	KUNIT_EXPECT_EQ(t->test, mfc->pfn, page_to_pfn(t->page));
	KUNIT_EXPECT_EQ(t->test, mfc->index, PAGE_INDEX);
	if (!t->nr_calls++)
		KUNIT_EXPECT_FALSE(t->test, memchr_inv(mfc->cookie, 0,
						       sizeof(mfc->cookie)));
	KUNIT_EXPECT_GT(t->test, atomic_read(&inode->i_sb->s_active), 1);

	mfc->no_listeners = t->no_listeners;
	for (u64 n = mfc->cookie[0]; n < t->nr_sharers; n++) {
		if (mf_batch_full(mfc)) {
			mfc->cookie[0] = n;
			return -EAGAIN;
		}
		inode = igrab(t->file[n % NR_FILES]);
		if (inode)
			mf_add_sharer(mfc, inode->i_mapping, n);
		else
			t->nr_evicted++;
	}
	return t->error;
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
	if (index < MANY_SHARERS)
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
	xa_erase_irq(&inode->i_data.i_pages, PAGE_INDEX);
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
	.name		 = "memory_failure_dax_kunit",
	.init_fs_context = mf_test_init_fs_context,
	.kill_sb	 = kill_anon_super,
};

static void mf_test_set_mapping(struct mf_test *t, struct inode *inode)
{
	t->page->mapping = inode ? inode->i_mapping : NULL;
	page_folio(t->page)->index = inode ? PAGE_INDEX : 0;
}

/* @nr sharers have been acted on, each once, and all references are dropped. */
static void expect_reports(struct kunit *test, unsigned int nr)
{
	struct mf_test *t = test->priv;
	struct super_block *sb = t->mnt->mnt_sb;

	/* A worker makes the reports and holds references meanwhile. */
	for (int i = 0; i < 1000 && refcount_read(&sb->s_pending_errors) > 1; i++)
		fsleep(10000);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->nr_reports), nr);
	KUNIT_EXPECT_EQ(test, bitmap_weight(t->reported, MANY_SHARERS), nr);
	for (int i = 0; i < NR_FILES; i++)
		if (t->file[i])
			KUNIT_EXPECT_EQ(test, icount_read_once(t->file[i]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&sb->s_active), 1);
}

static void expect_failure(struct kunit *test, int error, unsigned int nr_reports,
			   unsigned int nr_calls)
{
	struct mf_test *t = test->priv;

	bitmap_zero(t->reported, MANY_SHARERS);
	atomic_set(&t->nr_reports, 0);
	t->nr_calls = 0;
	KUNIT_EXPECT_EQ(test, mf_test_fail(t), error);
	KUNIT_EXPECT_EQ(test, t->nr_calls, nr_calls);
	expect_reports(test, nr_reports);
}

static void batch_boundaries(struct kunit *test)
{
	const unsigned int full = MF_FEW + MF_MAX_SHARERS;
	const struct {
		unsigned int nr_sharers, nr_calls;
	} cases[] = {
		{ 0, 1 }, { MF_FEW - 1, 1 }, { MF_FEW, 1 }, { MF_FEW + 1, 2 },
		{ full - 1, 2 }, { full, 2 }, { full + 1, 3 },
		{ MANY_SHARERS, 1 + MANY_SHARERS / MF_MAX_SHARERS },
	};
	struct mf_test *t = test->priv;

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		t->nr_sharers = cases[i].nr_sharers;
		expect_failure(test, 0, cases[i].nr_sharers, cases[i].nr_calls);
	}
}

/* mm acts on the sharers that were reported before an error. */
static void error_after_reports(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = MF_FEW + 1;
	t->error = -EIO;
	expect_failure(test, -EIO, MF_FEW + 1, 2);
	/* The file that has the page is known. */
	t->error = -EOPNOTSUPP;
	expect_failure(test, 0, MF_FEW + 1, 2);
}

static void no_listeners(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = MF_FEW + 1;
	t->no_listeners = true;
	expect_failure(test, 0, 0, 2);
}

/* If many processes can have mapped the page, the first batch is not small. */
static void many_references(struct kunit *test)
{
	struct mf_test *t = test->priv;

	set_page_count(t->page, MF_FEW + 1);
	t->nr_sharers = MF_MAX_SHARERS;
	expect_failure(test, 0, MF_MAX_SHARERS, 1);
}

/* The page fails while a sharer is being evicted. */
static void evicted_sharer(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = NR_FILES;
	t->fail_in_evict = true;
	iput(t->file[2]);
	t->file[2] = NULL;
	t->fail_in_evict = false;
	KUNIT_EXPECT_EQ(test, t->evict_error, 0);
	KUNIT_EXPECT_EQ(test, t->nr_evicted, 1);
	expect_reports(test, 2);
}

/* The page fails while the only file that has it is being evicted. */
static void evicted_mapping(struct kunit *test)
{
	struct mf_test *t = test->priv;

	t->nr_sharers = 1;
	t->fail_in_evict = true;
	iput(t->file[0]);
	t->file[0] = NULL;
	t->fail_in_evict = false;
	mf_test_set_mapping(t, NULL);
	KUNIT_EXPECT_EQ(test, t->evict_error, -EBUSY);
	KUNIT_EXPECT_EQ(test, t->nr_calls, 0);
	expect_reports(test, 0);
}

static void mf_test_exit(struct kunit *test)
{
	struct mf_test *t = test->priv;

	if (!t)
		return;
	for (int i = 0; i < NR_FILES; i++)
		iput(t->file[i]);
	kern_unmount(t->mnt);
	mf_test_set_mapping(t, NULL);
	set_page_count(t->page, 1);
	__free_page(t->page);
}

static int mf_test_init(struct kunit *test)
{
	struct address_space *mapping;
	struct mf_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->mnt = kern_mount(&mf_test_fs_type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->mnt));
	t->page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	set_page_count(t->page, 0);
	test->priv = t;
	t->mnt->mnt_sb->s_fs_info = t;
	for (int i = 0; i < NR_FILES; i++) {
		t->file[i] = new_inode(t->mnt->mnt_sb);
		KUNIT_ASSERT_NOT_NULL(test, t->file[i]);
		t->file[i]->i_mapping->a_ops = &mf_test_aops;
	}
	mf_test_set_mapping(t, t->file[0]);

	/* Its DAX entry, as fs/dax.c makes them: of order 0, not locked */
	t->file[0]->i_flags |= S_DAX;
	mapping = t->file[0]->i_mapping;
	return xa_err(xa_store_irq(&mapping->i_pages, PAGE_INDEX,
				   xa_mk_value(page_to_pfn(t->page) << 4), GFP_KERNEL));
}

static struct kunit_case mf_test_cases[] = {
	KUNIT_CASE(batch_boundaries),
	KUNIT_CASE(error_after_reports),
	KUNIT_CASE(no_listeners),
	KUNIT_CASE(many_references),
	KUNIT_CASE(evicted_sharer),
	KUNIT_CASE(evicted_mapping),
	{}
};

static struct kunit_suite mf_test_suite = {
	.name = "memory_failure_dax",
	.init = mf_test_init,
	.exit = mf_test_exit,
	.test_cases = mf_test_cases,
};

kunit_test_suite(mf_test_suite);

MODULE_DESCRIPTION("KUnit tests for memory failure of DAX pages");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
