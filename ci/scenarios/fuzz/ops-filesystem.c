// SPDX-License-Identifier: GPL-2.0
/* Operations on all of the filesystem, and the DAX flag of a file */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "ops.h"

/* --- growth --- */

static long old_end;

static bool is_new(long where)
{
	return where >= old_end && !block_at(where) && !bad_place(where);
}

static bool random_grow(long *arg)
{
	arg[0] = random_how();
	return true;
}

/* A page of the new space fails at once, to see whether the kernel knows of it. */
static bool run_grow(const long *arg)
{
	old_end = filesystem_pages();
	if (!grow_filesystem())
		return false;
	fail_free_page(is_new, arg[0]);
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

static bool run_freeze(const long *arg)
{
	int i;

	(void)arg;
	/* An open() for writing would wait for the thaw. */
	for (i = 0; i < NR_FILES; i++)
		if (files[i])
			fd_of(files[i]);
	freeze_or_thaw(FIFREEZE);
	return true;
}

static bool random_thaw(long *arg)
{
	(void)arg;
	return frozen && chance(15);
}

bool thaw(void)
{
	bool was_frozen = frozen;

	if (frozen)
		freeze_or_thaw(FITHAW);
	return was_frozen;
}

static bool run_thaw(const long *arg)
{
	(void)arg;
	return thaw();
}

/*
 * Removed inodes are freed in the background. That has to be done when the next
 * operation begins, or it would not always find the same state.
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

static bool is_free(long where)
{
	return !block_at(where) && !bad_place(where);
}

static bool random_remount(long *arg)
{
	arg[0] = any_mapping() ? chance(20) : chance(80);
	arg[1] = random_how();
	return true;
}

/* Read-only, if no file is open for writing, which mappings keep them; and back */
static bool run_remount(const long *arg)
{
	bool read_only = arg[0], busy = any_mapping();

	if (!read_only) {
		if (!remount(0))
			differ("the filesystem cannot be remounted (%m)");
		return true;
	}
	close_files();
	if (remount(MS_RDONLY) == busy || (busy && errno != EBUSY))
		differ("the filesystem %s be remounted read-only (%m)",
		       busy ? "can" : "cannot");
	if (busy)
		return true;
	fail_free_page(is_free, arg[1]);
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

static bool random_dax(long *arg)
{
	if (!random_file(arg) || files[arg[0]]->mappings)
		return false;
	arg[1] = !files[arg[0]]->dax;
	return true;
}

/* The flag becomes effective when the inode is read in again. */
static bool run_dax(const long *arg)
{
	struct inode *inode = any_file(arg[0]);
	struct fsxattr attr;

	if (!inode || inode->mappings)
		return false;
	if (ioctl(fd_of(inode), FS_IOC_FSGETXATTR, &attr))
		differ("FSGETXATTR fails (%m)");
	attr.fsx_xflags &= ~FS_XFLAG_DAX;
	attr.fsx_xflags |= arg[1] ? FS_XFLAG_DAX : 0;
	if (ioctl(fd_of(inode), FS_IOC_FSSETXATTR, &attr))
		differ("FSSETXATTR fails (%m)");
	close_fd(inode);
	inode->dax = arg[1];
	if (is_dax(inode) != inode->dax)
		differ("the DAX flag is %s and has no effect",
		       inode->dax ? "set" : "cleared");
	return true;
}

struct op_kind filesystem_ops[] = {
	{ "grow", 1, "how", random_grow, run_grow },
	{ "freeze", 1, "", random_nothing, run_freeze },
	{ "thaw", 20, "", random_thaw, run_thaw, FROZEN | PINNED },
	{ "remount", 1, "read-only how", random_remount, run_remount },
	{ "dax", 1, "file on", random_dax, run_dax },
	{}
};
