#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel that spins with interrupts off: still 124.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -s 1 -t 20 -- sh -c 'echo HARDLOCKUP >/sys/kernel/debug/provoke-crash/DIRECT'
want "status 124" test "$status" = 124
want "where it spins" says 'lkdtm_HARDLOCKUP' console
want "nothing left" no_guests
