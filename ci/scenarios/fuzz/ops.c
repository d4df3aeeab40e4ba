// SPDX-License-Identifier: GPL-2.0
/*
 * The operations: their arguments and their random choice. Each operation acts on the kernel and on the
 * model, and compares: the result, the signals, the page tables, the places of the
 * blocks.
 */
#include "fuzz.h"

struct figures figures;

static struct op_kind *const lists[] = {
	file_ops, sharing_ops, process_ops, access_ops, failure_ops,
	filesystem_ops
};

#define for_each_kind(l, kind) \
	for (l = 0; l < ARRAY_SIZE(lists); l++) \
		for (kind = lists[l]; kind->name; kind++)

/* --- random numbers: splitmix64 --- */

static uint64_t random_state;

uint64_t random_seed(uint64_t seed)
{
	uint64_t before = random_state;

	random_state = seed;
	return before;
}

static uint64_t random64(void)
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

/* --- the list of arguments of an operation --- */

static const char *const names[] = { FOR_EACH_ARG(ARG_NAME) };

struct param {
	const char *label;
	int len;			/* of the label */
	int arg;
	bool new;			/* it must not exist yet */
};

static bool next_param(const char **at, struct param *param)
{
	const char *name;
	int len;

	*at += strspn(*at, " ");
	param->label = name = *at;
	param->len = strcspn(name, " :!");
	if (!param->len)
		return false;
	if (name[param->len] == ':')
		name += param->len + 1;
	len = strcspn(name, " !");
	for (param->arg = 0; strncmp(names[param->arg], name, len) ||
	     names[param->arg][len]; param->arg++)
		must(param->arg < NR_ARGS - 1, "no argument is called %s", name);
	param->new = name[len] == '!';
	*at = name + len + param->new;
	return true;
}

#define for_each_param(kind, at, param) \
	for (at = (kind)->args; next_param(&at, param); )

bool in_vma(const struct vma *vma, long i, long n)
{
	return i >= vma->from && n > 0 && i + n <= vma->to;
}

static const long limits[NR_ARGS] = {
	[ARG_process] = NR_PROCS,
	[ARG_child] = NR_PROCS,
	[ARG_vma] = NR_VMAS,
	[ARG_room] = NR_VMAS,
	[ARG_file] = NR_FILES,
	[ARG_to] = NR_FILES,
	[ARG_policy] = PR_MCE_KILL_DEFAULT + 1,
	[ARG_way] = NR_WAYS,
};

/* Look up what an argument refers to. Does its existence match the requirement? */
static bool resolve(struct op *op, const struct param *param)
{
	struct inode **inode = param->arg == ARG_to ? &op->other : &op->inode;
	struct vma **vma = param->arg == ARG_room ? &op->new_map : &op->map;
	long value = op->arg[param->arg];

	if (limits[param->arg] && (value < 0 || value >= limits[param->arg]))
		return false;
	switch (param->arg) {
	case ARG_process:
	case ARG_child:
		return processes[value].runs != param->new;
	case ARG_vma:
	case ARG_room:
		*vma = &vmas[op->process][value];
		return !(*vma)->inode == param->new;
	case ARG_file:
	case ARG_to:
		*inode = files[value];
		if (*inode && !(*inode)->dax && !(op->kind->may & CACHED))
			return false;
		return !*inode == param->new;
	case ARG_pages:
		return value >= 0 && value <= op->inode->max_pages;
	case ARG_rounds:
		return value > 0;
	}
	return true;
}

/* Pages of a file, and as many of another one; or other ones of the same */
static bool two_ranges(const struct op *op)
{
	long limit = op->kind->may & GROWS ? op->other->max_pages :
		op->other->nr_pages;

	return op->at >= 0 && op->at + op->n <= limit &&
		(op->inode != op->other || op->page + op->n <= op->at ||
		 op->at + op->n <= op->page);
}

