# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""build/bench.json from canned output of card-bench and of the machine: every row, every key, nulls with their reason."""
import copy
import json
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tools/rig"))
import figures  # noqa: E402
import unittest_tap  # noqa: E402

CARD = json.loads("""[
{"name":"copy.h2d","unit":"GB/s","value":13.42,"median":13.42,"p10":21.89,"runs":31,"against":"non-temporal copy",
 "ratio":0.979,"ratio_p10":0.823,"spread":2.73,"takes":3,"target":null,"clock":"card"},
{"name":"copy.d2h","unit":"GB/s","value":11.79,"median":11.79,"p10":21.54,"runs":31,"against":"non-temporal copy",
 "ratio":0.931,"ratio_p10":0.720,"spread":1.65,"takes":1,"target":null,"clock":"card"},
{"name":"copy.p2p","unit":"GB/s","value":null,"median":null,"p10":null,"runs":31,"against":null,"ratio":null,
 "reason":"DMA_MAP of card 1's BAR2 on card 0","target":null,"clock":"card"},
{"name":"gemm.1024","unit":"GFLOP/s","value":160.5,"median":160.5,"p10":163.1,"runs":31,"against":"dnnl_sgemm",
 "ratio":0.955,"ratio_p10":0.941,"spread":1.02,"takes":1,"target":0.90,"clock":"card"},
{"name":"gemm.train","unit":"GFLOP/s","value":150,"median":150,"p10":151,"runs":31,"against":"dnnl_sgemm",
 "ratio":1.01,"ratio_p10":0.99,"spread":1.1,"takes":1,"target":0.80,"clock":"card"},
{"name":"packet.wait_ns","unit":"ns","value":26.1,"median":26.1,"p10":25.9,"runs":31,"against":null,"ratio":null,
 "target":50.00,"clock":"card"},
{"name":"sched.1000","unit":"M/s","value":80.5,"median":80.5,"p10":81,"runs":11,"against":"one queue","ratio":0.89,
 "ratio_p10":0.85,"takes":1,"target":0.90,"clock":"card"},
{"name":"stop.us","unit":"us","value":290.5,"median":290.5,"p10":250,"runs":31,"against":null,"ratio":null,"target":null,
 "clock":"bench"}]""")
PLAN = json.loads("""[
{"name":"plan.100k_s","unit":"s","value":0.75,"median":0.75,"p10":0.7,"runs":7,"against":null,"ratio":null,"target":1.00,"clock":"bench"},
{"name":"plan.linear","unit":"x","value":1.25,"median":1.25,"p10":1.2,"runs":7,"against":"time per body of 10,000","ratio":1.25,
 "target":1.30,"clock":"bench"}]""")
MACHINE = """
@@load {"start":3.25,"end":3.75}
@@reset [{"name": "reset.engine_ms", "value": 2.5, "median": 2.5, "p10": 2, "runs": 7}, {"name": "reset.card_ms", "value": null, "reason": "run 0 failed"}]
@@bench [{"name":"queue.job","value":912.5,"median":912.5,"p10":640.25,"unit":"us","runs":31,"clock":"host","against":"getpid","ratio":410.5,"ratio_p10":300,"spread":1.3},{"name":"queue.user","value":99.5,"median":99.5,"p10":80,"unit":"us","runs":31,"clock":"host","against":"queue.job","ratio":0.25,"ratio_p10":0.2,"spread":1.2},{"name":"getpid","value":2.1,"median":2.1,"p10":2,"unit":"us","runs":31,"clock":"host"},{"name":"nvme.read512","value":null,"reason":"/dev/nvme0n1: No such file or directory","unit":"us","runs":31,"clock":"host"}]
@@bind [{"name":"bind.4k","value":55.5,"median":55.5,"p10":50,"runs":41,"against":"getpid","ratio":25.5,"ratio_p10":22},{"name":"p2p.map_us","value":null,"reason":"No such device"}]
@@body [{"name":"body.fire_us","value":0.25,"median":0.25,"p10":0.2,"runs":9},{"name":"body.hop_us","value":null,"reason":"two-cards"},{"name":"period.chain","value":1.01,"median":1.01,"p10":1,"runs":9,"against":"the planner's","ratio":1.01},{"name":"load.16k_s","value":9.5,"median":9.5,"p10":9,"runs":3}]
@@train4 {"job":"fashion-mnist","cards":4,"epochs":2,"test_accuracy":0.87,"samples_per_s":27000.5}
@@train1 !weft run: card 0: lost
"""

PEERS = {f"peer.{name}_us": ([{"name": f"peer.{name}_us", "value": us, "median": us, "p10": us / 2, "runs": 9}], None)
         for name, us in (("openmp", 1.5), ("starpu", 3.5), ("taskflow", 0.5))}


