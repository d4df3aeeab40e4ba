// SPDX-License-Identifier: GPL-2.0
/* Operations of processes on their mappings */
#include "ops.h"

/* Room in each process's address space for each of its mappings */
#define VMA_ROOM	(16UL << 20)
#define VMA_BASE	0x100000000000UL

static void must_succeed(int error, const char *what)
{
	if (error)
		differ("%s fails (%s)", what, strerror(-error));
}

/* --- processes --- */

static bool random_start(long *arg)
{
	for (arg[0] = 0; arg[0] < NR_PROCS; arg[0]++)
		if (!processes[arg[0]].runs)
			return true;
	return false;
}

static bool run_start(const long *arg)
{
	long p = arg[0];

	if (p < 0 || p >= NR_PROCS || processes[p].runs)
		return false;
	actor_start(p, ZYGOTE);
	processes[p].runs = true;
	processes[p].policy = PR_MCE_KILL_DEFAULT;
	return true;
}

static bool random_fork(long *arg)
{
	return random_process(&arg[0]) && random_start(&arg[1]);
}

static bool run_fork(const long *arg)
{
	struct process *parent, *child;
	int v;

	if (!runs(arg[0]) || arg[1] < 0 || arg[1] >= NR_PROCS || runs(arg[1]))
		return false;
	parent = &processes[arg[0]];
	child = &processes[arg[1]];
	actor_start(arg[1], arg[0]);
	child->runs = true;
	child->policy = parent->policy;
	for (v = 0; v < NR_VMAS; v++)
		if (parent->vma[v].inode)
			vma_copied(&child->vma[v], &parent->vma[v]);
	return true;
}

bool run_exit(const long *arg)
{
	int v;

	if (!runs(arg[0]))
		return false;
	actor_exit(arg[0]);
	for (v = 0; v < NR_VMAS; v++)
		if (processes[arg[0]].vma[v].inode)
			vma_dropped(&processes[arg[0]].vma[v], 0, HUGE_PAGES);
	memset(&processes[arg[0]], 0, sizeof(processes[0]));
	return true;
}

static bool random_policy(long *arg)
{
	static const int policies[] = {
		PR_MCE_KILL_DEFAULT, PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE
	};

	arg[1] = policies[below(3)];
	return random_process(&arg[0]);
}

static bool run_policy(const long *arg)
{
	if (!runs(arg[0]) || arg[1] < 0 || arg[1] > PR_MCE_KILL_DEFAULT)
		return false;
	actor_policy(arg[0], arg[1]);
	processes[arg[0]].policy = arg[1];
	return true;
}

static bool random_early(long *arg)
{
	arg[0] = chance(80);
	return true;
}

static bool run_early(const long *arg)
{
	early_by_default = arg[0];
	early_kill(early_by_default);
	return true;
}

/* --- mmap(), munmap(), mremap() --- */

#define HOW_SHARED	1
#define HOW_UNALIGNED	2		/* no PMD can be used */
#define HOW_SYNC	4
#define HOW_POPULATE	8

static bool random_map(long *arg)
{
	struct inode *inode;
	long tries;

	if (!random_process(&arg[0]) || !random_file(&arg[2]))
		return false;
	for (arg[1] = 0; arg[1] < NR_VMAS; arg[1]++)
		if (!processes[arg[0]].vma[arg[1]].inode)
			break;
	if (arg[1] == NR_VMAS)
		return false;
	for (tries = chance(30) ? 4 : 0; tries--; ) {
		arg[2] = between(NR_SMALL, NR_FILES - 1);
		arg[3] = below(2) * CHUNK;
		arg[4] = CHUNK;
		arg[5] = chance(75) ? HOW_SHARED : 0;
		if (files[arg[2]] && whole_chunk(files[arg[2]], arg[3]))
			return true;
	}
	random_file(&arg[2]);
	inode = files[arg[2]];
	if (inode->huge && chance(60)) {
		arg[3] = below(2) * CHUNK;
		arg[4] = CHUNK * between(1, 2 - arg[3] / CHUNK);
	} else {
		arg[3] = below(max_pages(inode));
		arg[4] = chance(50) ? max_pages(inode) - arg[3] :
			between(1, max_pages(inode) - arg[3]);
		if (arg[4] > 256)
			arg[4] = 256;
	}
	arg[5] = (chance(65) ? HOW_SHARED : 0) | (chance(25) ? HOW_UNALIGNED : 0) |
		(chance(20) ? HOW_SYNC : 0) | (chance(10) ? HOW_POPULATE : 0);
	return true;
}

static bool run_map(const long *arg)
{
	struct inode *inode = the_file(arg[2]);
	bool shared = arg[5] & HOW_SHARED;
	int flags = shared ? MAP_SHARED : MAP_PRIVATE;
	struct vma *vma;

	if (!runs(arg[0]) || !inode || arg[1] < 0 || arg[1] >= NR_VMAS ||
	    processes[arg[0]].vma[arg[1]].inode || arg[3] < 0 || arg[4] <= 0 ||
	    arg[3] + arg[4] > max_pages(inode))
		return false;
	if (shared && arg[5] & HOW_SYNC)
		flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	if (arg[5] & HOW_POPULATE)
		flags |= MAP_POPULATE;
	vma = &processes[arg[0]].vma[arg[1]];
	vma->addr = VMA_BASE + arg[1] * VMA_ROOM +
		((arg[3] % CHUNK) + (arg[5] & HOW_UNALIGNED ? 3 : 0)) * PAGE;
	must_succeed(actor_map(arg[0], vma->addr, inode->path, arg[3], arg[4],
			       flags), "mmap()");
	vma->inode = inode;
	vma->pgoff = arg[3];
	vma->from = 0;
	vma->to = arg[4];
	vma->shared = shared;
	vma->sync = flags & MAP_SYNC;
	inode->mappings++;
	/* It does not report errors. */
	if (arg[5] & HOW_POPULATE)
		populated(arg[0], vma, 0, arg[4], !shared, 0, 0, 0);
	return true;
}

