#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Set-up as a newcomer meets it: refused before any change without rights, keyed by its recipe, skipped when done."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "abi"))
from tap import ROOT, Tap  # noqa: E402

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def clone(where, name):
    """What set-up needs of a clone, readable by everyone."""
    path = os.path.join(where, name)
    os.mkdir(path)
    shutil.copy(os.path.join(ROOT, "Makefile"), path)
    shutil.copytree(os.path.join(ROOT, "tools/rig"), os.path.join(path, "tools/rig"),
                    ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", path], check=True)
    return path


def run(command, cwd, cache, user=()):
    env = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": cache, "HOME": "/nonexistent"}
    r = subprocess.run([*user, *command], cwd=cwd, env=env, capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def tree(*paths):
    return sorted(os.path.join(d, f) for path in paths for d, _, files in os.walk(path) for f in files + [""])


def refused(first, cache, target):
    before = tree(first, cache)
    code, out, err = run(["make", target], first, cache, NOBODY)
    if code == 0 or f"sudo make {target}" not in err or out:
        yield f"make {target} ended with {code}: {out!r} {err!r}"
    if tree(first, cache) != before:
        yield f"make {target} left something behind: {set(tree(first, cache)) - set(before)}"


def keyed(first, second, cache):
    key = [run(["tools/rig/key"], clone, cache)[1] for clone in (first, second)]
    if key[0] != key[1] or not key[0].startswith(cache):
        yield f"two clones of one recipe have roots {key}"
    with open(os.path.join(second, "tools/rig/packages"), "a") as f:
        f.write("hello\n")
    if run(["tools/rig/key"], second, cache)[1] == key[0]:
        yield "another recipe has the same root"


def skipped(first, cache):
    """With the root there, set-up needs no rights, says nothing and changes nothing."""
    root = run(["tools/rig/key"], first, cache)[1].strip()
    os.makedirs(os.path.join(root, "etc"))
    open(os.path.join(root, "etc/weft-packages"), "w").close()
    before = tree(first, cache)
    result = run(["make", "setup"], first, cache, NOBODY)
    if result != (0, "", ""):
        yield f"make setup with a root ended with {result}"
    if tree(first, cache) != before:
        yield "make setup with a root changed something"


def nothing_ran():
    """The suite that a quick run leaves out, asked for alone."""
    r = subprocess.run([sys.executable, "-B", "tests/run.py", "--quick", "kselftest-612"], cwd=ROOT,
                       capture_output=True, text=True, timeout=60)
    last = r.stdout.splitlines()[-1:]
    if r.returncode == 0 or last != ["0 passed, 1 failed, 0 skipped"]:
        yield f"it ended with {r.returncode}, last line {last}"


tap = Tap()
with tempfile.TemporaryDirectory() as where:
    os.chmod(where, 0o755)
    cache = os.path.join(where, "cache")
    os.mkdir(cache)
    os.chmod(cache, 0o777)
    first, second = clone(where, "first"), clone(where, "second")
    for target in ("run", "test"):
        tap.check(f"setup: make {target} without rights is refused before any change", refused(first, cache, target))
    tap.check("setup: clones of one recipe share a root, another recipe has its own", keyed(first, second, cache))
    tap.check("setup: with the root there set-up is skipped", skipped(first, cache))
tap.check("setup: a test run in which no test ran is a failure", nothing_ran())
tap.done()
