// SPDX-License-Identifier: GPL-2.0
/* Operations of processes on their mappings */
#include "fuzz.h"

/* Room in each process's address space for each of its mappings */
#define VMA_ROOM	(16UL << 20)
#define VMA_BASE	0x100000000000UL

/* --- processes --- */

static void start_process(int p, int parent, int policy)
{
	actor_start(p, parent);
	processes[p].runs = true;
	processes[p].policy = policy;
}

static bool run_start(const struct op *op)
{
	start_process(op->process, ZYGOTE, PR_MCE_KILL_DEFAULT);
	return true;
}

static bool run_fork(const struct op *op)
{
	int v;

	start_process(op->child, op->process, processes[op->process].policy);
	for (v = 0; v < NR_VMAS; v++)
		if (vmas[op->process][v].inode)
			vma_copied(&vmas[op->child][v], &vmas[op->process][v]);
	return true;
}

void exit_process(int p)
{
	int v;

	actor_exit(p);
	for (v = 0; v < NR_VMAS; v++)
		if (vmas[p][v].inode)
			vma_dropped(&vmas[p][v], 0, HUGE_PAGES);
	memset(&processes[p], 0, sizeof(processes[p]));
}

static bool run_exit(const struct op *op)
{
	exit_process(op->process);
	return true;
}

static bool run_policy(const struct op *op)
{
	must(!call(op->process, SYS_prctl, PR_MCE_KILL, PR_MCE_KILL_SET,
		   op->policy), "PR_MCE_KILL failed");
	processes[op->process].policy = op->policy;
	return true;
}

static bool run_early(const struct op *op)
{
	early_by_default = op->on;
	early_kill(early_by_default);
	return true;
}

/* --- mmap(), munmap(), mremap() --- */

#define HOW_SHARED	1
#define HOW_UNALIGNED	2		/* no PMD can be used */
#define HOW_SYNC	4
#define HOW_POPULATE	8

static bool choose_map(struct op *op)
{
	long most = op->inode->max_pages - op->page;

	op->how = (chance(65) ? HOW_SHARED : 0) |
		(chance(25) ? HOW_UNALIGNED : 0) | (chance(20) ? HOW_SYNC : 0) |
		(chance(10) ? HOW_POPULATE : 0);
	if (!op->inode->huge || chance(30)) {
		most = min(most, 256);
		op->n = chance(50) ? most : between(1, most);
		return chance(40);
	}
	op->page = below(2) * CHUNK;
	op->n = CHUNK * between(1, 2 - op->page / CHUNK);
	if (chance(30))
		return true;
	op->how &= HOW_SHARED;		/* by PMDs */
	return whole_chunk(op->inode, op->page);
}

static bool run_map(const struct op *op)
{
	bool shared = op->how & HOW_SHARED;
	int flags = shared ? MAP_SHARED : MAP_PRIVATE;
	struct vma *vma = op->map;
	long addr = VMA_BASE + op->vma * VMA_ROOM + PAGE *
		(op->page % CHUNK + (op->how & HOW_UNALIGNED ? 3 : 0)), at;

	if (shared && op->how & HOW_SYNC)
		flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	if (op->how & HOW_POPULATE)
		flags |= MAP_POPULATE;
	at = call(op->process, SYS_mmap, addr, op->n * PAGE,
		  PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd_of(op->inode),
		  op->page * PAGE);
	agree(at == addr, "mmap() fails (%s)", strerror(-at));
	*vma = (struct vma) {
		.addr = addr,
		.inode = op->inode,
		.pgoff = op->page,
		.to = op->n,
		.shared = shared,
		.sync = flags & MAP_SYNC,
	};
	op->inode->mappings++;
	/* MAP_POPULATE does not report errors. */
	if (op->how & HOW_POPULATE)
		populated(vma, 0, op->n, !shared, 0, 0, 0);
	return true;
}

/* All, or some at one end */
static bool choose_unmap(struct op *op)
{
	op->n = op->map->to - op->map->from;
	if (chance(40))
		op->n = between(1, op->n);
	op->page = chance(50) ? op->map->from : op->map->to - op->n;
	return true;
}

/* Some pages of a mapping: the call succeeds, even with PMDs across both ends. */
static bool call_on_pages(const struct op *op, long nr, long advice,
			  const char *what)
{
	long error = call(op->process, nr, addr_of(op->map, op->page),
			  op->n * BLOCK, advice);

	agree(!error, "%s fails (%s)", what, strerror(-error));
	change_around(op->map, op->page, CERTAIN, MAY);
	change_around(op->map, op->page + op->n - 1, CERTAIN, MAY);
	return true;
}

static bool run_unmap(const struct op *op)
{
	long end = op->page + op->n;

	if (op->page != op->map->from && end != op->map->to)
		return false;
	call_on_pages(op, SYS_munmap, 0, "munmap()");
	vma_dropped(op->map, op->page, end);
	return true;
}

/* To the room of another mapping; not always PMD aligned */
static bool run_move(const struct op *op)
{
	struct vma *vma = op->map, *to = op->new_map;
	long addr = VMA_BASE + op->room * VMA_ROOM + vma->addr % VMA_ROOM;
	long len = (vma->to - vma->from) * BLOCK;
	long new = addr + vma->from * BLOCK;

	agree(call(op->process, SYS_mremap, addr_of(vma, vma->from), len, len,
		   MREMAP_MAYMOVE | MREMAP_FIXED, new) == new,
	      "mremap() fails");
	*to = *vma;
	memset(vma, 0, sizeof(*vma));
	to->addr = addr;
	if (to->inode->huge)
		change(to, to->from, to->to, CERTAIN, MAY);
	return true;
}

/* --- madvise(), mlock(), msync() --- */

static bool run_drop(const struct op *op)
{
	call_on_pages(op, SYS_madvise, MADV_DONTNEED, "MADV_DONTNEED");
	change(op->map, op->page, op->page + op->n, ~0, NONE);
	return true;
}

static bool run_populate(const struct op *op)
{
	fault_in(op->map, op->page, op->n, op->on, false);
	return true;
}

/*
 * A DAX mapping cannot be locked, but its pages are faulted in; those of a private
 * one that is writable, as if they were written to.
 */
static bool run_lock(const struct op *op)
{
	fault_in(op->map, op->page, op->n, !op->map->shared, true);
	return true;
}

static bool run_sync(const struct op *op)
{
	struct vma *vma = op->map;
	int error = call(op->process, SYS_msync, addr_of(vma, vma->from),
			 (vma->to - vma->from) * BLOCK, MS_SYNC);

	agree(!error || (error == -EIO && vma->inode->lost),
	      "msync() fails (%s)", strerror(-error));
	return true;
}

struct op_kind process_ops[] = {
	{ "start", 6, "process!", FROZEN | PINNED, run_start },
	{ "fork", 2, "process child!", FROZEN | PINNED, run_fork },
	{ "exit", 2, "process", 0, run_exit },
	{ "policy", 1, "process policy", FROZEN | PINNED, run_policy },
	{ "early", 1, "on", FROZEN | PINNED, run_early },
	{ "map", 14, "process vma! file page n how", PINNED | BEYOND, run_map,
	  choose_map },
	{ "unmap", 5, "process vma page n", 0, run_unmap, choose_unmap },
	{ "move", 1, "process vma to:room!", PINNED, run_move },
	{ "drop", 3, "process vma page n", FROZEN | PINNED, run_drop },
	{ "populate", 2, "process vma page n store:on", PINNED, run_populate },
	{ "lock", 1, "process vma page n", PINNED, run_lock },
	{ "sync", 1, "process vma", PINNED, run_sync },
	{}
};
