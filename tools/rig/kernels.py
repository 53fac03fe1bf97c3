# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The kernels: `main` (newest stock), `612` (stock LTS), `debug` and `kcsan` (built here), and those of which only headers
are there; and weft.ko built for each."""
import lzma
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import built_kernel
from common import BUILD, CACHE, CLONE, LOGS, Refused, digest, lock, progress, run_logged

NAMES = ("main", "612", *built_kernel.NAMES)
BOOTABLE = (*NAMES, "kcov")     # kcov: the debug kernel with a weft.ko that tells KCOV where it was


@dataclass
class Kernel:
    name: str
    release: str
    version: str        # of the Debian package it comes from
    image: Path | None  # none: weft.ko is compiled for it and nothing boots
    build: Path         # external-module build directory
    modules: Path | None  # stock modules; a kernel built here has everything built in

    @property
    def debugs(self):
        """It is the debug kernel, whatever its weft.ko is built with."""
        return self.name in ("debug", "coverage", "kcov")

    @property
    def out(self):
        return BUILD / "modules" / self.name

    @property
    def weft(self):
        return self.out / "weft.ko"


def stock():
    for line in Path("/etc/weft-kernels").read_text().splitlines():
        name, release, version = line.split()
        yield Kernel(name, release, version, Path(f"/boot/vmlinuz-{release}"),
                     Path(f"/usr/lib/modules/{release}/build"), Path(f"/usr/lib/modules/{release}"))


def compile_only():
    """Kernels of which the root has headers alone, named by their version."""
    for release in Path("/etc/weft-headers").read_text().split():
        yield Kernel(release.partition("+")[0], release, release, None, Path(f"/usr/lib/modules/{release}/build"), None)


def every_name():
    return (*NAMES, *(kernel.name for kernel in compile_only()))


def get(name):
    # three of one kernel: a weft.ko that counts its lines, one that tells its places
    built = {"debug": "debug", "coverage": "debug", "kcov": "debug", "kcsan": "kcsan"}.get(name)
    if built:
        where = built_kernel.prepare(built)
        return Kernel(name, (where / "release").read_text().strip(), built_kernel.source()[1],
                      where / "vmlinuz", where / "build", None)
    for kernel in (*stock(), *compile_only()):
        if kernel.name == name:
            return kernel
    raise Refused(f"no kernel `{name}`; there are {', '.join(every_name())}")


def mirror_sources(src):
    """Links every source of the module under src, so that each kernel's objects stay apart. Returns the sources."""
    sources = []
    for top in ("driver", "uapi", "firmware/abi", "tests/kunit", "tests/kselftest/module"):
        if not (CLONE / top).is_dir():
            continue
        for path in sorted((CLONE / top).rglob("*")):
            if path.is_file() and (path.suffix in (".c", ".h", ".S", ".sh", ".py")
                                   or path.name in ("Kbuild", "Makefile", "Kconfig")):
                sources.append(path)
    sources.append(CLONE / "Kbuild")
    wanted = {src / path.relative_to(CLONE): path for path in sources}
    if src.is_dir():
        for link in src.rglob("*"):
            # one that leads elsewhere is of a tree that was copied or moved
            if link.is_symlink() and (link not in wanted or os.readlink(link) != str(wanted[link])):
                link.unlink()
    for link, path in wanted.items():
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return sources


KEPT = 18       # builds of the module that are kept outside the clones: those of three drivers


def take_kept(kernel, key):
    """What another clone built of the same sources for the same kernel. False: nobody has."""
    kept = CACHE / "modules" / key
    if not (kept / "weft.ko").exists():
        return False
    for old in kernel.out.glob("*.ko"):
        old.unlink()
    for ko in kept.glob("*.ko"):
        shutil.copy(ko, kernel.out / ko.name)
    os.utime(kept)
    return True


def keep(kernel, key):
    kept = CACHE / "modules" / key
    with lock(CACHE / "modules.lock"):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for ko in kernel.out.glob("*.ko"):
            shutil.copy(ko, kept / f".{ko.name}")
        for ko in kept.glob(".*.ko"):       # weft.ko last: it says that all are there
            if ko.name != ".weft.ko":
                ko.rename(kept / ko.name[1:])
        (kept / ".weft.ko").rename(kept / "weft.ko")
        builds = sorted((CACHE / "modules").iterdir(), key=lambda path: path.stat().st_mtime)
        for old in builds[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def build_module(kernel, extra=()):
    """weft.ko (and what else driver/Kbuild makes) for one kernel; nothing is done when no source changed."""
    if not (CLONE / "driver/Kbuild").exists():
        return None
    with lock(kernel.out / "lock"):
        sources = mirror_sources(kernel.out / "src")
        key = digest(kernel.release, kernel.version, str(kernel.build), " ".join(extra),
                     *[part for path in sources for part in (str(path.relative_to(CLONE)), path)])
        # those two are asked where their sources are; a check wants the compiler to run
        shared = not extra and kernel.name not in ("coverage", "kcov")
        stamp = kernel.out / "stamp"
        if kernel.weft.exists() and stamp.exists() and stamp.read_text() == key:
            return kernel.weft
        stamp.unlink(missing_ok=True)
        if shared and take_kept(kernel, key):
            stamp.write_text(key)
            return kernel.weft
        with progress(f"building weft.ko for {kernel.name} ({kernel.release})"):
            run_logged(["make", "-C", kernel.build, f"M={kernel.out}/src", f"-j{os.cpu_count()}",
                        "KCFLAGS=-Werror", "CONFIG_DEBUG_INFO_BTF_MODULES=",     # wants pahole, helps nobody here
                        "CONFIG_WEFT_TEST_IMPORTER=m", *(["CONFIG_KUNIT_WEFT=m"] if kernel.name in ("debug", "coverage") else []),
                        *(["GCOV_PROFILE=y"] if kernel.name == "coverage" else []),
                        *(["KCOV_INSTRUMENT=y"] if kernel.name == "kcov" else []),
                        *extra, "modules"], LOGS / f"module-{kernel.name}.log")
        built = sorted((kernel.out / "src").rglob("*.ko"))
        if not any(ko.name == "weft.ko" for ko in built):
            raise Refused(f"driver/Kbuild made no weft.ko (made: {[ko.name for ko in built]})")
        for old in kernel.out.glob("*.ko"):
            old.unlink()
        for ko in built:
            shutil.copy(ko, kernel.out / ko.name)
        stamp.write_text(key)
        if shared:
            keep(kernel, key)
    return kernel.weft


def closure(kernel, names):
    """The stock modules (paths under kernel.modules) that `names` need, themselves included; each before its needs."""
    if kernel.modules is None:
        return []
    depends = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        path, _, needs = line.partition(":")
        stem = Path(path).name.split(".ko")[0].replace("-", "_")
        depends[stem] = (path, needs.split())
    todo, found = [n.replace("-", "_") for n in names], []
    for name in todo:
        if name in depends:
            path, needs = depends[name]
            found += [path, *needs]
    # the last place of each is after all that need it
    return list(dict.fromkeys(reversed(found)))[::-1]


def needs_of(module):
    """The modules that a built .ko names as its dependencies."""
    out = subprocess.run(["modinfo", "-F", "depends", module], check=True, capture_output=True, text=True).stdout
    return [name for name in re.split(r"[,\s]+", out) if name]


def unpacked(path):
    """Contents of a module; decompressed here because busybox takes long over it."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
    return data
