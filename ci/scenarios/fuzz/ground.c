// SPDX-License-Identifier: GPL-2.0
/*
 * What a filesystem stands on: the device itself, a partition, a mapped device;
 * with a reverse mapping btree or without; files' data on a realtime device. And
 * the device's pages: which pfn a page of the filesystem has, and how it fails.
 */
#include <errno.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "devices.h"
#include "fuzz.h"

enum ground { PLAIN, NO_RMAPBT, LINEAR, PARTITION, REALTIME, NR_GROUNDS };

static const char *const names[] = {
	"plain", "no-rmapbt", "linear", "partition", "realtime"
};

/* Pages of the filesystem, or of its realtime device, that are in a row. */
struct row {
	long start, n;
	unsigned long pfn;
	long on_disk;			/* page of @disk */
};

static struct row rows[2];
static int nr_rows;
static long nr_pages;
static enum ground ground;
static const char *disk = PMEM;		/* which failures are on */

static void add_row(long pages, long on_disk)
{
	rows[nr_rows++] = (struct row) {
		.start = nr_pages,
		.n = pages,
		.pfn = pmem_pfn(disk, on_disk * BLOCK),
		.on_disk = on_disk,
	};
	nr_pages += pages;
}

long pages_of_device(void)
{
	return nr_pages;
}

static const struct row *row_of(long where)
{
	int i;

	for (i = 0; i < nr_rows; i++)
		if (where >= rows[i].start && where < rows[i].start + rows[i].n)
			return &rows[i];
	give_up("page %ld is not on the device", where);
}

unsigned long pfn_at(long where)
{
	const struct row *row = row_of(where);

	return row->pfn + where - row->start;
}

long where_is(unsigned long pfn)
{
	int i;

	for (i = 0; i < nr_rows; i++)
		if (pfn >= rows[i].pfn && pfn < rows[i].pfn + rows[i].n)
			return rows[i].start + pfn - rows[i].pfn;
	return -1;
}

/* --- making it --- */

