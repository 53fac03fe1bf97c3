#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The UAPI header: no hidden padding, equal layout for 32- and 64-bit callers, unique numbers, compiles alone."""
import re
import subprocess
import tempfile
from tap import ROOT, Tap, read

HEADER = "uapi/drm/weft_accel.h"
SIZES = {"__u8": 1, "__u16": 2, "__u32": 4, "__s32": 4, "__u64": 8, "__s64": 8}


def structs(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for name, body in re.findall(r"struct (\w+) \{(.*?)\n\};", text, flags=re.S):
        yield name, re.findall(r"^\s*(\w+)\s+(\w+)(?:\[(\d+)\])?;", body, flags=re.M)


def padding(text):
    for name, members in structs(text):
        offset, widest = 0, 1
        for ctype, member, count in members:
            if ctype not in SIZES:
                yield f"{name}.{member}: type {ctype} has no fixed size"
                continue
            size = SIZES[ctype]
            if offset % size:
                yield f"{name}.{member}: hidden padding before it at {offset}"
            offset += size * int(count or 1)
            widest = max(widest, size)
        if offset % 8 and widest == 8 or offset % widest:
            yield f"{name}: {offset} bytes, hidden padding at its end"


def numbers(text):
    seen = {}
    for name, value in re.findall(r"#define (DRM_WEFT_[A-Z_]+)\s+(0x[0-9a-f]{2})$", text, flags=re.M):
        if value in seen and f"DRM_IOCTL_{name[4:]}" in text:
            yield f"{name} and {seen[value]} are both {value}"
        seen[value] = name
        if f"DRM_COMMAND_BASE + {name}," not in text:
            yield f"{name} has no DRM_IOCTL_"


def compiles(compiler, language):
    with tempfile.NamedTemporaryFile("w", suffix="." + language) as f:
        f.write('#include "weft_accel.h"\nint main(void) { return 0; }\n')
        f.flush()
        run = subprocess.run([compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wpadded",
                              "-Wno-error=padded", f"-I{ROOT}/uapi/drm", "-I/usr/include/libdrm", f.name],
                             capture_output=True, text=True)
        lines = [line for line in run.stderr.splitlines() if "weft_accel.h" in line and "padded" in line]
        return lines if run.returncode == 0 else run.stderr.splitlines()[:5]


tap = Tap()
header = read(HEADER)
tap.check("uapi_layout: the checker sees planted padding",
          [] if list(padding("struct a {\n\t__u32 x;\n\t__u64 y;\n};")) else ["planted padding was not seen"])
tap.check("uapi_layout: no hidden padding", list(padding(header)) if list(structs(header)) else ["no structure found"])
tap.check("uapi_layout: every number once, each with its ioctl", numbers(header))
tap.check("uapi_layout: compiles alone as C", compiles("gcc", "c"))
tap.check("uapi_layout: compiles alone with clang", compiles("clang", "c"))
tap.done()
