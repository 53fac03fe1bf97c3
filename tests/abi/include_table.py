#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Who may include whom. The table below is the architecture; an include that resolves outside it fails."""
import os
import re
from tap import ROOT, Tap, read, tracked

# part (folder prefix, longest wins) -> folders and files it may include besides its own part
TABLE = {
    "driver/weft_pt": ["driver/weft_pt", "firmware/abi/pte.h", "firmware/abi/base.h"],  # also built in user space
    "driver": ["driver", "uapi", "firmware/abi"],
    "uapi": [],
    "firmware/abi": [],
    "firmware/core": ["firmware/abi", "firmware/hal/hal.h"],
    "firmware/hal": ["firmware/abi", "firmware/core"],
    "firmware/sign": ["firmware/abi"],
    "tools/card": ["firmware/abi"],
    "runtime/core": ["uapi", "firmware/abi", "runtime/include",
                     "tools/card/ops/ref.h"],   # device kind `host` runs the card's portable reference
    "runtime/include": [],
    "runtime/coll": ["runtime/core", "runtime/include"],
    "runtime/mpi": ["runtime/include"],     # a library of its own
    "runtime/exec": ["runtime/core", "runtime/plan", "runtime/include"],
    "runtime/plan": [],     # the verifier and planner know nothing of devices
    "runtime": ["runtime/include"],
    "tools/weft": ["runtime/include"],
    "Documentation": [],
    "Documentation/runtime": ["runtime/include"],
    "Documentation/uapi": ["uapi", "firmware/abi"],     # a program on the kernel's interface, without the library
    "tests/runtime": ["runtime/include", "tests"],
    "tests/kselftest": ["uapi", "firmware/abi", "tests/kselftest"],
    "tests": ["firmware", "uapi", "runtime", "tools/card", "tools/weft", "driver", "tests"],
}
# Only these runtime files may look at packets, and only this one at the kernel.
ONLY_IN = {
    "firmware/abi/packet.h": re.compile(r"^(runtime/core/list\w*\.[ch]|firmware/|driver/|tools/card/|tests/|Documentation/uapi/)"),
    "uapi/drm/weft_accel.h": re.compile(r"^(runtime/core/(sys\w*|device|query|weft)\w*\.[ch]|driver/|tests/|uapi/|Documentation/uapi/)"),
}
# Of headers from outside the tree: the library and all that links it are free of MPI.
OUTSIDE_ONLY_IN = {
    "mpi.h": re.compile(r"^(runtime/mpi/|tests/mpi/|tests/bench/mpi_bench\.c$)"),
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)
SEARCH = ["", "firmware/abi", "uapi", "uapi/drm", "runtime/include", "firmware/hal", "firmware", "tools/card",
          "tools/card/ops", "driver"]


def part_of(path):
    best = ""
    for part in TABLE:
        if path == part or path.startswith(part + "/") or (part == "driver/weft_pt" and
                                                           re.match(r"driver/weft_pt\w*\.[ch]$", path)):
            if len(part) > len(best):
                best = part
    return best


def resolve(includer, quote, name):
    """The file of the tree an include means, or None for one from outside it (system, generated)."""
    for base in ([os.path.dirname(includer)] if quote == '"' else []) + SEARCH:
        path = os.path.normpath(os.path.join(base, name))
        if os.path.exists(os.path.join(ROOT, path)) and not path.startswith(("build", "..")):
            return path
    return None


def allowed(part, target):
    if part_of(target) == part:
        return True
    return any(target == a or target.startswith(a + "/") or (a == "driver/weft_pt" and
               target.startswith("driver/weft_pt")) for a in TABLE[part])


def stray(path, name):
    return name in OUTSIDE_ONLY_IN and not OUTSIDE_ONLY_IN[name].match(path)


def problems():
    bad, only = [], []
    for path in tracked(".c", ".h"):
        part = part_of(path)
        if not part:
            bad.append(f"{path}: in no part of the table")
            continue
        for quote, name in INCLUDE.findall(read(path)):
            target = resolve(path, quote, name)
            if stray(path, name):
                only.append(f"{path}: only {OUTSIDE_ONLY_IN[name].pattern} may include {name}")
            if not target:
                continue
            if not allowed(part, target):
                bad.append(f"{path}: {part} may not include {target}")
            rule = ONLY_IN.get(target)
            if rule and not rule.match(path):
                only.append(f"{path}: only {rule.pattern} may include {target}")
    return bad, only


def self_test():
    """The check must be able to fail."""
    bad = []
    if allowed("tools/card", "driver/weft_pt.h") or allowed("tools/weft", "uapi/drm/weft_accel.h"):
        bad.append("a forbidden edge is allowed")
    if allowed("Documentation/runtime", "uapi/drm/weft_accel.h") or allowed("runtime", "uapi/drm/weft_accel.h"):
        bad.append("the kernel's interface is allowed where only the library's is")
    if not stray("runtime/coll/comm.c", "mpi.h") or stray("runtime/mpi/comm.c", "mpi.h") or allowed("runtime/mpi", "runtime/coll/comm.h"):
        bad.append("MPI's header is allowed in the library, or the library's insides in what takes MPI's calls over")
    planted = '#include <stdio.h>\n# include <drm/weft_accel.h>\n#include <firmware/abi/reg.h>\n#include "abi/reg.h"\n'
    found = [resolve("driver/weft_reg.c", *i) for i in INCLUDE.findall(planted)]
    if found != [None, "uapi/drm/weft_accel.h", "firmware/abi/reg.h", "firmware/abi/reg.h"]:
        bad.append(f"includes resolve to {found}")
    if resolve("runtime/core/sys.c", "<", "errno.h") or resolve("tools/weft/run.c", "<", "weft/weft.h") != \
            "runtime/include/weft/weft.h":
        bad.append("a system header is taken for one of the tree, or one of the library's is not seen")
    if not allowed("driver", "firmware/abi/reg.h") or allowed("firmware/core", "firmware/hal/host.h"):
        bad.append("an allowed edge is refused, or a sibling of an allowed file accepted")
    return bad


tap = Tap()
tap.check("include_table: the checker refuses forbidden edges", self_test())
forbidden, misplaced = problems()
tap.check("include_table: every include is in the table", forbidden)
tap.check("include_table: packets and the kernel interface are each known to few files", misplaced)
tap.done()
