# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Boots a kernel with N emulated cards, runs one command in it, and judges the result."""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import ask
import initramfs
import kernels
import klog
import machine
from common import BUILD, CACHE, LOGS, USER, Refused, lock, progress, say

CARD = USER / "tools/card/weft-card"
BROKEN = 70         # exit code when not the command but the machine failed
TIMED_OUT = 124


@dataclass
class Run:
    kernel: str = "main"
    command: str = "true"
    cards: int = 0
    name: str = ""              # of the log files
    timeout: float = 300
    topology: str = "switch"
    smp: int = 2
    memory_mib: int = 2048
    lmem_mib: int = 256
    viommu: bool = False
    data: bool = False          # Fashion-MNIST in the machine
    load: bool = True           # load weft.ko before the command
    load_args: str = ""
    modules: str = ""           # stock modules to load
    kmemleak: bool = False
    accel: str = ""             # tcg or kvm; found out when empty
    allow: list = field(default_factory=list)
    files: list = field(default_factory=list)
    share: str = ""             # directory of ours seen as /host
    mount_share: bool = True    # before the command; else it calls /rig/mount-host
    card_program: str = ""      # another card that meets the contract, instead of weft-card
    card_args: list = field(default_factory=list)
    qemu_args: list = field(default_factory=list)
    kernel_args: list = field(default_factory=list)
    card_pid: int = 0           # set while the cards run
    meanwhile: object = None    # callable: what runs while the machine stands still, when its command asks for that
    output: object = None       # callable for bytes of the command's output; standard output when None


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start(command, log, stdin=subprocess.DEVNULL, **options):
    return subprocess.Popen(command, stdin=stdin, stderr=log, preexec_fn=die_with_parent, **options)


def stop(process, seconds=5):
    """Ends one process of ours; its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def usable_kvm():
    """Whether a kernel really boots with hardware virtualisation; asked once after each start of this machine."""
    if not os.path.exists("/dev/kvm"):
        return False
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = CACHE / "kvm"
    if known.exists() and known.read_text().startswith(boot_id):
        return known.read_text().split()[1] == "yes"
    with progress("finding out whether hardware virtualisation works"):
        try:
            code = boot(Run(name="kvm-probe", accel="kvm", timeout=30, load=False, output=lambda data: None),
                        quiet=True)
        except Refused:
            code = BROKEN
    known.write_text(f"{boot_id} {'no' if code else 'yes'}\n")
    return code == 0


def start_cards(run, where, log):
    """One process for all cards; returns it when every socket listens."""
    program = Path(run.card_program or CARD)
    if not program.exists():
        raise Refused(f"{program} is not built; `make user` builds it")
    card = start([program, "--cards", str(run.cards), "--socket-dir", where, "--lmem-mib", str(run.lmem_mib),
                  *run.card_args], log, stdout=subprocess.PIPE)
    timer = threading.Timer(20, card.kill)
    timer.start()
    line = card.stdout.readline().strip()
    timer.cancel()
    if line != b"ready":
        raise Refused(f"{program.name} did not get ready (said {line!r}, exit {stop(card)}); see {log.name}")
    threading.Thread(target=shutil.copyfileobj, args=(card.stdout, log), daemon=True).start()
    return card


def emit(run, data):
    if run.output:
        run.output(data)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def forward(run, qemu, copy, asks):
    while data := os.read(qemu.stdout.fileno(), 65536):
        data = asks.filter(data)
        copy.write(data)
        copy.flush()
        emit(run, data)
    copy.write(asks.held)
    emit(run, asks.held)


def verdict(run, logs, qemu_code, card_code, timed_out, quiet):
    """Exit code of the run, with the reasons on standard error."""
    text = logs["kernel"].read_text(errors="replace")
    facts = klog.facts(text)
    reasons = []
    if timed_out:
        reasons.append(f"the machine did not end within {run.timeout:.0f} s")
    elif qemu_code & 1 == 0 or facts["exit"] is None:
        reasons.append(f"the machine ended without a result (QEMU's exit code {qemu_code})")
    if card_code not in (0, None, -signal.SIGTERM):
        reasons.append(f"the card ended with {card_code}; see {logs['card']}")
    bad = klog.problems(text, run.allow)
    if bad:
        reasons.append("the kernel log has a fault:\n    " + "\n    ".join(bad))
    if reasons and not bad:
        reasons.append("the kernel log ends:\n    " + "\n    ".join(text.splitlines()[-15:]))
    if reasons and not quiet:
        for reason in reasons:
            say(f"{run.name}: {reason}")
        say(f"{run.name}: logs in {logs['kernel'].parent}")
    if timed_out:
        return TIMED_OUT
    if reasons:
        return facts["exit"] or BROKEN
    return facts["exit"]


def boot(run, quiet=False):
    run.name = run.name or f"boot-{run.kernel}"
    kernel = kernels.get(run.kernel)
    if run.load and run.cards:
        kernels.build_module(kernel)
    accel = run.accel or ("kvm" if usable_kvm() else "tcg")
    LOGS.mkdir(parents=True, exist_ok=True)
    logs = {part: LOGS / f"{run.name}.{part}.log" for part in ("kernel", "card", "qemu", "output")}
    for log in logs.values():
        log.unlink(missing_ok=True)
    where = Path(tempfile.mkdtemp(prefix="weft-rig-"))
    card = qemu = None
    try:
        settings = {"LOAD": "1" if run.load and run.cards and kernel.weft.exists() else "", "LOAD_ARGS": run.load_args,
                    "KMEMLEAK": "1" if run.kmemleak and kernel.debugs else "",
                    "SHARE": "1" if run.share and run.mount_share else "", "MODULES": run.modules}
        initramfs.extra(where / "extra.cpio", run.command, settings, run.files)
        initrd = where / "initrd"
        with lock(BUILD / "initramfs/lock"), open(initrd, "wb") as out:
            for part in [initramfs.base(kernel), *([initramfs.data()] if run.data else []), where / "extra.cpio"]:
                with open(part, "rb") as f:
                    shutil.copyfileobj(f, out, 1 << 20)
        card_log = open(logs["card"], "wb", buffering=0)
        if run.cards:
            card = start_cards(run, where, card_log)
            run.card_pid = card.pid
        args = machine.qemu(kernel, accel, initrd, logs["kernel"], [where / f"card{i}.sock" for i in range(run.cards)],
                            topology=run.topology, smp=run.smp, memory_mib=run.memory_mib, viommu=run.viommu,
                            share=run.share, kernel_args=run.kernel_args, extra=run.qemu_args,
                            qmp=where / "qmp")
        qemu = start(args, open(logs["qemu"], "wb"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with open(logs["output"], "wb") as copy:
            reader = threading.Thread(target=forward, args=(run, qemu, copy, ask.Asks(run, where, qemu)))
            reader.start()
            started = time.monotonic()
            try:
                qemu.wait(run.timeout)
                timed_out = False
            except subprocess.TimeoutExpired:
                timed_out = True
                qemu.kill()
                qemu.wait()
            reader.join()
        run.seconds = time.monotonic() - started
        card_code = stop(card) if card else None
        if not logs["kernel"].exists():
            raise Refused(f"QEMU did not start: {logs['qemu'].read_text(errors='replace').strip()}")
        return verdict(run, logs, qemu.returncode, card_code, timed_out, quiet)
    finally:
        for process in (qemu, card):
            if process:
                stop(process)
        shutil.rmtree(where, ignore_errors=True)
