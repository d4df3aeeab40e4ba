// SPDX-License-Identifier: GPL-2.0
/*
 * Why a goal is not met: the instructions of one event by function, on the two
 * kernels that the goal compares. measured/profile-KERNEL-VARIANT-N.txt has lines of
 *	SELF ENTERED WITH-CALLS FUNCTION
 * after a heading and a line with the sum of all SELF. bench/compare writes
 * "error", a tab and the reason instead if the profile could not be taken.
 */
#include "report.h"

#define SHARERS	1000
#define SHOWN	15	/* functions */
#define NAME	"%.36s"	/* of a function, for a table that fits into a mail */

static struct profile {
	const char *name, *goal;
	/* The goal's quotient is of the first to the second. */
	struct {
		const char *kernel, *variant;
	} of[2];
	const char *event;
	int aops;			/* its index in of[] */
	bool more;			/* sort by the difference, else by aops */
	struct table groups, functions;
} profiles[] = {
	{ "profile-floor", "2,000 sharers, aops/floor",
	  { { "aops", "sharers" }, { "floor", "floor" } },
	  "files share the page, one process maps each", 0, true },
	{ "profile-unmapped", "10 of 10,000 mapped, base/aops",
	  { { "base", "unmapped" }, { "aops", "unmapped" } },
	  "in-core files share the page, ten are mapped", 1, false },
};

static struct purpose {
	const char *name, *prefix;
} *purposes;
static int nr_purposes;
static const char others[] = "others";

static void read_purposes(void)
{
	char *name = string("%s/purposes", ours), **l, *fields[2], *prefix;

	for (l = lines(name); *l; l++) {
		if (!split(name, *l, fields, 2))
			continue;
		while ((prefix = strsep(&fields[1], " "))) {
			purposes = grown(purposes, nr_purposes, sizeof(*purposes));
			purposes[nr_purposes++] = (struct purpose) {
				fields[0], prefix,
			};
		}
	}
}

