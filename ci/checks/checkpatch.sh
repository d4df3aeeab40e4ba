#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's checkpatch.pl sees no error and no warning in any commit of the
# series. Not asked for: Signed-off-by, which who posts the series adds; a look at
# MAINTAINERS for each new file (FILE_PATH_CHANGES), since those of mm/, fs/xfs/
# and fs/dax* are covered by the entries that are there; whether the commits that
# are quoted exist (UNKNOWN_COMMIT_ID), since there is no history to look into.
. "$(dirname "$0")/../common.sh"

perl=$(command -v perl) || { note "perl is missing"; exit 4; }
source=$("$top/ci/source")
series=$(mktemp -d)
trap 'rm -rf "$series"' EXIT
"$top/ci/assemble" --to "$series/git" >/dev/null
mapfile -t commits < <(git -C "$series/git" rev-list --reverse base..)
[ ${#commits[@]} -gt 0 ] || { note "there is no series yet"; exit 4; }

# checkpatch finds no python3 in this PATH, and so does not run a script for
# licence lines that wants modules of Python's; it parses them by itself, too
mkdir "$series/bin"
ln -s "$perl" /bin/sh "$series/bin"

bad=
for commit in "${commits[@]}"; do
	git -C "$series/git" format-patch -q --stdout -1 "$commit" >"$series/patch"
	PATH=$series/bin "$perl" "$source/scripts/checkpatch.pl" -q --root="$source" --show-types --no-signoff \
		--ignore FILE_PATH_CHANGES,UNKNOWN_COMMIT_ID "$series/patch" || {
		echo "in: $(git -C "$series/git" log -1 --format=%s "$commit")"
		bad=1
	}
done
[ ! "$bad" ]
