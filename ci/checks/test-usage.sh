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
