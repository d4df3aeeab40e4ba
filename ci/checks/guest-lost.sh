#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest that ends on its own, the command unfinished: 126.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -- reboot -f
want "status 126" test "$status" = 126
want "said so" says 'lost' err
