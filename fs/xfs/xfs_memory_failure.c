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
 * it has been released.  When the batch is full, or XFS_MF_MAX_LOOKS records and
 * nodes of the btree have been looked at, the key of the next one goes to the
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
#include "xfs_health.h"
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
 * Bounds how long the lock of a group is held: the number of records, and of
 * pointers to other btree blocks, that are looked at before it is released.
 */
#define XFS_MF_MAX_LOOKS		512

/* Nobody can have mapped such an inode. */
#define XFS_MF_NOGRAB_IFLAGS	(XFS_INEW | \
				 XFS_NEED_INACTIVE | \
				 XFS_INACTIVATING | \
				 XFS_IRECLAIMABLE | \
				 XFS_IRECLAIM)

/* What mfc->cookie is to us.  All zero: not begun. */
struct xfs_mf_cookie {
	uint64_t		daddr : 61;	/* of the range, + 1 */
	uint64_t		type : 1;	/* of the group */
	uint64_t		metadata_lost : 1;
	uint64_t		resume : 1;	/* at @next, ... */
	uint32_t		gno;		/* ... in this group */
	struct xfs_rmap_key	next;
};

/* The failed blocks, as far as they are in one group. */
struct xfs_mf_range {
	struct memory_failure_control	*mfc;
	struct xfs_group	*xg;
	struct xfs_perag	*owner_pag;	/* of the last owner, or NULL */
	unsigned int		looks_left;	/* before it is unlocked */
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

/* Resume at @next in this group, or begin with the group if there is no @next. */
static void
xfs_mf_set_cookie(
	struct xfs_mf_range		*range,
	const struct xfs_rmap_key	*next)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(range->mfc);

	*cookie = (struct xfs_mf_cookie) {
		.daddr		= range->daddr + 1,
		.type		= range->xg->xg_type,
		.metadata_lost	= cookie->metadata_lost,
		.gno		= range->xg->xg_gno,
	};
	if (next) {
		cookie->resume = true;
		cookie->next = *next;
	}
}

/*
 * Take a reference to inode @ino if it is in core, and may have the failed pages
 * in use, or somebody wants to be told that it has lost data.
 *
 * Thousands may share a block that few have in use, and this is asked for each of
 * them with the group locked.  So it is not xfs_iget(), and it does not wait: an
 * inode on its way in or out is not mapped.  Nor is one without pages, so check
 * ->nrpages first.  If a page is faulted in after that, the fault finds the failed
 * page flagged: the flag was set under dax_association_lock(), which is taken for
 * each new DAX entry after ->nrpages has counted it.  A simulated failure sets no
 * flag; such a mapping was made after the event began.
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

/* Find out what the current record means to whom. */
static int
xfs_mf_report_rec(
	struct xfs_btree_cur		*cur,
	struct xfs_mf_range		*range)
{
	struct xfs_rmap_irec		rec;
	int				stat;
	int				error;

	error = xfs_rmap_get_rec(cur, &rec, &stat);
	if (error || rec.rm_owner == XFS_RMAP_OWN_COW)
		return error;
	if (XFS_RMAP_NON_INODE_OWNER(rec.rm_owner) ||
	    (rec.rm_flags & (XFS_RMAP_ATTR_FORK | XFS_RMAP_BMBT_BLOCK))) {
		xfs_mf_cookie(range->mfc)->metadata_lost = true;
		return 0;
	}
	return xfs_mf_report_file(cur, &rec, range);
}

/* Position the cursor, at all levels, on the first record at or after @key. */
static int
xfs_mf_lookup(
	struct xfs_btree_cur		*cur,
	const struct xfs_rmap_key	*key)
{
	int				stat;

	cur->bc_rec.r.rm_startblock = be32_to_cpu(key->rm_startblock);
	cur->bc_rec.r.rm_owner = be64_to_cpu(key->rm_owner);
	if (xfs_rmap_irec_offset_unpack(be64_to_cpu(key->rm_offset),
			&cur->bc_rec.r)) {
		xfs_btree_mark_sick(cur);
		return -EFSCORRUPTED;
	}
	return xfs_btree_lookup(cur, XFS_LOOKUP_GE, &stat);
}

