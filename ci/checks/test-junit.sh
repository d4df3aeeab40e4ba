#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The JUnit file of ci/test is XML, whole, and says what its KTAP says.
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

command -v python3 >/dev/null || { note "python3 is missing"; exit 4; }
out=$build/test/junit
status=0 bad=0

mkdir -p "$out"
"$top/ci/test" -k base -j 2 -o "$out" --junit "$out/junit.xml" shellcheck \
	selftest-passes selftest-fails selftest-skips selftest-splats \
	>"$out/result" 2>"$out/progress" || status=$?
((status == 1)) || die "ci/test ended with $status: $(tail -n 1 "$out/progress")"

# A line for each testcase, sorted; the parser refuses what is no XML
cat >"$out/read.py" <<'END'
import sys
import xml.etree.ElementTree

suite = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
print("suite", *(f"{key}={suite.get(key)}" for key in ("tests", "failures", "errors", "skipped")))
for case in sorted(suite, key=lambda case: case.get("name")):
    verdict = ["passed"]
    for kind in ("failure", "skipped"):
        for found in case.iter(kind):
            verdict = [kind, found.get("message")]
    print(case.get("classname"), case.get("name"), *verdict)
    if case.findtext("system-out", "").count("KTAP version 1") != (case.get("classname") != "check"):
        print("its output is not there")
END
python3 "$out/read.py" "$out/junit.xml" >"$out/read" || die "$out/junit.xml is no XML"
diff - "$out/read" <<'END' || bad=1
suite tests=5 failures=2 errors=0 skipped=1
base selftest-fails failure "this does not" fails
base selftest-passes passed
base selftest-skips skipped there is no unicorn in this machine
base selftest-splats failure a splat, see the console log
check shellcheck passed
END

# What XML has no way to say is left out
printf 'a\001\033<b a="c">&\377\357\277\277\303\244\355\240\200\n' >"$out/odd.log"
printf 'ok\t0\t1\t\n' >"$out/odd.result"
"$build/vm/judge" total -j "$out/odd.xml" "$out/odd" >"$out/odd.total" || die "odd bytes were not taken"
got=$(python3 -c 'import sys, xml.etree.ElementTree
print(ascii(xml.etree.ElementTree.parse(sys.argv[1]).getroot()[0].findtext("system-out")))' "$out/odd.xml")
[[ $got = "'\\na<b a=\"c\">&\\xe4\\n'" ]] || {
	echo "of odd bytes it makes: $got"
	bad=1
}
[[ ! -e $out/junit.xml.new ]] || {
	echo "it has left its notes behind"
	bad=1
}
status=0
"$top/ci/test" --junit "$out/no/such/folder/junit.xml" one-file >"$out/none" 2>&1 || status=$?
((status == 2)) || { echo "an impossible file: status $status"; bad=1; }
exit $bad
