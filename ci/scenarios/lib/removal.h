/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For scenarios that take a pmem device away while its pages are in use, and
 * give it back with what was on it.
 */
#ifndef REMOVAL_H
#define REMOVAL_H

#include "scenario.h"

#define DRIVER	"/sys/bus/nd/drivers/nd_pmem/"

/*
 * Take the driver from a pmem device's namespace, as hot unplugging would, and
 * have it bound again. Memory that memmap= set aside keeps what is in it.
 */
void unbind(const char *device);
void rebind(const char *device);

/*
 * Processes that have pages of the filesystem at MNT mapped in every way: PTEs
 * and PMDs of a file, or of three reflinks, as far as it has reflinks and extents
 * of 2 MiB; private, read and written; dirty; a file open and nothing mapped;
 * mapped and never touched. FILES: three have several files mapped, which is as
 * many occasions to tell them.
 */
enum { REFLINKS = 1, PMDS = 2, FILES = 4 };
void map_in_every_way(int features);
/* What the removal of the device below must have done, umount included. */
void check_removed(void);
/* The filesystem is mounted again, and has what it had. */
void check_kept(void);

#define NONE_MAPPED	"no process maps a page of the device any longer"
#define TOLD_ONCE	"a process that had some mapped gets one BUS_MCEERR_AO"
#define UNTOLD		"a process that had none mapped gets nothing"
#define NOT_CORRUPTED	"the log does not speak of memory corruption"
#define COPY_KEPT	"a private copy stays as it is"
#define NEVER_AGAIN	"the next access of each draws SIGBUS"
#define SHUT_DOWN	"the filesystem is shut down"
#define UNMOUNTS	"it unmounts"

#endif
