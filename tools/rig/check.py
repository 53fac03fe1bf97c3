# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Static checks, each a function that gives the lines it found: `make check` wants none. The module is checked in a kernel
tree, where it also has to configure and to build (source_tree.py)."""
import contextlib
import fnmatch
import json
import os
import re
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kernels
import source_tree
from common import BUILD, CLONE, LOGS, RIG, Refused, digest, progress, run_logged, say

CHECK = BUILD / "check"
TIDY_CPU_S = 120    # of the processor, for one file
# What a check says and is not so: (check, file, text in the line): why. One that no longer is said is a finding itself.
EXCUSED = {
    ("checkpatch", "weft_trace.h", "MACRO_ARG_REUSE"): "it is called with a variable",
    ("checkpatch", "weft_trace.h", "OPEN_ENDED_LINE"): "TRACE_EVENT() is laid out so everywhere",
    ("checkpatch", "weft_trace.h", "PARENTHESIS_ALIGNMENT"): "the same",
    ("checkpatch", "weft_names.c", "BRACKET_SPACE"): "a designated initialiser in a macro, not an index",
    ("checkpatch", "weft_ras.c", "MACRO_ARG_PRECEDENCE"): "the name of a member, behind a dot",
    ("checkpatch", "weft_compat.h", "MACRO_ARG_UNUSED"): "kernels that need no such argument",
    ("checkpatch", "weft_compat.h", "SINGLE_STATEMENT_DO_WHILE_MACRO"): "the same",
    ("clang_tidy", "weft_pending.c", "unix.Malloc"): "that another holds a reference is beyond it",
    ("clang_tidy", "weft_pending.c", "core.BitwiseShift"): "who looks has a cell to look at: num is not 0",
    ("shellcheck", "tools/rig/bootstrap", "SC3044"): "a function of its own called complete",
    ("shellcheck", "tools/rig/bootstrap", "SC2086"): "package names are to be split",
    ("shellcheck", "tools/rig/bootstrap", "SC2016"): "for apt-get and for mmdebstrap to expand",
    ("shellcheck", "tools/rig/peer-root", "SC2016"): "for mmdebstrap to expand",
}


# Semantic patches that want an OCaml compiler: one is about another driver's table, the other (a pointer compared with 0)
# is what sparse says too.
OCAML = {"check_bq27xxx_data.cocci", "badzero.cocci"}


def relative(line):
    return line.replace(f"{CLONE}/", "")


def warnings(lines):
    return [line for line in lines if re.search(r": (?:warning|error): |^WARNING: modpost: ", line)
            and not re.search(r"undefined!$|Symbol info of vmlinux is missing", line)]


def in_tree(tree):
    """Kconfig, Kbuild and all warnings of gcc, in a kernel tree. A warning of the kernel's own headers is not ours."""
    return [line for line in warnings(source_tree.build(tree, "W=1")) if "weft" in line]


def sparse():
    """For 6.12: the kernels from 7.2 on want a newer sparse than Debian has, and leave it out with a mere remark."""
    kernel = kernels.get("612")
    kernel.name = "sparse"  # objects of its own
    (kernel.out / "stamp").unlink(missing_ok=True)
    kernels.build_module(kernel, ["C=2"])
    lines = (LOGS / "module-sparse.log").read_text().splitlines()
    checked = sum(line.strip().startswith("CHECK ") for line in lines)
    found = [line for line in lines if re.search(r"weft\S*:\d+:\d+: (?:warning|error):", line)]
    return found if checked >= 20 else [*found, f"sparse looked at {checked} files"]


def checkpatch(tree):
    """As a maintainer runs it: on the files where they lie in the kernel's tree."""
    src = tree / "src"
    files = [p for p in (src / source_tree.WEFT).rglob("*")
             if p.suffix in (".c", ".h") and "firmware" not in p.parts or p.name in ("Kbuild", "Kconfig")]
    files.append(src / "include/uapi/drm/weft_accel.h")
    run = subprocess.run(["perl", "scripts/checkpatch.pl", "-f", "--strict", "--terse", "--no-summary", "--show-types",
                          *[p.relative_to(src) for p in files]],
                         cwd=src, capture_output=True, text=True)
    return [line for line in (run.stdout + run.stderr).splitlines() if line.strip()]