static const char *purpose_of(const char *function)
{
	const char *purpose = others;
	size_t longest = 0;
	int i;

	for (i = 0; i < nr_purposes; i++) {
		size_t len = strlen(purposes[i].prefix);

		if (len > longest && !strncmp(function, purposes[i].prefix, len)) {
			longest = len;
			purpose = purposes[i].name;
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

static struct part *part_of(struct parts *p, const char *name)
{
	int i;

	for (i = 0; i < p->nr; i++)
		if (!strcmp(p->all[i].name, name))
			return &p->all[i];
	p->all = grown(p->all, p->nr, sizeof(*p->all));
	p->all[p->nr].name = name;
	return &p->all[p->nr++];
}

/* Reports why there is no profile. A quick run does not take any. */
static bool read_file(const struct profile *p, int which, struct parts *functions)
{
	const char *kernel = p->of[which].kernel, *variant = p->of[which].variant;
	char *name = string("measured/profile-%s-%s-%d.txt", kernel, variant, SHARERS);
	char **l = exists(name) ? lines(name) : NULL;
	long sum = 0, self;
	int at;

	if (!l && quick())
		return false;
	if (!l || (*l && !strncmp(*l, "error\t", 6))) {
		complain("%s: the profile of %s %d was not taken: %s", kernel,
			 variant, SHARERS, l ? *l + 6 : "there is no file");
		return false;
	}
	if (!*l || !strstr(*l, "function"))
		die("%s: it has no heading", name);
	while (*++l) {
		at = 0;
		if (sscanf(*l, "%ld (all)%n", &self, &at) == 1 && at) {
			functions->sum[which] = self;
			continue;
		}
		if (sscanf(*l, "%ld %*d %*d %n", &self, &at) != 1 || !at)
			die("%s: not a function: %s", name, *l);
		sum += self;
		/* without the suffix that the compiler adds */
		(*l)[at + strcspn(*l + at, ".")] = '\0';
		part_of(functions, *l + at)->self[which] += self;
	}
	if (!sum || sum != functions->sum[which])
		die("%s: the functions do not add up: it breaks off", name);
	return true;
}

/* --- tables --- */

static const struct profile *sorted_for;

static long weight(const struct part *p)
{
	int aops = sorted_for->aops;

	return p->self[aops] - (sorted_for->more ? p->self[!aops] : 0);
}

/* "others" is last. */
static int by_weight(const void *a, const void *b)
{
	const struct part *pa = a, *pb = b;
	long wa = labs(weight(pa)), wb = labs(weight(pb));

	if ((pa->name == others) != (pb->name == others))
		return pa->name == others ? 1 : -1;
	return wa != wb ? (wa < wb) - (wa > wb) : strcmp(pa->name, pb->name);
}

/*
 * Converts to whole instructions per sharer and sorts. "others" takes what rounding
 * leaves over, so that every column adds up.
 */
static void per_sharer(struct parts *p)
{
	int i, which;

	for (which = 0; which < 2; which++) {
		long rest = p->sum[which] = (p->sum[which] + SHARERS / 2) / SHARERS;
		struct part *other = NULL;

		for (i = 0; i < p->nr; i++) {
			long *self = &p->all[i].self[which];

			*self = (*self + SHARERS / 2) / SHARERS;
			rest -= *self;
			if (p->all[i].name == others)
				other = &p->all[i];
		}
		if (other)
			other->self[which] += rest;
	}
	if (p->nr)
		qsort(p->all, p->nr, sizeof(*p->all), by_weight);
}

static void add_line(struct table *t, const char *name, const long *self)
{
	struct cell *row = add_row(t);
	int aops = sorted_for->aops;
	long difference = self[aops] - self[!aops];

	row[0].text = name;
	row[1].text = with_commas(self[0]);
	row[2].text = with_commas(self[1]);
	row[3].text = string("%s%s", difference > 0 ? "+" : "",
			     with_commas(difference));
}

static void begin_table(struct table *t, const char *name, const char *title)
{
	*t = (struct table) {
		.name = name,
		.columns = {
			{ title }, { sorted_for->of[0].kernel, true },
			{ sorted_for->of[1].kernel, true }, { "difference", true },
		},
		.nr_columns = 4,
	};
}

static void make_tables(struct profile *p, const struct parts *functions,
			const struct parts *groups)
{
	long rest[2] = { functions->sum[0], functions->sum[1] };
	int i, which;

	begin_table(&p->groups, string("%s-groups", p->name),
		    "instructions per sharer for");
	for (i = 0; i < groups->nr; i++)
		if (groups->all[i].self[0] || groups->all[i].self[1])
			add_line(&p->groups, groups->all[i].name,
				 groups->all[i].self);
	add_line(&p->groups, "all", groups->sum);

	begin_table(&p->functions, string("%s-functions", p->name),
		    "instructions per sharer in");
	for (i = 0; i < functions->nr && i < SHOWN; i++) {
		const struct part *f = &functions->all[i];

		add_line(&p->functions, string(NAME, f->name), f->self);
		for (which = 0; which < 2; which++)
			rest[which] -= f->self[which];
	}
	add_line(&p->functions, "all others", rest);
	add_line(&p->functions, "all", functions->sum);
	publish(&p->groups);
	publish(&p->functions);
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

			if ((f->self[0] || f->self[1]) &&
			    !strcmp(purpose_of(f->name), name))
				group = joined(group, "; ",
					       string("%s %ld, %ld", f->name,
						      f->self[0], f->self[1]));
		}
		if (*group)
			list = joined(list, "\n", string("- %s: %s", name, group));
	}
	return list;
}

static const char *sentence(const struct profile *p, const struct parts *groups)
{
	const char *first = p->of[0].kernel, *second = p->of[1].kernel, *list = "";
	int i, nr;

	for (i = nr = 0; i < groups->nr && nr < 3; i++) {
		const struct part *g = &groups->all[i];

		if (g->name == others || weight(g) <= 0)
			continue;
		list = joined(list, ", ", string("%s (%s)", g->name,
						 with_commas(weight(g))));
		nr++;
	}
	return string("One event by function: %s %s. One sharer costs %s instructions on %s and %s on %s; %s/%s is %.2f. The largest parts of the %scost on aops: %s.",
		      with_commas(SHARERS), p->event,
		      with_commas(groups->sum[0]), first,
		      with_commas(groups->sum[1]), second, first, second,
		      (double)groups->sum[0] / groups->sum[1],
		      p->more ? "additional " : "",
		      *list ? list : "none");
}

static void read_profile(struct profile *p)
{
	struct parts functions = {}, groups = {};
	const char *s, *text = string("texts/%s", p->name);
	bool both = read_file(p, 0, &functions);
	int i, which;

	both &= read_file(p, 1, &functions);
	set(p->name, "%s", "");
	if (!both || strcmp(goal_result(p->goal), "not met")) {
		write_file(text, both ?
			   string("No profile: this goal is %s.\n", goal_result(p->goal)) :
			   "No profile has been taken.\n");
		return;
	}
	sorted_for = p;
	for (which = 0; which < 2; which++)
		groups.sum[which] = functions.sum[which];
	for (i = 0; i < functions.nr; i++) {
		const struct part *f = &functions.all[i];
		struct part *group = part_of(&groups, purpose_of(f->name));

		for (which = 0; which < 2; which++)
			group->self[which] += f->self[which];
	}
	per_sharer(&functions);
	per_sharer(&groups);
	make_tables(p, &functions, &groups);
	s = sentence(p, &groups);
	set(p->name, "### Not met: %s\n\n%s\n\n::: profiles\n%s\n%s:::\n\n"
	    "<details><summary>Functions by purpose, with their instructions on %s and %s</summary>\n\n%s\n\n</details>\n",
	    p->goal, s, get(p->groups.name), get(p->functions.name),
	    p->of[0].kernel, p->of[1].kernel, members(&functions, &groups));
	write_file(text, string("%s\n\n%s\n%s", s, table_text(&p->groups, false),
				   table_text(&p->functions, false)));
}

void read_profiles(void)
{
	unsigned int i;

	read_purposes();
	for (i = 0; i < ARRAY_SIZE(profiles); i++)
		read_profile(&profiles[i]);
}
