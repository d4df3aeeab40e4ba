// SPDX-License-Identifier: GPL-2.0
/*
 * The devices below the filesystem: pmem itself, a partition, a mapped device; with
 * a reverse mapping btree or without; files' data on a realtime device. And their
 * pages: the pfn of a page of the filesystem, and how it fails.
 */
#include <errno.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "devices.h"
#include "fuzz.h"

/* As in XFS's headers, which Debian has in a package of its own */
struct grow_data {
	uint64_t blocks;
	uint32_t inode_percent;
};
struct grow_realtime {
	uint64_t blocks;
	uint32_t extent_size;
};
#define FSGROWFSDATA	_IOW('X', 110, struct grow_data)
#define FSGROWFSRT	_IOW('X', 112, struct grow_realtime)

/* The filesystem can grow that often, by so many pages. */
#define GROWTHS		8
#define GROWTH		(16 * MIB / BLOCK)

enum ground { PLAIN, NO_RMAPBT, LINEAR, PARTITION, REALTIME, NR_GROUNDS };

static const char *const names[] = {
	"plain", "no-rmapbt", "linear", "partition", "realtime"
};

/* Consecutive pages of the filesystem, or of its realtime device */
struct row {
	long start, n;
	unsigned long pfn;
	long on_disk;			/* page of @disk */
};

static struct row rows[2];
static int nr_rows;
static long nr_pages;
static enum ground ground;
static const char *disk = PMEM;		/* that fails */
static char fs_device[32];			/* that the filesystem is on */
static long fs_pages;

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
	give_up("no ground is called %s", name);
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

static long size_of(const char *device)
{
	int fd = open(device, O_RDONLY);
	uint64_t bytes;

	must(fd >= 0 && !ioctl(fd, BLKGETSIZE64, &bytes), "%s: %m", device);
	close(fd);
	return bytes / PAGE;
}

/* With room to grow; and new files shall be DAX files. */
static void make_and_mount(const char *mkfs, const char *on)
{
	struct fsxattr attr;
	char options[200];
	int fd;

	fs_pages = nr_pages - GROWTHS * GROWTH;
	snprintf(fs_device, sizeof(fs_device), "%s", on);
	snprintf(options, sizeof(options), ground == REALTIME ?
		 "-i exchange=1 -d rtinherit=1 -r rtdev=" PMEM_RT ",size=%ld" :
		 "-i exchange=1 -d agsize=128m,su=2m,sw=1,size=%ld",
		 fs_pages * BLOCK);
	make_fs(mkfs, options, fs_device);
	mount_fs(fs_device, "xfs", ground == REALTIME ?
		 "dax=inode,rtdev=" PMEM_RT : "dax=inode");
	fd = open(MNT, O_RDONLY);
	must(fd >= 0 && !ioctl(fd, FS_IOC_FSGETXATTR, &attr), MNT ": %m");
	attr.fsx_xflags |= FS_XFLAG_DAX;
	must(!ioctl(fd, FS_IOC_FSSETXATTR, &attr), "FSSETXATTR: %m");
	close(fd);
}

long filesystem_pages(void)
{
	return fs_pages;
}

bool grow_filesystem(void)
{
	struct grow_data data = { .inode_percent = 25 };
	struct grow_realtime realtime = { .extent_size = 1 };
	int fd, ret;

	if (fs_pages + GROWTH > nr_pages)
		return false;
	fs_pages += GROWTH;
	data.blocks = realtime.blocks = fs_pages;
	fd = open(MNT, O_RDONLY);
	must(fd >= 0, MNT ": %m");
	ret = ground == REALTIME ? ioctl(fd, FSGROWFSRT, &realtime) :
		ioctl(fd, FSGROWFSDATA, &data);
	if (ret)
		differ("the filesystem cannot grow (%m)");
	close(fd);
	return true;
}

