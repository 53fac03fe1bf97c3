#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
The contract's headers: every structure has its size asserted and every member its place, every capability its bit, every
header its page.
"""
import re
from tap import Tap, read, tracked

HEADERS = [p for p in tracked(".h") if p.startswith("firmware/abi/")]
PAGES = "\n".join(read(p) for p in tracked(".rst") if p.startswith("Documentation/hardware/"))


def sizes(path, text):
    """Named structures and unions with a body, and no assert of their size."""
    for kind, name in re.findall(r"^(struct|union) (weft_\w+) \{", text, re.M):
        if not re.search(rf"WEFT_ASSERT_SIZE\({kind} {name},", text):
            yield f"{path}: {kind} {name} has no WEFT_ASSERT_SIZE"


def members(text):
    """Structures and their own members; what lies in an inner structure or union counts by the name of that."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for name, body in re.findall(r"^struct (weft_\w+) \{\n(.*?)^\};", text, re.M | re.S):
        while re.search(r"\{[^{}]*\}", body):
            body = re.sub(r"\{[^{}]*\}", "", body)
        for line in body.split(";"):
            words = re.sub(r"\[.*?\]", "", line).split(",")
            for word in words:
                if word.strip():
                    yield name, word.split()[-1]


def places(paths, layout):
    for path in paths:
        for name, member in members(read(path)):
            if f"WEFT_ASSERT_AT(struct {name}, {member}, " not in layout:
                yield f"{path}: struct {name}.{member} has no place in firmware/abi/layout.h"


def capability_bits(text):
    seen = {}
    for name, bit in re.findall(r"#define (WEFT_CAP_\w+)\s+WEFT_BIT64\((\d+)\)", text):
        if bit in seen:
            yield f"{name} and {seen[bit]} are both bit {bit}"
        seen[bit] = name
    if len(seen) < 10:
        yield f"only {len(seen)} capabilities found"


def pages(paths):
    for path in paths:
        name = path.rsplit("/", 1)[1]
        if name != "base.h" and name not in PAGES:
            yield f"{path}: no page of Documentation/hardware names it"


def self_test():
    if not list(sizes("x.h", "struct weft_horse {\n\tuint32_t legs;\n};\n")) or not list(pages(["firmware/abi/horse.h"])):
        yield "a structure without assert, or a header without page, is not noticed"
    if list(members("struct weft_a {\n\tu8 b, c[2];\n\tunion {\n\t\tu8 d;\n\t} e;\n};\n")) != [
            ("weft_a", "b"), ("weft_a", "c"), ("weft_a", "e")]:
        yield "members are not found"


tap = Tap()
tap.check("contract: the checks can fail", self_test())
tap.check("contract: the size of every structure is asserted", [p for h in HEADERS for p in sizes(h, read(h))])
tap.check("contract: the place of every member is asserted", places(HEADERS, read("firmware/abi/layout.h")))
tap.check("contract: each capability has a bit of its own", capability_bits(read("firmware/abi/reg.h")))
tap.check("contract: every header has its page", pages(HEADERS))
tap.done()
