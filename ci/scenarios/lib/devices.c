// SPDX-License-Identifier: GPL-2.0
/* Block devices made of pmem devices, and the location of files on them. */
#include <sys/mount.h>
#include "devices.h"

static unsigned long read_number(const char *path)
{
	return strtoul(text_of(path), NULL, 0);
}

unsigned long pmem_pfn(const char *device, int64_t offset)
{
	const char *name = strrchr(device, '/') + 1;
	const char *partition;
	char path[100];

	/* past the p of pmem */
	partition = strchr(name + strlen("pmem"), 'p');
	if (partition) {
		snprintf(path, sizeof(path), "/sys/class/block/%s/start", name);
		offset += read_number(path) * 512;
	}
	snprintf(path, sizeof(path), "/sys/block/%.*s/device/resource",
		 partition ? (int)(partition - name) : (int)strlen(name), name);
	return (read_number(path) + offset) / PAGE;
}

unsigned long file_pfn(const char *path, off_t offset)
{
	return pmem_pfn(PMEM, file_physical(path, offset));
}

void change_flags(const char *path, unsigned int set, unsigned int clear)
{
	struct fsxattr attr;

	control(path, FS_IOC_FSGETXATTR, &attr);
	attr.fsx_xflags = (attr.fsx_xflags & ~clear) | set;
	control(path, FS_IOC_FSSETXATTR, &attr);
}

/* --- several filesystems at a time --- */

int try_mount(const char *device, const char *place, const char *type,
	      const char *options)
{
	mkdir(file("%s", place), 0755);
	return mount(device, file("%s", place), type, 0, options) ? -errno : 0;
}

bool unmount_from(const char *place)
{
	if (!umount(file("%s", place)))
		return true;
	remark("umount of %s: %m", place);
	return false;
}

bool alive_in(const char *place)
{
	static int nr;

	return !mkdir(file("%s/alive.%d", place, nr++), 0755);
}

const char *partition(int nr)
{
	static char names[2][24];
	char *name = names[nr % 2];

	snprintf(name, sizeof(names[0]), PMEM "p%d", nr);
	return name;
}

const char *place(int nr)
{
	return strrchr(partition(nr), 'p') + 1;
}

void make_partitions(int nr, int mib)
{
	char table[200] = "label: gpt\\n";
	int i;

	need(PMEM);
	for (i = 0; i < nr; i++)
		sprintf(strchr(table, '\0'), ",%dM\\n", mib);
	command("printf '%s' | sfdisk -q " PMEM, table);
	for (i = 1; i <= nr; i++)
		must(!access(partition(i), F_OK));
}

bool mount_two(int nr, const char *options)
{
	int i, ret[2];

	for (i = 0; i < 2; i++) {
		make_fs(MKFS_XFS, NULL, partition(nr + i));
		ret[i] = try_mount(partition(nr + i), place(nr + i), "xfs",
				   options);
	}
	if (!ret[0] && !ret[1])
		return true;
	for (i = 0; i < 2; i++) {
		remark("%s: %s", partition(nr + i), strerror(-ret[i]));
		if (!ret[i])
			unmount_from(place(nr + i));
	}
	return false;
}

bool unmount_two(int nr)
{
	return unmount_from(place(nr)) & unmount_from(place(nr + 1));
}

void check_repair(const char *device)
{
	char command[80];

	snprintf(command, sizeof(command), "xfs_repair -n %s >&2", device);
	check(!system(command), "xfs_repair finds nothing to repair");
}

/* --- device-mapper --- */

const char *linear_table(const struct segment *segments, int nr)
{
	static char table[1024];
	int64_t at = 0;
	int i, n = 0;

	for (i = 0; i < nr; i++) {
		n += snprintf(table + n, sizeof(table) - n,
			      "%lld %lld linear %s %lld\n",
			      (long long)at / 512,
			      (long long)segments[i].length / 512,
			      segments[i].device,
			      (long long)segments[i].start / 512);
		must(n < (int)sizeof(table), "the table is too long");
		at += segments[i].length;
	}
	return table;
}

void dm(const char *what, const char *table)
{
	/* The guest has no udev to wait for. */
	command("dmsetup %s --noudevsync --noudevrules " DM_NAME
		" <<'END'\n%s\nEND", what, table);
}

void create_dm(const char *table)
{
	dm("create", table);
	must(!access(DM, F_OK), "there is no " DM ": %m");
}

void mount_on_dm(const char *table, const char *mkfs_options)
{
	create_dm(table);
	make_fs(MKFS_XFS, mkfs_options, DM);
	mount_fs(DM, "xfs", "dax=always");
}

void remove_dm(void)
{
	dm("remove", "");
}

void take_down_dm(void)
{
	must(unmount(), "the filesystem does not unmount");
	remove_dm();
}

unsigned long segment_pfn(const struct segment *segments, int nr,
			  int64_t offset)
{
	const struct segment *s;

	for (s = segments; s < segments + nr; offset -= s++->length)
		if (offset < s->length)
			return pmem_pfn(s->device, s->start + offset);
	give_up("the device has no byte that far");
}

/* --- places on a device --- */

const char *make_file_between(int64_t from, int64_t to, size_t size)
{
	static int nr;
	int i;

	/* XFS puts each new directory in the next allocation group. */
	for (i = 0; i < 64; i++) {
		const char *path = file("dir%d/f", nr);
		int64_t physical;

		must(!mkdir(file("dir%d", nr++), 0755), "mkdir: %m");
		make_file(path, size);
		physical = file_physical(path, 0);
		if (physical >= from && physical + (int64_t)size <= to)
			return path;
		/* XFS frees its blocks in the background. */
		must(!unlink(path), "unlink: %m");
		settle();
	}
	give_up("no file came to be between %lld and %lld MiB",
		(long long)(from / MIB), (long long)(to / MIB));
}

void fail_shared_at(const char *path, unsigned long pfn)
{
	struct sharers s;

	share_page(&s, 3, path);
	must(s.pfn == pfn, "the page is elsewhere");
	fail_shared_page(&s);
	check(alive(), GOES_ON);
	finish_all();
}

/* --- a device that goes away --- */

static char namespace[32];

void unbind(const char *device)
{
	char link[64], target[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/block/%s/device",
		 strrchr(device, '/') + 1);
	n = readlink(link, target, sizeof(target) - 1);
	must(n > 0, "%s: %m", link);
	target[n] = '\0';
	snprintf(namespace, sizeof(namespace), "%s", strrchr(target, '/') + 1);
	remark("%s is %s", device, namespace);
	put_string(DRIVER "unbind", namespace);
	must(access(device, F_OK), "%s is still there", device);
}

void rebind(const char *device)
{
	put_string(DRIVER "bind", namespace);
	must(!access(device, F_OK), "%s did not come back", device);
}
