#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/test says what is wrong with its arguments, and stops its guests when it is
# interrupted.
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

mkdir -p "$build/test"
temporary "$build/test/usage"

# refuses TEXT ARG...: status 2, and TEXT on standard error
refuses() {
	local text=$1 status=0
	shift
	"$top/ci/test" "$@" >"$work/out" 2>"$work/err" || status=$?
	if ((status != 2)) || [[ -s $work/out ]] || ! grep -qF -- "$text" "$work/err"; then
		echo "ci/test $*: status $status, $(cat "$work/err")"
		exit 1
	fi
}

refuses "no test is called 'nonesuch'" nonesuch
refuses "no test is called 'one-file.aops'" -k base one-file.aops
refuses "-k is base, aops or debug" -k vanilla
refuses "-j wants a number" -j 0
refuses "-o wants an argument" -o
refuses "unknown option '-x'" -x

# A guest that would go on for longer than we wait
set -m
env --default-signal=INT "$top/ci/test" -k base -o "$work/logs" selftest-hangs >"$work/out" 2>"$work/err" &
tester=$!
set +m
for ((tries = 0; tries < 1200; tries++)); do
	if guests=$(pgrep -f "^(/bin/bash )?$top/ci/guest.*$work/logs"); then
		break
	fi
	sleep 0.1
done
if [[ ! $guests ]]; then
	kill -INT "$tester"
	echo "no guest was started: $(cat "$work/err")"
	exit 1
fi
kill -INT "$tester"
status=0
wait "$tester" || status=$?
if ((status != 130)); then
	echo "interrupted, it ended with $status, should be 130"
	exit 1
fi
# what has been killed may take a moment to be gone
for ((tries = 0; tries < 50; tries++)); do
	if ! pgrep -f "$work/logs" >/dev/null; then
		exit 0
	fi
	sleep 0.1
done
echo "interrupted, it left running: $(pgrep -af "$work/logs")"
exit 1
