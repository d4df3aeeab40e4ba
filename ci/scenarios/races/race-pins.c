// SPDX-License-Identifier: GPL-2.0
/*
 * Pages fail while they are in use without a page table: in pipes, for direct
 * I/O, through /proc/PID/mem, for a futex's key. They must be unmapped like any
 * other, and released in the end.
 */
#include <linux/futex.h>
#include <linux/loop.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "race.h"

#define PAGES		1500UL
#define IN_PIPE		8UL
#define GUP_TEST	"/sys/kernel/debug/gup_test"
#define LOOP_SIZE	(16UL << 20)

/* As in mm/gup_test.h. */
struct gup_test {
	uint64_t get_delta_usec, put_delta_usec, addr, size;
	uint32_t nr_pages_per_call, gup_flags, test_flags, which_pages[8];
};
#define GUP_FAST_BENCHMARK	_IOWR('g', 1, struct gup_test)
#define PIN_FAST_BENCHMARK	_IOWR('g', 2, struct gup_test)
#define PIN_LONGTERM_BENCHMARK	_IOWR('g', 3, struct gup_test)
#define PIN_BASIC_TEST		_IOWR('g', 5, struct gup_test)
#define FOLL_WRITE		1

static char loop_path[24];

static int futex(unsigned long addr, int op, unsigned int value)
{
	struct timespec timeout = { .tv_nsec = 1000 * 1000 };

	return syscall(SYS_futex, addr, op, value, &timeout, NULL, 0) < 0 ?
		-errno : 0;
}

/*
 * A key by file and offset, or none: a shared page has no single file. Waiting
 * needs no write access, so a read-only mapping will do.
 */
static void wait_on_futex(struct racer *r, unsigned long i)
{
	int ret;

	touch(at_page(r, near(r)));
	ret = futex(at_page(r, i), FUTEX_WAIT,
		    dice(r, 2) ? 0 : fill(i) * 0x01010101U);
	must(!ret || ret == -EAGAIN || ret == -ETIMEDOUT || ret == -EFAULT ||
	     ret == -EINTR, "FUTEX_WAIT: %s", strerror(-ret));
}

/* In a writable mapping this counts as a store: the reflink gets a copy. */
static void wake_futex(struct racer *r, unsigned long i)
{
	int ret;

	touch(at_page(r, near(r)));
	ret = futex(at_page(r, i), FUTEX_WAKE, 1);
	must(!ret || ret == -EFAULT, "FUTEX_WAKE: %s", strerror(-ret));
	if (!ret)
		mark_own(r, i, 1);
	if (!dice(r, 8))
		share_again(r, i, 1);
}

/* Pages stay in the pipe for @us and are then read from it. */
static void pass_through_pipe(struct racer *r, unsigned long i, useconds_t us)
{
	static char page[PAGE];
	struct iovec iov;
	ssize_t n, left;
	int fds[2];

	touch(at_page(r, near(r)));
	if (i > PAGES - IN_PIPE)
		i = PAGES - IN_PIPE;
	iov.iov_base = (void *)at_page(r, i);
	iov.iov_len = IN_PIPE * PAGE;
	must(!pipe(fds));
	n = vmsplice(fds[1], &iov, 1, SPLICE_F_NONBLOCK);
	must(n >= 0 || errno == EFAULT);
	if (us)
		usleep(us);
	for (left = n; left >= (ssize_t)PAGE; left -= PAGE, i++) {
		must(read(fds[0], page, PAGE) == PAGE);
		/* The page still has its data, as its failure is injected. */
		must(page[0] == fill(i) || page[0] == 0,
		     "page %lu came out of the pipe as %#x", i, page[0]);
	}
	close(fds[0]);
	close(fds[1]);
}

static void put_into_pipe(struct racer *r, unsigned long i)
{
	pass_through_pipe(r, i, 0);
}

static void hold_in_pipe(struct racer *r, unsigned long i)
{
	pass_through_pipe(r, i, dice(r, 4000));
}

/* Must wait exactly as long as pages are in a pipe. */
static void truncate_held(struct racer *r, unsigned long i)
{
	must(!truncate(r->path, i * PAGE));
	mark_own(r, i, PAGES - i);
	share_again(r, i, PAGES - i);
	usleep(1000);
}

static void pin(struct racer *r, unsigned long i)
{
	static const unsigned long tests[] = {
		GUP_FAST_BENCHMARK, PIN_FAST_BENCHMARK, PIN_BASIC_TEST,
		PIN_LONGTERM_BENCHMARK
	};
	struct gup_test test = { .size = 4 * PAGE, .nr_pages_per_call = 4 };
	static int fd = -1;

	touch(at_page(r, near(r)));
	if (fd < 0)
		fd = open_file(GUP_TEST, O_RDWR);
	if (i > PAGES - 4)
		i = PAGES - 4;
	test.addr = at_page(r, i);
	must(!ioctl(fd, tests[dice(r, ARRAY_SIZE(tests))], &test) ||
	     errno == EFAULT, GUP_TEST ": %m");
}

