#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# -i: guest time counts instructions, and the log is quiet.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -i -- sh -c 'grep -c ^processor /proc/cpuinfo'
want "status 0" test "$status" = 0
want "one processor" test "$(cat "$work/out")" = 1
