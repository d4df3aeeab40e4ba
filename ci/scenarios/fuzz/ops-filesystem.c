// SPDX-License-Identifier: GPL-2.0
/* Operations on all of the filesystem, and the DAX flag of a file */
#include <sys/mount.h>
#include "fuzz.h"

/* --- growth --- */

static long first_wanted;

static bool is_free(long where)
{
	return where >= first_wanted && !block_at(where) && !bad_place(where);
}

/* A page of the new space fails at once, to test whether the kernel knows it. */
static bool run_grow(const struct op *op)
{
	first_wanted = filesystem_pages();
	if (!grow_filesystem())
		return false;
	fail_special(OWN_FREE, is_free, op->how);
	return true;
}

/* --- freezing --- */

static void freeze_or_thaw(unsigned long request)
{
	int fd = open(MNT, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, request, 0))
		differ("the filesystem cannot be %s (%m)",
		       request == FIFREEZE ? "frozen" : "thawed");
	close(fd);
	frozen = request == FIFREEZE;
}

static bool run_freeze(const struct op *op)
{
	struct inode *inode;

	(void)op;
	/* An open() for writing would wait for the thaw. */
	for_each_file(inode)
		fd_of(inode);
	freeze_or_thaw(FIFREEZE);
	return true;
}

static bool random_thaw(struct op *op)
{
	(void)op;
	return frozen && chance(15);
}

void thaw(void)
{
	if (frozen)
		freeze_or_thaw(FITHAW);
}

static bool run_thaw(const struct op *op)
{
	bool was_frozen = frozen;

	(void)op;
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

static bool random_remount(struct op *op)
{
	op->on = any_mapping() ? chance(20) : chance(80);
	op->how = random_how();
	return true;
}

/* Remount read-only, if no file is open for writing (mappings hold files); and back */
static bool run_remount(const struct op *op)
{
	bool busy = any_mapping();

	if (op->on) {
		close_files();
		if (remount(MS_RDONLY) == busy || (busy && errno != EBUSY))
			differ("the filesystem %s be remounted read-only (%m)",
			       busy ? "can" : "cannot");
		if (busy)
			return true;
		first_wanted = 0;
		fail_special(OWN_FREE, is_free, op->how);
	}
	if (!remount(0))
		differ("the filesystem cannot be remounted for writing (%m)");
	return true;
}

/* --- the DAX flag --- */

bool is_dax(struct inode *inode)
{
	struct statx stx;

	if (statx(fd_of(inode), "", AT_EMPTY_PATH, STATX_TYPE, &stx))
		differ("statx() fails (%m)");
	return stx.stx_attributes & STATX_ATTR_DAX;
}

static bool random_dax(struct op *op)
{
	struct inode *inode = random_file(&op->file);

	if (!inode || inode->mappings)
		return false;
	op->on = !inode->dax;
	return true;
}

/* The flag takes effect when the inode is read in again. */
static bool run_dax(const struct op *op)
{
	struct inode *inode = op->inode;
	struct fsxattr attr;

	if (inode->mappings)
		return false;
	if (ioctl(fd_of(inode), FS_IOC_FSGETXATTR, &attr))
		differ("FSGETXATTR fails (%m)");
	attr.fsx_xflags &= ~FS_XFLAG_DAX;
	attr.fsx_xflags |= op->on ? FS_XFLAG_DAX : 0;
	if (ioctl(fd_of(inode), FS_IOC_FSSETXATTR, &attr))
		differ("FSSETXATTR fails (%m)");
	close_fd(inode);
	inode->dax = op->on;
	if (is_dax(inode) != inode->dax)
		differ("the DAX flag is %s and has no effect",
		       inode->dax ? "set" : "cleared");
	return true;
}

struct op_kind filesystem_ops[] = {
	{ "grow", 1, "how", 0, run_grow },
	{ "freeze", 1, "", 0, run_freeze },
	{ "thaw", 20, "", FROZEN | PINNED, run_thaw, random_thaw },
	{ "remount", 1, "read-only:on how", 0, run_remount, random_remount },
	{ "dax", 1, "file on", CACHED, run_dax, random_dax },
	{}
};
