// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure on XFS
 * =====================
 *
 * A failed page is a block of an allocation group or a realtime group.  Look up its
 * owners in the reverse mapping btree of the group.  Files that use DAX have blocks
 * of the size of a page.  Without DAX, blocks can be larger, or smaller, and the page
 * is several:
 *
 *	owner				action
 *	----------------------------	---------------------------------------
 *	data fork, inode in core	report it by mf_add_sharer(); mm unmaps
 *					the page and reports the data loss
 *	data fork, inode not in core	none: no process can map it
 *	data fork, inode without pages	the same if nothing listens to reports
 *	attr fork, bmbt, AG metadata,	shut down the filesystem
 *	external log
 *	CoW staging, free space		none: no file has lost data
 *
 * The rules are those of xfs_dax_failure_fn() by Shiyang Ruan.
 *
 * Locks: hold the AGF buffer, or the rmap inode of the rtgroup, for one batch.  mm
 * acts on the sharers after its release.  A batch ends when it is full or after
 * XFS_MF_MAX_LOOKS records.  An owner whose record moves to the left between two
 * batches, such as by a merge, is missed; mm then scans the in-core inodes.
 *
 * Registration: the devices of a mounted filesystem are registered, so that the
 * proxy is called for pages that no file has in use.  Until log recovery is complete
 * and after ->put_super() has begun, it is not.
 *
 * Lifetimes: mm has an active reference to the superblock, which keeps the mount
 * and its buftargs.
 */
#include "xfs_platform.h"
#include "xfs_shared.h"
#include "xfs_format.h"
#include "xfs_log_format.h"
#include "xfs_trans_resv.h"
#include "xfs_mount.h"
#include "xfs_alloc.h"
#include "xfs_bmap.h"
#include "xfs_bmap_util.h"
#include "xfs_btree.h"
#include "xfs_buf.h"
#include "xfs_inode.h"
#include "xfs_icache.h"
#include "xfs_rmap.h"
#include "xfs_rmap_btree.h"
#include "xfs_trans.h"
#include "xfs_ag.h"
#include "xfs_rtgroup.h"
#include "xfs_rtrmap_btree.h"
#include "xfs_healthmon.h"
#include "xfs_memory_failure.h"

#include <linux/dax.h>
#include <linux/fsnotify.h>
#include <linux/memory-failure.h>

/* Records to look at before the lock of the group is released. */
#define XFS_MF_MAX_LOOKS		512

/* mfc->cookie: the failed blocks and the record to resume at. */
struct xfs_mf_cookie {
	struct xfs_rmap_irec	next;
	xfs_daddr_t		daddr;
	enum xfs_group_type	type;
	bool			started;
};

static struct xfs_mf_cookie *
xfs_mf_cookie(
	struct memory_failure_control	*mfc)
{
	BUILD_BUG_ON(sizeof(struct xfs_mf_cookie) > sizeof(mfc->cookie));
	return (struct xfs_mf_cookie *)mfc->cookie;
}

/*
 * Report the owner that @rec stands for, of blocks from @gbno on.  @inode_pag is the
 * AG of the last owner's inode, with a reference, or NULL.
 *
 * mm acts on a file only if it has the page.
 */
static int
xfs_mf_report_owner(
	struct xfs_btree_cur		*cur,
	const struct xfs_rmap_irec	*rec,
	xfs_agblock_t			gbno,
	struct xfs_perag		**inode_pag,
	struct memory_failure_control	*mfc)
{
	struct xfs_mount		*mp = cur->bc_mp;
	struct inode			*inode;
	xfs_fileoff_t			offset = rec->rm_offset;
	xfs_agnumber_t			agno;

	if (rec->rm_owner == XFS_RMAP_OWN_COW)
		return 0;
	if (XFS_RMAP_NON_INODE_OWNER(rec->rm_owner) ||
	    (rec->rm_flags & (XFS_RMAP_ATTR_FORK | XFS_RMAP_BMBT_BLOCK)))
		return -EFSCORRUPTED;

	agno = XFS_INO_TO_AGNO(mp, rec->rm_owner);
	if (!*inode_pag || pag_agno(*inode_pag) != agno) {
		if (*inode_pag)
			xfs_perag_put(*inode_pag);
		*inode_pag = xfs_perag_get(mp, agno);
		if (!*inode_pag)
			return -EFSCORRUPTED;
	}

	/*
	 * A page that is faulted in after the check for pages is flagged:
	 * dax_associate() rejects it.
	 */
	inode = xfs_icache_igrab(*inode_pag, rec->rm_owner, mfc->no_listeners);
	if (!inode)
		return 0;

