#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A panic: 125, without waiting for the time limit.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -- sh -c 'echo PANIC >/sys/kernel/debug/provoke-crash/DIRECT'
want "status 125" test "$status" = 125
want "the line is shown" says 'Kernel panic' err
want "at once" test "$SECONDS" -lt 60
want "nothing left" no_guests
