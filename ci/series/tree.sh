# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # $pristine, $changed and the like are the program's
# Sourced by the programs that check and compile patches. A kernel tree, $tree, shares the
# files of the unpatched source, $pristine, by hard links, and follows $series, a git tree of
# ci/series/assemble or nothing. $work is a temporary folder beside it.

ccache=$(! command -v ccache >/dev/null || echo "ccache ")
# What could differ from build to build, or from tree to tree, and would keep ccache from
# its work, is fixed
make_variables=(CC="${ccache}gcc" HOSTCC="${ccache}gcc" KBUILD_BUILD_TIMESTAMP="Thu Jan  1 00:00:00 UTC 1970"
	KBUILD_BUILD_VERSION=1 KBUILD_BUILD_USER=user KBUILD_BUILD_HOST=host)
cross=aarch64-linux-gnu-
[[ $arch = x86_64 ]] ||
	make_variables+=(ARCH="$arch" CROSS_COMPILE="$cross" CC="$ccache${cross}gcc")

# fixed COMMAND...: the language of the compiler's messages counts for ccache as well. Its
# depend mode spares a fifth of the time by not running the preprocessor twice.
fixed() {
	env -u LC_ALL -u LC_CTYPE -u LC_MESSAGES LANG=C.UTF-8 CCACHE_DEPEND=1 "$@"
}

# kmake ARG...: make in the tree
kmake() {
	fixed make -C "$tree" -j"$(nproc)" "${make_variables[@]}" "$@"
}

# configure [-O DIR] FRAGMENT...: by the kernel's own script. A symbol's last mention
# counts. Prints the lines that did not come out; the script's messages go to $log.
configure() {
	(cd "$tree" && fixed MAKEFLAGS="${make_variables[*]// /\\ }" \
		scripts/kconfig/merge_config.sh -n -Q "$@") >"$log" 2>&1 || return
	sed -n 's/^Requested value: *//p' "$log"
}

# link_tree STAMP: make the tree, unless it was made with this STAMP
link_tree() {
	[[ $(cat "$tree.source" 2>/dev/null) != "$1" ]] || return 0
	stage "${tree##*/}: linking its tree to the unpacked source"
	rm -rf "$tree" "$tree".{source,files,built,at}
	cp -al "$pristine" "$work/tree"
	mv "$work/tree" "$tree"
	echo "$1" >"$tree.source"
}

# new_lines FILE FILE: those of the second that are not in the first, but for line numbers
new_lines() {
	local sed='s/:[0-9]+(-[0-9]+)?(:[0-9]+)?//; s/ on line [0-9]+//; s/line [0-9]+//g'

	comm -13 <(sed -E "$sed" "$1" | sort) <(sed -E "$sed" "$2" | sort)
}

# follow DIR <FILES: each of these files of the tree becomes DIR's, where the series is
# checked out, or, if the series does not have it at all, the source's; $changed says
# whether one was another. It is a new file, since others share the old one, and of now,
# so that make sees it.
follow() {
	local file from

	changed=
	while read -r file; do
		from=$1/$file
		if [[ ! $series || ! -e $from ]] && ! git -C "${series:-/}" cat-file -e "base:$file" 2>/dev/null; then
			from=$pristine/$file
		fi
		if [[ -e $from ]]; then
			! cmp -s "$from" "$tree/$file" || continue
			mkdir -p "$(dirname "$tree/$file")"
			cp "$from" "$tree/$file.new"
			mv "$tree/$file.new" "$tree/$file"
		else
			[[ -e $tree/$file ]] || continue
			rm "$tree/$file"
		fi
		changed=1
	done
}