	if (gbno > rec->rm_startblock)
		offset += gbno - rec->rm_startblock;
	/* The page can be any of a block that is larger. */
	mf_add_sharer(mfc, inode->i_mapping,
			PHYS_PFN(XFS_FSB_TO_B(mp, offset) +
				 (BBTOB(xfs_mf_cookie(mfc)->daddr) &
				  mp->m_blockmask)));
	return 0;
}

/*
 * Report the owners of the blocks @gbno to @last from the cookie on.
 *
 * Records of shared extents overlap, so those with a block need not be adjacent.
 * As xfs_rmap_query_range() does, use the high keys to skip subtrees whose records
 * end before the block.  That function starts at the root: each batch would visit
 * all records of the batches before it.  Start at the record in the cookie instead;
 * the walk up from there skips subtrees as well.
 */
static int
xfs_mf_report_owners(
	struct xfs_btree_cur		*cur,
	xfs_agblock_t			gbno,
	xfs_agblock_t			last,
	struct memory_failure_control	*mfc)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	struct xfs_rmap_irec		rec;
	struct xfs_btree_block		*block;
	struct xfs_perag		*inode_pag = NULL;
	struct xfs_buf			*bp;
	union xfs_btree_ptr		*pp;
	union xfs_btree_rec		*rp;
	xfs_agblock_t			start, end;
	unsigned int			looks = 0;
	int				level = 0, ptr;
	bool				pause;
	int				stat;
	int				error;

	cur->bc_rec.r = cookie->next;
	error = xfs_btree_lookup(cur, XFS_LOOKUP_GE, &stat);
	while (!error && level < cur->bc_nlevels) {
		block = xfs_btree_get_block(cur, level, &bp);
		ptr = cur->bc_levels[level].ptr;
		if (ptr > be16_to_cpu(block->bb_numrecs)) {
			if (++level < cur->bc_nlevels)
				cur->bc_levels[level].ptr++;
			continue;
		}

		if (level > 0) {
			start = be32_to_cpu(xfs_btree_key_addr(cur, ptr,
					block)->rmap.rm_startblock);
			end = be32_to_cpu(xfs_btree_high_key_addr(cur, ptr,
					block)->rmap.rm_startblock);
		} else {
			rp = xfs_btree_rec_addr(cur, ptr, block);
			start = be32_to_cpu(rp->rmap.rm_startblock);
			end = start + be32_to_cpu(rp->rmap.rm_blockcount) - 1;
		}
		if (start > last)
			break;

		if (level > 0 && end >= gbno) {
			pp = xfs_btree_ptr_addr(cur, ptr, block);
			error = xfs_btree_lookup_get_block(cur, --level, pp,
					&block);
			cur->bc_levels[level].ptr = 1;
			continue;
		}
		if (level == 0) {
			pause = looks++ == XFS_MF_MAX_LOOKS ||
				mf_batch_full(mfc);
			if (pause || end >= gbno)
				error = xfs_rmap_get_rec(cur, &rec, &stat);
			if (error)
				break;
			if (pause) {
				cookie->next = rec;
				error = -EAGAIN;
				break;
			}
			if (end >= gbno)
				error = xfs_mf_report_owner(cur, &rec, gbno,
						&inode_pag, mfc);
		}
		cur->bc_levels[level].ptr++;
	}
	if (inode_pag)
		xfs_perag_put(inode_pag);
	return error;
}

/* Lock the reverse mapping of the group, and report the owners of the blocks. */
static int
xfs_mf_report_group(
	struct xfs_group		*xg,
	xfs_agblock_t			gbno,
	xfs_agblock_t			last,
	struct memory_failure_control	*mfc)
{
	struct xfs_mount		*mp = xg->xg_mount;
	struct xfs_trans		*tp = xfs_trans_alloc_empty(mp);
	struct xfs_btree_cur		*cur;
	struct xfs_buf			*agf_bp;
	int				error;

	if (xg->xg_type == XG_TYPE_RTG) {
		xfs_rtgroup_lock(to_rtg(xg), XFS_RTGLOCK_RMAP);
		cur = xfs_rtrmapbt_init_cursor(tp, to_rtg(xg));
		error = xfs_mf_report_owners(cur, gbno, last, mfc);
		xfs_btree_del_cursor(cur, error);
		xfs_rtgroup_unlock(to_rtg(xg), XFS_RTGLOCK_RMAP);
	} else {
		error = xfs_alloc_read_agf(to_perag(xg), tp, 0, &agf_bp);
		if (error)
			goto out;
		cur = xfs_rmapbt_init_cursor(mp, tp, agf_bp, to_perag(xg));
		error = xfs_mf_report_owners(cur, gbno, last, mfc);
		xfs_btree_del_cursor(cur, error);
		xfs_trans_brelse(tp, agf_bp);
	}
out:
	xfs_trans_cancel(tp);
	return error;
}

