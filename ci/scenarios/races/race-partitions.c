// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of two filesystems, on partitions of one device, fail at the same time,
 * while a third is mounted and unmounted: each failure concerns only its own.
 */
#include "devices.h"
#include "race.h"

#define PAGES		1000UL

static void mount_and_unmount(struct racer *r, unsigned long i)
{
	must(!try_mount(partition(3), place(3), "xfs", "dax=always"));
	must(unmount_from(place(3)));
}

static const struct entry entries[][3] = {
	{ { "1/r", read_around, "reader of 1", READABLE },
	  { "1/c", copy_on_write, "writer of 1", WRITABLE },
	  { "1/f", mount_and_unmount, "mounts of 3" } },
	{ { "2/r", read_around, "reader of 2", READABLE },
	  { "2/c", copy_on_write, "writer of 2", WRITABLE } },
};

static void run(void)
{
	struct witness *witnesses[2];
	struct field *f[2];
	long failed = 0;
	unsigned long i = 4;
	int ret[2], nr;

	make_partitions(3, 600);
	make_fs(MKFS_XFS, NULL, partition(3));
	if (!check(mount_two(1, "dax=always"), BOTH_MOUNT))
		return;

	for (nr = 0; nr < 2; nr++) {
		f[nr] = make_field(partition(nr + 1), file("%d/f", nr + 1), PAGES,
				   false);
		witnesses[nr] = enter_all(f[nr], nr ? "2/w" : "1/w",
					  entries[nr], nr ? 2 : 3);
	}
	race_on(5);

	for (; i < PAGES && race_lasts(i > 24); i++) {
		aim(i);
		fail_at_once(f[i & 1]->first + i, f[~i & 1]->first + i, ret);
		for (nr = 0; nr < 2; nr++) {
			failed += ret[nr] < 0;
			ask(witnesses[nr], i);
		}
	}
	check_failures(i - 4, failed);
	race_over();
	check(alive_in(place(1)) && alive_in(place(2)), "both go on");
	end_race();

	check(unmount_two(1), BOTH_UNMOUNT);
	check_pages();
	for (nr = 0; nr < 3; nr++) {
		part("partition %d", nr + 1);
		check_repair(partition(nr + 1));
	}
}

SCENARIO("pages fail in two filesystems on one device at the same time",
	.cpus = 4, .seconds = 120, .debug = true,
	/* Base refuses to mount them: a dax_device has one holder. */
	.base.fails = { BOTH_MOUNT },
	BETWEEN_AS_BASE);
