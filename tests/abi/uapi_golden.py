#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
The driver interface, dumped by the compiler for 64- and 32-bit callers, against uapi_golden.txt; and a note for each
change: the newest entry of Documentation/uapi/changes.rst bears the digest of that file. `uapi_golden.py --write` renews
the file and says which digest the note wants.
"""
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from tap import ROOT, Tap, read

HEADER = "uapi/drm/weft_accel.h"
GOLDEN = "tests/abi/uapi_golden.txt"
NOTES = "Documentation/uapi/changes.rst"
HEAD = "# SPDX-License-Identifier: MIT\n# Copyright 2026 The weft authors\n# Written by uapi_golden.py --write.\n"
# what may change without a change of the interface
VERSION = {"DRM_WEFT_UAPI_MAJOR", "DRM_WEFT_UAPI_MINOR"}
COMPILE = ["gcc", "-std=gnu11", "-w", f"-I{ROOT}/uapi/drm", "-I/usr/include/libdrm"]


def members(body):
    """Names of the members of a structure, and of the structures inside it with a dot before theirs."""
    inner = re.search(r"(?:struct|union)(?: \w+)? \{([^{}]*)\}\s*(\w*)", body)
    while inner:
        prefix = f"{inner.group(2)}." if inner.group(2) else ""
        yield from (prefix + name for name in members(inner.group(1)))
        body = body[:inner.start()] + (f"x {inner.group(2)}" if inner.group(2) else "") + body[inner.end():]
        inner = re.search(r"(?:struct|union)(?: \w+)? \{([^{}]*)\}\s*(\w*)", body)
    for words in body.split(";"):
        for word in re.sub(r"\[.*?\]", "", words).split(","):
            if word.strip():
                yield word.split()[-1].lstrip("*")


def questions(text):
    """Lines of a table in C: name, size and offset of all structures and members, and the value of every constant."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\}", text, re.M | re.S):
        yield f'{{ "struct {name}", sizeof(struct {name}), ALIGN(struct {name}) }},'
        for member in members(body):
            yield (f'{{ "struct {name}.{member}", sizeof(((struct {name} *)0)->{member}), '
                   f"offsetof(struct {name}, {member}) }},")
    for body in re.findall(r"^enum \w+ \{\n(.*?)^\};", text, re.M | re.S):
        for name in re.findall(r"^\s*(\w+)", body, re.M):
            yield f'{{ "{name}", {name}, 0 }},'
    for name in re.findall(r"^#define (DRM_(?:IOCTL_)?WEFT_\w+)[ \t]+\S", text, re.M):
        if name not in VERSION:
            yield f'{{ "{name}", {name}, 0 }},'


