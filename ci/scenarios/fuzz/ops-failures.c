// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a file, a mapping or free space fail: one, or several in a row
 * before any process can react, or one in a storm.
 *
 * In a storm, all processes are at work while a page fails. Each repeats a few
 * accesses; another process writes to a file, or makes a reflink of one.
 *
 * The accesses are chosen so that the result does not depend on their order: no page of
 * a file is stored to by one and accessed by another. Only the failed page depends on
 * it: an access to it comes before the failure or after it. The content that a load
 * finds during a write() is undefined.
 */
#include "fuzz.h"

#define MAX_PAGES	8		/* that fail in a row */
#define MAX_VICTIMS	(NR_PROCS * NR_VMAS * 4 * MAX_PAGES)

/* The mappings of pages that fail */
static struct victim {
	struct vma *vma;
	long i;
	int lsb;
	bool told;
	bool undisturbed;		/* by anything else in the storm */
} victims[MAX_VICTIMS], *end_of_victims;

#define for_each_victim(v)	for (v = victims; v < end_of_victims; v++)

/* Add the mappings of a block whose page tables are in one of these states. */
static void find_victims(const struct block *block, int states)
{
	struct vma *vma;
	long i;

	for_each_vma(vma) {
		for (i = vma->from; block && i < vma->to; i++) {
			if (!(states >> vma->pte[i] & 1) ||
			    block_of(vma, i) != block)
				continue;
			must(end_of_victims < victims + MAX_VICTIMS,
			     "too many victims");
			*end_of_victims++ = (struct victim) {
				.vma = vma,
				.i = i,
				.lsb = vma->inode->huge && by_pmd(vma, i) ?
					PMD_LSB : PAGE_LSB,
			};
		}
	}
}

static struct victim *victim_of(int p, const struct signal_got *got)
{
	struct victim *v;

	for_each_victim(v)
		if (process_of(v->vma) == p && !v->told &&
		    addr_of(v->vma, v->i) == got->addr)
			return v;
	return NULL;
}

static bool wants_to_know(int p)
{
	int policy = processes[p].policy;

	return policy == PR_MCE_KILL_EARLY ||
		(policy == PR_MCE_KILL_DEFAULT && early_by_default);
}

/* Kernel and model agree on this signal. */
static void agree_signal(bool right, int p, const char *what,
			 const struct signal_got *got)
{
	agree(right, "%s (process %d: code %d, %#lx, lsb %d)", what, p,
	      got->code, got->addr, got->lsb);
}

/* The same as inject-mce, but faster */
static void raise_machine_check(unsigned long pfn)
{
	FILE *port = fopen("/run/port/control", "r+e");
	char answer[64] = "";

	must(port && fprintf(port, "mce %#lx\n", pfn * PAGE) > 0 &&
	     !fflush(port) && fgets(answer, sizeof(answer), port) &&
	     !strcmp(answer, "ok\n"), "no machine check: %s (%m)", answer);
	fclose(port);
}

/* Make the page with this pfn fail: memory_failure()'s result, if it is known. */
static long do_fail(struct actor *a)
{
	if (!(a->arg[1] & MACHINE_CHECK))
		return poison(a->arg[0]);
	raise_machine_check(a->arg[0]);
	return 0;
}

/*
 * Order the failure of the page at this place, and wait until it has been handled:
 * do_fail()'s result
 */
static long order_failure(long where, int how)
{
	if (how & MACHINE_CHECK)
		expect_machine_check(pfn_at(where));
	order(INJECTOR, do_fail, pfn_at(where), how);
	if (how & MACHINE_CHECK) {
		agree(machine_check_handled(),
		      "a machine check does not reach memory_failure()");
		figures.machine_checks++;
	}
	return actors[INJECTOR].result;
}

/* --- a failure while nothing else happens --- */

/* The process that has injected the error by madvise(), or -1 */
static int consumer = -1;

/*
 * An early-kill process that maps the page gets a signal with its address, and so does
 * the consumer. With several addresses it gets at least one signal: a pending SIGBUS
 * swallows the next.
 */