def python_for_spatch():
    """A directory with the library by the name under which spatch looks for it; only -dev packages have that name."""
    real, = Path("/usr/lib/x86_64-linux-gnu").glob("libpython3.*.so.1.0")
    where = CHECK / "lib"
    where.mkdir(parents=True, exist_ok=True)
    link = where / real.name.removesuffix(".1.0")
    if not link.is_symlink():
        link.symlink_to(real)
    return where


def spatch(script, tree, env):
    """What one semantic patch reports. Options are those that it asks for, as scripts/coccicheck reads them."""
    text = script.read_text()
    if "virtual report" not in text or script.name in OCAML:
        return []
    options = " ".join(re.findall(r"^// Options:\s*(.*)$", text, re.M)).split()
    src = tree / "src"
    run = subprocess.run(["spatch", "-D", "report", "--no-show-diff", "--very-quiet", "--cocci-file", script, *options,
                          "--dir", src / source_tree.WEFT, "-I", src / source_tree.WEFT, "-I", src / "include",
                          "-I", src / "arch/x86/include"], env=env, capture_output=True, text=True)
    lines = [line for line in run.stdout.splitlines() if re.match(r"\S+:\d+", line)]
    if run.returncode:
        lines.append(f"{script.name}: spatch ended with {run.returncode}: {run.stderr.strip()[:200]}")
    return lines