/*
 * Report the owners of the blocks of the page from cookie->daddr on.  A page of
 * several blocks can extend into the next group.
 */
static int
xfs_mf_report_page(
	struct xfs_mount		*mp,
	struct memory_failure_control	*mfc)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	bool				rt = cookie->type == XG_TYPE_RTG;
	xfs_extlen_t			len, left;
	xfs_fsblock_t			fsbno;
	struct xfs_group		*xg;
	xfs_agblock_t			gbno;
	int				error;

	fsbno = rt ? xfs_daddr_to_rtb(mp, cookie->daddr) :
			XFS_DADDR_TO_FSB(mp, cookie->daddr);
	gbno = xfs_fsb_to_gbno(mp, fsbno, cookie->type);
	xg = xfs_group_get(mp, xfs_fsb_to_gno(mp, fsbno, cookie->type),
			cookie->type);
	/* The device may be larger than the filesystem. */
	if (!xg || gbno >= xg->xg_block_count) {
		error = cookie->started ? 0 : -EOPNOTSUPP;
		goto out_put;
	}

	if (!cookie->started)
		xfs_healthmon_report_media(mp, rt ? XFS_DEV_RT : XFS_DEV_DATA,
				cookie->daddr, BTOBB(PAGE_SIZE));
	cookie->started = true;

	/* Without log recovery the btrees cannot be trusted. */
	error = -EOPNOTSUPP;
	if (xfs_is_shutdown(mp) || xfs_has_norecovery(mp) ||
	    !(rt ? xfs_has_rtrmapbt(mp) : xfs_has_rmapbt(mp)))
		goto out_put;

	len = XFS_B_TO_FSB(mp, PAGE_SIZE - offset_in_page(BBTOB(cookie->daddr)));
	left = xg->xg_block_count - gbno;
	error = xfs_mf_report_group(xg, gbno, gbno + min(len, left) - 1, mfc);
	if (!error && left < len) {
		cookie->daddr += XFS_FSB_TO_BB(mp, left);
		memset(&cookie->next, 0, sizeof(cookie->next));
		error = -EAGAIN;
	}
	/* Metadata is lost, or the btree that knows the owners. */
	if (error && error != -EAGAIN)
		xfs_force_shutdown(mp, SHUTDOWN_CORRUPT_ONDISK);
out_put:
	if (xg)
		xfs_group_put(xg);
	return error;
}

/* Check that the device has the failed page at @daddr. */
static bool
xfs_mf_daddr_is_pfn(
	struct xfs_buftarg		*btp,
	xfs_daddr_t			daddr,
	unsigned long			pfn)
{
	unsigned long			found;
	long				nr;
	int				id;

	id = dax_read_lock();
	/* All other modes reject bad blocks. */
	nr = dax_direct_access(btp->bt_daxdev,
			PHYS_PFN(BBTOB(daddr) + btp->bt_dax_part_off), 1,
			DAX_RECOVERY_WRITE, NULL, &found);
	dax_read_unlock(id);
	return nr == 1 && found == pfn;
}

/* Find the failed page in the data fork. */
static bool
xfs_mf_file_daddr(
	struct xfs_inode		*ip,
	struct memory_failure_control	*mfc)
{
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	xfs_fileoff_t			offset;
	struct xfs_iext_cursor		icur;
	struct xfs_bmbt_irec		got;

	offset = XFS_B_TO_FSBT(ip->i_mount, (loff_t)mfc->index << PAGE_SHIFT);
	if (!xfs_iext_lookup_extent(ip, &ip->i_df, offset, &icur, &got) ||
	    got.br_startoff > offset || !xfs_bmap_is_real_extent(&got))
		return false;
	cookie->daddr = xfs_fsb_to_db(ip,
			got.br_startblock + (offset - got.br_startoff));
	return xfs_mf_daddr_is_pfn(xfs_inode_buftarg(ip), cookie->daddr,
			mfc->pfn);
}

/* Check whether reports of lost data reach a listener. */
static bool
xfs_mf_no_listeners(
	struct xfs_mount		*mp)
{
	return !rcu_access_pointer(mp->m_healthmon) &&
		!fsnotify_sb_has_watchers(mp->m_super);
}

