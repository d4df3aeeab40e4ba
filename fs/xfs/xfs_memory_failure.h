/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __XFS_MEMORY_FAILURE_H__
#define __XFS_MEMORY_FAILURE_H__

#if defined(CONFIG_FS_DAX) && defined(CONFIG_MEMORY_FAILURE)
int xfs_file_memory_failure(struct address_space *mapping,
		struct memory_failure_control *mfc);
int xfs_proxy_memory_failure(struct address_space *mapping,
		struct memory_failure_control *mfc);
void xfs_mf_register(struct xfs_mount *mp);
void xfs_mf_unregister(struct xfs_mount *mp);
#else
#define xfs_file_memory_failure		NULL
#define xfs_proxy_memory_failure	NULL

static inline void xfs_mf_register(struct xfs_mount *mp)
{
}

static inline void xfs_mf_unregister(struct xfs_mount *mp)
{
}
#endif

#endif /* __XFS_MEMORY_FAILURE_H__ */
