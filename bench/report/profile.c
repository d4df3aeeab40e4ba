// SPDX-License-Identifier: GPL-2.0
/*
 * Why a goal is not met: where the instructions of one event go, on the two
 * kernels that the goal compares. Read from what bench/measure --profile wrote,
 * measured/profile-KERNEL-VARIANT-N.txt, with lines of
 *	SELF ENTERED WITH-CALLS FUNCTION
 * after a heading and a line with the sum of all SELF. Where no profile could be
 * taken, bench/compare has left "error", a tab and the reason in its place.
 */
#include "report.h"

#define SHARERS	1000
#define SHOWN	15	/* functions */
#define NAME	"%.36s"	/* of a function: as wide as a mail allows */

struct profile profiles[2] = {
	{ .name = "profile-floor", .goal = "2,000 sharers, aops/floor" },
	{ .name = "profile-unmapped", .goal = "10 of 10,000 mapped, base/aops" },
};

/* The same order: the goal's quotient is of the first to the second. */
static const struct source {
	struct {
		const char *kernel, *variant;
	} of[2];
	const char *event;
	int aops;
	/* What counts: what aops has more than the other, or all that it has */
	bool more;
} sources[] = {
	{ { { "aops", "sharers" }, { "floor", "floor" } },
	  "%s files share the page, a process each", 0, true },
	{ { { "base", "unmapped" }, { "aops", "unmapped" } },
	  "%s files in core share the page, ten of them mapped", 1, false },
};

/* --- what functions are for --- */

static const char reverse[] = "reading the reverse mapping";
static const char inode[] = "inode cache";
static const char report[] = "reporting lost data";
static const char sharer[] = "going through the sharers";
static const char entry[] = "DAX entry and its lock";
static const char place[] = "finding the mapping";
static const char unmapping[] = "unmapping";
static const char process[] = "finding the process";
static const char signalling[] = "signal";
static const char waking[] = "waking the process";
static const char memory[] = "allocating memory";
static const char locking[] = "spin locks, semaphores";
static const char logging[] = "log";
static const char others[] = "others";

/*
 * By the beginning of their names; the longest that fits. What the compiler puts
 * into its caller counts as the caller.
 */
static const struct {
	const char *prefix, *purpose;
} purposes[] = {
	{ "xfs_", reverse }, { "_xfs_", reverse }, { "__xfs_", reverse },
	/* XFS's buffers */
	{ "lockref_", reverse }, { "list_lru_", reverse },
	{ "xfs_iget", inode }, { "xfs_irele", inode },
	{ "xfs_mf_igrab", inode }, { "xfs_inode_", inode }, { "radix_tree_", inode },
	{ "__radix_tree_", inode }, { "igrab", inode }, { "ihold", inode },
	{ "iput", inode },
	{ "fserror_", report }, { "__queue_work", report },
	{ "queue_work", report }, { "kick_pool", report }, { "pwq_", report },
	{ "clear_pending_if", report },
	{ "mf_", sharer }, { "xfs_dax_failure_fn", sharer },
	{ "floor_act", sharer },
	{ "dax_", entry }, { "xas_", entry }, { "xa_", entry },
	{ "page_vma_mapped_walk", place }, { "pte_offset_map", place },
	{ "__pte_offset_map", place }, { "mf_unmap_pages", place },
	{ "mf_zap_pages", place }, { "unmap_mapping_", place },
	{ "mapping_rmap_tree_", place }, { "__mapping_rmap_tree_", place },
	{ "zap_", unmapping }, { "__zap_", unmapping }, { "tlb_", unmapping },
	{ "__tlb_", unmapping }, { "flush_tlb_", unmapping },
	{ "folio", unmapping }, { "release_pages", unmapping },
	{ "vm_normal_", unmapping }, { "arch_check_zapped_", unmapping },
	{ "workingset_", unmapping }, { "percpu_counter_", unmapping },
	{ "mf_signal", process }, { "task_", process },
	{ "collect_procs", process }, { "add_to_kill", process },
	{ "__add_to_kill", process },
	{ "mf_send_sig", signalling }, { "kill_procs", signalling },
	{ "send_sig", signalling }, { "__send_sig", signalling },
	{ "prepare_signal", signalling }, { "complete_signal", signalling },
	{ "lock_task_sighand", signalling }, { "siginfo_", signalling },
	{ "sig_", signalling }, { "sigqueue_", signalling },
	{ "inc_rlimit_", signalling },
	{ "try_to_wake_up", waking }, { "wake_up_", waking },
	{ "wakeup_", waking }, { "ttwu_", waking }, { "enqueue_", waking },
	{ "__enqueue_", waking }, { "place_entity", waking },
	{ "update_", waking }, { "__update_load_", waking },
	{ "avg_vruntime", waking }, { "min_vruntime", waking },
	{ "reweight_", waking }, { "__rb_insert_", waking },
	{ "sched_", waking }, { "native_sched_", waking },
	{ "arch_scale_", waking }, { "task_curr", waking },
	{ "kmem_cache_", memory }, { "kmalloc", memory },
	{ "__kmalloc", memory }, { "kfree", memory }, { "kvfree", memory },
	{ "mempool_", memory }, { "refill_objects", memory },
	{ "alloc_from_new_slab", memory }, { "barn_", memory },
	{ "__pcs_", memory },
	{ "_raw_", locking }, { "up_", locking }, { "down_", locking },
	{ "mutex_", locking },
	{ "printk_", logging }, { "vprintk", logging },
	{ "vsnprintf", logging }, { "format_decode", logging },
	{ "number", logging }, { "string", logging },
	{ "widen_string", logging }, { "put_dec", logging },
	{ "prb_", logging }, { "_prb_", logging }, { "desc_", logging },
	{ "data_", logging }, { "nbcon_", logging },
};

