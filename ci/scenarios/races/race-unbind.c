// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away while its files are faulted in, written to, truncated,
 * created and unlinked, and its pages fail and are pinned. No process keeps a
 * page, all that mapped some are signalled, and later operations fail. Then the
 * device comes back.
 */
#include <sys/mount.h>
#include <sys/uio.h>
#include "race.h"
#include "devices.h"

#define CYCLES		3
#define PAGES		400UL
#define NAMESPACE	"namespace0.0"
#define STRUCT_PAGE_GONE "unable to handle page fault for address: ffffea"

/*
 * All racers continue after their operations have begun to fail, and yield the
 * processor then.
 */
static void try_touch(struct racer *r)
{
	if (touch(at_page(r, dice(r, PAGES))) == SIGNALLED)
		usleep(1000);
}

static void read_again(struct racer *r, unsigned long i)
{
	madvise((void *)at_page(r, dice(r, PAGES - 8)), 8 * PAGE,
		MADV_DONTNEED);
	try_touch(r);
}

static void overwrite(struct racer *r, unsigned long i)
{
	i = dice(r, PAGES);
	drop_page(r, i);
	if (scribble(at_page(r, i), '1') == SIGNALLED)
		usleep(1000);
}

static void clone_again(struct racer *r, int fd)
{
	int src = open(r->field->path, O_RDONLY);

	if (src >= 0) {
		ioctl(fd, FICLONE, src);
		close(src);
	}
}

static void truncate_and_restore(struct racer *r, unsigned long i)
{
	int fd = open(r->path, O_RDWR);

	try_touch(r);
	if (fd < 0)
		return;
	if (!ftruncate(fd, dice(r, PAGES) * PAGE))
		clone_again(r, fd);
	close(fd);
}

static void make_and_unlink(struct racer *r, unsigned long i)
{
	int fd = open(r->path, O_RDWR | O_CREAT, 0644);

	if (fd < 0) {
		usleep(1000);
		return;
	}
	clone_again(r, fd);
	if (map_pages(r, 0, PAGES, PROT_READ, MAP_SHARED))
		try_touch(r);
	unlink(r->path);
	close(fd);
	munmap((void *)r->at, PAGES * PAGE);
}

static void hold(struct racer *r, unsigned long i)
{
	struct iovec iov = { .iov_len = 4 * PAGE };
	int fds[2];

	must(!pipe(fds));
	iov.iov_base = (void *)at_page(r, dice(r, PAGES - 4));
	vmsplice(fds[1], &iov, 1, SPLICE_F_NONBLOCK);
	usleep(dice(r, 3000));
	close(fds[0]);
	close(fds[1]);
}

/* Processes that wait for the thaw must not hang. */
static void freeze(struct racer *r, unsigned long i)
{
	int fd = open(MNT, O_RDONLY);

	if (fd >= 0 && !ioctl(fd, FIFREEZE, 0)) {
		usleep(5 * 1000);
		ioctl(fd, FITHAW, 0);
	}
	if (fd >= 0)
		close(fd);
	usleep(50 * 1000);
}

static void have_fail(struct racer *r, unsigned long i)
{
	fail(r->field, dice(r, PAGES));
	usleep(20 * 1000);
}

static bool there(void)
{
	return !access(PMEM, F_OK);
}

/* In another process, so that a hang can be reported. */
static bool can_unbind(void)
{
	pid_t pid = fork_child();

	if (!pid) {
		put_string(DRIVER "unbind", NAMESPACE);
		_exit(0);
	}
	return !wait_for(pid);
}

static struct proc *start_keeper(int nr)
{
	struct proc *p = start("keeper %d", nr);

	map(p, file("quiet.%d", nr), 0, PAGES * PAGE, PROT_READ, MAP_SHARED);
	populate(p, PAGES * PAGE);
	return p;
}

static bool keeper_signalled(struct proc *p)
{
	const volatile struct signal_got *got = &p->seen->got[0];
	int n = signals(p);

	if (n == 1 && got->code == BUS_MCEERR_AO &&
	    got->addr - p->at < PAGES * PAGE && got->lsb == PAGE_LSB)
		return true;
	remark("%s got %d signals, the first %d at %#lx, lsb %d", p->name, n,
	       got->code, got->addr - p->at, got->lsb);
	return false;
}

static bool keeper_lost(struct proc *p)
{
	unsigned long i;

	for (i = 0; i < PAGES; i++)
		if (maps(p, p->at + i * PAGE)) {
			remark("%s has page %lu", p->name, i);
			return false;
		}
	return load(p, p->at) == SIGNALLED;
}

static const struct entry entries[] = {
	{ "read", read_again, "reader", READABLE },
	{ "cow", overwrite, "writer", WRITABLE },
	{ "cut", truncate_and_restore, "truncater", READABLE },
	{ "new", make_and_unlink, "unlinker" },
	{ "read", hold, "holder", READABLE },
	{ "f", freeze, "freezer" },
	{ "f", have_fail, "failures" },
};

static void cycle(int nr)
{
	struct proc *a, *b;
	struct field *f;

	part("cycle %d", nr);
	mount_xfs(NULL);
	f = make_field(PMEM, file("f"), PAGES, false);
	make_field(PMEM, file("quiet.0"), PAGES, false);
	clone_file(file("quiet.0"), file("quiet.1"));
	a = start_keeper(0);
	b = start_keeper(1);
	enter_all(f, NULL, entries, ARRAY_SIZE(entries));
	race_on(5);
	usleep((1000 + 200 * nr) * 1000);

	device_goes(true);
	check(can_unbind() && !there(), "the device can be unbound");
	check(!device_mapped(), "no racer has a page of it");
	check(all(keeper_signalled, a, b),
	      "processes that had pages of it are signalled once");
	check(all(keeper_lost, a, b),
	      "they have none left, and can get none");
	check(!alive(), "the filesystem is shut down");
	usleep(200 * 1000);
	race_over();
	check(!device_mapped(), "no racer gets one again");
	end_race();
	check(unmount(), "the filesystem unmounts");
	put_string(DRIVER "bind", NAMESPACE);
	must(within(5, there), PMEM " does not come back");
	device_goes(false);
}

static void run(void)
{
	int nr;

	if (access(DRIVER NAMESPACE, F_OK))
		skip(NAMESPACE " is not bound to nd_pmem");
	for (nr = 0; nr < CYCLES; nr++)
		cycle(nr);

	part("back");
	check(!mount(PMEM, MNT, "xfs", 0, "dax=always"),
	      "the filesystem mounts again");
	check(read_byte(file("quiet.1"), 7 * PAGE) == fill(7),
	      "its files can be read");
	check(!umount(MNT), "it unmounts");
	check_device();
}

SCENARIO("the device goes while its pages are faulted in, held and fail",
	.cpus = 8, .seconds = 120, .debug = true,
	/*
	 * Base walks 2^32 pages of a file one by one. Or it has shut the
	 * filesystem down before, for an inode under eviction; then it finds no
	 * owners, and pages stay mapped that lose their struct pages.
	 */
	.base = {
		.hangs = "mf_dax_kill_procs|" STRUCT_PAGE_GONE,
		.splat = STRUCT_PAGE_GONE,
		.seconds = 30,
	},
	/* A page fault after the query maps pages of the device that goes away. */
	BETWEEN_AS_BASE);
