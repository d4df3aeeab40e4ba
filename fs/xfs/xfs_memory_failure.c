// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure on XFS
 * =====================
 *
 * address_space_operations->memory_failure for files and for the proxies that
 * stand for all files which share pages of a device.  This takes over from
 * xfs_notify_failure.c what that does about media errors; xfs_dax_failure_fn()
 * there, by Shiyang Ruan, is where the rules for the owners come from.
 *
 * Both operations come down to a block of an allocation group or a realtime
 * group, and look up in its reverse mapping btree who owns it:
 *
 *	owner				what is done
 *	----------------------------	---------------------------------------
 *	data fork, inode in core	reported by mf_add_sharer(); mm unmaps
 *					it and reports the data as lost
 *	data fork, inode not in core	nothing: no process can have it mapped
 *	data fork, inode without pages	nothing, unless somebody wants to know
 *	attr fork, bmbt, AG metadata,	the filesystem is shut down
 *	the log
 *	CoW staging, free space		nothing: nobody's data is lost
 *
 * Directories and the like have data forks, too, and are treated alike.
 *
 * Locks: the AGF buffer, or the rtgroup's rmap inode, is held while one batch
 * is reported, and nothing else is done meanwhile: mm acts on the sharers when
 * it has been released.  If there are more sharers than fit, or more records
 * than should be looked at in one go, the key of the next one goes to the
 * cookie.  An owner whose key moves to before that in between, because its
 * record was merged with a neighbour, is missed; mm asks again if the page is
 * still mapped in the end.
 *
 * Lifetimes: mm has an active reference to the superblock, so the mount, its
 * buftargs and its proxies stay.
 *
 * A page belongs to its file alone until a second file maps it.  That includes
 * the destination of a copy-on-write, which is CoW staging until the copy is
 * complete: the data fork still has the old block.  So what the bmap of a file
 * says is believed only if the block has the page frame that has failed.
 */
#include "xfs_platform.h"
#include "xfs_shared.h"
#include "xfs_format.h"
#include "xfs_log_format.h"
#include "xfs_trans_resv.h"
#include "xfs_mount.h"
#include "xfs_alloc.h"
#include "xfs_bit.h"
#include "xfs_bmap.h"
#include "xfs_bmap_util.h"
#include "xfs_btree.h"
#include "xfs_buf.h"
#include "xfs_inode.h"
#include "xfs_icache.h"
#include "xfs_rmap.h"
#include "xfs_rmap_btree.h"
#include "xfs_rtalloc.h"
#include "xfs_trans.h"
#include "xfs_ag.h"
#include "xfs_rtgroup.h"
#include "xfs_rtrmap_btree.h"
#include "xfs_healthmon.h"
#include "xfs_memory_failure.h"

#include <linux/dax.h>
#include <linux/dax_proxy.h>
#include <linux/fsnotify.h>
#include <linux/memory-failure.h>

/*
 * Where to go on is looked up, and the records that follow are stepped through.
 * If so many in a row have nothing to do with the failed blocks, as others that
 * begin further left overlap them, the btree is asked instead.
 */
#define XFS_MF_MAX_STEPS	64

/*
 * That many owners are looked at before others may have the group's lock.  If they
 * can not be stepped to, and all that were looked at before are gone through once
 * more, it is as many more, or the whole would take the square of their number.
 */
#define XFS_MF_MAX_RECS		128

/* Nobody can have mapped such an inode. */
#define XFS_MF_NOGRAB_IFLAGS	(XFS_INEW | \
				 XFS_NEED_INACTIVE | \
				 XFS_INACTIVATING | \
				 XFS_IRECLAIMABLE | \
				 XFS_IRECLAIM)

/* What mfc->cookie is to us.  All zero: not begun. */
struct xfs_mf_cookie {
	uint64_t		daddr : 62;	/* of the range, + 1 */
	uint64_t		type : 1;	/* of the group */
	uint64_t		metadata_lost : 1;
	uint32_t		gno;		/* group to go on in, ... */
	xfs_agblock_t		startblock;	/* ... record to go on at */
	uint64_t		owner;
	uint64_t		offset;		/* as of xfs_mf_offset() */
};

/* The failed blocks, as far as they are in one group. */
struct xfs_mf_range {
	struct memory_failure_control	*mfc;
	struct xfs_group	*xg;
	struct xfs_perag	*owner_pag;	/* of the last owner, or NULL */
	unsigned int		max_recs;	/* before it is unlocked */
	xfs_daddr_t		daddr;		/* of mfc->pfn */
	xfs_agblock_t		start;		/* first block in the group */
	xfs_agblock_t		end;		/* last block in the group */
};

