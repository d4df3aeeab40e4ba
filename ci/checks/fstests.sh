#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tests of memory failure that upstream has, and one of DAX faults that race,
# pass on both kernels. They stand in fstests, which has to be there, built.
. "$(dirname "$0")/../common.sh"

if [ ! "${FSTESTS-}" ]; then
	note "FSTESTS is not set: it names a built tree of fstests"
	exit 4
fi
for kernel in base aops; do
	"$top/ci/kernel" $kernel >/dev/null
	"$top/ci/fstests" -k $kernel xfs/550 xfs/551 xfs/552 generic/437
done
