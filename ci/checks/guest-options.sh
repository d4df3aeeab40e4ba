#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --dry-run, --append, -s and -v do what -h says.

# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest --dry-run --append one=two -- true
want "status 0" test "$status" = 0
want "QEMU's command and its arguments" says 'qemu-system-x86_64.* one=two' out
want "no guest has run" test ! -e "$work/console"

guest -v -s 1 --append 'memmap=1G!7G' -- sh -c 'nproc; cat /sys/block/pmem1/size'
want "status 0" test "$status" = 0
want "one processor, and a second pmem" test "$(cat "$work/out")" = $'1\n2097152'
want "the console on standard error" says 'Run /init as init' err
