#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the series touches compiles without warnings where the features that it
# builds on are configured off. (The whole kernel, and whether it links: ci/kernel
# no-memory-failure, ci/kernel no-fs-dax; ten minutes each.)
. "$(dirname "$0")/../common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$top/ci/assemble" --to "$work/series" >/dev/null
mapfile -t files < <(git -C "$work/series" log --format= --name-only base.. -- '*.c' | sort -u)
[ ${#files[@]} -gt 0 ] || { note "there is no series yet"; exit 4; }

# compiled FILE: does the configuration of $tree compile it? Its directory's
# Makefile, read as kbuild reads it, tells.
compiled() {
	local dir
	dir=$(dirname "$1")
	[ -e "$tree/$1" ] || return
	make -s -C "$tree" --no-print-directory -f - <<END | grep -qxF "$(basename "$1" .c).o"
include include/config/auto.conf
src := $dir
obj := $dir
include $dir/Makefile
names := \$(obj-y) \$(foreach name,\$(obj-y:.o=-y) \$(obj-y:.o=-objs),\$(\$(name)))
.PHONY: list
list:; @printf '%s\\n' \$(names)
.DEFAULT_GOAL := list
END
}

for kernel in no-memory-failure no-fs-dax; do
	tree=$build/kernel/$kernel
	log=$tree.warnings
	"$top/ci/kernel" --make "$kernel" prepare >"$log" 2>&1 || die "$kernel: $(tail -n 5 "$log")"
	objects=() rest=()
	for file in "${files[@]}"; do
		if compiled "$file"; then
			objects+=("${file%.c}.o")
		else
			rest+=("$file")
		fi
	done
	echo "$kernel: ${#objects[@]} files; not compiled there: ${rest[*]}"
	"$top/ci/kernel" --make "$kernel" "${objects[@]}" >"$log" 2>&1 || {
		tail -n 20 "$log"
		die "$kernel does not build; all of the output: $log"
	}
	! grep -E '^[^ ]+\.[ch]:[0-9]+:([0-9]+:)? warning:' "$log" || die "$kernel: compiler warnings"
done
