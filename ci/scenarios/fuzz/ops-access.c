// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses to mapped pages: by the processor, or by the kernel on behalf of a
 * process, by get_user_pages().
 */
#include <sys/uio.h>
#include "ops.h"

/* --- in the model --- */

/* A fault on pages that a PMD may map may map all of them, or unmap them all. */
static void faulted(struct vma *vma, long i)
{
	long k, first = (vma->pgoff + i) & ~(CHUNK - 1L);

	if (!vma->inode->huge)
		return;
	uncertain(vma->inode, vma->pgoff + i);
	for (k = vma->from; k < vma->to; k++)
		if (vma->pgoff + k >= first && vma->pgoff + k < first + CHUNK &&
		    vma->pte[k] == NONE && !bad(block_of(vma, k)))
			vma->pte[k] = MAY;
}

enum access_outcome expected(int p, struct vma *vma, long i, bool store)
{
	refresh(p, vma, i);
	if (vma->pte[i] == COPY)
		return FINE;
	if (vma->pgoff + i >= vma->inode->nr_pages)
		return BEYOND;
	/* Zeroes that are mapped in the place of a block may stay. */
	if (bad(block_of(vma, i)) &&
	    !(vma->pte[i] == HOLE && !(store && vma->shared)))
		return POISONED;
	return FINE;
}

void loaded(struct vma *vma, long i)
{
	struct block *block = block_of(vma, i);

	if (vma->pte[i] != NONE && vma->pte[i] != MAY)
		return;
	faulted(vma, i);
	if (block)
		holes_unmapped(vma->inode, vma->pgoff + i);
	vma->pte[i] = block ? MAPS : HOLE;
}

static void stored_to_copy(struct vma *vma, long i, unsigned int offset,
			   unsigned int len, int byte)
{
	if (vma->pte[i] != COPY) {
		make_copy(vma, i);
		faulted(vma, i);
	}
	memset(vma->copy[i] + offset, byte, len);
}

void stored(int p, struct vma *vma, long i, unsigned int offset,
	    unsigned int len, int byte)
{
	unsigned long addr = vma->addr + i * PAGE;
	struct inode *inode = vma->inode;
	struct block *block = block_of(vma, i);
	long page = vma->pgoff + i, where;

	if (!vma->shared) {
		stored_to_copy(vma, i, offset, len, byte);
		return;
	}
	where = mapped_place(p, addr);
	if (where < 0)
		differ("a page is not mapped after a store to it (process %d, %#lx)",
		       p, addr);
	if (inode->huge && by_pmd(p, addr)) {
		/* All of it can be written to, so all of it is the file's. */
		long first = page & ~(CHUNK - 1L);

		written(inode, first, first + CHUNK, false);
	} else if (!block || block->where != where) {
		moved_to(inode, page, where, false);
	} else if (block->refs > 1) {
		dump_block(block);
		differ("a store goes to a block that is shared (process %d, %#lx)",
		       p, addr);
	}
	block = inode->page[page];
	holes_unmapped(inode, page);
	faulted(vma, i);
	memset(block->data + offset, byte, len);
	vma->pte[i] = MAPS;
	allocated_around(inode, page, page + 1);
}

bool may_be_refused(struct vma *vma, long i)
{
	if (!vma->shared)
		return false;
	if (vma->sync && vma->inode->lost)
		return true;
	return block_of(vma, i) && bad_and_free() &&
		(!knows_its_space() || find_page(XFS_OWN_COW, bad_place) >= 0);
}

void refused(struct vma *vma, long i)
{
	long page = vma->pgoff + i;

	/* With MAP_SYNC the block may have been allocated by then. */
	if (vma->sync)
		maybe_written(vma->inode, page, page + 1);
	faulted(vma, i);
}

/* --- several pages at once --- */

void before_populating(int p, struct vma *vma, long i, long n)
{
	long k;

	for (k = 0; k < n; k++)
		refresh(p, vma, i + k);
}

/* The kernel has given up early, as it may if it has to copy a block. */
static bool populating_refused(struct vma *vma, long i, long n)
{
	long k;

	for (k = 0; k < n; k++)
		if (may_be_refused(vma, i + k))
			break;
	if (k == n)
		return false;
	maybe_written(vma->inode, vma->pgoff + i, vma->pgoff + i + n);
	for (k = 0; k < n; k++)
		if (vma->pte[i + k] == NONE)
			vma->pte[i + k] = MAY;
	return true;
}

