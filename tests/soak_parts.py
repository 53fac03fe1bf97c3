# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The parts of the soak: what each runs, what it is made from, and how much of it a slice takes."""
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "fuzz"))
import fuzz  # noqa: E402
import mutants  # noqa: E402
import run  # noqa: E402  (puts tools/rig on the path)
import built_kernel  # noqa: E402
from common import CLONE, RIG, USER, digest  # noqa: E402
from counts import COUNTS, rounds  # noqa: E402
from results import Results, tap  # noqa: E402
from soak import Part  # noqa: E402

FIRMWARE = USER / "firmware/weft-fw.bin"
CARD_FILES = [run.CARD, run.CONTRACT, FIRMWARE]
LIMIT_S = 4 * 3600      # of one slice; ends what hangs

# Executions of one slice, a minute or two; what is not here runs at once.
SLICES = {"cell_test": 100, "contract-order": 200_000, "contract-torture": 1_000_000, "contract-hostile": 100_000, "hostile_test": 50_000,
          "kfuzz_test": 60_000, "kill_test": 500, "runtime_coll_test": 256, "runtime_coll_peer_test": 300, "runtime_coll_fail_test": 20,
          "runtime_coll_large_test": 200, "runtime_coll_order_test": 300, "coll_removal_test": 10,
          "runtime_edge_death_test": 100, "runtime_plan_test": 500,
          "removal-drop": 20, "removal-unplug": 50, "removal-reset": 100, "removal-error": 20}
FUZZ_SLICE_S = 600     # what earlier slices found is tried first, which takes up to half a minute


def full(name):
    return int(os.environ.get("COUNT") or rounds(name, True) or 1) or 1 if name in COUNTS else 1


def env_of(name, count, seed):
    """COUNT is the slice's, if `name` has one in the table; a full count of 0 has a meaning of its own to its program."""
    env = {**os.environ, "SEED": str(seed)}
    env.pop("COUNT", None)
    if name in COUNTS:
        env["COUNT"] = "0" if rounds(name, True) == "0" else str(count)
    return env


def slug(text):
    return re.sub(r"\W+", "-", text).strip("-")


def client(counts_name, name, arguments, weak=False):
    """One run of weft-contract; with `weak` writes are delayed, by the slice's seed."""
    def go(count, seed, seconds):
        command = run.CONTRACT_COMMAND + arguments + (["--weak", str(seed)] if weak else [])
        results = tap(name, *run.program(command, f"soak-{slug(name)}", LIMIT_S, env_of(counts_name, count, seed)))
        return results, count
    return go


def contract_parts():
    listed = subprocess.run([run.CONTRACT, "--list"], check=True, capture_output=True, text=True).stdout.splitlines()
    tests = [re.fullmatch(r"(\w+): (.*) \[[^\[]*\]", line).groups() for line in listed]
    # the shapes have a count each, and lines of their own
    single = {"litmus": ("contract-order", True), "weak": ("contract-weak", True), "torture": ("contract-torture", False),
              "hostile": ("contract-hostile", False), "survive": ("contract-survive", False)}
    for section in dict.fromkeys(section for section, _ in tests):
        if section not in single:
            yield Part(f"contract/{section}", client("weft-contract", f"contract/{section}", ["--section", section]),
                       [*CARD_FILES, *sorted((USER / "firmware").glob("*.bin"))])
    for section, test in tests:
        if section in single:
            counts_name, weak = single[section]
            name = f"{section}/{test}"
            yield Part(name, client(counts_name, name, ["--section", section, "--test", test], weak), CARD_FILES,
                       full(counts_name), SLICES.get(counts_name, 0))
    for name, arguments in run.CONTRACT_MORE.items():
        if name == "contract-order":    # litmus and weak, shape by shape, are above
            continue
        weak = arguments[:1] == ["--weak"]
        part = name.replace("-", "/", 1)
        yield Part(part, client(name, part, arguments[2:] if weak else arguments, weak), CARD_FILES, full(name))
    yield Part("contract/minicard", lambda count, seed, s: (run.minicard(LIMIT_S, env_of("", 1, seed)), count),
               [run.CONTRACT, run.MINICARD])
    yield script_part("contract/conformance", CLONE / "tests/contract/conformance_test.py", [*CARD_FILES, run.MINICARD])


