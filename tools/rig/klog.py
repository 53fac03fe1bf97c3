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


def problems(text, allow=()):
    """The bad lines with what follows them; empty when the log is clean. `allow`: patterns the run expects."""
    allowed = [re.compile(a) for a in allow]
    lines = text.splitlines()
    shown, last = [], -1
    for i, line in enumerate(lines):
        if not BAD.search(line) or HARMLESS.search(line) or any(a.search(line) for a in allowed):
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
