#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/rfc makes mails that git takes, puts them on a branch of a kernel tree and
# touches nothing else there, keeps what was posted, and says what is new in the
# next version. (That the mails end with the tree of ci/series/assemble, it proves itself
# whenever it runs.)
# shellcheck source=ci/common.sh
. "$(dirname "$0")/../common.sh"

grep -q '^[^#]' "$top/patches/series" || { note "there is no series yet"; exit 4; }
mkdir -p "$build"
temporary "$build/check-rfc"
bad=0
fault() {
	echo "$*"
	bad=1
}

# Posted versions are kept in the repository: so this is a copy of it
copy=$work/copy
mkdir "$copy"
# include/ is there only if the series adds a header
for dir in ci fs include mm patches; do
	[ ! -e "$top/$dir" ] || cp -a "$top/$dir" "$copy"
done
rm -rf "$copy/patches/posted"
ln -s "$build" "$copy/build"

export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_NOSYSTEM=1
git config --global user.name "Ann Body"
git config --global user.email ann@example.org

# rfc WHAT ARG...: must end well
rfc() {
	local what=$1
	shift
	"$copy/ci/rfc" "$@" >"$work/said" 2>"$work/log" || die "$what: $(cat "$work/log")"
}
# refuses TEXT ARG...
refuses() {
	local text=$1
	shift
	if "$copy/ci/rfc" "$@" >"$work/said" 2>"$work/log"; then
		fault "ci/rfc $* ended well"
	fi
	grep -qF -e "$text" "$work/log" || fault "ci/rfc $*: $(tail -n 3 "$work/log")"
	[ -z "$(find "$work" -maxdepth 1 -name 'mails*.tmp.*')" ] || fault "ci/rfc $* has left something"
}

# A kernel tree of somebody's own, with files checked out that the series changes
pristine=$("$top/ci/source/kernel")
refuses "unknown option" --send
refuses "-v wants a number" -v 0
refuses "--trailer wants" --trailer "no trailer"
refuses "is there already" "$copy"
refuses "is no git tree" --to-tree "$work" "$work/mails"
their=$work/their
git init -q "$their"
if [ ! -e "$pristine.git/stamp" ]; then
	rfc "the first mails" "$work/first"
	rm -rf "$work/first"
fi
echo "$pristine.git/objects" >"$their/.git/objects/info/alternates"
git -C "$their" update-ref refs/heads/mine "$(git --git-dir="$pristine.git" rev-parse base)"
git -C "$their" symbolic-ref HEAD refs/heads/mine
git -C "$their" sparse-checkout set --no-cone /fs/dax.c /MAINTAINERS
git -C "$their" read-tree -m -u HEAD

echo "/* mine */" >>"$their/fs/dax.c"
refuses "not committed" --to-tree "$their" "$work/mails"
git -C "$their" checkout -q fs/dax.c
state() {
	git -C "$their" for-each-ref --format='%(refname) %(objectname)' --exclude=refs/heads/posting 2>/dev/null ||
		git -C "$their" for-each-ref --format='%(refname) %(objectname)' | grep -v /posting
	git -C "$their" status --porcelain
	git -C "$their" worktree list
	cat "$their/.git/config" "$their/.git/HEAD"
	find "$their" -name .git -prune -o -type f -printf '%P %T@\n'
}
before=$(state)
rfc "the first version" --signoff --trailer "Tested-by: Some One <some@example.org>" \
	--to-tree "$their" --branch posting "$work/mails"
[ "$(state)" = "$before" ] || fault "the kernel tree is not as it was: $(diff <(echo "$before") <(state))"
[ "$(cat "$work/said")" = "$work/mails" ] || fault "it did not say where the mails are"

named=$(grep -c '^[^#]' "$top/patches/series")
[ "$(git -C "$their" rev-list --count mine..posting)" = "$named" ] || fault "the branch has not $named commits"
[ "$(git -C "$their" log --format=%B mine..posting | grep -cxF 'Signed-off-by: Ann Body <ann@example.org>')" = "$named" ] ||
	fault "not every commit of the branch is signed off, once"
[ "$(git -C "$their" log --format=%B mine..posting | grep -cxF 'Tested-by: Some One <some@example.org>')" = "$named" ] ||
	fault "not every commit of the branch has the trailer"
refuses "has a branch posting already" --to-tree "$their" --branch posting "$work/mails2"

parts=$(sed -n 's/^# //p' "$top/patches/series")
for part in $parts; do
	for mail in "$work/mails/$part"/*.patch; do
		name=$part/${mail##*/}
		header=$(sed '/^$/,$d' "$mail")
		[ "$part" = fixes ] && tag='[PATCH' || tag='[RFC PATCH'
		[[ $header = *$'\nSubject: '"$tag "*/* ]] || fault "$name: the subject is not $tag"
		[[ $header = *$'\nFrom: Ann Body <ann@example.org>'* ]] || fault "$name: is not from who signs off"
		grep -q '^To: .*@' <<<"$header" || fault "$name: is to nobody"
		grep -q '@vger.kernel.org' <<<"$header" || fault "$name: goes to no list"
		! LC_ALL=C grep -q '[^ -~	]' <<<"$header" || fault "$name: its header is not plain ASCII"
		! grep -q 'HERE \*\*\*' "$mail" || fault "$name: something was left to be filled in"
	done
	cover=$(echo "$work/mails/$part"/*0000-*.patch)
	grep -q '^Applies to Linux [0-9]' "$cover" || fault "$part: does not say what it applies to"
	grep -q '^base-commit: ' "$cover" || fault "$part: has no base-commit, though it was made for a tree"
	grep -q ' files\{0,1\} changed, ' "$cover" || fault "$part: has no diffstat"
done
grep -q '^prerequisite-patch-id: ' "$work/mails/core/0000-cover-letter.patch" ||
	fault "core: does not name the fixes that it stands on"

# Posted, changed, and made anew
rfc "keeping it" --posted --link core=https://example.org/v1 "$work/mails"
diff -r "$work/mails/core" "$copy/patches/posted/v1/core" || fault "what was posted is not what was kept"
refuses "has been posted" --posted "$work/mails"
refuses "has been posted already" -v 1 "$work/mails2"
patch=$copy/patches/$(sed -n '/^# core$/,/^# follow-up$/{/^#/d; s/ .*//; p}' "$copy/patches/series" | tail -n 1)
sed -i '0,/^Assisted-by: /s//This is new.\n\n&/' "$patch"
rfc "the second version" "$work/mails2"
cover=$work/mails2/core/v2-0000-cover-letter.patch
grep -q '^Subject: \[RFC PATCH v2 0' "$cover" || fault "the second version is not v2"
grep -q '^v1: https://example.org/v1$' "$cover" || fault "it does not say where v1 is"
grep -q '^Range-diff against v1:$' "$cover" || fault "there is no range-diff"
grep -q '^ *+* *+*This is new' <(grep -A 30 '^ *[0-9]*: .* ! ' "$cover" | sed 's/^ *//') ||
	fault "the range-diff does not show what is new"
exit $bad
