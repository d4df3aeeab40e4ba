#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# pmem by memmap= and on an NVDIMM; a machine check from the host there.
# shellcheck disable=SC2016 # expanded in the guest
# shellcheck source=ci/guest.d/check.sh
. "$(dirname "$0")/../guest.d/check.sh"

guest -m e820 -- sh -c 'cat /sys/block/pmem0/size; inject-mce 0x100000000'
want "2 GiB" test "$(cat "$work/out")" = $((2 << 21))
want "no machine checks with e820" says 'machine checks need -m' err
want "inject-mce fails" test "$status" = 1

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
