// SPDX-License-Identifier: GPL-2.0
/* Filesystems on the pmem device, files, and their location on it. */
#include <linux/fiemap.h>
#include <stdarg.h>
#include <sys/mount.h>
#include "devices.h"
#include "lib.h"

static bool is_mounted;

void make_fs(const char *mkfs, const char *mkfs_options, const char *device)
{
	need(device);
	command("%s %s %s", mkfs, mkfs_options ?: "", device);
}

void mount_fs(const char *device, const char *type, const char *options)
{
	mkdir(MNT, 0755);
	must(!mount(device, MNT, type, 0, options), "mount -t %s -o %s %s: %m",
	     type, options, device);
	is_mounted = true;
}

static void make_and_mount(const char *mkfs, const char *mkfs_options,
			   const char *type, const char *option)
{
	make_fs(mkfs, mkfs_options, PMEM);
	mount_fs(PMEM, type, option);
}

void mount_xfs(const char *mkfs_options)
{
	make_and_mount(MKFS_XFS, mkfs_options, "xfs", "dax=always");
}

void mount_xfs_realtime(const char *mkfs_options)
{
	char options[80];

	need(PMEM_RT);
	snprintf(options, sizeof(options),
		 "-d rtinherit=1 -r rtdev=" PMEM_RT "%s", mkfs_options);
	make_and_mount(MKFS_XFS ",metadir=1", options, "xfs",
		       "dax=always,rtdev=" PMEM_RT);
}

void mount_ext4(const char *mkfs_options)
{
	make_and_mount(MKFS_EXT4, mkfs_options, "ext4", "dax=always");
}

bool mounted(void)
{
	return is_mounted;
}

bool unmount(void)
{
	is_mounted = false;
	if (!umount(MNT))
		return true;
	remark("umount: %m");
	return false;
}

void settle(void)
{
	control(MNT, FIFREEZE, NULL);
	control(MNT, FITHAW, NULL);
}

bool alive(void)
{
	static int nr;

	return !mkdir(file("alive.%d", nr++), 0755);
}

const char *file(const char *fmt, ...)
{
	static char names[16][64];
	static unsigned int last;
	char *name = names[last++ % ARRAY_SIZE(names)];
	int n = sprintf(name, MNT "/");
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name + n, sizeof(names[0]) - n, fmt, ap);
	va_end(ap);
	return name;
}

int open_file(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	must(fd >= 0, "open %s: %m", path);
	return fd;
}

void control(const char *path, unsigned long request, void *arg)
{
	int fd = open_file(path, O_RDONLY);

	must(!ioctl(fd, request, arg), "%s: ioctl %#lx: %m", path, request);
	close(fd);
}

static void fill_file(int fd, const char *path, size_t size)
{
	static char page[PAGE];
	size_t i;

	for (i = 0; i < size / PAGE; i++) {
		memset(page, fill(i), PAGE);
		must(pwrite(fd, page, PAGE, i * PAGE) == PAGE);
	}
	must(!fsync(fd), "fsync %s: %m", path);
	close(fd);
}

void make_file(const char *path, size_t size)
{
	fill_file(open_file(path, O_RDWR | O_CREAT | O_EXCL), path, size);
}

void make_huge_file(const char *path, size_t size)
{
	int fd = open_file(path, O_RDWR | O_CREAT | O_EXCL);
	struct fsxattr attr;

	/* XFS aligns on request; ext4 has no such hint. */
	if (!ioctl(fd, FS_IOC_FSGETXATTR, &attr)) {
		attr.fsx_xflags |= FS_XFLAG_EXTSIZE;
		attr.fsx_extsize = PMD;
		if (ioctl(fd, FS_IOC_FSSETXATTR, &attr))
			must(errno == EOPNOTSUPP, "extent size hint: %m");
	}
	must(!fallocate(fd, 0, 0, size), "fallocate %s: %m", path);
	fill_file(fd, path, size);
	must(file_physical(path, 0) % PMD == 0,
	     "%s is at %#llx on the device, not aligned to 2 MiB", path,
	     (long long)file_physical(path, 0));
}

void clone_file(const char *from, const char *to)
{
	clone_range(from, 0, 0, to, 0);
}

void make_shared(size_t size, const char *const *names)
{
	const char *first = *names;

	make_file(file("%s", first), size);
	while (*++names)
		clone_file(file("%s", first), file("%s", *names));
}

void allocate(const char *path, size_t size)
{
	int fd = open_file(path, O_RDWR | O_CREAT);

	must(!fallocate(fd, 0, 0, size), "fallocate %s: %m", path);
	close(fd);
}

int clone_open(int from, off_t from_off, size_t len, int to, off_t to_off)
{
	struct file_clone_range range = {
		.src_fd = from,
		.src_offset = from_off,
		.src_length = len,
		.dest_offset = to_off,
	};

	return ioctl(to, FICLONERANGE, &range) ? -errno : 0;
}

void clone_range(const char *from, off_t from_off, size_t len,
		 const char *to, off_t to_off)
{
	int dst = open_file(to, O_RDWR | O_CREAT);
	int src = open_file(from, O_RDONLY);

	must(!clone_open(src, from_off, len, dst, to_off), "reflink %s to %s: %m",
	     from, to);
	close(src);
	close(dst);
}

