#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""An MPI program that knows nothing of weft: as by MPI alone when its calls are taken, and when they cannot be; and its failures."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest, libraries  # noqa: E402
from tap import Tap  # noqa: E402
from common import USER  # noqa: E402

CALLS, WINDOWS = USER / "tests/mpi/mpi_calls", USER / "tests/mpi/mpi_windows"
LIBRARY = USER / "runtime/mpi/libweft-mpi.so"
MPIRUN = "mpirun --allow-run-as-root --oversubscribe --mca btl sm,self -n"
REDUCTIONS = ("Allreduce", "Reduce", "Reduce_scatter_block")
BOUND_S = 120       # for what fails, on a machine with other work; what is waited for takes 8 s at most


def mpi_files():
    """Open MPI as Debian has it, without what it would only read on errors."""
    files = [("/usr/bin/mpirun.openmpi", "/usr/bin/mpirun"), ("/usr/bin/prte", "/usr/bin/prterun"),
             (CALLS, "/opt/weft/tests/mpi_calls"), (WINDOWS, "/opt/weft/tests/mpi_windows"), (LIBRARY, f"/opt/weft/lib/{LIBRARY.name}")]
    for where, pattern in (("/usr/lib/x86_64-linux-gnu/pmix2/lib/pmix", "*.so"), ("/etc/openmpi", "*.conf"),
                           ("/etc/openmpi", "prte-default-hostfile")):
        files += [(str(p), str(p)) for p in Path(where).glob(pattern)]
    return files + sorted({lib for source, _ in files for lib in libraries(str(source))})


def native(ranks, *task):
    """What rank 0 writes when there is nothing but MPI."""
    with tempfile.NamedTemporaryFile("r") as f:
        done = subprocess.run([*MPIRUN.split(), str(ranks), str(CALLS), f.name, "plain", *task], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=120, check=False)
        return f.read() if done.returncode == 0 else f"native MPI ended with {done.returncode}: {done.stderr[-600:]}"


def taken(ranks, memory, task="", env="", heap="16M", more=""):
    return (f"rm -f /tmp/calls.out; env WEFT_MPI_STATS=1 {f'WEFT_MPI_HEAP={heap}' if heap else ''} {env} timeout 150 {MPIRUN} {ranks} "
            f"{more} -x LD_PRELOAD=/opt/weft/lib/{LIBRARY.name} /opt/weft/tests/mpi_calls /tmp/calls.out {memory} {task}")


COUNTS = "grep -hE '^(live_|lmem_free_pages|[a-z]+_quarantined_pages)' /sys/kernel/debug/accel/*/counts"
SECONDS = "; status=$?; echo took $(($(cut -d . -f 1 /proc/uptime) - from)) s; exit $status"
FROM = "from=$(cut -d . -f 1 /proc/uptime); "
RESET = "echo 1 >$(ls -d /sys/bus/pci/drivers/weft/0* | sed -n 2p)/reset"
COMMANDS = {
    "net": "ip link set lo up",
    "before": COUNTS,
    "taken2": taken(2, "alloc") + " && cat /tmp/calls.out",
    "taken4": taken(4, "alloc", env="WEFT_MPI_CARDS=3,1,0,2") + " && cat /tmp/calls.out",
    "symmetric": taken(2, "alloc", "few", env="WEFT_MPI_SYMMETRIC=1") + " && cat /tmp/calls.out",
    "plain": taken(2, "plain", "few") + " && cat /tmp/calls.out",
    "mixed": taken(4, "mixed", "few") + " && cat /tmp/calls.out",
    "shift": taken(2, "shift", "few") + " && cat /tmp/calls.out",
    "off": taken(2, "alloc", "few", heap="") + " && cat /tmp/calls.out",
    "cards": taken(2, "alloc", "large", env="WEFT_MPI_CARDS=0,9") + " && cat /tmp/calls.out",
    "large": taken(2, "alloc", "large") + " && cat /tmp/calls.out",
    "send": taken(2, "alloc", "send", env="WEFT_MPI_SYMMETRIC=1 WEFT_MPI_TIMEOUT=20 OMPI_MCA_smsc=^cma") + " && cat /tmp/calls.out",
    "windows": f"env WEFT_MPI_STATS=1 WEFT_MPI_HEAP=1M timeout 100 {MPIRUN} 2 /opt/weft/tests/mpi_windows",
    "die": FROM + taken(2, "alloc", "die") + SECONDS,
    "dies": FROM + taken(2, "alloc", "die", env="WEFT_MPI_SYMMETRIC=1", more="--runtime-options continuous") + SECONDS,
    "late": FROM + taken(2, "alloc", "late", env="WEFT_MPI_SYMMETRIC=1 WEFT_MPI_TIMEOUT=2") + SECONDS,
    "reset": f"rm -f /tmp/mpi_calls.going; {FROM} ( {taken(4, 'alloc', 'loop')} ) & n=0; while ! [ -e /tmp/mpi_calls.going ] && "
             f"[ $n -lt 600 ]; do n=$((n + 1)); usleep 100000; done; {RESET}; wait $!" + SECONDS,
    "after": "sleep 1; " + COUNTS,
}


