#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""install_test.py BUILD-DIRECTORY: what is installed lets a stranger build and run the first program."""
import glob
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "abi"))
from tap import ROOT, Tap  # noqa: E402

build = sys.argv[1]
FILES = ["lib*/**/libweft.so.0", "lib*/**/pkgconfig/weft.pc", "include/weft/weft.h", "bin/weft", "bin/weft-card",
         "share/man/man1/weft.1", "share/man/man1/weft-run.1", "share/man/man1/weft-card.1",
         "share/bash-completion/completions/weft"]


def run(*command, **options):
    r = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    return [] if r.returncode == 0 else [f"{command} ended with {r.returncode}: {r.stdout}{r.stderr}"], r.stdout


def find(prefix, pattern):
    return glob.glob(os.path.join(prefix, pattern), recursive=True)


def first_program(where, prefix):
    pc = find(prefix, "lib*/**/pkgconfig")
    env = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=where, PKG_CONFIG_PATH=pc[0])
    problems, flags = run("pkg-config", "--cflags", "--libs", "weft", env=env)
    if problems:
        return problems
    program = os.path.join(where, "first")
    problems, _ = run("cc", os.path.join(ROOT, "Documentation/runtime/first.c"), "-o", program, *flags.split(),
                      cwd=where)
    env["LD_LIBRARY_PATH"] = os.path.dirname(find(prefix, "lib*/**/libweft.so.0")[0])
    return problems or run(program, "host", env=env)[0]


tap = Tap()
with tempfile.TemporaryDirectory() as where:
    tap.check("install: it works", run("meson", "install", "-C", build, "--no-rebuild", "--destdir", where)[0])
    prefix = os.path.join(where, "usr/local")
    missing = [f"{pattern} is not installed" for pattern in FILES if not find(prefix, pattern)]
    tap.check("install: library, headers, tools, man pages and completion", missing)
    tap.check("install: the first program builds by pkg-config and runs",
              ["nothing to build with"] if missing else first_program(where, prefix))
tap.done()
