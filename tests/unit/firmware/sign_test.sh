#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
# sign_test.sh FWSIGN IMAGE PUBLIC_KEY: a changed byte anywhere, a cut image, another key, a wrong call: all refused.
set -u
fwsign=$1 image=$2 pub=$3
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0

refuse() {
	what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		echo "not refused: $what"
		failed=1
	fi
}

"$fwsign" --verify "$pub" "$image" || { echo "the image itself is refused"; exit 1; }
bytes=$(wc -c <"$image")
at=0
while [ "$at" -lt "$bytes" ]; do
	cp "$image" "$dir/x.bin"
	old=$(od -An -tu1 -j "$at" -N 1 "$image" | tr -d ' ')
	# shellcheck disable=SC2059 # the format is the byte
	printf "$(printf '\\%03o' $(( old ^ 1 << at % 8 )))" |
		dd of="$dir/x.bin" bs=1 seek="$at" conv=notrunc status=none
	refuse "byte $at" "$fwsign" --verify "$pub" "$dir/x.bin"
	at=$(( at + 1 + at / 8 ))	# every byte of the start, then ever wider steps
done
head -c $(( bytes - 16 )) "$image" >"$dir/short.bin"
refuse "a cut image" "$fwsign" --verify "$pub" "$dir/short.bin"

"$fwsign" --keygen "$dir/other" || failed=1
refuse "another key" "$fwsign" --verify "$dir/other.pub" "$image"
refuse "overwriting a key" "$fwsign" --keygen "$dir/other"
head -c 100 /dev/zero >"$dir/raw"
"$fwsign" --key "$dir/other.key" --version 1.2.3 --rollback 4 "$dir/raw" "$dir/own.bin" &&
	"$fwsign" --verify "$dir/other.pub" "$dir/own.bin" || failed=1
[ "$(wc -c <"$dir/own.bin")" = $(( 256 + 112 )) ] || { echo "not padded to 16"; failed=1; }
refuse "no rollback" "$fwsign" --key "$dir/other.key" --version 1.2.3 "$dir/raw" "$dir/o.bin"
refuse "version of two parts" "$fwsign" --key "$dir/other.key" --version 1.2 --rollback 1 "$dir/raw" "$dir/o.bin"
refuse "a public key's length" "$fwsign" --key "$dir/raw" --version 1.2.3 --rollback 1 "$dir/raw" "$dir/o.bin"
refuse "entry behind the image" "$fwsign" --key "$dir/other.key" --version 1.2.3 --rollback 1 \
	--entry 0x80001000 "$dir/raw" "$dir/o.bin"
exit $failed
