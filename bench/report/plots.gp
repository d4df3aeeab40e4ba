# SPDX-License-Identifier: GPL-2.0
# How every plot looks. name, title_text, ink and faint are set; plots.c makes the
# colours follow the page.
set terminal svg size 560,370 dynamic enhanced font 'sans-serif,13'
set output name.'.svg'
set border 3 lc rgb ink lw 1
set tics nomirror out scale 0.6 textcolor rgb ink
set format x '%.0f'
set grid y lc rgb faint lw 1 dt 1
set key left top reverse Left samplen 3 spacing 1.2 textcolor rgb ink
set xlabel textcolor rgb ink
set ylabel textcolor rgb ink offset 1