static void check_signals(int p)
{
	int code = p == consumer ? BUS_MCEERR_AR : BUS_MCEERR_AO;
	struct signal_got got[MAX_VICTIMS];
	struct victim *v;
	int i, n, due = 0;

	ping(p);
	n = actor_signals(p, got, ARRAY_SIZE(got));
	for_each_victim(v)
		due += process_of(v->vma) == p &&
			(p == consumer || wants_to_know(p));
	agree_signal(!n || due, p, "a process is signalled that should not be",
		     got);
	agree(n || !due, "a process is not signalled (process %d)", p);
	agree(n <= due,
	      "a process gets too many signals (process %d: %d, not %d)", p, n,
	      due);
	for (i = 0; i < n; i++) {
		v = victim_of(p, &got[i]);
		agree_signal(v && got[i].code == code && got[i].lsb == v->lsb,
			     p, "a process gets the wrong signal", &got[i]);
		v->told = true;
	}
	figures.signals += n;
}

/* The pages next to a failed one are good in all its mappings. */
static void check_neighbours(struct vma *vma, long failed)
{
	struct signal_got got;
	struct access a;
	long i;

	for (i = failed - 1; i <= failed + 1; i += 2) {
		if (!in_vma(vma, i, 1) || vma->pte[i] == NONE)
			continue;
		a = (struct access) { .addr = addr_of(vma, i) };
		actor_access(process_of(vma), &a, 1);
		agree_at(!actor_signals(process_of(vma), &got, 1), vma, failed,
			 "a load from a page next to the failed one draws a signal");
		agree_at(a.hash == page_hash(seen_at(vma, i)), vma, i,
			 "a page next to the failed one has the wrong data");
	}
}

static void before_failure(const long *where, int n)
{
	check_tables();
	check_counter();
	end_of_victims = victims;
	while (n--)
		find_victims(block_at(*where++), OF(MAPS));
}

static bool by_any_pmd(void)
{
	struct victim *v;

	for_each_victim(v)
		if (v->lsb == PMD_LSB)
			return true;
	return false;
}

static void after_failure(const long *where, int n)
{
	bool pmd = by_any_pmd();
	struct victim *v;
	int p;

	figures.poisons += n;
	figures.victims += end_of_victims - victims;
	for_each_process(p)
		check_signals(p);
	check_signals(ZYGOTE);

	for_each_victim(v) {
		if (v->lsb == PMD_LSB) {
			figures.by_pmd++;
			change_around(v->vma, v->i, MAPPED, NONE);
		}
		v->vma->pte[v->i] = NONE;
	}
	/* PTEs that map it through the same file may be unmapped with the PMD. */
	if (pmd)
		for_each_victim(v)
			uncertain(v->vma->inode, v->vma->pgoff + v->i);
	check_tables();
	for_each_victim(v)
		check_neighbours(v->vma, v->i);

	check_counter();
	for (; n--; where++) {
		check_flag(*where);
		check_flag(*where - 1);
		check_flag(*where + 1);
		check_flag(where_is(chunk_of(pfn_at(*where))));
	}
}

static void fail_one(long where, int how)
{
	struct block *block = block_at(where);
	bool mapped = false;
	struct victim *v;
	int ret = order_failure(where, how);

	if (how & MACHINE_CHECK)
		files_lost(block);
	if (how & SCRUBBED)
		record_bad_block(where);
	if (how != INJECTED)
		bad_from_now(where, how);
	for_each_victim(v)
		mapped |= block_of(v->vma, v->i) == block;
	/* Without a reverse mapping btree the sharers of a page may be unknown. */
	if (ret && !(ret == -EBUSY && !mapped && !has_rmapbt())) {
		dump_block(block);
		differ("memory_failure() fails (%s)", strerror(-ret));
	}
}

static void fail_pages(const long *where, int n, int how)
{
	int k;

	before_failure(where, n);
	/* The first failure splits the PMD of a huge file's page. */
	if (n > 1 && by_any_pmd())
		before_failure(where, n = 1);
	for (k = 0; k < n; k++)
		fail_one(where[k], how & (MACHINE_CHECK | SCRUBBED));
	after_failure(where, n);
}

