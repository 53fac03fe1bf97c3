# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What the figures are, and how what was measured becomes rows of build/bench.json. Documentation/bench.rst explains each."""
import json
import re
from dataclasses import dataclass

KEYS = ("name", "value", "unit", "median", "p10", "runs", "against", "ratio", "target", "clock")
CLOCKS = ("card", "host", "bench")
BINDS = ("bind.", "p2p.")   # taken by bind_bench
BODIES = ("body.", "period.", "load.1", "load.linear")   # taken by body_bench
PLANS = ("plan.", "mem.")   # taken by plan-bench
NATIVE = ("copy.", "gemm.", "packet.", "signal.", "sched.", "invalidate.", "stop.")  # taken by card-bench

# Forward and backward pass of 784-512-512-10, per row: two operations for each multiply-add of three products (output,
# gradient of the weights, gradient of the input) of each layer; the first layer needs no gradient of its input.
MODEL_FLOP_PER_ROW = 2 * (2 * 784 * 512 + 3 * 512 * 512 + 3 * 512 * 10)


@dataclass
class Figure:
    """`target` is one of the ratio where `of` says so; `most` when it is an upper limit."""
    name: str
    unit: str
    clock: str
    target: float = None
    of: str = "value"
    most: bool = False

    def met(self, row):
        """True, False, or None when there is no target or no value."""
        got = row[self.of]
        if self.target is None or got is None:
            return None
        return got <= self.target if self.most else got >= self.target


FIGURES = (
    Figure("copy.h2d", "GB/s", "card", 0.8, of="ratio"),
    Figure("copy.d2h", "GB/s", "card", 0.8, of="ratio"),
    Figure("copy.p2p", "GB/s", "card", 0.8, of="ratio"),
    Figure("gemm.1024", "GFLOP/s", "card", 0.9, of="ratio"),
    Figure("gemm.train", "GFLOP/s", "card", 0.8, of="ratio"),
    Figure("packet.ns", "ns", "card", 30, most=True),
    Figure("packet.wait_ns", "ns", "card", 50, most=True),
    Figure("signal.hop_us", "us", "card", 0.6, most=True),
    Figure("sched.1000", "M/s", "card", 0.9, of="ratio"),
    Figure("invalidate.us", "us", "bench"),
    Figure("stop.us", "us", "bench"),
    Figure("bind.4k", "us", "host"),
    Figure("bind.2m", "us", "host"),
    Figure("bind.1g", "us", "host"),
    Figure("p2p.map_us", "us", "host"),
    Figure("p2p.unmap_us", "us", "host"),
    Figure("queue.job", "us", "host"),
    Figure("submit.ioctl", "us", "host"),
    Figure("submit.uring", "us", "host"),
    Figure("submit.uring_ioctl", "us", "host", 1.0, of="ratio", most=True),
    Figure("queue.user", "us", "host", 0.333, of="ratio", most=True),
    Figure("queue.user_asleep", "us", "host"),
    Figure("getpid", "us", "host"),
    Figure("nvme.read512", "us", "host"),
    Figure("body.fire_us", "us", "card", 0.3, most=True),
    Figure("body.fire_d1_us", "us", "card"),
    Figure("body.lanes_us", "us", "card"),
    Figure("body.hop_us", "us", "card", 0.6, most=True),
    Figure("peer.openmp_us", "us", "bench"),
    Figure("peer.starpu_us", "us", "bench"),
    Figure("peer.taskflow_us", "us", "bench"),
    Figure("period.chain", "x", "card", 1.05, of="ratio", most=True),
    Figure("period.diamond", "x", "card", 1.05, of="ratio", most=True),
    Figure("period.train", "x", "card", 1.05, of="ratio", most=True),
    Figure("load.1k_s", "s", "host"),
    Figure("load.16k_s", "s", "host"),
    Figure("load.linear", "x", "host", 1.3, of="ratio", most=True),
    Figure("plan.100k_s", "s", "bench", 1.0, most=True),
    Figure("plan.linear", "x", "bench", 1.3, of="ratio", most=True),
    Figure("mem.vs_d2", "x", "bench"),
    Figure("mem.vs_noshare", "x", "bench"),
    Figure("mem.train.vs_d2", "x", "bench"),
    Figure("mem.train.vs_noshare", "x", "bench"),
    Figure("train.samples_per_s", "1/s", "host", 26000),
    Figure("train.of_bound", "1", "host", 0.6),
    Figure("train.one_card", "1/s", "host"),
    Figure("card.rss_mib", "MiB", "bench", 200, most=True),
    Figure("load.ms", "ms", "host", 1500, most=True),
    Figure("reset.engine_ms", "ms", "host"),
    Figure("reset.card_ms", "ms", "host", 500, most=True),
)


def rounded(value):
    return None if value is None else float(f"{value:.5g}")


def row(figure, taken=None, reason=None):
    """A whole row: from a program's, from a single value, or a null with the reason."""
    if not isinstance(taken, dict):
        taken = {} if taken is None else {"value": taken}
    value = rounded(taken.get("value"))
    r = {"name": figure.name, "value": value, "unit": figure.unit, "median": rounded(taken.get("median", value)),
         "p10": rounded(taken.get("p10", value)), "runs": taken.get("runs", 1 if value is not None else 0),
         "against": taken.get("against"), "ratio": rounded(taken.get("ratio")), "target": figure.target,
         "clock": figure.clock}
    for key in ("ratio_p10", "spread", "takes"):
        if taken.get(key) is not None:
            r[key] = taken[key] if isinstance(taken[key], int) else rounded(taken[key])
    if value is None:
        r.update(median=None, p10=None, ratio=None)
        r["reason"] = taken.get("reason") or reason or "not taken"
    return r


