# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by every program in ci/ and bench/: where things are, and how to
# talk to the person who started it.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The processor that kernels and guests are for; others than x86_64 have a folder of
# their own in build/
arch=${ARCH:-x86_64}
# shellcheck disable=SC2034 # used by the programs that source this file
build=$top/build page_kib=4
[[ $arch = x86_64 ]] || build+=/$arch
# shellcheck disable=SC2034
[[ $arch != arm64-64k ]] || arch=arm64 page_kib=64
# shellcheck disable=SC2034
cache=${XDG_CACHE_HOME:-$HOME/.cache}/memory-failure-aops
self=${0#"$top/"}

# die MESSAGE...: say what went wrong and end with status 1, or $die_status.
die() {
	printf '%s: %s\n' "$self" "$*" >&2
	exit "${die_status:-1}"
}

# note MESSAGE...: a line for the person watching; never on standard output,
# which belongs to the program's result.
note() {
	printf '%s\n' "$*" >&2
}

# options MAX ARG...: sort ARG by usage(), where each option begins a line: "  --NAME" or
# "  --NAME WORD", which takes an argument; "WORD..." may be given more than once. Leaves
# the values in $opt, those of "..." a line each, 1 for an option without an argument;
# in $args at most MAX ("any") others, in $rest what follows "--". Wrong usage ends with
# status 2 or $die_status.
options() {
	local max=$1 die_status=${die_status:-2} text
	shift
	declare -gA opt=()
	args=() rest=()
	text=$'\n'$(usage)
	while (($#)); do
		case $1 in
		-h | --help) usage; exit ;;
		--) rest=("${@:2}"); break ;;
		-?*)
			[[ $text =~ $'\n  '"$1"(\ [^[:space:]]+)?([[:space:],]) ]] ||
				die "unknown option '$1' (see -h)"
			if [[ ! ${BASH_REMATCH[1]} ]]; then
				opt[$1]=1
			else
				(($# > 1)) || die "$1 wants an argument (see -h)"
				[[ ${BASH_REMATCH[1]} = *... && ${opt[$1]+set} ]] || opt[$1]=
				opt[$1]+=${opt[$1]:+$'\n'}$2
				shift
			fi
			;;
		*) args+=("$1") ;;
		esac
		shift
	done
	[[ $max = any ]] || ((${#args[@]} <= max)) || die "unknown argument '${args[max]}' (see -h)"
}

# Cleanup is in the traps for EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# temporary PREFIX: make the folder $work, which goes when the program ends
temporary() {
	work=$(mktemp -d "$1.XXXXXX")
	trap 'rm -rf "$work"' EXIT
}

# lock FILE [WHAT]: wait until no other process has it, and say so if it is WHAT
lock() {
	exec {lock}>"$1"
	flock -n "$lock" || {
		[[ ! ${2-} ]] || note "another $2 is running: waiting for it"
		flock "$lock"
	}
}

# claim DIR: make it, for this program to write to; no other may do so
claim() {
	mkdir -p "$1"
	exec {lock}>"$1/lock"
	flock -n "$lock" || die "another $self writes to $1: wait for it$(
		[[ $(usage) != *$'\n  -o '* ]] || echo ', or say -o DIR')"
}

# job COMMAND...: run it in the background, in a process group of its own that $! leads
job() {
	set -m
	"$@" </dev/null &
	set +m
}

# stop_jobs ID...: end what they lead, and wait for it
stop_jobs() {
	local pid

	for pid; do
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
	wait
}

# left_out KERNEL: whether ci/test has left it out, and prints why
left_out() {
	[[ " ${CI_LEFT_OUT-} " = *" $1 "* ]] && echo "no time was left to build the kernel $1"
}

# space DIR MEGABYTES: that much must be free
space() {
	local free
	free=$(df --output=avail -m "$1" | sed 1d)
	((free >= $2)) || die "$1 has only $((free)) MB free, $2 MB are needed"
}

# plain_git: from here on, git does the same for every user, and does not take the
# repository around build/ for one of the trees there
plain_git() {
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES=$build
	unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
}

# When the program began that a person started; those that it calls go on from there
export CI_BEGAN=${CI_BEGAN:-$EPOCHSECONDS}

# clock: the time since then
clock() {
	local seconds=$((EPOCHSECONDS - CI_BEGAN))
	printf '%2d:%02d' $((seconds / 60)) $((seconds % 60))
}

# stage MESSAGE...: the next stage of long work, with the time since the start.
stage() {
	printf '[%s] %s\n' "$(clock)" "$*" >&2
}

# redraw SECONDS: copies standard input to standard error, a terminal, but keeps the
# latest stage as the last line and redraws it each second, with the time and an
# estimate of the rest: the stage's own, or else what is left of SECONDS.
redraw() {
	local line now='' rest columns status=0

	trap '' INT
	columns=$(stty size <&2 | cut -d' ' -f2)
	while ((status == 0 || status > 128)); do
		status=0
		IFS= read -r -t 1 line || status=$?
		if ((!status)); then
			printf '\r\033[K' >&2
			case $line in
			\[*\]\ *) now=${line#*\] } ;;
			*) note "$line" ;;
			esac
		fi
		rest=$(((CI_BEGAN + $1 - EPOCHSECONDS) / 60 + 1))
		((rest > 0)) && [[ $now && $now != *' left' ]] && rest="; about $rest min left" || rest=
		line="[$(clock)] $now$rest"
		[[ ! $now ]] || printf '\r\033[K%s' "${line:0:columns - 1}" >&2
	done
	printf '\r\033[K' >&2
}

# reason LOG: why apt failed, from its messages in LOG, in a line
reason() {
	local why

	if grep -qiE 'no space left|not have enough free space|write error' "$1"; then
		why="the disk is full"
	elif grep -qE '(resolv|connect|reach)' "$1"; then
		why="the Debian mirror cannot be reached (is there a network? does apt need a proxy?)"
	elif grep -qE 'Hash Sum mismatch|unexpected size' "$1"; then
		why="the Debian mirror is being updated: try again in a few minutes"
	elif grep -qE '404|Unable to (locate|find)|not found' "$1"; then
		why="the Debian mirror does not have it"
	elif grep -q 'Could not get lock' "$1"; then
		why="another apt is running"
	else
		why=$(sed -n 's/^E: //p' "$1" | tail -n 1)
	fi
	echo "${why:-apt gave no reason}; apt's messages: $1"
}

# mirror: the Debian mirror that this machine's apt uses.
mirror() {
	local uri
	# shellcheck disable=SC2016 # apt expands it
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Label: Debian' |
		sed -n 1p)
	[[ $uri ]] || die "apt knows no Debian mirror: run 'apt-get update', or add one to its sources"
	echo "$uri"
}

# The keys that sign Debian's archive (package debian-archive-keyring).
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# debian_apt SUITE COMMAND [ARG...]: run an apt command that sees SUITE and
# nothing else, from the machine's mirror and with the machine's apt options; for
# the machine's architecture, or $package_arch.
# Its state is under build/, the system's is not touched. The index is fetched
# again after a day, or at once if the file build/apt/SUITE/fresh is removed.
# apt's messages go to build/apt/SUITE/log: see reason.
debian_apt() {
	local suite=$1 dir=$build/apt/$1 uri
	shift
	local of=${package_arch:-$(dpkg --print-architecture)}
	local options=(-o "Dir::State=$dir" -o "Dir::Cache=$dir/cache"
		-o "APT::Architecture=$of" -o "APT::Architectures=$of"
		-o "Dir::State::status=$dir/status"
		-o "Dir::Etc::SourceList=$dir/sources.list"
		-o Dir::Etc::SourceParts=/dev/null
		-o APT::Sandbox::User=root -o APT::Update::Error-Mode=any)

	if [ -z "$(find "$dir/fresh" -mmin -1440 2>/dev/null)" ]; then
		[ -e "$debian_keyring" ] || die "missing: $debian_keyring (package debian-archive-keyring)"
		mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
		: >"$dir/status"
		: >"$dir/log"
		uri=$(mirror) || return
		printf "%s [signed-by=$debian_keyring] $uri $suite main\n" \
			deb deb-src >"$dir/sources.list"
		apt-get -qq "${options[@]}" update >"$dir/log" 2>&1 || return
		touch "$dir/fresh"
	fi
	"$@" "${options[@]}" 2>"$dir/log"
}

# debian_unpack SUITE DIR PACKAGE...: fetch these packages of SUITE and all that they
# depend on, and unpack them into DIR/tree; DIR/tree/packages lists them. They are
# never configured: no maintainer script runs.
debian_unpack() {
	local suite=$1 tree=$2/tree debs=$2/debs deb
	shift 2

	mkdir -p "$tree" "$debs/partial"
	debian_apt "$suite" apt-get -qq -y --no-install-recommends --download-only \
		-o Dir::Cache::archives="$debs" -o Debug::NoLocking=1 \
		install "$@" >&2 ||
		die "could not be fetched from Debian $suite: $*: $(reason "$build/apt/$suite/log")"
	for deb in "$debs"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$tree" --keep-directory-symlink -xf -
	done
	(cd "$debs" && printf '%s\n' *.deb) >"$tree/packages"
	rm -r "$debs"
}

# touched_objects SERIES TREE [OUT]: print the objects that TREE compiles of the
# files that SERIES, a git tree of ci/series/assemble, touches. It is configured there,
# or in OUT. Each directory's Makefile, read as kbuild reads it, tells which.
touched_objects() {
	local dir objects files='*.c'
	# its Makefile would ask for it on another architecture, too
	grep -qx CONFIG_X86=y "${3:-$2}/include/config/auto.conf" || files+=" :!arch/x86"
	# shellcheck disable=SC2086 # they are several
	objects=$(set -f; git -C "$1" log --format= --name-only base.. -- $files | sort -u |
		while read -r file; do [[ ! -e $2/$file ]] || echo "${file%.c}.o"; done)
	while read -r dir; do
		# some folders' objects stand in the Makefile of the folder above
		while [[ ! -e $2/$dir/Makefile ]]; do dir=$(dirname "$dir"); done
		echo "$dir"
	done < <(xargs -r dirname <<<"$objects") | sort -u | while read -r dir; do
		make -s -C "$2" --no-print-directory -f - <<END
include ${3:-.}/include/config/auto.conf
src := $dir
obj := $dir
srctree := .
include $dir/Makefile
made := \$(obj-y) \$(obj-m)
names := \$(made) \$(foreach name,\$(made),\$(foreach end,-y -m -objs,\$(\$(name:.o=\$(end)))))
.PHONY: list
list:; @printf '$dir/%s\\n' \$(names)
.DEFAULT_GOAL := list
END
	done | sort -u | grep -xF "$objects" || true
}
