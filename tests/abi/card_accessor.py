#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
The emulated card has one way from an operand's address to bytes: access.c, through walker and bus router. Pointers into
local memory and into mapped host memory are formed in the files below and nowhere else, and packet handlers, streamer,
engines and safe operations call none of the other ways in.
"""
import re
from tap import Tap, read, tracked

# who may form a pointer into local memory or a mapping of the bus, and why
POINTERS = {
    "tools/card/access.c": "the accessor; also the carve-out, for control structures",
    "tools/card/bus.c": "the router",
    "tools/card/bus.h": "what it answers with",
    "tools/card/walk.c": "reads page-table entries",
    "tools/card/machine.c": "maps local memory",
    "tools/card/vfu.c": "BAR2 accesses of the host",
    "tools/card/event.c": "the event ring, written by the card itself",
}
LMEM = re.compile(r"(?:->|\.)lmem\b(?!_)")
# Mappings of the bus: forming a pointer into one (adding to it, or naming the mapping's own), not the use of a piece
# that the accessor handed out with its length.
HOST = re.compile(r"(?:->|\.)host\s*[-+\[]|\bmap(?:\[\w+\])?(?:->|\.)host\b|\bstruct wcard_target\b")
# who may use the carve-out: control structures that the host names by local-memory offset
CARVEOUT = {"tools/card/access.c", "tools/card/access.h", "tools/card/boot.c", "tools/card/cell.c", "tools/card/cp_mmio.c",
            "tools/card/queue.c"}
# what executes packets: only the wcard_acc_… calls; what serves control structures: those and the carve-out
DATA_PLANE = re.compile(r"^tools/card/(pkt\w*|flow\w*|operand\w*|stream\w*|sched\w*|safe\w*|counter|engine|ops/\w+)\.[ch]$")
CONTROL = ["tools/card/boot.c", "tools/card/cp_mmio.c", "tools/card/queue.c", "tools/card/regs.c"]
AROUND = r"wcard_bus_\w+|wcard_walk\w*|mmap|pread|pwrite|process_vm_\w+"
FORBIDDEN = re.compile(rf"\b(wcard_carveout|{AROUND})\s*\(")


def strip(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)


def uses(pattern, files, allowed=()):
    for path in files:
        if path in allowed:
            continue
        for number, line in enumerate(strip(read(path)).splitlines(), 1):
            found = pattern.search(line)
            if found:
                yield f"{path}:{number}: {found.group()}"


def self_test():
    planted = strip('x = c->lmem + 4; /* c->lmem */ s = "wcard_bus_find(";')
    good = (len(LMEM.findall(planted)) == 1 and not FORBIDDEN.search(planted) and not LMEM.search("c->lmem_bytes") and
            FORBIDDEN.search("wcard_bus_find(c") and FORBIDDEN.search("p = wcard_carveout (c") and
            HOST.search("p = t.host + 8") and HOST.search("q = map[i].host;") and HOST.search("s->host[3] = 1") and
            not HOST.search("piece[n].dst = d.host;"))
    return [] if good else ["the patterns do not see what they should"]


card = [p for p in tracked(".c", ".h") if p.startswith("tools/card/")]
data_plane = [p for p in card if DATA_PLANE.match(p)]
tap = Tap()
tap.check("card_accessor: the patterns work", self_test())
tap.check("card_accessor: pointers to memory are formed by the accessor alone",
          [*uses(LMEM, card, POINTERS), *uses(HOST, card, POINTERS)])
tap.check("card_accessor: the carve-out serves control structures only",
          uses(re.compile(r"\bwcard_carveout\s*\("), card, CARVEOUT))
tap.check("card_accessor: what executes packets has no other way to memory",
          list(uses(FORBIDDEN, data_plane)) if len(data_plane) > 5 else ["no data plane found"])
tap.check("card_accessor: queues, boot and registers use the carve-out and nothing else",
          uses(re.compile(rf"\b({AROUND})\s*\("), CONTROL))
tap.done()
