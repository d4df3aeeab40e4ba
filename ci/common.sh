# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by every program in ci/ and bench/: where things are, and how to
# talk to the person who started it.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the programs that source this file
build=$top/build
# shellcheck disable=SC2034
cache=${XDG_CACHE_HOME:-$HOME/.cache}/memory-failure-aops
self=${0#"$top/"}

# die MESSAGE...: say what went wrong and end with status 1.
die() {
	printf '%s: %s\n' "$self" "$*" >&2
	exit 1
}

# note MESSAGE...: a line for the person watching; never on standard output,
# which belongs to the program's result.
note() {
	printf '%s\n' "$*" >&2
}

# stage MESSAGE...: the next stage of long work, with the time since the start.
stage() {
	printf '[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2
}
