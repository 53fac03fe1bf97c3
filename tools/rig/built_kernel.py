# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Builds the kernels `debug` and `kcsan` from Debian's linux-source, once for each configuration, into the cache."""
import os
import re
import shutil
import sys
from pathlib import Path

from common import CACHE, RIG, Refused, digest, lock, progress, run_logged, say

MACHINE = RIG / "machine.config"     # what both have
NAMES = ("debug", "kcsan")          # each has its own lines in NAME.config
# What a kernel is made with besides: no file of it is instrumented, modules are.
MAKE = {"debug": [], "kcsan": ["KCSAN_SANITIZE=n"]}
# Helpers that only drivers select: allnoconfig can set them only when they have a prompt.
PROMPTLESS = {"DRM_EXEC", "DRM_GPUVM", "DRM_SCHED", "DRM_GEM_SHMEM_HELPER", "DRM_BUDDY", "GPU_BUDDY",
              "WANT_DEV_COREDUMP"}
# Large and not needed to configure and build for this machine.
LEFT_OUT = ["*/arch/[!x]*/*.[chS]", "*/arch/[!x]*/*.dts*", "*/Documentation/[a-z]*/*.rst", "*/drivers/gpu/drm/amd/include/*"]


def source():
    """The tarball of linux-source and its package version."""
    tars = sorted(Path("/usr/src").glob("linux-source-*.tar.xz"))
    if len(tars) != 1:
        raise Refused(f"the root has {len(tars)} kernel sources, wanted one")
    name = tars[0].name.removesuffix(".tar.xz")
    for line in Path("/etc/weft-packages").read_text().splitlines():
        package, version = line.split()
        if package == name:
            return tars[0], version
    raise Refused(f"{name} is not in /etc/weft-packages")


def configs(name):
    return [MACHINE, RIG / f"{name}.config"]


def fragment(name):
    """The lines of its configuration that differ from allnoconfig."""
    return [line for path in configs(name) for line in path.read_text().splitlines() if line.startswith("CONFIG_")]


def directory(name):
    return CACHE / f"kernel-{name}-{digest(*configs(name), Path(__file__), source()[1])}"


def give_prompts(tree):
    missing = set(PROMPTLESS)
    for kconfig in [*tree.glob("drivers/gpu/**/Kconfig"), tree / "drivers/base/Kconfig"]:
        text = kconfig.read_text()
        found = set(re.findall(r"^config (\w+)\n\s+(?:tristate|bool)\n", text, re.M)) & missing
        if not found:
            continue
        for name in found:
            text = re.sub(rf"^(config {name}\n\s+(?:tristate|bool))\n", rf'\1 "{name}"\n', text, flags=re.M)
        kconfig.write_text(text)
        missing -= found
    if missing:
        raise Refused(f"no promptless Kconfig entry for {', '.join(sorted(missing))} in {tree}")


def check_config(name, path):
    """Every line of the fragment must be in force."""
    have = set(path.read_text().splitlines())
    lost = []
    for line in fragment(name):
        option, value = line.split("=")
        absent = f"{option}=y" not in have and f"{option}=m" not in have
        if not (absent if value == "n" else line in have):
            lost.append(line)
    if lost:
        raise Refused(f"the configuration of the kernel {name} lost: " + " ".join(lost))


def build(name, work, out):
    tarball, _ = source()
    log = CACHE / f"kernel-{name}.log"
    with progress("unpacking the kernel source"):
        tree = work / "src"
        tree.mkdir(parents=True)
        run_logged(["tar", "-xf", tarball, "-C", tree, "--strip-components=1",
                    *[f"--exclude={p}" for p in LEFT_OUT]], log)
    give_prompts(tree)
    make = ["nice", "make", "-s", "-C", tree, f"O={work}/obj", f"-j{os.cpu_count()}",
            f"LOCALVERSION=-weft-{name}", "KBUILD_BUILD_USER=weft", "KBUILD_BUILD_HOST=rig"]
    wanted = work / "fragment"
    wanted.write_text("\n".join(fragment(name)) + "\n")
    run_logged([*make, f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig"], log)
    check_config(name, work / "obj/.config")
    with progress(f"compiling the kernel {name} (once; 7 minutes on two idle cores)"):
        run_logged([*make, *MAKE[name], "bzImage", "modules"], log)
    run_logged([*make, "run-command",
                f"KBUILD_RUN_COMMAND=$(srctree)/scripts/package/install-extmod-build {out}/build"], log)
    obj = work / "obj"
    shutil.copy(obj / "arch/x86/boot/bzImage", out / "vmlinuz")
    shutil.copy(obj / "System.map", out / "System.map")
    shutil.copy(obj / ".config", out / "config")
    (out / "release").write_text((obj / "include/config/kernel.release").read_text())
    # Tools of the source that Debian's header packages leave out.
    share = out / "share"
    share.mkdir()
    for tool in ["scripts/checkpatch.pl", "scripts/spelling.txt", "scripts/const_structs.checkpatch"]:
        shutil.copy(tree / tool, share)


def prepare(name):
    """The directory with vmlinuz, build/ and release; builds it when it is not there."""
    final = directory(name)
    if (final / "release").exists():
        return final
    with lock(CACHE / f"kernel-{name}.lock"):
        if (final / "release").exists():
            return final
        new = final.with_suffix(".new")
        work = CACHE / f"kernel-{name}-work"
        for left_over in (new, work):
            shutil.rmtree(left_over, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            build(name, work, new)
            new.rename(final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            shutil.rmtree(new, ignore_errors=True)
        say(f"kernel {(final / 'release').read_text().strip()} in {final}")
    return final


if __name__ == "__main__":
    for kernel in sys.argv[1:] or NAMES:
        print(prepare(kernel))
