// SPDX-License-Identifier: GPL-2.0
/*
 * The operations: their arguments, their random choice, and the life of a filesystem
 * from the first to the last of them. Each operation acts on the kernel and on the
 * model, and compares: the result, the signals, the page tables, the places of the
 * blocks.
 */
#include "fuzz.h"

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

struct inode *random_file(long *slot)
{
	long i, n = below(NR_FILES);

	for (i = 0; i < NR_FILES; i++) {
		*slot = (n + i) % NR_FILES;
		if (files[*slot])
			break;
	}
	return files[*slot];
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

bool random_vma(struct op *op)
{
	long i, at, n = below(NR_PROCS * NR_VMAS);

	for (i = 0; i < NR_PROCS * NR_VMAS; i++) {
		at = (n + i) % (NR_PROCS * NR_VMAS);
		op->process = at / NR_VMAS;
		op->vma = at % NR_VMAS;
		op->map = &vmas[op->process][op->vma];
		if (op->map->inode)
			return true;
	}
	return false;
}

static bool free_process(long *p)
{
	for (*p = 0; *p < NR_PROCS && processes[*p].runs; ++*p)
		;
	return *p < NR_PROCS;
}

bool free_vma(long p, long *v)
{
	for (*v = 0; *v < NR_VMAS && vmas[p][*v].inode; ++*v)
		;
	return *v < NR_VMAS;
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

long random_how(void)
{
	return below((MACHINE_CHECK | SCRUBBED) + 1);
}

static bool random_arg(struct op *op, const struct param *param)
{
	switch (param->arg) {
	case ARG_process:
		return param->new ? free_process(&op->process) :
			strstr(op->kind->args, "process vma") &&
			!strstr(op->kind->args, "vma!") ? random_vma(op) :
			random_process(&op->process);
	case ARG_child:
		return free_process(&op->child);
	case ARG_vma:
		return !param->new || free_vma(op->process, &op->vma);
	case ARG_room:
		return free_vma(op->process, &op->room);
	case ARG_file:
		op->inode = random_file(&op->file);
		return op->inode;
	case ARG_to:
		op->other = random_file(&op->to);
		return op->other;
	case ARG_page:
		if (!op->map)
			return random_range(op->inode, op->kind->may & BEYOND,
					    &op->page, &op->n);
		op->page = random_page(op->map);
		return true;
	case ARG_n:
		if (op->map)
			op->n = random_length(op->map->to - op->page);
		return true;
	case ARG_how:
		op->how = random_how();
		return true;
	case ARG_on:
		op->on = chance(50);
		return true;
	}
	return true;
}

bool random_args(struct op *op)
{
	struct param param;
	const char *at;

	for_each_param(op->kind, at, &param)
		if (!random_arg(op, &param))
			return false;
	return true;
}

/* --- the list of operations --- */

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
static int weight_of(const struct op_kind *kind)
{
	return !frozen || kind->may & FROZEN ? kind->weight : 0;
}

static struct op_kind *random_kind(void)
{
	struct op_kind *kind;
	unsigned int l;
	long n, total = 0;

	for_each_kind(l, kind)
		total += weight_of(kind);
	n = below(total);
	for_each_kind(l, kind) {
		n -= weight_of(kind);
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
	} while (!(op->kind->random ?: random_args)(op));
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
	struct op_kind *kind;
	struct param param;
	const char *at;
	unsigned int l;

	memset(op, 0, sizeof(*op));
	for_each_kind(l, kind)
		if (!strcmp(kind->name, word))
			op->kind = kind;
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
	bool runs = !frozen || op->kind->may & FROZEN;

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

/* --- the life of a filesystem --- */

void epoch_begin(int ground)
{
	ground_begin(ground);
	model_reset();
	early_kill(early_by_default);
}

void epoch_end(void)
{
	int p;

	thaw();
	release_pins();
	check_everything(true);
	for_each_process(p)
		exit_process(p);
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
	/* It cannot read past bad blocks outside all files. */
	if (!ground_repair_finds_nothing())
		differ("xfs_repair finds something to repair");
}