static struct xfs_mf_cookie *
xfs_mf_cookie(
	struct memory_failure_control	*mfc)
{
	BUILD_BUG_ON(sizeof(struct xfs_mf_cookie) > sizeof(mfc->cookie));
	BUILD_BUG_ON(XG_TYPE_MAX > 2);
	return (struct xfs_mf_cookie *)mfc->cookie;
}

/* The order of records does not depend on their being unwritten. */
static uint64_t
xfs_mf_offset(
	const struct xfs_rmap_irec	*rec)
{
	return xfs_rmap_irec_offset_pack(rec) & ~XFS_RMAP_OFF_UNWRITTEN;
}

/* Is @rec one that comes before the place to go on at? */
static bool
xfs_mf_rec_is_done(
	const struct xfs_rmap_irec	*rec,
	const struct xfs_mf_cookie	*cookie)
{
	if (rec->rm_startblock != cookie->startblock)
		return rec->rm_startblock < cookie->startblock;
	if (rec->rm_owner != cookie->owner)
		return rec->rm_owner < cookie->owner;
	return xfs_mf_offset(rec) < cookie->offset;
}

/*
 * Go on at @rec in this group, or at the first record that overlaps the range
 * if there is no @rec: no owner is zero.
 */
static void
xfs_mf_set_cookie(
	struct xfs_mf_range		*range,
	const struct xfs_rmap_irec	*rec)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(range->mfc);

	*cookie = (struct xfs_mf_cookie) {
		.daddr		= range->daddr + 1,
		.type		= range->xg->xg_type,
		.metadata_lost	= cookie->metadata_lost,
		.gno		= range->xg->xg_gno,
	};
	if (rec) {
		cookie->startblock = rec->rm_startblock;
		cookie->owner = rec->rm_owner;
		cookie->offset = xfs_mf_offset(rec);
	}
}

/*
 * Take a reference to inode @ino if it is in core, and may have the failed pages
 * in use, or somebody wants to be told that it has lost data.
 *
 * Thousands may share a block that few have in use, and this is asked for each of
 * them with the group locked.  So it is not xfs_iget(), and it does not wait: an
 * inode on its way in or out is not mapped.  Nor is one without pages.  If it
 * comes by them after we have looked, it finds the failed page flagged: the flag
 * was set under dax_association_lock(), which is taken for each new DAX entry
 * after ->nrpages has counted it.  That holds whatever becomes of the inode
 * meanwhile, so it is asked for pages first.
 */
static struct inode *
xfs_mf_igrab(
	struct xfs_mf_range		*range,
	xfs_ino_t			ino)
{
	struct xfs_mount		*mp = range->xg->xg_mount;
	struct xfs_perag		*pag = range->owner_pag;
	struct inode			*inode = NULL;
	struct xfs_inode		*ip;

	if (!pag || pag_agno(pag) != XFS_INO_TO_AGNO(mp, ino)) {
		if (pag)
			xfs_perag_put(pag);
		pag = xfs_perag_get(mp, XFS_INO_TO_AGNO(mp, ino));
		range->owner_pag = pag;
		if (!pag)
			return NULL;
	}

	rcu_read_lock();
	ip = radix_tree_lookup(&pag->pag_ici_root, XFS_INO_TO_AGINO(mp, ino));
	if (!ip)
		goto out;
	/* A change at this moment is one that comes later, see above. */
	if (!data_race(READ_ONCE(VFS_I(ip)->i_data.nrpages)) &&
	    range->mfc->unheard)
		goto out;

	/* Within the grace period it may be freed, or recycled. */
	spin_lock(&ip->i_flags_lock);
	if (I_INO(ip) == ino && !(ip->i_flags & XFS_MF_NOGRAB_IFLAGS))
		inode = igrab(VFS_I(ip));
	spin_unlock(&ip->i_flags_lock);
out:
	rcu_read_unlock();
	return inode;
}

/* Report the file that owns @rec, if it is in core. */
static int
xfs_mf_report_file(
	struct xfs_btree_cur		*cur,
	const struct xfs_rmap_irec	*rec,
	struct xfs_mf_range		*range)
{
	struct xfs_mount		*mp = cur->bc_mp;
	struct inode			*inode;
	xfs_agblock_t			start, end;
	uint64_t			offset, len;
	unsigned long			pfn;

