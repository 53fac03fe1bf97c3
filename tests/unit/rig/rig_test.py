# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The rig's judges: what in a kernel log is a fault, what a test program's output counts as, what an archive holds."""
import itertools
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TOP / "tools/rig"), str(TOP / "tests")]
import cpio  # noqa: E402
import klog  # noqa: E402
import results  # noqa: E402
import soak  # noqa: E402
import unittest_tap  # noqa: E402

FAULTS = """
[    5.1] WARNING: CPU: 0 PID: 81 at drivers/gpu/drm/drm_gem.c:120 drm_gem_private_object_fini+0x1/0x2
[    5.1] WARNING: drivers/accel/weft/weft_gem.c:12 at weft_gem_free+0x1/0x2, CPU#1: life_test/81
[    5.1] BUG: KASAN: slab-use-after-free in weft_job_run+0x10/0x20 [weft]
[    5.1] BUG: KCSAN: data-race in list_add / weft_event_add [weft]
[    5.1] BUG: kernel NULL pointer dereference, address: 0000000000000008
[    5.1] UBSAN: shift-out-of-bounds in driver/weft_pt.c:88:12
[    5.1] WARNING: possible circular locking dependency detected
[    5.1] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580
[    5.1] kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
[    5.1] weft-rig: leak: unreferenced object 0xffff888101234500 (size 128):
[    5.1] INFO: task life_test:81 blocked for more than 60 seconds.
[    5.1] rcu: INFO: rcu_preempt self-detected stall on CPU
[    5.1] list_del corruption. prev->next should be ffff88, but was 0000
[    5.1] refcount_t: underflow; use-after-free.
[    5.1] DMA-API: weft 0000:03:00.0: device driver frees DMA memory with different size [warning]
[    5.1] ODEBUG: free active (active state 0) object: 00 object type: timer_list
[    5.1] Kernel panic - not syncing: Fatal exception
[    5.1] weft-rig: modprobe weft failed
""".strip().splitlines()
QUIET = """
[    0.0] tsc: Unable to calibrate against PIT
[    1.0] mtrr: your CPUs had inconsistent fixed MTRR settings
[    5.1] weft: loading out-of-tree module taints kernel.
[    5.1] FAULT_INJECTION: forcing a failure.
[    5.1] weft 0000:03:00.0: queue 3 stopped: fault UNMAPPED at 0x200000000
[    5.1] weft-rig: tainted 4096
[    5.1] weft-rig: exit 0
""".strip().splitlines()


class Soak(unittest.TestCase):
    """A soak of parts that only count, with its state in a directory of its own."""

    def setUp(self):
        where = tempfile.TemporaryDirectory()
        self.addCleanup(where.cleanup)
        self.dir = Path(where.name)
        (self.dir / "program").write_text("1")
        (self.dir / "other").write_text("1")
        patches = [mock.patch.object(soak, "STATE", self.dir / "soak.json"), mock.patch.object(soak, "BUILD", self.dir),
                   mock.patch.dict("os.environ")]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)
        for name in ("SEED", "COUNT"):
            soak.os.environ.pop(name, None)
        self.ran, self.broken = [], set()

    def part(self, name, made_from, count=1, slice=0):
        def go(n, seed, seconds):
            self.ran.append((name, n, seed))
            return results.Results(**({"failures": ["no"]} if seed in self.broken else {"passed": 1})), n
        return soak.Part(name, go, [self.dir / made_from], count, slice)

    def parts(self):
        return [self.part("a", "program", 10, 4), self.part("b", "other")]

    def soak(self, parts=None, seconds=0):
        self.ran.clear()
        with mock.patch("builtins.print"):
            return soak.soak(parts or self.parts(), seconds)

    def test_slices_add_up(self):
        records = self.soak()
        self.assertEqual(self.ran, [("a", 4, 1), ("b", 1, 1), ("a", 4, 2), ("a", 2, 3)])
        self.assertTrue(all(soak.finished(r) for r in records.values()))
        self.assertEqual(soak.read_state()["a"]["done"], 10)

    def test_goes_on_where_it_stopped(self):
        every = soak.rounds_of
        with mock.patch.object(soak, "rounds_of", lambda *of: itertools.islice(every(*of), 2)):
            self.soak()
        self.assertEqual(self.ran, [("a", 4, 1), ("b", 1, 1)])
        self.soak()
        self.assertEqual(self.ran, [("a", 4, 2), ("a", 2, 3)])
        self.soak()
        self.assertEqual(self.ran, [])

    def test_a_change_voids_what_is_made_from_it(self):
        self.soak()
        (self.dir / "program").write_text("2")
        self.soak()
        self.assertEqual({name for name, _, _ in self.ran}, {"a"})
        soak.os.environ["SEED"] = "7"
        self.soak()
        self.assertEqual(self.ran[:2], [("a", 4, 7), ("b", 1, 7)])

    def test_a_higher_count_runs_what_is_missing(self):
        self.soak()
        self.soak([self.part("a", "program", 13, 4), self.part("b", "other", 2)])
        self.assertEqual(self.ran, [("a", 3, 4), ("b", 2, 1)])

    def test_no_slice_begins_when_time_is_up(self):
        records = self.soak(seconds=1e-9)
        self.assertEqual(self.ran, [])
        self.assertEqual([soak.state_text(r) for r in records.values()], ["-", "-"])

    def test_a_failed_slice_is_run_again(self):
        self.broken = {2}
        self.assertTrue(self.soak()["a"]["failure"])
        self.assertEqual(soak.read_state()["a"]["done"], 4)
        self.broken = set()
        records = self.soak()
        self.assertEqual(self.ran, [("a", 4, 2), ("a", 2, 3)])
        self.assertTrue(soak.finished(records["a"]))

    def test_a_missing_program_is_refused(self):
        with self.assertRaises(soak.Refused):
            self.part("a", "nothing").key()

    def test_two_soaks_keep_what_the_other_wrote(self):
        soak.write_record("x", {"done": 1})
        self.soak()
        self.assertEqual(set(soak.read_state()), {"a", "b", "x"})


