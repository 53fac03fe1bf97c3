# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Reads what test programs print: TAP (whole programs), cmocka, or only an exit code."""
import re
from dataclasses import dataclass, field

# The only reasons for which a test may be skipped: what this machine or kernel can truly lack.
CAPABILITIES = [re.compile(f"^(?:{c})$") for c in (
    r"p2pdma",                  # stock 6.12 is built without PCI_P2PDMA
    r"fault-injection",         # only the debug kernel has it
    r"kmemleak|kasan|kcov|kunit",
    r"kvm",
    r"older-headers",           # the mirror has only the kernels that are booted
    r"udmabuf",                 # kernels without the module, which lends a process's pages
    r"userfaultfd",             # the debug kernels are built without it
    r"two-cards",               # a run that was given one card
    r"avx2|avx512",
    r"no MSI(?:-X)? capability",    # a card has one of them, or both
    # the contract has more than this card implements
    r"(?:the card lacks )?(?:WEFT_CAP_)?(?:LR|CELLS|CELL_LISTS|CELL_ADD|CELL_FAULTS?|LOOP|PRED|INDIRECT|WATCH|LINK_MASK"
    r"|SYSTEM_SCOPE|TRACE|BANDS|ENGINE_RESET|CLOCK_PAIR|TELEMETRY|INJECT|FW_RESIDENT|ROM_BOOT)",
)]


@dataclass
class Results:
    passed: int = 0
    failures: list = field(default_factory=list)    # names, with the reason
    skips: list = field(default_factory=list)
    seconds: dict = field(default_factory=dict)     # that programs took, where that is known

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips
        self.seconds |= other.seconds

    @property
    def ran(self):
        return self.passed + len(self.failures)

    def __str__(self):
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped"


def skip(results, name, reason):
    if any(c.match(reason.strip()) for c in CAPABILITIES):
        results.skips.append(f"{name}: {reason.strip()}")
    else:
        results.failures.append(f"{name}: skipped for `{reason.strip()}`, which is no capability that may be missing")


# A comment behind the name that is no directive (the time it took) means nothing.
SKIPPED = 77    # exit code of a program that skips as a whole, as meson has it
LINE = re.compile(r"^(not ok|ok)\b(?:\s+(\d+))?\s*-?\s*([^#]*?)\s*(?:#\s*(?:(SKIP|TODO)\S*\s*)?(.*))?$", re.I)


def tap(program, text, code):
    """Results of one program that prints TAP; a plan not fulfilled or a bad exit code is a failure of its own."""
    results, plan, seen = Results(), None, 0
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if found := re.match(r"^1\.\.(\d+)(?:\s*#\s*SKIP\s*(.*))?", line, re.I):
            plan = int(found.group(1))
            if plan == 0:
                skip(results, program, found.group(2) or "no reason given")
        elif line.startswith("Bail out!"):
            results.failures.append(f"{program}: {line}")
        elif found := LINE.match(line):
            seen += 1
            verdict, number, name, directive, reason = found.groups()
            name = f"{program}: {name or number}"
            if directive and directive.upper() == "SKIP":
                skip(results, name, reason)
            elif verdict == "ok":
                results.passed += 1
            else:
                why = [text for text in lines[max(0, i - 4):i + 5] if text.startswith("#") or "Error" in text]
                results.failures.append("\n      ".join([name, *why]))
    if plan is None:
        results.failures.append(f"{program}: printed no plan" + last_lines(lines))
    elif seen != plan:
        results.failures.append(f"{program}: {seen} of {plan} tests reported" + last_lines(lines))
    if code and not results.failures:
        results.failures.append(f"{program}: ended with {code}" + last_lines(lines))
    return results


def last_lines(lines):
    return "".join(f"\n      {line}" for line in lines[-8:])


def plain(name, text, code):
    """Results of a program under meson: TAP, cmocka or one test by exit code."""
    if re.search(r"^1\.\.\d+", text, re.M):
        return tap(name, text, 0 if code == SKIPPED else code)
    results = Results()
    if code == SKIPPED:     # the last line is the reason
        skip(results, name, (text.strip().splitlines() or ["no reason given"])[-1])
        return results
    good = re.findall(r"^\[\s+OK \] (\S+)", text, re.M)
    bad = sorted(set(re.findall(r"^\[  FAILED  \] ([A-Za-z_]\w*)\s*$", text, re.M)))
    for reason in re.findall(r"^\[  SKIPPED \] (\w+)\s*$", text, re.M):
        skip(results, name, reason)
    results.passed = len(good)
    results.failures += [f"{name}: {test}" for test in bad]
    if code and not results.failures:
        results.failures.append(f"{name}: ended with {code}" + last_lines(text.splitlines()))
    elif not code and not results.ran and not results.skips:
        results.passed = 1
    if code and results.failures:
        results.failures[-1] += last_lines(text.splitlines())
    return results