	/* Before we have an inode that could be the last to let go of. */
	if (mf_batch_full(range->mfc))
		return -EAGAIN;
	inode = xfs_mf_igrab(range, rec->rm_owner);
	if (!inode)
		return 0;

	start = max(rec->rm_startblock, range->start);
	end = min(rec->rm_startblock + rec->rm_blockcount - 1, range->end);
	offset = XFS_FSB_TO_B(mp, rec->rm_offset + (start - rec->rm_startblock));
	len = XFS_FSB_TO_B(mp, end - start + 1);
	pfn = range->mfc->pfn +
		(BBTOB(xfs_gbno_to_daddr(range->xg, start) - range->daddr) >>
		 PAGE_SHIFT);

	/* Blocks may be smaller than pages, but not of files that use DAX. */
	mf_add_sharer(range->mfc, inode->i_mapping, offset >> PAGE_SHIFT,
			pfn, PHYS_PFN(PAGE_ALIGN(offset_in_page(offset) + len)));
	iput(inode);
	return 0;
}

/* Find out what @rec means to whom. */
static int
xfs_mf_report_rec(
	struct xfs_btree_cur		*cur,
	const struct xfs_rmap_irec	*rec,
	struct xfs_mf_range		*range)
{
	if (rec->rm_owner == XFS_RMAP_OWN_COW)
		return 0;
	if (XFS_RMAP_NON_INODE_OWNER(rec->rm_owner) ||
	    (rec->rm_flags & (XFS_RMAP_ATTR_FORK | XFS_RMAP_BMBT_BLOCK))) {
		xfs_mf_cookie(range->mfc)->metadata_lost = true;
		return 0;
	}
	return xfs_mf_report_file(cur, rec, range);
}

static int
xfs_mf_query_rec(
	struct xfs_btree_cur		*cur,
	const struct xfs_rmap_irec	*rec,
	void				*data)
{
	struct xfs_mf_range		*range = data;
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(range->mfc);
	int				error;

	if (cookie->owner && xfs_mf_rec_is_done(rec, cookie)) {
		range->max_recs++;
		return 0;
	}
	error = -EAGAIN;
	if (range->max_recs > 0) {
		range->max_recs--;
		error = xfs_mf_report_rec(cur, rec, range);
	}
	if (error == -EAGAIN)
		xfs_mf_set_cookie(range, rec);
	return error;
}

/*
 * Report the owners of the range in one group, or go on with it from where the
 * cookie points to.
 *
 * Records overlap each other, with shared extents, so that those which overlap
 * the range need not follow one another.  xfs_rmap_query_range() finds them, but
 * it can not be told to start after a record that has been reported, and would
 * go through all of them again for each batch.  So step through them from there,
 * as long as they are dense.
 */
static int
xfs_mf_report_group(
	struct xfs_btree_cur		*cur,
	struct xfs_mf_range		*range)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(range->mfc);
	struct xfs_rmap_irec		low = {
		.rm_startblock		= range->start,
	};
	struct xfs_rmap_irec		high, rec;
	unsigned int			steps = 0;
	int				more;
	int				error;

	if (!cookie->owner)
		goto query;

	rec.rm_startblock = cookie->startblock;
	rec.rm_owner = cookie->owner;
	error = xfs_rmap_irec_offset_unpack(cookie->offset, &rec) ?
			-EFSCORRUPTED : 0;
	if (!error)
		error = xfs_rmap_lookup_le(cur, rec.rm_startblock, rec.rm_owner,
				rec.rm_offset, rec.rm_flags, NULL, &more);
	if (!error && !more)	/* gone, and all records before it */
		error = xfs_btree_increment(cur, 0, &more);

	while (!error && more) {
		error = xfs_rmap_get_rec(cur, &rec, &more);
		if (error || !more || rec.rm_startblock > range->end)
			return error;
		if (rec.rm_startblock + rec.rm_blockcount > range->start) {
			error = xfs_mf_query_rec(cur, &rec, range);
			if (error)
				return error;
			steps = 0;
		} else if (++steps == XFS_MF_MAX_STEPS) {
			xfs_mf_set_cookie(range, &rec);
			goto query;
		}
		error = xfs_btree_increment(cur, 0, &more);
	}
	return error;

query:
	memset(&high, 0xFF, sizeof(high));
	high.rm_startblock = range->end;
	return xfs_rmap_query_range(cur, &low, &high, xfs_mf_query_rec, range);
}

