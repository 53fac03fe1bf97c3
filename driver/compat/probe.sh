#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Copyright 2026 The weft authors
# Writes the header of compile-probe answers: probe.sh PROBES.c OUT.h COMPILER FLAGS...
# A probe that produced no error gets "#define WEFT_HAVE_<NAME> 1". Never stops on what a kernel lacks, always stops
# when the controls say that the compiler could not judge.
set -u
src=$1 out=$2
shift 2
log=$out.log
LC_ALL=C "$@" -fsyntax-only -w -Werror=implicit-function-declaration -Werror=incompatible-pointer-types "$src" >"$log" 2>&1
failed() { grep -Eq "^$1:[0-9]+(:[0-9]+)?: (fatal )?error" "$log"; }
if failed CONTROL_PASS || ! failed CONTROL_FAIL; then
	echo "weft: the compile probes do not work with this kernel and compiler; first messages:" >&2
	head -n 20 "$log" >&2
	exit 1
fi
{
	echo "/* Generated from compat/probes.c; do not edit. */"
	sed -n 's/^#line 1 "\([A-Z0-9_]*\)".*/\1/p' "$src" | while read -r name; do
		case $name in CONTROL_*) continue ;; esac
		if failed "$name"; then
			echo "/* WEFT_HAVE_$name: no */"
		else
			echo "#define WEFT_HAVE_$name 1"
		fi
	done
} >"$out.tmp" && mv "$out.tmp" "$out"