/* Add a place to the list, if it is not in it. */
static bool add_place(long *where, int *n, long place)
{
	int k;

	for (k = 0; k < *n; k++)
		if (where[k] == place)
			return false;
	where[(*n)++] = place;
	return true;
}

/* --- of a file --- */

static bool choose_poison(struct op *op)
{
	struct block *block = op->inode->page[op->page];

	return block && (!bad(block) || chance(5));
}

static bool choose_poison_range(struct op *op)
{
	return !op->inode->huge;
}

/* Pages in a row. A block that the file has twice counts once. */
static bool run_poison(const struct op *op)
{
	long where[MAX_PAGES], i;
	struct block *block;
	int n = 0;

	for (i = 0; i < op->n && n < MAX_PAGES; i++) {
		block = op->inode->page[op->page + i];
		if (block)
			add_place(where, &n, block->where);
	}
	if ((op->inode->huge && op->n > 1) || !n)
		return false;
	fail_pages(where, n, op->how);
	check_extents(op->inode, op->page, op->page + op->n);
	return true;
}

/* --- of a mapping; the file may be unlinked --- */

static bool choose_poison_mapped(struct op *op)
{
	struct vma *vma = op->map;
	struct block *block = block_of(vma, op->page);

	/* one that a PMD may map */
	if (chance(60) && !whole_chunk(vma->inode, chunk_of(vma->pgoff)))
		return false;
	return (OF(MAPS) | OF(MAY)) >> vma->pte[op->page] & 1 && block &&
		!bad(block);
}

static bool run_poison_mapped(const struct op *op)
{
	struct block *block = block_of(op->map, op->page);

	if (block)
		fail_pages(&block->where, 1, op->how);
	return block;
}

static bool choose_poison_own(struct op *op)
{
	op->n = chance(60) ? 1 : between(1, MAX_PAGES);
	return choose_poison_mapped(op);
}

/* madvise(MADV_HWPOISON) of pages that the process has just accessed */
static bool run_poison_own(const struct op *op)
{
	struct vma *vma = op->map;
	long where[MAX_PAGES], i, k;
	struct block *block;
	int n = 0, error;

	if (op->n > MAX_PAGES)
		return false;
	for (k = 0; k < op->n && !(n && vma->inode->huge); k++) {
		i = op->page + k;
		block = block_of(vma, i);
		if (expected(vma, i, false) != FINE || !block ||
		    vma->pte[i] == COPY || vma->pte[i] == HOLE || bad(block) ||
		    !add_place(where, &n, block->where))
			break;
	}
	if (!n)
		return false;
	fault_in(vma, op->page, n, false, false);
	before_failure(where, n);
	if (n > 1 && by_any_pmd())
		return true;
	consumer = op->process;
	error = call(consumer, SYS_madvise, addr_of(vma, op->page), n * BLOCK,
		     MADV_HWPOISON);
	agree(!error, "MADV_HWPOISON fails (%s)", strerror(-error));
	after_failure(where, n);
	consumer = -1;
	return true;
}

/* --- of no file --- */

static long first_wanted, to_skip;

static bool is_wanted(long where)
{
	return where >= first_wanted && !block_at(where) && !bad_place(where) &&
		!to_skip--;
}

bool fail_special(uint64_t owner, long first, long skipped, int how)
{
	long where;

	first_wanted = first;
	to_skip = skipped;
	where = knows_its_space() ? find_page(owner, is_wanted) : -1;
	if (where >= 0)
		fail_pages(&where, 1, how);
	return where >= 0;
}

static bool run_poison_free(const struct op *op)
{
	return op->n >= 0 &&
		fail_special(op->kind->with, 0, op->n, op->how);
}

/* --- in a storm --- */

#define MAX_CHOSEN	8		/* accesses of a process */
#define MAX_WRITTEN	64L		/* pages */

static struct chosen {
	struct vma *vma;
	long i;
	struct inode *inode;
	long page;
	struct access access;
} chosen[NR_PROCS * MAX_CHOSEN], *end_of_chosen;

#define for_each_chosen(c)	for (c = chosen; c < end_of_chosen; c++)

