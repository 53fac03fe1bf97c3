#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""weft top on lanes that sleep for every reason there is: by body, edge and kind, what is in the cells they sleep in, and members."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import ROOT, Tap  # noqa: E402

PROGRAMS = ["unwoken", "absent"]
POISONED = 0x42000000070011
COMMANDS = {
    "asleep": "/opt/weft/tests/unwoken >/tmp/asleep & echo $! >/tmp/pid; for i in $(seq 200); do grep -q . /tmp/asleep && break; sleep 0.1; "
              "done; cat /tmp/asleep",
    "json": "sleep 1; weft top --json",
    "text": "weft top --once",
    "two": "/opt/weft/tests/unwoken >/tmp/again & for i in $(seq 200); do grep -q . /tmp/again && break; sleep 0.1; done; sleep 1; "
           "weft top --json; kill -9 $!; wait $! || true",
    "gone": "kill -9 $(cat /tmp/pid); for i in $(seq 100); do weft top --json | grep -q unwoken || break; sleep 0.1; done; weft top --json",
    "absent": "/opt/weft/tests/absent >/tmp/absent & echo $! >/tmp/pid; for i in $(seq 200); do grep -q . /tmp/absent && break; sleep 0.1; "
              "done; cat /tmp/absent",
    "late": "sleep 1; weft top --json",
    "late text": "weft top --once; kill -9 $(cat /tmp/pid)",
}
# by body: kind, edge, peer, wanted, actual
WANTED = {
    "make": ("credit", "stream", "ended", 1, 0),
    "ended": ("cell", "elsewhere", "", 5, 3),
    "poisoned": ("cell", "broken", "", 9, 1),
    "after": ("produced", "late", "ended", 1, 0),
    "free": ("gate", "", "", 101, 100),
}
TEXT = [
    "unwoken/make  body make waits for edge stream (credit from ended), wanted 1, is 0, for ",
    "unwoken/after  body after waits for edge late (produced by ended), wanted 1, is 0, for ",
    "unwoken/free  body free waits for the gate, wanted 101, is 100, for ",
    "unwoken/ended  body ended waits for cell elsewhere, wanted 5, is 3 and END, for ",
    "unwoken/poisoned  body poisoned waits for cell broken, wanted 9, is 1 and is poisoned by will 7 of card 66: pt_invalid, for ",
    "plain  waits for 4 in cell 0x",
]


def expect(what, got, want):
    return [] if got == want else [f"{what}: {got}, wanted {want}"]


def queues(text):
    return [q for c in json.loads(text or '{"cards": []}')["cards"] for q in c["queues"] if q["kind"] == "user"]


def waits(lanes, times):
    """Each lane of the plan so many times, with what it waits for; the queue of no plan as it is."""
    got = sorted((q["body"], q["wait"], q["edge"], q["peer"], q["wanted"], q["actual"]) for q in lanes if "body" in q)
    problems = expect("waits", got, sorted((b, *w) for b, w in WANTED.items() for _ in range(times)))
    problems += expect("plans", {q["plan"] for q in lanes if "plan" in q}, {"unwoken"})
    problems += [f"{q['name']} sleeps {q['waits_s']} s" for q in lanes if not 0.1 < q["waits_s"] < 600]
    return problems + expect("names", sorted(q["name"] for q in lanes), sorted([f"unwoken/{b}" for b in WANTED] * times + ["plain"] * times))


def cells(lanes):
    """END and fault of the two cells, and of no others."""
    got = {q["name"]: (q["cell_end"], q["cell_fault"]) for q in lanes}
    return expect("cells", got, {**{f"unwoken/{b}": (False, 0) for b in WANTED}, "plain": (False, 0),
                                 "unwoken/ended": (True, 0), "unwoken/poisoned": (False, POISONED)})


def absent(lanes, text):
    """Both members that have come wait for the third, which has nothing to do."""
    got = sorted((q["name"], q.get("communicator"), q.get("member"), q.get("wait"), q.get("peer"), q.get("wanted"), q.get("actual"))
                 for q in lanes)
    want = [(f"test/{m}", "test", f"member {m}", "arrival", "member 2, card 2", 2, None) for m in (0, 1)] + [("test/2", *[None] * 6)]
    problems = expect("members", got, want) + [f"{q['name']} sleeps {q['waits_s']} s" for q in lanes if not 0.1 < q.get("waits_s", 1) < 600]
    return problems + [f"no {line!r} in {text!r}" for line in
                       (f"test/{m}  member {m} waits for member 2, card 2, which has not come, wanted 2, for " for m in (0, 1))
                       if line not in text]


tap = Tap()
guest = Guest(COMMANDS, kernel="main", cards=3, name="top",
              files=[(Path(ROOT) / f"build/user/tests/runtime/{program}", f"/opt/weft/tests/{program}") for program in PROGRAMS])
first = queues(guest["json"][0])
tap.check("top: the program sleeps", expect("it says", guest["asleep"][0].strip(), "asleep"))
tap.check("top: body, edge, kind, wanted and actual of every lane, from the table of its own process", waits(first, 1))
tap.check("top: END and fault of the cell that a lane sleeps in", cells(first))
tap.check("top: the same as text", [f"no {t!r} in {guest['text'][0]!r}" for t in TEXT if t not in guest["text"][0]] +
          ([f"it believes a lie: {guest['text'][0]!r}"] if "fake" in guest["text"][0] + guest["json"][0] else []))
tap.check("top: two processes with the same plan", waits(queues(guest["two"][0]), 2))
tap.check("top: who is killed is gone", expect("queues", queues(guest["gone"][0]), []))
tap.check("top: members of a communicator, and who has not come",
          expect("it says", guest["absent"][0].strip(), "asleep") or absent(queues(guest["late"][0]), guest["late text"][0]))
tap.check("top: the machine's log is clean", expect("code", guest.code, 0))
tap.done()
