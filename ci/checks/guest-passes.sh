#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A command that passes; its arguments and output arrive unharmed.
# shellcheck disable=SC2016 # expanded in the guest
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -- printf '<%s>' "it's" '$HOME' 'a  b' '' $'new\nline'
want "status 0" test "$status" = 0
printf '<%s>' "it's" '$HOME' 'a  b' '' $'new\nline' >"$work/expected"
want "the arguments come back as they went" cmp "$work/expected" "$work/out"
