#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The DKMS package, taken through its life for the main kernel with trees of its own: nothing of the root is touched."""
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools/rig"), str(ROOT / "tests/abi")]
import dkms  # noqa: E402
import kernels  # noqa: E402
from tap import Tap  # noqa: E402


def modinfo(module, field):
    out = subprocess.run(["modinfo", "-F", field, module], check=True, capture_output=True, text=True).stdout
    return out.split("\n")[:-1]


def listing(where):
    return sorted(str(p.relative_to(where)) for p in where.rglob("*")
                  if not p.name.startswith("mok.") and p.name != "dkms_dbversion")


class Life:
    def __init__(self, where, kernel):
        self.where, self.kernel = where, kernel
        self.trees = [where / name for name in ("dkms", "src", "modules")]
        for tree in self.trees:
            tree.mkdir()
        (self.trees[2] / kernel.release).mkdir()
        self.framework = where / "framework.conf"
        self.framework.write_text(f'dkms_tree="{self.trees[0]}"\nsource_tree="{self.trees[1]}"\n'
                                  f'install_tree="{self.trees[2]}"\n'
                                  f'mok_signing_key="{where}/mok.key"\nmok_certificate="{where}/mok.pub"\n')

    def dkms(self, *args):
        """Problems of one call of dkms, in a mount namespace in which its configuration is ours."""
        run = subprocess.run(["unshare", "-m", "--propagation", "unchanged", "sh", "-c",
                              'mount --bind "$0" /etc/dkms/framework.conf && exec dkms "$@"', self.framework, *args],
                             capture_output=True, text=True)
        text = run.stdout + run.stderr
        if run.returncode:
            logs = [log.read_text(errors="replace") for log in self.trees[0].rglob("make.log")]
            return text, [f"dkms {' '.join(map(str, args))} ended with {run.returncode}",
                          *(text + "".join(logs)).splitlines()[-25:]]
        return text, []

    def of_kernel(self, verb):
        return self.dkms(verb, f"weft/{dkms.version()}", "-k", self.kernel.release, "--kernelsourcedir",
                         str(self.kernel.build), "--no-depmod")[1]

    def status(self, wanted):
        text, problems = self.dkms("status", f"weft/{dkms.version()}")
        return problems or ([] if wanted in text else [f"status says {text.strip()!r}, wanted {wanted}"])

    def module(self):
        found = list((self.trees[2] / self.kernel.release).rglob("weft.ko*"))
        if len(found) != 1:
            return [f"installed: {found}"]
        release = modinfo(found[0], "vermagic")[0].split()[0]
        problems = [] if release == self.kernel.release else [f"the module is for {release}"]
        if modinfo(found[0], "version") != [dkms.version()]:
            problems.append(f"the module's version is {modinfo(found[0], 'version')}, the package's {dkms.version()}")
        return problems + list(complete(found[0]))


def complete(module):
    """What modinfo has to tell about any module of ours."""
    for field, at_least in (("description", 1), ("license", 1), ("author", 1), ("version", 1), ("firmware", 1),
                            ("alias", 1), ("depends", 1), ("parm", 2), ("import_ns", 1)):
        if len([line for line in modinfo(module, field) if line.strip()]) < at_least:
            yield f"modinfo tells no {field}"
    for line in modinfo(module, "parm"):
        if not line.partition(":")[2].strip():
            yield f"parameter without a description: {line}"


def contents(archive):
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    top = {name.split("/")[0] for name in names}
    if top != {"dkms_source_tree"}:
        yield f"the archive has {top}"
    for wanted in ("dkms.conf", "Kbuild", "driver/Kbuild", "driver/weft_drv.c", "driver/compat/probe.sh",
                   "uapi/drm/weft_accel.h", "firmware/abi/reg.h"):
        if f"dkms_source_tree/{wanted}" not in names:
            yield f"the archive has no {wanted}"


tap = Tap()
archive = dkms.pack()
tap.check("dkms: the package has what a build needs", contents(archive))
tap.check("dkms: the same tree makes the same package",
          [] if archive.read_bytes() == dkms.pack().read_bytes() else ["differs"])
with tempfile.TemporaryDirectory(prefix="weft-dkms-") as directory:
    life = Life(Path(directory), kernels.get("main"))
    before = [listing(tree) for tree in life.trees]
    tap.check("dkms: the archive is added", life.dkms("ldtarball", str(archive))[1] or life.status("added"))
    tap.check("dkms: it builds for the main kernel", life.of_kernel("build") or life.status("built"))
    tap.check("dkms: it installs a module with complete modinfo",
              life.of_kernel("install") or life.status("installed") or list(life.module()))
    gone = life.dkms("remove", f"weft/{dkms.version()}", "--all", "--no-depmod")[1]
    tap.check("dkms: removed, no module is left", gone or [str(p) for p in life.trees[2].rglob("weft*")])
    # the sources are the archive's, and dkms leaves them to who put them there
    shutil.rmtree(life.trees[1] / f"weft-{dkms.version()}", ignore_errors=True)
    after = [listing(tree) for tree in life.trees]
    tap.check("dkms: nothing is left", [f"{a} was {b}" for a, b in zip(after, before) if a != b])
tap.done()
