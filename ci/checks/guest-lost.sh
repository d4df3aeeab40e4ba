#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest that ends on its own, the command unfinished: 126.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

guest -- reboot -f
want "status 126" test "$status" = 126
want "said so" says 'lost' err

# QEMU resets a machine that has not handled its last machine check, and says so. The
# requests stand in one write, so they meet QEMU one right after the other.
guest -- sh -c '
	for i in 1 2 3 4 5 6 7 8 9 10; do echo "mce 0x100000000"; done >/tmp/requests
	cat /tmp/requests >/run/port/control
	sleep 60'
want "status 126 after machine checks" test "$status" = 126
want "QEMU's reason" says '^guest: the guest was lost .*: QEMU could not raise a machine check: .*Previous MCE' err
want "at once" test "$SECONDS" -lt 60
