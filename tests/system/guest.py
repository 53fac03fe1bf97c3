# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""One boot of the machine for several commands; tests look at the output and exit code of each."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/rig"))
import boot  # noqa: E402
import initramfs  # noqa: E402

MARK = "@@@"


def libraries(program):
    """What it is linked with, for `files`: each library at the place where the program looks for it."""
    return [(lib, lib) for lib in initramfs.libraries([program])]


class Guest:
    """Runs named shell commands in one machine. Standard error goes to a file, so that outputs stay apart."""

    def __init__(self, commands, **options):
        script = ["exec 2>/dev/null"]
        for name, command in commands.items():
            script.append(f"echo '{MARK} {name}'\n( {command} ) 2>/tmp/stderr\nstatus=$?\n"
                          f"echo '{MARK}2'\ncat /tmp/stderr\necho '{MARK}3' $status")
        self.raw = bytearray()
        options.setdefault("timeout", 900)
        self.code = boot.boot(boot.Run(command="\n".join(script), output=self.raw.extend, **options))
        self.results = {}
        for part in ("\n" + self.raw.decode(errors="replace")).split(f"\n{MARK} ")[1:]:
            name, _, rest = part.partition("\n")
            out, _, rest = rest.partition(f"{MARK}2\n")
            err, _, status = rest.partition(f"{MARK}3 ")
            self.results[name.strip()] = (out, err, int(status.split()[0]) if status.split() else None)

    def __getitem__(self, name):
        """(standard output, standard error, exit code) of a command; code None when it did not end."""
        return self.results.get(name, ("", "did not run", None))