/* The failed page */
static struct block *failed;
static long failed_at, failed_id;

static struct {
	enum { NO_WRITER, WRITES, CLONES } does;
	struct inode *inode;
	long page, n;
	int byte;
} writer;

static bool in_written(const struct inode *inode, long page)
{
	return writer.does == WRITES && writer.inode == inode &&
		page >= writer.page && page < writer.page + writer.n;
}

/* --- choice --- */

static void choose_writer(void)
{
	struct inode *inode;
	long page, n;

	writer.does = below(3);
	inode = files[below(NR_FILES)];
	if (!inode || !inode->dax || !random_range(inode, false, &page, &n))
		writer.does = NO_WRITER;
	if (writer.does == NO_WRITER)
		return;
	writer.inode = inode;
	writer.page = page;
	writer.n = min(n, MAX_WRITTEN);
	writer.byte = between(1, 255);
}

static bool conflicts(const struct chosen *new)
{
	bool store = new->access.len;
	const struct chosen *c;

	if (store && (in_written(new->inode, new->page) ||
		      (writer.does == WRITES && new->inode->huge &&
		       writer.inode == new->inode)))
		return true;
	for_each_chosen(c)
		if (c->inode == new->inode && c->page == new->page &&
		    (store || c->access.len))
			return true;
	return false;
}

/* The index of the failing page in @vma, or -1 */
static long page_that_fails(const struct vma *vma)
{
	long i;

	for (i = vma->from; i < vma->to; i++)
		if (block_of(vma, i) == failed)
			return i;
	return -1;
}

static void choose_access(struct vma *vma)
{
	struct chosen *c = end_of_chosen;
	long i = chance(40) ? page_that_fails(vma) : -1;
	bool store = chance(30);

	if (i < 0)
		i = random_page(vma);
	/* A store by MAP_SYNC would report the loss. */
	if (expected(vma, i, store) != FINE || (store && vma->sync) ||
	    (vma->pte[i] == HOLE && block_of(vma, i)))
		return;
	*c = (struct chosen) {
		.vma = vma,
		.i = i,
		.inode = vma->inode,
		.page = vma->pgoff + i,
		.access.addr = addr_of(vma, i),
	};
	if (store) {
		c->access.len = between(1, 64);
		c->access.addr += below(PAGE - c->access.len);
		c->access.byte = between(1, 255);
	} else {
		c->access.check = vma->pte[i] == COPY ||
			!in_written(c->inode, c->page);
		c->access.want = page_hash(seen_at(vma, i));
	}
	c->access.drop = vma->shared && chance(40);
	if (!conflicts(c))
		end_of_chosen++;
}

static void choose(void)
{
	struct vma *vma;
	int p, k;

	choose_writer();
	end_of_chosen = chosen;
	for_each_process(p)
		for (k = 0; k < MAX_CHOSEN; k++) {
			vma = &vmas[p][below(NR_VMAS)];
			if (vma->inode)
				choose_access(vma);
		}
}

/* --- the storm itself --- */

/* A reflink of a part of a file. It is removed at once and not in the model. */
static long do_clone(struct actor *a)
{
	int fd = open(MNT "/clone", O_RDWR | O_CREAT | O_EXCL, 0600);
	long ret = fd < 0 ? -errno :
		clone_open(a->arg[0], a->arg[1], a->arg[2], fd, 0);

	close(fd);
	unlink(MNT "/clone");
	return ret;
}

static long do_write(struct actor *a)
{
	static unsigned char buffer[MAX_WRITTEN * PAGE];
	ssize_t n;

	memset(buffer, a->arg[3], a->arg[2]);
	n = pwrite(a->arg[0], buffer, a->arg[2], a->arg[1]);
	return n < 0 ? -errno : n;
}

static void release(int how, int rounds)
{
	struct access *answer;
	struct actor *a;
	struct chosen *c;
	int p;

	for_each_process(p) {
		a = &actors[p];
		a->nr = 0;
		for_each_chosen(c)
			if (process_of(c->vma) == p)
				a->access[a->nr++] = c->access;
		order_too(p, do_storm, rounds);
	}
	if (writer.does != NO_WRITER)
		order_too(WRITER, writer.does == WRITES ? do_write : do_clone,
			  fd_of(writer.inode), writer.page * BLOCK,
			  writer.n * BLOCK, writer.byte);
	order_failure(failed_at, how);
	for_each_process(p) {
		answer = actors[p].access;
		for_each_chosen(c)
			if (process_of(c->vma) == p)
				c->access = *answer++;
	}
}

