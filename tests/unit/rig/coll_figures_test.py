# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""build/bench-coll.json from canned rounds: every row, paired ratios, the best peer, nulls with their reason; and what peers print."""
import json
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tools/rig"))
import bench_coll  # noqa: E402
import coll_figures  # noqa: E402
import figures  # noqa: E402
import peers  # noqa: E402
import unittest_tap  # noqa: E402

MIB16 = 16 << 20


def ours(us, op="all-reduce", size=MIB16, limit=900):
    return {"op": op, "bytes": size, "us": us, "single_us": us + 50, "limit_us": limit, "algorithm": "direct"}


ROUNDS = [[ours(1000), ours(2, size=8, limit=None)], [ours(2000), ours(3, size=8, limit=None)], [ours(1200), ours(2.4, size=8, limit=None)]]
LIMITS = [{("all-reduce", MIB16): 900}, {("all-reduce", MIB16): 1000}, {("all-reduce", MIB16): 1080}]
PEERS = {"slow": [{("all-reduce", MIB16): 9000}] * 3,
         "fast": [{("all-reduce", MIB16): 5000, ("all-reduce", 8): 8}, {("all-reduce", 8): 6}, {("all-reduce", MIB16): 7200}]}


def assemble(rounds=ROUNDS, limits=LIMITS, others=PEERS, why_ours=None, why_peers=None):
    rows = json.loads(json.dumps(coll_figures.assemble(rounds, limits, others, why_ours, why_peers)))
    return rows, {r["name"]: r for r in rows}


class Rows(unittest.TestCase):
    def test_all_are_there(self):
        rows, by_name = assemble()
        self.assertEqual(len(rows), 5 * 6 * 3)
        self.assertEqual(rows[0]["name"], "allreduce.8.us")
        self.assertEqual(rows[-1]["name"], "alltoall.64M.single_us")
        self.assertEqual(figures.problems(rows, coll_figures.FIGURES), [])
        self.assertEqual(len(figures.table(rows, coll_figures.FIGURES).splitlines()), 91)
        self.assertEqual(by_name["allgather.8.us"]["reason"], "less than an element for each member")
        self.assertEqual(by_name["allgather.16M.us"]["reason"], "the machine did not give it")

    def test_ours(self):
        _, by_name = assemble()
        us = by_name["allreduce.16M.us"]
        self.assertEqual((us["value"], us["p10"], us["runs"], us["algorithm"], us["cards_limit_us"]), (1200, 1000, 3, "direct", 900))
        # paired: 0.9, 0.5, 0.9
        self.assertEqual((us["against"], us["ratio"], us["ratio_p10"], us["target"]), ("the fused limit", 0.9, 0.5, 0.8))
        self.assertEqual(by_name["allreduce.16M.single_us"]["value"], 1250)
        small = by_name["allreduce.8.us"]
        self.assertEqual((small["value"], small["ratio"], small["target"], small["cards_limit_us"]), (2.4, None, 2.5, None))

    def test_peers(self):
        _, by_name = assemble()
        # the one with the least median, in the rounds that it was there
        peer = by_name["allreduce.16M.peer"]
        self.assertEqual((peer["against"], peer["value"], peer["ratio"], peer["runs"], peer["target"]), ("fast", 5.5, 5.5, 2, 5))
        self.assertEqual(by_name["allreduce.8.peer"]["ratio"], 3)
        _, by_name = assemble(others={}, why_peers="no root")
        self.assertEqual((by_name["allreduce.16M.peer"]["value"], by_name["allreduce.16M.peer"]["reason"]), (None, "no root"))

    def test_nothing(self):
        rows, by_name = assemble([], [], {}, "the machine ended before it", "no root")
        self.assertEqual(figures.problems(rows, coll_figures.FIGURES), [])
        self.assertEqual(by_name["broadcast.1M.us"]["reason"], "the machine ended before it")

    def test_targets(self):
        met = {f.name: f for f in coll_figures.FIGURES}
        rows, by_name = assemble()
        self.assertEqual([met[n].met(by_name[n]) for n in ("allreduce.8.us", "allreduce.16M.us", "allreduce.16M.peer", "allreduce.8.peer",
                                                           "broadcast.16M.us")], [True, True, True, True, None])
        rows, by_name = assemble([[ours(2000)]], LIMITS[:1], {"fast": [{("all-reduce", MIB16): 9000}]})
        self.assertEqual([met[n].met(by_name[n]) for n in ("allreduce.16M.us", "allreduce.16M.peer")], [False, False])


class Output(unittest.TestCase):
    def test_of_peers(self):
        self.assertEqual(peers.parse("all-reduce 8 5.25\nwarning\nall-reduce x 1\nsend 8 y\nbroadcast 1024 7\nall-ga"),
                         {("all-reduce", 8): 5.25, ("broadcast", 1024): 7})
        self.assertEqual(peers.words([("all-reduce", 8), ("broadcast", 8)], ("broadcast",)), ["broadcast:8"])

    def test_of_the_machine(self):
        good = "noise\n@@round " + json.dumps([ours(1)]) + "\n"
        self.assertEqual(bench_coll.parse(good), ([[ours(1)]], None))
        self.assertEqual(bench_coll.parse(good + "@@failed peers: failed no word\n")[1], "peers: failed no word")
        self.assertEqual(bench_coll.parse(""), ([], "the machine ended before it"))
        self.assertEqual(bench_coll.parse("@@round [{\n"), ([], "a round's output is no JSON"))


if __name__ == "__main__":
    sys.exit(unittest_tap.run(sys.modules[__name__]))
