// SPDX-License-Identifier: GPL-2.0
/*
 * The devices below the filesystem: pmem itself, a partition, a mapped device; with
 * a reverse mapping btree or without; files' data on a realtime device. And their
 * pages: the pfn of a page of the filesystem, and how it fails.
 */
#include <linux/loop.h>
#include <sys/mount.h>
#include "devices.h"
#include "fuzz.h"

/* The filesystem can grow this often, by this many pages. */
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
static const char *fs_device;		/* that the filesystem is on */
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
	random_seed(seed);
	return chance(40) ? PLAIN :
		below(access(PMEM_RT, F_OK) ? REALTIME : NR_GROUNDS);
}

bool has_rmapbt(void)
{
	return ground != NO_RMAPBT;
}

bool knows_its_space(void)
{
	return ground != NO_RMAPBT && ground != REALTIME;
}

static long size_of(const char *device)
{
	int fd = open(device, O_RDONLY);
	uint64_t bytes;

	must(fd >= 0 && !ioctl(fd, BLKGETSIZE64, &bytes), "%s: %m", device);
	close(fd);
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
		 ground == REALTIME ? 'R' : 'D', fs_pages);
	if (system(command))
		differ("the filesystem cannot grow");
	return true;
}

static void add_dm(long half)
{
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

/*
 * Make and mount the filesystem, with room to grow, so that new files are DAX files,
 * and those of the last directories have extents of 2 MiB.
 */
void ground_begin(int nr)
{
	const char *mkfs = nr == NO_RMAPBT ? MKFS_XFS_NO_RMAPBT :
		nr == REALTIME ? MKFS_XFS ",metadir=1" : MKFS_XFS;
	char options[200];
	long half;
	int i;

	ground = nr;
	nr_rows = 0;
	nr_pages = 0;
	disk = ground == REALTIME ? PMEM_RT : PMEM;
	fs_device = ground == LINEAR ? DM : ground == PARTITION ? PMEM "p2" : PMEM;
	half = chunk_of(size_of(disk) / 2);
	switch (ground) {
	case LINEAR:
		add_dm(half);
		add_row(half, half);
		add_row(half, 0);
		break;
	case PARTITION:
		command("printf 'label: gpt\\nstart=%ld,size=%ld\\nstart=%ld,size=%ld\\n' |\n"
			"sfdisk -q %s", CHUNK * 8, (half - 2 * CHUNK) * 8,
			half * 8, (half - 2 * CHUNK) * 8, disk);
		add_row(half - 2 * CHUNK, half);
		break;
	default:
		add_row(size_of(disk), 0);
	}
	fs_pages = nr_pages - GROWTHS * GROWTH;
	snprintf(options, sizeof(options), ground == REALTIME ?
		 "-i exchange=1 -d daxinherit=1,rtinherit=1 -r rtdev=" PMEM_RT ",size=%ld" :
		 "-i exchange=1 -d daxinherit=1,agsize=128m,su=2m,sw=1,size=%ld",
		 fs_pages * BLOCK);
	make_fs(mkfs, options, fs_device);
	mount_fs(fs_device, "xfs", ground == REALTIME ?
		 "dax=inode,rtdev=" PMEM_RT : "dax=inode");
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

static void renew(const char *name)
{
	command("n=$(basename $(readlink -f /sys/block/%s/device)) &&\n"
		"cd /sys/bus/nd/drivers/nd_pmem &&\n"
		"echo $n >unbind && echo $n >bind && test -b /dev/%s", name, name);
}

bool ground_end(void)
{
	if (!dm_removed())
		return false;
	renew("pmem0");
	if (!access(PMEM_RT, F_OK))
		renew("pmem1");
	return true;
}

bool ground_repair_finds_nothing(void)
{
	char command[120];
	bool nothing;

	if (ground == LINEAR)
		add_dm(nr_pages / 2);
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

/* --- making a page fail --- */

long sector_at(long where)
{
	const struct row *row = row_of(where);

	return (row->on_disk + where - row->start) * 8;
}

static const char *badblocks(void)
{
	return ground == REALTIME ? "/sys/block/pmem1/badblocks" :
		"/sys/block/pmem0/badblocks";
}

/* As a scrub does when it finds an error */
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

/* The same as inject-mce, but faster */
void raise_machine_check(unsigned long pfn)
{
	FILE *port = fopen("/run/port/control", "r+e");
	char answer[64] = "";

	must(port && fprintf(port, "mce %#lx\n", pfn * PAGE) > 0 &&
	     !fflush(port) && fgets(answer, sizeof(answer), port) &&
	     !strcmp(answer, "ok\n"), "no machine check: %s (%m)", answer);
	fclose(port);
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
