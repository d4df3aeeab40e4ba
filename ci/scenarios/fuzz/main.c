// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations, and a model of what they must do: see fuzz.h.
 *
 * Without arguments this is a scenario, with a fixed seed and a fresh one. ci/fuzz
 * runs it with arguments, for longer, with operations from a list, or to find a
 * shorter list that fails in the same way.
 *
 * A run is split into epochs, each with a filesystem of its own, on a device whose
 * pages are all good again. An epoch is determined by its seed: the run's and a number.
 * A worker process runs it; another one watches it and reports a hang.
 */
#include <limits.h>
#include <stdarg.h>
#include "fuzz.h"

/* Exit statuses, as ci/fuzz interprets them. */
#define ENDS_AGREED	0
#define ENDS_DIFFERS	1
#define ENDS_GIVEN_UP	2
#define ENDS_HANGS	3
#define ENDS_BROKEN	5	/* cleanup after a failure is impossible */

#define HANG_SECONDS	60
#define CHECK_EVERY	60	/* operations */
#define EPOCH		1000
#define MAX_OPS		20000	/* of a list */

static struct {
	unsigned long seed;
	long ops, seconds;
	const char *ground;		/* NULL: random */
	bool stream;			/* print each operation before it runs */
} run = {
	.ops = LONG_MAX,
	.seconds = LONG_MAX,
};

/* The worker's reports to the watcher. */
static struct {
	volatile long progress;
	struct figures figures;
	char signature[300];
	char op[160];
	int nr_ops;			/* of the epoch */
	struct op ops[MAX_OPS];
} *shared;

void differ(const char *fmt, ...)
{
	char text[300], *end;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# differs: %s\n# in: %s\n", text, shared->op);
	/* Without the details it matches the same failure elsewhere. */
	end = strstr(text, " (");
	if (end)
		*end = '\0';
	snprintf(shared->signature, sizeof(shared->signature), "%s", text);
	shared->figures = figures;
	fflush(stdout);
	_exit(ENDS_DIFFERS);
}

static void do_op(struct op *op)
{
	op_print(op, shared->op, sizeof(shared->op));
	if (run.stream)
		printf("%s\n", shared->op);
	if (shared->nr_ops < MAX_OPS)
		shared->ops[shared->nr_ops++] = *op;
	op_run(op);
	shared->progress++;
	shared->figures = figures;
	if (shared->nr_ops % CHECK_EVERY == 0)
		check_everything(shared->nr_ops % (CHECK_EVERY * 8) == 0);
}

/* Report progress that is not an operation. */
static void now_at(const char *what)
{
	strcpy(shared->op, what);
	shared->progress++;
}

static void begin(const char *ground)
{
	now_at("the beginning of an epoch");
	shared->nr_ops = 0;
	ground_begin(ground);
	model_reset();
	early_kill(early_by_default);
}

static void end(void)
{
	int p;

	now_at("the end of an epoch");
	thaw();
	release_pins();
	check_everything(true);
	for_each_process(p)
		exit_process(p);
	close_files();
	agree(unmount(), "the filesystem cannot be unmounted");
	check_counts();
	check_counter();
	agree(ground_end(), "what is below the filesystem is still in use");
	check_log();
	agree(!counted_pages(),
	      "HardwareCorrupted counts pages of a device that was unbound (%ld)",
	      counted_pages());
	/* It cannot read past bad blocks outside all files. */
	agree(ground_repair_finds_nothing(),
	      "xfs_repair finds something to repair");
	now_at("");
}

/* --- the worker --- */

static void tell_figures(void)
{
	const struct figures *f = &shared->figures;

	printf("# figures ops=%ld left-out=%ld poisons=%ld machine-checks=%ld victims=%ld by-pmd=%ld signals=%ld repairs=%ld storms=%ld seconds=%ld\n",
	       f->ops, f->left_out, f->poisons, f->machine_checks, f->victims,
	       f->by_pmd, f->signals, f->repairs, f->storms,
	       f->seconds);
}

