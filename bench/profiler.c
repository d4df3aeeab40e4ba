// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that counts the instructions of one event by function of the
 * guest's kernel: exactly, and without affecting the guest.
 *
 * An event lies between two calls of getpgid(). In the guest only
 * bench/measurements/crowd.c makes these, around the write() that makes a page fail.
 * Each event is counted from 0; the file has the last one.
 *
 *	-plugin profile.so,map=SYSTEM.MAP,out=FILE
 *
 * The first line has the sum, the others a function each: the instructions in it, how
 * often it was entered, instructions including callees, its name. Calls are followed
 * by a stack of functions, as each is entered at its first instruction; an interrupt
 * counts as called by the function it interrupts.
 *
 * The interface is declared here: Debian has no package with QEMU's header.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_info;
enum { NO_REGISTERS };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
		void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
		void (*cb)(unsigned int cpu, void *data), int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

/* QEMU 9 and later do not support the first version. */
int qemu_plugin_version = PLUGIN_VERSION;

struct function {
	uint64_t start;
	char name[64];
	uint64_t self, entered, all;
	unsigned int on_stack;
};

/* The first one stands for user space, below the kernel's first symbol. */
static struct function *functions;
static size_t nr_functions;

struct block {
	struct function *function;
	bool first;		/* instruction of its function */
	bool mark;
	uint64_t instructions;
};

static struct {
	struct function *function;
	uint64_t since;
} stack[512];
static unsigned int depth;
static uint64_t total;
static bool counting;
static const char *out;

static void add_function(uint64_t start, const char *name)
{
	functions = reallocarray(functions, nr_functions + 1, sizeof(*functions));
	if (!functions)
		abort();
	functions[nr_functions] = (struct function) { .start = start };
	strcpy(functions[nr_functions++].name, name);
}

/* System.map is sorted by address. One of several names of a function is enough. */
static bool read_map(const char *path)
{
	FILE *f = fopen(path, "r");
	char type, name[sizeof(functions->name)];
	uint64_t start;

	if (!f)
		return false;
	add_function(0, "(user space)");
	while (fscanf(f, "%lx %c %63s%*[^\n]", &start, &type, name) == 3)
		if (strchr("tTwW", type) && start >= 1ULL << 63 &&
		    start != functions[nr_functions - 1].start)
			add_function(start, name);
	fclose(f);
	return nr_functions > 1;
}

/* Functions do not overlap. */
static int by_address(const void *address, const void *function)
{
	const struct function *f = function;
	uint64_t at = *(const uint64_t *)address;

	if (at < f->start)
		return -1;
	return f + 1 < functions + nr_functions && at >= f[1].start;
}

static void leave(void)
{
	struct function *f = stack[--depth].function;

	/* Of a function that calls itself, only the first call counts. */
	if (!--f->on_stack)
		f->all += total - stack[depth].since;
}

static void enter(struct function *f)
{
	if (depth == sizeof(stack) / sizeof(stack[0]))
		return;
	stack[depth].function = f;
	stack[depth++].since = total;
	f->on_stack++;
}

static void write_result(void)
{
	FILE *file = fopen(out, "w");
	struct function *f;

	if (!file)
		return;
	fprintf(file, "%12lu %9s %12s %s\n", total, "", "", "(all)");
	for (f = functions; f < functions + nr_functions; f++)
		if (f->self)
			fprintf(file, "%12lu %9lu %12lu %s\n", f->self, f->entered,
				f->all, f->name);
	fclose(file);
}

static void on_mark(void)
{
	size_t i;

	counting = !counting;
	if (counting) {
		for (i = 0; i < nr_functions; i++)
			functions[i].self = functions[i].entered =
				functions[i].all = functions[i].on_stack = 0;
		depth = 0;
		total = 0;
		return;
	}
	while (depth)
		leave();
	write_result();
}

static void on_block(unsigned int cpu, void *data)
{
	struct block *b = data;
	unsigned int at;

	if (b->mark)
		on_mark();
	if (!counting)
		return;
	if (b->first) {
		enter(b->function);
		b->function->entered++;
	} else if (!depth || stack[depth - 1].function != b->function) {
		/* Back in a caller, or control was transferred in an unknown way. */
		for (at = depth; at && stack[at - 1].function != b->function; at--)
			;
		while (depth > at)
			leave();
		if (!at)
			enter(b->function);
	}
	b->function->self += b->instructions;
	total += b->instructions;
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));
	uint64_t address = qemu_plugin_tb_vaddr(tb);

	if (!b)
		abort();
	b->function = bsearch(&address, functions, nr_functions, sizeof(*functions),
			      by_address);
	b->first = b->function->start == address && b->function != functions;
	b->instructions = qemu_plugin_tb_n_insns(tb);
	b->mark = b->first && !strcmp(b->function->name, "__x64_sys_getpgid");
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, b);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc,
			char **argv)
{
	const char *map = NULL;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "map=", 4))
			map = strdup(argv[i] + 4);
		else if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	}
	if (!map || !out || !read_map(map)) {
		fprintf(stderr, "profile: wants map=SYSTEM.MAP,out=FILE\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
