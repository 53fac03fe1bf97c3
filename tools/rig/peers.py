# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Peers of collective calls: MPI programs, built and run in the peers' root (tools/rig/peer-root), and the fused limit."""
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from common import BUILD, CLONE, LOGS, USER, Refused, digest, run_logged

RANKS = 4
SECONDS = 90        # of one launch; what it printed until then counts
SOURCE = CLONE / "tests/bench/mpi_bench.c"
DIR = BUILD / "peers"
FUSED = USER / "tests/bench/fused-bench"
OPEN_MPI = ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--mca", "mpi_yield_when_idle", "1"]
SHARED = ["--mca", "pml", "ob1", "--mca", "btl", "self,vader"]
UCX = ["--mca", "pml", "ucx", "--mca", "pml_ucx_tls", "any", "--mca", "pml_ucx_devices", "any", "-x", "UCX_TLS=self,sm"]
# Mounts are ours already (in-root). In a namespace of processes of its own, so that none is left when the launcher is killed.
ENTER = """
root=$1 dir=$2; shift 2
mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --rbind /sys "$root/sys" && mount -t tmpfs tmp "$root/tmp" &&
	mount --bind "$dir" "$root/mnt" || exit 1
unshare --root="$root" --wd=/mnt env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 UCX_TLS=self,sm UCX_LOG_LEVEL=error "$@"
"""


def tuned(algorithm):
    return ["--mca", "coll_tuned_use_dynamic_rules", "1", "--mca", "coll_tuned_allreduce_algorithm", str(algorithm)]


@dataclass
class Peer:
    """`ops`: those it is asked for, all when empty."""
    name: str
    launch: list
    mpi: str
    ops: tuple = field(default=())


PEERS = (
    Peer("openmpi", OPEN_MPI + SHARED, "openmpi"),
    Peer("openmpi-ucx", OPEN_MPI + UCX, "openmpi"),
    Peer("openmpi-tuned1", OPEN_MPI + SHARED + tuned(1), "openmpi", ("all-reduce",)),
    Peer("openmpi-tuned6", OPEN_MPI + SHARED + tuned(6), "openmpi", ("all-reduce",)),
    Peer("mpich", ["mpiexec.mpich"], "mpich"),
)


def inside(root, command):
    return ["unshare", "--mount", "--propagation", "unchanged", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh", str(root),
            str(DIR), *command]


def program(mpi):
    return DIR / f"mpi_bench.{mpi}-{digest(SOURCE)}"


def build(root):
    """A program for each MPI; refused when the root cannot."""
    DIR.mkdir(parents=True, exist_ok=True)
    (DIR / SOURCE.name).write_bytes(SOURCE.read_bytes())
    for mpi in sorted({p.mpi for p in PEERS}):
        if not program(mpi).exists():
            run_logged(inside(root, [f"mpicc.{mpi}", "-O2", SOURCE.name, "-o", program(mpi).name]), LOGS / f"peers-{mpi}.log")


def parse(text):
    """{(operation, bytes): us} of what a program printed; a line cut off by its end does not count."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[1].isdigit():
            try:
                us = float(words[2])
            except ValueError:
                continue
            found[words[0], int(words[1])] = us
    return found


def run(name, command):
    """What a program printed, parsed, and why it is not all, or None."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / f"{name}.log", "wb") as log:
        try:
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, timeout=SECONDS)
        except subprocess.TimeoutExpired as late:
            return parse((late.stdout or b"").decode(errors="replace")), f"{name} did not end within {SECONDS} s"
        except OSError as error:
            return {}, f"{name}: {error}"
    return parse(done.stdout.decode(errors="replace")), f"{name} ended with {done.returncode}; see {log.name}" if done.returncode else None


def words(cases, ops=()):
    return [f"{op}:{size}" for op, size in cases if not ops or op in ops]


def fused(cases):
    return run("fused-bench", [FUSED, *words(cases)])


def peer(which, root, cases):
    return run(f"peer-{which.name}",
               inside(root, [*which.launch, *(["-n"] if which.mpi == "mpich" else ["-np"]), str(RANKS), f"./{program(which.mpi).name}",
                             *words(cases, which.ops)]))


def ready(root):
    """The root as a path, or None and why there are no peers."""
    if not root:
        return None, "the peers' root is not there; see what tools/rig/peer-root says"
    try:
        build(Path(root))
    except Refused as refusal:
        return None, f"the peers are not built: {str(refusal).splitlines()[-1]}"
    return Path(root), None
