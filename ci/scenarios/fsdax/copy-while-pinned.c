// SPDX-License-Identifier: GPL-2.0
/*
 * A shared page is pinned, for direct I/O or in a pipe, while the file is
 * written to and gets another block. After that, no DAX entry points to the
 * page, but the pin remains: of 2 MiB if a PMD maps it.
 */
#include <sys/uio.h>
#include "scenario.h"

static void copy_while_pinned(const char *title, bool huge, bool by_pwrite)
{
	const char *f = file("%s.f", title), *g = file("%s.g", title);
	struct proc *a;
	size_t size = huge ? PMD : 4 * PAGE;
	struct iovec iov = { .iov_len = PAGE };
	unsigned long gap;
	char page[PAGE];
	int fd, fds[2];
	char *at;

	part("%s", title);
	if (huge)
		make_huge_file(f, size);
	else
		make_file(f, size);
	clone_file(f, g);

	/* A pin of a page that this process maps itself; nothing fails here. */
	fd = open_file(f, O_RDWR);
	at = mmap(NULL, size + PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	gap = -(unsigned long)at & (PMD - 1);
	at = mmap(at + gap, size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED, fd, 0);
	must(at != MAP_FAILED, "mmap %s: %m", f);
	iov.iov_base = at + PAGE;
	must(!pipe(fds) && vmsplice(fds[1], &iov, 1, 0) == (ssize_t)PAGE,
	     "vmsplice: %m");

	if (by_pwrite)
		must(!write_page(f, PAGE, '1'), "pwrite");
	else
		memset(at + PAGE, '1', PAGE);
	check(at[PAGE] == '1' && at[2 * PAGE - 1] == '1', "the copy can be read");
	check(at[0] == fill(0) && at[2 * PAGE] == fill(2) &&
	      at[3 * PAGE] == fill(3), "so can other pages");
	a = map_by("a", g, PAGE);
	check(a->byte == fill(1), "the other file has its data");
	/* A reader of the pipe gets the page, which is the other file's now. */
	must(read(fds[0], page, PAGE) == (ssize_t)PAGE, "read: %m");
	check(page[0] == fill(1) && page[PAGE - 1] == fill(1),
	      "so has the pipe");
	close(fds[0]);
	close(fds[1]);
	munmap(at, size);
	close(fd);
	finish(a);

	/* Is any page still counted as busy? */
	check(!truncate(f, 0) && !truncate(g, 0), "both files can be truncated");
}

static void run(void)
{
	mount_xfs("-d agsize=256m,su=2m,sw=1");
	copy_while_pinned("store", false, false);
	copy_while_pinned("pwrite", false, true);
	copy_while_pinned("huge store", true, false);
	copy_while_pinned("huge pwrite", true, true);
}

SCENARIO("a shared page is pinned when it is copied on write",
	.seconds = 30,
	/* Base splits a folio that is referenced, then waits for it endlessly. */
	.base.hangs = "WARNING: fs/dax\\.c:[0-9]+ at dax_disassociate_entry");
