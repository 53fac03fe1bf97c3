# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Runs the test suites and ends with `N passed, N failed, N skipped`. Called by `make test`, in the private root."""
import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools/rig"))
import boot  # noqa: E402
import kernels  # noqa: E402
from common import BUILD, CLONE, LOGS, USER, Refused, digest, say  # noqa: E402
from counts import COUNTS, rounds  # noqa: E402
from results import SKIPPED, Results, plain, skip, tap  # noqa: E402

CARD = USER / "tools/card/weft-card"
CONTRACT = USER / "tests/contract/weft-contract"
MINICARD = USER / "tests/contract/minicard/minicard"


@dataclass
class Options:
    soak: bool = False
    quick: bool = False
    match: str = ""


def environment(name, options):
    """Ours, with COUNT for this test: from the caller, else from the table."""
    env = dict(os.environ)
    count = env.pop("COUNT", "") or rounds(name, options.soak)
    if count and name in COUNTS:
        env["COUNT"] = count
    return env


def program(command, name, options, limit):
    """Runs one native program; output (also in build/log) and exit code."""
    log = LOGS / f"test-{name}.log"
    with open(log, "w") as f:
        try:
            code = subprocess.run([str(c) for c in command], cwd=CLONE, env=environment(name, options), stdout=f,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=limit).returncode
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
        results.add(tap(f"abi/{script.stem}", *program([sys.executable, "-B", script], script.stem, options, 120)))
    return results


def meson_test(names, env, base, options):
    """Runs tests in one `meson test` with a log of its own; what it says about each."""
    log = USER / f"meson-logs/{base}.json"
    log.unlink(missing_ok=True)
    subprocess.run(["nice", "meson", "test", "-C", USER, "--no-rebuild", "--quiet", "--logbase", base,
                    "-t", "10" if options.soak else "2", *names],
                   env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return entries


def unit(options):
    """Everything that meson knows as a test."""
    results = Results()
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", USER], check=True, capture_output=True,
                                       text=True).stdout)
    # tests with a COUNT of their own run apart, since meson gives all the same environment
    special = [t["name"] for t in listed if "COUNT" in environment(t["name"], options)]
    rest = [t["name"] for t in listed if t["name"] not in special]
    with ThreadPoolExecutor(2) as pool:
        alone = pool.map(lambda name: meson_test([name], environment(name, options), "alone-" + name.replace(" ", "-"),
                                                 options), special)
        entries = [entry for log in alone for entry in log]
    if rest:
        entries += meson_test(rest, environment("", options), "testlog", options)
    seen = set()
    for entry in entries:
        name = entry["name"].split(" / ")[-1].removeprefix("weft:")
        seen.add(name)
        code = {"OK": 0, "SKIP": SKIPPED}.get(entry["result"], entry["result"])
        results.add(plain(name, entry.get("stdout", "") + entry.get("stderr", ""), code))
    results.failures += [f"{t['name']}: did not run" for t in listed if t["name"] not in seen]
    return results


def contract(options):
    """The card alone, against its contract, over its socket."""
    for needed in (CARD, MINICARD, CONTRACT):
        if not needed.exists():
            return Results(failures=[f"{needed.relative_to(CLONE)} is not built"])
    command = [CONTRACT, "--card", CARD, "--firmware", USER / "firmware/weft-fw.bin",
               "--bad-firmware-dir", USER / "firmware"]
    # 60 s is a promise of the contract's tests; the soak tries every bit of the firmware image
    results = tap("contract", *program(command, "weft-contract", options, 3600 if options.soak else 60))
    # a card written from the text alone: a test that asks more than the text fails here
    text, code = program([CONTRACT, "--card", MINICARD], "minicard", options, 600 if options.soak else 60)
    if code == 0 and "# Verdict: conforms\n" in text:
        results.passed += 1     # one result; what that card lacks is tested on the other
    else:
        results.failures.append(f"minicard does not conform (code {code}), see build/log/test-minicard.log")
    # those below are in the run above too, but for the delayed writes, and for the fewest slots that a card may have
    runs = {"contract-order": ["--weak", "1", "--section", "litmus", "--section", "weak"]}
    runs["contract-slots"] = ["--card-arg", "--slots", "--card-arg", "2", "--section", "registers", "--section", "trace"]
    if options.soak:
        runs |= {f"contract-{name}": ["--section", name] for name in ("torture", "hostile", "survive")}
    for name, more in runs.items():
        results.add(tap(name, *program(command + more, name, options, 7200 if options.soak else 60)))
    script = CLONE / "tests/contract/conformance_test.py"
    results.add(tap("conformance", *program([sys.executable, "-B", script], "conformance", options, 120)))
    return results


def mutants(options):
    """Whether the contract's tests can fail: defects planted in the card; the soak takes all, a test run some."""
    command = [sys.executable, "-B", CLONE / "tests/mutants.py", *([] if options.soak else ["--sample", "6"])]
    return tap("mutants", *program(command, "mutants", options, 3600 if options.soak else 120))


def fuzz(options):
    """Random input to every parser, instrumented; fuzz.py looks up the counts of its targets itself."""
    command = [sys.executable, "-B", CLONE / "tests/fuzz/fuzz.py", *(["--soak"] if options.soak else []),
               *(["--quick"] if options.quick else [])]
    return tap("fuzz", *program(command, "fuzz", options, 12 * 3600 if options.soak else 900))


