#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/test must judge rightly what passes, fails, skips, crashes, hangs or dies.
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

out=$build/test/verdicts
status=0 bad=0

# the scenario of ci/scenarios/selftest.c, and the line that it must come to
wanted() {
	cat <<'END'
passes              ok
fails               not ok: "this does not" fails
fails-as-known      ok: fails 1 of 2, as is known
passes-unexpectedly not ok: "part one: a claim" holds, was to fail
fails-elsewhere     not ok: "this does not" holds, was to fail and 1 more
skips               ok: # SKIP there is no unicorn in this machine
gives-up            not ok: Bail out! the groundwork failed: Input/output error
crashes             not ok: ended with 134
short               not ok: results are missing
silent              not ok: results are missing
empty               not ok: results are missing
hangs               not ok: time ran out; the blocked tasks are on the console log
hangs-as-known      ok: hangs, as is known
hangs-elsewhere     not ok: time ran out; the blocked tasks are on the console log
ends-unexpectedly   not ok: was to hang, but ended with 0
fails-by-chance     ok: goes wrong, as is known: not ok 2 - this does not
gives-up-by-chance  ok: goes wrong, as is known: Bail out! the groundwork failed: Input/output error
gives-up-otherwise  not ok: was to hang, but ended with 2
splats              not ok: a splat, see the console log
splats-as-known     ok: splats, as is known
splats-elsewhere    not ok: a splat, see the console log
panics              not ok: a splat, see the console log
powers-off          not ok: the guest was lost
END
}

names=()
while read -r name _; do
	names+=("selftest-$name")
done < <(wanted)

mkdir -p "$out"
"$top/ci/test" -k base -j 2 -o "$out" "${names[@]}" >"$out/result" 2>"$out/progress" ||
	status=$?

# came_to NAME: the result's line, and the reason on the line before
came_to() {
	sed -nE "/^# selftest-$1\.base: /{s///;h};
		/^(not )?ok [0-9]+ - selftest-$1\.base: /{
			s/ [0-9]+ - [^#]*//;G;s/\n(.)/: \1/;s/\n//;s/^ok#/ok: #/;p
		}" "$out/result"
}

for name in "${names[@]#selftest-}"; do
	printf '%-19s %s\n' "$name" "$(came_to "$name")"
done | diff <(wanted) - || bad=1

[[ $(tail -n 1 "$out/result") = "6 passed, 16 failed, 1 skipped" ]] || {
	echo "last line: $(tail -n 1 "$out/result")"
	bad=1
}
((status == 1)) || {
	echo "exit status $status, should be 1"
	bad=1
}
grep -q '^    not ok 2 - this does not # XFAIL$' "$out/result" || {
	echo "a known failure is not marked XFAIL"
	bad=1
}
if ((bad)); then
	echo "what ci/test said: $out/result, $out/progress"
fi
exit $bad