/* --- the result --- */

static void check_writer(int how)
{
	long n = actors[WRITER].result, len = writer.n * BLOCK;

	if (writer.does == CLONES) {
		/* It has been removed. */
		inodes_gone++;
		unsure(writer.inode, 0, HUGE_PAGES);
		agree(!n || (n == -EIO && writer.inode->lost),
		      "FICLONERANGE in a storm fails (%s)", strerror(-n));
	}
	if (writer.does != WRITES)
		return;
	agree(n == len || (how & MACHINE_CHECK && n >= -EFAULT),
	      "pwrite() in a storm returns %ld, not %ld", n, len);
	writer.n = max(n, 0) / BLOCK;
	if (writer.n)
		written(writer.inode, writer.page, writer.page + writer.n,
			BY_WRITE);
	unsure(writer.inode, writer.page, writer.page + len / BLOCK);
}

static void check_access(const struct chosen *c, int how)
{
	const struct access *a = &c->access;
	bool fails = block_of(c->vma, c->i) == failed &&
		c->vma->pte[c->i] != COPY;

	agree_at(!a->failures || (fails && how != INJECTED) ||
		 (a->len && may_be_refused(c->vma, c->i)), c->vma, c->i,
		 "an access to a good page fails in a storm");
	agree_at(!a->wrong, c->vma, c->i,
		 "a load finds the wrong data in a storm");
}

/* The page tables may have been filled, or emptied, at all these pages. */
static void accessed(const struct chosen *c)
{
	unsure(c->inode, c->page, c->page + 1);
	change(c->vma, c->i, c->i + 1, OF(NONE), MAY);
	faulted(c->vma, c->i);
}

static void moved(const struct chosen *c)
{
	long first = chunk_of(c->page);

	if (!c->access.len || !c->vma->shared)
		return;
	if (c->inode->huge)
		maybe_written(c->inode, first,
			      min(first + CHUNK, c->inode->nr_pages));
	else
		maybe_written(c->inode, c->page, c->page + 1);
}

static void changed(const struct chosen *c, int rounds)
{
	const struct access *a = &c->access;
	struct block *block = block_of(c->vma, c->i);
	int offset = a->addr % PAGE;

	if (!a->len || a->failures == rounds)
		return;
	if (!c->vma->shared) {
		stored_to_copy(c->vma, c->i, offset, a->len, a->byte);
		return;
	}
	agree_at(block, c->vma, c->i, "a store in a storm has no block");
	agree_at(block->refs == 1, c->vma, c->i,
		 "a store in a storm goes to a block that is shared");
	memset(block->data + offset, a->byte, a->len);
}

/* --- signals --- */

/* In the storm, only the failure unmaps this page. */
static bool undisturbed(const struct vma *vma, long i)
{
	long page = vma->pgoff + i;
	const struct chosen *c;

	if (vma->inode->huge || in_written(vma->inode, page) ||
	    (writer.does == CLONES && writer.inode == vma->inode))
		return false;
	for_each_chosen(c)
		if (c->inode == vma->inode && c->page == page &&
		    (c->access.len || (process_of(c->vma) == process_of(vma) &&
				       c->access.drop)))
			return false;
	return true;
}

static void check_storm_signals(int p)
{
	bool due = false, told = false;
	struct signal_got got[8];
	const struct victim *v;
	const struct chosen *c;
	int n, i;

	ping(p);
	n = actor_signals(p, got, ARRAY_SIZE(got));
	for_each_chosen(c)
		told |= process_of(c->vma) == p && c->access.failures;
	for_each_victim(v)
		due |= process_of(v->vma) == p && v->undisturbed;
	agree(!due || !wants_to_know(p) || told || n,
	      "a process is not signalled in a storm (process %d)", p);
	agree_signal(!n || wants_to_know(p), p,
		     "a process is signalled in a storm that should not be",
		     got);
	for (i = 0; i < min(n, (int)ARRAY_SIZE(got)); i++) {
		v = victim_of(p, &got[i]);
		agree_signal(v && got[i].code == BUS_MCEERR_AO &&
			     (got[i].lsb == PAGE_LSB || v->vma->inode->huge), p,
			     "a process gets the wrong signal in a storm",
			     &got[i]);
	}
	figures.signals += n;
}

