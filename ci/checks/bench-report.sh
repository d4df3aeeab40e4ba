#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The program that writes bench/compare's report: from a sample it must write all of
# it, and it must not pass over what is missing or was judged by nobody.
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

"$top/ci/setup" gnuplot-nox=gnuplot || die "gnuplot could not be installed"
mkdir -p "$build"
work=$(mktemp -d "$build/bench-report.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
bad=0

gcc -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover \
	-Wall -Wextra -Wno-missing-field-initializers -Werror -D_GNU_SOURCE \
	-o "$work/report" "$top"/bench/report.d/*.c
export ASAN_OPTIONS=detect_leaks=0

# sample: puts it, as it is stored, into $work/in and what is ours into $work/ours
sample() {
	rm -rf "$work/in" "$work/ours"
	mkdir -p "$work"/in/{measured,traces,code,tests/{base,fixes,aops}} "$work/ours"
	awk -v dir="$work/in" '
		/^== / { if (file) close(file); file = dir "/" $2; printf "" >file; next }
		file { print >file }' "$top/ci/checks/bench-report.sample"
	mv "$work/in/judgements" "$work/ours/"
	cp "$top"/bench/report.d/{plots.gp,style.css} "$work/ours/"
}

# report: leaves $status and $work/said
report() {
	status=0
	"$work/report" "$work/in" "$work/ours" >"$work/said" 2>&1 || status=$?
}

# comes_to STATUS WHAT PATTERN: the report must end so and say so
comes_to() {
	report
	if ((status != $1)) || { [[ $3 ]] && ! grep -qE -e "$3" "$work/said"; }; then
		echo "$2: ended with $status, should be $1 and say '$3'; it said:"
		sed 's/^/	/' "$work/said"
		bad=1
	fi
}

# has FILE PATTERN
has() {
	grep -qE -e "$2" "$work/in/$1" || {
		echo "$1 has no '$2'"
		bad=1
	}
}

sample
comes_to 0 "the sample" ''
for id in question answer goals plots scenarios path code costs environment; do
	has index.html "<section id=$id>"
done
has index.html '<svg role="img"'
has index.html 'SAMPLE &lt;&amp;&quot;&gt;'
has index.html 'hangs, after WARNING: fs/sample.c:1 at sample_function<'
has index.html 'class="mark added">\+ sample_operations.comes<'
has index.html 'class="mark removed">- sample_operations.goes<'
has index.html 'send_sig_mceerr\(\) <span class=times>&times; 2<'
for title in Goals Scenarios 'The way of one event' 'The code' \
	'What aops costs, or does worse' 'Where this comes from'; do
	has report.md "^## $title\$"
done
has report.md '^ *locks held when a process is signalled +mf_mutex, AGF +none$'
has report.md '^ *of these, right with the fixes alone +1$'
has texts/goals '^2,000 sharers, base/aops .*not measured$'
has texts/costs '^event, sharers, instructions +1.00 k  1.10 k  1.100$'
has texts/matrix-summary '^run on each kernel +3$'
has texts/code '^mm '
# nothing that a browser would have to fetch
if grep -qE '(src|href)="?https?:|@import|url\(' "$work/in/index.html"; then
	echo "index.html needs other files"
	bad=1
fi
perl -MJSON::PP -e 'local $/; my $r = decode_json(<STDIN>);
	die "results.json has not all of it\n" unless @{$r->{differences}} == 2 &&
		@{$r->{judgements}} == 2 && @{$r->{figures}} == 15 && @{$r->{goals}};' \
	<"$work/in/results.json" || bad=1

sample
sed -i '/^differs/d' "$work/ours/judgements"
comes_to 1 "a difference that nobody has judged" 'differs: base and aops differ, and nobody'
has index.html 'This run is not in order'

sample
printf 'alike\tbug\tNo difference.\n' >>"$work/ours/judgements"
comes_to 1 "a judgement of no difference" 'alike: a judgement, and base and aops do not differ'

sample
sed -i '/^hangs/s/bug/design/' "$work/ours/judgements"
comes_to 1 "design, where the fixes do it" 'hangs: called a matter of design'

sample
sed -i '/^differs/s/design/deisgn/' "$work/ours/judgements"
comes_to 2 "a label that there is not" 'deisgn is no label'

sample
printf 'fault\tpmd-read\t1\terror\tthe guest was lost\n' >>"$work/in/measured/aops.tsv"
comes_to 1 "a figure that could not be measured" 'pmd-read 1 was not measured: the guest was lost'

sample
sed -i 's/yes/no/' "$work/in/environment"
comes_to 1 "a whole run without a goal's figures" "goal '2,000 sharers, base/aops': there is no figure"

for file in scenarios measured/fixes.tsv traces/base code/design.diff \
	tests/aops/alike.aops.result tests/base/hangs.base.err; do
	sample
	rm "$work/in/$file"
	comes_to 2 "$file is missing" "$file: No such file"
done

sample
sed -i '/^trace.*} /d' "$work/in/traces/aops"
comes_to 2 "a trace that breaks off" 'traces/aops: it breaks off'

exit $bad
