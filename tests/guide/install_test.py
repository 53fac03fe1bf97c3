#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""install_test.py BUILD-DIRECTORY: what is installed lets a stranger build and run the first program."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "abi"))
from tap import ROOT, Tap  # noqa: E402

build = sys.argv[1]
FILES = ["lib*/**/libweft.so.0", "lib*/**/libweft-mpi.so", "include/weft-mpi.h", "lib*/**/pkgconfig/weft.pc", "include/weft/weft.h", "bin/weft", "bin/weft-card",
         "share/man/man1/weft.1", "share/man/man1/weft-run.1", "share/man/man1/weft-card.1",
         "share/man/man1/weft-dump.1", "share/bash-completion/completions/weft", "lib/udev/rules.d/60-weft.rules",
         "lib/sysusers.d/weft.conf"]


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


def access_rules(prefix):
    """udev takes the rule as it is; it names the group that sysusers makes, and gives nobody else anything."""
    rule = find(prefix, "lib/udev/rules.d/60-weft.rules")[0]
    if shutil.which("udevadm"):
        yield from run("udevadm", "verify", "--no-summary", "--resolve-names=never", rule)[0]
    with open(rule) as f:
        lines = [line for line in f.read().splitlines() if line and not line.startswith("#")]
    for line in lines:
        for part in ('SUBSYSTEM=="accel"', 'DRIVERS=="weft"', 'GROUP="weft"', 'MODE="0660"'):
            if part not in line:
                yield f"{part} is not in {line}"
    if not lines:
        yield "no rule at all"
    with open(find(prefix, "lib/sysusers.d/weft.conf")[0]) as f:
        if "\ng weft -\n" not in f.read():
            yield "no group weft"


def uninstalled(where):
    """What is installed can be taken away again, and what others put beside it stays."""
    with tempfile.TemporaryDirectory() as target:
        shutil.copytree(where, target, dirs_exist_ok=True, symlinks=True)
        other = os.path.join(target, "usr/local/bin/other")
        with open(other, "w") as f:
            f.write("x")
        yield from run("make", "-s", "-C", ROOT, "uninstall", f"INSTALLED={where}", f"DESTDIR={target}")[0]
        left = {os.path.join(d, name) for d, _, names in os.walk(target) for name in names}
        yield from (f"{path} is left" for path in sorted(left - {other}))
        if other not in left:
            yield "somebody else's file is gone"


tap = Tap()
with tempfile.TemporaryDirectory() as where:
    tap.check("install: it works", run("meson", "install", "-C", build, "--no-rebuild", "--destdir", where)[0])
    prefix = os.path.join(where, "usr/local")
    missing = [f"{pattern} is not installed" for pattern in FILES if not find(prefix, pattern)]
    tap.check("install: library, headers, tools, man pages and completion", missing)
    tap.check("install: udev rule and group", missing or access_rules(prefix))
    tap.check("install: uninstall takes away what was installed", missing or uninstalled(where))
    tap.check("install: the first program builds by pkg-config and runs",
              ["nothing to build with"] if missing else first_program(where, prefix))
tap.done()
