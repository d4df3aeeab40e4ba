// SPDX-License-Identifier: GPL-2.0
/*
 * Files of EROFS share chunks with equal contents, and one file can have a chunk at
 * several offsets. Pages 0 and 26 of a file are equal, see fill().
 */
#include "devices.h"

#define TREE		"/tmp/tree"
#define PAGES		27
#define READABLE	"the other chunks can be read"

static void mount_image(void)
{
	mount_fs(PMEM, "erofs", "dax=always");
}

static void make_tree(void)
{
	must(!mkdir(TREE, 0755));
	make_file(TREE "/f", PAGES * PAGE);
	make_file(TREE "/g", PAGES * PAGE);
}

static void make_image(void)
{
	need(PMEM);
	make_tree();
	/* It would ask the device to discard its contents, which pmem does not. */
	command("mkfs.erofs --quiet --chunksize=%lu /tmp/image " TREE, PAGE);
	command("cat /tmp/image >" PMEM);
	mount_image();
}

/* It is read-only. */
static struct proc *map_chunk_by(const char *name, const char *path, off_t offset)
{
	struct proc *p = start("%s", name);

	map(p, path, offset, PAGE, PROT_READ, MAP_SHARED);
	must(reads(p));
	return p;
}

static struct proc *const *map_chunk(void)
{
	static struct proc *procs[4];

	procs[0] = map_chunk_by("file", file("f"), 0);
	procs[1] = map_chunk_by("other offset", file("f"), 26 * PAGE);
	procs[2] = map_chunk_by("other file", file("g"), 0);
	return procs;
}

static void chunks(void)
{
	struct proc *next;

	make_image();
	next = map_chunk_by("next page", file("f"), PAGE);
	fail_page_of_all(map_chunk());
	check(kept(next), NEXT_KEPT);
	check(read_byte(file("g"), 2 * PAGE) == fill(2), READABLE);
}

static void removed(void)
{
	struct proc *const *procs;

	early_kill(false);
	make_image();
	procs = map_chunk();
	unbind(PMEM);
	check(all_of(lost, procs), NONE_MAPPED);
	check(all_of(got_ao, procs), GETS_ONE);
	finish_all();
	check(unmount(), UNMOUNTS);
	rebind(PMEM);
	mount_image();
	check(read_byte(file("g"), 26 * PAGE) == fill(0), READABLE);
}

/*
 * --- two images have their chunks on one additional device, and each mount its own
 * proxy mapping for it ---
 */

#define BLOB		PMEM_RT

static void mount_with_blob(int nr)
{
	must(!try_mount(partition(nr), place(nr), "erofs",
			"dax=always,device=" BLOB));
}

static void two_mounts(void)
{
	struct proc *p;
	int i;

	need(BLOB);
	early_kill(false);
	make_tree();
	command("mkfs.erofs --quiet --chunksize=%lu --blobdev=/tmp/blob /tmp/image "
		TREE, PAGE);
	command("cat /tmp/blob >" BLOB);
	make_partitions(2, 100);
	for (i = 1; i <= 2; i++) {
		command("cat /tmp/image >%s", partition(i));
		mount_with_blob(i);
	}
	p = map_chunk_by("first mount", file("1/f"), 0);
	finish(map_chunk_by("second mount", file("2/g"), 0));
	check(unmount_from("2"), "the second one unmounts");
	/* Nothing stands for the users of the page: it may not find them. */
	remark("memory_failure() returned %d", poison(page_of(p)));
	check(load(p, p->at) == SIGNALLED || reads(p), "the page is lost or there");

	unbind(BLOB);
	check(access(BLOB, F_OK), "the additional device goes away");
	finish_all();
	check(unmount_from("1"), "the first one unmounts");
}

SCENARIOS(
	{ "erofs", "files of EROFS share a chunk", chunks,
	  .base.splat = "WARNING: fs/dax\\.c",
	  .holder.fails = { SUCCEEDS, REACHED, UNMAPPED },
	  .core.fails = { SUCCEEDS, REACHED, UNMAPPED } },
	{ "erofs-two-mounts", "EROFS mounts share an additional device", two_mounts,
	  .machine = "both",
	  .base.splat = "BUG: unable to handle page fault", BETWEEN_AS_BASE },
	{ "unbind-erofs", "the device of files that share a chunk goes away", removed,
	  .base.splat = "BUG: unable to handle page fault", BETWEEN_AS_BASE }
);
