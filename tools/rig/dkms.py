# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The driver as a source package for DKMS: one archive, for `dkms ldtarball`."""
import gzip
import io
import re
import tarfile

from common import BUILD, CLONE, Refused, say

HEADER = CLONE / "uapi/drm/weft_accel.h"
# What a build needs: file or folder of the tree, and where it is in the package.
PARTS = [("Kbuild", "Kbuild"), ("driver", "driver"), ("uapi", "uapi"), ("firmware/abi", "firmware/abi"),
         ("LICENSES/GPL-2.0", "LICENSES/GPL-2.0")]


def version():
    """Of the package and of the module: that of the driver interface."""
    text = HEADER.read_text()
    found = [re.search(rf"^#define DRM_WEFT_UAPI_{part}\s+(\d+)$", text, re.M) for part in ("MAJOR", "MINOR")]
    if not all(found):
        raise Refused(f"{HEADER} has no DRM_WEFT_UAPI_MAJOR and _MINOR")
    return ".".join(m.group(1) for m in found)


def files():
    for source, target in PARTS:
        path = CLONE / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.name != "dkms.conf":
                yield file, target + str(file)[len(str(path)):]


def pack():
    """build/weft-VERSION-dkms.tar.gz; the same bytes from the same tree."""
    target = BUILD / f"weft-{version()}-dkms.tar.gz"
    BUILD.mkdir(exist_ok=True)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        def add(name, data, mode):
            info = tarfile.TarInfo(f"dkms_source_tree/{name}")
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
        add("dkms.conf", (CLONE / "driver/dkms.conf").read_text().replace("@VERSION@", version()).encode(), 0o644)
        for file, name in files():
            add(name, file.read_bytes(), 0o755 if file.stat().st_mode & 0o100 else 0o644)
    with open(target, "wb") as f, gzip.GzipFile("", "wb", fileobj=f, mtime=0) as z:
        z.write(raw.getvalue())
    say(f"{target}: for `dkms ldtarball`, then `dkms install weft/{version()}`")
    return target
