#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series' own unit tests pass on the kernel debug: each suite and each case that the
# sources have has run, with nothing skipped. The kernel's own
# tools/testing/kunit/kunit.py reads their results from the console.
# With --as-is the kernel's tree, build/kernel/debug, is built as it stands.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

as_is=
case ${1-} in
'') ;;
--as-is) as_is=1 ;;
-h | --help)
	sed -n '3,/^# With/s/^# //p' "$0"
	exit
	;;
*)
	echo "usage: ci/checks/kunit.sh [--as-is]" >&2
	exit 2
	;;
esac

! left_out debug || exit 4
"$top/ci/setup" python3=python3 || die "python3 could not be installed"
tree=$build/kernel/debug
if [ ! "$as_is" ]; then
	"$top/ci/series/assemble" --to "$work/series" >/dev/null
	[ -n "$(git -C "$work/series" ls-files '*_kunit.c')" ] ||
		{ note "there are no unit tests in the series yet"; exit 4; }
fi
"$top/ci/kernel" ${as_is:+--as-is} debug >/dev/null

# wanted: each suite of the series with its cases, a line each, as the sources have
# them
wanted() {
	local file suite
	while read -r file; do
		suite=$(sed -n 's/^\t\.name = "\(.*\)",$/\1/p' "$tree/$file")
		[ "$suite" ] || die "$file: no suite was recognised"
		sed -n "s/^\\tKUNIT_CASE(\\(.*\\)),\$/$suite \\1/p" "$tree/$file"
	done < <(git -C "$tree" diff --diff-filter=A --name-only base HEAD -- '*_kunit.c')
}
wanted | sort >"$work/wanted"
[ -s "$work/wanted" ] || die "the tree has no unit tests"

guest -k debug --append "kunit.enable=1 kunit.autorun=1" -- true
want "the guest ends well: the tests leave no warning behind" test "$status" = 0
python3 -B "$tree/tools/testing/kunit/kunit.py" parse --json="$work/results" "$work/console" ||
	die "not all tests passed"
python3 -c '
import json, sys
for suite in json.load(open(sys.argv[1]))["sub_groups"]:
    for case in suite["test_cases"]:
        print(suite["name"], case["name"], *[case["status"]] * (case["status"] != "PASS"))
' "$work/results" | sort >"$work/passed"
diff "$work/wanted" "$work/passed" || die "what has run and passed is not what the sources have"
note "$(cut -d' ' -f1 "$work/passed" | uniq | wc -l) suites, $(wc -l <"$work/passed") cases passed"