/* One of the strings above, to be compared by its address */
static const char *purpose_of(const char *function)
{
	const char *purpose = others;
	size_t longest = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(purposes); i++) {
		size_t len = strlen(purposes[i].prefix);

		if (len > longest &&
		    !strncmp(function, purposes[i].prefix, len)) {
			longest = len;
			purpose = purposes[i].purpose;
		}
	}
	return purpose;
}

/* --- reading --- */

/* Instructions of an event, at first of all of it and then per sharer */
struct line {
	const char *name;
	long self[2];
};

struct lines {
	struct line *all;
	int nr;
	long sum[2];
};

static struct line *line_of(struct lines *l, const char *name)
{
	int i;

	for (i = 0; i < l->nr; i++)
		if (!strcmp(l->all[i].name, name))
			return &l->all[i];
	l->all = grown(l->all, l->nr, sizeof(*l->all));
	l->all[l->nr].name = name;
	return &l->all[l->nr++];
}

static char *file_name(const struct source *s, int which)
{
	return string("measured/profile-%s-%s-%d.txt", s->of[which].kernel,
		      s->of[which].variant, SHARERS);
}

/* Names are as the source has them, without what the compiler adds. */
static void read_file(const char *name, struct lines *l, int which)
{
	FILE *f = input("%s", name);
	char *line = next_line(f);
	long sum = 0, self;
	int at;

	if (!line || !strstr(line, "function"))
		die("%s: it has no heading", name);
	while ((line = next_line(f))) {
		at = 0;
		if (sscanf(line, "%ld (all)%n", &self, &at) == 1 && at) {
			l->sum[which] = self;
			continue;
		}
		if (sscanf(line, "%ld %*d %*d %n", &self, &at) != 1 || !at)
			die("%s: not a function: %s", name, line);
		sum += self;
		line += at;
		line_of(l, string("%.*s", (int)strcspn(line, "."), line))
			->self[which] += self;
	}
	fclose(f);
	if (!sum || sum != l->sum[which])
		die("%s: the functions do not add up: it breaks off", name);
}

/* Says why if there is none. A quick run takes none. */
static bool have(const struct source *s, int which)
{
	const char *name = file_name(s, which), *why = "there is no file";

	if (exists("%s", name)) {
		FILE *f = input("%s", name);
		char *line = next_line(f);
		bool bad = line && !strncmp(line, "error\t", 6);

		if (bad)
			why = string("%s", line + 6);
		fclose(f);
		if (!bad)
			return true;
	} else if (quick()) {
		return false;
	}
	complain("%s: the profile of %s %d was not taken: %s",
		 s->of[which].kernel, s->of[which].variant, SHARERS, why);
	return false;
}

/* --- tables --- */

static const struct source *sorted_for;

static long weight(const struct source *s, const struct line *l)
{
	long aops = l->self[s->aops];

	return s->more ? aops - l->self[!s->aops] : aops;
}

/* What is left of the sum comes last. */
static int by_weight(const void *a, const void *b)
{
	const struct line *la = a, *lb = b;
	long wa = labs(weight(sorted_for, la));
	long wb = labs(weight(sorted_for, lb));

	if ((la->name == others) != (lb->name == others))
		return la->name == others ? 1 : -1;
	return wa != wb ? (wa < wb) - (wa > wb) : strcmp(la->name, lb->name);
}

static void sort(struct lines *l, const struct source *s)
{
	sorted_for = s;
	if (l->nr)
		qsort(l->all, l->nr, sizeof(*l->all), by_weight);
}

static void sum_up(const struct lines *functions, struct lines *groups)
{
	int i, which;

	*groups = (struct lines) {
		.sum = { functions->sum[0], functions->sum[1] },
	};
	for (i = 0; i < functions->nr; i++) {
		const struct line *f = &functions->all[i];
		struct line *group = line_of(groups, purpose_of(f->name));

		for (which = 0; which < 2; which++)
			group->self[which] += f->self[which];
	}
}

static long rounded(long self)
{
	return (self + SHARERS / 2) / SHARERS;
}