static void work_at_random(void)
{
	time_t start = time(NULL), told = start, now;
	unsigned long seed = run.seed;
	bool over = false;
	struct op op;
	const char *ground;
	int i;

	for (; !over; seed++) {
		ground = run.ground ?: random_ground(seed);
		printf("# epoch seed=%lu ground=%s\n", seed, ground);
		begin(ground);
		random_seed(seed);
		for (i = 0; i < EPOCH && !over; i++) {
			op_random(&op);
			do_op(&op);
			now = time(NULL);
			figures.seconds = now - start;
			if (now >= told + 5) {
				told = now;
				tell_figures();
			}
			over = figures.ops >= run.ops ||
				figures.seconds >= run.seconds;
		}
		end();
	}
}

/* The list to replay, and the operations to leave out. */
static struct op list[MAX_OPS];
static int nr_list, without, nr_without;

static void begin_list(void)
{
	printf("# epoch ground=%s\n", run.ground);
}

static void work_from_list(void)
{
	int i;

	begin(run.ground);
	for (i = 0; i < nr_list; i++)
		if (i < without || i >= without + nr_without)
			do_op(&list[i]);
	end();
}

/* --- watching --- */

/* Wait for the worker and the children that it leaves. */
static int watch(void (*work)(void))
{
	time_t moved = time(NULL);
	long progress = -1;
	int status, i;
	pid_t pid;

	fflush(stdout);
	shared->signature[0] = '\0';
	shared->op[0] = '\0';
	pid = fork_child();
	if (!pid) {
		/* of an earlier worker */
		if (!ground_clean_up())
			_exit(ENDS_BROKEN);
		kernel_begin();
		actors_begin();
		work();
		fflush(stdout);
		_exit(ENDS_AGREED);
	}
	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (shared->progress != progress) {
			progress = shared->progress;
			moved = time(NULL);
		}
		if (time(NULL) >= moved + HANG_SECONDS) {
			printf("# differs: no progress for %d seconds\n# in: %s\n",
			       HANG_SECONDS, shared->op);
			strcpy(shared->signature, "no progress");
			put_string("/proc/sysrq-trigger", "w");
			return ENDS_HANGS;
		}
		usleep(50 * 1000);
	}
	/* Its children are reparented to this process, and exiting. */
	for (i = 0; i < 100 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
		usleep(20 * 1000);
	if (!WIFEXITED(status)) {
		printf("# the worker has died, wait status %#x\n", status);
		return ENDS_GIVEN_UP;
	}
	return WEXITSTATUS(status);
}

static void print_ops(const char *prefix, const struct op *op, int nr)
{
	char line[160];

	for (; nr--; op++) {
		op_print(op, line, sizeof(line));
		printf("%s%s\n", prefix, line);
	}
}

/* --- shrinking --- */

/* The number to leave out at a time; @without records the progress. */
static int step;
/* The guest did not survive the trial to begin with. */
static int died;
/*
 * The failure to reproduce, "" if it is the guest's death; if not given, the one the
 * list leads to.
 */
static char signature[sizeof(shared->signature)];
static bool has_signature;

static void print_list(void)
{
	begin_list();
	print_ops("", list, nr_list);
}

/*
 * Leave out half of the operations, a quarter, an eighth, ..., one, as long as the rest
 * fails in the same way. Print each trial, and what is left after it: if the guest dies,
 * its caller can resume from there.
 */
static int shrink(void)
{
	bool changed = false;
	int ret;

	if (!has_signature) {
		ret = watch(work_from_list);
		if (ret == ENDS_AGREED)
			printf("# the list does not fail\n");
		if (ret != ENDS_DIFFERS)
			return ret;
		nr_list = shared->nr_ops;
		strcpy(signature, shared->signature);
		printf("# fails: %s\n", signature);
		print_list();
	}

	for (step = step ?: (nr_list + 1) / 2; ; step = (step + 1) / 2) {
		while (without < nr_list) {
			nr_without = min(step, nr_list - without);
			printf("# trial %d,%d of %d\n", without, step, nr_list);
			ret = died ? ENDS_DIFFERS : watch(work_from_list);
			died = false;
			if (ret == ENDS_HANGS || ret == ENDS_BROKEN)
				return ret;
			if (ret != ENDS_DIFFERS ||
			    strcmp(signature, shared->signature)) {
				without += nr_without;
				continue;
			}
			nr_list -= nr_without;
			memmove(&list[without], &list[without + nr_without],
				(nr_list - without) * sizeof(list[0]));
			changed = true;
			print_list();
		}
		if (step == 1 && !changed)
			break;
		without = 0;
		changed = false;
	}
	printf("# shrunk to %d operations\n", nr_list);
	return ENDS_DIFFERS;
}

