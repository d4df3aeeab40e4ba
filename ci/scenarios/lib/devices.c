// SPDX-License-Identifier: GPL-2.0
/* Block devices made of pmem devices, and what is where on them. */
#include <errno.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "devices.h"

void command(const char *fmt, ...)
{
	char what[1200], line[1280];
	va_list ap;
	int n, status;

	va_start(ap, fmt);
	n = vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	must(n < (int)sizeof(what), "too long: %s", what);
	/* Results alone belong on standard output. */
	snprintf(line, sizeof(line), "{ %s\n} >&2", what);
	status = system(line);
	must(!status, "%s: wait status %#x", what, status);
}

unsigned long read_number(const char *path)
{
	unsigned long number;
	FILE *f = fopen(path, "r");

	must(f, "%s: %m", path);
	must(fscanf(f, "%li", (long *)&number) == 1, "%s has no number", path);
	fclose(f);
	return number;
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

const char *stripe_table(const struct segment *segments, int nr, int64_t chunk)
{
	static char table[1024];
	int i, n;

	n = snprintf(table, sizeof(table), "0 %lld striped %d %lld",
		     (long long)segments[0].length * nr / 512, nr,
		     (long long)chunk / 512);
	for (i = 0; i < nr; i++) {
		n += snprintf(table + n, sizeof(table) - n, " %s %lld",
			      segments[i].device,
			      (long long)segments[i].start / 512);
		must(n < (int)sizeof(table), "the table is too long");
	}
	return table;
}

void create_dm(const char *table)
{
	/* There is no udev in the guest to wait for. */
	command("dmsetup create --noudevsync --noudevrules " DM_NAME
		" <<'END'\n%s\nEND", table);
	must(!access(DM, F_OK), "there is no " DM ": %m");
}

void remove_dm(void)
{
	command("dmsetup remove --noudevsync --noudevrules " DM_NAME);
}

static void copy(const struct move *m)
{
	/* Not by way of the block device's page cache, which may be old. */
	int from = open(m->from.device, O_RDONLY | O_DIRECT);
	int to = open(m->to.device, O_WRONLY | O_DIRECT);
	int64_t at, step = 4 * MIB;
	void *buffer;

	must(from >= 0 && to >= 0, "%s, %s: %m", m->from.device, m->to.device);
	must(!posix_memalign(&buffer, PAGE, step), "no memory");
	for (at = 0; at < m->from.length; at += step)
		must(pread(from, buffer, step, m->from.start + at) == step &&
		     pwrite(to, buffer, step, m->to.start + at) == step,
		     "copying from %s to %s: %m", m->from.device,
		     m->to.device);
	free(buffer);
	close(from);
	close(to);
}

void reload_dm(const char *table, const struct move *moves, int nr)
{
	int i;

	command("dmsetup suspend --noudevsync --noudevrules " DM_NAME);
	for (i = 0; i < nr; i++)
		copy(&moves[i]);
	command("dmsetup load --noudevsync --noudevrules " DM_NAME
		" <<'END'\n%s\nEND", table);
	command("dmsetup resume --noudevsync --noudevrules " DM_NAME);
}

int segment_of(const struct segment *segments, int nr, int64_t offset)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (offset < segments[i].length)
			return i;
		offset -= segments[i].length;
	}
	give_up("the device has no byte that far");
}

unsigned long segment_pfn(const struct segment *segments, int nr,
			  int64_t offset)
{
	int i, at = segment_of(segments, nr, offset);

	for (i = 0; i < at; i++)
		offset -= segments[i].length;
	return pmem_pfn(segments[at].device, segments[at].start + offset);
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

int64_t find_extent(const char *path,
		    bool (*wanted)(const struct fsmap *rec, const void *data),
		    const void *data, uint64_t *length)
{
	static struct {
		struct fsmap_head head;
		struct fsmap recs[1024];
	} f;
	int fd = open(path, O_RDONLY);
	unsigned int i, nr;

	must(fd >= 0, "open %s: %m", path);
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
	return find_extent(path, has_owner, &owner, length);
}
