#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Wrong usage and missing files: 127, and a line that names what is wrong.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

refused() {
	local pattern=$1
	shift
	guest "$@"
	want "status 127 for: $*" test "$status" = 127
	want "'$pattern' for: $*" says "$pattern" err
}
refused 'no kernel at /nowhere/bzImage' --kernel /nowhere/bzImage -- true
refused "not 'vanilla'" -k vanilla -- true
refused "not 'ram'" -m ram -- true
refused "one processor" -i -s 2 -- true
refused "not a directory" -d "$0" -- true
refused "wants an argument" -t
refused "unknown option '--tee'" --tee -- true
refused "needs a terminal" -k base --kernel "$0"
# Not a kernel: QEMU ends at once
guest --kernel "$0" -- true
want "a status that is not the command's" test "$status" -ge 125
want "nothing left" no_guests
