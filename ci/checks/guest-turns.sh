#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# With a QEMU whose processors cannot run in parallel, and no other to be had, they
# take turns: ci/guest warns of it, and race scenarios are skipped. A cached QEMU that
# was damaged is not used.
# shellcheck source=ci/vm/check.sh
. "$(dirname "$0")/../vm/check.sh"

qemu=$("$top/ci/vm/qemu")
"$top/ci/guest" --dry-run -s 4 -- true | grep -q 'tcg,thread=multi' ||
	{ note "only TCG's processors take turns, and there is KVM"; exit 4; }
"$top/ci/vm/root" >/dev/null
make -s -C "$top/ci/scenarios" OUT="$build/scenarios" "$build/scenarios/race-two/race-two"

mkdir "$work/bin"
cat >"$work/bin/qemu-system-x86_64" <<END
#!/bin/sh
[ "\$1" != --version ] || exec echo "QEMU emulator version 7.2.0"
exec "$qemu" "\$@"
END
printf '#!/bin/sh\nexit 100\n' >"$work/bin/apt-get"
chmod +x "$work/bin/"*
export PATH=$work/bin:$PATH XDG_CACHE_HOME=$work/cache

guest -d "$build/scenarios/race-two" -- /host/race-two
want "status 4" test "$status" = 4
want "the race is skipped" says '^1\.\.0 # SKIP .*take turns' out
want "the line that names the machine" says '^guest: .* QEMU 7\.2\.0, tcg,thread=single' err
want "a warning" says '^guest: WARNING: processors take turns' err

guest -i -- true
want "status 0 with -i" test "$status" = 0
want "no warning with -i" test ! "$(grep WARNING "$work/err")"

[[ $qemu = */memory-failure-aops/* ]] || exit 0 # the host's
mkdir -p "$work/cache/memory-failure-aops"
cp -r "$(dirname "$qemu")" "$work/cache/memory-failure-aops"
tree=$work/cache/memory-failure-aops/$(basename "$(dirname "$qemu")")
want "the cached one is used" test "$("$top/ci/vm/qemu")" = "$tree/qemu-system-x86_64"
printf x >>"$tree/usr/share/seabios/bios-256k.bin"
"$top/ci/vm/qemu" >"$work/out" 2>"$work/err" && status=0 || status=$?
want "a damaged one is not used" test "$status" = 1 -a ! -s "$work/out"
