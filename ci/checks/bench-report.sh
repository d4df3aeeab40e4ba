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
	-o "$work/report" "$top"/bench/report/*.c
export ASAN_OPTIONS=detect_leaks=0

# sample: puts it, as it is stored, into $work/in and what is ours into $work/ours
sample() {
	rm -rf "$work/in" "$work/ours"
	mkdir -p "$work"/in/{measured,traces,code,tests/{base,fixes,aops}} "$work/ours"
	awk -v dir="$work/in" '
		/^== / { if (file) close(file); file = dir "/" $2; printf "" >file; next }
		file { print >file }' "$top/ci/checks/bench-report.sample"
	mv "$work/in/judgements" "$work/ours/"
	cp "$top"/bench/report/{plots.gp,style.css} "$work/ours/"
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

# has_not FILE PATTERN
has_not() {
	! grep -qE -e "$2" "$work/in/$1" || {
		echo "$1 has '$2'"
		bad=1
	}
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
		@{$r->{judgements}} == 2 && @{$r->{figures}} == 19 && @{$r->{goals}} &&
		@{$r->{profiles}} == 1 && @{$r->{profiles}[0]{groups}} == 7 &&
		@{$r->{profiles}[0]{functions}} == 9;' \
	<"$work/in/results.json" || bad=1

# The profile of the goal that is not met, and of no other
has index.html '<h3>Not met: 2,000 sharers, aops/floor</h3>'
has index.html '<pre>xfs_iget 200, 0</pre>'
has report.md '^Not met: 2,000 sharers, aops/floor\.$'
for text in report.md texts/profile-floor; do
	has $text 'reading the reverse mapping \(400\), DAX entry'
	has $text '^ *unmapping +1,000  1,000 +0$'
	has $text '^ *reading the reverse mapping +400 +0 +\+400$'
	has $text '^ *going through the sharers +0 +4 +-4$'
	has $text '^ *others +100 +0 +\+100$'
	has $text '^ *xfs_iget +200 +0 +\+200$'
	has $text '^ *all others +0 +0 +0$'
	has $text '^ *all +2,000  1,004 +\+996$'
done
has_not report.md '^Not met: 10 of'
has texts/profile-unmapped '^No profile: this goal is met\.$'

sample
sed -i 's/^\(event\tunmapped.*\)4000000$/\12000000/' "$work/in/measured/base.tsv"
comes_to 0 "another goal that is not met" ''
has texts/profile-unmapped 'base/aops is 2\.00\.'
has texts/profile-unmapped '^reading the reverse mapping +0 +150 +\+150$'
has texts/profile-unmapped '^reporting lost data +400 +0 +-400$'
# as wide as a mail allows, indented
for text in profile-floor profile-unmapped; do
	has_not texts/$text '.{69}'
done

sample
sed -i 's/yes/no/' "$work/in/environment"
rm "$work/in/measured/profile-floor-floor-1000.txt"
comes_to 1 "a profile that is not there" 'floor: the profile of floor 1000 was not taken: there is no file'
has texts/profile-floor '^No profile has been taken\.$'
has_not index.html 'Not met: 2,000'

sample
printf 'error\tthe guest was lost\n' >"$work/in/measured/profile-aops-sharers-1000.txt"
comes_to 1 "a profile that could not be taken" 'aops: the profile of sharers 1000 was not taken: the guest was lost'

sample
sed -i '$d' "$work/in/measured/profile-aops-unmapped-1000.txt"
comes_to 2 "a profile that breaks off" 'profile-aops-unmapped-1000.txt: the functions do not add up'

sample
: >"$work/in/measured/profile-base-unmapped-1000.txt"
comes_to 2 "an empty profile" 'profile-base-unmapped-1000.txt: it has no heading'

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