static void add_dm(void)
{
	long half = size_of(disk) / 2 & ~(CHUNK - 1L);
	const struct segment segments[] = {
		{ disk, half * BLOCK, half * BLOCK },
		{ disk, 0, half * BLOCK },
	};

	create_dm(linear_table(segments, ARRAY_SIZE(segments)));
}

static bool dm_removed(void)
{
	return access(DM, F_OK) ||
		!system("dmsetup remove --noudevsync --noudevrules " DM_NAME);
}

static void make_linear(void)
{
	long half = size_of(disk) / 2 & ~(CHUNK - 1L);

	add_dm();
	add_row(half, half);
	add_row(half, 0);
	make_and_mount(MKFS_XFS, DM);
}

static void make_partition(void)
{
	long half = size_of(disk) / 2 & ~(CHUNK - 1L);
	char path[sizeof(fs_device)];

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
	make_and_mount(MKFS_XFS ",metadir=1", PMEM);
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

/* No filesystem, and no partitions */
static void wipe(void)
{
	static char zero[1024 * 1024] __attribute__((aligned(4096)));
	int fd = open(PMEM, O_WRONLY | O_DIRECT);

	must(fd >= 0 && write(fd, zero, sizeof(zero)) == sizeof(zero) &&
	     !ioctl(fd, BLKRRPART), PMEM ": %m");
	close(fd);
}

bool ground_end(void)
{
	if (!dm_removed())
		return false;
	renew(PMEM);
	if (!access(PMEM_RT, F_OK))
		renew(PMEM_RT);
	return true;
}

bool ground_repair_finds_nothing(void)
{
	char command[120];
	bool nothing;

	if (ground == LINEAR)
		add_dm();
	snprintf(command, sizeof(command), "xfs_repair -n%s %s >/tmp/repair 2>&1",
		 ground == REALTIME ? " -r " PMEM_RT : "", fs_device);
	nothing = !system(command) || (system("cat /tmp/repair >&2"), false);
	must(dm_removed(), "dmsetup remove failed");
	wipe();
	return nothing;
}

bool ground_clean_up(void)
{
	int tries = 0, fd = open(MNT, O_RDONLY | O_CLOEXEC);

	ioctl(fd, FITHAW, 0);
	close(fd);
	while (umount(MNT)) {
		if (errno != EBUSY)
			break;
		if (++tries == 50)
			return false;
		usleep(100 * 1000);
	}
	if (!dm_removed())
		return false;
	wipe();
	return ground_end();
}

/* --- having a page fail --- */

static const char *badblocks(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/sys/block/%s/badblocks",
		 strrchr(disk, '/') + 1);
	return path;
}

long sector_at(long where)
{
	const struct row *row = row_of(where);

	return (row->on_disk + where - row->start) * 8;
}

/* As a scrub does that has found the error */
void record_bad_block(long sector)
{
	char sectors[40];

	snprintf(sectors, sizeof(sectors), "%ld 8", sector);
	put_string(badblocks(), sectors);
}

bool bad_block_on_record(long where)
{
	long first, n, sector = sector_at(where);
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
}

/* --- direct I/O --- */

static char loop[24];
static int loop_content = -1;

/* The loop device goes away with the process that has it open. */
static void make_loop(void)
{
	struct loop_config config = {
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd;

	loop_content = memfd_create("fuzz", MFD_CLOEXEC);
	must(loop_content >= 0 && !ftruncate(loop_content, PAGE), "memfd: %m");
	must(control >= 0, "/dev/loop-control: %m");
	snprintf(loop, sizeof(loop), "/dev/loop%d",
		 ioctl(control, LOOP_CTL_GET_FREE));
	close(control);
	fd = open(loop, O_RDWR | O_CLOEXEC);
	config.fd = loop_content;
	must(fd >= 0 && !ioctl(fd, LOOP_CONFIGURE, &config), "%s: %m", loop);
}

const char *direct_io_device(void)
{
	if (loop_content < 0)
		make_loop();
	return loop;
}

int direct_io_file(void)
{
	direct_io_device();
	return loop_content;
}
