#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/demo: wrong usage; text, page, recordings and table from a sample of what guests
# say; a wrong result; an interrupt while guests run leaves none of them.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

refused 2 "no act '9'" demo --act 9
refused 2 "no act 'none'" demo --act ''
refused 2 "no act '.'" demo --act .
refused 2 "wants an argument" demo --record
refused 2 "cannot write" demo --record /nowhere/record
refused 2 "needs a terminal" demo --watch
refused 2 "unknown argument 'x'" demo x
"$top/ci/demo" --list >"$work/out"
want "four acts" test "$(wc -l <"$work/out")" = 4

# --- the text, from a sample ---

sample=$top/ci/checks/demo.sample
for kernel in base aops; do
	sed "0,/^== $kernel$/d; /^== /,\$d" "$sample" >"$work/$kernel"
done
gcc -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover -Wall -Wextra \
	-Wno-missing-field-initializers -Werror -D_GNU_SOURCE \
	-o "$work/tell" "$top"/ci/demo.d/{tell,show}.c
export ASAN_OPTIONS=detect_leaks=0

# tell ARG...: leaves $status, $work/out and $work/err
tell() {
	status=0
	"$work/tell" -a 4 "$@" "$work/base" "$work/aops" >"$work/out" 2>"$work/err" || status=$?
}
tell -p "$work/page" -r "$work/text" -t "$work/table"
want "the sample is in order" test "$status" = 0
want "the outcome" says '^aops: all 6 rows as expected. base: 2 of 6' out
want "no colours in a file" test "$(grep -c $'\033' "$work/out")" = 0
want "the record is the text" cmp "$work/out" "$work/text"
want "headings on the page" says '^<h2>4\. The same files' page
want "colours on the page" says '<span class=c31>EBUSY !</span>' page
want "what has a colour ends" test "$(grep -o "<span" "$work/page" | wc -l)" = \
	"$(grep -o "</span>" "$work/page" | wc -l)"
want "no code on the page" test "$(grep -c $'\033' "$work/page")" = 0
want "a table" says '^device-mapper: .* 0 of 3  3 of 3$' table
tell -r "$work/a.cast"
perl -MJSON::PP -ne '$r = decode_json($_); $t = $r->[0] if $. > 1;
	die "line $.\n" if $. == 1 ? $r->{version} != 2 : $r->[1] ne "o" || $t < 0;
	END { die "too short\n" if $t < 5 }' "$work/a.cast" 2>"$work/err" || status=$?
want "a recording for asciinema" test "$status" = 0

sed -i '/reader 2/s/AO gone AR$/-  gone AR/' "$work/aops"
tell
want "a wrong result is found" test "$status" = 1
want "and named" says "^  act 4, reader 2 on aops: '-  gone AR', expected 'AO gone AR'" out
sed -i '/^end.4/d' "$work/base"
tell
want "a guest that ends early is found" test "$status" = 2
want "and named" says 'guest with base ended before' err

# --- an interrupt ---

interrupted INT "$top/ci/guest -k .* --console $build/demo/" demo
want "ended by SIGINT" test "$status" = 130
want "nothing left" no_guests