void populated(int p, struct vma *vma, long i, long n, bool store, int error,
	       int error_beyond, int error_poisoned)
{
	enum access_outcome stop = FINE;
	int expected_error = 0;
	long k, done;

	for (done = 0; done < n; done++) {
		stop = expected(p, vma, i + done, store);
		if (stop != FINE)
			break;
	}
	if (stop == BEYOND)
		expected_error = error_beyond;
	else if (stop == POISONED)
		expected_error = error_poisoned;
	if (store && error && (error == error_beyond || error == error_poisoned) &&
	    populating_refused(vma, i, done))
		return;
	if (error != expected_error)
		differ("populating pages returns %d (%s), not %d", error,
		       strerror(-error), expected_error);
	/* A copy of one page can unmap others that a PMD has mapped. */
	if (done && store && vma->shared && vma->inode->huge)
		written(vma->inode, vma->pgoff + i, vma->pgoff + i + done,
			false);
	for (k = 0; k < done; k++) {
		if (!store)
			loaded(vma, i + k);
		else if (vma->shared && vma->inode->huge)
			faulted(vma, i + k);
		else
			stored(p, vma, i + k, 0, 0, 0);
	}
	if (stop != FINE)
		faulted(vma, i + done);
}

/* --- one page --- */

/* Who accesses the page */
enum way { PROCESSOR, PROCESS_VM, DIRECT_IO, NR_WAYS };

static void by_process_vm(int p, struct access *a)
{
	static unsigned char buffer[PAGE] __attribute__((aligned(8)));
	struct iovec here = { buffer, a->len ? a->len : PAGE };
	struct iovec there = { (void *)a->addr, here.iov_len };
	ssize_t n;

	memset(buffer, a->byte, here.iov_len);
	n = a->len ? process_vm_writev(actor_pid(p), &here, 1, &there, 1, 0) :
		process_vm_readv(actor_pid(p), &here, 1, &there, 1, 0);
	if (n < 0 && errno != EFAULT)
		differ("process_vm_%s() fails (%m)", a->len ? "writev" : "readv");
	a->failed = n < 0;
	a->hash = page_hash(buffer);
}

static void by_direct_io(int p, struct access *a)
{
	static unsigned char buffer[PAGE] __attribute__((aligned(8)));
	int error;

	memset(buffer, a->byte, PAGE);
	if (a->len)
		must(pwrite(direct_io_file(), buffer, PAGE, 0) == BLOCK,
		     "memfd: %m");
	error = actor_direct_io(p, a->addr, a->len);
	if (error && error != -EFAULT)
		differ("direct I/O fails (%s)", strerror(-error));
	a->failed = error;
	must(pread(direct_io_file(), buffer, PAGE, 0) == BLOCK, "memfd: %m");
	a->hash = page_hash(buffer);
}

static void access_page(int p, enum way way, struct access *a)
{
	switch (way) {
	case PROCESS_VM:
		by_process_vm(p, a);
		break;
	case DIRECT_IO:
		by_direct_io(p, a);
		break;
	default:
		actor_access(p, a, 1);
	}
}

/* Exactly this signal, or none if the kernel was to access the page */
static void check_signal(int p, enum way way, int code, bool or_other,
			 unsigned long addr)
{
	struct signal_got got[4];
	int n = actor_signals(p, false, got, ARRAY_SIZE(got));

	if (n != (way == PROCESSOR))
		differ("an access draws %d signals", n);
	if (!n)
		return;
	if (got[0].code != code &&
	    !(or_other && got[0].code == BUS_ADRERR))
		differ("an access draws a SIGBUS with code %d, not %d (process %d, %#lx)",
		       got[0].code, code, p, addr);
	if (got[0].addr != addr)
		differ("an access draws a SIGBUS with the wrong address (process %d, %#lx, not %#lx)",
		       p, got[0].addr, addr);
	if (got[0].code == BUS_MCEERR_AR && got[0].lsb != PAGE_LSB)
		differ("an access draws a SIGBUS with lsb %d (process %d, %#lx)",
		       got[0].lsb, p, addr);
}

static void do_access(int p, struct vma *vma, long i, enum way way,
		      unsigned int offset, unsigned int len, int byte)
{
	struct access a = {
		.addr = vma->addr + i * PAGE + offset,
		.len = len,
		.byte = byte,
	};
	enum access_outcome outcome = expected(p, vma, i, len);
	struct block *block = block_of(vma, i);
	int n;

	access_page(p, way, &a);
	if (a.failed && outcome == FINE) {
		if (block)
			dump_block(block);
		if (!len || !may_be_refused(vma, i))
			differ("%s a good page fails (process %d, %#lx)",
			       len ? "a store to" : "a load from", p, a.addr);
		/* MAP_SYNC reports other losses like this. */
		check_signal(p, way, BUS_MCEERR_AR, vma->sync, a.addr);
		refused(vma, i);
		return;
	}
	if (outcome != FINE) {
		if (!a.failed) {
			if (block)
				dump_block(block);
			differ("%s %s succeeds (process %d, %#lx)",
			       len ? "a store" : "a load", outcome == BEYOND ?
			       "beyond the end of the file" :
			       "of a page that has failed", p, a.addr);
		}
		check_signal(p, way, outcome == BEYOND ? BUS_ADRERR :
			     BUS_MCEERR_AR, false, a.addr);
		if (outcome == POISONED)
			faulted(vma, i);
		return;
	}
	n = actor_signals(p, false, NULL, 0);
	if (n)
		differ("an access succeeds, but there are %d signals", n);
	if (!len && a.hash != page_hash(seen_at(vma, i))) {
		if (block)
			dump_block(block);
		differ("a load finds the wrong data (process %d, %#lx)", p,
		       a.addr);
	}
	if (len)
		stored(p, vma, i, offset, len, byte);
	else
		loaded(vma, i);
}