/* --- arguments --- */

static uint64_t fresh_seed(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (ts.tv_sec * 1000003ULL + ts.tv_nsec) % 1000000000;
}

static void read_list(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[200], *ground;

	run.ground = "plain";
	must(f, "%s: %m", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		ground = strstr(line, "ground=");
		if (line[0] == '#' && ground)
			run.ground = strdup(strchr(ground, '=') + 1);
		if (!line[0] || line[0] == '#')
			continue;
		must(nr_list < MAX_OPS, "%s: more than %d operations", path,
		     MAX_OPS);
		must(op_parse(line, &list[nr_list++]),
		     "%s: not an operation: %s", path, line);
	}
	fclose(f);
	must(nr_list, "%s: no operations", path);
}

static void set_up(void)
{
	shared = shared_memory(sizeof(*shared));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* Let a WARN_ON_ONCE() trigger again in each trial. */
	put_string("/sys/kernel/debug/clear_warn_once", "1");
}

static int command(int argc, char **argv)
{
	bool shrinks = false;
	char *name, *arg;
	int ret;

	run.stream = true;
	run.seed = fresh_seed();
	while ((name = *++argv)) {
		if (!strcmp(name, "--shrink")) {
			shrinks = true;
			continue;
		}
		arg = *++argv;
		must(arg, "%s wants an argument", name);
		if (!strcmp(name, "--seed"))
			run.seed = atol(arg);
		else if (!strcmp(name, "--ops"))
			run.ops = atol(arg);
		else if (!strcmp(name, "--seconds"))
			run.seconds = atol(arg);
		else if (!strcmp(name, "--list"))
			read_list(arg);
		else if (!strcmp(name, "--from"))
			must(sscanf(arg, "%d,%d,%d", &without, &step, &died) == 3,
			     "--from wants three numbers");
		else if (!strcmp(name, "--as"))
			has_signature = snprintf(signature, sizeof(signature),
						 "%s", arg) >= 0;
		else if (!strcmp(name, "--ground"))
			run.ground = arg;
		else if (!strcmp(name, "--without"))
			disable_ops(arg);
		else
			give_up("unknown argument %s", name);
	}
	set_up();
	if (shrinks)
		return shrink();
	if (nr_list)
		begin_list();
	else
		printf("# seed %lu\n", run.seed);
	ret = watch(nr_list ? work_from_list : work_at_random);
	tell_figures();
	printf("# ends %d\n", ret);
	return ret;
}

/* --- the scenario --- */

#define FIXED_SEED	1

static bool agrees(const char *what)
{
	int ret;

	remark("seed %lu", run.seed);
	ret = watch(work_at_random);
	tell_figures();
	if (ret == ENDS_GIVEN_UP)
		give_up("the worker could not go on");
	if (ret) {
		remark("the operations of the epoch until then:");
		print_ops("#   ", shared->ops, shared->nr_ops);
	}
	return check(!ret, "kernel and model agree, with %s seed", what);
}

static void run_scenario(void)
{
	need(PMEM);
	set_up();
	run.ops = 600;
	run.seed = FIXED_SEED;
	run.ground = "plain";
	if (!agrees("a fixed"))
		return;
	run.seed = fresh_seed();
	run.ground = NULL;
	agrees("a fresh");
}

struct scenario scenario = {
	.name = "fuzz",
	.title = "random operations and failures agree with a model",
	.machine = "e820",
	.cpus = 2,
	.seconds = 150,
	.base.fails = { "kernel and model agree, with a fixed seed" },
	/* The model assumes a filesystem that finds all sharers. */
	.holder.says = "^not ok [0-9]+ - kernel and model agree",
	.core.says = "^not ok [0-9]+ - kernel and model agree",
	.run = run_scenario,
	.command = command,
};
