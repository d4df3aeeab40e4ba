#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A WARNING, with a command that passes, and a panic: 125, and the line is shown.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -- sh -c 'echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT'
want "status 125" test "$status" = 125
want "the line is shown" says 'WARNING: .*lkdtm' err
want "the command's own status is told" says 'ended with 0' err

# without waiting for the time limit
SECONDS=0
guest -- sh -c 'echo PANIC >/sys/kernel/debug/provoke-crash/DIRECT'
want "status 125" test "$status" = 125
want "the line is shown" says 'Kernel panic' err
want "at once" test "$SECONDS" -lt 60
want "nothing left" no_guests