/*
 * Return the last block that the current record, or any record below the current
 * pointer, belongs to.  The first one is in @key.
 */
static xfs_agblock_t
xfs_mf_cur_extent(
	struct xfs_btree_cur		*cur,
	int				level,
	struct xfs_btree_block		*block,
	struct xfs_rmap_key		*key)
{
	int				i = cur->bc_levels[level].ptr;
	struct xfs_rmap_rec		*rec;

	if (level > 0) {
		*key = xfs_btree_key_addr(cur, i, block)->rmap;
		return be32_to_cpu(xfs_btree_high_key_addr(cur, i,
				block)->rmap.rm_startblock);
	}
	rec = &xfs_btree_rec_addr(cur, i, block)->rmap;
	key->rm_startblock = rec->rm_startblock;
	key->rm_owner = rec->rm_owner;
	key->rm_offset = rec->rm_offset;
	return be32_to_cpu(rec->rm_startblock) +
			be32_to_cpu(rec->rm_blockcount) - 1;
}

/*
 * Report the owners of the range in one group, from the cookie on.
 *
 * Records of shared extents overlap each other, so those that overlap the range
 * need not be adjacent.  As xfs_rmap_query_range() does, skip what ends before
 * the range, by high key.  That function begins at the root, so that each batch
 * would visit the records of all batches before it again.  Here the order of the
 * keys tells where to resume, and all batches together visit what one query
 * visits, and for each resumption the way from the root.
 */
