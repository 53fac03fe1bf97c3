# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""rig: builds modules for, and boots, the virtual machine."""
import argparse
import json
import os
import platform
import signal
import sys
from pathlib import Path

import bench
import bench_coll
import boot
import built_kernel
import check
import dkms
import kernels
from common import BUILD, Refused

PACKAGES = ("qemu-system-x86", "qemu-user", "gcc-14", "clang-19", "libdnnl3.6", "liburing2", "libdrm-dev",
            "gcc-14-riscv64-linux-gnu", "meson", "busybox-static", "dataset-fashion-mnist", "libc6")


def known_kernels():
    """Those that are there: none is built for a mere record."""
    return [kernels.get(name) for name in kernels.NAMES
            if name not in built_kernel.NAMES or (built_kernel.directory(name) / "release").exists()]


def record():
    """build/rig.json: what figures and failures were made with."""
    packages = dict(line.split() for line in Path("/etc/weft-packages").read_text().splitlines())
    text = {
        "root": Path(os.environ["WEFT_ROOT"]).name,
        "accel": "kvm" if boot.usable_kvm() else "tcg",
        "processor": next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                           if line.startswith("model name")), "unknown"),
        "processors": os.cpu_count(),
        "machine_kernel": platform.release(),
        "kernels": {k.name: {"release": k.release, "package": k.version} for k in known_kernels()},
        "packages": {name: packages[name] for name in PACKAGES if name in packages},
    }
    BUILD.mkdir(exist_ok=True)
    (BUILD / "rig.json").write_text(json.dumps(text, indent=2) + "\n")


def parser():
    p = argparse.ArgumentParser(prog="rig", description=__doc__)
    sub = p.add_subparsers(dest="verb", required=True)
    sub.add_parser("record", help="write build/rig.json")
    m = sub.add_parser("modules", help="build weft.ko into build/modules/KERNEL/")
    m.add_argument("kernel", nargs="*", help=f"of {', '.join(kernels.every_name())}; all when none is named")
    m.add_argument("--make", action="append", default=[], metavar="ARG", help="argument for the kernel's make (W=1)")
    c = sub.add_parser("check", help="static checks")
    c.add_argument("checks", nargs="*", help=f"of {', '.join(f.__name__ for f in check.CHECKS)}; all when none is named")
    sub.add_parser("dkms", help="pack the driver for DKMS")
    f = sub.add_parser("bench", help="take all figures into build/bench.json")
    f.add_argument("--timeout", type=float, default=1200)
    o = sub.add_parser("bench-coll", help="take figures of collective calls into build/bench-coll.json")
    o.add_argument("--timeout", type=float, default=3600)
    o.add_argument("--rounds", type=int, default=bench_coll.ROUNDS, help="of ours and the others in turn (%(default)s)")
    o.add_argument("--peers", default="", metavar="ROOT", help="what tools/rig/peer-root printed; without, there are no peers")
    k = sub.add_parser("kernel", help="print where a kernel is: release, image, build directory")
    k.add_argument("kernel")
    b = sub.add_parser("boot", help="run a command in the machine",
                       formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    default = boot.Run()
    b.add_argument("--kernel", choices=kernels.BOOTABLE, default="main")
    b.add_argument("--cards", type=int, default=0)
    b.add_argument("--run", dest="command", default="true", metavar="COMMAND", help="shell command in the machine")
    b.add_argument("--name", default="", help="of the logs in build/log")
    b.add_argument("--timeout", type=float, default=default.timeout, help="seconds, then the machine is ended")
    b.add_argument("--topology", choices=boot.machine.TOPOLOGIES, default=default.topology)
    b.add_argument("--viommu", action="store_true", help="an IOMMU before the cards")
    b.add_argument("--smp", type=int, default=default.smp)
    b.add_argument("--memory-mib", type=int, default=default.memory_mib)
    b.add_argument("--lmem-mib", type=int, default=default.lmem_mib, help="local memory of each card")
    b.add_argument("--card-program", default="", metavar="PATH", help="the card; weft-card when not given")
    b.add_argument("--data", action="store_true", help="Fashion-MNIST in the machine")
    b.add_argument("--no-load", dest="load", action="store_false", help="do not load weft.ko")
    b.add_argument("--load-args", default="", help="parameters of weft.ko")
    b.add_argument("--modules", default="", help="further modules to load")
    b.add_argument("--kmemleak", action="store_true", help="look for leaks at the end (debug kernel)")
    b.add_argument("--accel", choices=("tcg", "kvm"), default="", help="found out when not given")
    b.add_argument("--share", default="", help="directory seen as /host in the machine")
    b.add_argument("--allow", action="append", default=[], metavar="REGEX", help="lines of the log that are no fault")
    b.add_argument("--file", dest="files", action="append", default=[], metavar="SOURCE:TARGET")
    for what in ("card", "qemu", "kernel"):
        b.add_argument(f"--{what}-arg", dest=f"{what}_args", action="append", default=[], metavar="ARG")
    return p


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = vars(parser().parse_args())
    verb = args.pop("verb")
    if verb == "record":
        return record()
    if verb == "modules":
        for name in args["kernel"] or kernels.every_name():
            if not kernels.build_module(kernels.get(name), args["make"]):
                raise Refused("driver/Kbuild is missing")
        return 0
    if verb == "check":
        return check.run(args["checks"])
    if verb == "dkms":
        dkms.pack()
        return 0
    if verb == "bench":
        return bench.bench(args["timeout"])
    if verb == "bench-coll":
        return bench_coll.bench_coll(args["peers"], args["rounds"], args["timeout"])
    if verb == "kernel":
        k = kernels.get(args["kernel"])
        return print(k.release, k.image, k.build)
    args["files"] = [f.split(":", 1) for f in args["files"]]
    for pair in args["files"]:
        if len(pair) != 2 or not pair[1].startswith("/"):
            raise Refused(f"--file {':'.join(pair)}: want SOURCE:TARGET, TARGET from the machine's /")
        if not os.access(pair[0], os.R_OK) or not Path(pair[0]).is_file():
            raise Refused(f"--file {pair[0]}: no such file, or not readable")
    return boot.boot(boot.Run(**args))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refusal:
        print(f"weft: {refusal}", file=sys.stderr)
        sys.exit(boot.BROKEN)
    except KeyboardInterrupt:
        sys.exit(130)
