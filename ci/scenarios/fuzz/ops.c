// SPDX-License-Identifier: GPL-2.0
/*
 * The operations: their list, their random choice, and the life of a filesystem
 * from the first to the last of them. Each operation does something in the kernel,
 * does it in the model, and compares: the result, the signals, the page tables, the
 * places of the blocks.
 */
#include "ops.h"

struct figures figures;

static struct op_kind *const lists[] = {
	file_ops, sharing_ops, process_ops, access_ops, failure_ops,
	filesystem_ops, storm_ops
};

#define for_each_kind(l, kind) \
	for (l = 0; l < ARRAY_SIZE(lists); l++) \
		for (kind = lists[l]; kind->name; kind++)

/* --- random numbers: splitmix64 --- */

static uint64_t random_state;

void random_seed(uint64_t seed)
{
	random_state = seed;
}

uint64_t random_save(void)
{
	return random_state;
}

uint64_t random64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

long below(long n)
{
	return n > 0 ? random64() % n : 0;
}

long between(long low, long high)
{
	return low + below(high - low + 1);
}

bool chance(int percent)
{
	return below(100) < percent;
}

/* --- what an operation refers to --- */

struct inode *any_file(long slot)
{
	return slot >= 0 && slot < NR_FILES ? files[slot] : NULL;
}

struct inode *the_file(long slot)
{
	struct inode *inode = any_file(slot);

	return inode && inode->dax ? inode : NULL;
}

bool runs(long p)
{
	return p >= 0 && p < NR_PROCS && processes[p].runs;
}

struct vma *the_vma(long p, long v)
{
	if (!runs(p) || v < 0 || v >= NR_VMAS || !processes[p].vma[v].inode)
		return NULL;
	return &processes[p].vma[v];
}

bool in_file(const struct inode *inode, long page, long n)
{
	return page >= 0 && n > 0 && page + n <= inode->nr_pages;
}

bool in_vma(const struct vma *vma, long i, long n)
{
	return i >= vma->from && n > 0 && i + n <= vma->to;
}

long max_pages(const struct inode *inode)
{
	return inode->huge ? HUGE_PAGES : SMALL_PAGES;
}

bool whole_chunk(const struct inode *inode, long first)
{
	long page;

	if (!inode->huge || first < 0 || first % CHUNK ||
	    first + CHUNK > inode->nr_pages || !inode->page[first] ||
	    pfn_at(inode->page[first]->where) % CHUNK)
		return false;
	for (page = first; page < first + CHUNK; page++)
		if (!inode->page[page] || bad(inode->page[page]) ||
		    inode->page[page]->where !=
		    inode->page[first]->where + page - first)
			return false;
	return true;
}

/* --- and a random choice of it --- */

bool random_nothing(long *arg)
{
	(void)arg;
	return true;
}

bool random_file(long *slot)
{
	long i, n = below(NR_FILES);

	for (i = 0; i < NR_FILES; i++) {
		*slot = (n + i) % NR_FILES;
		if (files[*slot])
			return true;
	}
	return false;
}

bool random_process(long *p)
{
	long i, n = below(NR_PROCS);

	for (i = 0; i < NR_PROCS; i++) {
		*p = (n + i) % NR_PROCS;
		if (processes[*p].runs)
			return true;
	}
	return false;
}

bool random_vma(long *p, long *v)
{
	long i, n = below(NR_PROCS * NR_VMAS);

	for (i = 0; i < NR_PROCS * NR_VMAS; i++) {
		*p = (n + i) % (NR_PROCS * NR_VMAS) / NR_VMAS;
		*v = (n + i) % NR_VMAS;
		if (the_vma(*p, *v))
			return true;
	}
	return false;
}

long random_page(const struct vma *vma)
{
	long tries, i = 0;
	bool look_for_bad = chance(15), look_for_some = chance(50);

	for (tries = 0; tries < 30; tries++) {
		i = between(vma->from, vma->to - 1);
		if (look_for_bad ? bad(block_of(vma, i)) :
		    !look_for_some || vma->pte[i] != NONE || block_of(vma, i))
			break;
	}
	return i;
}

long random_length(long most)
{
	long n = chance(60) ? between(1, 4) : between(1, 32);

	return n < most ? n : most;
}

bool random_range(const struct inode *inode, bool beyond, long *page, long *n)
{
	long limit = beyond ? max_pages(inode) : inode->nr_pages;

	if (!limit)
		return false;
	/* all that a PMD maps */
	if (inode->huge && chance(15) && limit >= CHUNK) {
		*page = below(limit / CHUNK) * CHUNK;
		*n = CHUNK;
		return true;
	}
	*page = below(limit);
	*n = random_length(limit - *page);
	return true;
}

