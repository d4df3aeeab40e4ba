#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Writes the report from the results in DIR: gnuplot draws, PROGRAM computes report.md
# (see report.h), and pandoc makes the page and the text of it. OURS has the judgements,
# template and styles. The exit status is PROGRAM's.
set -euo pipefail
shopt -s nullglob
program=$1 dir=$2 ours=$3 status=0

for tool in gnuplot pandoc; do
	command -v "$tool" >/dev/null || {
		echo "report: $tool is missing: run ci/setup gnuplot-nox=gnuplot pandoc=pandoc" >&2
		exit 2
	}
done

rm -rf "$dir/plots"
mkdir -p "$dir"/{plots,texts}
(cd "$dir" && gnuplot "$ours/plots.gp") || {
	echo "report: gnuplot failed on $ours/plots.gp" >&2
	exit 2
}
for plot in "$dir"/plots/*.svg; do
	sed -i 's|<defs>|<style>text { fill: #24292f } @media (prefers-color-scheme: dark) { text { fill: #d8dde3 } }</style>&|' "$plot"
done

"$program" "$dir" "$ours" || status=$?
((status < 2)) || exit $status
# Plain text for mails: only tables have two blanks in a row, and they are not wrapped.
sed -i -E '/  /!{ s/(.{1,68})( |$)/\1\n/g; s/\n$// }; s/\*\*//g' "$dir"/texts/*

# The page has its images and its style within itself; links lead to logs.
embed=--self-contained
! pandoc --help | grep -q embed-resources || embed=--embed-resources
markdown="markdown-smart-tex_math_dollars-yaml_metadata_block"
cd "$dir"
pandoc -f $markdown -t html5 -s $embed --columns=9999 --section-divs --toc --toc-depth=2 -M lang=en \
	--css "$ours/style.css" -V header-includes='<meta name="color-scheme" content="light dark">' \
	-o index.html report.md || exit 2
# pandoc 3 makes an svg of the image, which has no alt.
sed -i -E 's/(<svg [^>]*)alt="/\1role="img" aria-label="/' index.html
sed '/<details>/,/<\/details>/d; /<div class="filter">/,/<\/div>/d; /^## Plots/,/^:::$/d' report.md |
	pandoc -f $markdown -t plain -s --columns=72 -o report.txt || exit 2
exit $status
