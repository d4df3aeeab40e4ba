// SPDX-License-Identifier: GPL-2.0
/*
 * Why a goal is not met: the instructions of one event by function, on the two
 * kernels that the goal compares. measured/profile-KERNEL-VARIANT-N.txt has lines of
 *	SELF ENTERED WITH-CALLS FUNCTION
 * after bench/measure's key, a heading and a line with the sum of all SELF. If the
 * profile could not be taken, it has a line with "error", a tab and the reason instead.
 */
#include "report.h"

#define SHARERS	1000
#define SHOWN	15	/* functions */
#define NAME	"%.36s"	/* of a function, for a table that fits into a mail */

static struct profile {
	const char *name, *goal;
	/* The goal's quotient is of the first to the second. */
	const char *kernels[2], *variants[2];
	const char *event;
	int aops;	/* its index in kernels[]; if 0, the difference sorts the parts */
} profiles[] = {
	{ "profile-floor", "2,000 sharers, aops/floor",
	  { "aops", "floor" }, { "sharers", "floor" },
	  "files share the page, one process maps each", 0 },
	{ "profile-unmapped", "10 of 10,000 mapped, base/aops",
	  { "base", "aops" }, { "unmapped", "unmapped" },
	  "in-core files share the page, ten are mapped", 1 },
}, *now;

/* PURPOSE, and prefixes of functions with blanks between them */
static struct table purposes;
static const char others[] = "others";

/* The longest prefix wins. */
static const char *purpose_of(const char *function)
{
	const char *purpose = others, *at;
	size_t longest = 0, len;

	for_each_row(r, &purposes)
		for (at = r[1]; *at; at += len + strspn(at + len, " ")) {
			len = strcspn(at, " ");
			if (len > longest && !strncmp(function, at, len)) {
				longest = len;
				purpose = r[0];
			}
		}
	return purpose;
}

/* --- the files --- */

/* Instructions on both kernels, of the whole event and later per sharer */
struct part {
	const char *name;
	long self[2];
};

struct parts {
	struct part *all;
	int nr;
	long sum[2];
};

static void add(struct parts *p, const char *name, int which, long self)
{
	int i;

	for (i = 0; i < p->nr && !is(p->all[i].name, name); i++)
		;
	if (i == p->nr) {
		p->all = grown(p->all, p->nr++, sizeof(*p->all));
		p->all[i].name = name;
	}
	p->all[i].self[which] += self;
	p->sum[which] += self;
}

/* Reports why there is no profile. A quick run does not take any. */
static bool read_file(int which, struct parts *functions, struct parts *groups)
{
	const char *kernel = now->kernels[which], *variant = now->variants[which];
	char *name = string("measured/profile-%s-%s-%d.txt", kernel, variant, SHARERS);
	char *none[] = { "error\tthere is no file", NULL }, **l, *error, *function;
	long sum = 0, self;
	int at;

	if (!exists(name) && *get("quick"))
		return false;
	for (l = exists(name) ? lines(name) : none; *l; l++) {
		error = strstr(*l, "error\t");
		if (error) {
			complain("%s: the profile of %s %d was not taken: %s", kernel,
				 variant, SHARERS, error + strlen("error\t"));
			return false;
		}
		at = 0;
		if (sscanf(*l, "%ld (all)%n", &self, &at) == 1 && at) {
			sum = self;
		} else if (sscanf(*l, "%ld %*d %*d %n", &self, &at) == 1 && at) {
			/* without the suffix that the compiler adds */
			function = strsep(&(char *) { *l + at }, ".");
			add(functions, function, which, self);
			add(groups, purpose_of(function), which, self);
		} else if (**l != '#' && !strstr(*l, "function")) {
			die("%s: not a function: %s", name, *l);
		}
	}
	if (!sum || sum != functions->sum[which])
		die("%s: the functions do not add up: it breaks off", name);
	return true;
}

/* --- tables --- */

static long weight(const struct part *p)
{
	return labs(now->aops ? p->self[1] : p->self[0] - p->self[1]);
}

/* "others" is last. */
static int by_weight(const void *a, const void *b)
{
	const struct part *pa = a, *pb = b;
	long wa = weight(pa), wb = weight(pb);

	if ((pa->name == others) != (pb->name == others))
		return pa->name == others ? 1 : -1;
	return wa != wb ? (wa < wb) - (wa > wb) : strcmp(pa->name, pb->name);
}

