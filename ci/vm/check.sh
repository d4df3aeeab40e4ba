# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the checks of ci/guest in ci/checks/: each runs a guest or two and
# ends with 0 (ok) or 1 (not ok).
# shellcheck source=ci/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

mkdir -p "$build/guest"
temporary "$build/guest/check"

# try PROGRAM ARG...: runs ci/PROGRAM; leaves $status, $work/out and $work/err
try() {
	status=0
	"$top/ci/$1" "${@:2}" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# guest ARG...: runs ci/guest; leaves $work/console as well
guest() {
	try guest --console "$work/console" "$@"
}

# want TEXT COMMAND...: COMMAND must succeed, or TEXT was not so
want() {
	local text=$1
	shift
	if ! "$@"; then
		echo "not so: $text (status ${status-none})"
		sed 's/^/	stderr: /' "$work/err"
		exit 1
	fi
}

# refused STATUS PATTERN PROGRAM ARG...: the arguments are wrong, and it says why
refused() {
	try "${@:3}"
	want "status $1 for: ${*:3}" test "$status" = "$1" -a ! -s "$work/out"
	want "'$2' for: ${*:3}" says "$2" err
}

# says PATTERN FILE: FILE has a line like it
says() {
	grep -aqE -e "$1" "$work/$2"
}

# interrupted SIGNAL PATTERN PROGRAM ARG...: runs ci/PROGRAM as a job of its own, as in a
# terminal (SIGINT is ignored otherwise, and also if the check was started in the
# background); sends it SIGNAL when a guest runs, a process that PATTERN finds, which must
# end as well. Leaves $status, $work/out and $work/err
interrupted() {
	local i guest

	status=0
	set -m
	env --default-signal=INT "$top/ci/$3" "${@:4}" >"$work/out" 2>"$work/err" </dev/null &
	set +m
	for ((i = 0; i < 6000; i++)); do
		guest=$(pgrep -f -- "$2" | head -n 1) && [[ $guest ]] && break
		kill -0 $! 2>/dev/null || break
		sleep 0.1
	done
	sleep 3
	# A terminal's Ctrl-C goes to all processes, here the program has it alone
	kill -"$1" $! || true
	wait $! 2>/dev/null || status=$?
	want "a guest runs" test "$guest"
	sleep 1
	# a zombie has no program
	want "the guest has ended" test ! -e "/proc/$guest/exe"
}

# no_guests: nothing is left of the guests that ran: no process, no directory
no_guests() {
	local dir
	for dir in "$build"/guest/run.*; do
		[[ ! -e $dir || -e /proc/${dir##*.} ]] || return 1
	done
}
