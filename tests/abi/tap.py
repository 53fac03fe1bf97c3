# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""TAP 13 for the checks of this folder: collect results, print them, give the exit status."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Tap:
    def __init__(self):
        self.results = []

    def check(self, name, problems):
        """One result: passes when `problems` (an iterable of lines) is empty."""
        self.results.append((name, list(problems)))

    def done(self):
        print("TAP version 13")
        print(f"1..{len(self.results)}")
        bad = 0
        for i, (name, problems) in enumerate(self.results, 1):
            print(f"{'not ok' if problems else 'ok'} {i} {name}")
            for line in problems:
                print(f"# {line}")
            bad += bool(problems)
        sys.exit(1 if bad or not self.results else 0)


def tracked(*suffixes):
    """Files of the tree that git tracks or would add, with one of the suffixes, sorted; build output is ignored."""
    import subprocess
    out = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-co",
                          "--exclude-standard"], check=True, capture_output=True, text=True).stdout
    files = [f for f in out.splitlines() if os.path.exists(os.path.join(ROOT, f))]
    return sorted(f for f in files if not suffixes or f.endswith(suffixes))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()
