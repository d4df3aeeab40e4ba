#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/fstests tells what became of each test, with a made-up tree in place of fstests:
# one passes, fails, is not run, is not known, warns, hangs, or ends the kernel. What
# comes after that still runs.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

export FSTESTS=$work/tree
mkdir -p "$FSTESTS"/{src,ltp,tests/xfs}
touch "$FSTESTS"/{src/feature,ltp/fsstress,ltp/fsx,tests/xfs/group.list} \
	"$FSTESTS"/tests/xfs/00{1..8}
cat >"$FSTESTS/check" <<'END'
#!/bin/bash
mkdir -p "$RESULT_BASE/xfs"
pass() { echo "$1 1" >"$RESULT_BASE/check.time"; }
case $1 in
xfs/001 | xfs/008) pass "$1" ;;
xfs/002) echo "not what was expected"; exit 1 ;;
xfs/003) echo "no such device" >"$RESULT_BASE/$1.notrun" ;;
xfs/004) echo "unknown test, ignored" ;;
xfs/005) echo "WARNING: made up" >/dev/kmsg; pass "$1" ;;
xfs/006) sleep 1000 ;;
xfs/007) echo c >/proc/sysrq-trigger ;;
esac
END
chmod +x "$FSTESTS/check"

# The made-up tests do not need the kernel that fstests has, which would have to be built
image=$("$top/ci/kernel" base)

# run ARG...: ci/fstests; leaves $status, $work/out and $work/err
run() {
	status=0
	"$top/ci/fstests" --kernel "$image" -o "$work/results" "$@" >"$work/out" 2>"$work/err" || status=$?
}

run -t 10 xfs/00{1..8}
want "status 1" test "$status" = 1
for line in '1 - xfs/001 # [0-9]+ s' '3 - xfs/003 # SKIP no such device' '8 - xfs/008 .*'; do
	want "ok $line" says "^ok $line$" out
done
for line in '2 - xfs/002 .*' '4 - xfs/004 .*' '5 - xfs/005 # .*WARNING: made up.*' \
	'6 - xfs/006 # not done after 10 s' '7 - xfs/007 # the guest ended with 125.*'; do
	want "not ok $line" says "^not ok $line$" out
done
want "what the test said" says '^# .*not what was expected' out
want "the sum" test "$(tail -n 1 "$work/out")" = "2 passed, 5 failed, 1 skipped"

run xfs/003
want "status 1 if no test passed" test "$status" = 1
run xfs/009
want "status 2 for a test that fstests does not have" test "$status" = 2
rm "$FSTESTS/ltp/fsx"
run xfs/001
want "status 2 for a tree that is not built" test "$status" = 2
want "what is missing" says 'ltp/fsx is missing' err
FSTESTS='' run xfs/001
want "status 2 without FSTESTS" test "$status" = 2
