# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The kernel's source with weft in it, as a maintainer of the kernel would have it: unpacked from Debian's linux-source
once, configured with CONFIG_DRM_ACCEL_WEFT=m, prepared for building single directories. `make check` works in it."""
import contextlib
import os
import shutil
from pathlib import Path

import built_kernel
from common import CACHE, CLONE, LOGS, RIG, Refused, digest, lock, progress, run_logged

WEFT = "drivers/accel/weft"


def fragment():
    """Lines of the configuration. Helpers without a prompt are left out: weft's Kconfig entry must select them."""
    lines = [line for line in built_kernel.MACHINE.read_text().splitlines() if line.startswith("CONFIG_")
             and line.removeprefix("CONFIG_").split("=")[0] not in built_kernel.PROMPTLESS]
    return lines + ["CONFIG_DRM_ACCEL_WEFT=m"]


def directory():
    return CACHE / f"source-{digest(built_kernel.source()[1], Path(__file__), chr(10).join(fragment()))}"


def unpack(final, log):
    new = final.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    (new / "src").mkdir(parents=True)
    with progress("unpacking the kernel source"):
        run_logged(["tar", "-xf", built_kernel.source()[0], "-C", new / "src", "--strip-components=1",
                    *[f"--exclude={p}" for p in built_kernel.LEFT_OUT]], log)
    new.rename(final)


def add_weft(tree):
    """What Documentation/mainline.rst says, by the script that it names; files that are the same keep their times."""
    run_logged([RIG / "to-tree", tree], LOGS / "to-tree.log")


def make(where, *targets):
    return ["nice", "make", "-s", "-C", where / "src", f"O={where}/obj", f"-j{os.cpu_count()}", *targets]


@contextlib.contextmanager
def with_weft():
    """The tree, ours for as long as the context lasts, with this clone's driver in it and its configuration made."""
    where, log = directory(), LOGS / "source-tree.log"
    with lock(where.with_suffix(".lock")):
        if not where.exists():
            unpack(where, log)
        add_weft(where / "src")
        wanted = where / "fragment"
        wanted.write_text("\n".join(fragment()) + "\n")
        run_logged(make(where, f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig"), log)
        have = (where / "obj/.config").read_text().splitlines()
        if "CONFIG_DRM_ACCEL_WEFT=m" not in have:
            raise Refused("CONFIG_DRM_ACCEL_WEFT=m did not survive in the kernel's tree; see driver/Kconfig")
        if not (where / "obj/scripts/mod/modpost").exists():
            with progress("preparing the kernel source (once)"):
                run_logged(make(where, "modules_prepare"), log)
        yield where


def build(where, *more):
    """weft.ko in the tree; the compiler's and sparse's lines."""
    for old in (where / "obj" / WEFT).glob("*.o"):
        old.unlink()
    log = LOGS / "in-tree.log"
    # without a vmlinux modpost knows no symbol of the kernel
    run_logged(make(where, *more, "KBUILD_MODPOST_WARN=1", f"{WEFT}/weft.ko"), log)
    if not (where / "obj" / WEFT / "weft.ko").exists():
        raise Refused(f"no weft.ko was made in the kernel's tree; see {log}")
    return log.read_text().splitlines()


if __name__ == "__main__":
    with with_weft() as here:
        print("\n".join(build(here)))
