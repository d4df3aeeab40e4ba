// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses to mapped pages: by the processor, or by the kernel on behalf of a
 * process, by get_user_pages().
 */
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
	if (where < 0)
		differ_at(vma, i, "a page is not mapped after a store to it");
	if (inode->huge && by_pmd(vma, i))
		/* All of it can be written to, so all of it belongs to the file. */
		written(inode, first, first + CHUNK, 0);
	else if (!block || block->where != where)
		moved_to(inode, page, where, false);
	else if (block->refs > 1)
		differ_at(vma, i, "a store goes to a block that is shared");
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
	bool shared_huge = store && vma->shared && vma->inode->huge;
	enum access_outcome stop = FINE;
	int expected_error = 0;
	long k, done;

	for (done = 0; done < n; done++) {
		stop = expected(vma, i + done, store);
		if (stop != FINE)
			break;
	}
	if (stop != FINE)
		expected_error = stop == BEYOND_END ? error_beyond :
			error_poisoned;
	if (store && error &&
	    (error == error_beyond || error == error_poisoned) &&
	    populating_refused(vma, i, done))
		return;
	if (error != expected_error)
		differ("populating pages returns %d (%s), not %d", error,
		       strerror(-error), expected_error);
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

static void access_by_kernel(const struct op *op, struct access *a)
{
	static unsigned char buffer[PAGE] __attribute__((aligned(8)));
	struct iovec here = { buffer, a->len ? a->len : PAGE };
	struct iovec there = { (void *)a->addr, here.iov_len };
	pid_t pid = actor_pid(op->process);
	int fd, error;
	ssize_t n;

	memset(buffer, a->byte, PAGE);
	if (op->way == PROCESS_VM) {
		n = a->len ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			process_vm_readv(pid, &here, 1, &there, 1, 0);
		error = n < 0 ? errno : 0;
	} else {
		fd = direct_io_file();
		must(!a->len || pwrite(fd, buffer, PAGE, 0) == BLOCK,
		     "memfd: %m");
		actors[op->process].addr = a->addr;
		actors[op->process].value = a->len;
		set_path(op->process, direct_io_device());
		error = -order(op->process, do_direct_io);
		must(pread(fd, buffer, PAGE, 0) == BLOCK, "memfd: %m");
	}
	if (error && error != EFAULT)
		differ("%s fails (%s)", op->way == PROCESS_VM ?
		       "process_vm_readv() or process_vm_writev()" :
		       "direct I/O", strerror(error));
	a->failed = error;
	a->hash = page_hash(buffer);
}

/* Exactly this signal, or none if the kernel accessed the page */
static void check_signal(const struct op *op, int code, bool or_other,
			 unsigned long addr)
{
	struct signal_got got[4];
	int n = actor_signals(op->process, false, got, ARRAY_SIZE(got));

	if (n != (op->way == PROCESSOR))
		differ("an access draws %d signals", n);
	if (!n)
		return;
	if (got[0].code != code && !(or_other && got[0].code == BUS_ADRERR))
		differ("an access draws a SIGBUS with code %d, not %d (process %ld, %#lx)",
		       got[0].code, code, op->process, addr);
	if (got[0].addr != addr)
		differ("an access draws a SIGBUS with the wrong address (process %ld, %#lx, not %#lx)",
		       op->process, got[0].addr, addr);
	if (got[0].code == BUS_MCEERR_AR && got[0].lsb != PAGE_LSB)
		differ("an access draws a SIGBUS with lsb %d (process %ld, %#lx)",
		       got[0].lsb, op->process, addr);
}

