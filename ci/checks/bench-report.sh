#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The report of bench/compare: from a sample, all of it is written; faults of a run are
# reported, and results that are missing or broken are errors.
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

"$top/ci/setup" gnuplot-nox=gnuplot pandoc=pandoc || die "gnuplot or pandoc could not be installed"
mkdir -p "$build"
temporary "$build/bench-report"
bad=0

gcc -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover \
	-Wall -Wextra -Wno-missing-field-initializers -Werror -D_GNU_SOURCE \
	-o "$work/report" "$top"/bench/report/*.c
export ASAN_OPTIONS=detect_leaks=0
cd "$work"
program=("$work/report" "$work/in" "$work/ours")
write=("$top/bench/report/write.sh" "${program[@]}")

# sample [CHANGE]: unpacks it into in/, and our files into ours/; the command changes it
sample() {
	local name

	rm -rf in ours
	mkdir -p in/{measured,traces,code,plots,tests/{base,fixes,aops}} ours
	for name in {base,fixes,aops}/{alike,differs,hangs}; do
		name=in/tests/$name.${name%/*}
		printf 'ok\t0\t1\t\n' >"$name.result"
		printf 'ok 1 - it holds\nok 2 - so does this\n1..2\n' >"$name.log"
	done
	awk '/^== / { n = split(substr($0, 4), file, " "); next }
		{ for (i = 1; i <= n; i++) print >("in/" file[i]) }' "$top/ci/checks/bench-report.sample"
	cat in/code/{fixes,design}.diff >in/code/aops.diff
	mv in/{judgements,fstests} ours/
	cp "$top"/bench/report/{plots.gp,style.css,template.md,purposes,goals} ours/
	eval "${1-}"
}

# wrong TEXT...: reports a fault; the check goes on
wrong() {
	printf '%s\n' "$*"
	bad=1
}

# ends STATUS PATTERN COMMAND...: the command must end with that status and print that
ends() {
	local status=0

	"${@:3}" >said 2>&1 || status=$?
	if ((status != $1)) || { [[ $2 ]] && ! grep -qE -e "$2" said; }; then
		wrong "${change:-the sample}: ended with $status, should be $1 and say '$2'; it said:"
		sed 's/^/	/' said
	fi
}

# changed STATUS PATTERN CHANGE: the same of the program, on a sample with the change
changed() {
	local change=$3

	sample "$change"
	ends "$1" "$2" "${program[@]}"
}

# has FILE PATTERN, has_not FILE PATTERN
has() {
	grep -qE -e "$2" "in/$1" || wrong "$1 has no '$2'"
}
has_not() {
	! grep -qE -e "$2" "in/$1" || wrong "$1 has '$2'"
}

# The whole of it, as bench/compare has it written
sample
ends 0 '' "${write[@]}"
[[ ! -s said ]] || wrong "the sample: gnuplot or pandoc print: $(<said)"
has index.html 'SAMPLE &lt;&amp;&quot;&gt;<'
has index.html '>hangs, after WARNING: fs/sample.c:1 at sample_function<'
has index.html '>\+ sample_operations.comes<'
has index.html '>- sample_operations.goes<'
has index.html 'send_sig_mceerr\(\) × 2'
has index.html '^m[.]{3}  pmem driver +driver_hook\(\) -&gt;memory_failure$'
has index.html '^mA[.]{2}  core +send_sig_mceerr\(\)'
has report.md '^\|what is compared\|figures\|quotient\|goal\|verdict\|$'
has report.md '^\|locks held when a process is signalled\|mf_mutex, AGF\|none\|$'
has report.md '^1\. .*: in 1 of 3 .*; in 1 of these, base with the stand-alone fixes has the same outcome'
has report.md '^A quick run'
has report.md '^\|fixes\|SAMPLE\|$'
has report.md '^1\. .*: in 1 of 3 scenarios, .* 1 differ by design, 0 by implementation and 1 by bugs'
has report.md '^1\. .*: with 500 sharers, 5.00 M instructions on base and 500 k on aops, 10.0 times fewer\.$'
has report.md '^1\. .*: the series adds 4 lines and removes 2 in 3 files; .* New: 1 exported symbols, 1 operations\.'
has report.md '^#### alike: both hold'
has report.md '^\*design:\* Sample of a reason\.$'
has report.md '^\|struct page\|64\|64\|64\|\+0\|$'
has report.md '^\|mm\|\|\|\+2 -0\|1\|\+2 -0\|1\|$'
has report.md '^\|event, sharers, instructions\|1.00 k\|1.10 k\|1.100\|$'
has report.md '^\*\*Sample of a cost\.\*\* What it is\.$'
has report.md '^\|command\|SAMPLE '
has report.md '^\|bytes of struct page, aops/base\|64 / 64\|1.0000\|<= 1\|met\|$'
has report.md '^\|2,000 sharers, base/aops\|.*\|not measured\|$'
has_not report.txt 'so does this'

# Of fstests, the last result of a test counts, and one kernel alone is no difference.
has report.txt '^ *default +base +1 +1 +1$'
has report.txt '^ *default +aops +2 +0 +1$'
has report.txt '^ *ext4 +aops +0 +1 +0$'
has report.txt '^ *xfs/002 +default +base: fail, aops: pass +Sample of a difference\.$'
has report.md '^1 of the tests that ran on more than one kernel have different results\.$'
has_not report.md 'xfs/00[13]|ci/fstests -k base'

# Each plot has its curves, and the page needs no other file and no fixed width.
has index.html '<(img|svg) .*="Instructions of one event by sharers: base from 1.00 k at 1 to 5.00 M at 500; '
has report.md 'alt="Instructions of one fault: pte-read on base 100; pte-read on fixes 100; .*"'
if [[ $(grep -cE '<img src="data:image/svg.* alt="[^"]{20}|<svg .*role="img" aria-label="[^"]{20}' \
	in/index.html) != 3 ]]; then
	wrong "index.html does not have three images with alternative texts"
fi
for kernel in base fixes aops floor; do
	has plots/sharers.svg ">$kernel<"
done
has plots/sharers.svg 'prefers-color-scheme: dark'
has index.html 'prefers-color-scheme: dark'
has_not index.html '<colgroup'
has_not index.html '(src|href)="?https?:|@import|<(link|script)'

perl -MJSON::PP -e 'local $/; my $r = decode_json(<STDIN>);
	my %nr = (differences => 2, same => 1, judgements => 2, figures => 20,
		environment => 4, "profile-floor-groups" => 7,
		"profile-floor-functions" => 7, fstests => 3, "fstests differences" => 1);
	for (sort keys %nr) {
		die "results.json has not all of $_\n" if @{$r->{$_}} != $nr{$_};
	}
	die "results.json has no goals\n" unless @{$r->{goals}};
	die "results.json has no number\n" unless $r->{figures}[1]{value} == 5000000;' \
	<in/results.json || bad=1

# The profile of the goal that is not met, and of no other
has index.html '>Not met: 2,000 sharers, aops/floor</h3>'
has index.html '>reading the reverse mapping: xfs_sample_rmap 400, 0<'
has index.html '>inode cache: xfs_iget 200, 0<'
has report.txt 'reading the reverse mapping +400 +0 +\+400$'
has report.txt '^ *unmapping +1,000 +1,000 +0$'
has report.txt '^ *going through the sharers +0 +4 +-4$'
has report.txt '^ *others +100 +0 +\+100$'
has report.txt '^ *xfs_iget +200 +0 +\+200$'
has report.txt '^ *all +2,000 +1,004 +\+996$'
has_not report.txt 'all others'
has report.txt '^ *sample_function_with_a_name_that_is_ +100 +0 +\+100$'
has_not report.md 'Not met: 10 of'

changed 0 '' "sed -i 's/^\(event\tunmapped.*\)4000000$/\12000000/' in/measured/base.tsv"
has report.md 'base/aops is 2\.00\.'
has report.md '^\|reading the reverse mapping\|0\|150\|\+150\|$'
has report.md '^\|reporting lost data\|400\|0\|-400\|$'

mkdir bin
ln -s "$(command -v bash)" "$(command -v gnuplot)" bin/
ends 2 'pandoc is missing: run ci/setup' env PATH="$work/bin" "${write[@]}"
sed -i '1i nonsense' ours/plots.gp
ends 2 'gnuplot failed on' "${write[@]}"
sample "printf 'fault\tpmd-read\t1\terror\tthe guest was lost\n' >>in/measured/aops.tsv"
ends 1 'pmd-read 1 was not measured: the guest was lost' "${write[@]}"
has index.html 'This run is not in order'

# --- faults of the run, and results that are missing or broken ---

changed 2 'no value for @nonsense@' 'echo @nonsense@ >>ours/template.md'
changed 1 "goal '2,000 sharers, base/aops': there is no figure" 'sed -i s/yes/no/ in/environment'
changed 2 'goals: = 1 is no goal' 'sed -i "s/<= 1$/= 1/" ours/goals'
changed 1 'floor: the profile of floor 1000 was not taken: there is no file' \
	'sed -i s/yes/no/ in/environment; rm in/measured/profile-floor-floor-1000.txt'
has_not report.md 'Not met: 2,000'
changed 1 'aops: the profile of sharers 1000 was not taken: the guest was lost' \
	"printf 'error\tthe guest was lost\n' >in/measured/profile-aops-sharers-1000.txt"
changed 2 'profile-aops-unmapped-1000.txt: the functions do not add up' \
	"sed -i '\$d' in/measured/profile-aops-unmapped-1000.txt"
changed 2 'profile-base-unmapped-1000.txt: the functions do not add up' \
	': >in/measured/profile-base-unmapped-1000.txt'
changed 1 'differs: base and aops differ, and there is no judgement' \
	'sed -i /^differs/d ours/judgements'
has report.md '^This run is not in order'
changed 1 'alike: a judgement, and base and aops do not differ' \
	"printf 'alike\tbug\tNo difference.\n' >>ours/judgements"
changed 1 'hangs: the label is design, and the fixes alone' \
	'sed -i /^hangs/s/bug/design/ ours/judgements'
changed 2 'deisgn is no label' 'sed -i s/design/deisgn/ ours/judgements'
changed 2 'traces/aops: it breaks off' "sed -i '/^trace.*} /d' in/traces/aops"
for file in scenarios measured/fixes.tsv traces/base code/design.diff \
	tests/aops/alike.aops.result tests/base/hangs.base.err; do
	changed 2 "$file: No such file" "rm in/$file"
done

# fstests: reasons are for a test and a configuration, and base must not be better
changed 1 'xfs/002 \(default\) differs between kernels and has no reason .*: base: fail, aops: pass' \
	': >ours/fstests'
changed 1 'xfs/002 \(default\) .* no reason' "sed -i 's/[*]/ext4/' ours/fstests"
changed 0 '' "sed -i 's/[*]/default/' ours/fstests"
changed 1 'xfs/002 \(default\) passes on base and fails on aops: sample' \
	"sed -i '/^xfs.002/{s/fail/pas/; s/pass/fail/; s/pas\t/pass\t/}; /002.*aops/s/1\t/&sample/' in/fstests.tsv"
changed 2 "fstests.tsv: 'skipped' is no result" "sed -i 's/not run/skipped/' in/fstests.tsv"
for change in 'rm in/fstests.tsv' ': >in/fstests.tsv'; do
	changed 0 '' "$change"
	has report.md '^No results: .ci.fstests -k base. and .ci.fstests -k aops. make them'
	has_not report.md 'tests that ran on more than one kernel'
done

exit $bad
