#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A command that hangs: 124, its stack on the log, and soon; the same of a kernel that
# spins with interrupts off.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

# An uninterruptible sleeper of the kernel's own, and its parent waits for it
guest -t 20 -- sh -c 'echo HUNG_TASK >/sys/kernel/debug/provoke-crash/DIRECT'
want "status 124" test "$status" = 124
want "the blocked task on the log" says 'task:sh +state:D' console
want "its stack" says 'lkdtm_HUNG_TASK' console
want "not much later than the limit" test "$SECONDS" -lt 60
want "nothing left" no_guests

guest -s 1 -t 20 -- sh -c 'echo HARDLOCKUP >/sys/kernel/debug/provoke-crash/DIRECT'
want "status 124" test "$status" = 124
want "where it spins" says 'lkdtm_HARDLOCKUP' console
want "nothing left" no_guests
