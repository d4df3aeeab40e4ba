#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel compiles, without new warnings, and links where the features that
# the series builds on are configured off.
. "$(dirname "$0")/../common.sh"

for kernel in no-memory-failure no-fs-dax; do
	log=$build/kernel/$kernel.warnings
	"$top/ci/kernel" --make "$kernel" vmlinux >"$log" 2>&1 ||
		{ tail -n 20 "$log"; die "$kernel does not build; all of the output: $log"; }
	! grep -E '^[^ ]+\.[ch]:[0-9]+:([0-9]+:)? warning:' "$log" || die "$kernel: compiler warnings"
done
