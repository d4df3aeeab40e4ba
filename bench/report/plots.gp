# SPDX-License-Identifier: GPL-2.0
# Draws plots/NAME.svg of plots/NAME, and plots/faults.svg, in the directory of the results.
# The kernels are the lines of the file "kernels", and the
# floor. The colours have contrast on light and on dark; write.sh adds those of the text.
set datafile separator "\t"
set datafile missing NaN
set terminal svg size 480,350 dynamic enhanced font 'sans-serif,14'
set border 3 lc rgb '#808080'
set tics nomirror out scale 0.6
set grid lt 1 lc rgb '#80808080' lw 0.5
set key left top reverse Left samplen 2 spacing 1.1
set ylabel 'instructions' offset 1
set yrange [0:*]

all = system("cut -f 1 kernels")
colours = '#d55e00 #009e73 #2f86c6 #cc79a7 #8a7a00'
nth(k, list, default) = k eq 'floor' ? default : word(list, sum [i = 1:words(all)] word(all, i) eq k ? i : 0)
colour(k) = nth(k, colours, '#808080')
dashes(k) = int(nth(k, '1 2 1 4 5', 3))
points(k) = int(nth(k, '7 5 9 13 11', 1))
logarithmic = ' sharers-log unmapped unmapped-cold agf '

do for [name in 'sharers sharers-log idle unmapped unmapped-cold agf'] {
	data = 'plots/'.(name eq 'sharers-log' ? 'sharers' : name)
	kernels = system("sed -n 's/^# //p' ".data)
	if (words(kernels) > 0) {
		set output 'plots/'.name.'.svg'
		set xlabel name eq 'idle' ? 'idle processes' : 'files that share the page'
		set format y '%.1s %c'
		unset logscale
		set xrange [0:*]
		set yrange [0:*]
		if (strstrt(logarithmic, ' '.name.' ')) {
			set logscale xy
			set format y '%.0s %c'
			set xrange [*:*]
			set yrange [*:*]
		}
		plot for [i = 1:words(kernels)] k = word(kernels, i) data index i - 1 \
			using 1:2 smooth unique with linespoints title k lc rgb colour(k) lw 2 \
			dt dashes(k) pt points(k) ps 0.6
	}
}

kinds = 'pte-read pte-write pmd-read pmd-write'
kind(v) = sum [i = 1:words(kinds)] word(kinds, i) eq v ? i : 0
unset logscale
set format y '%.1s %c'
set xrange [0.5:4.5]
set yrange [0:*]
set xtics ('PTE, read' 1, 'PTE, write' 2, 'PMD, read' 3, 'PMD, write' 4)
set xlabel 'kind of fault'
set key horizontal outside top center samplen 1 maxcols 3
set boxwidth 0.8 / words(all)
set style fill solid noborder
if (system("cat measured/*.tsv | grep -cE '^fault\t(pte|pmd)-(read|write)\t1\t[^e]'") > 0) {
	set output 'plots/faults.svg'
	plot for [i = 1:words(all)] 'measured/'.word(all, i).'.tsv' \
		using (strcol(1) eq 'fault' && kind(strcol(2)) ? kind(strcol(2)) + \
		(i - (words(all) + 1) / 2.0) * 0.8 / words(all) : NaN):5 \
		with boxes title word(all, i) lc rgb colour(word(all, i))
}
