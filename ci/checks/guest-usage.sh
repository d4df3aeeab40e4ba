#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Wrong usage and missing files: 127, and a line that names what is wrong.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

refused 127 'no kernel at /nowhere/bzImage' guest --kernel /nowhere/bzImage -- true
refused 127 "not 'vanilla'" guest -k vanilla -- true
refused 127 "not 'ram'" guest -m ram -- true
refused 127 "one processor" guest -i -s 2 -- true
refused 127 "not a directory" guest -d "$0" -- true
refused 127 "wants an argument" guest -t
refused 127 "unknown option '--tee'" guest --tee -- true
refused 127 "needs a terminal" guest -k base --kernel "$0"
# Not a kernel: QEMU ends at once
guest --kernel "$0" -- true
want "a status that is not the command's" test "$status" -ge 125
want "nothing left" no_guests
