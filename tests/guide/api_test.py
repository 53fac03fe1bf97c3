#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""api_test.py LIBWEFT: what the headers declare, the symbol map lists and the library exports is the same."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "abi"))
from tap import Tap, read, tracked  # noqa: E402

library = sys.argv[1]
headers = [p for p in tracked(".h") if p.startswith("runtime/include/weft/")]
text = "\n".join(read(p) for p in headers)
code = re.sub(r"static inline .*?^}", "", re.sub(r"/\*.*?\*/", "", text, flags=re.S), flags=re.M | re.S)
declared = set(re.findall(r"^\w[\w *]*?[ *](weft_\w+)\([^;{]*?\);", code, re.M | re.S))
listed = set(re.findall(r"^\t(weft_\w+);", read("runtime/libweft.map"), re.M))
exported = set(re.findall(r" [A-Z] (\w+)(?:@@\w+[\d.]*)?$", subprocess.run(
    ["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout, re.M)) - {"WEFT_0.1"}


def difference(what, first, other, second):
    for name in sorted(first ^ second):
        yield f"{name} is {what if name in first else other} only"


tap = Tap()
tap.check("api: functions are declared", [] if len(declared) > 40 else [f"only {len(declared)}"])
tap.check("api: declared and in the symbol map", difference("declared", declared, "in the map", listed))
tap.check("api: in the symbol map and exported", difference("in the map", listed, "exported", {
    name for name in exported if not name.startswith("WEFT_")}))
tap.check("api: every declared function is described", [f"{name}: no /** {name}() */" for name in sorted(declared)
                                                       if not re.search(rf"\* {name}\(\)|/\*\* {name}\(\)", text)])
# all that can fail, but for two that only compute with what they are given
refused = set(re.findall(r"\brefused\((weft_\w+)\(", read("tests/unit/runtime/library_test.c")))
fallible = set(re.findall(r"^int (weft_\w+)\(", code, re.M)) - {"weft_command_run", "weft_tensor_split"}
tap.check("api: every call before weft_open() is in the test of that", difference("can fail", fallible, "tested", refused))
tap.check("api: every header is in weft.h", [h for h in headers if not h.endswith("/weft.h") and
          f'#include "{os.path.basename(h)}"' not in read("runtime/include/weft/weft.h")])
tap.done()
