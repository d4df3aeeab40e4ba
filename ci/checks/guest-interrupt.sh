#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Ctrl-C, kill and kill -9 leave no QEMU and no file behind.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

for signal in INT TERM KILL; do
	# A job of its own, as in a terminal; SIGINT is ignored otherwise, and also if
	# this check was started in the background
	status=0
	set -m
	env --default-signal=INT "$top/ci/guest" --console "$work/console" -- sleep 100 2>"$work/err" &
	set +m
	pid=$!
	for ((i = 0; i < 100; i++)); do
		qemu=$(pgrep -P "$pid" qemu-system) && break
		sleep 0.1
	done
	want "QEMU runs" test "$qemu"
	sleep 2
	# A terminal's Ctrl-C goes to all processes, here the script has it alone
	kill -"$signal" "$pid"
	wait "$pid" 2>/dev/null || status=$?
	want "ended by SIG$signal" test "$status" -gt 128
	sleep 0.5
	# a zombie has no program
	want "QEMU has ended" test ! -e "/proc/$qemu/exe"
	# after a kill -9, the next guest removes the directory
	[[ $signal = KILL ]] || want "nothing left" no_guests
done
