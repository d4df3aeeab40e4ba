#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Twenty megabytes of noise on standard output, read slowly, arrive unchanged.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

status=0
"$top/ci/guest" --console "$work/console" -- sh -c '
	dd if=/dev/urandom of=/tmp/noise bs=1M count=20 2>/dev/null
	md5sum </tmp/noise >&2
	cat /tmp/noise' 2>"$work/err" </dev/null |
	(sleep 8 && cat >"$work/out") || status=$?
want "status 0" test "$status" = 0
want "20 MiB" test "$(stat -c %s "$work/out")" = $((20 << 20))
want "the same checksum" says "^$(md5sum <"$work/out")" err