/* A store; a load if @len is 0 */
static bool run_access(const struct op *op)
{
	struct vma *vma = op->map;
	long i = op->page;
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
		if (!a.len || !may_be_refused(vma, i))
			differ_at(vma, i, a.len ? "a store to a good page fails" :
				  "a load from a good page fails");
		/* MAP_SYNC reports other losses in this way. */
		check_signal(op, BUS_MCEERR_AR, vma->sync, a.addr);
		/* With MAP_SYNC the block may already have been allocated. */
		if (vma->sync)
			maybe_written(vma->inode, vma->pgoff + i,
				      vma->pgoff + i + 1);
		faulted(vma, i);
		return true;
	}
	if (outcome != FINE) {
		if (!a.failed)
			differ_at(vma, i, outcome == POISONED ?
				  "an access to a page that has failed succeeds" :
				  "an access beyond the end of the file succeeds");
		check_signal(op, outcome == POISONED ? BUS_MCEERR_AR :
			     BUS_ADRERR, false, a.addr);
		if (outcome == POISONED)
			faulted(vma, i);
		return true;
	}
	n = actor_signals(op->process, false, NULL, 0);
	if (n)
		differ("an access succeeds, but there are %d signals", n);
	if (!a.len && a.hash != page_hash(seen_at(vma, i)))
		differ_at(vma, i, "a load finds the wrong data");
	if (a.len)
		stored(vma, i, op->at, a.len, a.byte);
	else
		loaded(vma, i);
	return true;
}

static bool random_load(struct op *op)
{
	op->way = chance(80) ? PROCESSOR : between(PROCESS_VM, DIRECT_IO);
	return random_args(op);
}

static bool random_store(struct op *op)
{
	if (!random_load(op))
		return false;
	if (op->way == DIRECT_IO) {
		op->len = PAGE;
	} else {
		op->at = below(PAGE);
		op->len = between(1, min(BLOCK - op->at, 64));
	}
	op->byte = between(1, 255);
	return true;
}

/* --- pages that a process holds --- */

static bool random_pin(struct op *op)
{
	return random_args(op) && processes[op->process].nr_pins < MAX_PINS;
}

static bool run_pin(const struct op *op)
{
	struct process *process = &processes[op->process];
	enum access_outcome outcome;
	struct vma *vma = op->map;
	long where = -1;
	int error;

	if (process->nr_pins == MAX_PINS)
		return false;
	outcome = expected(vma, op->page, false);
	actors[op->process].addr = addr_of(vma, op->page);
	error = order(op->process, do_pin);
	if (error != (outcome == FINE ? 0 : -EFAULT))
		differ("vmsplice() returns %d (%s)", error, strerror(-error));
	if (error) {
		faulted(vma, op->page);
		return true;
	}
	loaded(vma, op->page);
	if (vma->pte[op->page] == MAPS)
		where = block_of(vma, op->page)->where;
	process->pins[process->nr_pins++] = where;
	if (where >= 0 && nr_pinned < (int)ARRAY_SIZE(pinned))
		pinned[nr_pinned++] = where;
	return true;
}

/*
 * The pages come out of the pipe. Each has the content of the block now at its place.
 * Reading ends at a page that is not in the direct map.
 */
static void unpin(int p)
{
	struct process *process = &processes[p];
	struct actor *a = &actors[p];
	struct block *block;
	int i, n;

	a->nr = process->nr_pins;
	n = order(p, do_unpin);
	for (i = 0; i < process->nr_pins; i++) {
		block = block_at(process->pins[i]);
		if (i >= n) {
			if (!flagged_place(process->pins[i]))
				differ("a page does not come out of a pipe");
			break;
		}
		if (block && !bad(block) &&
		    a->access[i].hash != page_hash(block->data))
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

static bool random_unpin(struct op *op)
{
	return random_args(op) && processes[op->process].nr_pins;
}

static bool run_unpin(const struct op *op)
{
	if (!processes[op->process].nr_pins)
		return false;
	unpin(op->process);
	return true;
}

/* Long-term pins of DAX pages are refused. A private copy is not a DAX page. */
static bool run_register(const struct op *op)
{
	int error;

	refresh(op->map, op->page);
	actors[op->process].addr = addr_of(op->map, op->page);
	error = order(op->process, do_register);
	if (error != -EOPNOTSUPP &&
	    !(op->map->pte[op->page] == COPY && !error))
		differ("registering a buffer returns %d (%s)", error,
		       strerror(-error));
	return true;
}

struct op_kind access_ops[] = {
	{ "load", 26, "process vma page way", FROZEN | PINNED, run_access,
	  random_load },
	{ "store", 18, "process vma page way at len byte", PINNED, run_access,
	  random_store },
	{ "pin", 3, "process vma page", FROZEN | PINNED, run_pin, random_pin },
	{ "unpin", 1, "process", FROZEN | PINNED, run_unpin, random_unpin },
	{ "register", 1, "process vma page", FROZEN | PINNED, run_register },
	{}
};