static long per_sharer(long self)
{
	return (self + SHARERS / 2) / SHARERS;
}

/*
 * Converts to whole instructions per sharer and sorts. "others" takes what rounding
 * leaves over, so that every column adds up.
 */
static void convert(struct parts *p)
{
	int i, which;

	for (which = 0; which < 2; which++) {
		long rest = p->sum[which] = per_sharer(p->sum[which]);
		struct part *other = NULL;

		for (i = 0; i < p->nr; i++) {
			long *self = &p->all[i].self[which];

			rest -= *self = per_sharer(*self);
			if (p->all[i].name == others)
				other = &p->all[i];
		}
		if (other)
			other->self[which] += rest;
	}
	qsort(p->all, p->nr, sizeof(*p->all), by_weight);
}

static void add_line(struct table *t, const char *name, const long *self)
{
	long difference = self[now->aops] - self[!now->aops];

	add_row(t, string(NAME, name), with_commas(self[0]), with_commas(self[1]),
		string("%s%s", difference > 0 ? "+" : "", with_commas(difference)));
}

/* The first ones of all parts that are not 0, and what is left of the sum */
static const char *table_of(const char *name, const char *title, const struct parts *p,
			    int shown)
{
	struct table *t = grown(NULL, 0, sizeof(*t));
	long rest[2] = { p->sum[0], p->sum[1] };
	int i;

	*t = (struct table) {
		.name = string("%s-%s", now->name, name),
		.titles = {
			title, string(">%s", now->kernels[0]),
			string(">%s", now->kernels[1]), ">difference",
		},
	};
	for (i = 0; i < p->nr && i < shown; i++) {
		const long *self = p->all[i].self;

		if (self[0] || self[1])
			add_line(t, p->all[i].name, self);
		rest[0] -= self[0];
		rest[1] -= self[1];
	}
	if (rest[0] || rest[1])
		add_line(t, "all others", rest);
	add_line(t, "all", p->sum);
	publish(t);
	return get(t->name);
}

/* --- text --- */

/* The functions of each group */
static const char *members(const struct parts *functions, const struct parts *groups)
{
	const char *list = "";
	int i, j;

	for (i = 0; i < groups->nr; i++) {
		const char *name = groups->all[i].name, *group = "";

		for (j = 0; j < functions->nr; j++) {
			const struct part *f = &functions->all[j];

			if ((f->self[0] || f->self[1]) && is(purpose_of(f->name), name))
				group = joined(group, "; ",
					       string("%s %ld, %ld", f->name,
						      f->self[0], f->self[1]));
		}
		if (*group)
			list = joined(list, "\n", string("- %s: %s", name, group));
	}
	return list;
}

static void read_profile(void)
{
	const char *first = now->kernels[0], *second = now->kernels[1], *tables;
	struct parts functions = {}, groups = {};
	bool both = read_file(0, &functions, &groups);

	both &= read_file(1, &functions, &groups);
	set(now->name, "%s", "");
	if (!both || !is(goal_result(now->goal), "not met"))
		return;
	convert(&functions);
	convert(&groups);
	tables = table_of("groups", "instructions per sharer for", &groups, groups.nr);
	tables = string("%s\n%s", tables, table_of("functions",
			"instructions per sharer in", &functions, SHOWN));
	set(now->name, "### Not met: %s\n\n"
	    "One event by function: %s %s. One sharer costs %s instructions on %s and %s on %s; %s/%s is %.2f.\n\n"
	    "::: profiles\n%s\n:::\n\n"
	    "<details><summary>Functions by purpose, with their instructions on %s and %s</summary>\n\n%s\n\n</details>\n",
	    now->goal, with_commas(SHARERS), now->event, with_commas(groups.sum[0]), first,
	    with_commas(groups.sum[1]), second, first, second,
	    (double)groups.sum[0] / groups.sum[1], tables, first, second,
	    members(&functions, &groups));
}

void read_profiles(void)
{
	read_rows(&purposes, ours("purposes"), 2);
	for (now = profiles; now < profiles + ARRAY_SIZE(profiles); now++)
		read_profile();
}