def coccicheck(tree):
    """The kernel's own semantic patches."""
    env = dict(os.environ, LD_LIBRARY_PATH=str(python_for_spatch()))
    scripts = sorted((tree / "src/scripts/coccinelle").rglob("*.cocci"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [line for lines in pool.map(lambda s: spatch(s, tree, env), scripts) for line in lines]
    if len(scripts) < 50:
        found.append(f"only {len(scripts)} semantic patches in {tree}")
    return found


# The kernels' headers were configured for gcc: its own switches are dropped or replaced for clang, and what only the headers
# cause is not said.
DROPPED = ("-fconserve-stack", "-mrecord-mcount", "-mindirect-branch-register", "-fmin-function-alignment=*", "-fzero-init-*",
           "-fsanitize=bounds-strict", "-mharden-sls=all", "-fno-allow-store-data-races", "-fdiagnostics-*")
REPLACED = {"-mindirect-branch=thunk-extern": "-mretpoline-external-thunk", "-mpreferred-stack-boundary=*": "-mstack-alignment=8"}
ADDED = ("-Wno-unknown-warning-option", "-Wno-duplicate-decl-specifier", "-Wno-microsoft-anon-tag", "-Wno-enum-enum-conversion")


def for_clang(command):
    """What clang is called with in place of gcc."""
    words = []
    for word in command.split():
        if any(fnmatch.fnmatchcase(word, pattern) for pattern in DROPPED):
            continue
        words.append(next((new for old, new in REPLACED.items() if fnmatch.fnmatchcase(word, old)), word))
    return " ".join([*words, *ADDED])


def clang_module():
    """weft.ko by clang, for the main kernel's headers."""
    CHECK.mkdir(parents=True, exist_ok=True)
    wrapper = CHECK / "clang"
    replaced = "".join(f"{old}) args+=({new}) ;; " for old, new in REPLACED.items())
    wrapper.write_text(f"#!/bin/bash\nargs=()\nfor a; do case $a in {'|'.join(DROPPED)}) ;; {replaced}*) args+=(\"$a\") ;; esac; "
                       f"done\nexec clang \"${{args[@]}}\" {' '.join(ADDED)}\n")
    wrapper.chmod(0o755)
    kernel = kernels.get("main")
    kernel.name = "clang"
    kernels.build_module(kernel, [f"CC={wrapper}"])
    return warnings((LOGS / "module-clang.log").read_text().splitlines())


def compile_commands():
    """How clang compiled the module, for clang-tidy; from the .cmd files that Kbuild leaves."""
    src = BUILD / "modules/clang/src"
    rows = []
    for cmd in sorted(src.rglob(".*.o.cmd")):
        found = re.search(r"^savedcmd_(\S+) := (.*?\S+\.c)\b", cmd.read_text(), re.M)
        source = found and found.group(2).split()[-1]
        if not source or "weft_" not in source or source.endswith(".mod.c"):
            continue
        command = for_clang(re.sub(r"^\S+/check/clang", "clang", found.group(2)))
        rows.append({"directory": str(src), "command": command.replace("$(pound)", "#"), "file": str(src / source)})
    where = CHECK / "module"
    where.mkdir(parents=True, exist_ok=True)
    (where / "compile_commands.json").write_text(json.dumps(rows))
    return where, [row["file"] for row in rows]


def tidy_keys(database, files, checks):
    """File → what the answer about it depends on; all headers of the tree count as its own."""
    headers = digest(*[path for top in ("driver", "firmware", "runtime", "tools", "uapi", "tests")
                       for path in sorted((CLONE / top).rglob("*.h"))])
    rows = json.loads((database / "compile_commands.json").read_text())
    commands = {str((Path(row["directory"]) / row["file"]).resolve()): row["command"] for row in rows}
    return {path: digest(RIG / "clang-tidy.yaml", checks, headers, commands.get(str(Path(path).resolve()), ""), Path(path))
            for path in files}


def tidy(database, files, checks):
    """Each file by itself, so that one that clang-tidy cannot read does not hide the others. One that was clean is not looked
    at again, so that a check that was stopped goes on."""
    clean = CHECK / "tidy"
    clean.mkdir(parents=True, exist_ok=True)
    keys = tidy_keys(database, files, checks)

    def one(path):
        known = clean / keys[path]
        if known.exists():
            return []
        run = subprocess.run(["nice", "clang-tidy", "--quiet", f"--config-file={RIG}/clang-tidy.yaml", f"--checks={checks}", "-p",
                              database, path], capture_output=True, text=True, cwd=CLONE,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (TIDY_CPU_S, TIDY_CPU_S)))
        lines = [line for line in run.stdout.splitlines() if re.search(r": (?:warning|error): ", line)]
        if run.returncode and not lines:
            lines.append(f"{path}: clang-tidy ended with {run.returncode}: {run.stderr.strip()[-200:]}")
        if not lines:
            known.touch()
        return lines
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sorted({line for lines in pool.map(one, files) for line in lines})


def clang_tidy():
    """User space and module, with the checks of clang-tidy.yaml."""
    database, module = compile_commands()
    if len(module) < 20:
        return [f"only {len(module)} files of the module were compiled by clang"]
    user = BUILD / "clang"
    rows = json.loads((user / "compile_commands.json").read_text())
    sources = sorted({str((Path(row["directory"]) / row["file"]).resolve()) for row in rows
                      if row["file"].endswith(".c") and "riscv64" not in row["command"]})
    sources = [path for path in sources if path.startswith(f"{CLONE}/") and not path.startswith(f"{BUILD}/")]
    tests = [path for path in sources if path.startswith(f"{CLONE}/tests/")]
    rest = [path for path in sources if path not in tests]
    # paths through a test are its steps in their order; to follow them takes longer than all else
    return tidy(database, module, "") + tidy(user, rest, "") + tidy(user, tests, "-clang-analyzer-*")


def features(tree):
    """Every cell of Documentation/driver-features.rst about a driver of the kernel, looked up in the kernel's source."""
    folders = {name: tree / "src/drivers" / (f"accel/{name}" if name != "xe" else "gpu/drm/xe")
               for name in ("ivpu", "amdxdna", "xe", "habanalabs", "qaic")}
    page = (CLONE / "Documentation/driver-features.rst").read_text()
    whole = {name: [p.read_text(errors="replace") for p in sorted(folder.rglob("*.[ch]"))]
             for name, folder in folders.items()}
    found, cells = [], 0
    for number, line in enumerate(page.splitlines(), 1):
        name = line.split(":")[1] if line.startswith(":") else None
        if name not in folders:
            continue
        cells += 1
        # what follows a semicolon is for the reader
        absent = re.match(r":\w+: no \(``([^`]+)``\)($|;)", line)
        present = re.match(r":\w+: ``(\S+\.[ch]|Kconfig): ([^`]+)``($|;)", line)
        if absent:
            wrong = any(re.search(absent.group(1), text, re.M) for text in whole[name])
        elif present:
            path = folders[name] / present.group(1)
            wrong = not path.is_file() or present.group(2) not in path.read_text(errors="replace")
        else:
            wrong = True
        if wrong:
            found.append(f"Documentation/driver-features.rst:{number}: not so in the kernel's source: {line}")
    if cells < 100:
        found.append(f"Documentation/driver-features.rst: only {cells} cells")
    return found


def shells():
    """Every shell script of the tree, known by its first line, with its dialect where shellcheck cannot tell."""
    for path in subprocess.run(["git", "-c", f"safe.directory={CLONE}", "-C", CLONE, "ls-files", "-co",
                                "--exclude-standard"], check=True, capture_output=True, text=True).stdout.splitlines():
        if not (CLONE / path).is_file():
            continue
        with open(CLONE / path, "rb") as f:
            first = f.readline(100)
        if path.endswith(".bash"):
            yield path, "bash"
        elif re.match(rb"#!\S*/busybox sh\b", first):
            yield path, "busybox"
        elif found := re.match(rb"#!\S*/(?:env )?(sh|bash)\b", first):
            yield path, found.group(1).decode()


def shellcheck():
    found, count = [], 0
    for path, dialect in shells():
        count += 1
        run = subprocess.run(["shellcheck", "--format=gcc", "-x", "-s", dialect, path], cwd=CLONE, capture_output=True,
                             text=True)
        found += run.stdout.splitlines() + run.stderr.splitlines()
    return found if count >= 8 else [*found, f"only {count} shell scripts found"]


def excuse(check, lines, excused):
    """The lines that have no excuse, and the excuses without a line."""
    used = set()

    def has(line):
        hit = [key for key in excused if key[0] == check and key[1] in line and key[2] in line]
        used.update(hit)
        return bool(hit)
    left = [line for line in lines if not has(line)]
    stale = [key for key in excused if key[0] == check and key not in used]
    return left + [f"{path}: {text} is excused and not found any more; see tools/rig/check.py" for _, path, text in stale]


IN_TREE = (in_tree, checkpatch, coccicheck, features)
CHECKS = (shellcheck, sparse, clang_module, clang_tidy, *IN_TREE)


def run(names=()):
    unknown = set(names) - {check.__name__ for check in CHECKS}
    if unknown:
        raise Refused(f"no check {', '.join(sorted(unknown))}; there are {', '.join(c.__name__ for c in CHECKS)}")
    wanted = [check for check in CHECKS if not names or check.__name__ in names]
    found = []
    with contextlib.ExitStack() as stack:
        tree = None
        for check in wanted:
            if check in IN_TREE and not tree:
                tree = stack.enter_context(source_tree.with_weft())
            name = check.__name__
            with progress(name):
                lines = excuse(name, check(tree) if check in IN_TREE else check(), EXCUSED)
            found += [f"{name}: {relative(line.replace(f'{tree}/src/', ''))}" for line in lines]
    for line in found:
        print(line)
    say(f"{len(found)} findings")
    if found:
        raise Refused("static checks found something")
    return 0
