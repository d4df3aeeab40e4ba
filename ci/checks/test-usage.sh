#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/test says what is wrong with its arguments, and stops its guests when it is
# interrupted.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

refused 2 "no test is called 'nonesuch'" test nonesuch
refused 2 "no test is called 'one-file.aops'" test -k base one-file.aops
refused 2 "-k is base, aops or debug" test -k vanilla
refused 2 "-j wants a number" test -j 0
refused 2 "-o wants an argument" test -o
refused 2 "unknown option '-x'" test -x

# A guest that would go on for longer than we wait
interrupted INT "$top/ci/guest.*$work/logs" test -k base -o "$work/logs" selftest-hangs
want "ended by SIGINT" test "$status" = 130
want "nothing left running" test ! "$(pgrep -f "$work/logs")"
