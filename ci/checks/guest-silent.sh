#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A command that prints nothing: no output, and no complaint.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -- true
want "status 0" test "$status" = 0
want "nothing on standard output" test ! -s "$work/out"
