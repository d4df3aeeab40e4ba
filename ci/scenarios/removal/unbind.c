// SPDX-License-Identifier: GPL-2.0
/*
 * The pmem device below a filesystem goes away, with pages mapped in every way:
 * the memory behind these mappings is the device's, so they must go with it.
 */
#include "devices.h"
#include "removal.h"

#define ALIGNED	"-d agsize=256m,su=2m,sw=1"
#define ALL	(REFLINKS | PMDS | FILES)

/* Base leaves it all mapped, and frees the struct pages. */
#define BASE_CRASHES \
	.base.splat = "BUG: unable to handle page fault", \
	.holder_as_base = true, .core_as_base = true

static const struct segment segment = { PMEM, 64 * MIB, 1536 * MIB };

/* Each is a program, by the name it is called by. */
static const struct kind {
	struct scenario says;
	const char *mkfs, *options, *type, *mount;
	int features;
	bool dm, repair;
} kinds[] = {
	{ { "unbind", "the device below XFS goes away, mapped in every way",
	    /* Base adds 1 to the last block of an AG, 0xffffffff, and spins. */
	    .base = { .hangs = "mf_dax_kill_procs", .seconds = 30 },
	    .holder.fails = { "removed: " NOT_CORRUPTED },
	    /* It is told as a failure of memory, to each who maps a sharer. */
	    .core.fails = { "removed: " TOLD_ONCE, "removed: " UNTOLD,
			    "removed: " NOT_CORRUPTED } },
	  MKFS_XFS, ALIGNED, "xfs", "dax=always", ALL, .repair = true },
	/* Mapped devices hand nothing on. */
	{ { "unbind-dm", "the device below dm-linear and XFS goes away",
	    BASE_CRASHES },
	  MKFS_XFS, ALIGNED, "xfs", "dax=always", ALL, .dm = true },
	/*
	 * ext4 has no part in this: mm finds the mappings by the pages. With
	 * clusters of 2 MiB files are aligned to them.
	 */
	{ { "unbind-ext4",
	    "the device below ext4 goes away, mapped in every way",
	    BASE_CRASHES },
	  MKFS_EXT4, "-O bigalloc -C 2097152", "ext4", "dax=always",
	  PMDS | FILES },
	{ { "unbind-no-rmapbt",
	    "the device below XFS without rmapbt goes away", BASE_CRASHES },
	  MKFS_XFS_NO_RMAPBT, ALIGNED, "xfs", "dax=always", ALL },
	/* The device that has the metadata stays. */
	{ { "unbind-realtime",
	    "XFS's realtime device goes away, mapped in every way", "both",
	    /* Base tells who has a copy, too, and that their memory is bad. */
	    .base.fails = { "removed: " UNTOLD, "removed: " NOT_CORRUPTED },
	    .core_as_base = true },
	  MKFS_XFS ",metadir=1", "-d rtinherit=1 -r rtdev=" PMEM_RT, "xfs",
	  "dax=always,rtdev=" PMEM_RT, REFLINKS },
};

static const struct kind *kind;

static void run(void)
{
	const char *gone = kind->says.machine ? PMEM_RT : PMEM;
	const char *disk = kind->dm ? DM : PMEM;

	early_kill(false);
	if (access(gone, F_OK))
		skip("there is no %s", gone);
	if (kind->dm)
		create_dm(linear_table(&segment, 1));
	make_fs(kind->mkfs, kind->options, disk);
	mount_fs(disk, kind->type, kind->mount);
	map_in_every_way(kind->features);

	part("removed");
	unbind(gone);
	check_removed();
	if (kind->dm)
		remove_dm();

	part("back again");
	rebind(gone);
	if (kind->dm)
		create_dm(linear_table(&segment, 1));
	mount_fs(disk, kind->type, kind->mount);
	check_kept();
	if (!kind->dm && !kind->repair)
		return;
	check(unmount(), UNMOUNTS);
	if (kind->dm)
		remove_dm();
	else
		check(!system("xfs_repair -n " PMEM " >&2"),
		      "xfs_repair finds nothing to repair");
}

struct scenario scenario;

__attribute__((constructor)) static void become(void)
{
	for (kind = kinds; strcmp(kind->says.name,
				  program_invocation_short_name); kind++)
		must(kind + 1 < kinds + ARRAY_SIZE(kinds),
		     "%s: no scenario of this name",
		     program_invocation_short_name);
	scenario = kind->says;
	scenario.run = run;
}