def assemble(card=(CARD, None), plan=(PLAN, None), peers=PEERS, machine=MACHINE, rss=151.5, engines=2):
    rows = figures.assemble(copy.deepcopy(card), copy.deepcopy(plan), peers, machine, rss, engines)
    return rows, {r["name"]: r for r in rows}


class Shape(unittest.TestCase):
    def check(self, rows):
        """By itself, not by figures.problems(): keys, types and nulls of what a program reads."""
        rows = json.loads(json.dumps(rows))
        self.assertEqual([r["name"] for r in rows], [
            "copy.h2d", "copy.d2h", "copy.p2p", "gemm.1024", "gemm.train", "packet.ns", "packet.wait_ns",
            "signal.hop_us", "sched.1000", "invalidate.us", "stop.us", "bind.4k", "bind.2m", "bind.1g", "p2p.map_us",
            "p2p.unmap_us", "queue.job", "submit.ioctl", "submit.uring", "submit.uring_ioctl", "queue.user",
            "queue.user_asleep", "getpid", "nvme.read512", "body.fire_us", "body.fire_d1_us", "body.lanes_us", "body.hop_us",
            "peer.openmp_us", "peer.starpu_us", "peer.taskflow_us", "period.chain", "period.diamond", "period.train",
            "load.1k_s", "load.16k_s", "load.linear", "plan.100k_s", "plan.linear", "mem.vs_d2", "mem.vs_noshare",
            "mem.train.vs_d2", "mem.train.vs_noshare", "train.samples_per_s", "train.of_bound", "train.one_card",
            "card.rss_mib", "load.ms", "reset.engine_ms", "reset.card_ms"])
        for r in rows:
            for key in ("name", "unit", "clock"):
                self.assertIsInstance(r[key], str, r)
            self.assertIn(r["clock"], ("card", "host", "bench"), r)
            for key in ("value", "median", "p10", "ratio", "target"):
                self.assertIsInstance(r[key], (int, float, type(None)), r)
            self.assertIsInstance(r["runs"], int, r)
            self.assertIsInstance(r["against"], (str, type(None)), r)
            self.assertEqual(r["value"] is None, bool(r.get("reason")), r)
            self.assertEqual(r["value"] is None, r["median"] is None, r)
            self.assertEqual(r["ratio"] is None, r["against"] is None, r)
        self.assertEqual(figures.problems(rows), [])

    def test_whole(self):
        self.check(assemble()[0])

    def test_values_go_through(self):
        by = assemble()[1]
        self.assertEqual([by["gemm.1024"][k] for k in ("value", "p10", "runs", "ratio", "ratio_p10", "target", "clock")],
                         [160.5, 163.1, 31, 0.955, 0.941, 0.9, "card"])
        self.assertEqual([by["queue.job"][k] for k in ("value", "against", "ratio", "clock")],
                         [912.5, "getpid", 410.5, "host"])
        self.assertEqual([by["bind.4k"][k] for k in ("value", "against", "ratio", "clock")], [55.5, "getpid", 25.5, "host"])
        self.assertEqual([by["p2p.map_us"][k] for k in ("value", "reason")], [None, "No such device"])
        self.assertEqual([by["card.rss_mib"][k] for k in ("value", "target", "clock")], [151.5, 200, "bench"])
        self.assertEqual([by["load.ms"]["value"], by["load.16k_s"]["value"], by["load.16k_s"]["clock"]], [500, 9.5, "host"])
        self.assertEqual([by["reset.engine_ms"][k] for k in ("value", "p10", "runs", "target")], [2.5, 2, 7, None])
        self.assertEqual([by["reset.card_ms"][k] for k in ("value", "reason", "target")], [None, "run 0 failed", 500])
        self.assertEqual([by["stop.us"][k] for k in ("value", "target", "clock")], [290.5, None, "bench"])
        self.assertEqual([by["queue.user"][k] for k in ("value", "ratio", "target", "clock")], [99.5, 0.25, 0.333, "host"])
        self.assertEqual([by["body.fire_us"][k] for k in ("value", "target", "clock")], [0.25, 0.3, "card"])
        self.assertEqual([by["period.chain"][k] for k in ("ratio", "target")], [1.01, 1.05])
        self.assertEqual([by["plan.linear"][k] for k in ("ratio", "target", "clock")], [1.25, 1.3, "bench"])
        self.assertEqual([by["train.samples_per_s"][k] for k in ("value", "target")], [27000, 26000])

    def test_nulls_keep_their_reason(self):
        by = assemble()[1]
        self.assertEqual(by["copy.p2p"]["reason"], "DMA_MAP of card 1's BAR2 on card 0")
        self.assertEqual(by["nvme.read512"]["reason"], "/dev/nvme0n1: No such file or directory")
        self.assertEqual(by["body.hop_us"]["reason"], "two-cards")
        self.assertEqual(by["train.one_card"]["reason"], "weft run: card 0: lost")

    def test_bound_has_the_width_of_the_engines(self):
        flop = 2 * (2 * 784 * 512 + 3 * 512 * 512 + 3 * 512 * 10)
        for engines in (1, 2):
            self.assertAlmostEqual(assemble(engines=engines)[1]["train.of_bound"]["value"],
                                   27000.5 * flop / (150e9 * engines), places=4)

    def test_model_is_that_of_the_job(self):
        header = (TOP / "tools/weft/model.h").read_text()
        size = {name: int(header.split(f"#define MODEL_{name}\t")[1].split("u")[0]) for name in ("IN", "HIDDEN", "OUT")}
        i, h, o = size["IN"], size["HIDDEN"], size["OUT"]
        self.assertEqual(figures.MODEL_FLOP_PER_ROW, 2 * (2 * i * h + 3 * h * h + 3 * h * o))

    def test_nothing_could_be_taken(self):
        rows, by = assemble(card=(None, "card-bench did not end within 180 s"), plan=(None, "plan-bench: no such file"),
                            peers=dict.fromkeys(PEERS, ([], None)), machine="", rss=0)
        self.check(rows)
        self.assertEqual({r["value"] for r in rows}, {None})
        self.assertEqual(by["gemm.1024"]["reason"], "card-bench did not end within 180 s")
        self.assertEqual(by["plan.linear"]["reason"], "plan-bench: no such file")
        self.assertEqual(by["queue.job"]["reason"], "the machine ended before it")

    def test_a_peer_is_missing(self):
        rows, by = assemble(peers={**PEERS, "peer.starpu_us": (None, "not installed; install libstarpu-dev")})
        self.check(rows)
        self.assertEqual((by["peer.starpu_us"]["value"], by["peer.starpu_us"]["reason"]),
                         (None, "not installed; install libstarpu-dev"))
        self.assertEqual((by["peer.openmp_us"]["value"], by["peer.taskflow_us"]["value"]), (1.5, 0.5))

    def test_garbage_is_no_value(self):
        for text in ("@@bench {}\n@@train4 []\n@@train1 7\n@@load 0\n", "@@bench !\n@@train4 !\n@@train1 x\n"):
            self.check(assemble(card=([], None), plan=({}, None), machine=text)[0])


