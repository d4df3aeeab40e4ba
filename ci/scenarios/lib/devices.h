/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For scenarios whose filesystem is not simply at MNT on /dev/pmem0: mapped
 * devices, partitions, a realtime or a log device; and for those that need a
 * block of a certain kind or in a certain place.
 */
#ifndef DEVICES_H
#define DEVICES_H

#include "scenario.h"

#define MIB	(1024 * 1024L)

/* A shell command that must succeed; what it prints goes to the log. */
void command(const char *fmt, ...) __printf(1, 2);

/* A file's FS_XFLAG_* */
void change_flags(const char *path, unsigned int set, unsigned int clear);

/* --- several filesystems at a time --- */

/* In MNT/place; names are file("place/..."). 0, or -errno. */
int try_mount(const char *device, const char *place, const char *type,
	      const char *options);
/* A scenario that mounts there also unmounts. */
bool unmount_from(const char *place);
bool alive_in(const char *place);

/* Make partitions 1 to @nr of PMEM; partition N belongs in MNT/N. */
void make_partitions(int nr, int mib);
const char *partition(int nr);		/* the device */
const char *place(int nr);		/* in MNT; until one more is asked for */
/* XFS on this partition and the next: both are mounted, or none. */
bool mount_two(int nr, const char *options);
bool unmount_two(int nr);
#define BOTH_MOUNT	"both filesystems mount"
#define BOTH_UNMOUNT	"both filesystems unmount"

/* xfs_repair, of a filesystem that is not mounted */
void check_repair(const char *device);

/* --- device-mapper --- */

/* The one mapped device: dmsetup's name of it, and its node. */
#define DM_NAME	"disk"
#define DM	"/dev/dm-0"

/* A part of a pmem device, in bytes. */
struct segment {
	const char *device;
	int64_t start, length;
};

/* Of adjacent segments. */
const char *linear_table(const struct segment *segments, int nr);
/* dmsetup's command; it takes a table or "" */
void dm(const char *what, const char *table);
void create_dm(const char *table);
/* XFS on it, at MNT */
void mount_on_dm(const char *table, const char *mkfs_options);
void remove_dm(void);
void take_down_dm(void);		/* and unmount what is on it */
/* The pfn of a byte of a linear device */
unsigned long segment_pfn(const struct segment *segments, int nr,
			  int64_t offset);

/* --- places on a device --- */

/*
 * A new file of this size between these bytes of the device, placed by the
 * allocation group of its directory; its name, as file() returns it.
 */
const char *make_file_between(int64_t from, int64_t to, size_t size);

/* Names of checks that several scenarios use */
#define REPORTED	"the loss is reported, of each file that has the block"
#define PLACE_REPORTED	"the place on the device is reported, and no other"
#define SHUTS_DOWN	"the filesystem shuts down"

/* Make the page fail that this file shares with two reflinks; its pfn is this. */
void fail_shared_at(const char *path, unsigned long pfn);

/* --- XFS's reports to its health monitor --- */

struct monitor;
/* Of the filesystem that contains path. */
struct monitor *start_monitor(const char *path);
void stop_monitor(struct monitor *m);
/*
 * Wait briefly for this many reports of lost data; the number received since
 * start or forget_reports().
 */
int lost_reports(struct monitor *m, int expected);
/* Is one of them for exactly this page? */
bool reported_lost(struct monitor *m, const char *path, uint64_t offset);
/* Was only this place reported as failed? domain: DATA_DEVICE, ... */
enum { DATA_DEVICE = 5, RT_DEVICE = 6, LOG_DEVICE = 7 };
bool reported_media(struct monitor *m, int domain, uint64_t physical);
void forget_reports(struct monitor *m);

/* --- a device that goes away --- */

/*
 * Unbind the driver from a pmem device's namespace, as hot unplugging would,
 * and bind it again. Memory reserved by memmap= keeps its contents.
 */
#define DRIVER	"/sys/bus/nd/drivers/nd_pmem/"
void unbind(const char *device);
void rebind(const char *device);
#define NEVER_AGAIN	"the next access of each draws SIGBUS"
#define NONE_MAPPED	"no process maps a page of the device any longer"
#define GETS_ONE	"a process that had some mapped gets one BUS_MCEERR_AO"
#define SHUT_DOWN	"the filesystem is shut down"
#define UNMOUNTS	"it unmounts"

#endif
