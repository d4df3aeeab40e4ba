#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The shards of ci/test together are all of its tests, each of them once, and no
# shard has much more to do than another.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

all=$work/all
bad=0

"$top/ci/test" -l --shard 1/1 >"$all" 2>"$work/err" || die "ci/test -l: $(cat "$work/err")"
[[ $(sort "$all") = $(sort -u "$all") ]] || die "ci/test would run a test twice"
for check in "$top"/ci/checks/*.sh; do
	grep -qx "$(basename "$check" .sh)" "$all" || die "$check is in no shard"
done

for n in 2 5 16; do
	for ((i = 1; i <= n; i++)); do
		"$top/ci/test" -l --shard $i/$n >"$work/$n.$i" 2>"$work/err" ||
			die "ci/test -l --shard $i/$n: $(cat "$work/err")"
	done
	diff <(sort "$all") <(sort "$work/$n."*) >"$work/diff" || {
		echo "of $n shards, these tests are in none (<) or in two (>):"
		cat "$work/diff"
		bad=1
	}
	# the limits of what a shard runs are alike, not the number of its tests
	most=$(wc -l "$work/$n."* | awk '$2 != "total" && $1 > most { most = $1 } END { print most }')
	((most * n < 3 * $(wc -l <"$all"))) || {
		echo "of $n shards, one has $most of the $(wc -l <"$all") tests"
		bad=1
	}
done

# Named tests are split in the same way
[[ $(for i in 1 2; do "$top/ci/test" -l --shard $i/2 one-file; done | sort) = \
	$(printf '%s\n' one-file.aops one-file.base) ]] || {
	echo "the shards of one scenario are not its two tests"
	bad=1
}

for shard in 0/2 3/2 1 1/0 a/b; do
	refused 2 "--shard wants I/N" test -l --shard "$shard"
done
exit $bad
