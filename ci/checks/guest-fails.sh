#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A command that fails: its status is ci/guest's, its errors come out apart.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -- sh -c 'echo oh >&2; exit 7'
want "status 7" test "$status" = 7
want "nothing on standard output" test ! -s "$work/out"
want "its error message" says '^oh$' err