def compile_only(options):
    """weft.ko for the kernels of which the root has headers alone: the eldest API that it claims, and one between."""
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
    return results


# Runs each program of /opt/weft/tests under a limit; marks tell their outputs apart.
GUEST = """
cd /opt/weft/tests
export KS_LIMIT_S=%(limit)d SEED=%(seed)s
program() {
	echo "@@ $1"
	COUNT=$2 timeout -s KILL %(program_limit)d ./$1 2>&1
	echo "@@= $?"
}
%(programs)s
"""


def kselftest(kernel):
    def run(options):
        """The driver in the machine, through its whole UAPI."""
        names = [p.name for part in ("kselftest", "runtime") for p in sorted((USER / "tests" / part).glob("*_test"))
                 if p.is_file() and options.match in p.name]
        if not names:
            return Results(failures=[f"kselftest-{kernel}: no program is built"])
        slow = 4 if kernel == "debug" else 1
        if options.soak:
            slow *= 10      # limits that only end what hangs
        programs = "\n".join(f"program {name} '{environment(name, options).get('COUNT', '')}'" for name in names)
        command = GUEST % {"limit": 120 * slow, "program_limit": 240 * slow, "programs": programs,
                           "seed": os.environ.get("SEED", "1")}
        output = bytearray()
        machine = boot.Run(kernel=kernel, command=command, cards=4, name=f"kselftest-{kernel}", kmemleak=True,
                           timeout=420 * slow, output=output.extend)
        code = boot.boot(machine)
        results = Results()
        parts = ("\n" + output.decode(errors="replace")).split("\n@@ ")[1:]
        for part in parts:
            name, _, text = part.partition("\n")
            text, ended, status = text.partition("@@= ")
            code_of = int(status.split()[0]) if ended and status.split() else "the machine"
            results.add(tap(f"{kernel}/{name.strip()}", text, code_of))
        missing = set(names) - {part.split("\n")[0].strip() for part in parts}
        results.failures += [f"{kernel}/{name}: did not run" for name in sorted(missing)]
        if code:
            results.failures.append(f"{kernel}: the machine or its log has a fault (code {code}), see "
                                    f"build/log/kselftest-{kernel}.kernel.log")
        else:
            results.passed += 1     # clean log, no leak
        return results
    run.__doc__ = f"The driver in the machine, on {kernel}."
    return run


def system(options):
    """Whole jobs: programs that boot the machine themselves and print TAP."""
    results = Results()
    for script in sorted((CLONE / "tests/system").glob("*_test.py")):
        results.add(tap(f"system/{script.stem}", *program([sys.executable, "-B", script], script.stem, options, 1800)))
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
    print(f"{name:16} {seconds:7.1f} s   {results}", flush=True)
    return results, seconds


def tree_digest():
    """What a result stands for: every file of the tree as it is now, and the counts asked for."""
    listed = subprocess.run(["git", "-c", f"safe.directory={CLONE}", "-C", CLONE, "ls-files", "-zco",
                             "--exclude-standard"], check=True, capture_output=True, text=True).stdout
    parts = [os.environ.get(name, "") for name in ("COUNT", "SEED")]
    for name in sorted(filter(None, listed.split("\0"))):
        if (CLONE / name).is_file():
            parts += [name, CLONE / name]
    return digest(*parts)


def soak_state():
    """The file of what is done, the tree it was done for, and the suites; of another tree nothing counts."""
    path, tree = BUILD / "soak.json", tree_digest()
    state = json.loads(path.read_text()) if path.exists() else {}
    return path, tree, state.get("suites", {}) if state.get("tree") == tree else {}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--quick", action="store_true", help="only what `make test-quick` runs")
    p.add_argument("--soak", action="store_true", help="full counts; suites that build/soak.json has as passed for this very tree are kept")
    p.add_argument("--match", default="", help="kselftest: only programs with this in their name")
    p.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(s[0] for s in SUITES))
    args = p.parse_args()
    unknown = set(args.suites) - {s[0] for s in SUITES}
    if unknown:
        p.error(f"no suite {', '.join(sorted(unknown))}")
    LOGS.mkdir(parents=True, exist_ok=True)
    options = Options(soak=args.soak, quick=args.quick, match=args.match)
    say(f"SEED={os.environ.get('SEED', 'each test prints its own')} COUNT={os.environ.get('COUNT', 'as in tests/counts.py')}")
    path, tree, done = soak_state() if args.soak else (None, "", {})
    total, start = Results(), time.monotonic()
    for name, function, quick in SUITES:
        if (args.quick and not quick) or (args.suites and name not in args.suites):
            continue
        if name in done:
            before = Results(passed=done[name]["passed"], skips=done[name]["skipped"])
            print(f"{name:16} done before: {before}")
            total.add(before)
            continue
        results, seconds = run_suite(name, function, options)
        total.add(results)
        if path and not results.failures and not args.match:
            done[name] = {"passed": results.passed, "skipped": results.skips, "seconds": round(seconds, 1)}
            path.write_text(json.dumps({"tree": tree, "suites": done}, indent=2) + "\n")
    print(f"{'total':16} {time.monotonic() - start:7.1f} s")
    if not total.ran:
        total.failures.append("no test ran")
    print(total, flush=True)
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
