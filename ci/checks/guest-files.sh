#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A directory's files at /host, with their modes; links stay links.
# shellcheck disable=SC2016 # expanded in the guest
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

mkdir -p "$work/dir/sub dir"
printf '#!/bin/sh\necho "ran $1"\n' >"$work/dir/sub dir/program"
chmod +x "$work/dir/sub dir/program"
ln -s "sub dir/program" "$work/dir/link"
ln -s /etc/hosts "$work/dir/absolute"
guest -d "$work/dir" -- sh -c '/host/link well && readlink /host/absolute'
want "status 0" test "$status" = 0
want "the output" test "$(cat "$work/out")" = $'ran well\n/etc/hosts'