static enum way random_way(void)
{
	return chance(80) ? PROCESSOR : between(PROCESS_VM, DIRECT_IO);
}

static bool random_load(long *arg)
{
	arg[3] = random_way();
	return random_vma_page(arg);
}

static bool run_load(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);

	if (!vma || !in_vma(vma, arg[2], 1) || arg[3] < 0 || arg[3] >= NR_WAYS)
		return false;
	do_access(arg[0], vma, arg[2], arg[3], 0, 0, 0);
	return true;
}

static bool random_store(long *arg)
{
	if (!random_load(arg))
		return false;
	if (arg[3] == DIRECT_IO) {
		arg[5] = PAGE;
	} else {
		arg[4] = below(PAGE);
		arg[5] = between(1, PAGE - arg[4] < 64 ? PAGE - arg[4] : 64);
	}
	arg[6] = between(1, 255);
	return true;
}

static bool run_store(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);

	if (!vma || !in_vma(vma, arg[2], 1) || arg[3] < 0 ||
	    arg[3] >= NR_WAYS || arg[4] < 0 || arg[5] <= 0 ||
	    arg[4] + arg[5] > BLOCK || (arg[3] == DIRECT_IO && arg[5] != BLOCK))
		return false;
	do_access(arg[0], vma, arg[2], arg[3], arg[4], arg[5], arg[6]);
	return true;
}

/* --- pages that a process holds --- */

long pinned[256];
int nr_pinned;

static bool random_pin(long *arg)
{
	return random_vma_page(arg) && processes[arg[0]].nr_pins < MAX_PINS;
}

static bool run_pin(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	struct process *process = &processes[arg[0]];
	enum access_outcome outcome;
	long where = -1;
	int error;

	if (!vma || !in_vma(vma, arg[2], 1) || process->nr_pins == MAX_PINS)
		return false;
	outcome = expected(arg[0], vma, arg[2], false);
	error = actor_pin(arg[0], vma->addr + arg[2] * PAGE);
	if (error != (outcome == FINE ? 0 : -EFAULT))
		differ("vmsplice() returns %d (%s)", error, strerror(-error));
	if (error) {
		faulted(vma, arg[2]);
		return true;
	}
	loaded(vma, arg[2]);
	if (vma->pte[arg[2]] == MAPS)
		where = block_of(vma, arg[2])->where;
	process->pins[process->nr_pins++] = where;
	if (where >= 0 && nr_pinned < (int)ARRAY_SIZE(pinned))
		pinned[nr_pinned++] = where;
	return true;
}

/*
 * The pages come out of the pipe. Each has the content of the block that is at its
 * place by now. Reading ends at a page that is not in the direct map.
 */
static void unpin(int p)
{
	struct process *process = &processes[p];
	uint64_t hashes[MAX_PINS];
	int i, n = actor_unpin(p, hashes);
	struct block *block;

	for (i = 0; i < process->nr_pins; i++) {
		block = block_at(process->pins[i]);
		if (i >= n) {
			if (!flagged_place(process->pins[i]))
				differ("a page does not come out of a pipe");
			break;
		}
		if (block && !bad(block) && hashes[i] != page_hash(block->data))
			differ("a page comes out of a pipe with the wrong data (%#lx)",
			       block->where);
	}
	process->nr_pins = 0;
}

void release_pins(void)
{
	int p;

	for_each_process(p)
		if (processes[p].nr_pins)
			unpin(p);
}

static bool random_unpin(long *arg)
{
	return random_process(arg) && processes[arg[0]].nr_pins;
}

static bool run_unpin(const long *arg)
{
	if (!runs(arg[0]) || !processes[arg[0]].nr_pins)
		return false;
	unpin(arg[0]);
	return true;
}

/* Long-term pins of DAX pages are refused. A private copy is not a DAX page. */
static bool run_register(const long *arg)
{
	struct vma *vma = the_vma(arg[0], arg[1]);
	int error;

	if (!vma || !in_vma(vma, arg[2], 1))
		return false;
	refresh(arg[0], vma, arg[2]);
	error = actor_register(arg[0], vma->addr + arg[2] * PAGE);
	if (error != -EOPNOTSUPP && !(vma->pte[arg[2]] == COPY && !error))
		differ("registering a buffer returns %d (%s)", error,
		       strerror(-error));
	return true;
}

struct op_kind access_ops[] = {
	{ "load", 26, "process vma page way", random_load, run_load,
	  FROZEN | PINNED },
	{ "store", 18, "process vma page way at len byte", random_store,
	  run_store, PINNED },
	{ "pin", 3, "process vma page", random_pin, run_pin, FROZEN | PINNED },
	{ "unpin", 1, "process", random_unpin, run_unpin, FROZEN | PINNED },
	{ "register", 1, "process vma page", random_vma_page, run_register,
	  FROZEN | PINNED },
	{}
};
