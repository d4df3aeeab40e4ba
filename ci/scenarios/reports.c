// SPDX-License-Identifier: GPL-2.0
/*
 * What XFS tells who monitors it (xfs_healer does): the place on the medium that
 * failed, and each file in use that lost data, mapped or not.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "scenario.h"

/* As in fs/xfs/libxfs/xfs_fs.h, which no header package of Debian 12 has. */
struct health_monitor {
	uint64_t flags;
	uint8_t format;
	uint8_t pad[23];
};
#define HEALTH_MONITOR	_IOW('X', 68, struct health_monitor)

struct event {
	uint32_t domain;
	uint32_t type;
	uint64_t time_ns;
	union {
		struct {
			uint64_t daddr;
			uint64_t bbcount;
		} media;
		struct {
			uint64_t pos;
			uint64_t len;
			uint64_t ino;
			uint32_t gen;
			uint32_t error;
		} range;
	};
	uint64_t pad[2];
};
#define DOMAIN_DATADEV	5
#define TYPE_MEDIA	7
#define TYPE_LOST	12

#define NR_LOSERS	3

static int monitor;
static struct event events[32];
static int nr_events;

static int count(uint32_t type)
{
	int i, n = 0;

	for (i = 0; i < nr_events; i++)
		n += events[i].type == type;
	return n;
}

static bool all_reported(void)
{
	ssize_t n;

	while (nr_events < (int)ARRAY_SIZE(events) &&
	       (n = read(monitor, &events[nr_events], sizeof(events[0]))) > 0) {
		must(n == sizeof(events[0]), "an event of %zd bytes", n);
		nr_events++;
	}
	return count(TYPE_LOST) >= NR_LOSERS && count(TYPE_MEDIA);
}

static bool lost(const char *path, uint64_t pos)
{
	struct stat st;
	int i, n = 0;

	must(!stat(path, &st), "%s: %m", path);
	for (i = 0; i < nr_events; i++)
		n += events[i].type == TYPE_LOST &&
		     events[i].range.ino == st.st_ino &&
		     events[i].range.pos == pos && events[i].range.len == PAGE;
	return n == 1;
}

static void run(void)
{
	struct health_monitor how = {};
	struct proc *a, *b, *other;
	unsigned long at_a;
	int64_t physical;
	bool media = false;
	int dir, idle, i;

	early_kill(true);
	mount_xfs(NULL);
	make_file(file("a"), 4 * PAGE);
	clone_range(file("a"), 0, 4 * PAGE, file("b"), 8 * PAGE);
	clone_file(file("a"), file("idle"));
	make_file(file("other"), 4 * PAGE);
	a = start("a");
	b = start("b");
	other = start("other");
	at_a = map_page(a, file("a"), PAGE);
	map_page(b, file("b"), 9 * PAGE);
	map_page(other, file("other"), PAGE);
	idle = open(file("idle"), O_RDONLY);
	must(idle >= 0, "open: %m");
	physical = file_physical(file("a"), PAGE);

	dir = open(MNT, O_RDONLY);
	monitor = ioctl(dir, HEALTH_MONITOR, &how);
	if (monitor < 0 && errno == ENOTTY)
		skip("this kernel's XFS cannot be monitored");
	must(monitor >= 0, "monitoring XFS: %m");
	fcntl(monitor, F_SETFL, O_NONBLOCK);

	poison_and_check(pfn_of(a, at_a));
	within(5, all_reported);
	for (i = 0; i < nr_events; i++)
		media |= events[i].type == TYPE_MEDIA &&
			 events[i].domain == DOMAIN_DATADEV &&
			 events[i].media.daddr == (uint64_t)physical / 512 &&
			 events[i].media.bbcount == PAGE / 512;
	check(media && count(TYPE_MEDIA) == 1,
	      "the place on the medium is reported once");
	check(lost(file("a"), PAGE) && lost(file("b"), 9 * PAGE),
	      "each mapped file is reported, with its own offset");
	check(lost(file("idle"), PAGE),
	      "a file that is open and not mapped is reported");
	check(count(TYPE_LOST) == NR_LOSERS, "no other file is");
	for (i = 0; i < nr_events; i++)
		if (events[i].type == TYPE_LOST)
			remark("inode %llu, offset %#llx, length %#llx",
			       (unsigned long long)events[i].range.ino,
			       (unsigned long long)events[i].range.pos,
			       (unsigned long long)events[i].range.len);
	close(monitor);
	close(idle);
	close(dir);
}

struct scenario scenario = {
	.name = "reports",
	.title = "what XFS reports of a failed page to its monitor",
	.machine = "e820",
	.cpus = 2,
	.seconds = 60,
	.run = run,
};
