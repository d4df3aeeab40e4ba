#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# All scripts of the repository are clean in the eyes of shellcheck.
. "$(dirname "$0")/../common.sh"

command -v shellcheck >/dev/null || { note "shellcheck is missing"; exit 4; }
cd "$top"
mapfile -t scripts < <(git ls-files -co --exclude-standard | while read -r file; do
	[ -f "$file" ] || continue
	read -r first <"$file" || true
	case $first in
	'#!'*/bash | '#!'*/sh | '# shellcheck shell='*) echo "$file" ;;
	*) [ "$file" = "${file%.sh}" ] || echo "$file" ;;
	esac
done 2>/dev/null)
[ ${#scripts[@]} -gt 0 ] || die "no scripts found"
shellcheck "${scripts[@]}"
