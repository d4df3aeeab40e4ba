// SPDX-License-Identifier: GPL-2.0
/* A pmem device that goes away under a filesystem and those who map it. */
#include <errno.h>
#include <stdio.h>
#include <sys/klog.h>
#include "removal.h"

#define DRIVER	"/sys/bus/nd/drivers/nd_pmem/"
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

/* --- who maps what --- */

struct mapping {
	unsigned long addr;
	size_t len;
};

static struct mapper {
	struct proc *p;
	struct mapping has[2 + NR_FILES];
	int nr;
} mappers[NR + 2];

static struct proc *copier, *opener, *idler;
static unsigned long copy, untouched;
static int open_file;
static int has_features;

static const char *small(int i)
{
	return file("small.%d", has_features & REFLINKS ? i : 0);
}

static const char *huge(int i)
{
	return file("huge.%d", has_features & REFLINKS ? i : 0);
}

static void has(struct mapper *m, unsigned long addr, size_t len)
{
	m->has[m->nr].addr = addr;
	m->has[m->nr++].len = len;
}

void map_in_every_way(int features)
{
	struct mapper *m = mappers;
	unsigned long at;
	int i, j;

	has_features = features;
	make_file(file("small.0"), 4 * PAGE);
	if (features & PMDS)
		make_huge_file(file("huge.0"), 2 * PMD);
	/* Of its own: on base who faults a shared page in unmaps all others. */
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
		has(m, map_page(m->p, small(i), PAGE), PAGE);
		if (features & PMDS)
			has(m, map_huge(m->p, huge(i), 0, PMD), PMD);
		for (j = 0; j < NR_FILES && features & FILES; j++) {
			make_file(file("%d.%d", i, j), 2 * PAGE);
			has(m, map_page(m->p, file("%d.%d", i, j), PAGE), PAGE);
		}
	}

	m->p = start("private reader");
	at = map(m->p, file("private"), PAGE, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE);
	must(load(m->p, at) == fill(1), "wrong data");
	has(m++, at, PAGE);

	m->p = start("dirty");
	at = map_page(m->p, file("dirty"), PAGE);
	must(!store(m->p, at, 'D'), "a store drew a signal");
	has(m, at, PAGE);

	copier = start("private writer");
	copy = map(copier, file("private"), PAGE, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE);
	must(!store(copier, copy, 'C'), "a store drew a signal");
	idler = start("mapped, not touched");
	untouched = map(idler, file("private"), PAGE, PAGE, PROT_READ, MAP_SHARED);
	opener = start("file open");
	open_file = open(file("open"), O_RDONLY);
	must(open_file >= 0, "open: %m");
}

static bool told_once(struct mapper *m)
{
	struct signal_got got;
	int i, n = signals(m->p);

	for (i = 0; i < m->nr && n; i++) {
		got.code = m->p->seen->got[0].code;
		got.addr = m->p->seen->got[0].addr;
		if (n == 1 && got.code == BUS_MCEERR_AO &&
		    got.addr >= m->has[i].addr &&
		    got.addr < m->has[i].addr + m->has[i].len)
			return true;
	}
	remark("%s got %d SIGBUS, the first with code %d at %#lx", m->p->name,
	       n, n ? m->p->seen->got[0].code : 0,
	       n ? m->p->seen->got[0].addr : 0);
	for (i = 0; i < m->nr; i++)
		remark("  expected is one with code %d at %#lx to %#lx",
		       BUS_MCEERR_AO, m->has[i].addr,
		       m->has[i].addr + m->has[i].len - 1);
	return false;
}

static bool maps_any(struct mapper *m)
{
	bool any = false;
	int i;

	for (i = 0; i < m->nr; i++)
		any |= maps(m->p, m->has[i].addr);
	if (any)
		remark("%s still maps what it did", m->p->name);
	return any;
}

static bool reaches_any(struct mapper *m)
{
	bool any = false;
	int i;

	for (i = 0; i < m->nr; i++)
		any |= load(m->p, m->has[i].addr) != SIGNALLED;
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
	check(untold(copier) & untold(idler) & untold(opener), UNTOLD);
	check(!logged("memory corruption"), NOT_CORRUPTED);
	check(load(copier, copy) == 'C', COPY_KEPT);
	for (i = 0; i < ARRAY_SIZE(mappers); i++)
		any_reached |= reaches_any(&mappers[i]);
	any_reached |= load(idler, untouched) != SIGNALLED;
	check(!any_reached, NEVER_AGAIN);
	check(pread(open_file, &byte, 1, 0) < 0, "read() draws an error");
	close(open_file);
	check(!alive(), SHUT_DOWN);

	for (i = 0; i < ARRAY_SIZE(mappers); i++)
		finish(mappers[i].p);
	finish(copier);
	finish(opener);
	finish(idler);
	check(unmount(), UNMOUNTS);
}

void check_kept(void)
{
	struct proc *p = start("reader");
	unsigned long at;
	int i, good = 0;

	for (i = 0; i < NR; i++) {
		at = map_page(p, small(i), PAGE);
		good += load(p, at) == fill(1);
		if (!(has_features & PMDS))
			continue;
		at = map_page(p, huge(i), VICTIM);
		good += load(p, at) == fill(VICTIM / PAGE);
	}
	check(good == (has_features & PMDS ? 2 : 1) * NR,
	      "files can be mapped, and have their data");
	at = map_page(p, file("dirty"), PAGE);
	check(load(p, at) == 'D' && read_byte(file("dirty"), PAGE + 1) == fill(1),
	      "what was stored by a mapping is there");
	check(alive(), "the filesystem takes new files");
	finish(p);
}