def marked(output, name):
    """The JSON a part of the machine's command wrote to its line, or None and the reason."""
    found = re.search(rf"^@@{name} (.*)$", output, re.M)
    if not found:
        return None, "the machine ended before it"
    try:
        return json.loads(found.group(1)), None
    except ValueError:
        return None, found.group(1).strip().lstrip("!")[:200] or "it wrote nothing"


def by_name(part):
    rows, why = part
    if not isinstance(rows, list):
        return {}, why or "its output is no array"
    return {r.get("name"): r for r in rows if isinstance(r, dict)}, "its program did not give it"


def of_bound(samples, gemm, engines):
    """
    samples/s over what the engines could do at most:

        bound = gemm.train [flop/s of one engine] * engines / MODEL_FLOP_PER_ROW

    The engines, one for each core the card may use, are shared by all cards, so the number of cards is not in it.
    """
    bound = gemm * 1e9 * engines / MODEL_FLOP_PER_ROW
    return {"value": samples / bound, "against": f"gemm.train x {engines} engines", "ratio": samples / bound}


def assemble(card, plan, peers, output, rss_mib, engines):
    """
    All rows in the order of FIGURES. `card`, `plan`: what card-bench and plan-bench wrote, parsed, and the reason
    when that is None; `peers`: the same of each peer's program, by the figure that it takes; `output`: of the
    machine's command; `rss_mib`: 0 when no card was seen.
    """
    programs = [(NATIVE, by_name(card)), (PLANS, by_name(plan)), *((name, by_name(part)) for name, part in peers.items()),
                (BINDS, by_name(marked(output, "bind"))), (BODIES, by_name(marked(output, "body"))),
                ("", by_name(marked(output, "bench")))]
    got, why = {}, {}
    for f in FIGURES:
        source, why[f.name] = next(part for names, part in programs if f.name.startswith(names))
        got[f.name] = source.get(f.name)
    reset, why_reset = by_name(marked(output, "reset"))
    for name in ("reset.engine_ms", "reset.card_ms"):
        got[name], why[name] = reset.get(name), why_reset
    for name, part in (("train.samples_per_s", "train4"), ("train.one_card", "train1")):
        result, why[name] = marked(output, part)
        got[name] = result.get("samples_per_s") if isinstance(result, dict) else None
        why[name] = why[name] or "the job's result lacks samples_per_s"
    gemm = (got["gemm.train"] or {}).get("value")
    samples = got["train.samples_per_s"]
    got["train.of_bound"] = of_bound(samples, gemm, engines) if samples and gemm else None
    why["train.of_bound"] = why["train.samples_per_s"] if not samples else "gemm.train was not taken"
    got["card.rss_mib"], why["card.rss_mib"] = rss_mib or None, "no card was seen running"
    load, why["load.ms"] = marked(output, "load")
    got["load.ms"] = load["end"] * 1000 - load["start"] * 1000 if isinstance(load, dict) else None
    return [row(f, got[f.name], why[f.name]) for f in FIGURES]


def problems(rows, wanted=FIGURES):
    """Everything that makes rows no file of these figures."""
    found = []
    if [r.get("name") for r in rows] != [f.name for f in wanted]:
        found.append("not one row for each figure in their order")
    for r in rows:
        name = r.get("name")
        found += [f"{name}: no {key}" for key in KEYS if key not in r]
        if r.get("clock") not in CLOCKS:
            found.append(f"{name}: clock {r.get('clock')}")
        if r.get("value") is None:
            if not r.get("reason"):
                found.append(f"{name}: null without a reason")
            if r.get("ratio") is not None:
                found.append(f"{name}: a ratio without a value")
        elif not r["value"] > 0 or not r.get("runs") or r.get("median") is None or r.get("p10") is None:
            found.append(f"{name}: a value without its samples")
        if r.get("ratio") is not None and not r.get("against"):
            found.append(f"{name}: a ratio against nothing")
    return found


def short(value, digits=4):
    return f"{value:.0f}" if value >= 1000 else f"{value:.{digits}g}"


def line(figure, r):
    """Of the table for people."""
    if r["value"] is None:
        return f"{figure.name:20} {'-':>10} {figure.unit:8} {'':10}  {figure.clock:6} {r['reason']}"
    notes = []
    if r["ratio"] is not None:
        notes.append(f"{short(r['ratio'], 3)} x {r['against']}")
    if figure.target is not None:
        notes.append(f"{'at most' if figure.most else 'at least'} {figure.target:g}"
                     f"{' x' if figure.of == 'ratio' else ''}: {'met' if figure.met(r) else 'NOT MET'}")
    if (r.get("spread") or 1) > 2:
        notes.append(f"unsteady: the peer spread {r['spread']:.1f} times")
    numbers = f"{short(r['value']):>10} {figure.unit:8} {short(r['p10']):>10}"
    return f"{figure.name:20} {numbers}  {figure.clock:6} {'; '.join(notes)}".rstrip()


def table(rows, wanted=FIGURES):
    head = f"{'figure':20} {'median':>10} {'unit':8} {'p10':>10}  {'clock':6} against, target"
    return "\n".join([head, *(line(f, r) for f, r in zip(wanted, rows))])