/* --- the operation --- */

/* Check the other changes to the blocks before the failed page counts as bad. */
static void check_blocks_and_tables(int how, int rounds)
{
	const struct victim *v;
	struct chosen *c;
	struct block *block;
	int k;

	if (how & MACHINE_CHECK)
		files_lost(failed);
	for_each_chosen(c)
		check_access(c, how);
	for_each_chosen(c)
		moved(c);
	check_writer(how);
	for_each_chosen(c)
		changed(c, rounds);
	for_each_chosen(c)
		accessed(c);
	for (k = 0; writer.does == WRITES && k < writer.n; k++) {
		block = writer.inode->page[writer.page + k];
		memset(block->data, writer.byte, PAGE);
		if (bad(block))
			must_be_repaired(block->where);
	}
	for_each_victim(v) {
		unsure(v->vma->inode, v->vma->pgoff + v->i,
		       v->vma->pgoff + v->i + 1);
		uncertain(v->vma->inode, v->vma->pgoff + v->i);
	}
}

/* If fully written, by its file or the next owner, it may be good again. */
static void check_failed_page(int how, bool was_written)
{
	if (how == INJECTED)
		return;
	bad_from_now(failed_at, how);
	if (still_bad(failed_at))
		return;
	agree(was_written || !block_at(failed_at) ||
	      block_at(failed_at)->id != failed_id,
	      "a page that has failed is good again (%#lx)", failed_at);
	repaired(failed_at);
	figures.repairs++;
}

static bool choose_storm(struct op *op)
{
	struct block *block = op->inode->page[op->page];

	return block && !bad(block);
}

static bool run_storm(const struct op *op)
{
	int how = op->how & MACHINE_CHECK, p, k;
	bool was_written = false;
	struct victim *v;
	uint64_t seed;

	failed = op->inode->page[op->page];
	if (!failed || bad(failed))
		return false;
	failed_at = failed->where;
	failed_id = failed->id;
	check_tables();
	check_counter();
	seed = random_seed(op->seed);
	choose();
	random_seed(seed);
	end_of_victims = victims;
	find_victims(failed, ~OF(COPY));
	for_each_victim(v)
		v->undisturbed = v->vma->pte[v->i] == MAPS &&
			undisturbed(v->vma, v->i);
	for (k = 0; writer.does == WRITES && k < writer.n; k++)
		was_written |= writer.inode->page[writer.page + k] == failed;

	release(how, op->rounds);
	figures.storms++;
	figures.poisons++;
	check_blocks_and_tables(how, op->rounds);
	check_failed_page(how, was_written);
	for_each_process(p)
		check_storm_signals(p);
	check_tables();
	check_counter();
	check_flag(failed_at);
	return true;
}

#define ALWAYS	(FROZEN | PINNED | CACHED)

struct op_kind failure_ops[] = {
	{ "poison", 2, "file page how", ALWAYS, run_poison, choose_poison },
	{ "poison-range", 1, "file page n how", ALWAYS, run_poison,
	  choose_poison_range },
	{ "poison-mapped", 6, "process vma page how", ALWAYS, run_poison_mapped,
	  choose_poison_mapped },
	{ "poison-own", 2, "process vma page n", ALWAYS, run_poison_own,
	  choose_poison_own },
	{ "poison-free", 1, "n how", ALWAYS, run_poison_free, NULL, OWN_FREE },
	{ "poison-staged", 1, "n how", ALWAYS, run_poison_free, NULL,
	  XFS_OWN_COW },
	{ "storm", 1, "file page how rounds seed", CACHED, run_storm,
	  choose_storm },
	{}
};
