#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Ctrl-C, kill and kill -9 leave no QEMU and no file behind.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

for signal in INT TERM KILL; do
	# QEMU itself, or the linker that runs it: it has the kernel's arguments
	interrupted $signal "^[^ ]*(qemu|ld-)[^ ]* .*check=$$.$signal" guest \
		--console "$work/console" --append "check=$$.$signal" -- sleep 100
	want "ended by SIG$signal" test "$status" -gt 128
	# after a kill -9, the next guest removes the directory
	[[ $signal = KILL ]] || want "nothing left" no_guests
done
