// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of two filesystems, on partitions of one device, fail at the same time,
 * while a third is mounted and unmounted: each is the business of its own.
 */
#include <sys/mount.h>
#include "devices.h"
#include "race.h"

#define PAGES		1000UL
#define MOUNTS		"both filesystems mount"

static const char *const partitions[] = { PMEM "p1", PMEM "p2", PMEM "p3" };
static const char *const places[] = { "1", "2", "3" };

static void mount_and_unmount(struct racer *r)
{
	int ret = try_mount(partitions[2], places[2], "xfs", "dax=always");

	(void)r;
	must(!ret, "mount %s: %s", partitions[2], strerror(-ret));
	must(unmount_from(places[2]), "unmount %s", partitions[2]);
}

static void run(void)
{
	struct witness *witnesses[2];
	struct field *f[2];
	long failed = 0;
	unsigned long i = 4;
	int ret[2], nr;

	if (access(PMEM, F_OK))
		skip("there is no " PMEM);
	command("printf 'label: gpt\\n,600M\\n,600M\\n,600M\\n' | sfdisk -q "
		PMEM);
	for (nr = 0; nr < 3; nr++)
		make_fs(MKFS_XFS, NULL, partitions[nr]);
	for (nr = 0; nr < 2; nr++)
		ret[nr] = try_mount(partitions[nr], places[nr], "xfs",
				    "dax=always");
	if (!check(!ret[0] && !ret[1], MOUNTS)) {
		remark("%s and %s", strerror(-ret[0]), strerror(-ret[1]));
		for (nr = 0; nr < 2; nr++)
			if (!ret[nr])
				unmount_from(places[nr]);
		return;
	}

	for (nr = 0; nr < 2; nr++) {
		f[nr] = make_field_on(partitions[nr],
				      file("%s/f", places[nr]), PAGES);
		clone_file(file("%s/f", places[nr]), file("%s/w", places[nr]));
		clone_file(file("%s/f", places[nr]), file("%s/r", places[nr]));
		clone_file(file("%s/f", places[nr]), file("%s/c", places[nr]));
		witnesses[nr] = witness(f[nr], file("%s/w", places[nr]));
		start_injector(nr, f[nr]);
		enter(f[nr], file("%s/r", places[nr]), read_around, 0,
		      "reader of %s", places[nr]);
		enter(f[nr], file("%s/c", places[nr]), copy_on_write, 0,
		      "writer of %s", places[nr]);
	}
	enter(f[0], file("3"), mount_and_unmount, 0, "mounts of 3");
	race_on(5);

	for (; i < PAGES && race_lasts(i > 24); i++) {
		aim(i);
		fail_at_once(i, i, i, ret);
		for (nr = 0; nr < 2; nr++) {
			failed += ret[nr] < 0;
			ask(witnesses[nr], i);
		}
	}
	dismiss_injectors();
	check_failures(i - 4, failed);
	race_over();
	check(alive_in(places[0]) && alive_in(places[1]), "both go on");
	end_race();

	check(unmount_from(places[0]) & unmount_from(places[1]),
	      "both filesystems unmount");
	check_pages();
	for (nr = 0; nr < 3; nr++) {
		part("partition %s", places[nr]);
		check_repair(partitions[nr]);
	}
}

SCENARIO("pages fail in two filesystems on one device at the same time",
	.cpus = 4, .seconds = 120, .debug = true,
	/* Base refuses to mount them: a dax_device has one holder. */
	.base.fails = { MOUNTS },
	.holder_as_base = true,
	.core_as_base = true);
