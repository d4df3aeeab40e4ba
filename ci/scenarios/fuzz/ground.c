// SPDX-License-Identifier: GPL-2.0
/*
 * The devices below the filesystem: pmem itself, a partition, a mapped device; with
 * a reverse mapping btree or without; files' data on a realtime device. And their
 * pages: the pfn of a page of the filesystem, and its bad blocks.
 */
#include <sys/mount.h>
#include "devices.h"
#include "fuzz.h"
#include "race.h"

/* The filesystem can grow this often, by this many pages. */
#define GROWTHS		8
#define GROWTH		(16 * MIB / BLOCK)

static const struct ground {
	const char *name, *mkfs, *device, *mkfs_options, *options;
	const char *disk, *badblocks;	/* the disk that fails */
	bool no_rmapbt, linear, partition, realtime;
} grounds[] = {
#define DATA	"-i exchange=1 -d daxinherit=1,agsize=128m,su=2m,sw=1,size=%ld", \
		"dax=inode", PMEM, "/sys/block/pmem0/badblocks"
#define RT_DATA	"-i exchange=1 -d daxinherit=1,rtinherit=1 -r rtdev=" PMEM_RT \
		",size=%ld", "dax=inode,rtdev=" PMEM_RT, PMEM_RT, \
		"/sys/block/pmem1/badblocks"
	{ "plain", MKFS_XFS, PMEM, DATA },
	{ "no-rmapbt", MKFS_XFS_NO_RMAPBT, PMEM, DATA, .no_rmapbt = true },
	{ "linear", MKFS_XFS, DM, DATA, .linear = true },
	{ "partition", MKFS_XFS, PMEM "p2", DATA, .partition = true },
	{ "realtime", MKFS_XFS ",metadir=1", PMEM, RT_DATA, .realtime = true },
};

static const struct ground *ground;

/* Consecutive pages of the filesystem, or of its realtime device */
static struct row {
	long start, n;
	unsigned long pfn;
	long on_disk;			/* page of the disk */
} rows[2], *end_of_rows;
static long nr_pages;
static long fs_pages;

