// SPDX-License-Identifier: GPL-2.0
/* Operations on all of the filesystem, and the DAX flag of a file */
#include <sys/mount.h>
#include "fuzz.h"

/* --- growth --- */

/* A page of the new space fails at once, to test whether the kernel knows it. */
static bool run_grow(const struct op *op)
{
	long first = filesystem_pages();

	if (!grow_filesystem())
		return false;
	fail_special(OWN_FREE, first, 0, op->how);
	return true;
}

/* --- freezing --- */

static void freeze_or_thaw(unsigned long request)
{
	int fd = open(MNT, O_RDONLY | O_CLOEXEC);

	agree(fd >= 0 && !ioctl(fd, request, 0),
	      "the filesystem cannot be %s (%m)",
	      request == FIFREEZE ? "frozen" : "thawed");
	close(fd);
	frozen = request == FIFREEZE;
}

static bool run_freeze(const struct op *op)
{
	struct inode *inode;

	/* An open() for writing would wait for the thaw. */
	for_each_file(inode)
		fd_of(inode);
	freeze_or_thaw(FIFREEZE);
	return true;
}

static bool choose_thaw(struct op *op)
{
	return frozen;
}

void thaw(void)
{
	if (frozen)
		freeze_or_thaw(FITHAW);
}

static bool run_thaw(const struct op *op)
{
	bool was_frozen = frozen;

	thaw();
	return was_frozen;
}

/*
 * Removed inodes are freed in the background. Finish that before the next
 * operation begins, to keep the state reproducible.
 */
void finish_inodes(void)
{
	if (!inodes_gone || frozen)
		return;
	inodes_gone = 0;
	freeze_or_thaw(FIFREEZE);
	freeze_or_thaw(FITHAW);
}

/* --- remounting --- */

static bool remount(unsigned long flags)
{
	return !mount("none", MNT, NULL, MS_REMOUNT | flags, NULL);
}

/* Remount read-only, if no file is open for writing (mappings hold files); and back */
static bool run_remount(const struct op *op)
{
	bool busy = any_mapping();

	if (op->on) {
		close_files();
		agree(remount(MS_RDONLY) != busy && (!busy || errno == EBUSY),
		      "the filesystem %s be remounted read-only (%m)",
		      busy ? "can" : "cannot");
		if (busy)
			return true;
		fail_special(OWN_FREE, 0, 0, op->how);
	}
	agree(remount(0),
	      "the filesystem cannot be remounted for writing (%m)");
	return true;
}

/* --- the DAX flag --- */

bool is_dax(struct inode *inode)
{
	struct statx stx;

	agree(!statx(fd_of(inode), "", AT_EMPTY_PATH, STATX_TYPE, &stx),
	      "statx() fails (%m)");
	return stx.stx_attributes & STATX_ATTR_DAX;
}

static bool choose_dax(struct op *op)
{
	op->on = !op->inode->dax;
	return !op->inode->mappings;
}

/* The flag takes effect when the inode is read in again. */
static bool run_dax(const struct op *op)
{
	struct inode *inode = op->inode;
	struct fsxattr attr;

	if (inode->mappings)
		return false;
	agree(!ioctl(fd_of(inode), FS_IOC_FSGETXATTR, &attr),
	      "FSGETXATTR fails (%m)");
	attr.fsx_xflags &= ~FS_XFLAG_DAX;
	attr.fsx_xflags |= op->on ? FS_XFLAG_DAX : 0;
	agree(!ioctl(fd_of(inode), FS_IOC_FSSETXATTR, &attr),
	      "FSSETXATTR fails (%m)");
	close_fd(inode);
	inode->dax = op->on;
	agree(is_dax(inode) == inode->dax,
	      "the DAX flag is %s and has no effect",
	      inode->dax ? "set" : "cleared");
	return true;
}

struct op_kind filesystem_ops[] = {
	{ "grow", 1, "how", 0, run_grow },
	{ "freeze", 1, "", 0, run_freeze },
	{ "thaw", 3, "", FROZEN | PINNED, run_thaw, choose_thaw },
	{ "remount", 1, "read-only:on how", 0, run_remount },
	{ "dax", 1, "file on", CACHED, run_dax, choose_dax },
	{}
};
