# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Places, messages and small tools that every part of the rig uses."""
import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
RIG = CLONE / "tools/rig"
BUILD = CLONE / "build"
USER = BUILD / "user"
LOGS = BUILD / "log"
CACHE = Path(os.environ.get("WEFT_CACHE") or Path.home() / ".cache/weft")


class Refused(Exception):
    """Something is missing or wrong; the text says what and what to do."""


def say(text):
    print(f"weft: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(text):
    """Says what takes long, and afterwards how long it took."""
    say(f"{text} …")
    start = time.monotonic()
    yield
    say(f"{text}: {time.monotonic() - start:.1f} s")


@contextlib.contextmanager
def lock(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another weft that holds {path.name}")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def run_logged(command, log, **options):
    """Runs a command with its output in a file; shows the end of it when the command fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as f:
        code = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=f,
                              stderr=subprocess.STDOUT, **options).returncode
    if code:
        tail = log.read_text(errors="replace").splitlines()[-40:]
        raise Refused("\n".join(tail + [f"`{' '.join(map(str, command))}` ended with {code}; "
                                        f"whole output in {log}"]))


def digest(*parts):
    """12 hex digits that name what the parts (paths of files, text or bytes) contain."""
    h = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part
        data = data.encode() if isinstance(data, str) else data
        h.update(len(data).to_bytes(8, "little") + data)
    return h.hexdigest()[:12]