/*
 * Report the owners of a page that one file has mapped: others may own the block,
 * too.  mm has waited for the DAX entry of the page, so a copy-on-write fault has
 * remapped the block.  If the btree does not know the owner, report this file.
 */
int
xfs_file_memory_failure(
	struct address_space		*mapping,
	struct memory_failure_control	*mfc)
{
	struct xfs_inode		*ip = XFS_I(mapping->host);
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	uint				lock_mode;
	bool				found;
	int				error;

	mfc->no_listeners = xfs_mf_no_listeners(ip->i_mount);
	if (!cookie->started) {
		cookie->type = XFS_IS_REALTIME_INODE(ip) ?
				XG_TYPE_RTG : XG_TYPE_AG;
		lock_mode = xfs_ilock_data_map_shared(ip);
		error = xfs_iread_extents(NULL, ip, XFS_DATA_FORK);
		found = !error && xfs_mf_file_daddr(ip, mfc);
		xfs_iunlock(ip, lock_mode);
		if (!found)
			return -EOPNOTSUPP;
	}

	error = xfs_mf_report_page(ip->i_mount, mfc);
	if (error != -EOPNOTSUPP)
		return error;
	ihold(mapping->host);
	mf_add_sharer(mfc, mapping, mfc->index);
	return 0;
}

/* A lost part of the log is lost metadata. */
static int
xfs_mf_lose_log(
	struct xfs_mount		*mp,
	xfs_daddr_t			daddr)
{
	/* The device may be larger than the log. */
	if (daddr >= XFS_FSB_TO_BB(mp, mp->m_sb.sb_logblocks))
		return -EOPNOTSUPP;
	xfs_healthmon_report_media(mp, XFS_DEV_LOG, daddr, BTOBB(PAGE_SIZE));
	xfs_err(mp, "ondisk log corrupt, shutting down fs!");
	xfs_force_shutdown(mp, SHUTDOWN_CORRUPT_ONDISK);
	return -EFSCORRUPTED;
}

/*
 * Report the owners of a page that several files have mapped, or that no file has
 * in use.  A realtime section may follow the data on the same device.
 */
int
xfs_proxy_memory_failure(
	struct address_space		*mapping,
	struct memory_failure_control	*mfc)
{
	struct xfs_buftarg		*btp = container_of(mapping,
			struct xfs_buftarg, bt_dax_proxy.mapping);
	struct xfs_mount		*mp = btp->bt_mount;
	struct xfs_mf_cookie		*cookie = xfs_mf_cookie(mfc);
	xfs_daddr_t			daddr;

	mfc->no_listeners = xfs_mf_no_listeners(mp);

	/* The table of a device-mapper device may have been replaced. */
	daddr = BTOBB(((u64)mfc->index << PAGE_SHIFT) - btp->bt_dax_part_off);
	if (!xfs_mf_daddr_is_pfn(btp, daddr, mfc->pfn))
		return -EOPNOTSUPP;

	if (btp == mp->m_logdev_targp && btp != mp->m_ddev_targp)
		return xfs_mf_lose_log(mp, daddr);
	if (!cookie->started) {
		cookie->daddr = daddr;
		cookie->type = btp == mp->m_rtdev_targp &&
			daddr >= XFS_FSB_TO_BB(mp, mp->m_sb.sb_rtstart) ?
				XG_TYPE_RTG : XG_TYPE_AG;
	}
	return xfs_mf_report_page(mp, mfc);
}

static void
xfs_mf_register_buftarg(
	struct xfs_buftarg		*btp)
{
	int				error;

	if (!btp || !btp->bt_daxdev)
		return;
	error = dax_register_proxy(&btp->bt_dax_proxy, btp->bt_daxdev,
			btp->bt_dax_part_off, bdev_nr_bytes(btp->bt_bdev));
	if (error && !btp->bt_dax_proxy.nr_ranges)
		xfs_notice(btp->bt_mount,
"memory failures of unmapped pages of %pg will go unnoticed, error %d.",
				btp->bt_bdev, error);
}

/*
 * Register the pages of the filesystem's devices.  Call it again when a device has
 * grown, and on thaw: device-mapper freezes the filesystem while it replaces a table.
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

void
xfs_mf_unregister(
	struct xfs_mount		*mp)
{
	dax_unregister_proxy(&mp->m_ddev_targp->bt_dax_proxy);
	if (mp->m_rtdev_targp)
		dax_unregister_proxy(&mp->m_rtdev_targp->bt_dax_proxy);
	dax_unregister_proxy(&mp->m_logdev_targp->bt_dax_proxy);
}
