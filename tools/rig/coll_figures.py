# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What the figures of collective calls are, and how what was measured becomes rows of build/bench-coll.json."""
from statistics import median

from figures import Figure, row

OPS = ("all-reduce", "all-gather", "reduce-scatter", "broadcast", "all-to-all")
SIZES = {"8": 8, "1K": 1 << 10, "64K": 64 << 10, "1M": 1 << 20, "16M": 16 << 20, "64M": 64 << 20}
CARDS = 4
CASES = [(op, size) for op in OPS for size in SIZES.values()]
LIMIT = 0.8                     # of the fused limit, at least
OF_PEER = {"8": 2, "1K": 2, "64K": 2, "1M": 4, "16M": 5, "64M": 5}      # an all-reduce, times as fast as the best peer
SMALL_US = 2.5                  # an all-reduce of 8 bytes, at most


def of(op, size):
    """The three figures of a size."""
    name = f"{op.replace('-', '')}.{size}"
    sums = op == "all-reduce"
    if sums and size == "8":
        us = Figure(f"{name}.us", "us", "host", SMALL_US, most=True)
    else:
        us = Figure(f"{name}.us", "us", "host", LIMIT if size == "16M" or (sums and size == "64M") else None, of="ratio")
    peer = Figure(f"{name}.peer", "x", "host", OF_PEER[size] if sums else 1 if size == "16M" else None, of="ratio")
    return us, peer, Figure(f"{name}.single_us", "us", "host")


FIGURES = tuple(figure for op in OPS for size in SIZES for figure in of(op, size))


def p10(values, good_is_large):
    """The tenth percentile from the good end."""
    ordered = sorted(values, reverse=good_is_large)
    return ordered[round(0.1 * (len(ordered) - 1))]


def paired(ours, theirs):
    """Ratios theirs / ours of the rounds that have both."""
    return [b / a for a, b in zip(ours, theirs) if a and b]


def taken(values, ratios, against):
    """What row() takes: times, and the paired ratios to something."""
    result = {"value": median(values), "p10": p10(values, False), "runs": len(values)}
    if ratios:
        result |= {"against": against, "ratio": median(ratios), "ratio_p10": p10(ratios, False)}
    return result


def best(peers, key, rounds):
    """Name and times of the peer whose median is the least; None where none has one."""
    candidates = []
    for name, per_round in peers.items():
        times = [r.get(key) for r in per_round[:rounds]]
        if any(times):
            candidates.append((median([t for t in times if t]), name, times))
    return min(candidates)[1:] if candidates else (None, [])


def assemble(ours, limits, peers, why_ours, why_peers):
    """
    All rows in the order of FIGURES. `ours`: of each round, rows of `weft bench coll`; `limits`: of each round, {(op, size): us} of
    fused-bench; `peers`: the same of each peer by its name; reasons, should something be missing.
    """
    rows = []
    mine = [{(r["op"], r["bytes"]): r for r in of_round} for of_round in ours]
    for op in OPS:
        for size, bytes_ in SIZES.items():
            key = op, bytes_
            figure_us, figure_peer, figure_single = of(op, size)
            times = [r.get(key, {}).get("us") for r in mine]
            have = [t for t in times if t]
            small = bytes_ < 4 * CARDS and op in ("all-gather", "reduce-scatter", "all-to-all")
            reason = "less than an element for each member" if small else why_ours or "the machine did not give it"
            if not have:
                rows += [row(f, None, reason) for f in (figure_us, figure_peer, figure_single)]
                continue
            us = row(figure_us, taken(have, paired(times, [r.get(key) for r in limits]), "the fused limit"))
            alone = [r[key]["limit_us"] for r in mine if key in r and r[key].get("limit_us")]
            us["algorithm"] = next(r[key]["algorithm"] for r in mine if key in r)
            us["cards_limit_us"] = float(f"{median(alone):.5g}") if alone else None
            rows.append(us)
            name, theirs = best(peers, key, len(times))
            ratios = paired(times, theirs)
            rows.append(row(figure_peer, {"value": median(ratios), "p10": p10(ratios, True), "runs": len(ratios), "against": name,
                                          "ratio": median(ratios), "ratio_p10": p10(ratios, False)} if ratios else None,
                            why_peers or "no peer gave it"))
            rows.append(row(figure_single, taken([r[key]["single_us"] for r in mine if key in r], [], None)))
    return rows