int dedupe_range(const char *from, off_t from_off, size_t len,
		 const char *to, off_t to_off)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info;
	} d = {
		.range.src_offset = from_off,
		.range.src_length = len,
		.range.dest_count = 1,
		.info.dest_fd = open_file(to, O_RDWR),
		.info.dest_offset = to_off,
	};
	int src = open_file(from, O_RDONLY);
	int ret = ioctl(src, FIDEDUPERANGE, &d) ? -errno : d.info.status;

	close(d.info.dest_fd);
	close(src);
	return ret;
}

int read_byte(const char *path, off_t offset)
{
	int fd = open(path, O_RDONLY);
	unsigned char byte;
	ssize_t n = pread(fd, &byte, 1, offset);
	int ret = n == 1 ? byte : n ? -errno : -ENODATA;

	if (fd >= 0)
		close(fd);
	return ret;
}

bool page_is(const char *path, unsigned long page, int byte)
{
	int fd = open_file(path, O_RDONLY), i;
	unsigned char bytes[PAGE];
	bool good = pread(fd, bytes, PAGE, page * PAGE) == PAGE;

	close(fd);
	for (i = 0; i < (int)PAGE; i++)
		good &= bytes[i] == byte;
	if (!good)
		remark("page %lu of %s is not all %#x", page, path, byte);
	return good;
}

int write_bytes(const char *path, off_t offset, size_t len, int byte)
{
	static char bytes[2 * PAGE];
	int fd = open_file(path, O_WRONLY);
	ssize_t n;
	int ret;

	must(len <= sizeof(bytes), "%zu bytes are too many", len);
	memset(bytes, byte, len);
	n = pwrite(fd, bytes, len, offset);
	ret = n == (ssize_t)len ? 0 : n < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

int write_page(const char *path, off_t offset, int byte)
{
	return write_bytes(path, offset, PAGE, byte);
}

void remove_file(const char *path)
{
	must(!unlink(path), "unlink %s: %m", path);
	settle();
}

int fallocate_range(const char *path, int mode, off_t offset, off_t len)
{
	int fd = open_file(path, O_RDWR);
	int ret = fallocate(fd, mode, offset, len) ? -errno : 0;

	close(fd);
	return ret;
}

/* The first extent in a range of a file; false if there is none. */
static bool first_extent(const char *path, off_t offset, uint64_t length,
			 struct fiemap_extent *extent)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} f = {
		.map.fm_start = offset,
		.map.fm_length = length,
		.map.fm_flags = FIEMAP_FLAG_SYNC,
		.map.fm_extent_count = 1,
	};
	int fd = open_file(path, O_RDONLY);

	must(!ioctl(fd, FS_IOC_FIEMAP, &f), "FIEMAP of %s: %m", path);
	close(fd);
	*extent = f.extent;
	return f.map.fm_mapped_extents;
}

int64_t file_physical(const char *path, off_t offset)
{
	struct fiemap_extent e;

	if (!first_extent(path, offset, 1, &e))
		return -1;
	return e.fe_physical + (offset - e.fe_logical);
}

off_t file_offset(const char *path, int64_t physical)
{
	struct fiemap_extent e;
	off_t at;

	for (at = 0; first_extent(path, at, FIEMAP_MAX_OFFSET - at, &e);
	     at = e.fe_logical + e.fe_length)
		if ((uint64_t)physical - e.fe_physical < e.fe_length)
			return e.fe_logical + (physical - e.fe_physical);
	return -1;
}

off_t take_all_space(const char *path)
{
	int fd = open_file(path, O_RDWR | O_CREAT);
	off_t size = 0, step = 64 << 20;

	while (step >= (off_t)PAGE) {
		if (!fallocate(fd, 0, size, step))
			size += step;
		else
			step /= 2;
	}
	close(fd);
	return size;
}

int64_t find_extent(const char *path,
		    bool (*wanted)(const struct fsmap *rec, const void *data),
		    const void *data, uint64_t *length)
{
	static struct {
		struct fsmap_head head;
		struct fsmap recs[1024];
	} f;
	int fd = open_file(path, O_RDONLY);
	unsigned int i, nr;

	memset(&f, 0, sizeof(f));
	f.head.fmh_count = ARRAY_SIZE(f.recs);
	memset(&f.head.fmh_keys[1], 0xff, sizeof(f.head.fmh_keys[1]));
	memset(f.head.fmh_keys[1].fmr_reserved, 0,
	       sizeof(f.head.fmh_keys[1].fmr_reserved));
	f.head.fmh_keys[1].fmr_length = 0;
	do {
		must(!ioctl(fd, FS_IOC_GETFSMAP, &f), "GETFSMAP: %m");
		nr = f.head.fmh_entries;
		for (i = 0; i < nr; i++) {
			if (!wanted(&f.recs[i], data))
				continue;
			close(fd);
			if (length)
				*length = f.recs[i].fmr_length;
			return f.recs[i].fmr_physical;
		}
		if (nr)
			fsmap_advance(&f.head);
	} while (nr && !(f.recs[nr - 1].fmr_flags & FMR_OF_LAST));
	close(fd);
	return -1;
}

static bool has_owner(const struct fsmap *rec, const void *data)
{
	const uint64_t *owner = data;

	return (rec->fmr_flags & FMR_OF_SPECIAL_OWNER) &&
	       rec->fmr_owner == *owner;
}

int64_t find_owner(const char *path, uint64_t owner, uint64_t *length)
{
	int64_t found = find_extent(path, has_owner, &owner, length);

	must(found >= 0, "%s has no extent of owner %#llx", path,
	     (unsigned long long)owner);
	return found;
}
