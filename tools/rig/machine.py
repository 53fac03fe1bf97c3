# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The virtual machine: QEMU's command line. The facts behind the choices are in Documentation/rig.rst."""
import json
from pathlib import Path

QEMU = "qemu-system-x86_64"
TOPOLOGIES = ("switch", "root")


def device(i, path):
    """Card i, in its port."""
    return {"driver": "vfio-user-pci", "id": f"card{i}", "bus": f"dn{i}", "rombar": 0,
            "socket": {"type": "unix", "path": str(path)}}


def cards(sockets, topology):
    """PCIe ports and one vfio-user device for each socket."""
    args = []
    if topology == "switch" and sockets:
        args += ["-device", "pcie-root-port,id=rp0,chassis=1,slot=1",
                 "-device", "x3130-upstream,id=up0,bus=rp0"]
    for i, path in enumerate(sockets):
        if topology == "switch":
            port = f"xio3130-downstream,id=dn{i},bus=up0,chassis={i + 2},slot={i + 2}"
        else:
            port = f"pcie-root-port,id=dn{i},chassis={i + 2},slot={i + 2}"
        args += ["-device", port, "-device", json.dumps(device(i, path))]
    return args


def command_line(kernel, viommu, more):
    """The kernel's."""
    words = ["console=ttyS0,115200", "loglevel=5", "panic=-1", "oops=panic", "rdinit=/init", "mitigations=off",
             "i8042.noaux", "i8042.nokbd"]
    if viommu:
        words.append("intel_iommu=on")
    if kernel.debugs:
        words.append("kasan_multi_shot")
    return " ".join(words + more)


def qemu(kernel, accel, initrd, klog, sockets, *, topology="switch", smp=2, memory_mib=2048, viommu=False, share=None,
         kernel_args=(), extra=(), qmp=None):
    machine = "q35,memory-backend=mem"
    if viommu and accel == "kvm":
        machine += ",kernel-irqchip=split"
    args = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-accel", "kvm" if accel == "kvm" else "tcg,thread=multi", "-cpu", "EPYC", "-smp", str(smp),
            "-machine", machine, "-m", f"{memory_mib}M",
            "-object", f"memory-backend-memfd,id=mem,size={memory_mib}M,share=on",
            "-kernel", str(kernel.image), "-initrd", str(initrd),
            "-append", command_line(kernel, viommu, list(kernel_args)),
            # the ports' own hot-plug, not ACPI's
            "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
            "-serial", f"file:{klog}",
            "-chardev", "stdio,id=out,signal=off", "-serial", "chardev:out",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
    if viommu:
        # first of the PCI devices, so that all others are behind it
        args += ["-device", "intel-iommu,intremap=on,caching-mode=on"]
    if qmp:
        args += ["-qmp", f"unix:{qmp},server=on,wait=off"]
    if share:
        Path(share).mkdir(parents=True, exist_ok=True)
        args += ["-fsdev", f"local,id=host,path={share},security_model=none",
                 "-device", "virtio-9p-pci,fsdev=host,mount_tag=host"]
    return args + cards(sockets, topology) + list(extra)
