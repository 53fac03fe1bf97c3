#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The training job as its user sees it: accuracy, equality over cards, counts, bad input, kill, a kernel without P2P."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402

GRADIENT_BYTES = 4 * (784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10)
PADDED_BYTES = -(-GRADIENT_BYTES // 16) * 16     # of the upper layers, since each of 4 workers sums up as much as the others
STEPS = 2 * -(-60000 // 256)
DATA = "/usr/share/datasets/fashion-mnist"
RUN = "weft run fashion-mnist --json"
# What is held must be as before: objects, free and quarantined pages, interrupts; printed so that a difference is readable.
COUNTS = "grep -hE '^(live_|lmem_free_pages|[a-z]+_quarantined_pages)' /sys/kernel/debug/accel/*/counts; " \
         "echo interrupts $(grep -c weft /proc/interrupts)"
HELD = ("live_objects", "lmem_free_pages", "lmem_quarantined_pages", "carve_quarantined_pages", "interrupts")

MAIN = {
    "counts-before": COUNTS,
    "info": "weft info",
    "info-json": "weft info --json",
    "cards-4": f"{RUN} --cards 4",
    "cards-2": f"{RUN} --cards 2",
    "cards-1": f"{RUN} --cards 1",
    "jobs-4": f"{RUN} --cards 4 --jobs",
    "jobs-2": f"{RUN} --cards 2 --jobs",
    "jobs-1": f"{RUN} --cards 1 --jobs",
    "long": f"{RUN} --cards 4 --epochs 5 --steps 1100",
    "seed-2": f"{RUN} --cards 4 --seed 2 --epochs 1",
    "short-1": f"{RUN} --cards 1 --steps 20",
    # dies in the middle of training: not before a line of progress names a loss
    "killed": "weft run fashion-mnist --cards 4 --epochs 20 >/dev/null 2>/tmp/progress & n=0; "
              "until grep -q loss /tmp/progress || [ $n = 600 ]; do sleep 0.1; n=$((n + 1)); done; "
              "grep -c loss /tmp/progress; kill -9 $!; wait $!; echo $?",
    "after-kill": f"{RUN} --cards 4 --steps 20",
    "too-many": f"{RUN} --cards 3",
    "no-data": f"{RUN} --data /nowhere",
    "truncated": f"cp -r {DATA} /tmp/cut && head -c 1000000 {DATA}/train-images-idx3-ubyte "
                 f">/tmp/cut/train-images-idx3-ubyte && {RUN} --data /tmp/cut",
    "not-idx": f"mkdir /tmp/bad && cp {DATA}/* /tmp/bad && echo hello >/tmp/bad/t10k-labels-idx1-ubyte && "
               f"{RUN} --data /tmp/bad",
    "bad-option": "weft run fashion-mnist --epochs 0",
    "bad-job": "weft run cifar",
    "bad-command": "weft frobnicate",
    "counts-after": "sleep 1; " + COUNTS,
}
NO_P2P = {
    "refused": f"{RUN} --cards 2 --steps 20",
    "bounced": f"{RUN} --cards 2 --steps 20 --allow-bounce",
    "one-card": f"{RUN} --cards 1 --steps 20",
}


def result(guest, name):
    """The JSON of a run, which must be the last line of its standard output; {} when there is none."""
    out = guest[name][0].strip().splitlines()
    try:
        return json.loads(out[-1]) if out else {}
    except ValueError:
        return {}


def expect(what, got, want):
    return [] if got == want else [f"{what} is {got}, wanted {want}"]


def ran(guest, name):
    out, err, code = guest[name]
    return [] if code == 0 and result(guest, name) else [f"{name}: exit code {code}: {out[-300:]} {err[-300:]}"]


def refused(guest, name, word, code=1):
    """A clear refusal: the exit code, one line on standard error that has the word, nothing on standard output."""
    out, err, status = guest[name]
    lines = err.strip().splitlines()
    problems = expect(f"{name}: exit code", status, code) + expect(f"{name}: standard output", out, "")
    if not lines or word not in err:
        problems.append(f"{name}: no \"{word}\" in: {err[-300:]}")
    if code == 1 and len(lines) != 1:
        problems.append(f"{name}: {len(lines)} lines instead of one: {err[-300:]}")
    return problems


def counts(guest, name, cards):
    r = result(guest, name)
    return (ran(guest, name) + expect("steps", r.get("steps"), STEPS) +
            expect("gradient_bytes", r.get("gradient_bytes"), GRADIENT_BYTES) +
            expect("p2p_bytes", r.get("p2p_bytes"), STEPS * (PADDED_BYTES + GRADIENT_BYTES) * (cards - 1)) +
            expect("host_bounce_bytes", r.get("host_bounce_bytes"), 0))


def host_work(r):
    """What the host did for a step, in a run of at least 1,000: nothing that grows with steps."""
    # a process that sleeps for a card looks up four times a second, whatever the cards do meanwhile
    looks = 5 * (r.get("seconds") or 0) / (r.get("steps") or 1)
    most = {"ioctls_per_step": 0.05, "interrupts_per_step": 0.05, "context_switches_per_step": 0.05 + looks}
    return ([] if (r.get("steps") or 0) >= 1000 else ["too few steps"]) + \
        [f"{k} is {r.get(k)}" for k, m in most.items() if r.get(k) is None or r[k] > m]


tap = Tap()
guest = Guest(MAIN, kernel="main", cards=4, data=True, name="train", timeout=1800)
tap.check("train: the machine's log is clean", expect("code", guest.code, 0))
info = result(guest, "info-json")
tap.check("train: weft info shows four cards that reach each other",
          expect("cards", len(info.get("cards", [])), 4) +
          expect("reach", {p["reach"] for p in info.get("peers", [])}, {"bus"}) +
          ([] if all(w in guest["info"][0] for w in ("firmware", "local memory", "slots", "group", "reach")) else
           ["weft info lacks a word: " + guest["info"][0][:500]]))
accuracy = result(guest, "cards-4").get("test_accuracy") or 0
tap.check("train: accuracy of at least 0.86", ran(guest, "cards-4") + ([] if accuracy >= 0.86 else [str(accuracy)]))
first, last = (result(guest, "cards-4").get(k) or 0 for k in ("first_loss", "train_loss"))
tap.check("train: the loss falls", [] if 0 < last < first / 3 else [f"from {first} to {last}"])
for n in (4, 2, 1):
    tap.check(f"train: bytes between {n} cards are steps x 2 x S x (p - 1), none through host memory",
              counts(guest, f"cards-{n}", n))
tap.check("train: losses and weights of 1, 2 and 4 cards are bit-equal",
          [p for n in (1, 2) for key in ("losses_hash", "weights_hash", "test_accuracy")
           for p in expect(f"{key} of {n}", result(guest, f"cards-{n}").get(key), result(guest, "cards-4").get(key))])
tap.check("train: losses and weights as bodies and as jobs are bit-equal",
          [p for n in (1, 2, 4) for key in ("losses_hash", "weights_hash", "test_accuracy")
           for p in ran(guest, f"jobs-{n}") + expect(f"{key} of {n}", result(guest, f"jobs-{n}").get(key),
                                                     result(guest, f"cards-{n}").get(key))] +
          [p for n in (1, 2, 4) for way in ("jobs", "cards") for p in
           expect("steps as", result(guest, f"{way}-{n}").get("steps_as"), "jobs" if way == "jobs" else "bodies")])
tap.check("train: no host work for a step of bodies", ran(guest, "long") + host_work(result(guest, "long")))
tap.check("train: another seed gives other weights", ran(guest, "seed-2") + (
    ["equal"] if result(guest, "seed-2").get("weights_hash") == result(guest, "cards-4").get("weights_hash") else []))
tap.check("train: ioctls and interrupts are counted",
          [f"{k} is {v}" for k in ("ioctls_per_step", "interrupts_per_step", "context_switches_per_step")
           for v in [result(guest, "jobs-4").get(k)] if not v or v > 100])
progressed, *status = guest["killed"][0].split() or [""]
killed = ([] if progressed.isdigit() and int(progressed) else ["the victim was not training"]) + \
    expect("status of the victim", status, ["137"])
tap.check("train: kill -9 in the middle, then the same job gives the same result",
          killed + ran(guest, "after-kill") +
          expect("losses", result(guest, "after-kill").get("losses_hash"),
                 result(guest, "short-1").get("losses_hash")))
tap.check("train: missing, truncated and wrong data sets are refused by name",
          refused(guest, "no-data", "/nowhere/train-images-idx3-ubyte") +
          refused(guest, "truncated", "truncated") + refused(guest, "not-idx", "t10k-labels-idx1-ubyte"))
tap.check("train: bad options are refused", refused(guest, "too-many", "1, 2 or 4", 2) +
          refused(guest, "bad-option", "--epochs", 2) + refused(guest, "bad-job", "cifar", 2) +
          refused(guest, "bad-command", "frobnicate", 2))
tap.check("train: nothing is left behind",
          [f"no {name} in the counts" for name in HELD if f"{name} " not in guest["counts-before"][0]] +
          expect("counts", guest["counts-after"][0], guest["counts-before"][0]))

few = Guest({"too-few": f"{RUN} --cards 4"}, kernel="main", cards=2, data=True, name="train-few")
tap.check("train: too few cards", refused(few, "too-few", "4 cards asked for, 2 found") + expect("code", few.code, 0))

old = Guest(NO_P2P, kernel="612", cards=2, data=True, name="train-612")
bounced = result(old, "bounced")
tap.check("train: without P2P the job is refused with the reason", refused(old, "refused", "--allow-bounce"))
tap.check("train: host bounce, when asked for, is reported, and the result is the same",
          ran(old, "bounced") + expect("steps as", bounced.get("steps_as"), "jobs") +
          expect("p2p_bytes", bounced.get("p2p_bytes"), 0) +
          ([] if (bounced.get("host_bounce_bytes") or 0) >= 20 * 2 * GRADIENT_BYTES else ["no bounced bytes"]) +
          expect("losses", bounced.get("losses_hash"), result(guest, "short-1").get("losses_hash")) +
          expect("weights", bounced.get("weights_hash"), result(guest, "short-1").get("weights_hash")))
tap.check("train: one card runs bodies on the old kernel", ran(old, "one-card") +
          expect("steps as", result(old, "one-card").get("steps_as"), "bodies") +
          expect("weights", result(old, "one-card").get("weights_hash"), result(guest, "short-1").get("weights_hash")))
tap.check("train: the old kernel's log is clean", expect("code", old.code, 0))
tap.done()
