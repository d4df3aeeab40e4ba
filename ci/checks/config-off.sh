#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the series touches compiles without warnings where the features that it
# builds on are configured off. (The whole kernel, and whether it links: ci/kernel
# no-memory-failure, ci/kernel no-fs-dax; ten minutes each.)
. "$(dirname "$0")/../common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$top/ci/assemble" --to "$work/series" >/dev/null
[ "$(git -C "$work/series" rev-list --count base..)" != 0 ] || { note "there is no series yet"; exit 4; }

for kernel in no-memory-failure no-fs-dax; do
	tree=$build/kernel/$kernel
	log=$tree.warnings
	"$top/ci/kernel" --make "$kernel" prepare >"$log" 2>&1 || die "$kernel: $(tail -n 5 "$log")"
	mapfile -t objects < <(touched_objects "$work/series" "$tree")
	[ ${#objects[@]} -gt 0 ] || die "$kernel compiles none of the files that the series touches"
	echo "$kernel:" "${objects[@]}"
	"$top/ci/kernel" --make "$kernel" "${objects[@]}" >"$log" 2>&1 || {
		tail -n 20 "$log"
		die "$kernel does not build; all of the output: $log"
	}
	! grep -E '^[^ ]+\.[ch]:[0-9]+:([0-9]+:)? warning:' "$log" || die "$kernel: compiler warnings"
done
