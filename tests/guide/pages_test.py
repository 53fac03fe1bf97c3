#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What README and Documentation name exists: make targets and variables, commands of weft, files, functions, links."""
import functools
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "abi"))
from tap import ROOT, Tap, read, tracked  # noqa: E402

TOP = r"(?:driver|uapi|firmware|runtime|tools|tests|Documentation|LICENSES)"


def pages():
    return ["README.md"] + [p for p in tracked(".rst") if p.startswith("Documentation/")]


def words(makefile):
    """Targets and variables of the Makefile."""
    phony = re.search(r"^\.PHONY:(.*)$", makefile, re.M).group(1).split()
    return set(phony), set(re.findall(r"^#:\s{3}([A-Z_]+)\s", makefile, re.M))


def literals(text):
    """Inline code of both languages, and the lines of fenced and indented blocks."""
    fenced = [line for block in re.findall(r"^```\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]
    indented = [line.strip().removeprefix("$ ") for line in re.findall(r"^(?: {4,}|\t)(\S.*)$", text, re.M)]
    return re.findall(r"``([^`]+)``", text) + re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text) + \
        [line for line in fenced + indented if re.match(r"(make|weft|tools/)\S* ", line)]


def make_problems(page, text):
    targets, variables = words(read("Makefile"))
    for literal in literals(text):
        if not re.match(r"make(\s|$)", literal):
            continue
        for word in re.split(r"\s#|\s\s|[;&|]", literal)[0].split()[1:]:
            name, is_variable, _ = word.partition("=")
            if is_variable and name not in variables or not is_variable and name not in targets | {"TARGET"}:
                yield f"{page}: `{literal}`: no {'variable' if is_variable else 'target'} {name}"


def command_problems(page, text):
    commands = set(re.findall(r'^\t\{ "(\w+)", "', read("tools/weft/weft.c"), re.M)) | {"COMMAND"}
    for literal in literals(text):
        found = re.match(r"weft ([a-z]\w*)", literal)
        if found and found.group(1) not in commands:
            yield f"{page}: `{literal}`: weft has no command {found.group(1)}"


def path_problems(page, text):
    for literal in literals(text):
        for path in re.findall(rf"(?<![\w/.]){TOP}/[\w./*-]*", literal):
            path = path.rstrip(".")
            if not glob.glob(os.path.join(ROOT, path)):
                yield f"{page}: no file {path}"


def function_problems(page, text):
    """``file: function()`` is defined or declared there."""
    for path, name in re.findall(rf"``({TOP}/[\w./-]+): (\w+)\(\)``", text):
        if os.path.exists(os.path.join(ROOT, path)) and not re.search(rf"\b{name}\(", read(path)):
            yield f"{page}: {path} has no {name}()"


@functools.cache
def code():
    return "\n".join(read(p) for p in tracked(".c", ".h", ".S", ".in", ".map"))


def name_problems(page, text):
    """Constants, functions and tables by their prefix; _X stands for any name."""
    for name in sorted(set(re.findall(r"\b(?:DRM_|DRM_IOCTL_)?(?:WEFT|WFW|WCARD)_[A-Z0-9_]*[A-Z0-9]\b", text)) |
                       set(re.findall(r"``((?:weft|wfw|wcard)_\w+)(?:\(\))?``", text))):
        if not name.endswith("_X") and not re.search(rf"\b{name}\b", code()):
            yield f"{page}: {name} is nowhere in the code"


def link_problems(page, text):
    if page.endswith(".md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            if not os.path.exists(os.path.join(ROOT, os.path.dirname(page), link)):
                yield f"{page}: link to {link}, which is not there"
    for link in re.findall(r"^\.\. include:: (\S+)", text, re.M):
        if not os.path.exists(os.path.join(ROOT, os.path.dirname(page), link)):
            yield f"{page}: includes {link}, which is not there"


CHECKS = [("make targets and variables", make_problems), ("commands of weft", command_problems),
          ("files and folders", path_problems), ("functions", function_problems), ("links", link_problems),
          ("constants and tables", name_problems)]
WRONG = """`make frobnicate` and ``make run HORSES=4`` and ``weft sing`` in ``driver/weft_horse.c`` and
``driver/weft_drv.c: weft_horse()`` and [a link](nowhere.md), a row of WEFT_HORSES
"""


def self_test():
    """Each check must be able to fail."""
    for name, check in CHECKS:
        if not list(check("x.md", WRONG)):
            yield f"the check of {name} finds nothing wrong in a page that is"


def building():
    """What `make docs` says of faulty pages."""
    with tempfile.TemporaryDirectory() as target:
        made = subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tools/rig/docs.py"), target], stderr=subprocess.PIPE,
                              text=True, check=False)
    return made.stderr.splitlines()[-12:] if made.returncode else []


tap = Tap()
tap.check("pages: all become HTML and manual pages, without a warning", building())
tap.check("pages: the checks can fail", self_test())
for name, check in CHECKS:
    tap.check(f"pages: {name} that pages name exist", [p for page in pages() for p in check(page, read(page))])
tap.check("pages: lines fit", [f"{page}:{n}: {len(line)} characters" for page in pages() if page.endswith(".rst")
                               for n, line in enumerate(read(page).splitlines(), 1) if len(line) > 130])
tap.done()
