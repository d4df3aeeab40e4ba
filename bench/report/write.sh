#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Writes the report from the results in DIR: PROGRAM computes report.md (see report.h),
# gnuplot draws, and pandoc makes the page and the text of it. OURS has the judgements,
# template and styles. The exit status is PROGRAM's.
set -euo pipefail
program=$1 dir=$2 ours=$3 status=0

for tool in gnuplot pandoc; do
	command -v "$tool" >/dev/null || {
		echo "report: $tool is missing: run ci/setup gnuplot-nox=gnuplot pandoc=pandoc" >&2
		exit 2
	}
done

cd "$dir"
rm -rf plots
mkdir plots
"$program" "$dir" "$ours" || status=$?
((status < 2)) || exit $status
gnuplot "$ours/plots.gp" || {
	echo "report: gnuplot failed on $ours/plots.gp" >&2
	exit 2
}
find plots -name '*.svg' -exec sed -i 's|<defs>|<style>text { fill: #24292f } @media (prefers-color-scheme: dark) { text { fill: #d8dde3 } }</style>&|' {} +

# convert FORMAT ARG...: standard input; a line of a table of any length is one row
convert() {
	pandoc -s -f markdown-smart-tex_math_dollars-yaml_metadata_block --columns=9999 -t json |
		pandoc -f json -s -t "$@" || exit 2
}

# The page has its images and its style within itself; links lead to logs.
embed=--self-contained
! pandoc --help | grep -q embed-resources || embed=--embed-resources
convert html5 $embed --columns=9999 --section-divs --toc --toc-depth=2 -M lang=en \
	--css "$ours/style.css" -V header-includes='<meta name="color-scheme" content="light dark">' \
	-o index.html <report.md
# pandoc 3 makes an svg of the image, which has no alt.
sed -i -E 's/(<svg [^>]*)alt="/\1role="img" aria-label="/' index.html
sed '/<details>/,/<\/details>/d; /<div class="filter">/,/<\/div>/d; /^## Plots/,/^:::$/d' report.md |
	convert plain --columns=72 -o report.txt
exit $status
