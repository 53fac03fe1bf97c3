#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Unit tests mirror the sources: every source below has a test file of its own name in the folder of its part, or a line
in ELSEWHERE that says which test takes it instead. Who adds a source adds the test, or the line.
"""
import re
from tap import Tap, read, tracked

# folder of sources -> folder of tests/unit; the longest that fits counts
PARTS = {"firmware/core": "firmware", "tools/card": "card", "tools/card/ops": "ops", "tools/weft": "tools",
         "runtime/core": "runtime",
         "runtime/plan": "runtime/plan", "runtime/exec": "runtime/exec", "runtime/coll": "runtime/coll", "runtime/mpi": "runtime/mpi",
         "driver": "driver"}

# "file" or "file: text that is in it" -> the sources it tests, named without .c
ELSEWHERE = {
    # the driver's one part that needs no kernel; the rest is tested in a machine, by tests/kselftest
    "tests/unit/driver/pt_walk_test.c: weft_pt_map": "driver/weft_pt",
    # firmware: operations of the mailbox, each in the test of all of them
    "tests/unit/firmware/ring_test.c: indexes_wrap": "firmware/core/mailbox",
    "tests/unit/firmware/log_test.c: same_as_printf": "firmware/core/format",
    "tests/unit/firmware/log_test.c: faults_are_decoded": "firmware/core/fault",
    "tests/unit/firmware/hello_test.c: ranges": "firmware/core/op_hello",
    "tests/unit/firmware/op_test.c: arm_bind": "firmware/core/op_arm_bind",
    "tests/unit/firmware/op_test.c: policy": "firmware/core/op_policy",
    "tests/unit/firmware/op_test.c: queue_fields": "firmware/core/op_queue",
    "tests/unit/firmware/op_test.c: log_level": "firmware/core/op_log_level",
    "tests/unit/firmware/op_test.c: address_space_fields": "firmware/core/op_as",
    "tests/unit/firmware/op_test.c: ping": "firmware/core/op_ping",
    "tests/unit/firmware/boot_test.c: boots_and_answers": "firmware/core/main",
    # card: the interpreter has a folder of its own; what needs queues and engines at work is tested over its socket
    "tests/rv64/rv64_csr_test.c": "tools/card/rv64_csr",
    "tests/rv64/rv64_diff.c": "tools/card/rv64_decode tools/card/rv64_exec",
    "tests/rv64/rv64_mem_test.c": "tools/card/rv64_mem",
    "tests/rv64/rv64_code_test.c": "tools/card/rv64_rvc",
    "tests/contract/boot.c: crashed firmware": "tools/card/cp",
    "tests/contract/mailbox.c: 64 outstanding, in order, across the wrap": "tools/card/cp_mmio",
    "tests/contract/programs.c: random programs in a job queue, against a model": "tools/card/flow tools/card/operand",
    "tests/contract/fields.c: each reserved byte and unknown flags": "tools/card/pkt",
    "tests/contract/packets.c: COPY of rows": "tools/card/pkt_copy",
    "tests/contract/exec.c: scalars from memory, inline operands": "tools/card/pkt_exec",
    "tests/unit/card/access_test.c: view_in_units": "tools/card/view",
    "tests/contract/cells.c: WAIT_ALL": "tools/card/pkt_cell",
    "tests/contract/torture.c: four waiters of one cell": "tools/card/cell",
    "tests/contract/links.c: watches": "tools/card/watch",
    "tests/contract/trace.c: records of a list, CALL, FENCE, TIMED": "tools/card/trace",
    "tests/contract/litmus.c: store buffering, two cards": "tools/card/flush tools/card/weak",
    "tests/contract/queues.c: queue state record": "tools/card/queue",
    "tests/contract/queues.c: 256 queues at once": "tools/card/sched tools/card/stream",
    "tests/contract/registers.c: telemetry is not zero": "tools/card/telemetry",
    "tests/contract/flr.c: in the middle of jobs": "tools/card/reset tools/card/machine",
    "tests/contract/safe.c: 16 at once, and too many": "tools/card/safe",
    "tests/contract/config.c: malformed messages get an error": "tools/card/vfu",
    "tests/contract/disconnect.c: in the middle of a message": "tools/card/vfu_socket",
    "tests/guide/help_test.py: weft-card": "tools/card/main",
    "tests/mutants.py: --break=list": "tools/card/defect",
    # operators: each kernel against its portable reference, and that against the contract
    "tests/unit/ops/operators_test.c: elementwise":
        "tools/card/ops/add_f32 tools/card/ops/mul_f32 tools/card/ops/relu_f32 tools/card/ops/relu_grad_f32 "
        "tools/card/ops/sgd_momentum_f32 tools/card/ops/k_elem",
    "tests/unit/ops/operators_test.c: gathers": "tools/card/ops/gather_u8_f32 tools/card/ops/gather_u8_u32",
    "tests/unit/ops/operators_test.c: softmax": "tools/card/ops/softmax_xent_f32 tools/card/ops/k_softmax",
    "tests/unit/ops/operators_test.c: exp_log": "tools/card/ops/exp",
    "tests/unit/ops/operators_test.c: colsum_argmax":
        "tools/card/ops/colsum_f32 tools/card/ops/k_colsum tools/card/ops/argmax_hits_f32",
    "tests/unit/ops/operators_test.c: gemm_shapes":
        "tools/card/ops/gemm_f32 tools/card/ops/gemm_onednn tools/card/ops/k_gemm",
    "tests/unit/ops/operators_test.c: refusals": "tools/card/ops/ops tools/card/ops/check tools/card/ops/k_table",
    "tests/unit/ops/reduce_test.c: all_combinations":
        "tools/card/ops/k_reduce tools/card/ops/k_reduce_int tools/card/ops/k_reduce_half",
    "tests/unit/ops/reduce_test.c: halves": "tools/card/ops/half",
    "tests/unit/ops/reduce_test.c: copies": "tools/card/ops/k_copy",
    "tools/card/ops/meson.build: bench.c": "tools/card/ops/bench",    # a program that measures and decides nothing
    # commands: whole, on cards
    "tests/guide/help_test.py: commands of weft": "tools/weft/weft",
    "tests/guide/help_test.py: figures of weft bench": "tools/weft/bench",
    "tests/system/guide_test.py: figures as JSON": "tools/weft/bench_figures",
    "tests/system/coll_tool_test.py: bench topo": "tools/weft/bench_topo tools/weft/bench_lane",
    "tests/system/coll_tool_test.py: bench coll": "tools/weft/bench_coll tools/weft/bench_coll_run",
    "tests/guide/help_test.py: coll explain": "tools/weft/coll",
    "tests/system/train_test.py: weft info shows four cards": "tools/weft/info",
    "tests/guide/help_test.py: dump: a file as text": "tools/weft/dump",
    "tests/system/train_test.py: bad options are refused": "tools/weft/run",
    "tests/system/plan_run_test.py: bad use is refused": "tools/weft/run_plan tools/weft/open_plan",
    "tests/system/plan_run_test.py: the other process does not come": "tools/weft/run_peer",
    "tests/system/train_test.py: bit-equal": "tools/weft/train tools/weft/trainer",
    "tests/system/train_test.py: as bodies and as jobs are bit-equal": "tools/weft/train_jobs tools/weft/train_plan",
    "tests/system/trace_test.py: nothing is drawn twice":
        "tools/weft/trace tools/weft/trace_demo tools/weft/trace_make tools/weft/trace_svg",
    "tests/system/trace_test.py: top shows": "tools/weft/top",
    "tests/system/top_test.py: from the table of its own process": "tools/weft/top_find",
    "tests/system/top_test.py: members of a communicator": "runtime/coll/table runtime/core/publish",
    "tests/system/trace_test.py: JSON for Perfetto": "tools/weft/trace_json",
    # library: objects that only work together, on cards in the test's own process
    "tests/unit/runtime/library_test.c: kernel_registry": "runtime/core/kernel runtime/core/type",
    "tests/unit/runtime/library_test.c: sized_structures": "runtime/core/memory",
    "tests/unit/runtime/library_test.c: before_open": "runtime/core/device",
    "tests/unit/runtime/card_test.c: enumeration": "runtime/core/telemetry",
    "tests/unit/runtime/card_test.c: chain_over_cards": "runtime/core/queue runtime/core/timeline",
    "tests/unit/runtime/card_test.c: command_ring": "runtime/core/card_queue",
    "tests/unit/runtime/card_test.c: callbacks": "runtime/core/dispatch",
    "tests/unit/runtime/card_test.c: fault": "runtime/core/contract",
    "tests/unit/runtime/list_test.c: golden": "runtime/core/list_encode",
    "tests/runtime/user_queue_test.c: host_feeds_loop":
        "runtime/core/user_queue runtime/core/list_ring runtime/core/list_cell",
    "tests/runtime/record_test.c: trace": "runtime/core/trace_ring",
    "tests/unit/runtime/card_test.c: descriptors": "runtime/core/memory_fd",
    "tests/runtime/uring_test.c: one ring": "runtime/core/uring runtime/core/sys_uring",
    "tests/runtime/plan_uring_test.c: a wait for a sequence": "runtime/exec/uring",
    "tests/unit/runtime/transfer_test.c: asynchronous": "runtime/core/copier",
    "tests/unit/runtime/host_test.c: operators": "runtime/core/host_ref",
    "tests/unit/runtime/host_test.c: destroy_in_timed": "runtime/core/soft",
    "tests/runtime/queue_test.c: open and close": "runtime/core/sys",      # on the kernel; the others have fake_sys.c
    "tests/unit/runtime/exec/place_test.c: lag": "runtime/exec/prepare",
    "tests/runtime/plan_test.c: random_plans": "runtime/exec/lane runtime/exec/load",
    "tests/runtime/body_test.c: long_run": "runtime/exec/sequence",
    "tests/runtime/body_test.c: strcmp(error.body": "runtime/exec/fault",
    "tests/unit/runtime/exec/text_test.c: round_trip": "runtime/exec/contents",
    "tests/unit/runtime/exec/serial_test.c: forged": "runtime/exec/decide",
    "tests/unit/runtime/exec/serial_test.c: would_stop": "runtime/exec/verify",
    "tests/unit/runtime/exec/parse_test.c: of_bodies": "runtime/exec/parse_body",
    "tests/runtime/wide_test.c: all_lanes": "runtime/exec/arena",
    "tests/runtime/look_test.c: in_order": "runtime/exec/look runtime/exec/trace",
    "tests/runtime/measure_test.c: period_train": "runtime/exec/decided runtime/exec/measure",
    "tests/runtime/coll_test.c: kinds": "runtime/coll/emit",
    "tests/runtime/coll_test.c: refusals": "runtime/coll/comm runtime/coll/name",
    "tests/runtime/coll_test.c: many": "runtime/coll/call",
    "tests/runtime/coll_test.c: one_line": "runtime/coll/quick",
    "tests/runtime/coll_test.c: views": "runtime/coll/view",
    "tests/runtime/coll_peer_test.c: operations": "runtime/coll/share",
    "tests/runtime/coll_peer_test.c: mismatch": "runtime/coll/board runtime/coll/wait",
    "tests/runtime/coll_fail_test.c: killed": "runtime/coll/shrink",
    "tests/unit/runtime/coll/mesh_test.c: meetings": "runtime/coll/meet",
    # calls of MPI need MPI, and cards
    "tests/system/mpi_test.py: as by MPI alone": "runtime/mpi/calls runtime/mpi/mpi runtime/mpi/types",
    "tests/system/mpi_test.py: nothing is left": "runtime/mpi/comm runtime/mpi/node",
    "tests/system/mpi_test.py: every call is counted": "runtime/mpi/count",
    "tests/runtime/stuck_plan_test.c: mismatch": "runtime/exec/arrive runtime/exec/stuck runtime/exec/stuck_text",
    "tests/unit/runtime/plan/cycle_test.c: against_play": "runtime/plan/arcs runtime/plan/potential",
    "tests/unit/runtime/plan/cycle_test.c: refuses": "runtime/plan/why",
    "tests/unit/runtime/plan/lanes_test.c: at_random": "runtime/plan/links runtime/plan/pack",
    "tests/unit/runtime/plan/plan_test.c: bad_input": "runtime/plan/check",
    "tests/unit/runtime/plan/plan_test.c: memory": "runtime/plan/room",
}
# no test looks at these for themselves; the list only ever shrinks
NOT_YET = set()


def part_of(path):
    """The part whose folder, or a folder below it, the source is in."""
    fits = [p for p in PARTS if path.startswith(p + "/")]
    return max(fits, key=len) if fits else None


def pure(path):
    """A file of the driver that can be built without a kernel."""
    own = path.removesuffix(".c").split("/")[1]
    names = re.findall(r'#\s*include\s*[<"]([^>"]+)[>"]', read(path))
    return all(n.startswith("firmware/abi/") or n == own + ".h" for n in names)


def sources(files):
    for path in files:
        part = part_of(path)
        if part and path.endswith(".c") and (part != "driver" or "/compat/" not in path and pure(path)):
            yield path.removesuffix(".c")


def own_test(source):
    part = part_of(source + ".c")
    return f"tests/unit/{PARTS[part]}/{source.rsplit('/', 1)[1]}_test.c"


def problems(files, elsewhere, not_yet):
    known, taken = set(files), {}
    for ref, names in elsewhere.items():
        path, _, text = ref.partition(": ")
        if path not in known:
            yield f"no file {path}, which is to test {names}"
        elif text and text not in read(path):
            yield f"{path} has no {text}, which is to test {names}"
        for name in names.split():
            if name in taken:
                yield f"{name} is listed twice"
            taken[name] = ref
    all_sources = set(sources(files))
    for name in sorted(all_sources):
        ways = (own_test(name) in known) + (name in taken) + (name in not_yet)
        if not ways:
            yield f"{name}.c has no test: write {own_test(name)}, or name the one that tests it in tests/abi/mirror.py"
        elif ways > 1:
            yield f"{name}.c has {own_test(name)} and a line in tests/abi/mirror.py"
    for name in sorted((set(taken) | not_yet) - all_sources):
        yield f"{name}.c is in tests/abi/mirror.py, and is no source"


def registered(files):
    """A test file that no meson.build names runs never."""
    for path in files:
        m = re.fullmatch(r"(tests/unit/[\w/]+)/(\w+)_test\.c", path)
        if m and not re.search(rf"\b{m.group(2)}(_test\.c)?\b", read(m.group(1) + "/meson.build")):
            yield f"{path} is not in {m.group(1)}/meson.build"


def self_test():
    """The check must be able to fail, in each of its ways."""
    files = ["tools/card/new.c", "tools/card/bus.c", "tests/unit/card/bus_test.c", "driver/weft_vm.c"]
    cases = [(files, {}, set(), 1), (files + ["tests/unit/card/new_test.c"], {}, set(), 0),
             (files, {"tests/unit/card/bus_test.c": "tools/card/new"}, set(), 0),
             (files, {"tests/none.c": "tools/card/new"}, set(), 1),
             (files, {"tests/unit/card/bus_test.c: no such text": "tools/card/new"}, set(), 1),
             (files, {"tests/unit/card/bus_test.c": "tools/card/new tools/card/bus"}, set(), 1),
             (files, {"tests/unit/card/bus_test.c": "tools/card/new tools/card/gone"}, set(), 1),
             (files, {}, {"tools/card/new"}, 0)]
    for i, (have, elsewhere, not_yet, want) in enumerate(cases):
        got = list(problems(have, elsewhere, not_yet))
        if len(got) != want:
            yield f"case {i}: {got}"


all_files = tracked()
tap = Tap()
tap.check("mirror: the checker refuses what has no test", self_test())
tap.check("mirror: every source has its test", problems(all_files, ELSEWHERE, NOT_YET))
tap.check("mirror: every unit test is built", registered(all_files))
tap.done()