def lines(name):
    """Of each rank: what it counted, {kind: {taken/failed/why: n}}, agreements under "agreed"."""
    found = {}
    for rank, card, rest in re.findall(r"weft-mpi: rank (\d+), (no card|card \d+)(.*)$", guest[name][1], re.M):
        found[int(rank)] = counts = {"card": card, "agreed": 0}
        for part in rest.split("; ")[1:]:
            agreed = re.match(r"agreed (\d+) times", part)
            kind, _, numbers = part.partition(" ")
            if agreed:
                counts["agreed"] = int(agreed.group(1))
            else:
                counts[kind] = {a or b: int(x or y) for x, a, b, y in re.findall(r"(\d+) (taken|failed)|([a-z]+) (\d+)", numbers)
                                if x != "0"}
    return found


def made(text):
    """What the program says that it called: (kind, type, communicator) and how often."""
    return [(kind, what.rsplit(" ", 1)[0], what.rsplit(" ", 1)[1], int(n))
            for kind, what, n in re.findall(r"^made (\w+) (.+) (\d+)$", text, re.M)]


def same(name, want):
    """As by MPI alone; with the first lines that are not."""
    out, error, code = guest[name]
    if code != 0:
        return [f"{name} ended with {code}: {out[-300:]} {error[-600:]}"]
    differ = [f"{name}: {a!r}, by MPI alone {b!r}" for a, b in zip(out.splitlines(), want.splitlines()) if a != b]
    return differ[:5] + [f"{name}: {len(out.splitlines())} lines, not {len(want.splitlines())}"] * (out.count("\n") != want.count("\n"))


def counted(name, ranks, text, why):
    """Every call, as it should be: `why` (kind, type, communicator) is None where it is taken."""
    want, agreements = {}, 0
    for kind, what, comm, n in made(text):
        reason = why(kind, what, comm)
        want.setdefault(kind, {}).setdefault(reason or "taken", 0)
        want[kind][reason or "taken"] += n
        agreements += n * (reason not in ("type", "communicator", "off"))
    want = {kind: {reason: n for reason, n in of.items() if n} for kind, of in want.items()}
    found, wrong = lines(name), []
    for r in range(ranks):
        got = {kind: of for kind, of in found.get(r, {}).items() if kind in want}
        wrong += [f"{name}, rank {r}: {kind} {got.get(kind)}, not {of}" for kind, of in want.items() if got.get(kind) != of]
        if name != "symmetric" and found.get(r, {}).get("agreed") != agreements:
            wrong.append(f"{name}, rank {r}: agreed {found.get(r, {}).get('agreed')} times, not {agreements}")
    return wrong + ["nothing was called"] * (not want)


def refusal(ranks, memory=None):
    """Why a call is passed on: communicators of one rank, types of sums that cards have not; else the buffers."""
    def why(kind, what, comm):
        if comm == "half" and ranks == 2:
            return "communicator"
        return "type" if what == "double" and kind in REDUCTIONS else memory
    return why


def passed(name, ranks, text, mine):
    """As counted(), of buffers that are at fault at some ranks only: nothing is taken, and each says why."""
    found, wrong = lines(name), []
    total = sum(n for kind, what, comm, n in made(text) if not refusal(ranks)(kind, what, comm))
    for r in range(ranks):
        of = [c for kind, c in found.get(r, {}).items() if kind not in ("card", "agreed", "Alloc_mem", "Barrier")]
        got = {why: sum(c.get(why, 0) for c in of) for why in ("taken", "memory", "elsewhere", "place")}
        want = mine(r, total)
        wrong += [f"{name}, rank {r}: {got}, not {want}"] * (got != want)
    return wrong


def asked(name, ranks, text):
    """Only where somebody does not look at all buffers, and for the first call of a communicator that is not the first."""
    want = 1 + sum(n for kind, what, comm, n in made(text) if kind == "Reduce" and not refusal(ranks)(kind, what, comm))
    return [f"rank {r} asked {of['agreed']} times, not {want}" for r, of in lines(name).items() if of["agreed"] != want]


def mixed(rank, total):
    """Rank 1 has ordinary memory; ranks 0 and 2 are a communicator of their own, whose calls are taken."""
    half = sum(n for kind, what, comm, n in made(few[4]) if comm == "half" and not refusal(4)(kind, what, comm))
    alone = {0: half, 2: half}.get(rank, 0)
    return {"taken": alone, "memory": total if rank == 1 else 0, "elsewhere": 0 if rank == 1 else total - alone, "place": 0}


ranks_of = {"late": range(2), "reset": range(4)}


