// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of a file's extended attributes and extent map fail. No process maps
 * them, and the filesystem must shut down.
 */
#include <sys/xattr.h>
#include "devices.h"

struct kind {
	const char *title;
	uint32_t flag;
	void (*make)(const char *path);
};

struct wanted {
	uint64_t inode;
	uint32_t flag;
};

static bool is_block(const struct fsmap *rec, const void *data)
{
	const struct wanted *w = data;

	return rec->fmr_owner == w->inode && (rec->fmr_flags & w->flag) &&
	       !(rec->fmr_flags & FMR_OF_SPECIAL_OWNER);
}

/* More than an inode has room for */
static void make_attributes(const char *path)
{
	static char value[4000];

	must(!setxattr(path, "user.large", value, sizeof(value), 0),
	     "setxattr: %m");
}

static void make_extents(const char *path)
{
	int i;

	for (i = 4; i < 200; i += 2)
		must(!write_page(path, i * PAGE, 'x'), "pwrite");
}

static void fail_block(const struct kind *kind)
{
	struct wanted wanted = { .flag = kind->flag };
	struct proc *p;
	struct stat st;
	int64_t place;

	part("%s", kind->title);
	mount_xfs(NULL);
	make_reflinks(4 * PAGE, "f", "clone");
	kind->make(file("f"));
	settle();
	p = map_by("bystander", file("f"), PAGE);
	must(!stat(file("f"), &st), "stat: %m");
	wanted.inode = st.st_ino;
	place = find_extent(MNT, is_block, &wanted, NULL);
	must(place >= 0, "the file has no such block");

	check_error(poison(pmem_pfn(PMEM, place)));
	check(!alive(), SHUTS_DOWN);
	check(got_none(p) && reads(p),
	      "a process that maps the file's data gets nothing and can read it");
	finish(p);
	check(unmount(), "it unmounts");
}

static void run(void)
{
	static const struct kind kinds[] = {
		{ "attributes", FMR_OF_ATTR_FORK, make_attributes },
		{ "extent map", FMR_OF_EXTENT_MAP, make_extents },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		fail_block(&kinds[i]);
}

SCENARIO("a block of a file's attributes or of its extent map fails");
