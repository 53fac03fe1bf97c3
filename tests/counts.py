# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Rounds of the randomised and of the counted tests: (N_CI, N_FULL). COUNT in the environment replaces both. None: the
program's own constants, which its source gives. A program that is not here gets no COUNT, not even the caller's.
"""

COUNTS = {
    # native: tests that meson knows, by name, and the contract's client
    "rv64-diff": (10_000_000, 100_000_000),     # generated instructions
    "rv64-code": (300, 3_000),                  # random bytes run as firmware
    "weft-contract": (None, 0),                 # 0: every bit of the firmware image; in CI a sample of 1200
    "contract-order": (4_000, 1_000_000),       # runs of each litmus test, on a card that delays its writes
    "contract-weak": (4_000, 100_000),          # the same without the flush: some of them must go wrong
    "contract-torture": (40_000, 10_000_000),   # waits that race with their signal
    "contract-parks": (20_000, 10_000_000),     # the same on a card that parks a queue at once
    "contract-hostile": (3_000, 1_000_000),     # random packets of each side
    "contract-survive": (200_000, 1_000_000),   # iterations beside which neighbours are killed
    "pt_walk": (100_000, 1_000_000),            # random address spaces
    "firmware garbage": (300_000, 3_000_000),   # random mailbox messages
    "ops-operators": (1, 10),                   # times the rounds that its source gives
    "ops-reduce": (1, 10),                      # the same
    "runtime-va": (200_000, 2_000_000),         # operations of the address allocator
    "coll-mesh": (300, 20_000),                 # agreements of processes that die at random moments
    "exec-net": (1_000, 10_000),                # random plans, played by the cells of their lanes
    "exec-serial": (1_000, 100_000),            # random plans to files and back
    "exec-text": (1_000, 100_000),              # random plans to text and back
    "plan-cycle": (2_000, 100_000),             # random plans, each played in every interleaving and with times
    "plan-depth": (1_000, 20_000),              # random plans, their depths against all smaller ones
    "plan-lag": (2_000, 100_000),               # random plans, each played against a gate
    "plan-lanes": (1_000, 20_000),              # random plans on few lanes
    "plan-plan": (1_000, 100_000),              # random plans, all of the planner
    "plan-pool": (1_000, 100_000),              # random plans, played with an owner for each block
    "plan-rates": (2_000, 20_000),              # random rates against all small vectors
    "runtime-card": (2_000, 10_000),            # open and close of the library, on a fake kernel
    # fuzzers: executions, beyond the inputs that the tree keeps
    "fuzz-vfu": (5_000, 10_000_000),
    "fuzz-packets": (10_000, 10_000_000),
    "fuzz-walk": (500_000, 50_000_000),
    "fuzz-mailbox": (50_000, 10_000_000),
    "fuzz-image": (50_000, 10_000_000),
    "fuzz-rv64": (20_000, 10_000_000),
    "fuzz-plan_text": (10_000, 10_000_000),
    "fuzz-offer": (100_000, 10_000_000),
    "fuzz-coll": (100_000, 10_000_000),
    "fuzz-plan_table": (100_000, 10_000_000),
    "fuzz-topology": (50_000, 10_000_000),
    # in the machine
    "bind_random_test": (300, 20_000),                 # random maps and unmaps against a model
    "cell_test": (8, 1_000),                    # resets of each card while objects of cells are made and closed
    "udmabuf_test": (8, 200),                   # processes killed while they pin
    "life_test": (10_000, 100_000),             # open and close of a node
    "kill_test": (30, 10_000),                  # processes killed at random moments
    "submit_test": (2_000, 50_000),             # jobs through one queue
    "firmware_test": (12, 200),                 # random flips in the image
    "inject_test": (6, 100),                    # crashes of the firmware
    "quiet_test": (5, 1_000),                   # resets while everything goes on
    "sleep_test": (4, 200),                     # processes killed beside a suspend
    "failnth_test": (24, 100_000),              # allocations of a bind that fail, at most all
    "uring_life_test": (30, 10_000),            # rounds in which signal, time-out and CANCEL race; 1/5 are kill -9
    "removal-drop": (3, 1_000),                 # cards pulled out under load; tests/system/removal_test.py
    "removal-unplug": (2, 1_000),               # cards unplugged in order, the same; every tenth by the slot's button
    "removal-reset": (5, 1_000),                # cards reset, the same
    "removal-error": (3, 100),                  # ports that report a fatal error, the same
    "coll_removal_test": (3, 200),              # cards pulled out in the middle of a call, for one process and several
    "pm_test": (300, 10_000),                   # submissions against as many calls that say that the queue is idle
    "will_test": (50, 1_000),                   # producers killed at random moments
    "revoke_test": (6, 1_000),                  # times a peer's memory goes away under traffic
    "kfuzz_test": (1_500, 1_000_000),           # calls of the fuzzer that KCOV leads
    "peer_test": (300, 5_000),                  # signals against a last import that ends
    "pass_test": (4, 1_000),                    # processes killed that shared memory by a descriptor
    "hostile_test": (10_000, 1_000_000),        # random packets of each hostile process
    "runtime_plan_test": (25, 10_000),           # random plans against a serial program
    "runtime_branch_test": (1_000_000, 10_000_000),   # branches that data decides
    "runtime_steady_test": (100_000, 1_000_000),   # firings of bodies, over all depths and cell values
    "runtime_share_test": (10_000, 1_000_000),   # signals between two processes, each way
    "runtime_coll_test": (60, 4_608),            # kinds of collective calls for each number of cards: all there are
    "runtime_coll_large_test": (None, 6_000),    # large calls, in CI those that have every pair of what calls differ in
    "runtime_coll_order_test": (20, 10_000),     # interleavings of communicators over two processes
    "runtime_coll_peer_test": (20, 10_000),      # kinds of collective calls for each layout of processes
    "runtime_coll_fail_test": (5, 100),          # processes of a communicator killed at random moments, twice that
    "runtime_edge_death_test": (20, 1_000),      # processes killed at either end of an edge
    "runtime_wide_test": (200, 4_000),           # lanes on each of four cards; a card has 4,096 queues
    # open and close of the library, each with a job: 10,000 take four minutes on two emulated processors, too long for CI
    "runtime_queue_test": (150, 10_000),
}


def rounds(name, full):
    """COUNT for a test, or None where the program's own constants hold."""
    count = COUNTS.get(name, (None, None))[1 if full else 0]
    return None if count is None else str(count)
