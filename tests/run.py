# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Runs the test suites and ends with `N passed, N failed, N skipped`. Called by `make test`, in the private root."""
import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools/rig"))
import boot  # noqa: E402
import kernels  # noqa: E402
from common import CLONE, LOGS, USER, Refused, say  # noqa: E402
from counts import COUNTS, rounds  # noqa: E402
from results import SKIPPED, Results, plain, skip, tap  # noqa: E402

CARD = USER / "tools/card/weft-card"
CONTRACT = USER / "tests/contract/weft-contract"
MINICARD = USER / "tests/contract/minicard/minicard"


@dataclass
class Options:
    quick: bool = False
    match: str = ""


def environment(name):
    """Ours, with COUNT for this test: from the caller, else from the table."""
    env = dict(os.environ)
    count = env.pop("COUNT", "") or rounds(name, False)
    if count and name in COUNTS:
        env["COUNT"] = count
    return env


def program(command, name, limit, env=None):
    """Runs one native program; output (also in build/log) and exit code."""
    log = LOGS / f"test-{name}.log"
    with open(log, "w") as f:
        try:
            code = subprocess.run([str(c) for c in command], cwd=CLONE, env=env or environment(name), stdout=f,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=limit,
                                  preexec_fn=boot.die_with_parent).returncode
        except subprocess.TimeoutExpired:
            code = f"no result after {limit} s"
    return log.read_text(errors="replace"), code


def abi(options):
    """Checks of the tree itself: who includes whom, layouts, licences, pages."""
    results = Results()
    for script in sorted((CLONE / "tests/abi").glob("*.py")):
        text = script.read_text()
        if script.name == "tap.py" or "tap.done()" not in text:
            continue
        results.add(tap(f"abi/{script.stem}", *program([sys.executable, "-B", script], script.stem, 120)))
    return results


