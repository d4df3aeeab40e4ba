#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The patches are what patches/series says, and carry what a posting needs; who
# posts them adds their own Signed-off-by.
. "$(dirname "$0")/../common.sh"

cd "$top/patches"
bad=
fault() {
	echo "$*"
	bad=1
}

named=$(sed '/^#/d; /^$/d; s/ .*//' series)
[ "$named" ] || { note "there is no series yet"; exit 4; }
there=$(find . -maxdepth 1 -name '[0-9]*.patch' ! -name '0000-*' -printf '%f\n')
temporary /tmp/check
diff <(sort <<<"$named") <(sort <<<"$there") || fault "patches/series and the patches differ"
[ "$named" = "$(sort <<<"$named")" ] || fault "the patches' numbers are not in order"

for patch in $named; do
	subject=$(git mailinfo "$work/message" /dev/null <"$patch" | sed -n 's/^Subject: //p')
	message=$(cat "$work/message")
	[[ $subject =~ ^[a-z0-9/_-]+(:\ [a-z0-9/_-]+)*:\ .+ ]] || fault "$patch: the subject names no subsystem: $subject"
	[ ${#subject} -le 75 ] || fault "$patch: the subject has ${#subject} characters, at most 75 are good"
	! grep -q '^Signed-off-by:' <<<"$message" || fault "$patch: has a Signed-off-by"
	grep -q '^Assisted-by: .' <<<"$message" || fault "$patch: has no Assisted-by"
	[ "$(grep -cvE '^$|^[A-Z][a-z-]*: ' <<<"$message")" -ge 2 ] ||
		fault "$patch: the message does not say what it does and why"
done
[ ! "$bad" ]
