# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Writes `newc` archives, the format of an initramfs; several may follow each other in one file."""
import os
import stat


class Writer:
    def __init__(self, path):
        self.file = open(path, "wb")
        self.directories = {""}
        self.inode = 0

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        raw = name.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(raw), 0]
        self.file.write(b"070701" + b"".join(b"%08X" % f for f in fields) + raw)
        self.file.write(b"\0" * (-(110 + len(raw)) % 4))
        self.file.write(data)
        self.file.write(b"\0" * (-len(data) % 4))

    def _parents(self, name):
        parent = os.path.dirname(name)
        if parent not in self.directories:
            self.directory(parent)

    def directory(self, name):
        name = name.strip("/")
        if name in self.directories:
            return
        self._parents(name)
        self.directories.add(name)
        self._entry(name, stat.S_IFDIR | 0o755)

    def file_from(self, name, data, mode=0o644):
        name = name.strip("/")
        self._parents(name)
        self._entry(name, stat.S_IFREG | mode, data)

    def copy(self, name, path):
        self.file_from(name, path.read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644)

    def link(self, name, target):
        name = name.strip("/")
        self._parents(name)
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        name = name.strip("/")
        self._parents(name)
        self._entry(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def close(self):
        self._entry("TRAILER!!!", 0)
        self.file.write(b"\0" * (-self.file.tell() % 512))
        self.file.close()
