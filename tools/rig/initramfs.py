# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What the machine boots into: busybox, modules, our programs with their libraries, firmware, tests, data."""
import gzip
import os
import re
import subprocess
from pathlib import Path

import cpio
import kernels
from common import BUILD, CLONE, RIG, USER, digest

DATA = Path("/usr/share/datasets/fashion-mnist")
FIRMWARE = USER / "firmware/weft-fw.bin"
# Modules that the machine may want besides weft's own needs; loading is up to the command.
EXTRA_MODULES = ["nvme", "9p", "9pnet_virtio", "drm", "drm_exec", "gpu_sched", "drm_gpuvm", "drm_shmem_helper",
                 "drm_buddy", "gpu_buddy", "udmabuf"]
# Where in the machine the results of the build go: pattern under build/user, directory, must be executable.
PROGRAMS = [("tools/weft/weft", "/opt/weft/bin", True),
            ("runtime/libweft.so*", "/opt/weft/lib", False),
            ("tests/kselftest/*_test", "/opt/weft/tests", True),
            ("tests/kselftest/bind_bench", "/opt/weft/bin", True),
            ("tests/runtime/*_test", "/opt/weft/tests", True),
            ("runtime/first_program", "/opt/weft/tests", True),     # tests of the library run these
            ("runtime/ring_program", "/opt/weft/tests", True),
            ("runtime/edge_program", "/opt/weft/tests", True),
            ("runtime/coll_program", "/opt/weft/tests", True),
            ("runtime/ranks_program", "/opt/weft/tests", True),
            ("runtime/feed_program", "/opt/weft/tests", True),
            ("firmware/weft-fw-*.bin", "/opt/weft/share/firmware", False),     # the bad ones
            ("tests/guide/*", "/opt/weft/tests", True)]


def programs():
    """(source, path in the machine) of everything built that the machine runs."""
    for pattern, where, executable in PROGRAMS:
        for path in sorted(USER.glob(pattern)):
            if path.is_dir() or path.suffix in (".p", ".symbols", ".o"):
                continue
            if executable and not os.access(path, os.X_OK):
                continue
            yield path, f"{where}/{path.name}"
    for script in sorted((CLONE / "tests/kselftest").glob("*.sh")):
        yield script, f"/opt/weft/tests/{script.name}"


def libraries(paths):
    """The shared libraries of the root that the programs need."""
    found = set()
    for path in paths:
        with open(path, "rb") as f:
            if f.read(4) != b"\x7fELF":
                continue
        out = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        for lib in re.findall(r"(?:=> |^\s*)(/\S+) \(0x", out, re.M):
            if not lib.startswith(str(BUILD)):
                found.add(lib)
    return sorted(found)


def add_modules(archive, kernel):
    where = f"/lib/modules/{kernel.release}"
    archive.directory(where)
    needs = kernels.needs_of(kernel.weft) if kernel.weft.exists() else []
    depends = []
    paths = kernels.closure(kernel, EXTRA_MODULES + needs)
    lines = {}
    if kernel.modules:
        for line in (kernel.modules / "modules.dep").read_text().splitlines():
            path, _, rest = line.partition(":")
            lines[path] = rest.split()

    def plain(path):
        return re.sub(r"\.(xz|zst|gz)$", "", path)
    for path in paths:
        archive.file_from(f"{where}/{plain(path)}", kernels.unpacked(kernel.modules / path))
        depends.append(f"{plain(path)}: {' '.join(map(plain, lines[path]))}")
    for ko in sorted(kernel.out.glob("*.ko")):
        archive.copy(f"{where}/updates/{ko.name}", ko)
        wanted = kernels.needs_of(ko)
        own = [f"updates/{name}.ko" for name in wanted if (kernel.out / f"{name}.ko").exists()]
        if own:
            wanted += kernels.needs_of(kernel.weft)
        stock = kernels.closure(kernel, wanted)
        depends.append(f"updates/{ko.name}: {' '.join(own + [plain(p) for p in stock])}")
    archive.file_from(f"{where}/modules.dep", ("\n".join(depends) + "\n").encode())
    for name in ("modules.alias", "modules.symbols", "modules.softdep"):
        archive.file_from(f"{where}/{name}", b"")


def base(kernel):
    """The archive that depends on the build only; made again when an input changed."""
    items = list(programs())
    inputs = [p for p, _ in items] + sorted(kernel.out.glob("*.ko")) + [
        p for p in (FIRMWARE, RIG / "init", RIG / "mount-host", RIG / "initramfs.py") if p.exists()]
    key = digest(kernel.release, *[f"{p} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in inputs])
    path = BUILD / f"initramfs/{kernel.name}-{key}.cpio"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    archive = cpio.Writer(new)
    archive.device("/dev/console", 5, 1)
    archive.device("/dev/null", 1, 3)
    archive.copy("/init", RIG / "init")
    archive.copy("/rig/mount-host", RIG / "mount-host")
    archive.copy("/bin/busybox", Path("/usr/bin/busybox"))
    archive.link("/bin/sh", "busybox")
    for directory in ("/usr/bin", "/usr/sbin", "/sbin", "/root", "/etc", "/run"):
        archive.directory(directory)
    archive.file_from("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    archive.file_from("/etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    add_modules(archive, kernel)
    for source, target in items:
        archive.copy(target, source)
    for lib in libraries([p for p, _ in items]):
        archive.copy(lib, Path(lib))
    if FIRMWARE.exists():
        archive.copy("/lib/firmware/weft/weft-fw.bin", FIRMWARE)
    archive.close()
    for old in path.parent.glob(f"{kernel.name}-*.cpio"):
        old.unlink(missing_ok=True)
    new.rename(path)
    return path


def data():
    """Fashion-MNIST where its Debian package has it, unpacked here because the machine would take long over it."""
    path = BUILD / "initramfs/data.cpio"
    if path.exists() and path.stat().st_mtime > Path(__file__).stat().st_mtime:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    archive = cpio.Writer(new)
    for source in sorted(DATA.glob("*.gz")):
        archive.file_from(str(source.with_suffix("")), gzip.decompress(source.read_bytes()))
    archive.close()
    new.rename(path)
    return path


def extra(path, command, settings, files):
    """The archive of one run: its command, settings and further files (pairs of source and target)."""
    archive = cpio.Writer(path)
    archive.file_from("/rig/command", (command + "\n").encode())
    text = "".join(f"RIG_{key}='{value}'\n" for key, value in settings.items())
    archive.file_from("/rig/settings", text.encode())
    for source, target in files:
        archive.copy(target, Path(source))
    archive.close()
