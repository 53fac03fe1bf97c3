#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Tracepoints: the page about them has every event with its fields in their order, and no other."""
import re
from tap import Tap, read

HEADER = "driver/weft_trace.h"
PAGE = "Documentation/uapi/tracing.rst"


def in_header(text):
    """event -> fields, as the text format prints them."""
    events, classes = {}, {}
    for kind, name, body in re.findall(r"^(TRACE_EVENT|DECLARE_EVENT_CLASS)\((\w+),\n(.*?)^\);", text, re.M | re.S):
        printed = re.search(r'TP_printk\("(.*?)"', body).group(1)
        (events if kind == "TRACE_EVENT" else classes)[name] = re.findall(r"(\w+)=", printed)
    for parent, name in re.findall(r"^DEFINE_EVENT\((\w+), (\w+),", text, re.M):
        events[name] = classes[parent]
    return events


def in_page(text):
    return {name: fields.split() for name, fields in re.findall(r"^``(weft_\w+)``\s+``([a-z0-9_ ]+)``:", text, re.M)}


def problems(header, page):
    have, told = in_header(header), in_page(page)
    for name in sorted(have.keys() ^ told.keys()):
        yield f"{name} is in {HEADER if name in have else PAGE} only"
    for name in sorted(have.keys() & told.keys()):
        if have[name] != told[name]:
            yield f"{name} has {have[name]}, the page says {told[name]}"
    if len(have) < 10:
        yield f"only {len(have)} events found"


def self_test():
    header = 'TRACE_EVENT(weft_a,\n\tTP_printk("card=%u x=%d", 1, 2)\n);\n'
    found = list(problems(header, "``weft_a``  ``card y``: said\n``weft_b``  ``card``: said\n"))
    if len(found) != 3:
        yield f"of a wrong field, an event too many and too few events these were found: {found}"


tap = Tap()
tap.check("tracing: the check can fail", self_test())
tap.check("tracing: events and fields are those of the page", problems(read(HEADER), read(PAGE)))
tap.done()
