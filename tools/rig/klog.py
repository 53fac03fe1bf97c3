# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What in a kernel log means that something is broken."""
import re

BAD = re.compile(r"""
    \bWARNING:|\bWARN\b.*\bat\b|\bBUG\b|\bOops\b|Kernel\ panic|general\ protection|\bKASAN:|\bKCSAN:|\bUBSAN:
    |possible\ (?:circular|recursive|irq\ lock)|inconsistent\ lock\ state|suspicious\ RCU\ usage
    |INFO:\ (?:possible|task|trying|rcu)|blocked\ for\ more\ than|detected\ stalls|self-detected\ stall
    |held\ lock\ freed|bad\ unlock\ balance|still\ has\ locks\ held|sleeping\ function\ called
    |new\ suspected\ memory\ leaks|unreferenced\ object|ODEBUG:|DMA-API:\ .*(?:error|warning|leak|not\ supported)
    |(?:add|del)\ corruption|refcount_t:|use-after-free|double[\ -]free|[Rr]edzone|Poison\ overwritten
    |cannot\ create\ duplicate|bad\ page|Bad\ page|unable\ to\ handle|irq\ \d+:\ nobody\ cared
    |modprobe\ weft\ failed|rmmod\ weft\ failed
    """, re.X)
# Said by stock kernels on this machine, with no card in it.
HARMLESS = re.compile(r"""
    warning:\ .*mitigations|MDS\ CPU\ bug|CPU\ bug\ present|Spectre|DMA-API:\ preallocated
    |weft-rig:\ (?:command|exit|up|tainted)
    """, re.X)
# Bits of /proc/sys/kernel/tainted that a fault leaves: bad page, died, warned, soft lockup, machine check.
BAD_TAINT = 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14 | 1 << 4
AFTER = 25  # lines shown after a bad one: the report that follows it
RACE = re.compile(r"BUG: KCSAN: (.*)")
RACE_ENDS = re.compile(r"Reported by Kernel Concurrency Sanitizer")


def races(text):
    """The data races that KCSAN reports: (title, range of its lines, whether a function of weft is in one of its stacks).
    The kernel has many of its own, which are not ours to mend."""
    lines, found, begin = text.splitlines(), [], None
    for i, line in enumerate(lines):
        if title := RACE.search(line):
            begin = i, title.group(1)
        elif begin and (RACE_ENDS.search(line) or i - begin[0] > 150):
            where = range(begin[0], i + 1)
            found.append((begin[1], where, any(" [weft" in lines[n] for n in where)))
            begin = None
    if begin:   # the machine ended in it
        found.append((begin[1], range(begin[0], len(lines)), True))
    return found


def races_elsewhere(text):
    """Titles of those that weft has no part in."""
    return sorted({title for title, _, ours in races(text) if not ours})


def problems(text, allow=()):
    """The bad lines with what follows them; empty when the log is clean. `allow`: patterns the run expects."""
    allowed = [re.compile(a) for a in allow]
    lines = text.splitlines()
    elsewhere = {n for _, where, ours in races(text) if not ours for n in where}
    shown, last = [], -1
    for i, line in enumerate(lines):
        if i in elsewhere or not BAD.search(line) or HARMLESS.search(line) or any(a.search(line) for a in allowed):
            continue
        if len(shown) > 200:
            break
        shown += lines[max(i, last):i + AFTER]
        last = max(last, i + AFTER)
    taint = re.findall(r"weft-rig: tainted (\d+)", text)
    if taint and int(taint[-1]) & BAD_TAINT and not shown and not allow:
        shown.append(f"the kernel is tainted: {taint[-1]}")
    return shown


def facts(text):
    """What /init says about the run: up (s), exit (the command's code or None)."""
    def last(pattern, kind):
        found = re.findall(pattern, text)
        return kind(found[-1]) if found else None
    return {"up": last(r"weft-rig: up ([\d.]+)", float), "exit": last(r"weft-rig: exit (\d+)", int)}
