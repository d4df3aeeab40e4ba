// SPDX-License-Identifier: GPL-2.0
/*
 * What XFS reports to its health monitor, as xfs_healer: the places on the medium
 * that failed, and each file in use that lost data.
 */
#include "devices.h"

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
#define TYPE_MEDIA	7
#define TYPE_LOST	12

struct monitor {
	int fd;
	int nr;
	struct event events[64];
};

/* within() takes no argument */
static struct monitor *current;
static int wanted;

struct monitor *start_monitor(const char *path)
{
	struct monitor *m = calloc(1, sizeof(*m));
	struct health_monitor how = {};
	int fd = open(path, O_RDONLY);

	must(m && fd >= 0, "open %s: %m", path);
	m->fd = ioctl(fd, HEALTH_MONITOR, &how);
	if (m->fd < 0 && errno == ENOTTY)
		skip("this kernel's XFS cannot be monitored");
	must(m->fd >= 0, "monitoring XFS: %m");
	fcntl(m->fd, F_SETFL, O_NONBLOCK);
	close(fd);
	return m;
}

void stop_monitor(struct monitor *m)
{
	close(m->fd);
	free(m);
}

static int count(const struct monitor *m, uint32_t type)
{
	int i, n = 0;

	for (i = 0; i < m->nr; i++)
		n += m->events[i].type == type;
	return n;
}

static bool have_come(void)
{
	struct monitor *m = current;
	ssize_t n;

	while (m->nr < (int)ARRAY_SIZE(m->events) &&
	       (n = read(m->fd, &m->events[m->nr], sizeof(m->events[0]))) > 0) {
		must(n == sizeof(m->events[0]), "an event of %zd bytes", n);
		m->nr++;
	}
	return count(m, TYPE_LOST) >= wanted;
}

int lost_reports(struct monitor *m, int expected)
{
	const struct event *e;
	int n;

	current = m;
	wanted = expected;
	within(5, have_come);
	/* An excess report may come a little later. */
	wanted = expected + 1;
	within(1, have_come);
	n = count(m, TYPE_LOST);
	for (e = m->events; n != expected && e < m->events + m->nr; e++)
		if (e->type == TYPE_LOST)
			remark("inode %llu, offset %#llx, length %#llx",
			       (unsigned long long)e->range.ino,
			       (unsigned long long)e->range.pos,
			       (unsigned long long)e->range.len);
	return n;
}

bool reported_lost(struct monitor *m, const char *path, uint64_t offset)
{
	struct stat st;
	int i, n = 0;

	must(!stat(path, &st), "%s: %m", path);
	for (i = 0; i < m->nr; i++)
		n += m->events[i].type == TYPE_LOST &&
		     m->events[i].range.ino == st.st_ino &&
		     m->events[i].range.pos == offset &&
		     m->events[i].range.len == PAGE;
	return n == 1;
}

bool reported_media(struct monitor *m, int domain, uint64_t physical)
{
	int i, good = 0;

	current = m;
	wanted = 0;
	have_come();
	for (i = 0; i < m->nr; i++)
		good += m->events[i].type == TYPE_MEDIA &&
			(int)m->events[i].domain == domain &&
			m->events[i].media.daddr == physical / 512 &&
			m->events[i].media.bbcount == PAGE / 512;
	return good == 1 && count(m, TYPE_MEDIA) == 1;
}

void forget_reports(struct monitor *m)
{
	current = m;
	wanted = 0;
	have_come();
	m->nr = 0;
}
