#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The report of bench/compare: from a sample, all of it is written; faults of a run are
# reported, and results that are missing or broken are errors.
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

"$top/ci/setup" gnuplot-nox=gnuplot pandoc=pandoc || die "gnuplot or pandoc could not be installed"
mkdir -p "$build"
work=$(mktemp -d "$build/bench-report.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
bad=0

gcc -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover \
	-Wall -Wextra -Wno-missing-field-initializers -Werror -D_GNU_SOURCE \
	-o "$work/report" "$top"/bench/report/*.c
export ASAN_OPTIONS=detect_leaks=0

# sample: unpacks it into $work/in, and our files into $work/ours
sample() {
	rm -rf "$work/in" "$work/ours"
	mkdir -p "$work"/in/{measured,traces,code,texts,tests/{base,fixes,aops}} "$work/ours"
	awk -v dir="$work/in" '
		/^== / { if (file) close(file); file = dir "/" $2; printf "" >file; next }
		file { print >file }' "$top/ci/checks/bench-report.sample"
	mv "$work/in/judgements" "$work/ours/"
	cp "$top"/bench/report/{plots.gp,style.css,template.md,purposes} "$work/ours/"
}

# ends STATUS WHAT PATTERN [COMMAND...]: the command, by default the program alone,
# must end with that status and print that
ends() {
	local status=0
	local command=("${@:4}")

	((${#command[@]})) || command=("$work/report" "$work/in" "$work/ours")
	"${command[@]}" >"$work/said" 2>&1 || status=$?
	if ((status != $1)) || { [[ $3 ]] && ! grep -qE -e "$3" "$work/said"; }; then
		echo "$2: ended with $status, should be $1 and say '$3'; it said:"
		sed 's/^/	/' "$work/said"
		bad=1
	fi
}

# has FILE PATTERN, has_not FILE PATTERN
has() {
	grep -qE -e "$2" "$work/in/$1" || {
		echo "$1 has no '$2'"
		bad=1
	}
}
has_not() {
	! grep -qE -e "$2" "$work/in/$1" || {
		echo "$1 has '$2'"
		bad=1
	}
}

# The whole of it, as bench/compare has it written
write=("$top/bench/report/write.sh" "$work/report" "$work/in" "$work/ours")
sample
ends 0 "the sample" '' "${write[@]}"
[[ ! -s $work/said ]] || {
	echo "the sample: gnuplot or pandoc print:"
	cat "$work/said"
	bad=1
}
for id in question answer goals plots scenarios path code costs environment; do
	has index.html "<section id=\"$id\""
done
has index.html 'SAMPLE &lt;&amp;&quot;&gt;<'
has index.html '>hangs, after WARNING: fs/sample.c:1 at sample_function<'
has index.html '>\+ sample_operations.comes<'
has index.html '>- sample_operations.goes<'
has index.html 'send_sig_mceerr\(\) × 2'
has index.html '^m[.]{3}  pmem driver +driver_hook\(\) -&gt;memory_failure$'
has index.html '^mA[.]{2}  core +send_sig_mceerr\(\)'
for column in 'what is compared' figures quotient goal verdict; do
	has index.html "^<th[^>]*>$column</th>"
done
has report.md '^locks held when a process is signalled +mf_mutex, AGF +none$'
has report.md '^of these, right with the fixes alone +1$'
has report.md '^A quick run'
has report.md '^fixes +SAMPLE$'
has report.md '^1\. .*: in 1 of 3 scenarios, .* 1 differ by design, 0 by implementation and 1 by bugs'
has report.md '^1\. .*: with 500 sharers, 5.00 M instructions on base and 500 k on aops, 10.0 times fewer\.$'
has report.md '^1\. .*: the series adds 4 lines and removes 2 in 3 files; .* New: 1 exported symbols, 1 operations\.'
has report.md '^#### alike: both hold'
has report.md '^\*design:\* Sample of a reason\.$'
has report.md '^struct page +64 +64 +64 +\+0$'
has report.md '^mm +\+2 -0 +1 +\+2 -0 +1$'
has report.md '^event, sharers, instructions +1.00 k +1.10 k +1.100$'
has report.md '^\*\*Sample of a cost\.\*\* What it is\.$'
has report.md '^command +SAMPLE '
has report.txt '^ *same outcome on base and aops +1$'
has_not report.txt 'so does this'
has texts/goals '^2,000 sharers, base/aops .*not measured$'
has texts/costs '^event, sharers, instructions +1.00 k +1.10 k +1.100$'
has texts/matrix-summary '^run on each kernel +3$'
has texts/code '^mm '

# Each plot has its curves, and the page needs no other file and no fixed width.
has index.html '<(img|svg) .*="Instructions of one event by sharers: base from 1.00 k at 1 to 5.00 M at 500; '
if [[ $(grep -cE '<img src="data:image/svg.* alt="[^"]{20}|<svg .*role="img" aria-label="[^"]{20}' \
	"$work/in/index.html") != 3 ]]; then
	echo "index.html does not have three images with alternative texts"
	bad=1
fi
for kernel in base fixes aops floor; do
	has plots/sharers.svg ">$kernel<"
done
has plots/sharers.svg 'prefers-color-scheme: dark'
has index.html 'prefers-color-scheme: dark'
has index.html 'name="viewport" content="width=device-width'
has_not index.html '<colgroup'
if grep -qE '(src|href)="?https?:|@import|<(link|script)' "$work/in/index.html"; then
	echo "index.html needs other files"
	bad=1
fi

perl -MJSON::PP -e 'local $/; my $r = decode_json(<STDIN>);
	my %nr = (differences => 2, same => 1, judgements => 2, figures => 19,
		environment => 4, "profile-floor-groups" => 7,
		"profile-floor-functions" => 9);
	for (sort keys %nr) {
		die "results.json has not all of $_\n" if @{$r->{$_}} != $nr{$_};
	}
	die "results.json has no goals\n" unless @{$r->{goals}};
	die "results.json has no number\n" unless $r->{figures}[1]{value} == 5000000;' \
	<"$work/in/results.json" || bad=1

# The profile of the goal that is not met, and of no other
has index.html '>Not met: 2,000 sharers, aops/floor</h3>'
has index.html '>reading the reverse mapping: xfs_sample_rmap 400, 0<'
has index.html '>inode cache: xfs_iget 200, 0<'
for text in report.md texts/profile-floor; do
	has $text 'reading the reverse mapping +400 +0 +\+400$'
	has $text '^ *unmapping +1,000 +1,000 +0$'
	has $text '^ *going through the sharers +0 +4 +-4$'
	has $text '^ *others +100 +0 +\+100$'
	has $text '^ *xfs_iget +200 +0 +\+200$'
	has $text '^ *all others +0 +0 +0$'
	has $text '^ *all +2,000 +1,004 +\+996$'
done
has report.md 'cost on aops: reading the reverse mapping \(400\), DAX entry'
has_not report.md 'Not met: 10 of'
has texts/profile-unmapped '^No profile: this goal is met\.$'

sample
sed -i 's/^\(event\tunmapped.*\)4000000$/\12000000/' "$work/in/measured/base.tsv"
ends 0 "another goal that is not met" '' "${write[@]}"
has texts/profile-unmapped 'base/aops is 2\.00\.'
has texts/profile-unmapped '^reading the reverse mapping +0 +150 +\+150$'
has texts/profile-unmapped '^reporting lost data +400 +0 +-400$'
# as wide as a mail allows, indented
for text in costs profile-floor profile-unmapped; do
	has_not texts/$text '.{69}'
done

mkdir "$work/bin"
ln -s "$(command -v bash)" "$(command -v gnuplot)" "$work/bin/"
ends 2 "no pandoc" 'pandoc is missing: run ci/setup' env PATH="$work/bin" "${write[@]}"
sed -i '1i nonsense' "$work/ours/plots.gp"
ends 2 "plots that gnuplot cannot draw" 'gnuplot failed on' "${write[@]}"
sample
echo '@nonsense@' >>"$work/ours/template.md"
ends 2 "a template with a value that does not exist" 'no value for @nonsense@'

# --- faults of the run, and results that are missing or broken ---

sample
sed -i 's/yes/no/' "$work/in/environment"
rm "$work/in/measured/profile-floor-floor-1000.txt"
ends 1 "a profile that is not there" 'floor: the profile of floor 1000 was not taken: there is no file'
has texts/profile-floor '^No profile has been taken\.$'
has_not report.md 'Not met: 2,000'

sample
printf 'error\tthe guest was lost\n' >"$work/in/measured/profile-aops-sharers-1000.txt"
ends 1 "a profile that could not be taken" 'aops: the profile of sharers 1000 was not taken: the guest was lost'

sample
sed -i '$d' "$work/in/measured/profile-aops-unmapped-1000.txt"
ends 2 "a profile that breaks off" 'profile-aops-unmapped-1000.txt: the functions do not add up'

sample
: >"$work/in/measured/profile-base-unmapped-1000.txt"
ends 2 "an empty profile" 'profile-base-unmapped-1000.txt: it has no heading'

sample
sed -i '/^differs/d' "$work/ours/judgements"
ends 1 "a difference without a judgement" 'differs: base and aops differ, and there is no judgement'
has report.md '^This run is not in order'

sample
printf 'alike\tbug\tNo difference.\n' >>"$work/ours/judgements"
ends 1 "a judgement of no difference" 'alike: a judgement, and base and aops do not differ'

sample
sed -i '/^hangs/s/bug/design/' "$work/ours/judgements"
ends 1 "design, where the fixes do it" 'hangs: the label is design, and the fixes alone'

sample
sed -i '/^differs/s/design/deisgn/' "$work/ours/judgements"
ends 2 "a label that does not exist" 'deisgn is no label'

sample
printf 'fault\tpmd-read\t1\terror\tthe guest was lost\n' >>"$work/in/measured/aops.tsv"
ends 1 "a figure that could not be measured" 'pmd-read 1 was not measured: the guest was lost' "${write[@]}"
has index.html 'This run is not in order'

sample
sed -i 's/yes/no/' "$work/in/environment"
ends 1 "a whole run without a goal's figures" "goal '2,000 sharers, base/aops': there is no figure"

for file in scenarios measured/fixes.tsv traces/base code/design.diff \
	tests/aops/alike.aops.result tests/base/hangs.base.err; do
	sample
	rm "$work/in/$file"
	ends 2 "$file is missing" "$file: No such file"
done

sample
sed -i '/^trace.*} /d' "$work/in/traces/aops"
ends 2 "a trace that breaks off" 'traces/aops: it breaks off'

exit $bad
