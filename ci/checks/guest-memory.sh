#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# pmem by memmap= and on an NVDIMM; a machine check from the host.
# shellcheck disable=SC2016 # expanded in the guest
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -m e820 -- sh -c '
	cat /sys/block/pmem0/size
	inject-mce 0x100000000
	sleep 1
	grep HardwareCorrupted: /proc/meminfo'
want "2 GiB" says "^$((2 << 21))$" out
want "a machine check with e820" says '^HardwareCorrupted: *4 kB$' out

guest -m both -- sh -c '
	set -e
	for disk in pmem0 pmem1; do
		grep -q 1 /sys/block/$disk/queue/dax
		mkfs.xfs -q /dev/$disk
		mkdir /mnt/$disk
		mount -o dax=always /dev/$disk /mnt/$disk
		umount /mnt/$disk
	done
	ndctl list -N | grep -q "\"blockdev\":\"pmem0\""
	# The sixteenth page of the NVDIMM
	phys=$(($(cat /sys/bus/nd/devices/region0/resource) + 0x10000))
	inject-mce $(printf 0x%x $phys)
	sleep 1
	cat /sys/block/pmem0/badblocks /sys/bus/nd/devices/region0/badblocks'
want "status 0" test "$status" = 0
want "a bad block recorded" says '^128 8$' out
