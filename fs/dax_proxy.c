// SPDX-License-Identifier: GPL-2.0
/*
 * Registration of the pages of a DAX filesystem's devices
 * =======================================================
 *
 * The proxy of a device (see dax_association.c) is the mapping of its shared pages.
 * A page that no file has in use, because it is unmapped data, metadata, log or free
 * space, has no mapping.  Register the page frames of the device, so that
 * memory_failure() can look up the proxy by the pfn.
 *
 * Lifetime: ->memory_failure() of a registered proxy can be called at any time, with
 * an active reference to the superblock.  Register at the end of ->fill_super(), when
 * logs have been replayed, and unregister first thing in ->put_super(): then the
 * filesystem is complete whenever the operation runs.
 *
 * The table of a device-mapper device can be replaced, with a freeze and a thaw of
 * the filesystem or without, so a registration can be out of date: ->memory_failure()
 * must check that the place it is called for has the failed page.
 */
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/memory-failure.h>
#include <linux/slab.h>

/* Each range is looked up when it is registered.  A striped device has too many. */
#define DAX_PROXY_MAX_RANGES	64

/* The search for bad blocks in one call fails if there are 2^31 sectors or more. */
#define DAX_PROXY_MAX_PAGES	PHYS_PFN(SZ_1G)

/* Look up the page frames of the pages @pgoff to @end of a device. */
static int dax_find_ranges(struct dax_proxy *proxy, struct dax_device *dax_dev,
			   pgoff_t pgoff, pgoff_t end,
			   struct pfn_address_space *ranges)
{
	int nr_ranges = 0;

	while (pgoff < end) {
		struct pfn_address_space *last =
			nr_ranges ? &ranges[nr_ranges - 1] : NULL;
		unsigned long pfn;
		long nr;

		/* All other modes reject bad blocks. */
		nr = dax_direct_access(dax_dev, pgoff,
				       min(end - pgoff, DAX_PROXY_MAX_PAGES),
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
				.mapping = &proxy->mapping,
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
 * dax_unregister_proxy - undo dax_register_proxy()
 * @proxy: the proxy; it need not be registered
 *
 * Context: process context.
 */
void dax_unregister_proxy(struct dax_proxy *proxy)
{
	for (unsigned int i = 0; i < proxy->nr_ranges; i++)
		unregister_pfn_address_space(&proxy->ranges[i]);
	kfree(proxy->ranges);
	proxy->ranges = NULL;
	proxy->nr_ranges = 0;
}
EXPORT_SYMBOL_GPL(dax_unregister_proxy);

/**
 * dax_register_proxy - register the pages of a device
 * @proxy: the proxy of the device
 * @dax_dev: the device
 * @start: offset in @dax_dev of the filesystem's part, in bytes
 * @size: size of that part in bytes
 *
 * Call it again when the device may have grown or moved.  A registration that has
 * not changed is left in place.
 *
 * Context: process context.  The caller serializes calls for the same proxy.
 * Return: 0; -EBUSY if another filesystem has registered some of the pages, -E2BIG
 * if the device has too many ranges, or -EIO, and nothing is registered any more; or
 * -ENOMEM or -ENXIO, and a previous registration is left in place.
 */
int dax_register_proxy(struct dax_proxy *proxy, struct dax_device *dax_dev,
		       u64 start, u64 size)
{
	struct pfn_address_space *found, *ranges;
	int error = 0, nr, i, id;

	found = kmalloc_objs(*found, DAX_PROXY_MAX_RANGES, GFP_KERNEL);
	if (!found)
		return -ENOMEM;

	/* kill_dax() waits for this, so dax_revoke_pages() finds the registration. */
	id = dax_read_lock();
	nr = dax_find_ranges(proxy, dax_dev, PHYS_PFN(start),
			     PHYS_PFN(start + size), found);
	if (nr < 0)
		error = nr;
	/*
	 * The table was replaced: the old pages can be another filesystem's.
	 * dax_revoke_pages() needs those of a dead device.
	 */
	if (nr < 0 && nr != -ENXIO)
		dax_unregister_proxy(proxy);
	if (error || dax_proxy_is_registered(proxy, found, nr))
		goto unlock;

	ranges = kmemdup_array(found, nr, sizeof(*found), GFP_KERNEL);
	if (!ranges) {
		error = -ENOMEM;
		goto unlock;
	}
	dax_unregister_proxy(proxy);
	proxy->dax_dev = dax_dev;
	for (i = 0; i < nr && !error; i++)
		error = register_pfn_address_space(&ranges[i]);
	proxy->ranges = ranges;
	proxy->nr_ranges = nr;
	if (error)
		dax_unregister_proxy(proxy);
unlock:
	dax_read_unlock(id);
	kfree(found);
	return error;
}
EXPORT_SYMBOL_GPL(dax_register_proxy);

/**
 * dax_range_has_moved - check whether a device has other pages than registered
 * @range: a range that a proxy has registered; its superblock is pinned
 *
 * Context: any.
 * Return: true if device-mapper has replaced all of the pages; false if it has not
 * or if the device is dead.
 */
bool dax_range_has_moved(const struct pfn_address_space *range)
{
	const struct dax_proxy *proxy = container_of(range->mapping,
			struct dax_proxy, mapping);
	unsigned long pfn = range->node.start, found;
	long nr = 0;
	int id;

	id = dax_read_lock();
	for (; pfn <= range->node.last; pfn += nr) {
		nr = dax_direct_access(proxy->dax_dev,
				range->index + (pfn - range->node.start),
				min(range->node.last - pfn + 1,
				    DAX_PROXY_MAX_PAGES),
				DAX_RECOVERY_WRITE, NULL, &found);
		if (nr < 0 || found == pfn)
			break;
	}
	dax_read_unlock(id);
	return pfn > range->node.last;
}
