// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses to mapped pages: by the processor, or by the kernel on behalf of a
 * process, by get_user_pages().
 */
#include <linux/io_uring.h>
#include "devices.h"
#include "fuzz.h"

/* --- in the model --- */

enum access_outcome expected(struct vma *vma, long i, bool store)
{
	refresh(vma, i);
	if (vma->pte[i] == COPY)
		return FINE;
	if (vma->pgoff + i >= vma->inode->nr_pages)
		return BEYOND_END;
	/* A zero page mapped in place of a block may remain. */
	if (bad(block_of(vma, i)) &&
	    !(vma->pte[i] == HOLE && !(store && vma->shared)))
		return POISONED;
	return FINE;
}

static void loaded(struct vma *vma, long i)
{
	struct block *block = block_of(vma, i);

	if (vma->pte[i] != NONE && vma->pte[i] != MAY)
		return;
	faulted(vma, i);
	if (block)
		holes_unmapped(vma->inode, vma->pgoff + i);
	vma->pte[i] = block ? MAPS : HOLE;
}

/* A store has put @len bytes at @offset. */
static void stored(struct vma *vma, long i, int offset, int len, int byte)
{
	long page = vma->pgoff + i, first = chunk_of(page), where;
	struct block *block = block_of(vma, i);
	struct inode *inode = vma->inode;

	if (!vma->shared) {
		stored_to_copy(vma, i, offset, len, byte);
		return;
	}
	where = mapped_place(vma, i);
	agree_at(where >= 0, vma, i, "a page is not mapped after a store to it");
	if (inode->huge && by_pmd(vma, i))
		/* All of it can be written to, so all of it belongs to the file. */
		written(inode, first, first + CHUNK, 0);
	else if (!block || block->where != where)
		moved_to(inode, page, where, false);
	else
		agree_at(block->refs == 1, vma, i,
			 "a store goes to a block that is shared");
	holes_unmapped(inode, page);
	faulted(vma, i);
	memset(inode->page[page]->data + offset, byte, len);
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

/* --- several pages at once --- */

/* The kernel has stopped early, as it may if it has to copy a block. */
static bool populating_refused(struct vma *vma, long i, long n)
{
	long k;

	for (k = 0; k < n && !may_be_refused(vma, i + k); k++)
		;
	if (k == n)
		return false;
	maybe_written(vma->inode, vma->pgoff + i, vma->pgoff + i + n);
	change(vma, i, i + n, OF(NONE), MAY);
	return true;
}

void populated(struct vma *vma, long i, long n, bool store, int error,
	       int error_beyond, int error_poisoned)
{
	const int errors[] = { 0, error_beyond, error_poisoned };
	bool shared_huge = store && vma->shared && vma->inode->huge;
	enum access_outcome stop = FINE;
	long k, done;

	for (done = 0; done < n; done++) {
		stop = expected(vma, i + done, store);
		if (stop != FINE)
			break;
	}
	if (store && error &&
	    (error == error_beyond || error == error_poisoned) &&
	    populating_refused(vma, i, done))
		return;
	agree(error == errors[stop], "populating pages returns %d (%s), not %d",
	      error, strerror(-error), errors[stop]);
	/* A copy of one page can unmap others that a PMD has mapped. */
	if (done && shared_huge)
		written(vma->inode, vma->pgoff + i, vma->pgoff + i + done, 0);
	for (k = 0; k < done; k++) {
		if (!store)
			loaded(vma, i + k);
		else if (shared_huge)
			faulted(vma, i + k);
		else
			stored(vma, i + k, 0, 0, 0);
	}
	if (stop != FINE)
		faulted(vma, i + done);
}

void fault_in(struct vma *vma, long i, long n, bool store, bool lock)
{
	int p = process_of(vma), error;
	long k;

	for (k = 0; k < n; k++)
		refresh(vma, i + k);
	error = lock ? call(p, SYS_mlock, addr_of(vma, i), n * BLOCK) :
		call(p, SYS_madvise, addr_of(vma, i), n * BLOCK,
		     store ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	populated(vma, i, n, store, error, lock ? -ENOMEM : -EFAULT,
		  lock ? -ENOMEM : -EHWPOISON);
}

/* --- one page --- */

/* A block device that is not pmem, for direct I/O, and the file with its content */
static int direct_io_device(int *content)
{
	static int device, memory;

	if (!device) {
		/* It may be there from an earlier worker. */
		command("test -e /tmp/page ||\n"
			"{ truncate -s 4096 /tmp/page && losetup /dev/loop0 /tmp/page; }");
		device = open_file("/dev/loop0", O_RDWR | O_DIRECT | O_CLOEXEC);
		memory = open_file("/tmp/page", O_RDWR | O_CLOEXEC);
	}
	*content = memory;
	return device;
}

static void access_by_kernel(const struct op *op, struct access *a)
{
	static unsigned char buffer[PAGE] __attribute__((aligned(8)));
	struct iovec here = { buffer, a->len ? a->len : PAGE };
	struct iovec there = { (void *)a->addr, here.iov_len };
	pid_t pid = actors[op->process].pid;
	int device, content, error;
	ssize_t n;

	memset(buffer, a->byte, PAGE);
	if (op->way == PROCESS_VM) {
		n = a->len ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			process_vm_readv(pid, &here, 1, &there, 1, 0);
		error = n < 0 ? errno : 0;
	} else {
		device = direct_io_device(&content);
		must(!a->len || pwrite(content, buffer, PAGE, 0) == BLOCK,
		     "direct I/O: %m");
		n = call(op->process, a->len ? SYS_pread64 : SYS_pwrite64,
			 device, a->addr, PAGE, 0);
		error = n == BLOCK ? 0 : n < 0 ? -n : EIO;
		must(pread(content, buffer, PAGE, 0) == BLOCK,
		     "direct I/O: %m");
	}
	agree(!error || error == EFAULT, "%s fails (%s)",
	      op->way == PROCESS_VM ?
	      "process_vm_readv() or process_vm_writev()" : "direct I/O",
	      strerror(error));
	a->failed = error;
	a->hash = page_hash(buffer);
}

/* Exactly this signal, or none if the kernel accessed the page */
static void check_signal(const struct op *op, int code, bool or_other,
			 unsigned long addr)
{
	struct signal_got got[4];
	int n = actor_signals(op->process, got, ARRAY_SIZE(got));

	agree(n == (op->way == PROCESSOR), "an access draws %d signals", n);
	if (!n)
		return;
	agree(got->code == code || (or_other && got->code == BUS_ADRERR),
	      "an access draws a SIGBUS with code %d, not %d (process %ld, %#lx)",
	      got->code, code, op->process, addr);
	agree(got->addr == addr,
	      "an access draws a SIGBUS with the wrong address (process %ld, %#lx, not %#lx)",
	      op->process, got->addr, addr);
	agree(got->code != BUS_MCEERR_AR || got->lsb == PAGE_LSB,
	      "an access draws a SIGBUS with lsb %d (process %ld, %#lx)",
	      got->lsb, op->process, addr);
}

/* A store; a load if @len is 0 */
static bool run_access(const struct op *op)
{
	struct vma *vma = op->map;
	long i = op->page, page = vma->pgoff + i;
	struct access a = {
		.addr = addr_of(vma, i) + op->at,
		.len = op->len,
		.byte = op->byte,
	};
	enum access_outcome outcome;
	int n;

	if (op->way == DIRECT_IO && a.len && a.len != PAGE)
		return false;
	outcome = expected(vma, i, a.len);
	if (op->way == PROCESSOR)
		actor_access(op->process, &a, 1);
	else
		access_by_kernel(op, &a);

	if (a.failed && outcome == FINE) {
		agree_at(a.len && may_be_refused(vma, i), vma, i, a.len ?
			 "a store to a good page fails" :
			 "a load from a good page fails");
		/* MAP_SYNC reports other losses in this way. */
		check_signal(op, BUS_MCEERR_AR, vma->sync, a.addr);
		/* With MAP_SYNC the block may already have been allocated. */
		if (vma->sync)
			maybe_written(vma->inode, page, page + 1);
		faulted(vma, i);
		return true;
	}
	if (outcome != FINE) {
		agree_at(a.failed, vma, i, outcome == POISONED ?
			 "an access to a page that has failed succeeds" :
			 "an access beyond the end of the file succeeds");
		check_signal(op, outcome == POISONED ? BUS_MCEERR_AR :
			     BUS_ADRERR, false, a.addr);
		if (outcome == POISONED)
			faulted(vma, i);
		return true;
	}
	n = actor_signals(op->process, NULL, 0);
	agree(!n, "an access succeeds, but there are %d signals", n);
	agree_at(a.len || a.hash == page_hash(seen_at(vma, i)), vma, i,
		 "a load finds the wrong data");
	if (a.len)
		stored(vma, i, op->at, a.len, a.byte);
	else
		loaded(vma, i);
	return true;
}

/* --- pages that a process holds --- */

/* An iovec of the page, in memory that the process shares */
static long iov_of(const struct op *op)
{
	struct iovec *iov = &actors[op->process].iov;

	iov->iov_base = (void *)addr_of(op->map, op->page);
	iov->iov_len = PAGE;
	return (long)iov;
}

static bool run_pin(const struct op *op)
{
	struct process *process = &processes[op->process];
	enum access_outcome outcome;
	struct vma *vma = op->map;
	int error;

	if (process->nr_pins == MAX_PINS)
		return false;
	outcome = expected(vma, op->page, false);
	must(process->pipe[0] || !pipe2(process->pipe, O_CLOEXEC), "pipe: %m");
	error = call(op->process, SYS_vmsplice, process->pipe[1], iov_of(op), 1,
		     SPLICE_F_NONBLOCK);
	agree(error == (outcome == FINE ? BLOCK : -EFAULT),
	      "vmsplice() returns %d (%s)", error, strerror(-error));
	if (outcome != FINE) {
		faulted(vma, op->page);
		return true;
	}
	loaded(vma, op->page);
	process->pins[process->nr_pins++] = vma->pte[op->page] == MAPS ?
		block_of(vma, op->page)->where : -1;
	return true;
}

/*
 * The pages come out of the pipe. Each has the content of the block now at its place.
 * Reading ends at a page that is not in the direct map.
 */
static void unpin(struct process *process)
{
	static unsigned char page[PAGE] __attribute__((aligned(8)));
	struct block *block;
	int i;

	for (i = 0; i < process->nr_pins; i++) {
		if (read(process->pipe[0], page, PAGE) != BLOCK) {
			agree(flagged_place(process->pins[i]),
			      "a page does not come out of a pipe");
			break;
		}
		block = block_at(process->pins[i]);
		agree(!block || bad(block) || !memcmp(page, block->data, PAGE),
		      "a page comes out of a pipe with the wrong data (%#lx)",
		      block->where);
	}
	close(process->pipe[0]);
	close(process->pipe[1]);
	process->pipe[0] = process->nr_pins = 0;
}

void release_pins(void)
{
	int p;

	for_each_process(p)
		if (processes[p].pipe[0])
			unpin(&processes[p]);
}

static bool choose_unpin(struct op *op)
{
	return processes[op->process].nr_pins;
}

static bool run_unpin(const struct op *op)
{
	unpin(&processes[op->process]);
	return true;
}

/* Long-term pins of DAX pages are refused. A private copy is not a DAX page. */
static bool run_register(const struct op *op)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 1, &params), error;

	must(ring >= 0, "io_uring_setup: %m");
	refresh(op->map, op->page);
	error = call(op->process, SYS_io_uring_register, ring,
		     IORING_REGISTER_BUFFERS, iov_of(op), 1);
	close(ring);
	agree(error == -EOPNOTSUPP ||
	      (op->map->pte[op->page] == COPY && !error),
	      "registering a buffer returns %d (%s)", error, strerror(-error));
	return true;
}

struct op_kind access_ops[] = {
	{ "load", 26, "process vma page way", FROZEN | PINNED, run_access },
	{ "store", 18, "process vma page way at len byte", PINNED, run_access },
	{ "pin", 3, "process vma page", FROZEN | PINNED, run_pin },
	{ "unpin", 1, "process", FROZEN | PINNED, run_unpin, choose_unpin },
	{ "register", 1, "process vma page", FROZEN | PINNED, run_register },
	{}
};
