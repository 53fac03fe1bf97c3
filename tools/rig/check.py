# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Static checks of the module: sparse and W=1 on the debug kernel's build, checkpatch on every source."""
import subprocess

import debug_kernel
import kernels
from common import BUILD, CLONE, LOGS, Refused, say

# Told by checkpatch about files that live outside a kernel tree.
NOT_HERE = "FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE,MACRO_ARG_REUSE,LONG_LINE,LONG_LINE_COMMENT"


def sparse():
    kernel = kernels.get("debug")
    kernel.name = "check"   # objects of its own
    (BUILD / "modules/check/stamp").unlink(missing_ok=True)
    kernels.build_module(kernel, ["C=2", "W=1"])
    lines = (LOGS / "module-check.log").read_text().splitlines()
    return [line for line in lines if ": warning:" in line or ": error:" in line]


def checkpatch():
    script = debug_kernel.prepare() / "share/checkpatch.pl"
    sources = [p for p in kernels.mirror_sources(BUILD / "modules/check/src") if p.suffix in (".c", ".h")
               and (CLONE / "driver") in p.parents]
    run = subprocess.run(["perl", script, "--no-tree", "-f", "--strict", "--terse", "--no-summary", "--show-types",
                          "--ignore", NOT_HERE, "--max-line-length=120", *sources], capture_output=True, text=True)
    return [line for line in run.stdout.splitlines() if ": ERROR:" in line or ": WARNING:" in line
            or ": CHECK:" in line]


def run():
    found = sparse() + checkpatch()
    for line in found:
        print(line.replace(f"{CLONE}/", ""))
    say(f"{len(found)} findings")
    if found:
        raise Refused("static checks found something")
    return 0