static bool random_unmap(long *arg)
{
	struct vma *vma;

	if (!random_vma(&arg[0], &arg[1]))
		return false;
	vma = the_vma(arg[0], arg[1]);
	arg[2] = vma->from;
	arg[3] = vma->to - vma->from;
	if (chance(40)) {
		arg[3] = between(1, arg[3]);
		if (chance(50))
			arg[2] = vma->to - arg[3];
	}
	return true;
}

static bool run_unmap(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);

	if (!vma || !in_vma(vma, arg[2], arg[3]) ||
	    (arg[2] != vma->from && arg[2] + arg[3] != vma->to))
		return false;
	must_succeed(actor_unmap(arg[0], vma->addr + arg[2] * PAGE, arg[3]),
		     "munmap()");
	unsure_around(vma, arg[2]);
	unsure_around(vma, arg[2] + arg[3] - 1);
	vma_dropped(vma, arg[2], arg[2] + arg[3]);
	return true;
}

static bool random_move(long *arg)
{
	if (!random_vma(&arg[0], &arg[1]))
		return false;
	for (arg[2] = 0; arg[2] < NR_VMAS; arg[2]++)
		if (!processes[arg[0]].vma[arg[2]].inode)
			return true;
	return false;
}

/* To the room of another mapping; not always aligned as PMDs want it */
static bool run_move(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]), *to;
	unsigned long offset, addr;
	long i;

	if (!vma || arg[2] < 0 || arg[2] >= NR_VMAS || arg[2] == arg[1] ||
	    the_vma(arg[0], arg[2]))
		return false;
	to = &processes[arg[0]].vma[arg[2]];
	offset = vma->addr % VMA_ROOM;
	addr = VMA_BASE + arg[2] * VMA_ROOM + offset;
	must_succeed(actor_move(arg[0], vma->addr + vma->from * PAGE,
				vma->to - vma->from, addr + vma->from * PAGE),
		     "mremap()");
	*to = *vma;
	memset(vma, 0, sizeof(*vma));
	to->addr = addr;
	for (i = to->from; to->inode->huge && i < to->to; i++)
		if (to->pte[i] == MAPS || to->pte[i] == HOLE)
			to->pte[i] = MAY;
	return true;
}

/* --- madvise(), mlock(), msync() --- */

static bool run_drop(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	long i;

	if (!vma || !in_vma(vma, arg[2], arg[3]))
		return false;
	must_succeed(actor_advise(arg[0], vma->addr + arg[2] * PAGE, arg[3],
				  MADV_DONTNEED), "MADV_DONTNEED");
	unsure_around(vma, arg[2]);
	unsure_around(vma, arg[2] + arg[3] - 1);
	for (i = arg[2]; i < arg[2] + arg[3]; i++)
		set_pte(vma, i, NONE);
	return true;
}

static bool random_populate(long *arg)
{
	if (!random_vma_range(arg))
		return false;
	arg[4] = chance(50);
	return true;
}

static bool run_populate(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	bool store = arg[4];
	int error;

	if (!vma || !in_vma(vma, arg[2], arg[3]))
		return false;
	before_populating(arg[0], vma, arg[2], arg[3]);
	error = actor_advise(arg[0], vma->addr + arg[2] * PAGE, arg[3],
			     store ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	populated(arg[0], vma, arg[2], arg[3], store, error, -EFAULT, -EHWPOISON);
	return true;
}

/*
 * A DAX mapping cannot be locked, but its pages are faulted in; those of a private
 * one that is writable, as if they were written to.
 */
static bool run_lock(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	int error;

	if (!vma || !in_vma(vma, arg[2], arg[3]))
		return false;
	before_populating(arg[0], vma, arg[2], arg[3]);
	error = actor_lock(arg[0], vma->addr + arg[2] * PAGE, arg[3]);
	populated(arg[0], vma, arg[2], arg[3], !vma->shared, error, -ENOMEM,
		  -ENOMEM);
	return true;
}

static bool run_sync(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	int error;

	if (!vma)
		return false;
	error = actor_sync(arg[0], vma->addr + vma->from * PAGE,
			   vma->to - vma->from);
	if (error && !(vma->inode->lost && error == -EIO))
		differ("msync() fails (%s)", strerror(-error));
	return true;
}

static bool random_mapping(long *arg)
{
	return random_vma(&arg[0], &arg[1]);
}

struct op_kind process_ops[] = {
	{ "start", 6, "process", random_start, run_start, FROZEN | PINNED },
	{ "fork", 2, "process child", random_fork, run_fork, FROZEN | PINNED },
	{ "exit", 2, "process", random_process, run_exit },
	{ "policy", 1, "process policy", random_policy, run_policy,
	  FROZEN | PINNED },
	{ "early", 1, "on", random_early, run_early, FROZEN | PINNED },
	{ "map", 14, "process vma file page n how", random_map, run_map, PINNED },
	{ "unmap", 5, "process vma page n", random_unmap, run_unmap },
	{ "move", 1, "process vma to", random_move, run_move, PINNED },
	{ "drop", 3, "process vma page n", random_vma_range, run_drop,
	  FROZEN | PINNED },
	{ "populate", 2, "process vma page n store", random_populate,
	  run_populate, PINNED },
	{ "lock", 1, "process vma page n", random_vma_range, run_lock, PINNED },
	{ "sync", 1, "process vma", random_mapping, run_sync, PINNED },
	{}
};