static void write_from(struct racer *r, unsigned long i)
{
	int fd = open_file(loop_path, O_WRONLY | O_DIRECT);
	ssize_t n;

	touch(at_page(r, near(r)));
	n = pwrite(fd, (void *)at_page(r, i), PAGE,
		   i * PAGE % (LOOP_SIZE / 2));
	must(n == PAGE || (n < 0 && errno == EFAULT),
	     "direct I/O from the page: %zd, %m", n);
	close(fd);
}

static void read_into(struct racer *r, unsigned long i)
{
	int fd = open_file("/dev/vda", O_RDONLY | O_DIRECT);
	ssize_t n;

	touch(at_page(r, near(r)));
	n = pread(fd, (void *)at_page(r, i), PAGE, i * PAGE);
	must(n == PAGE || (n < 0 && errno == EFAULT),
	     "direct I/O into the page: %zd, %m", n);
	if (n == PAGE)
		mark_own(r, i, 1);
	close(fd);
	if (!dice(r, 4))
		share_again(r, i, 1);
}

/* Memory of another racer, which faults it in and loses it meanwhile. */
static void look_into(struct racer *r, unsigned long i)
{
	const struct racer *other = racer(0);
	char path[32], byte;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", other->proc->pid);
	fd = open_file(path, O_RDONLY);
	n = pread(fd, &byte, 1, at_page(other, i));
	must((n == 1 && byte == fill(i)) || (n < 0 && errno == EIO),
	     "%s: %zd, %m", path, n);
	close(fd);
}

static void splice_file(struct racer *r, unsigned long i)
{
	int fd = open_file(r->path, O_RDONLY),
	    null = open_file("/dev/null", O_WRONLY);
	off_t offset = i * PAGE;
	int fds[2];
	ssize_t n;

	must(!pipe(fds));
	n = splice(fd, &offset, fds[1], NULL, 4 * PAGE, 0);
	must(n >= 0 || errno == EIO);
	must(n <= 0 || splice(fds[0], NULL, null, NULL, n, 0) >= 0);
	close(fds[0]);
	close(fds[1]);
	close(null);
	close(fd);
}

/* The consumer holds a reference while it waits for the failure to be handled. */
static void consume(struct racer *r, unsigned long i)
{
	static unsigned long next = 4;

	i = next + dice(r, 2);
	if (i >= PAGES) {
		usleep(1000);
		return;
	}
	if (touch(at_page(r, i)) != SIGNALLED)
		inject_here(r, i);
	usleep(1000);	/* leave the processor to others */
	if (dice(r, 2))
		next++;
}

static void make_loop_device(void)
{
	struct loop_config config = {};
	int ctl = open("/dev/loop-control", O_RDWR), fd, nr;

	if (ctl < 0)
		skip("there is no /dev/loop-control");
	nr = ioctl(ctl, LOOP_CTL_GET_FREE);
	must(nr >= 0);
	close(ctl);
	snprintf(loop_path, sizeof(loop_path), "/dev/loop%d", nr);
	config.fd = open_file("/tmp/loop", O_RDWR | O_CREAT);
	must(!ftruncate(config.fd, LOOP_SIZE));
	fd = open_file(loop_path, O_RDWR);
	must(!ioctl(fd, LOOP_CONFIGURE, &config));
	close(config.fd);
	close(fd);
}

static const struct entry of_f[] = {
	{ "read", wait_on_futex, "futex wait", READABLE },
	{ "woken", wake_futex, "futex wake", WRITABLE },
	{ "read", put_into_pipe, "vmsplice", READABLE },
	{ "held", hold_in_pipe, "vmsplice, held", READABLE },
	{ "held", truncate_held, "truncate" },
	{ "read", pin, "pins", READABLE },
	{ "read", write_from, "O_DIRECT from", READABLE },
	{ "into", read_into, "O_DIRECT into", WRITABLE },
	{ "read", look_into, "/proc/PID/mem" },
	{ "read", splice_file, "splice" },
};
static const struct entry of_g[] = {
	{ "g0", consume, "consumer 0", READABLE },
	{ "g1", consume, "consumer 1", READABLE },
};

static void run(void)
{
	struct field *f, *g;
	struct witness *w;

	need(GUP_TEST);
	make_loop_device();
	f = make_field(PMEM, file("f"), PAGES, false);
	g = make_field(PMEM, file("g"), PAGES, false);
	w = enter_all(f, "w", of_f, ARRAY_SIZE(of_f));
	enter_all(g, NULL, of_g, ARRAY_SIZE(of_g));
	race(w, 0, fail);
}

SCENARIO("pages fail while futexes, pipes, direct I/O and others hold them",
	.xfs = "", .cpus = 8, .seconds = 120, .debug = true,
	.base = BASE_DEADLOCKS);