/* Lock the reverse mapping of a group for the time that reporting takes. */
static int
xfs_mf_report_locked(
	struct xfs_trans		*tp,
	struct xfs_mf_range		*range)
{
	struct xfs_btree_cur		*cur;
	int				error;

	if (range->xg->xg_type == XG_TYPE_RTG) {
		struct xfs_rtgroup	*rtg = to_rtg(range->xg);

		xfs_rtgroup_lock(rtg, XFS_RTGLOCK_RMAP);
		cur = xfs_rtrmapbt_init_cursor(tp, rtg);
		error = xfs_mf_report_group(cur, range);
		xfs_btree_del_cursor(cur, error);
		xfs_rtgroup_unlock(rtg, XFS_RTGLOCK_RMAP);
	} else {
		struct xfs_perag	*pag = to_perag(range->xg);
		struct xfs_buf		*agf_bp;

		error = xfs_alloc_read_agf(pag, tp, 0, &agf_bp);
		if (error)
			return error;
		cur = xfs_rmapbt_init_cursor(pag_mount(pag), tp, agf_bp, pag);
		error = xfs_mf_report_group(cur, range);
		xfs_btree_del_cursor(cur, error);
		xfs_trans_brelse(tp, agf_bp);
	}
	return error;
}

/* Report all owners of @bblen sectors from @daddr on. */
static int
xfs_mf_report_range(
	struct xfs_mount		*mp,
	enum xfs_group_type		type,
	xfs_daddr_t			daddr,
	uint64_t			bblen,
	struct memory_failure_control	*mfc)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	struct xfs_mf_range		range = {
		.mfc			= mfc,
		.daddr			= daddr,
	};
	struct xfs_group		*xg = NULL;
	struct xfs_trans		*tp;
	xfs_fsblock_t			start, end;
	uint32_t			start_gno, end_gno;
	int				error = 0;

	if (type == XG_TYPE_RTG) {
		start = xfs_daddr_to_rtb(mp, daddr);
		end = xfs_daddr_to_rtb(mp, daddr + bblen - 1);
	} else {
		start = XFS_DADDR_TO_FSB(mp, daddr);
		end = XFS_DADDR_TO_FSB(mp, daddr + bblen - 1);
	}
	start_gno = xfs_fsb_to_gno(mp, start, type);
	end_gno = xfs_fsb_to_gno(mp, end, type);

	mfc->unheard = !rcu_access_pointer(mp->m_healthmon) &&
			!fsnotify_sb_has_watchers(mp->m_super);

	tp = xfs_trans_alloc_empty(mp);
	while ((xg = xfs_group_next_range(mp, xg,
				max(start_gno, cookie->gno), end_gno, type))) {
		range.xg = xg;
		range.max_recs = XFS_MF_MAX_RECS;
		range.start = xg->xg_gno == start_gno ?
				xfs_fsb_to_gbno(mp, start, type) : 0;
		range.end = xg->xg_gno == end_gno ?
				xfs_fsb_to_gbno(mp, end, type) :
				xg->xg_block_count - 1;
		if (xg->xg_gno != cookie->gno || !cookie->daddr)
			xfs_mf_set_cookie(&range, NULL);

		error = xfs_mf_report_locked(tp, &range);
		if (error) {
			xfs_group_rele(xg);
			break;
		}
	}
	xfs_trans_cancel(tp);
	if (range.owner_pag)
		xfs_perag_put(range.owner_pag);

	/*
	 * Nothing good can come from a filesystem that has lost a part of
	 * itself, or can not say who has lost what.  Not before all sharers
	 * have been reported: the btree can not be read any more after that.
	 */
	if (error != -EAGAIN && (error || cookie->metadata_lost)) {
		xfs_force_shutdown(mp, SHUTDOWN_CORRUPT_ONDISK);
		if (!error)
			error = -EFSCORRUPTED;
	}
	return error;
}

/*
 * Does the sector @daddr of the device have the page frame @pfn, and do those
 * after it follow?  What device-mapper makes of it may have changed.
 */
static bool
xfs_mf_daddr_is_pfn(
	struct xfs_buftarg		*btp,
	xfs_daddr_t			daddr,
	unsigned long			pfn,
	unsigned long			count)
{
	unsigned long			found;
	long				nr;
	int				id;

	id = dax_read_lock();
	/* Any other mode refuses bad blocks, and this is one. */
	nr = dax_direct_access(btp->bt_daxdev,
			PHYS_PFN(BBTOB(daddr) + btp->bt_dax_part_off), count,
			DAX_RECOVERY_WRITE, NULL, &found);
	dax_read_unlock(id);
	return nr == count && found == pfn;
}