int ground_by_name(const char *name)
{
	int i;

	for (i = 0; i < NR_GROUNDS; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

const char *ground_name(int nr)
{
	return names[nr];
}

int random_ground(uint64_t seed)
{
	int nr = access(PMEM_RT, F_OK) ? REALTIME : NR_GROUNDS;

	random_seed(seed);
	return chance(40) ? PLAIN : below(nr);
}

bool has_rmapbt(void)
{
	return ground != NO_RMAPBT;
}

bool knows_its_space(void)
{
	return ground != NO_RMAPBT && ground != REALTIME;
}

static void renew(const char *device)
{
	char path[PATH_MAX + 16], driver[PATH_MAX], name[64];
	int i;

	snprintf(path, sizeof(path), "/sys/block/%s/device",
		 strrchr(device, '/') + 1);
	must(realpath(path, driver), "%s: %m", path);
	snprintf(name, sizeof(name), "%s", strrchr(driver, '/') + 1);
	snprintf(path, sizeof(path), "%s/driver", driver);
	must(realpath(path, driver), "%s: %m", path);
	snprintf(path, sizeof(path), "%s/unbind", driver);
	put_string(path, name);
	snprintf(path, sizeof(path), "%s/bind", driver);
	put_string(path, name);
	for (i = 0; access(device, F_OK); i++) {
		must(i < 500, "%s does not come back", device);
		usleep(10000);
	}
}

void ground_renew(void)
{
	renew(PMEM);
	if (!access(PMEM_RT, F_OK))
		renew(PMEM_RT);
}

static long size_of(const char *device)
{
	int fd = open(device, O_RDONLY);
	uint64_t bytes;

	must(fd >= 0 && !ioctl(fd, BLKGETSIZE64, &bytes), "%s: %m", device);
	close(fd);
	return bytes / PAGE;
}

static void make_and_mount(const char *mkfs, const char *device)
{
	make_fs(mkfs, "-d agsize=128m,su=2m,sw=1", device);
	mount_fs(device, "xfs", "dax=always");
}

static void make_linear(void)
{
	long half = size_of(disk) / 2 & ~(CHUNK - 1L);
	const struct segment segments[] = {
		{ disk, half * BLOCK, half * BLOCK },
		{ disk, 0, half * BLOCK },
	};

	create_dm(linear_table(segments, ARRAY_SIZE(segments)));
	add_row(half, half);
	add_row(half, 0);
	make_and_mount(MKFS_XFS, DM);
}

static void make_partition(void)
{
	long half = size_of(disk) / 2 & ~(CHUNK - 1L);
	char path[32];

	command("printf 'label: gpt\\nstart=%ld,size=%ld\\nstart=%ld,size=%ld\\n' |\n"
		"sfdisk -q %s", CHUNK * 8L, (half - 2 * CHUNK) * 8, half * 8,
		(half - 2 * CHUNK) * 8, disk);
	snprintf(path, sizeof(path), "%sp2", disk);
	add_row(half - 2 * CHUNK, half);
	make_and_mount(MKFS_XFS, path);
}

static void make_realtime(void)
{
	disk = PMEM_RT;
	add_row(size_of(disk), 0);
	make_fs(MKFS_XFS ",metadir=1", "-d rtinherit=1 -r rtdev=" PMEM_RT,
		PMEM);
	mount_fs(PMEM, "xfs", "dax=always,rtdev=" PMEM_RT);
}

void ground_begin(int nr)
{
	int i;

	ground = nr;
	nr_rows = 0;
	nr_pages = 0;
	disk = PMEM;
	switch (ground) {
	case PLAIN:
	case NO_RMAPBT:
		add_row(size_of(disk), 0);
		make_and_mount(ground == PLAIN ? MKFS_XFS : MKFS_XFS_NO_RMAPBT,
			       disk);
		break;
	case LINEAR:
		make_linear();
		break;
	case PARTITION:
		make_partition();
		break;
	default:
		make_realtime();
	}
	/* New directories go to other allocation groups. */
	for (i = 0; i < NR_FILES; i++)
		must(!mkdir(file("%d", i), 0755), "mkdir: %m");
}

static bool remove_what_is_on_it(void)
{
	static char zero[1024 * 1024] __attribute__((aligned(4096)));
	int fd;

	if (!access(DM, F_OK) &&
	    system("dmsetup remove --noudevsync --noudevrules " DM_NAME))
		return false;
	/* The partitions go away with the device, but come back with it. */
	fd = open(PMEM, O_WRONLY | O_DIRECT);
	must(fd >= 0 && write(fd, zero, sizeof(zero)) == sizeof(zero),
	     PMEM ": %m");
	close(fd);
	return true;
}

bool ground_end(void)
{
	return unmount() && remove_what_is_on_it();
}

/* What somebody has left who could not go on; false if it can not be removed. */
bool ground_clean_up(void)
{
	int tries = 0;

	while (umount(MNT)) {
		if (errno != EBUSY)
			break;
		if (++tries == 50)
			return false;
		usleep(100 * 1000);
	}
	if (!remove_what_is_on_it())
		return false;
	ground_renew();
	return true;
}

/* --- having a page fail --- */

static const char *badblocks(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/sys/block/%s/badblocks",
		 strrchr(disk, '/') + 1);
	return path;
}

static long sector_of(long where)
{
	const struct row *row = row_of(where);

	return (row->on_disk + where - row->start) * 8;
}

/* As a scrub would that has found the error. */
void record_bad_block(long where)
{
	char sectors[40];

	snprintf(sectors, sizeof(sectors), "%ld 8", sector_of(where));
	put_string(badblocks(), sectors);
}

bool bad_block_on_record(long where)
{
	long first, n, sector = sector_of(where);
	FILE *f = fopen(badblocks(), "r");
	bool found = false;

	must(f, "%s: %m", badblocks());
	while (!found && fscanf(f, "%ld %ld", &first, &n) == 2)
		found = sector < first + n && sector + 8 > first;
	fclose(f);
	return found;
}

void raise_machine_check(unsigned long pfn)
{
	char line[64];
	int fd, n;

	fd = open("/run/port/control", O_RDWR | O_CLOEXEC);
	must(fd >= 0, "no way to the host: %m");
	n = snprintf(line, sizeof(line), "mce %#lx\n", pfn * PAGE);
	must(write(fd, line, n) == n, "writing to the host: %m");
	n = read(fd, line, sizeof(line) - 1);
	must(n > 0, "the host does not answer: %m");
	line[n] = '\0';
	must(!strcmp(line, "ok\n"), "no machine check: %s", line);
	close(fd);
	machine_check_handled();
}
