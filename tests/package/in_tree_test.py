#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
A kernel's source tree with weft put in: its configuration offers the driver, make builds it there without a warning, its
maintainers and pages are found.
"""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools/rig"), str(ROOT / "tests/abi")]
import check  # noqa: E402
import source_tree  # noqa: E402
from common import Refused  # noqa: E402
from tap import Tap  # noqa: E402

ENTRY = "DRM ACCEL DRIVER FOR WEFT CARDS"


def built(tree):
    """Warnings in our files, and what the module says of itself."""
    try:
        found = check.in_tree(tree)
    except Refused as error:
        return [f"{error}"]
    module = tree / "obj" / source_tree.WEFT / "weft.ko"
    fields = {name: subprocess.run(["modinfo", "-F", name, module], check=True, capture_output=True, text=True).stdout
              for name in ("intree", "firmware", "license", "alias")}
    return found + [
        f"modinfo {name}: {fields[name].strip()}, wanted {want}"
        for name, want in (("intree", "Y"), ("firmware", "weft/weft-fw.bin"), ("license", "GPL"),
                           ("alias", "pci:v00001234d00005745")) if want not in fields[name]]


def maintained(src):
    """The entry stands once, and every file or folder that it names is there."""
    text = (src / "MAINTAINERS").read_text(errors="replace")
    entry = text.partition(f"\n{ENTRY}\n")[2].partition("\n\n")[0]
    named = [line.split(None, 1)[1] for line in entry.splitlines() if line.startswith("F:")]
    if text.count(f"\n{ENTRY}\n") != 1 or not named:
        yield f"{text.count(ENTRY)} entries with {len(named)} files"
    for name in named:
        if not list(src.glob(name.rstrip("/"))):
            yield f"no {name}"


def pages(src):
    docs = src / "Documentation/accel/weft"
    for name in ("index.rst", "uapi/weft.rst", "hardware/index.rst"):
        if not (docs / name).is_file():
            yield f"no {docs / name}"


tap = Tap()
with source_tree.with_weft() as where:
    config = (where / "obj/.config").read_text().splitlines()
    tap.check("in tree: its Kconfig offers the driver, with what it selects",
              [f"no {line}" for line in ("CONFIG_DRM_ACCEL_WEFT=m", "CONFIG_DRM_GPUVM=m", "CONFIG_DRM_SCHED=m",
                                         "CONFIG_WANT_DEV_COREDUMP=y", "CONFIG_DEV_COREDUMP=y") if line not in config])
    tap.check("in tree: its Kbuild makes weft.ko without a warning", built(where))
    tap.check("in tree: its MAINTAINERS names files that are there", maintained(where / "src"))
    tap.check("in tree: its pages are in their place", pages(where / "src"))
tap.done()
