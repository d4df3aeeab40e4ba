#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A command's status, arguments, output and errors; a directory's files at /host.
# shellcheck disable=SC2016 # expanded in the guest
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

# its arguments and output arrive unharmed
guest -- printf '<%s>' "it's" '$HOME' 'a  b' '' $'new\nline'
want "status 0" test "$status" = 0
printf '<%s>' "it's" '$HOME' 'a  b' '' $'new\nline' >"$work/expected"
want "the arguments come back as they went" cmp "$work/expected" "$work/out"

# no output, and no complaint
guest -- true
want "status 0" test "$status" = 0
want "nothing on standard output" test ! -s "$work/out"

# its status is ci/guest's, its errors come out apart
guest -- sh -c 'echo oh >&2; exit 7'
want "status 7" test "$status" = 7
want "nothing on standard output" test ! -s "$work/out"
want "its error message" says '^oh$' err

# files keep their modes; links stay links
mkdir -p "$work/dir/sub dir"
printf '#!/bin/sh\necho "ran $1"\n' >"$work/dir/sub dir/program"
chmod +x "$work/dir/sub dir/program"
ln -s "sub dir/program" "$work/dir/link"
ln -s /etc/hosts "$work/dir/absolute"
guest -d "$work/dir" -- sh -c '/host/link well && readlink /host/absolute'
want "status 0" test "$status" = 0
want "the output" test "$(cat "$work/out")" = $'ran well\n/etc/hosts'

# guest time counts instructions, and the log is quiet
guest -i -- sh -c 'grep -c ^processor /proc/cpuinfo'
want "status 0" test "$status" = 0
want "one processor" test "$(cat "$work/out")" = 1
