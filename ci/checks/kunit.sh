#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series' own unit tests pass, in a guest whose kernel has them built in: each
# suite and each case that the sources have has run, with nothing skipped. What
# they say is printed as they say it, which is KTAP.
# With --as-is the kernel's tree, build/kernel/kunit, is built as it stands.
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

tree=$build/kernel/kunit
if [ ! "$as_is" ]; then
	"$top/ci/assemble" --to "$work/series" >/dev/null
	[ -n "$(git -C "$work/series" ls-files '*_kunit.c')" ] ||
		{ note "there are no unit tests in the series yet"; exit 4; }
fi
"$top/ci/kernel" ${as_is:+--as-is} kunit >/dev/null

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

# shellcheck disable=SC2016 # the guest's shell expands it
guest -k kunit -- sh -c 'cd /sys/kernel/debug/kunit && cat */results'
want "the guest ends well: the tests leave no warning behind" test "$status" = 0
cat "$work/out"

# In these files a suite is indented by nothing, a case by 4 blanks. Who passed is
# printed; anything that is not a plain "ok" makes it fail.
awk '
	/^ *not ok / || /# (SKIP|skip|TODO)/ { print "not passed: " $0 >"/dev/stderr"; bad = 1; next }
	/^ *# Subtest: / { suite = $3; next }
	/^    1\.\.[0-9]+$/ { plan = substr($1, 4) + 0; seen = 0; next }
	/^    ok / { seen++; print suite, $3; next }
	/^ok / {
		if ($3 != suite || seen != plan || !plan) {
			print "incomplete: " $3 >"/dev/stderr"
			bad = 1
		}
		plan = 0
	}
	END { exit bad }
' "$work/out" | sort >"$work/passed" || die "not all tests passed"
diff "$work/wanted" "$work/passed" || die "what has run is not what the sources have"
note "$(cut -d' ' -f1 "$work/passed" | uniq | wc -l) suites, $(wc -l <"$work/passed") cases passed"
