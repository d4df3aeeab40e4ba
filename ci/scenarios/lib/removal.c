// SPDX-License-Identifier: GPL-2.0
/* A pmem device that goes away under a filesystem and those who map it. */
#include <sys/klog.h>
#include "removal.h"

#define NR	3
#define NR_FILES	6
#define VICTIM	(200 * PAGE)

static char namespace[32];

void unbind(const char *device)
{
	char link[64], target[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/block/%s/device",
		 strrchr(device, '/') + 1);
	n = readlink(link, target, sizeof(target) - 1);
	must(n > 0, "%s: %m", link);
	target[n] = '\0';
	snprintf(namespace, sizeof(namespace), "%s", strrchr(target, '/') + 1);
	remark("%s is %s", device, namespace);
	put_string(DRIVER "unbind", namespace);
	must(access(device, F_OK), "%s is still there", device);
}

void rebind(const char *device)
{
	put_string(DRIVER "bind", namespace);
	must(!access(device, F_OK), "%s did not come back", device);
}

/* --- processes that map pages of the device --- */

static struct mapper {
	struct proc *p;
	struct mapping {
		unsigned long addr;
		size_t len;
	} mappings[2 + NR_FILES];
	int nr;
} mappers[NR + 2];

static struct proc *copier, *opener, *idler;
static int opened;
static int has_features;

static const char *small(int i)
{
	return file("small.%d", has_features & REFLINKS ? i : 0);
}

static const char *huge(int i)
{
	return file("huge.%d", has_features & REFLINKS ? i : 0);
}

/* What its process has just mapped */
static void note(struct mapper *m, size_t len)
{
	m->mappings[m->nr].addr = m->p->at;
	m->mappings[m->nr++].len = len;
}

void map_in_every_way(int features)
{
	struct mapper *m = mappers;
	int i, j;

	has_features = features;
	make_file(file("small.0"), 4 * PAGE);
	if (features & PMDS)
		make_huge_file(file("huge.0"), 2 * PMD);
	/* Of its own: on base a fault of a shared page unmaps it from all others. */
	make_file(file("private"), 4 * PAGE);
	make_file(file("dirty"), 4 * PAGE);
	make_file(file("open"), 4 * PAGE);
	for (i = 1; i < NR && features & REFLINKS; i++) {
		clone_file(file("small.0"), small(i));
		if (features & PMDS)
			clone_file(file("huge.0"), huge(i));
	}
	for (i = 0; i < NR; i++, m++) {
		m->p = start("mapper %d", i);
		map_page(m->p, small(i), PAGE);
		note(m, PAGE);
		if (features & PMDS) {
			map_huge(m->p, huge(i), 0, PMD);
			note(m, PMD);
		}
		for (j = 0; j < NR_FILES && features & FILES; j++) {
			make_file(file("%d.%d", i, j), 2 * PAGE);
			map_page(m->p, file("%d.%d", i, j), PAGE);
			note(m, PAGE);
		}
	}

	m->p = map_unread("private reader", file("private"), PAGE, MAP_PRIVATE);
	must(reads(m->p), "wrong data");
	note(m++, PAGE);
	m->p = map_by("dirty", file("dirty"), PAGE);
	store_byte(m->p, 'D');
	note(m, PAGE);

	copier = map_unread("private writer", file("private"), PAGE, MAP_PRIVATE);
	store_byte(copier, 'C');
	idler = map_unread("mapped, not touched", file("private"), PAGE,
			   MAP_SHARED);
	opener = start("file open");
	opened = open_file(file("open"), O_RDONLY);
}

static bool told_once(struct mapper *m)
{
	int i, n = signals(m->p);
	const volatile struct signal_got *got = &m->p->seen->got[0];
	const struct mapping *at = m->mappings;

	for (i = 0; i < m->nr; i++, at++)
		if (n == 1 && got->code == BUS_MCEERR_AO &&
		    got->addr - at->addr < at->len)
			return true;
	remark("%s got %d SIGBUS, the first with code %d at %#lx", m->p->name,
	       n, n ? got->code : 0, n ? got->addr : 0);
	for (i = 0, at = m->mappings; i < m->nr; i++, at++)
		remark("  expected is one with code %d at %#lx to %#lx",
		       BUS_MCEERR_AO, at->addr, at->addr + at->len - 1);
	return false;
}

static bool maps_any(struct mapper *m)
{
	bool any = false;
	int i;

	for (i = 0; i < m->nr; i++)
		any |= maps(m->p, m->mappings[i].addr);
	if (any)
		remark("%s still maps what it did", m->p->name);
	return any;
}

static bool reaches_any(struct mapper *m)
{
	bool any = false;
	int i;

	for (i = 0; i < m->nr; i++)
		any |= load(m->p, m->mappings[i].addr) != SIGNALLED;
	if (any)
		remark("%s still reaches what it mapped", m->p->name);
	return any;
}

/* Is this anywhere in the kernel's log? */
static bool logged(const char *what)
{
	static char log[1 << 20];
	const int read_all = 3;
	int n = klogctl(read_all, log, sizeof(log) - 1);

	must(n > 0, "klogctl: %m");
	log[n] = '\0';
	return strstr(log, what);
}

void check_removed(void)
{
	bool any_mapped = false, all_told = true, any_reached = false;
	unsigned int i;
	char byte;

	for (i = 0; i < ARRAY_SIZE(mappers); i++) {
		any_mapped |= maps_any(&mappers[i]);
		all_told &= told_once(&mappers[i]);
	}
	check(!any_mapped, NONE_MAPPED);
	check(all_told, TOLD_ONCE);
	check(all(untold, copier, idler, opener), UNTOLD);
	check(!logged("memory corruption"), NOT_CORRUPTED);
	check(reads(copier), COPY_KEPT);
	for (i = 0; i < ARRAY_SIZE(mappers); i++)
		any_reached |= reaches_any(&mappers[i]);
	any_reached |= load(idler, idler->at) != SIGNALLED;
	check(!any_reached, NEVER_AGAIN);
	check(pread(opened, &byte, 1, 0) < 0, "read() draws an error");
	close(opened);
	check(!alive(), SHUT_DOWN);

	finish_all();
	check(unmount(), UNMOUNTS);
}

void check_kept(void)
{
	struct proc *p = start("reader");
	int i, good = 0;

	for (i = 0; i < NR; i++) {
		map_page(p, small(i), PAGE);
		good += p->byte == fill(1);
		if (!(has_features & PMDS))
			continue;
		map_page(p, huge(i), VICTIM);
		good += p->byte == fill(VICTIM / PAGE);
	}
	check(good == (has_features & PMDS ? 2 : 1) * NR,
	      "files can be mapped, and have their data");
	map_page(p, file("dirty"), PAGE);
	check(p->byte == 'D' && read_byte(file("dirty"), PAGE + 1) == fill(1),
	      "what was stored by a mapping is there");
	check(alive(), "the filesystem takes new files");
	finish(p);
}
