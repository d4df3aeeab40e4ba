#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/soak says what is wrong with its arguments, counts what passes and what fails, and
# tells how to repeat a failure. When interrupted it leaves no guest and prints its count.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

refused 2 "wants an argument" soak -t
refused 2 "wants seconds, not '0'" soak -t 0
refused 2 "unknown option '-x'" soak -x
refused 2 "no scenario is called 'nonesuch'" soak nonesuch
refused 2 "no kernel of the name vanilla" soak -o "$work/soak" -k vanilla

try soak -o "$work/soak" -t 1 -k base selftest-passes selftest-fails
want "status 1" test "$status" = 1
want "the count" says '^[0-9]+ passed, [1-9][0-9]* failed$' out
want "the failed check" says 'not ok 2 - this does not' err
want "its console" compgen -G "$work/soak/selftest-fails-*.console"
want "nothing of a run that passes" test ! "$(compgen -G "$work/soak/selftest-passes-*")"
again=$(sed -n 's/^ *again: //p' "$work/err" | head -n 1)
(cd "$top" && eval "$again") >"$work/again" 2>/dev/null && status=0 || status=$?
want "the printed command fails as well" test "$status" = 1
want "in the same way" says 'not ok 2 - this does not' again

try soak -o "$work/soak" -t 1 -k base selftest-passes
want "status 0 if nothing fails" test "$status" = 0

interrupted INT "$top/ci/guest --console $work/soak/selftest-hangs" soak -o "$work/soak" \
	-k base selftest-passes selftest-hangs
want "ended by SIGINT" test "$status" = 130
want "the count, when interrupted" says '^[0-9]+ passed, 0 failed$' out
want "no guest left" no_guests