/*
 * Where page @index of a fork is on the device: XFS_BUF_DADDR_NULL if it does not
 * have @pfn.
 */
static int
xfs_mf_fork_daddr(
	struct xfs_inode		*ip,
	int				bmapi_flags,
	pgoff_t				index,
	unsigned long			pfn,
	xfs_daddr_t			*daddr)
{
	struct xfs_mount		*mp = ip->i_mount;
	struct xfs_bmbt_irec		imap;
	int				nimaps = 1;
	int				error;

	*daddr = XFS_BUF_DADDR_NULL;
	error = xfs_bmapi_read(ip,
			XFS_B_TO_FSBT(mp, (loff_t)index << PAGE_SHIFT), 1,
			&imap, &nimaps, bmapi_flags);
	if (error || !nimaps || !xfs_bmap_is_real_extent(&imap))
		return error;
	*daddr = xfs_fsb_to_db(ip, imap.br_startblock);
	if (!xfs_mf_daddr_is_pfn(xfs_inode_buftarg(ip), *daddr, pfn, 1))
		*daddr = XFS_BUF_DADDR_NULL;
	return 0;
}

static bool
xfs_mf_has_rmap(
	struct xfs_mount		*mp,
	enum xfs_group_type		type)
{
	/* Without log recovery the btrees may be anything. */
	if (xfs_has_norecovery(mp))
		return false;
	return type == XG_TYPE_RTG ? xfs_has_rtrmapbt(mp) : xfs_has_rmapbt(mp);
}

/*
 * A page that only this file has mapped so far.  Others may own its block as
 * well, and want to know that they have lost their data.
 */
int
xfs_file_memory_failure(
	struct address_space		*mapping,
	struct memory_failure_control	*mfc)
{
	struct xfs_inode		*ip = XFS_I(mapping->host);
	struct xfs_mount		*mp = ip->i_mount;
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	uint64_t			bblen = BTOBB(PAGE_SIZE);
	enum xfs_group_type		type;
	xfs_daddr_t			daddr;
	uint				lock_mode;
	bool				staging = false;
	int				error;

	/* What the pages of a file are on the device need not be adjacent. */
	if (WARN_ON_ONCE(mfc->nr != 1))
		return -EINVAL;

	if (xfs_is_shutdown(mp))
		return -EOPNOTSUPP;
	if (cookie->daddr)
		return xfs_mf_report_range(mp, cookie->type, cookie->daddr - 1,
				bblen, mfc);

	/*
	 * A fault that copies has mapped the new block when it becomes the
	 * file's.
	 */
	lock_mode = xfs_ilock_data_map_shared(ip);
	type = XFS_IS_REALTIME_INODE(ip) ? XG_TYPE_RTG : XG_TYPE_AG;
	error = xfs_mf_fork_daddr(ip, 0, mfc->index, mfc->pfn, &daddr);
	if (!error && daddr == XFS_BUF_DADDR_NULL && xfs_inode_has_cow_data(ip)) {
		staging = true;
		error = xfs_mf_fork_daddr(ip, XFS_BMAPI_COWFORK, mfc->index,
				mfc->pfn, &daddr);
	}
	xfs_iunlock(ip, lock_mode);
	if (error || daddr == XFS_BUF_DADDR_NULL)
		return error;

	xfs_healthmon_report_media(mp,
			type == XG_TYPE_RTG ? XFS_DEV_RT : XFS_DEV_DATA,
			daddr, bblen);
	if (staging || !xfs_mf_has_rmap(mp, type)) {
		mf_add_sharer(mfc, mapping, mfc->index, mfc->pfn, 1);
		return 0;
	}
	return xfs_mf_report_range(mp, type, daddr, bblen, mfc);
}

/* Losing a part of the log is losing metadata. */
static int
xfs_mf_lose_log(
	struct xfs_mount		*mp,
	xfs_daddr_t			daddr,
	uint64_t			bblen)
{
	/* The device may be larger than the log. */
	if (daddr >= XFS_FSB_TO_BB(mp, mp->m_sb.sb_logblocks))
		return 0;
	xfs_healthmon_report_media(mp, XFS_DEV_LOG, daddr, bblen);
	xfs_err(mp, "ondisk log corrupt, shutting down fs!");
	xfs_force_shutdown(mp, SHUTDOWN_CORRUPT_ONDISK);
	return -EFSCORRUPTED;
}

