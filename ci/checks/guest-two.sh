#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two guests at once, each with its own output and its own log.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

"$top/ci/guest" --console "$work/console2" -- sh -c 'sleep 3; echo second' >"$work/out2" 2>"$work/err2" &
guest -- sh -c 'sleep 3; echo first'
want "status 0" test "$status" = 0
wait $! || status=$?
want "status 0 of the second" test "$status" = 0
want "the first's output" test "$(cat "$work/out")" = first
want "the second's output" test "$(cat "$work/out2")" = second
want "both logs" test -s "$work/console" -a -s "$work/console2"