static int
xfs_mf_report_group(
	struct xfs_btree_cur		*cur,
	struct xfs_mf_range		*range)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(range->mfc);
	struct xfs_btree_block		*block;
	struct xfs_buf			*bp;
	union xfs_btree_ptr		*pp;
	struct xfs_rmap_key		key;
	xfs_agblock_t			end;
	int				level;
	int				error;

	error = xfs_mf_lookup(cur, &cookie->next);
	level = cookie->resume ? 0 : cur->bc_nlevels - 1;
	while (!error && level < cur->bc_nlevels) {
		block = xfs_btree_get_block(cur, level, &bp);
		if (cur->bc_levels[level].ptr >
					be16_to_cpu(block->bb_numrecs)) {
			if (++level < cur->bc_nlevels)
				cur->bc_levels[level].ptr++;
			continue;
		}

		end = xfs_mf_cur_extent(cur, level, block, &key);
		if (be32_to_cpu(key.rm_startblock) > range->end)
			break;
		if (!range->looks_left--) {
			error = -EAGAIN;
		} else if (end < range->start) {
			cur->bc_levels[level].ptr++;
		} else if (level > 0) {
			pp = xfs_btree_ptr_addr(cur,
					cur->bc_levels[level].ptr, block);
			error = xfs_btree_lookup_get_block(cur, --level, pp,
					&block);
			cur->bc_levels[level].ptr = 1;
		} else {
			error = xfs_mf_report_rec(cur, range);
			cur->bc_levels[level].ptr++;
		}
		if (error == -EAGAIN)
			xfs_mf_set_cookie(range, &key);
	}
	return error;
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

	tp = xfs_trans_alloc_empty(mp);
	while ((xg = xfs_group_next_range(mp, xg,
				max(start_gno, cookie->gno), end_gno, type))) {
		range.xg = xg;
		range.looks_left = XFS_MF_MAX_LOOKS;
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

/* Does nobody listen to reports of lost data? */
static bool
xfs_mf_unheard(
	struct xfs_mount		*mp)
{
	return !rcu_access_pointer(mp->m_healthmon) &&
		!fsnotify_sb_has_watchers(mp->m_super);
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

	mfc->unheard = xfs_mf_unheard(mp);
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

/*
 * Trim the range to a section of the device, the @len blocks from @start.  If
 * blocks are smaller than pages, a page may extend beyond it.  Return false if
 * nothing is left.
 */
static bool
xfs_mf_trim_range(
	struct xfs_mount		*mp,
	xfs_rfsblock_t			start,
	xfs_rfsblock_t			len,
	xfs_daddr_t			*daddr,
	uint64_t			*bblen)
{
	xfs_daddr_t			end = *daddr + *bblen;

	*daddr = max_t(xfs_daddr_t, *daddr, XFS_FSB_TO_BB(mp, start));
	end = min_t(xfs_daddr_t, end, XFS_FSB_TO_BB(mp, start + len));
	*bblen = end - *daddr;
	return *daddr < end;
}

/* Losing a part of the log is losing metadata. */
static int
xfs_mf_lose_log(
	struct xfs_mount		*mp,
	xfs_daddr_t			daddr,
	uint64_t			bblen)
{
	/* The device may be larger than the log. */
	if (!xfs_mf_trim_range(mp, 0, mp->m_sb.sb_logblocks, &daddr, &bblen))
		return -EOPNOTSUPP;
	xfs_healthmon_report_media(mp, XFS_DEV_LOG, daddr, bblen);
	xfs_err(mp, "ondisk log corrupt, shutting down fs!");
	xfs_force_shutdown(mp, SHUTDOWN_CORRUPT_ONDISK);
	return -EFSCORRUPTED;
}

/* Report the owners of the part of the range that is in the data or rt section. */
static int
xfs_mf_report_section(
	struct xfs_mount		*mp,
	enum xfs_group_type		type,
	xfs_daddr_t			daddr,
	uint64_t			bblen,
	struct memory_failure_control	*mfc)
{
	bool				rt = type == XG_TYPE_RTG;

	if (!xfs_mf_trim_range(mp, rt ? mp->m_sb.sb_rtstart : 0,
			rt ? mp->m_sb.sb_rblocks : mp->m_sb.sb_dblocks,
			&daddr, &bblen))
		return -EOPNOTSUPP;
	if (!xfs_mf_cookie(mfc)->daddr)
		xfs_healthmon_report_media(mp, rt ? XFS_DEV_RT : XFS_DEV_DATA,
				daddr, bblen);
	if (xfs_is_shutdown(mp) || !xfs_mf_has_rmap(mp, type))
		return -EOPNOTSUPP;
	return xfs_mf_report_range(mp, type, daddr, bblen, mfc);
}

/* Pages that several files share, or that no file has mapped. */
static int
xfs_proxy_memory_failure(
	struct address_space		*mapping,
	struct memory_failure_control	*mfc)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	struct xfs_buftarg		*btp = dax_proxy_owner(mapping);
	struct xfs_mount		*mp = btp->bt_mount;
	enum xfs_group_type		type;
	xfs_daddr_t			daddr;
	uint64_t			bblen;
	int				error = -EOPNOTSUPP;
	int				ret;

	mfc->unheard = xfs_mf_unheard(mp);
	bblen = BTOBB((u64)mfc->nr << PAGE_SHIFT);
	daddr = BTOBB(((u64)mfc->index << PAGE_SHIFT) - btp->bt_dax_part_off);
	if (!xfs_mf_daddr_is_pfn(btp, daddr, mfc->pfn, mfc->nr))
		return -EOPNOTSUPP;
	if (btp == mp->m_logdev_targp && btp != mp->m_ddev_targp)
		return xfs_mf_lose_log(mp, daddr, bblen);

	/* The data device may have a realtime section behind the data. */
	for (type = XG_TYPE_AG; type < XG_TYPE_MAX; type++) {
		if (xfs_group_type_buftarg(mp, type) != btp ||
		    (cookie->daddr && cookie->type != type))
			continue;
		ret = xfs_mf_report_section(mp, type, daddr, bblen, mfc);
		if (ret == -EOPNOTSUPP)
			continue;
		if (ret)
			return ret;
		memset(cookie, 0, sizeof(*cookie));
		error = 0;
	}
	return error;
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
