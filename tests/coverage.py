# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Lines of driver/ that the tests in the machine reach: weft.ko compiled for gcov, on the debug kernel. Called by
`make coverage`, in the private root. The other kernels' branches of driver/compat are not there to be reached. What is not
reached has its reason in tests/kselftest/uncovered.txt."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict

from run import LOGS, Options, kselftest, run_suite  # puts tools/rig on the path
from common import BUILD, CLONE  # noqa: E402

THRESHOLD = 90      # per cent
WHERE = BUILD / "coverage"
OBJECTS = BUILD / "modules/coverage/src/driver"
REASONS = "tests/kselftest/uncovered.txt"
# The kernel's counts are files of debugfs that are to be read in one go. A share would not outlive the tests of suspend.
COLLECT = """
/rig/mount-host
find /sys/kernel/debug/gcov -name 'weft_*.gcda' | while read -r counts; do
	cat "$counts" >"/host/${counts##*/}"
done
"""


def lines():
    """File of driver/ → line → how often it ran, from gcov's own reading of the counts."""
    found = defaultdict(lambda: defaultdict(int))
    for counts in sorted(WHERE.glob("weft_*.gcda")):
        if not (OBJECTS / f"{counts.stem}.gcno").exists():
            continue    # of a test's module
        shutil.copy(counts, OBJECTS)
        out = subprocess.run(["gcov", "--json-format", "--stdout", OBJECTS / counts.name], cwd=OBJECTS.parent, check=True,
                             capture_output=True, text=True).stdout
        for row in json.loads(out)["files"]:
            name = os.path.normpath(row["file"].removeprefix(f"{OBJECTS.parent}/"))
            if name.startswith("driver/"):
                for line in row["lines"]:
                    found[name][line["line_number"]] += line["count"]
    return found


def report(found):
    rows = []
    for name, counts in found.items():
        reached = sum(1 for count in counts.values() if count)
        rows.append((len(counts) - reached, reached, len(counts), name))
    print(f"{'missed':>7} {'reached':>8} {'lines':>6} {'%':>6}  file")
    for missed, reached, count, name in sorted(rows, reverse=True):
        print(f"{missed:7} {reached:8} {count:6} {100 * reached / count:6.1f}  {name}")
    reached, count = sum(row[1] for row in rows), sum(row[2] for row in rows)
    share = 100 * reached / count if count else 0
    print(f"driver/: {reached} of {count} lines, {share:.1f} %; the threshold of {THRESHOLD} % is "
          f"{'met' if share >= THRESHOLD else 'not met'}")
    return share


def functions(text):
    """The function that each line of a C source is in, which gcov does not know of one that is inlined everywhere; what a
    macro makes has the macro's name."""
    name, names = "", []
    for line in text.splitlines():
        head = re.match(r"(?=\w)[\w\s*]*?(\w+)\(", line)
        name = head.group(1) if head else name
        names.append(name)
    return names


def unreached(found, sources):
    """(file, function) → how many of its lines never ran. Names of files are those in driver/."""
    missed = defaultdict(int)
    for name, counts in found.items():
        for line, count in counts.items():
            if not count:
                missed[name.removeprefix("driver/"), sources[name][line - 1]] += 1
    return missed


def reasons(text):
    """(file, function) → reason, of a list with a line `file function: reason` for each. A reason may begin with a bound,
    `up to N lines: `."""
    rows = (line.partition(": ") for line in text.splitlines() if line and not line.startswith("#"))
    return {tuple(where.split()): reason for where, _, reason in rows}


def bound(reason):
    """How many lines it is the reason of, None where it does not say; and the reason itself."""
    found = re.match(r"up to (\d+) lines?: ", reason)
    return (int(found.group(1)), reason[found.end():]) if found else (None, reason)


def compare(missed, listed, known):
    """What is wrong with the list. @known: all functions. A race may have been won, so that its function was reached."""
    wrong = [f"{' '.join(where)}: {count} lines are not reached, and {REASONS} has no reason"
             for where, count in missed.items() if where not in listed]
    for where, reason in listed.items():
        most, reason = bound(reason)
        if most is not None and missed.get(where, 0) > most:
            wrong.append(f"{' '.join(where)}: {missed[where]} lines are not reached, and {REASONS} has a reason for {most}")
        if where not in known:
            wrong.append(f"{' '.join(where)}: in {REASONS}, but there is no such function")
        elif where not in missed and not reason.startswith("race:"):
            wrong.append(f"{' '.join(where)}: in {REASONS}, but every line of it is reached")
    return sorted(wrong)


def check_reasons(found):
    sources = {name: functions((CLONE / name).read_text()) for name in found}
    known = {(name.removeprefix("driver/"), function) for name, names in sources.items() for function in names}
    missed, listed = unreached(found, sources), reasons((CLONE / REASONS).read_text())
    for where, count in sorted(missed.items()):
        if where in listed and bound(listed[where])[0] is None:
            print(f"{' '.join(where)}: {count} lines are not reached; the reason has no bound")
    return compare(missed, listed, known)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--match", default="", help="only programs with this in their name")
    args = p.parse_args()
    shutil.rmtree(WHERE, ignore_errors=True)
    WHERE.mkdir(parents=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    results = run_suite("coverage", kselftest("coverage", COLLECT, share=str(WHERE), mount_share=False), Options(match=args.match))
    found = lines()
    if len(found) < 20:
        print(f"counts came for {len(found)} files only, see build/log/kselftest-coverage.kernel.log")
        return 1
    share = report(found)
    (WHERE / "lines.json").write_text(json.dumps(found, indent=1) + "\n")
    wrong = [] if args.match else check_reasons(found)
    for line in wrong:
        print(line)
    return 1 if results.failures or wrong or share < THRESHOLD else 0


if __name__ == "__main__":
    sys.exit(main())
