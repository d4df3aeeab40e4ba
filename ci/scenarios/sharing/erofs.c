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

static void make_image(void)
{
	must(!mkdir(TREE, 0755));
	make_file(TREE "/f", PAGES * PAGE);
	make_file(TREE "/g", PAGES * PAGE);
	need(PMEM);
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
	check(all_of(lost, procs), "no process maps a page of the device any longer");
	check(all_of(got_ao, procs),
	      "a process that had some mapped gets one BUS_MCEERR_AO");
	finish_all();
	check(unmount(), UNMOUNTS);
	rebind(PMEM);
	mount_image();
	check(read_byte(file("g"), 26 * PAGE) == fill(0), READABLE);
}

SCENARIOS(
	{ "erofs", "files of EROFS share a chunk", chunks,
	  .base.splat = "WARNING: fs/dax\\.c",
	  .holder.fails = { SUCCEEDS, REACHED, UNMAPPED },
	  .core.fails = { SUCCEEDS, REACHED, UNMAPPED } },
	{ "unbind-erofs", "the device of files that share a chunk goes away", removed,
	  .base.splat = "BUG: unable to handle page fault", BETWEEN_AS_BASE }
);
