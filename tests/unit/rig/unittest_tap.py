# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Runs the unittest cases of a module and prints TAP 13."""
import io
import unittest


def run(module):
    suite = unittest.TestLoader().loadTestsFromModule(module)
    tests = [test for group in suite for test in group]
    print(f"TAP version 13\n1..{len(tests)}")
    failed = False
    for number, test in enumerate(tests, 1):
        outcome = unittest.TextTestRunner(stream=io.StringIO()).run(test)
        print(f"{'ok' if outcome.wasSuccessful() else 'not ok'} {number} {test.id().split('.', 1)[1]}")
        for _, trace in outcome.failures + outcome.errors:
            print("\n".join("# " + line for line in trace.splitlines()))
        failed |= not outcome.wasSuccessful()
    return failed