def dump(text, bits=64):
    """One line for each question, answered by the compiler; nothing is run, the table is read from assembler text."""
    rows = list(questions(text))
    names = [re.match(r'\{ "([^"]+)"', row).group(1) for row in rows]
    code = (f"{text}\n#include <stddef.h>\n#define ALIGN(t) _Alignof(t)\n"
            + "struct row { const char *n; unsigned long long a, b; };\n"
            + "".join(f"const unsigned long long weft_row_{i}[2] = {{ {row.split(', ', 1)[1][:-3]} }};\n"
                      for i, row in enumerate(rows)))
    with tempfile.TemporaryDirectory() as where:
        source = Path(where) / "dump.c"
        source.write_text(code)
        run = subprocess.run([*COMPILE, f"-m{bits}", "-S", "-O1", "-fno-toplevel-reorder", "-o", "-", source],
                             capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    # an object of zeros is written as one .zero
    values = {}
    for number, body in re.findall(r"^weft_row_(\d+):\n((?:\s+\.(?:quad|long|zero)\s+\S+\n)+)", run.stdout, re.M):
        data = b"".join((int(v, 0) % (1 << 64)).to_bytes(8, "little") if k == "quad" else
                        (int(v, 0) % (1 << 32)).to_bytes(4, "little") if k == "long" else bytes(int(v, 0))
                        for k, v in re.findall(r"\.(quad|long|zero)\s+(\S+)", body))
        values[int(number)] = int.from_bytes(data[:8], "little"), int.from_bytes(data[8:16], "little")
    for i, name in enumerate(names):
        first, second = values[i]
        if name.startswith("struct "):
            yield f"{name} size {first} {'at' if '.' in name else 'align'} {second}"
        else:
            yield f"{name} {first:#x}"


def difference(have, want):
    gone, new = sorted(set(want) - set(have)), sorted(set(have) - set(want))
    return [f"golden: {line}" for line in gone] + [f"header: {line}" for line in new]


def compare(text, golden, bits=64):
    have = list(dump(text, bits))
    want = [line for line in golden.splitlines() if not line.startswith("#")]
    if bits == 32:      # alignment within the i386 ABI may be less; sizes and places may not differ
        have, want = ([re.sub(r" align \d+$", "", line) for line in lines] for lines in (have, want))
    found = difference(have, want)
    if not have:
        found.append("nothing found in the header")
    if not found and have != want:
        found.append(f"same lines in another order; tests/abi/{Path(__file__).name} --write renews {GOLDEN}")
    return found


def digest(golden):
    return hashlib.sha256(golden.encode()).hexdigest()[:12]


def noted(page, golden):
    """The first digest on the page is that of the newest entry, and the entry says something."""
    entries = re.findall(r"^``([0-9a-f]{12})``\n((?:^[ \t]+\S.*\n)*)", page, re.M)
    if not entries:
        yield f"{NOTES} has no entry"
    elif entries[0][0] != digest(golden):
        yield f"{NOTES}: the newest entry is for {entries[0][0]}; say what changed in one for {digest(golden)}"
    elif not entries[0][1].strip():
        yield f"{NOTES}: the newest entry says nothing"


def self_test(text, golden):
    """Each kind of change must be seen."""
    plants = {"a widened member": (r"__u32 fw_version;", "__u64 fw_version;"),
              "swapped members": (r"(\t__u32 \w+;)\n(\t__u32 \w+;)", r"\2\n\1"),
              "another number": (r"(#define DRM_WEFT_SUBMIT\s+)0x0a", r"\g<1>0x7a"),
              "another flag": (r"(#define DRM_WEFT_BIND_SEM\s+)0x4", r"\g<1>0x40"),
              "a direction": (r"DRM_IOWR\(DRM_COMMAND_BASE \+ DRM_WEFT_QUERY,", "DRM_IOW(DRM_COMMAND_BASE + DRM_WEFT_QUERY,"),
              "a new constant": (r"(#define DRM_WEFT_KICK\t)", r"#define DRM_WEFT_PLANTED 1\n\1")}
    for what, (pattern, to) in plants.items():
        planted = re.sub(pattern, to, text, count=1)
        if planted == text:
            yield f"could not plant {what}"
        elif not compare(planted, golden):
            yield f"{what} is not seen"
    if not list(noted(f"``{'0' * 12}``\n  Something.\n", golden)) or not list(noted(f"``{digest(golden)}``\n", golden)):
        yield "a change without a note is not seen"


header = read(HEADER)
if sys.argv[1:] == ["--write"]:
    content = HEAD + "\n".join(dump(header)) + "\n"
    (Path(ROOT) / GOLDEN).write_text(content)
    sys.exit(f"{GOLDEN} written; the newest entry of {NOTES} is to be for {digest(content)}")
kept = read(GOLDEN)
tap = Tap()
tap.check("uapi_golden: every kind of change is seen", self_test(header, kept))
tap.check("uapi_golden: layouts and numbers of 64-bit callers", compare(header, kept))
tap.check("uapi_golden: layouts and numbers of 32-bit callers", compare(header, kept, 32))
tap.check("uapi_golden: the newest change has its note", noted(read(NOTES), kept))
tap.done()
