#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sparse has nothing to say about the files that the series changes or adds that
# it does not say about them in base. The kernel refuses the sparse of older
# Debians ("not up to date"), so unstable's is run, from a directory of its own
# and with its own libc.
. "$(dirname "$0")/../common.sh"

root=$build/sparse
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ ! -x "$root/check" ]; then
	rm -rf "$root"
	mkdir -p "$root"
	(cd "$work" && debian_apt unstable apt-get -qq download sparse libc6 >&2) ||
		{ note "sparse is missing: it could not be fetched from Debian unstable"; exit 4; }
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	lib=$root/usr/lib/x86_64-linux-gnu
	printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' \
		"$lib/ld-linux-x86-64.so.2" "$lib" "$root/usr/bin/sparse" >"$root/check"
	chmod +x "$root/check"
fi

# said KERNEL: the messages, without the line numbers that differ
said() {
	local list
	mapfile -t list < <(touched_objects "$work/series" "$build/kernel/$1")
	[ ${#list[@]} -gt 0 ] || die "$1 compiles none of the files that the series touches"
	"$top/ci/kernel" --make "$1" C=2 CHECK="$root/check" "${list[@]}" >"$work/$1.log" 2>&1 ||
		die "sparse could not be run on $1: $(tail -n 5 "$work/$1.log")"
	! grep -i 'not up to date' "$work/$1.log" || die "sparse checked nothing"
	[ "$(grep -c '^  CHECK ' "$work/$1.log")" -ge ${#list[@]} ] ||
		die "sparse has not checked all files: $(tail -n 5 "$work/$1.log")"
	grep -E '^[^ ]+\.[ch]:[0-9]+:[0-9]+: ' "$work/$1.log" |
		sed -E 's/:[0-9]+:[0-9]+:/:/g' | sort || true
}

"$top/ci/assemble" --to "$work/series" >/dev/null
[ "$(git -C "$work/series" rev-list --count base..)" != 0 ] || { note "there is no series yet"; exit 4; }
said base >"$work/base"
said aops >"$work/aops"
new=$(comm -13 "$work/base" "$work/aops")
[ -z "$new" ] || { echo "$new"; exit 1; }