class Judge(unittest.TestCase):
    """figures.problems() finds what is wrong with rows."""
    def test_each_fault_is_found(self):
        def broken(change):
            rows, by = assemble()
            change(rows, by)
            return figures.problems(rows)
        faults = (lambda rows, by: rows.pop(), lambda rows, by: rows.reverse(),
                  lambda rows, by: by["copy.p2p"].pop("reason"), lambda rows, by: by["getpid"].update(clock="wall"),
                  lambda rows, by: by["getpid"].update(value=0), lambda rows, by: by["getpid"].update(p10=None),
                  lambda rows, by: by["gemm.1024"].update(against=None), lambda rows, by: by["copy.p2p"].update(ratio=1),
                  lambda rows, by: by["load.ms"].pop("target"), lambda rows, by: rows.append(dict(rows[0])))
        self.assertEqual([i for i, change in enumerate(faults) if not broken(change)], [])


class Table(unittest.TestCase):
    def test_lines(self):
        rows, by = assemble()
        by["card.rss_mib"]["value"] = 201
        lines = figures.table(rows).splitlines()
        self.assertEqual(len(lines), 1 + len(rows))
        for name, text in (("copy.h2d", "0.979 x non-temporal copy"), ("copy.h2d", "unsteady"),
                           ("gemm.1024", "at least 0.9 x: met"), ("card.rss_mib", "at most 200: NOT MET"),
                           ("train.samples_per_s", "at least 26000: met"), ("train.one_card", "card 0: lost"),
                           ("copy.h2d", "at least 0.8 x: met"), ("packet.wait_ns", "at most 50: met"),
                           ("sched.1000", "0.89 x one queue; at least 0.9 x: NOT MET"),
                           ("queue.user", "at most 0.333 x: met")):
            self.assertTrue(any(line.startswith(name + " ") and text in line for line in lines), (name, text, lines))
        self.assertNotIn("unsteady", lines[2])


if __name__ == "__main__":
    sys.exit(unittest_tap.run(sys.modules[__name__]))