/* Pages that several files share, or that no file has mapped. */
static int
xfs_proxy_memory_failure(
	struct address_space		*mapping,
	struct memory_failure_control	*mfc)
{
	struct xfs_buftarg		*btp = dax_proxy_owner(mapping);
	struct xfs_mount		*mp = btp->bt_mount;
	enum xfs_group_type		type = XG_TYPE_AG;
	xfs_daddr_t			daddr;
	uint64_t			bblen;

	bblen = BTOBB((u64)mfc->nr << PAGE_SHIFT);
	daddr = BTOBB(((u64)mfc->index << PAGE_SHIFT) - btp->bt_dax_part_off);
	if (daddr < 0 || daddr + bblen > btp->bt_nr_sectors ||
	    !xfs_mf_daddr_is_pfn(btp, daddr, mfc->pfn, mfc->nr))
		return -EOPNOTSUPP;
	if (btp == mp->m_logdev_targp && btp != mp->m_ddev_targp)
		return xfs_mf_lose_log(mp, daddr, bblen);
	/* The realtime section may be at the end of the data device. */
	if (btp == mp->m_rtdev_targp &&
	    (btp != mp->m_ddev_targp ||
	     daddr >= XFS_FSB_TO_BB(mp, mp->m_sb.sb_rtstart)))
		type = XG_TYPE_RTG;

	if (!xfs_mf_cookie(mfc)->daddr)
		xfs_healthmon_report_media(mp,
				type == XG_TYPE_RTG ? XFS_DEV_RT : XFS_DEV_DATA,
				daddr, bblen);
	if (xfs_is_shutdown(mp) || !xfs_mf_has_rmap(mp, type))
		return -EOPNOTSUPP;
	return xfs_mf_report_range(mp, type, daddr, bblen, mfc);
}

static const struct address_space_operations xfs_dax_proxy_aops = {
	.dirty_folio		= noop_dirty_folio,
	.memory_failure		= xfs_proxy_memory_failure,
};

/* Give a device that may hold file data what stands for all of its sharers. */
int
xfs_buftarg_alloc_dax_proxy(
	struct xfs_buftarg		*btp)
{
	struct address_space		*proxy;

	if (!btp->bt_daxdev)
		return 0;
	proxy = dax_proxy_alloc(btp->bt_mount->m_super, btp,
			&xfs_dax_proxy_aops);
	if (IS_ERR(proxy))
		return PTR_ERR(proxy);
	btp->bt_dax_proxy = proxy;
	return 0;
}

void
xfs_mf_unregister(
	struct xfs_mount		*mp)
{
	dax_proxy_unregister(mp->m_ddev_targp->bt_dax_proxy);
	if (mp->m_rtdev_targp && mp->m_rtdev_targp != mp->m_ddev_targp)
		dax_proxy_unregister(mp->m_rtdev_targp->bt_dax_proxy);
	if (mp->m_logdev_targp != mp->m_ddev_targp)
		dax_proxy_unregister(mp->m_logdev_targp->bt_dax_proxy);
}

static void
xfs_mf_register_buftarg(
	struct xfs_buftarg		*btp)
{
	int				error;

	if (!btp || !btp->bt_dax_proxy)
		return;
	error = dax_proxy_register(btp->bt_dax_proxy, btp->bt_daxdev,
			btp->bt_dax_part_off, bdev_nr_bytes(btp->bt_bdev));
	if (error)
		xfs_notice(btp->bt_mount,
"failures of pages of %pg that no file has mapped will go unnoticed, error %d.",
				btp->bt_bdev, error);
}

/*
 * Ask to be told of the failures of all pages of the filesystem's devices, from
 * now on: anything that is looked up then has to be there.  Call it again when the
 * devices have grown, and on thaw: device-mapper freezes the filesystem while it
 * replaces a table.
 */
void
xfs_mf_register(
	struct xfs_mount		*mp)
{
	xfs_mf_register_buftarg(mp->m_ddev_targp);
	if (mp->m_rtdev_targp != mp->m_ddev_targp)
		xfs_mf_register_buftarg(mp->m_rtdev_targp);
	if (mp->m_logdev_targp != mp->m_ddev_targp)
		xfs_mf_register_buftarg(mp->m_logdev_targp);
}