class KernelLog(unittest.TestCase):
    def test_each_fault_is_found(self):
        for line in FAULTS:
            self.assertEqual(klog.problems(line), [line])

    def test_normal_lines_pass(self):
        self.assertEqual(klog.problems("\n".join(QUIET)), [])

    def test_allowed_line(self):
        self.assertEqual(klog.problems(FAULTS[0], ["drm_gem_private_object_fini"]), [])

    def test_report_follows_its_first_line(self):
        text = "\n".join(["a", FAULTS[2], "Call Trace:", "  weft_job_run"])
        self.assertEqual(klog.problems(text), text.splitlines()[1:])

    def test_taint_alone(self):
        self.assertTrue(klog.problems("[ 1.0] weft-rig: tainted 512"))

    def test_facts(self):
        self.assertEqual(klog.facts("[ 3.7] weft-rig: up 3.75\n[ 9.0] weft-rig: exit 5"), {"up": 3.75, "exit": 5})
        self.assertEqual(klog.facts("")["exit"], None)


class Programs(unittest.TestCase):
    def count(self, text, code=0, judge=results.tap):
        r = judge("p", text, code)
        return r.passed, len(r.failures), len(r.skips)

    def test_tap(self):
        self.assertEqual(self.count("TAP version 13\n1..2\nok 1 - a\nok 2 b # SKIP p2pdma\n"), (1, 0, 1))
        self.assertEqual(self.count("1..2\nok 1 a\nnot ok 2 b\n# why\n", 1), (1, 1, 0))
        self.assertEqual(self.count("ok 1 a\n1..1\n"), (1, 0, 0))
        self.assertEqual(self.count("1..2\nok 1 a # 0.3 ms\nnot ok 2 b # 12 ms\n", 1), (1, 1, 0))

    def test_broken_tap_fails(self):
        self.assertEqual(self.count("1..3\nok 1 a\n"), (1, 1, 0))       # died in the middle
        self.assertEqual(self.count("1..1\nok 1 a\n", 139), (1, 1, 0))  # died after the end
        self.assertEqual(self.count(""), (0, 1, 0))
        self.assertEqual(self.count("1..1\nBail out! no card\n", 1), (0, 2, 0))
        self.assertEqual(self.count("1..1\nok 1 a\nok 2 b\n"), (2, 1, 0))

    def test_skip_needs_a_capability(self):
        self.assertEqual(self.count("1..1\nok 1 a # SKIP too hard\n"), (0, 1, 0))
        self.assertEqual(self.count("1..1\nok 1 a # SKIP\n"), (0, 1, 0))
        self.assertEqual(self.count("1..0 # SKIP kvm\n"), (0, 0, 1))
        self.assertEqual(self.count("avx512\n", results.SKIPPED, results.plain), (0, 0, 1))
        self.assertEqual(self.count("no time\n", results.SKIPPED, results.plain), (0, 1, 0))
        self.assertEqual(self.count("", results.SKIPPED, results.plain), (0, 1, 0))

    def test_cmocka(self):
        good = "[==========] t: Running 2 test(s).\n[       OK ] a\n[       OK ] b\n[  PASSED  ] 2 test(s).\n"
        self.assertEqual(self.count(good, 0, results.plain), (2, 0, 0))
        bad = "[       OK ] a\n[  FAILED  ] b\n[  PASSED  ] 1 test(s).\n[  FAILED  ] t: 1 test(s), listed below:\n"
        self.assertEqual(self.count(bad, 1, results.plain), (1, 1, 0))

    def test_exit_code_only(self):
        self.assertEqual(self.count("", 0, results.plain), (1, 0, 0))
        self.assertEqual(self.count("boom", "TIMEOUT", results.plain), (0, 1, 0))


class Archive(unittest.TestCase):
    def test_cpio_reads_it_back(self):
        with tempfile.TemporaryDirectory() as where:
            path = Path(where) / "a.cpio"
            archive = cpio.Writer(path)
            archive.file_from("/a/b/c", b"hello", 0o755)
            archive.file_from("/a/empty", b"")
            archive.link("/a/l", "b/c")
            archive.close()
            out = Path(where) / "out"
            out.mkdir()
            with open(path, "rb") as f:
                subprocess.run(["cpio", "-idm", "--quiet"], stdin=f, cwd=out, check=True)
            self.assertEqual((out / "a/l").read_bytes(), b"hello")
            self.assertEqual((out / "a/b/c").stat().st_mode & 0o777, 0o755)
            self.assertEqual((out / "a/empty").stat().st_size, 0)


if __name__ == "__main__":
    sys.exit(unittest_tap.run(sys.modules[__name__]))
