#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Rules of the tree that a reader relies on: licences, file sizes, root entries, and the status page's test names."""
import re
from tap import Tap, read, tracked

LICENCE = [  # first match wins
    (r"^uapi/", "(GPL-2.0-only WITH Linux-syscall-note) OR MIT"),
    (r"^firmware/abi/", "GPL-2.0-only OR MIT"),
    (r"^(driver|tests/kselftest|tests/kunit)/|^Kbuild$", "GPL-2.0-only"),
    (r"", "MIT"),
]
# files that carry no SPDX line: the licences themselves, keys, and what is read by programs that know no comment
BARE = re.compile(r"^LICENSES/|\.(key|pub|json|png|bin)$")
ROOT_ENTRIES = {".ci", ".gitignore", "Documentation", "Kbuild", "LICENSES", "Makefile", "README.md", "driver",
                "firmware", "meson.build", "meson.options", "meson_options.txt", "runtime", "tests", "tools", "uapi",
                "CONTRIBUTING.md", "MAINTAINERS", ".clang-format", ".editorconfig"}
STATUS = "Documentation/status.rst"
FEATURES = "Documentation/driver-features.rst"
MINICARD = "tests/contract/minicard/"
MINICARD_LINES = 1499
# a longer file explains itself at its top with this word
EXCEPTION = "Long because"


def licences():
    for path in tracked():
        if BARE.search(path):
            continue
        want = next(lic for pattern, lic in LICENCE if re.match(pattern, path))
        head = "\n".join(read(path).splitlines()[:4])
        found = re.search(r"SPDX-License-Identifier:\s*(.*?)\s*(?:\*/|-->)?\s*$", head, re.M)
        if not found:
            yield f"{path}: no SPDX line"
        elif found.group(1) != want:
            yield f"{path}: SPDX {found.group(1)}, want {want}"


def sizes():
    for path in tracked(".c", ".h", ".py", ".sh"):
        text = read(path)
        limit = 600 if not path.endswith(".sh") else 100
        if text.count("\n") > limit and EXCEPTION not in text[:1500]:
            yield f"{path}: {text.count(chr(10))} lines, limit {limit}"


def minicard():
    """A second card has to be small enough to be written from the text alone: all its lines count, as `wc -l` does."""
    lines = sum(read(path).count("\n") for path in tracked(".c", ".h") if path.startswith(MINICARD))
    if not 0 < lines <= MINICARD_LINES:
        yield f"{MINICARD}: {lines} lines, limit {MINICARD_LINES}"


def root_entries():
    for path in tracked():
        if path.split("/")[0] not in ROOT_ENTRIES:
            yield f"{path}: unexpected entry in the root"


def status(page, text, at_least=20):
    """Every test named on the status page as ``file`` or ``file: name`` exists."""
    files = set(tracked())
    named = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.count("``") % 2:
            yield f"{page}:{number}: a name that goes over the end of the line is not checked"
        for ref in re.findall(r"``(tests/[^`:]+?)(?:: ?([^`]+))?``", line):
            named += 1
            if ref[0] not in files:
                yield f"{page}:{number}: no file {ref[0]}"
            elif ref[1] and ref[1] not in read(ref[0]):
                yield f"{page}:{number}: {ref[0]} has no test {ref[1]}"
    if named < at_least:
        yield f"{page}: only {named} tests named"


def status_self_test():
    """A page with a file, a test and a name over two lines that are wrong, and with fewer tests than there must be."""
    found = list(status("x.rst", "``tests/none.c: a``\n``tests/abi/tree.py: frob" + "nicate``\n``tests/run.py:\n"))
    if len(found) != 4:
        yield f"of four faults of a page these were found: {found}"


tap = Tap()
tap.check("tree: every file carries the licence of its part", licences())
tap.check("tree: files a head can hold", sizes())
tap.check("tree: the minimal card has fewer than 1,500 lines", minicard())
tap.check("tree: only known entries in the root", root_entries())
tap.check("tree: the check of the status page can fail", status_self_test())
tap.check("tree: tests named in status.rst exist", status(STATUS, read(STATUS)))
tap.check("tree: tests named in driver-features.rst exist", status(FEATURES, read(FEATURES), 10))
tap.done()
