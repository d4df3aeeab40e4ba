// SPDX-License-Identifier: GPL-2.0
/*
 * A pwrite() to a shared block ends early because its buffer cannot be read.
 * The file may have a new block by then, whose stale data must not be exposed.
 */
#include "scenario.h"

#define READABLE	100	/* bytes of the last page of the buffer */
#define SECRET		'#'
#define MIDDLE		"bytes in the middle of a block: each is old or new"
#define SEVERAL		"several blocks and parts of others: each byte is old or new"

/* Fill all free space with this file's data, then free it. */
static void fill_free_space(void)
{
	static char chunk[1 << 20];
	const char *path = file("secret");
	int fd = open_file(path, O_RDWR | O_CREAT);

	memset(chunk, SECRET, sizeof(chunk));
	while (write(fd, chunk, sizeof(chunk)) > 0)
		;
	must(errno == ENOSPC && !fsync(fd), "filling %s: %m", path);
	close(fd);
	remove_file(path);
}

/*
 * Write at an offset from a buffer that ends after so many bytes; then each byte of the
 * file must be new, up to the length that pwrite() returned, or else old.
 */
static bool old_or_new(const char *path, off_t offset, size_t len,
		       size_t readable)
{
	unsigned char bytes[8 * PAGE];
	long i, written, wrong = 0, secret = 0;
	int fd = open_file(path, O_RDWR);
	char *buffer;

	buffer = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(buffer != MAP_FAILED, "mmap: %m");
	memset(buffer, '!', 8 * PAGE);
	munmap(buffer + 8 * PAGE, 8 * PAGE);
	written = pwrite(fd, buffer + 8 * PAGE - readable, len, offset);
	if (written < 0) {
		must(errno == EFAULT, "pwrite: %m");
		written = 0;
	}
	munmap(buffer, 8 * PAGE);

	must(pread(fd, bytes, sizeof(bytes), 0) == sizeof(bytes), "pread: %m");
	close(fd);
	for (i = 0; i < (long)sizeof(bytes); i++) {
		bool is_new = i >= offset && i < offset + written;

		wrong += bytes[i] != (is_new ? '!' : fill(i / PAGE));
		secret += bytes[i] == SECRET;
	}
	remark("%ld of %zu bytes written; %ld bytes wrong, %ld of them secret",
	       written, len, wrong, secret);
	return !wrong && written <= (long)readable;
}

static void run(void)
{
	mount_xfs("-d size=320m");
	make_reflinks(8 * PAGE, "f", "a", "b", "c", "d");
	fill_free_space();

	check(old_or_new(file("a"), PAGE + 100, 2000, READABLE), MIDDLE);
	check(old_or_new(file("b"), PAGE, PAGE, READABLE),
	      "a whole block: each byte is old or new");
	check(old_or_new(file("c"), 2 * PAGE, 4 * PAGE, 2 * PAGE + READABLE),
	      "several blocks: each byte is old or new");
	check(old_or_new(file("d"), 2 * PAGE - 500, 3 * PAGE, 600 + PAGE),
	      SEVERAL);
	check(old_or_new(file("f"), 0, 8 * PAGE, 0),
	      "a buffer of which nothing can be read: nothing is written");
}

SCENARIO("pwrite() to shared blocks that ends early",
	/* Base copies around the requested range, not around the written one. */
	.base.fails = { MIDDLE, SEVERAL });
