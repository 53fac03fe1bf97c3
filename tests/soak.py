#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Every test with its full count, in parts. A part runs in slices, each with a seed of its own, until its count is
reached; build/soak.json keeps what each part has done and for which files (soak_parts.py says which), so that a soak
goes on where it was stopped and begins anew only what has changed. A slice that fails is run again with its seed the
next time. Called by `make soak`, in the private root. Several may run at once, each with parts of its own.
"""
import argparse
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools/rig"))
from common import BUILD, CLONE, LOGS, Refused, digest, lock, say  # noqa: E402
from results import Results  # noqa: E402

STATE = BUILD / "soak.json"


@dataclass
class Part:
    """`run(count, seed, seconds)` gives Results and how many executions there were."""
    name: str
    run: Callable
    made_from: list = field(default_factory=list)   # files, directories, text
    count: int = 1          # executions wanted
    slice: int = 0          # of one slice; 0: all at once
    seconds: float = 0      # what a slice may take, where that ends it rather than its count

    @property
    def whole(self):
        return not self.slice or self.slice >= self.count

    def key(self):
        """What a result stands for. The count decides only how much is wanted, where slices add up."""
        parts = [os.environ.get("SEED", ""), str(self.count) if self.whole else ""]
        for thing in self.made_from:
            if not isinstance(thing, Path):
                parts.append(thing)
                continue
            if not thing.exists():
                raise Refused(f"{thing} is missing; `make user` builds it")
            files = [thing] if thing.is_file() else sorted(p for p in thing.rglob("*") if p.is_file() and
                                                           "__pycache__" not in p.parts)
            parts += [item for path in files for item in (path.name, path)]
        return digest(*parts)


def read_state():
    return json.loads(STATE.read_text())["parts"] if STATE.exists() else {}


def write_record(name, record):
    """Another soak may have written since."""
    with lock(BUILD / "soak.lock"):
        parts = {**read_state(), name: record}
        new = STATE.with_suffix(".new")
        new.write_text(json.dumps({"parts": dict(sorted(parts.items()))}, indent=1) + "\n")
        new.replace(STATE)


def record_of(part, state):
    """What the part has done for the files as they are; an empty record when they have changed."""
    key, old = part.key(), state.get(part.name, {})
    if old.get("digest") == key:
        return {**old, "count": part.count}
    return {"digest": key, "count": part.count, "done": 0, "slices": 0, "seconds": 0.0, "seed": None, "passed": 0,
            "skipped": [], "failure": None}


def finished(record):
    return record["done"] >= record["count"] and not record["failure"]


def run_slice(part, record, left_s):
    """One slice; what it leads to is in the record."""
    seed = int(os.environ.get("SEED") or 1) + record["slices"]
    left = max(part.count - record["done"], 1)
    count = left if part.whole else min(part.slice, left)
    start = time.monotonic()
    try:
        results, executed = part.run(count, seed, min(part.seconds, left_s) if part.seconds else 0)
    except (Refused, OSError) as error:
        results, executed = Results(failures=[f"{part.name}: {error}"]), 0
    if not results.ran and not results.skips:
        results.failures.append(f"{part.name}: no test ran")
    record["seconds"] = round(record["seconds"] + time.monotonic() - start, 1)
    record["seed"] = seed
    record["failure"] = results.failures[:5] or None
    if not results.failures:
        record["done"] += executed
        record["slices"] += 1
        record["passed"] = results.passed
        record["skipped"] = results.skips
    return results, time.monotonic() - start


def state_text(record):
    if record["failure"]:
        return "FAILED"
    return "done" if finished(record) else f"{100 * record['done'] // record['count']} %" if record["done"] else "-"


def line_of(name, record):
    rate = record["done"] / record["seconds"] if record["seconds"] else 0
    return (f"{name:64} {record['done']:>12,} of {record['count']:>12,}  {state_text(record):>6}  {record['seconds']:9.1f} s"
            f"  {rate:10,.0f}/s")


def time_left(records):
    """A guess, for parts whose rate is known."""
    known = [(r["count"] - r["done"]) * r["seconds"] / r["done"] for r in records.values() if r["done"] and not finished(r)]
    unknown = sum(not r["done"] for r in records.values())
    return f"{sum(known) / 3600:.1f} h" + (f" and {unknown} parts not yet begun" if unknown else "")


def rounds_of(parts, records, deadline):
    """Each unfinished part a slice, then again, so that all come on however short the time is."""
    again = list(parts)
    while again:
        todo, again = again, []
        for part in todo:
            if finished(records[part.name]):
                continue
            if time.monotonic() >= deadline:
                return
            yield part
            if not finished(records[part.name]) and not records[part.name]["failure"]:
                again.append(part)


def soak(parts, seconds):
    state = read_state()
    records = {part.name: record_of(part, state) for part in parts}
    deadline = time.monotonic() + seconds if seconds else float("inf")
    for part in rounds_of(parts, records, deadline):
        record = records[part.name]
        results, took = run_slice(part, record, max(deadline - time.monotonic(), 1))
        write_record(part.name, record)
        for failure in results.failures:
            print(f"  FAILED {failure}")
        ended = sum(finished(r) for r in records.values())
        print(f"{line_of(part.name, record)}  +{took:.0f} s  [{ended} of {len(parts)} parts, left: {time_left(records)}]",
              flush=True)
    return records


def summary(records):
    total = Results()
    for name, record in records.items():
        if record["failure"]:
            total.failures.append(name)
        elif finished(record):
            total.passed += 1
    unfinished = [name for name, record in records.items() if not finished(record) and not record["failure"]]
    for name in total.failures:
        print(f"  FAILED {name}, SEED={records[name]['seed']}: {records[name]['failure'][0]}")
    print(f"{total.passed} parts done, {len(total.failures)} failed, {len(unfinished)} left"
          f"{': ' + time_left(records) if unfinished else ''}", flush=True)
    return 1 if total.failures or not records else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=float, default=0, help="begin no slice after so long (default: run to the end)")
    p.add_argument("--list", action="store_true", help="what is done and what is left, and run nothing")
    p.add_argument("names", nargs="*", metavar="PART", help="parts whose names begin so (default: all)")
    args = p.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    import soak_parts
    parts = [part for part in soak_parts.parts() if not args.names or part.name.startswith(tuple(args.names))]
    if not parts:
        p.error(f"no part's name begins with {' or '.join(args.names)}")
    say(f"{len(parts)} parts, state in {STATE.relative_to(CLONE)}")
    if args.list:
        state = read_state()
        records = {part.name: record_of(part, state) for part in parts}
        for name, record in records.items():
            print(line_of(name, record))
    else:
        records = soak(parts, args.seconds)
    return summary(records)


if __name__ == "__main__":
    sys.exit(main())