/*
 * From here on all is whole instructions per sharer. What rounding leaves over is
 * one of the others, so that every column adds up.
 */
static void per_sharer(struct lines *l)
{
	int i, which;

	for (which = 0; which < 2; which++) {
		long rest = l->sum[which] = rounded(l->sum[which]);
		struct line *other = NULL;

		for (i = 0; i < l->nr; i++) {
			struct line *at = &l->all[i];

			at->self[which] = rounded(at->self[which]);
			if (at->name == others)
				other = at;
			else
				rest -= at->self[which];
		}
		if (other)
			other->self[which] = rest;
	}
}

static struct cell *add_line(struct table *t, const struct source *s,
			     const char *name, const long *self)
{
	struct cell *row = add_row(t);
	long difference = self[s->aops] - self[!s->aops];

	row[0].text = name;
	row[1].text = with_commas(self[0]);
	row[2].text = with_commas(self[1]);
	row[3].text = string("%s%s", difference > 0 ? "+" : "",
			     with_commas(difference));
	return row;
}

/* The functions of a group, for who wants to know what counts as what */
static char *members(const struct lines *functions, const char *purpose)
{
	char *list = "";
	int i;

	for (i = 0; i < functions->nr; i++) {
		const struct line *f = &functions->all[i];

		if ((f->self[0] || f->self[1]) && purpose_of(f->name) == purpose)
			list = string("%s%s%s %ld, %ld", list, *list ? "\n" : "",
				      f->name, f->self[0], f->self[1]);
	}
	return *list ? list : NULL;
}

static void begin_table(struct table *t, const struct source *s,
			const char *name, const char *title)
{
	*t = (struct table) {
		.name = name,
		.columns = {
			{ title }, { s->of[0].kernel, true },
			{ s->of[1].kernel, true }, { "difference", true },
		},
		.nr_columns = 4,
	};
}

static void make_groups(struct table *t, const struct source *s,
			const struct lines *functions,
			const struct lines *groups)
{
	int i;

	begin_table(t, s, "profile groups", "instructions per sharer for");
	for (i = 0; i < groups->nr; i++) {
		const struct line *g = &groups->all[i];

		if (g->self[0] || g->self[1])
			add_line(t, s, g->name, g->self)->more =
				members(functions, g->name);
	}
	add_line(t, s, "all", groups->sum);
}

static void make_functions(struct table *t, const struct source *s,
			   const struct lines *functions)
{
	long rest[2] = { functions->sum[0], functions->sum[1] };
	int i, which;

	begin_table(t, s, "profile functions", "instructions per sharer in");
	for (i = 0; i < functions->nr && i < SHOWN; i++) {
		const struct line *f = &functions->all[i];

		add_line(t, s, string(NAME, f->name), f->self);
		for (which = 0; which < 2; which++)
			rest[which] -= f->self[which];
	}
	add_line(t, s, "all others", rest);
	add_line(t, s, "all", functions->sum);
}

/* --- what they show --- */

/* The purposes that matter most, for a sentence */
static const char *heaviest(const struct source *s, const struct lines *groups)
{
	const char *list = "";
	int i, nr = 0;

	for (i = 0; i < groups->nr && nr < 3; i++) {
		const struct line *g = &groups->all[i];

		if (g->name == others || weight(s, g) <= 0)
			continue;
		list = string("%s%s%s (%s)", list, nr++ ? ", " : "", g->name,
			      with_commas(weight(s, g)));
	}
	return *list ? list : "nothing";
}

static const char *sentence(const struct source *s, const struct lines *groups)
{
	const char *first = s->of[0].kernel, *second = s->of[1].kernel;

	return string("One event by function: %s. A sharer takes %s instructions on %s and %s on %s; %s/%s is %.2f. What aops takes%s goes first of all to: %s.",
		      string(s->event, with_commas(SHARERS)),
		      with_commas(groups->sum[0]), first,
		      with_commas(groups->sum[1]), second, first, second,
		      (double)groups->sum[0] / groups->sum[1],
		      s->more ? " in addition" : "", heaviest(s, groups));
}

static void read_profile(struct profile *p, const struct source *s)
{
	struct lines functions = {}, groups;
	bool both = true;
	int which;

	for (which = 0; which < 2; which++)
		both &= have(s, which);
	if (!both) {
		p->missing = "No profile has been taken.";
		return;
	}
	for (which = 0; which < 2; which++)
		read_file(file_name(s, which), &functions, which);
	if (strcmp(goal_result(p->goal), "not met")) {
		p->missing = string("No profile: this goal is %s.",
				    goal_result(p->goal));
		return;
	}
	sum_up(&functions, &groups);
	per_sharer(&functions);
	per_sharer(&groups);
	sort(&functions, s);
	sort(&groups, s);
	make_groups(&p->groups, s, &functions, &groups);
	make_functions(&p->functions, s, &functions);
	p->sentence = sentence(s, &groups);
}

void read_profiles(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++)
		read_profile(&profiles[i], &sources[i]);
}
