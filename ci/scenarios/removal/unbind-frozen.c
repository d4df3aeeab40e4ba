// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away while filesystems are frozen and processes sleep in page
 * faults: of a store, and of a read() from the device into a mapping.
 */
#include <sys/mount.h>
#include "devices.h"

#define OTHER		PMEM_RT
#define UNBOUND		"the device can be unbound"
#define READ_FAILS	"read() into a page of a frozen filesystem fails"
#define STORE_FAILS	"a store to a page of a frozen filesystem draws SIGBUS"

static const struct segment segment = { PMEM, 64 * MIB, 512 * MIB };

/* --- the sleepers, each a process --- */

static pid_t reader, storer;

static pid_t start_sleeper(const char *mapped, const char *read)
{
	pid_t pid = fork_child();
	volatile char *at;
	int fd;

	if (pid)
		return pid;
	fd = open(mapped, O_RDWR);
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		_exit(2);
	if (read)
		_exit(pread(open(read, O_RDONLY), (void *)at, PAGE, 0) >= 0);
	*at = 'x';
	_exit(1);
}

static bool both_sleep(void)
{
	return process_state(reader) == 'D' && process_state(storer) == 'D';
}

/* The second file is mapped, the first one read into it. */
static void start_sleepers(const char *read, const char *mapped)
{
	reader = start_sleeper(mapped, read);
	storer = start_sleeper(mapped, NULL);
	must(within(5, both_sleep), "not both sleep");
}

static bool have_ended(void)
{
	return process_state(reader) == 'Z' && process_state(storer) == 'Z';
}

static void check_ended(bool store_fails)
{
	int status;

	must(within(5, have_ended), "they sleep on");
	check_result(wait_for(reader), 0, READ_FAILS);
	status = wait_for(storer);
	if (store_fails)
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
		      STORE_FAILS);
}

/* --- */

static void make_files(void)
{
	make_file(file("read"), 4 * PAGE);
	make_file(file("mapped"), 4 * PAGE);
}

/*
 * mm shuts down and thaws the filesystems it knows to use the device. It does not know
 * ext4, which has no page in use here.
 */
static void frozen_by_ioctl(const char *type, bool known)
{
	part("%s, frozen", type);
	make_files();
	control(MNT, FIFREEZE, NULL);
	start_sleepers(file("read"), file("mapped"));
	unbind(PMEM);
	check(access(PMEM, F_OK), UNBOUND);
	if (!known)
		control(MNT, FITHAW, NULL);
	check_ended(true);
	check(!alive(), SHUT_DOWN);
	check(unmount(), UNMOUNTS);
	rebind(PMEM);
}

static void frozen_by_mapper(bool twice)
{
	part(twice ? "frozen, and suspended" : "suspended");
	mount_on_dm(linear_table(&segment, 1), NULL);
	make_files();
	if (twice)
		control(MNT, FIFREEZE, NULL);
	dm("suspend", "");
	start_sleepers(file("read"), file("mapped"));
	unbind(PMEM);
	check(access(PMEM, F_OK), UNBOUND);
	check_ended(true);
	check(!alive(), SHUT_DOWN);
	dm("resume", "");
	check(unmount(), UNMOUNTS);
	check(mount(DM, MNT, "xfs", 0, NULL) && errno != EBUSY,
	      "the mapped device does not count as frozen");
	remove_dm();
	rebind(PMEM);
}

/* No process has a reason to thaw that filesystem. */
static void another_frozen(void)
{
	part("another one is frozen");
	mount_xfs(NULL);
	make_files();
	make_fs(MKFS_EXT4, NULL, OTHER);
	must(!try_mount(OTHER, "other", "ext4", "dax=always"));
	make_file(file("other/mapped"), 4 * PAGE);
	control(file("other"), FIFREEZE, NULL);
	start_sleepers(file("read"), file("other/mapped"));
	unbind(PMEM);
	check(access(PMEM, F_OK), UNBOUND);
	check(both_sleep(), "they sleep on");
	control(file("other"), FITHAW, NULL);
	check_ended(false);
	check(read_byte(file("other/mapped"), PAGE) == fill(1),
	      "the other one goes on");
	check(unmount_from("other") && unmount(), UNMOUNTS);
}

static void run(void)
{
	need(OTHER);
	early_kill(false);
	mount_ext4(NULL);
	frozen_by_ioctl("ext4", false);
	mount_xfs(NULL);
	frozen_by_ioctl("XFS", true);
	frozen_by_mapper(false);
	frozen_by_mapper(true);
	another_frozen();
}

SCENARIO("the device goes away while filesystems are frozen",
	.machine = "both",
	/* kill_dax() waits for read(), which sleeps with dax_read_lock() held. */
	.base = { .hangs = "kill_dax", .seconds = 30 },
	/* dax_read_lock() is no longer held across the sleep, but nothing thaws. */
	.holder.says = "suspended: they sleep on",
	.core.says = "suspended: they sleep on");
