# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Rounds of the randomised tests: (N_CI, N_FULL). COUNT in the environment replaces both."""

COUNTS = {
    # meson test, or program: rounds in CI (None: the program's own constants), rounds in a soak
    "rv64-diff": (10_000_000, 100_000_000),     # generated instructions
    "weft-contract": (None, 0),                 # 0: every bit of the firmware image
}


def rounds(name, full):
    """COUNT for a test, or None where the program's own constants hold."""
    count = COUNTS.get(name, (None, None))[1 if full else 0]
    return None if count is None else str(count)