bool random_file_range(long *arg)
{
	return random_file(&arg[0]) &&
		random_range(files[arg[0]], false, &arg[1], &arg[2]);
}

bool random_vma_page(long *arg)
{
	if (!random_vma(&arg[0], &arg[1]))
		return false;
	arg[2] = random_page(the_vma(arg[0], arg[1]));
	return true;
}

bool random_vma_range(long *arg)
{
	if (!random_vma_page(arg))
		return false;
	arg[3] = random_length(the_vma(arg[0], arg[1])->to - arg[2]);
	return true;
}

/* --- the list --- */

bool op_disable(const char *name)
{
	struct op_kind *kind;
	unsigned int l;

	for_each_kind(l, kind) {
		if (!strcmp(kind->name, name)) {
			kind->weight = 0;
			return true;
		}
	}
	return false;
}

/* While the filesystem is frozen most operations would wait. */
static bool possible(const struct op_kind *kind)
{
	return !frozen || kind->may & FROZEN;
}

static struct op_kind *random_kind(void)
{
	struct op_kind *kind;
	unsigned int l;
	long n, total = 0;

	for_each_kind(l, kind)
		total += possible(kind) ? kind->weight : 0;
	n = below(total);
	for_each_kind(l, kind) {
		n -= possible(kind) ? kind->weight : 0;
		if (n < 0)
			return kind;
	}
	give_up("there are no operations");
}

void op_random(struct op *op)
{
	do {
		memset(op, 0, sizeof(*op));
		op->kind = random_kind();
	} while (!op->kind->random(op->arg));
}

/* The next of the words that are separated by blanks, or NULL */
static const char *next_word(const char **at, int *len)
{
	const char *word = *at + strspn(*at, " ");

	*len = strcspn(word, " ");
	*at = word + *len;
	return *len ? word : NULL;
}

void op_print(const struct op *op, char *line, size_t size)
{
	const char *at = op->kind->args, *word;
	int i, len, used;

	used = snprintf(line, size, "%s", op->kind->name);
	for (i = 0; (word = next_word(&at, &len)); i++)
		used += snprintf(line + used, size - used, " %.*s=%ld", len,
				 word, op->arg[i]);
}

bool op_parse(const char *line, struct op *op)
{
	const char *at, *word, *value;
	struct op_kind *kind;
	unsigned int l;
	int i, len;
	char *end;

	memset(op, 0, sizeof(*op));
	word = next_word(&line, &len);
	for_each_kind(l, kind)
		if (word && !strncmp(kind->name, word, len) && !kind->name[len])
			op->kind = kind;
	if (!op->kind)
		return false;
	at = op->kind->args;
	for (i = 0; next_word(&at, &len); i++) {
		word = next_word(&line, &len);
		value = word ? memchr(word, '=', len) : NULL;
		if (!value)
			return false;
		op->arg[i] = strtol(value + 1, &end, 0);
		if (end == value + 1 || end != word + len)
			return false;
	}
	return !next_word(&line, &len);
}

void op_run(const struct op *op)
{
	bool runs = possible(op->kind);

	/* It may wait for pins to be dropped. */
	if (runs && !(op->kind->may & PINNED))
		release_pins();
	if (runs && op->kind->run(op->arg))
		figures.ops++;
	else
		figures.left_out++;
	finish_inodes();
	check_log();
}

/* --- the life of a filesystem --- */

void epoch_begin(int ground)
{
	ground_begin(ground);
	model_reset();
	early_kill(early_by_default);
	any_lost = false;
	inodes_gone = 0;
	nr_pinned = 0;
}

void epoch_end(void)
{
	long p;

	thaw();
	release_pins();
	check_everything(true);
	for (p = 0; p < NR_PROCS; p++)
		run_exit(&p);
	close_files();
	if (!unmount())
		differ("the filesystem cannot be unmounted");
	check_counts();
	check_counter();
	if (!ground_end())
		differ("what is below the filesystem is still in use");
	check_log();
	if (hardware_corrupted())
		differ("HardwareCorrupted counts pages of a device that was unbound (%ld)",
		       hardware_corrupted());
	/* It cannot read past bad blocks that no file has. */
	if (!ground_repair_finds_nothing())
		differ("xfs_repair finds something to repair");
}