static void add_row(long pages, long on_disk)
{
	*end_of_rows++ = (struct row) {
		.start = nr_pages,
		.n = pages,
		.pfn = pmem_pfn(ground->disk, on_disk * BLOCK),
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
	const struct row *row;

	for (row = rows; row < end_of_rows; row++)
		if (where >= row->start && where < row->start + row->n)
			return row;
	give_up("page %ld is not on the device", where);
}

unsigned long pfn_at(long where)
{
	const struct row *row = row_of(where);

	return row->pfn + where - row->start;
}

long where_is(unsigned long pfn)
{
	const struct row *row;

	for (row = rows; row < end_of_rows; row++)
		if (pfn >= row->pfn && pfn < row->pfn + row->n)
			return row->start + pfn - row->pfn;
	return -1;
}

static void check_count(unsigned long pfn, const struct page_state *page)
{
	agree(!page->refcount,
	      "a page has references after the unmount (%#lx: %d)",
	      where_is(pfn), page->refcount);
}

void check_counts(void)
{
	const struct row *row;

	for (row = rows; row < end_of_rows; row++)
		for_each_page(row->pfn, row->n, check_count);
}

/* --- making it --- */

/* Is there a second device? */
static bool has_realtime(void)
{
	return !access(PMEM_RT, F_OK);
}

const char *random_ground(uint64_t seed)
{
	long last = ARRAY_SIZE(grounds) - 1 - !has_realtime();

	random_seed(seed);
	return grounds[chance(40) ? 0 : between(0, last)].name;
}

bool has_rmapbt(void)
{
	return !ground->no_rmapbt;
}

bool knows_its_space(void)
{
	return !ground->no_rmapbt && !ground->realtime;
}

static long size_of(const char *device)
{
	uint64_t bytes;

	control(device, BLKGETSIZE64, &bytes);
	return bytes / PAGE;
}

long filesystem_pages(void)
{
	return fs_pages;
}

bool grow_filesystem(void)
{
	char command[80];

	if (fs_pages + GROWTH > nr_pages)
		return false;
	fs_pages += GROWTH;
	snprintf(command, sizeof(command), "xfs_growfs -%c %ld " MNT " >&2",
		 ground->realtime ? 'R' : 'D', fs_pages);
	agree(!system(command), "the filesystem cannot grow");
	return true;
}

static void add_dm(long half)
{
	const struct segment segments[] = {
		{ ground->disk, half * BLOCK, half * BLOCK },
		{ ground->disk, 0, half * BLOCK },
	};

	create_dm(linear_table(segments, ARRAY_SIZE(segments)));
}

static bool dm_removed(void)
{
	return access(DM, F_OK) ||
		!system("dmsetup remove --noudevsync --noudevrules " DM_NAME);
}

/*
 * Make and mount the filesystem, with room to grow, so that new files are DAX files,
 * and those of the last directories have extents of 2 MiB.
 */
void ground_begin(const char *name)
{
	char options[200];
	long size, half;
	int i;

	for (ground = grounds; strcmp(ground->name, name); ground++)
		must(ground + 1 < grounds + ARRAY_SIZE(grounds),
		     "no ground is called %s", name);
	size = size_of(ground->disk);
	half = chunk_of(size / 2);
	end_of_rows = rows;
	nr_pages = 0;
	if (ground->linear) {
		add_dm(half);
		add_row(half, half);
		add_row(half, 0);
	} else if (ground->partition) {
		size = half - 2 * CHUNK;
		command("printf 'label: gpt\\nstart=%ld,size=%ld\\nstart=%ld,size=%ld\\n' |\n"
			"sfdisk -q %s", CHUNK * 8, size * 8, half * 8, size * 8,
			ground->disk);
		add_row(size, half);
	} else {
		add_row(size, 0);
	}
	fs_pages = nr_pages - GROWTHS * GROWTH;
	snprintf(options, sizeof(options), ground->mkfs_options,
		 fs_pages * BLOCK);
	make_fs(ground->mkfs, options, ground->device);
	mount_fs(ground->device, "xfs", ground->options);
	/* New directories go to other allocation groups. */
	for (i = 0; i < NR_FILES; i++) {
		must(!mkdir(file("%d", i), 0755), "mkdir: %m");
		if (i >= NR_SMALL)
			command("xfs_io -c 'extsize 2m' %s", file("%d", i));
	}
}

/* No filesystem, and no partitions */
static void wipe(void)
{
	command("dd if=/dev/zero of=" PMEM " bs=1M count=1 conv=fsync status=none\n"
		"blockdev --rereadpt " PMEM);
}

bool ground_end(void)
{
	if (!dm_removed())
		return false;
	unbind(PMEM);
	rebind(PMEM);
	if (has_realtime()) {
		unbind(PMEM_RT);
		rebind(PMEM_RT);
	}
	return true;
}

bool ground_repair_finds_nothing(void)
{
	char command[120];
	bool nothing;

	if (ground->linear)
		add_dm(nr_pages / 2);
	snprintf(command, sizeof(command), "xfs_repair -n%s %s >/tmp/repair 2>&1",
		 ground->realtime ? " -r " PMEM_RT : "", ground->device);
	nothing = !system(command) || (system("cat /tmp/repair >&2"), false);
	must(dm_removed(), "dmsetup remove failed");
	wipe();
	return nothing;
}

/* A process that is exiting may still use the filesystem. */
static bool unmounted(void)
{
	return !umount(MNT) || errno != EBUSY;
}

bool ground_clean_up(void)
{
	int fd = open(MNT, O_RDONLY | O_CLOEXEC);

	ioctl(fd, FITHAW, 0);
	close(fd);
	if (!within(5, unmounted) || !dm_removed())
		return false;
	wipe();
	return ground_end();
}

/* --- bad blocks --- */

static long sector_at(long where)
{
	const struct row *row = row_of(where);

	return (row->on_disk + where - row->start) * 8;
}

/* As a scrub does when it finds an error */
void record_bad_block(long where)
{
	char sectors[40];

	snprintf(sectors, sizeof(sectors), "%ld 8", sector_at(where));
	put_string(ground->badblocks, sectors);
}

bool bad_block_on_record(long where)
{
	long first, n, sector = sector_at(where);
	const char *at = text_of(ground->badblocks);

	for (; sscanf(at, "%ld %ld\n", &first, &n) == 2;
	     at = strchr(at, '\n') + 1)
		if (sector < first + n && sector + 8 > first)
			return true;
	return false;
}