/* May the operation be carried out? A single page is a range of one. */
static bool valid(struct op *op)
{
	bool has[NR_ARGS] = {};
	struct param param;
	const char *at;
	long limit = 0;

	for_each_param(op->kind, at, &param) {
		if (!resolve(op, &param))
			return false;
		has[param.arg] = true;
	}
	if (!has[ARG_n])
		op->n = 1;
	if (op->inode)
		limit = op->kind->may & BEYOND ? op->inode->max_pages :
			op->inode->nr_pages;
	if (has[ARG_len] && (op->at < 0 || op->len <= 0 || op->at + op->len >
			     (op->map ? BLOCK : limit * BLOCK)))
		return false;
	if (op->other && !two_ranges(op))
		return false;
	if (!has[ARG_page])
		return true;
	return op->inode ? op->page >= 0 && op->n > 0 &&
		op->page + op->n <= limit : in_vma(op->map, op->page, op->n);
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

/* --- and a random choice of them --- */

/* Prefers pages that are bad, mapped or allocated */
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

static long random_length(long most)
{
	long n = chance(60) ? between(1, 4) : between(1, 32);

	return min(n, most);
}

bool random_range(const struct inode *inode, bool beyond, long *page, long *n)
{
	long limit = beyond ? inode->max_pages : inode->nr_pages;

	if (!limit)
		return false;
	if (inode->huge && chance(15) && limit >= CHUNK) {
		/* all that a PMD maps */
		*page = below(limit / CHUNK) * CHUNK;
		*n = CHUNK;
	} else if (chance(5)) {
		*page = 0;
		*n = limit;
	} else {
		*page = below(limit);
		*n = random_length(limit - *page);
	}
	return true;
}

/* The range in @op, in pages of a file. */
static bool random_pages(struct op *op)
{
	bool beyond = op->kind->may & BEYOND &&
		(chance(40) || !op->inode->nr_pages);

	return random_range(op->inode, beyond, &op->page, &op->n);
}

/* Parts of the blocks at both ends, within the file */
static void cut_ends(struct op *op)
{
	long cut = below(op->len / 2);

	if (op->at + op->len > op->inode->nr_pages * BLOCK || chance(50))
		return;
	op->at += cut;
	op->len -= cut + below(op->len / 2);
}

/* The object that the argument refers to need not exist. */
static bool random_arg(struct op *op, int arg)
{
	long to_chunk = op->page % CHUNK;

	switch (arg) {
	case ARG_page:
		if (op->inode)
			return random_pages(op);
		op->page = random_page(op->map);
		break;
	case ARG_n:
		op->n = op->inode ? op->n : !op->map ? below(64) :
			random_length(op->map->to - op->page);
		break;
	case ARG_at:
		if (op->other) {
			/* the same offset, one that keeps PMDs congruent, any */
			op->at = chance(50) ? op->page : chance(30) ? to_chunk :
				below(op->other->max_pages - op->n + 1);
		} else if (op->map) {
			op->at = op->way == DIRECT_IO ? 0 : below(PAGE);
		} else {
			if (!random_pages(op))
				return false;
			op->at = op->page * BLOCK;
		}
		break;
	case ARG_len:
		if (op->map) {
			op->len = op->way == DIRECT_IO ? BLOCK :
				between(1, min(BLOCK - op->at, 64));
		} else {
			op->len = op->n * BLOCK;
			cut_ends(op);
		}
		break;
	case ARG_byte:
		op->byte = chance(70) ? between(1, 4) : between(5, 255);
		break;
	case ARG_how:
		op->how = below((MACHINE_CHECK | SCRUBBED) + 1);
		break;
	case ARG_pages:
		op->pages = chance(50) ? below(op->inode->max_pages + 1) :
			op->inode->nr_pages - below(8);
		break;
	case ARG_on:
		op->on = chance(60);
		break;
	case ARG_way:
		op->way = chance(75) ? PROCESSOR : below(NR_WAYS);
		break;
	case ARG_rounds:
		op->rounds = between(2, 40);
		break;
	case ARG_seed:
		op->seed = below(1L << 30);
		break;
	default:
		op->arg[arg] = below(limits[arg]);
	}
	return true;
}

static bool random_args(struct op *op)
{
	struct param param;
	const char *at;

	for_each_param(op->kind, at, &param)
		if (!random_arg(op, param.arg) || !resolve(op, &param))
			return false;
	return !op->kind->choose || op->kind->choose(op);
}

/* --- the list of operations --- */

static struct op_kind *kind_called(const char *name)
{
	struct op_kind *kind;
	unsigned int l;

	for_each_kind(l, kind)
		if (!strcmp(kind->name, name))
			return kind;
	return NULL;
}

void disable_ops(char *names)
{
	struct op_kind *kind;
	char *name;

	while ((name = strsep(&names, ","))) {
		kind = kind_called(name);
		must(kind, "no operation is called %s", name);
		kind->weight = 0;
	}
}

/* While the filesystem is frozen most operations would wait. */
static bool may_run(const struct op_kind *kind)
{
	return !frozen || kind->may & FROZEN;
}

static struct op_kind *random_kind(void)
{
	struct op_kind *kind;
	unsigned int l;
	long n, total = 0;

	for_each_kind(l, kind)
		total += may_run(kind) * kind->weight;
	n = below(total);
	for_each_kind(l, kind) {
		n -= may_run(kind) * kind->weight;
		if (n < 0)
			return kind;
	}
	give_up("there are no operations");
}

/* Try random arguments until they are valid; after some tries, another operation. */
void op_random(struct op *op)
{
	struct op_kind *kind = NULL;
	int tries;

	for (tries = 0; ; tries++) {
		if (tries % 200 == 0)
			kind = random_kind();
		memset(op, 0, sizeof(*op));
		op->kind = kind;
		if (random_args(op) && valid(op))
			return;
	}
}

void op_print(const struct op *op, char *line, size_t size)
{
	struct param param;
	const char *at;
	int used = snprintf(line, size, "%s", op->kind->name);

	for_each_param(op->kind, at, &param)
		used += snprintf(line + used, size - used, " %.*s=%ld",
				 param.len, param.label, op->arg[param.arg]);
}

bool op_parse(char *line, struct op *op)
{
	char *word = strsep(&line, " "), *end;
	struct param param;
	const char *at;

	memset(op, 0, sizeof(*op));
	op->kind = kind_called(word);
	if (!op->kind)
		return false;
	for_each_param(op->kind, at, &param) {
		word = strsep(&line, " ");
		word = word ? strchr(word, '=') : NULL;
		if (!word)
			return false;
		op->arg[param.arg] = strtol(word + 1, &end, 0);
		if (end == word + 1 || *end)
			return false;
	}
	return !line;
}

void op_run(struct op *op)
{
	bool runs = may_run(op->kind);

	/* It may wait for pins to be dropped. */
	if (runs && !(op->kind->may & PINNED))
		release_pins();
	if (runs && valid(op) && op->kind->run(op))
		figures.ops++;
	else
		figures.left_out++;
	finish_inodes();
	check_log();
}