def meson_test(names, env, base, patience=2):
    """Runs tests in one `meson test` with a log of its own; what it says about each."""
    log = USER / f"meson-logs/{base}.json"
    log.unlink(missing_ok=True)
    subprocess.run(["nice", "meson", "test", "-C", USER, "--no-rebuild", "--quiet", "--logbase", base,
                    "-t", str(patience), *names],
                   env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return entries


def unit_tests():
    """What meson knows as a test: names, commands."""
    return json.loads(subprocess.run(["meson", "introspect", "--tests", USER], check=True, capture_output=True,
                                     text=True).stdout)


def unit_result(entry):
    code = {"OK": 0, "SKIP": SKIPPED}.get(entry["result"], entry["result"])
    return plain(entry["name"].split(" / ")[-1].removeprefix("weft:"), entry.get("stdout", "") + entry.get("stderr", ""), code)


def unit(options):
    """Everything that meson knows as a test."""
    results = Results()
    listed = unit_tests()
    # tests with a COUNT of their own run apart, since meson gives all the same environment
    special = [t["name"] for t in listed if "COUNT" in environment(t["name"])]
    rest = [t["name"] for t in listed if t["name"] not in special]
    with ThreadPoolExecutor(2) as pool:
        alone = pool.map(lambda name: meson_test([name], environment(name), "alone-" + name.replace(" ", "-")), special)
        entries = [entry for log in alone for entry in log]
    if rest:
        entries += meson_test(rest, environment(""), "testlog")
    seen = set()
    for entry in entries:
        seen.add(entry["name"].split(" / ")[-1].removeprefix("weft:"))
        results.add(unit_result(entry))
    results.failures += [f"{t['name']}: did not run" for t in listed if t["name"] not in seen]
    return results


CONTRACT_COMMAND = [CONTRACT, "--card", CARD, "--firmware", USER / "firmware/weft-fw.bin",
                    "--bad-firmware-dir", USER / "firmware"]
# those below are in a whole run too, but for the delayed writes, and for the fewest slots that a card may have
CONTRACT_MORE = {
    "contract-posted": ["--weak", "1", "--section", "safe", "--test", "nothing posted arrives after a stop"],
    "contract-late": ["--weak", "1", "--section", "flr", "--section", "cut", "--section", "dma_unmap"],
    "contract-order": ["--weak", "1", "--section", "litmus", "--section", "flush", "--section", "weak"],
    "contract-slots": ["--card-arg", "--slots", "--card-arg", "2", "--section", "registers", "--section", "trace",
                       "--section", "waits"],
    "contract-parks": ["--card-arg", "--linger", "--card-arg", "0", "--section", "torture"],
}


def minicard(limit=60, env=None):
    """A card written from the text alone: a test that asks more than the text fails here."""
    text, code = program([CONTRACT, "--card", MINICARD], "minicard", limit, env)
    # one result; what that card lacks is tested on the other
    if code == 0 and "# Verdict: conforms\n" in text:
        return Results(passed=1)
    why = [line for line in text.splitlines() if line.startswith("not ok")]
    return Results(failures=["\n      ".join([f"minicard does not conform (code {code}), see build/log/test-minicard.log", *why])])


def contract(options):
    """The card alone, against its contract, over its socket."""
    for needed in (CARD, MINICARD, CONTRACT):
        if not needed.exists():
            return Results(failures=[f"{needed.relative_to(CLONE)} is not built"])
    # 60 s is a promise of the contract's tests, on a machine that does nothing else
    results = tap("contract", *program(CONTRACT_COMMAND, "weft-contract", 100))
    results.add(minicard())
    for name, more in CONTRACT_MORE.items():
        results.add(tap(name, *program(CONTRACT_COMMAND + more, name, 100)))
    script = CLONE / "tests/contract/conformance_test.py"
    results.add(tap("conformance", *program([sys.executable, "-B", script], "conformance", 120)))
    return results


def mutants(options):
    """Whether the contract's tests can fail: defects planted in the card; some of them, the soak takes all."""
    command = [sys.executable, "-B", CLONE / "tests/mutants.py", "--sample", "6"]
    return tap("mutants", *program(command, "mutants", 120))


def fuzz(options):
    """Random input to every parser, instrumented; fuzz.py looks up the counts of its targets itself."""
    command = [sys.executable, "-B", CLONE / "tests/fuzz/fuzz.py", *(["--quick"] if options.quick else [])]
    return tap("fuzz", *program(command, "fuzz", 900))


def compile_only(options):
    """weft.ko for the kernels of which the root has headers alone, the eldest API that it claims and one between; from its
    DKMS package, and in a kernel's source tree."""
    results = Results()
    for kernel in kernels.compile_only():
        try:
            made = kernels.build_module(kernel)
            release = subprocess.run(["modinfo", "-F", "vermagic", made], check=True, capture_output=True,
                                     text=True).stdout.split()[0]
            wrong = "" if release == kernel.release else f"is for {release}"
        except (Refused, subprocess.SubprocessError) as error:
            wrong = f"{error}"
        if wrong:
            results.failures.append(f"compile/{kernel.name}: weft.ko {wrong}, see build/log/module-{kernel.name}.log")
        else:
            results.passed += 1
    if not results.ran:
        skip(results, "compile", "older-headers")
    for name in ("dkms", "in_tree"):
        script = CLONE / f"tests/package/{name}_test.py"
        results.add(tap(f"package/{name}", *program([sys.executable, "-B", script], name, 600)))
    return results


# Runs each program of /opt/weft/tests under a limit; marks tell their outputs apart.
GUEST = """
cd /opt/weft/tests
export KS_LIMIT_S=%(limit)d SEED=%(seed)s
seconds() { cut -d . -f 1 /proc/uptime; }
program() {
	echo "@@ $1"
	from=$(seconds)
	COUNT=$2 timeout -s KILL %(program_limit)d ./$1 2>&1
	echo "@@= $? $(($(seconds) - from))"
}
%(programs)s
"""
# What runs where data races are looked for: programs whose threads, workers and interrupts meet, with counts that fit into
# five minutes there, since every access may be delayed.
RACING = {"submit_test": "200", "uqueue_test": "", "cell_test": "5", "uring_test": "", "uring_life_test": "5",
          "bind_random_test": "60", "life_test": "500", "kill_test": "9", "revoke_test": "2", "prime_test": "", "pm_test": "50",
          "inject_test": "2", "recover_test": "", "pass_test": "2", "trace_test": "", "fdinfo_test": "", "will_test": "10",
          "hostile_test": "300", "dump_test": "", "foreign_test": "",
          "event_test": "", "hwmon_test": "", "peer_test": "100", "quiet_test": "2"}
LONGEST = 8     # programs of a machine whose time is told
# What is about plans and the cards that run them, and not about the kernel: once is enough. Loading, ending and killing them is
# in runtime_body_test and others, which run everywhere.
ONCE = {"runtime_pace_test", "runtime_measure_test", "runtime_overlap_test", "runtime_edge_test", "runtime_edge_death_test",
        "runtime_control_test", "runtime_plan_test", "runtime_steady_test", "runtime_branch_test", "runtime_look_test",
        "runtime_feed_test", "runtime_stuck_plan_test", "runtime_wide_test", "runtime_coll_test", "runtime_plan_coll_test", "runtime_dlpack_test",
        "runtime_coll_bytes_test", "runtime_coll_peer_test", "runtime_coll_fail_test", "runtime_coll_large_test",
        "runtime_coll_arrival_test", "runtime_coll_late_test", "runtime_coll_order_test"}
# The suites of weft_kunit.ko, each as a program: their cases are indented in what debugfs tells.
KUNIT = """
modprobe weft_kunit
for suite in /sys/kernel/debug/kunit/weft_*; do
	echo "@@ kunit/$(basename "$suite")"
	echo 1 >"$suite/run"	# loading does not, without KUNIT_AUTORUN_ENABLED
	sed -n 's/^    //p' "$suite/results"
	echo "@@= 0"
done
rmmod weft_kunit
"""


def kselftests():
    """Names of the programs that run in the machine."""
    return [p.name for part in ("kselftest", "runtime") for p in sorted((USER / "tests" / part).glob("*_test")) if p.is_file()]


def machine(kernel, counts, log, patience=1, seed=None, suites=(), after="", where="", **options):
    """Boots once and runs these programs {name: COUNT or ''}; patience multiplies the limits, which only end what hangs.
    @suites: of KUnit, or what @after, further commands, has to print besides; @where: for the results, in place of the kernel's
    name; @options: of boot.Run."""
    where = where or kernel
    slow = patience * {"debug": 4, "coverage": 6, "kcsan": 4}.get(kernel, 1)
    programs = "\n".join(f"program {name} '{count}'" for name, count in counts.items())
    command = GUEST % {"limit": 120 * slow, "program_limit": 240 * slow, "programs": programs,
                       "seed": seed or os.environ.get("SEED", "1")} + after
    output = bytearray()
    code = boot.boot(boot.Run(kernel=kernel, command=command, cards=4, name=log, kmemleak=True, timeout=1500 * slow,
                              output=output.extend, **options))
    results = Results()
    parts = ("\n" + output.decode(errors="replace")).split("\n@@ ")[1:]
    for part in parts:
        name, _, text = part.partition("\n")
        text, ended, status = text.partition("@@= ")
        words = status.split() if ended else []
        results.add(tap(f"{where}/{name.strip()}", text, int(words[0]) if words else "the machine"))
        if len(words) > 1:
            results.seconds[name.strip()] = int(words[1])
    missing = {*counts, *suites} - {part.split("\n")[0].strip() for part in parts}
    results.failures += [f"{where}/{name}: did not run" for name in sorted(missing)]
    if code:
        results.failures.append(f"{where}: the machine or its log has a fault (code {code}), see build/log/{log}.kernel.log")
    else:
        results.passed += 1     # clean log, no leak
    return results


def kunit_suites(kernel, options):
    """Names of those that the kernel can run and the options want."""
    if kernel not in ("debug", "coverage"):
        return []
    names = [name for path in sorted((CLONE / "tests/kunit").glob("*_test.c"))
             for name in re.findall(r'\.name = "(weft_\w+)"', path.read_text())]
    return [f"kunit/{name}" for name in names if options.match in f"kunit/{name}"]


def kselftest(kernel, after="", programs=None, **machine_options):
    """A suite; @after: further commands for the machine; @programs: {name: COUNT or ''}, where not all run as elsewhere."""
    def run(options):
        """The driver in the machine, through its whole UAPI."""
        chosen = programs if programs and not os.environ.get("COUNT") else {}
        counts = {name: chosen.get(name, environment(name).get("COUNT", "")) for name in programs or kselftests()
                  if options.match in name and (kernel == "main" or name not in ONCE)}
        suites = kunit_suites(kernel, options)
        if not counts and not suites:
            return Results(failures=[f"kselftest-{kernel}: no program is built"])
        return machine(kernel, counts, f"kselftest-{kernel}", suites=suites, after=(KUNIT if suites else "") + after,
                       **machine_options)
    run.__doc__ = f"The driver in the machine, on {kernel}."
    return run


# Programs that share memory of cards, of processes and of other drivers, with their counts.
SHARING = {"revoke_test": "2", "foreign_test": "", "udmabuf_test": "2", "pass_test": "2"}
# Each kernel and each topology once: what depends on both would be no driver's doing.
TRANSLATING = (("main", "switch"), ("debug", "root"))
# Whether an IOMMU translates what each card does, or the machine is not what it was asked to be.
TRANSLATED = """
echo "@@ iommu"
echo 1..1
types=$(for card in /sys/class/accel/accel*; do cat "$card/device/iommu_group/type"; done | sort -u)
case $types in DMA | DMA-FQ) ;; *) printf 'not ';; esac
echo "ok 1 iommu: every card's addresses are translated ($types)"
echo "@@= 0"
"""


def iommu(options):
    """The same where an IOMMU translates all that the cards do: behind a switch, where peers reach each other below it, and on
    root ports, where weft cards are refused each other and other drivers are not; what is right QUERY_PEER says."""
    results = Results()
    counts = {name: os.environ.get("COUNT") or count for name, count in SHARING.items() if options.match in name}
    for kernel, topology in TRANSLATING:
        # memory of others is no peer's: once is enough
        chosen = {name: count for name, count in counts.items() if kernel == "debug" or name in ("revoke_test", "pass_test")}
        results.add(machine(kernel, chosen, f"kselftest-iommu-{kernel}-{topology}", suites=["iommu"], after=TRANSLATED,
                            where=f"{kernel}, {topology}", topology=topology, viommu=True))
    return results


def system(options):
    """Whole jobs: programs that boot the machine themselves and print TAP."""
    results = Results()
    for script in sorted((CLONE / "tests/system").glob("*_test.py")):
        start = time.monotonic()
        results.add(tap(f"system/{script.stem}", *program([sys.executable, "-B", script], script.stem, 1800)))
        results.seconds[script.stem] = round(time.monotonic() - start)
    return results


# name, what it runs, in test-quick
SUITES = [
    ("abi", abi, True),
    ("unit", unit, True),
    ("contract", contract, True),
    ("mutants", mutants, True),
    ("fuzz", fuzz, True),
    ("compile", compile_only, False),
    ("kselftest-main", kselftest("main"), True),
    ("kselftest-612", kselftest("612"), False),
    ("kselftest-debug", kselftest("debug"), False),
    ("kselftest-kcsan", kselftest("kcsan", programs=RACING), False),
    ("kselftest-iommu", iommu, False),
    ("system", system, False),
]


def run_suite(name, function, options):
    start = time.monotonic()
    try:
        results = function(options)
    except (Refused, OSError, subprocess.SubprocessError) as error:
        results = Results(failures=[f"{name}: {error}"])
    seconds = time.monotonic() - start
    for failure in results.failures:
        print(f"  FAILED {failure}")
    for skipped in results.skips:
        print(f"  skipped {skipped}")
    longest = sorted(results.seconds.items(), key=lambda of: -of[1])[:LONGEST]
    if longest:
        print("  longest: " + ", ".join(f"{program} {took} s" for program, took in longest))
    print(f"{name:16} {seconds:7.1f} s   {results}", flush=True)
    return results


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--quick", action="store_true", help="only what `make test-quick` runs")
    p.add_argument("--match", default="", help="kselftest: only programs with this in their name")
    p.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(s[0] for s in SUITES))
    args = p.parse_args()
    unknown = set(args.suites) - {s[0] for s in SUITES}
    if unknown:
        p.error(f"no suite {', '.join(sorted(unknown))}")
    LOGS.mkdir(parents=True, exist_ok=True)
    options = Options(quick=args.quick, match=args.match)
    say(f"SEED={os.environ.get('SEED', 'each test prints its own')} COUNT={os.environ.get('COUNT', 'as in tests/counts.py')}")
    total, start = Results(), time.monotonic()
    for name, function, quick in SUITES:
        if (args.quick and not quick) or (args.suites and name not in args.suites):
            continue
        total.add(run_suite(name, function, options))
    print(f"{'total':16} {time.monotonic() - start:7.1f} s")
    if not total.ran:
        total.failures.append("no test ran")
    print(total, flush=True)
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
