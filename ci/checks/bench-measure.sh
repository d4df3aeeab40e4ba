#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench/measure builds its programs, measures in a guest, and profiles one event.
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

temporary "$build/bench-measure"
"$top/bench/measure" -k aops -o "$work/out" memory
grep -P '^memory\t.*\tbytes\t[0-9]+$' "$work/out/aops.tsv"
"$top/bench/measure" --profile aops -o "$work/out" 1 >"$work/profile"
grep -w memory_failure "$work/profile"