def failing(name, ranks, texts, code):
    """Each of `ranks` has an error of MPI in its bound, with one of the texts, and again; mpirun ends with a code of `code`."""
    out, error, status = guest[name]
    all_of = out + error
    wrong = [f"{name} ended with {status}: {all_of[-900:]}"] * (status not in code)
    took = re.search(r"took (\d+) s", out)
    wrong += [f"{name}: {took and took.group(0)}"] * (not took or int(took.group(1)) > BOUND_S)
    for r in ranks:
        said = re.search(rf"rank {r} failed after ([\d.]+) s: (.*)", all_of)
        if not said or not any(t in said.group(2) for t in texts) or float(said.group(1)) > BOUND_S:
            wrong.append(f"{name}: rank {r}: {said and said.group(0)}")
        elif f"rank {r} again: failed" not in all_of:
            wrong.append(f"{name}: rank {r} goes on after it")
        elif name != "dies" and f"rank {r} has the sum {sum(ranks_of[name])}" not in all_of:
            wrong.append(f"{name}: rank {r} has no sum of ordinary memory")
        else:
            print(f"# {said.group(0)}")
    return wrong


tap = Tap()
if not LIBRARY.exists():
    tap.check("mpi: the library is built", [f"{LIBRARY} is not there"])
    tap.done()
reference = {n: native(n) for n in (2, 4)}
few = {n: native(n, "few") for n in (2, 4)}
large, send = native(2, "large"), native(2, "send")
files = mpi_files()
print(f"# Open MPI in the machine: {sum(os.stat(source).st_size for source, _ in files) / 1e6:.1f} MB")
guest = Guest(COMMANDS, kernel="main", cards=4, name="mpi", files=files, timeout=1500)

tap.check("mpi: results of taken calls are as by MPI alone", same("taken2", reference[2]) + same("taken4", reference[4]))
tap.check("mpi: every call is counted", counted("taken2", 2, reference[2], refusal(2)) + counted("taken4", 4, reference[4], refusal(4)))
tap.check("mpi: ranks have the cards they are given", [f"{r}: {of['card']}" for r, of in lines("taken4").items()
                                                      if of["card"] != f"card {(3, 1, 0, 2)[r]}"] + ["no ranks"] * (not lines("taken4")))
tap.check("mpi: ranks that never differ do not ask", same("symmetric", few[2]) + counted("symmetric", 2, few[2], refusal(2)) +
          asked("symmetric", 2, few[2]))
tap.check("mpi: ordinary memory passes through", same("plain", few[2]) + counted("plain", 2, few[2], refusal(2, "memory")))
tap.check("mpi: one rank's ordinary memory makes all pass on", same("mixed", few[4]) + passed("mixed", 4, few[4], mixed))
tap.check("mpi: buffers at other places of the memory are passed on", same("shift", few[2]) + passed(
    "shift", 2, few[2], lambda rank, total: {"taken": 0, "memory": 0, "elsewhere": 0, "place": total}))
tap.check("mpi: nothing is taken unless asked for", same("off", few[2]) + counted("off", 2, few[2], lambda *_: "off"))
tap.check("mpi: a card that is not there is told, and nothing is taken", same("cards", large) + [
    guest["cards"][1][-300:]] * ("rank 1 of this machine, card 9: " not in guest["cards"][1]))
tap.check("mpi: large messages of card memory are passed on", same("large", large))
tap.check("mpi: MPI goes on with what it sends while a call is waited for", same("send", send) + [
    f"rank {r}: {of.get(kind)}" for r, of in lines("send").items() for kind in ("Allreduce", "Barrier") if of.get(kind) != {"taken": 3}])
tap.check("mpi: windows of the program's own", [f"{guest['windows']}"] * (guest["windows"][2] != 0 or any(
    of.get(kind) != {"taken": 1} for of in lines("windows").values() for kind in ("Allreduce", "Bcast", "Reduce")) or not lines("windows")))
tap.check("mpi: a rank that is killed ends them all", failing("die", [], [], [137]))
tap.check("mpi: a rank that is killed is an error of MPI at the others", failing("dies", [0], ["member 1, card 1, has stopped"], [0, 1, 137]))
tap.check("mpi: a rank that does not come is an error of MPI in time", failing("late", [0], ["member 0 waits for member 1"], [0]) +
          failing("late", [1], ["was revoked by the process of member 0"], [0]))
tap.check("mpi: a card that is reset is an error of MPI that names it", failing("reset", range(4), ["member 1, card 1, has stopped"], [0]))
tap.check("mpi: nothing is left", [] if guest["before"][0] and guest["before"][0] == guest["after"][0] else [
    f"{guest['before'][0]!r}, then {guest['after'][0]!r}"])
tap.check("mpi: the machine is well", [] if guest.code == 0 else [f"exit code {guest.code}"])
tap.done()