def script_part(name, script, made_from, counted="", arguments=()):
    """A script looks its counts up itself, but for one that has a slice."""
    counted = counted or (script.stem if script.stem in SLICES else "")

    def go(count, seed, seconds):
        env = env_of(counted, count, seed)
        return tap(name, *run.program([sys.executable, "-B", script, *arguments], f"soak-{slug(name)}", LIMIT_S, env)), count
    return Part(name, go, [script, *made_from], full(counted), SLICES.get(counted, 0))


def mutant_parts():
    script = CLONE / "tests/mutants.py"
    for defect in mutants.defects():
        name = f"mutants/{defect.name}"

        def go(count, seed, seconds, defect=defect, name=name):
            command = [sys.executable, "-B", script, defect.name]
            return tap(name, *run.program(command, f"soak-{slug(name)}", LIMIT_S, env_of("", 1, seed))), count
        yield Part(name, go, [*CARD_FILES, script])


def fuzz_parts():
    # known by the instrumented program, which holds only what it links: a change to the card leaves the walker's as it is
    fuzz.prepare()
    for target in fuzz.TARGETS:
        def go(count, seed, seconds, target=target):
            text, code, executed = fuzz.soak_slice(target, count, seed, seconds)
            return tap(f"fuzz/{target}", text, code), executed
        count = full(f"fuzz-{target}")
        yield Part(f"fuzz/{target}", go, [fuzz.program(target)], count, max(count - 1, 1), FUZZ_SLICE_S)


def unit_parts():
    libraries = sorted((USER / "runtime").glob("libweft.so*"))
    for test in run.unit_tests():
        name = test["name"]
        files = [Path(word) for word in test["cmd"] if word.startswith(str(CLONE)) and Path(word).is_file()]
        # a script may read anything
        scripts = any(path.suffix in (".py", ".sh") for path in files)

        def go(count, seed, seconds, name=name):
            results = Results()
            for entry in run.meson_test([name], env_of(name, count, seed), f"soak-{slug(name)}", 100):
                results.add(run.unit_result(entry))
            return results, count
        yield Part(f"unit/{name}", go, [*files, *libraries, *([tree()] if scripts else [])], full(name))


# the module is known by its sources, since it is built when the part runs
MODULE = [CLONE / "driver", CLONE / "uapi", CLONE / "firmware/abi", RIG / "packages", RIG / "root-finish", RIG / "init"]


def kselftest_parts():
    for kernel in ("main", "612", *built_kernel.NAMES):
        for program in run.kselftests():
            if kernel == "kcsan" and program not in run.RACING or kernel != "main" and program in run.ONCE:
                continue

            def go(count, seed, seconds, kernel=kernel, program=program):
                name = f"soak-{kernel}-{program}"
                results = run.machine(kernel, {program: str(count) if program in COUNTS else ""}, name, 20, seed)
                return results, count
            binary = next(path for path in (USER / "tests/kselftest" / program, USER / "tests/runtime" / program) if path.is_file())
            yield Part(f"kselftest-{kernel}/{program}", go,
                       [run.CARD, FIRMWARE, binary, *MODULE, *(built_kernel.configs(kernel) if kernel in built_kernel.NAMES else [])],
                       full(program), SLICES.get(program, 0))


def removal_parts():
    script = CLONE / "tests/system/removal_test.py"
    for way in ("drop", "unplug", "reset", "error"):
        yield script_part(f"removal/{way}", script, [run.CARD, FIRMWARE, USER / "tests/kselftest/removal", *MODULE],
                          f"removal-{way}", [way, "main"])


def tree():
    """Every file of the clone that git knows or would take, but for documentation."""
    listed = subprocess.run(["git", "-c", f"safe.directory={CLONE}", "-C", CLONE, "ls-files", "-zco", "--exclude-standard"],
                            check=True, capture_output=True, text=True).stdout
    names = [name for name in sorted(filter(None, listed.split("\0"))) if not name.startswith("Documentation/")]
    return digest(*[part for name in names if (CLONE / name).is_file() for part in (name, CLONE / name)])


def script_parts():
    whole, pages = tree(), CLONE / "Documentation"
    for script in sorted((CLONE / "tests/abi").glob("*.py")):
        if script.name != "tap.py" and "tap.done()" in script.read_text():
            yield script_part(f"abi/{script.stem}", script, [whole, pages])
    for script in sorted((CLONE / "tests/system").glob("*_test.py")):
        yield script_part(f"system/{script.stem}", script, [whole])


def parts():
    return [*contract_parts(), *mutant_parts(), *fuzz_parts(), *unit_parts(), *kselftest_parts(), *removal_parts(), *script_parts()]
