# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Inputs to begin with, one generator per target, as its harness takes them apart. Numbers are those of the contract."""
import struct
from pathlib import Path

PAGE = 4096


# --- vfio-user messages -------------------------------------------------------------------------

MEMORY, MEMORY_RO, EVENT, FULL_PIPE, NULL_DEVICE = range(5)
CONFIG, REGS, LMEM, DOORBELLS = 7, 0, 2, 4


def message(cmd, payload=b"", fds=0, kind=0, flags=0, ident=0):
    return struct.pack("<HHIII", ident | fds | kind << 4, cmd, 16 + len(payload), flags, 0) + payload


def write(region, offset, data):
    return message(10, struct.pack("<QII", offset, region, len(data)) + data)


def read(region, offset, count):
    return message(9, struct.pack("<QII", offset, region, count))


def reg(offset, value, width=4):
    return write(REGS, offset, struct.pack("<I" if width == 4 else "<Q", value))


def vfu():
    hello = message(1, struct.pack("<HH", 0, 0) + b"{}\0")
    dma = [message(2, struct.pack("<IIQQQ", 32, 3, 0, 0x100000, 0x8000), 1, MEMORY),
           message(2, struct.pack("<IIQQQ", 32, 1, PAGE, 0x200000, 0x1000), 1, MEMORY_RO),
           message(2, struct.pack("<IIQQQ", 32, 3, 0, 0x40000000, 0x400000)),
           message(2, struct.pack("<IIQQQ", 32, 2, 0, 0x100000, 0x1000), 1, NULL_DEVICE),
           message(3, struct.pack("<IIQQ", 24, 0, 0x100000, 0x8000)),
           message(3, struct.pack("<IIQQ", 24, 0, 0x40000000, 0x400000)),
           message(3, struct.pack("<IIQQ", 24, 2, 0, 0))]
    info = [message(4, struct.pack("<IIII", 16, 0, 0, 0))]
    info += [message(5, struct.pack("<IIIIQQ", 64, 0, i, 0, 0, 0)) for i in range(10)]
    info += [message(7, struct.pack("<IIII", 16, 0, i, 0)) for i in range(6)]
    irqs = [message(8, struct.pack("<IIIII", 20, 0x24, 2, 0, 2), 2, EVENT),
            message(8, struct.pack("<IIIII", 20, 0x24, 3, 0, 1), 1, EVENT),
            message(8, struct.pack("<IIIII", 20, 0x21, 2, 0, 2)),
            message(8, struct.pack("<IIIII", 20, 0x22, 2, 0, 2) + b"\1\1"),
            message(8, struct.pack("<IIIII", 20, 0x21, 2, 0, 0)),
            message(8, struct.pack("<IIIII", 20, 0x24, 2, 0, 2)),
            message(8, struct.pack("<IIIII", 20, 0x0c, 2, 0, 1))]
    bars = [write(CONFIG, 0x10, struct.pack("<IIIIII", 0xffffffff, 0, 0xffffffff, 0xffffffff, 0, 0)),
            write(CONFIG, 0x18, struct.pack("<II", 0x80000000, 1)),
            *[write(CONFIG, 4, command) for command in (b"\6\0", b"\2\0", b"\6\0")], read(CONFIG, 0, 256)]
    flr = [write(CONFIG, 0x78, struct.pack("<H", 0x8000))]
    power = [write(CONFIG, 0x44, struct.pack("<H", state)) for state in (3, 1, 2, 0)]
    memory = [write(LMEM, 0x3ff000, bytes(range(64))), read(LMEM, 0x3ff000, 64), read(LMEM, 0, 8)]
    ring = [reg(0x300, 0x100000, 8), reg(0x308, 5), reg(0x30c, 1), reg(0x31c, 4), read(REGS, 0x310, 4), reg(0x318, 3)]
    boot = [reg(0x20, 2 << 20, 8), reg(0x108, 2 << 20, 8), reg(0x110, 256, 8), reg(0x100, 1), read(REGS, 0x104, 4),
            reg(0x100, 2)]
    mailbox = [reg(0x200, 3 << 20), reg(0x204, 0), reg(0x208, 1), reg(0x214, 1), reg(0x240, 3 << 20, 8), reg(0x248, 4096)]
    safe = [reg(0x400, 0, 8)] + [reg(0x418, op | op + 1 << 32, 8) for op in range(8)] + [read(REGS, 0x440, 4)]
    counters = [m for kind in (0, 1, 2, 4, 16, 32, 33, 34, 35, 36, 37, 99)
                for m in (reg(0x600, kind << 24 | 0xff0000), read(REGS, 0x608, 8))]
    identity = [read(REGS, at, 4) for at in range(0, 0x50, 4)]
    others = [read(REGS, at, w) for at, w in ((0x500, 8), (0x508, 8), (0x800, 4), (0x810, 4), (0xc00, 8), (0x680, 8),
                                              (0x700, 4), (0x748, 4), (0x124, 4), (0x50, 4))]
    bells = [write(DOORBELLS, 0, bytes(4)), write(DOORBELLS, PAGE + 8, bytes(8)), read(DOORBELLS, 0, 4)]
    for group in (dma, info, irqs, bars, flr, power, memory, boot, mailbox, safe, identity, others, bells, counters,
                  dma[:1] + bars[2:3] + irqs[:2] + ring + safe, bars + dma + flr + info[:1] + [message(13)] + bars):
        yield hello + b"".join(group)
    yield info[0] + hello + message(1, struct.pack("<HH", 1, 0)) + message(99) + message(4, b"", flags=0x10)
    yield hello + message(8, struct.pack("<IIIII", 20, 0x24, 2, 0, 1), 1, FULL_PIPE) + irqs[2]


# --- page tables --------------------------------------------------------------------------------

def walk():
    def va(*few):
        return struct.pack("<Q", sum(i << 12 * n for n, i in enumerate(few)))

    def entry(kind, page, index, value):
        return struct.pack("<BBHQ", kind, 2 * page, index, value)

    chain = entry(0, 16, 0, 17) + entry(0, 17, 0, 18) + entry(0, 18, 0, 19)
    for leaf in (0x33, 0x13, 0x23, 0x73, 0x37 | 4 << 52, 0x3b, 0x3f, 0x233, 0x0001003, 0x200033, 0x20000000000033):
        yield bytes([0, 0]) + va(0, 0, 0, 0) + chain + entry(3, 19, 0, leaf)
        yield bytes([0, 0]) + va(0, 0, 0, 0) + chain[:24] + entry(3, 18, 0, leaf)
    yield bytes([0, 0]) + va(0, 0, 0, 0) + chain + entry(3, 19, 0, 0x13001)
    yield bytes([0, 0]) + va(0, 0, 0, 0) + chain[:24] + entry(3, 18, 0, 0x13101)


# --- mailbox ------------------------------------------------------------------------------------

def mailbox():
    def record(op, payload=b"", kind=0):
        return bytes([kind]) + (struct.pack("<HHI", op, 0, 7) + payload).ljust(64, b"\0")

    half = 32768
    queue = struct.pack("<IHBBQQQQQBBHI", 1, 1, 0, 2, half + 0x6000, half + 0x7000, half + 0x5000, 10**9, 10**9, 6, 0, 100, 0)
    space = struct.pack("<IIQ", 1, 0, half + 0x6000)
    for setting in (0, 1, 2, 4, 8):
        yield bytes([setting]) + b"".join(record(op) for op in range(20))
        yield bytes([setting]) + record(3, space) + record(5, queue) + b"".join(record(op, struct.pack("<I", 1)) for op in range(16))
    for op in range(1, 16):
        yield bytes([0]) + record(3, space) + record(op, queue) + record(op, space) + record(op, struct.pack("<IIQQ", 2, 50, 10**6, 0))
    yield bytes([0]) + record(0, kind=0xf6) + record(0, b"\1" * 40, 6) + record(0, b"\xff" * 56, 7) + record(1)


# --- firmware image -----------------------------------------------------------------------------

def image():
    good = bytes(256) + bytes(range(64))
    for mode in (3, 1, 2, 3 + 16, 3 + 64):
        yield bytes([mode]) + good
    yield bytes([3 + 4]) + struct.pack("<Q", 256 + 64) + good
    yield bytes([3 + 4]) + struct.pack("<Q", 255) + good
    yield bytes([3 + 8]) + struct.pack("<Q", 2 << 20) + good
    yield bytes([3 + 32]) + struct.pack("<H", 8 * 250) + good
    for at, bits in ((0, 1), (8, 1), (12, 1), (16, 16), (16, 1), (20, 1), (23, 0x80), (24, 1), (24, 0x80), (28, 7), (32, 1),
                     (32, 0), (36, 1), (40, 1), (40, 2), (44, 1), (80, 1), (191, 128), (200, 1)):
        yield bytes([3]) + good[:at] + bytes([bits]) + good[at + 1:]


# --- RV64 ---------------------------------------------------------------------------------------

def rv64():
    def base(opcode, f3, f7=0, rd=10, rs1=8, rs2=9):
        return struct.pack("<I", opcode | rd << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | f7 << 25)

    for opcode in (0x03, 0x0f, 0x13, 0x1b, 0x23, 0x63, 0x67, 0x6f, 0x17, 0x37, 0x73):
        yield b"\0\0" + b"".join(base(opcode, f3) for f3 in range(8))
        yield b"\0\x80" + bytes(range(32)) + b"".join(base(opcode, f3, 0x20) for f3 in range(8))
    for opcode in (0x33, 0x3b):
        for f7 in (0, 1, 0x20):
            yield b"\0\0" + b"".join(base(opcode, f3, f7) for f3 in range(8))
            yield b"\0\x80" + bytes(8) + b"\xff" * 8 + bytes(16) + b"".join(base(opcode, f3, f7) for f3 in range(8))
    for f5 in (0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28):
        yield b"\0\0" + b"".join(base(0x2f, f3, f5 << 2) for f3 in (2, 3, 2)) + base(0x2f, 3, 3 << 2)
    for csr in (0x300, 0x301, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, 0x344, 0xb00, 0xb02, 0xb03, 0x323, 0x320, 0xf11,
                0xf12, 0xf13, 0xf14, 0xf15, 0x7c0, 0xc00, 0x306):
        for lines in (0, 15, 31):
            yield bytes([lines, 0]) + b"".join(struct.pack("<I", 0x73 | 10 << 7 | f3 << 12 | 9 << 15 | csr << 20)
                                               for f3 in (1, 2, 3, 5, 6, 7))
    for word in (0x00000073, 0x00100073, 0x30200073, 0x10500073, 0x0000100f, 0x00000013):
        for lines in (0, 9, 15):
            yield bytes([lines, 0]) + struct.pack("<III", 0x30446073, word, 0x13) * 2
    for quadrant in range(3):
        for f3 in range(8):
            yield b"\0\0" + b"".join(struct.pack("<H", quadrant | f3 << 13 | low << 2) for low in (0x17, 0x2a5, 0x4c3, 0x7ff,
                                                                                                0x722, 0x400))


# --- packets ------------------------------------------------------------------------------------

USER, TWO, RING, SUSPEND, INVALIDATE, LOOP, LIMITS, BANDS = (1 << i for i in range(8))
LIST, TABLE, DATA = 0x1000, 0x2000, 0x3000
RW, RO, WO, SPARSE, HOST, HOST_RO, NOBODY, CELL, CELL2, PEER, PEER_CELL, REVERSED, LIMIT, FORMAT = (
    page << 12 for page in (4, 16, 20, 24, 28, 32, 33, 34, 36, 40, 44, 48, 510, 511))
HUGE_SPARSE, HUGE_RO, HUGE_BAD = (n << 21 for n in (1, 2, 3))
(NOP, EXEC, COPY, REDUCE, FILL, TIMED, WAIT, WAIT_ALL, SIGNAL, SIGNAL_ALL, FENCE, STAMP, CALL, LOOPS, RANGE, PRED,
 BREAK) = range(17)


def packet(op, fmt="", *values, flags=0):
    return (struct.pack("<BB", op, flags) + struct.pack("<" + fmt, *values)).ljust(64, b"\0")


def copy(dst, src, count, rows=1, dst_pitch=0, src_pitch=0, flags=0):
    return packet(COPY, "HIQQQQQ", 0, rows, dst, src, count, dst_pitch, src_pitch, flags=flags)


def fill(dst, count, width=4, pattern=0x3f800000, flags=0):
    return packet(FILL, "BBIQQQ", width, 0, 0, dst, count, pattern, flags=flags)


def reduce(dtype, rop, nsrc, ndst, src, dst, count, offset=0):
    return packet(REDUCE, "BBBBHHHIQQ", dtype, rop, nsrc, ndst, src, dst, 0, 0, count, offset, flags=1)


def execute(oper, operands, dim=(), scalar=(), mask=0):
    dim, scalar = list(dim) + [0] * (4 - len(dim)), list(scalar) + [0] * (6 - len(scalar))
    index = list(operands) + [0] * (8 - len(operands))
    return packet(EXEC, "HBBH8H4I6I", oper, len(operands), mask, 0, *index, *dim, *scalar, flags=1)


def wait(cell, base, step=0, tag=0, end_level=0xff, cell_flags=0, exit=0, level=0, skew=0, op=WAIT, count=0, flags=0):
    return packet(op, "BBIQQQQIIi", end_level, cell_flags, count, cell, base, step, tag, exit, level, skew, flags=flags)


def signal(cell, base, step=0, tag=0, words=1, scope=1, level=0, skew=0, op=SIGNAL, count=0, flags=0):
    return packet(op, "BBIQQQQIIi", words, scope, count, cell, base, step, tag, 0, level, skew, flags=flags)


def call(npackets, at=DATA, table=TABLE, ntable=0, op=CALL, count=0):
    return packet(op, "HIQQIIQ", 0, npackets, at, table, ntable, 0, count)


def operand(base, stride=0, depth=1, phase=0, mul=1, div=1, skew=0, level=0, flags=0):
    return struct.pack("<QQHHHHiBBH", base, stride, depth, phase, mul, div, skew, level, flags, 0)


def plan(mode, packets, operands=(), data=b"", second=0, count=0):
    return (struct.pack("<BBBBB3x", mode, len(packets) - 1, len(operands), second, count) + b"".join(packets) +
            b"".join(operands) + data)


def packets():
    """Each in the fuzzer's own thread, and where that may differ also with a thread for the engine."""
    for one in plans():
        yield one
        if one[0] & (TWO | SUSPEND | INVALIDATE | LOOP):
            yield one[:5] + b"\1" + one[6:]


def plans():
    f1 = 0x3f800000
    places = [operand(at) for at in (RW, RW + 0x2000, RO, HOST, PEER, REVERSED, REVERSED + 0x3f00, SPARSE, WO, CELL,
                                     NOBODY, LIMIT, FORMAT, 0, HUGE_SPARSE, HUGE_RO)]
    moves = [copy(RW, RO, 256), copy(HOST, RW, 4096), copy(PEER, HOST, 100), copy(REVERSED, HUGE_RO, 0x3000),
             copy(RW, RO, 16, 8, 64, 32), fill(RW, 64), fill(REVERSED + 3, 5001, 1, 7), fill(SPARSE, 64, 8)]
    stops = [copy(RO, RW, 8), copy(RW, WO, 8), copy(RW, NOBODY, 8), copy(CELL, RW, 8), copy(RW, LIMIT, 8),
             copy(RW, FORMAT, 8), copy(RW, 0, 8), copy(RW, 1 << 48, 8), copy(RW, RW + 4, 8), copy(RW, HUGE_BAD, 8),
             fill(RW + 1, 8), fill(RW, 8, 3), packet(17), packet(NOP, "H", 1), packet(STAMP, "HIQ", 0, 0, RW + 1), call(0),
             call(1, DATA + 1), call(1, DATA, TABLE + 1, 1), packet(FENCE, "HIQ", 1, 0, 5), packet(BREAK),
             packet(EXEC, "H", 99), wait(RW, 1), signal(RW, 1), signal(CELL + 8, 1), execute(9, (0, 1, 99), (8,)),
             reduce(0, 0, 17, 1, 0, 0, 8), packet(TIMED, "HIQ", 0, 0, 1 << 41), wait(PEER_CELL, 1)]
    for mode in (0, USER, RING, USER | RING, SUSPEND, USER | LOOP, TWO | BANDS, INVALIDATE, USER | LIMITS | TWO):
        yield plan(mode, [packet(NOP), *moves, packet(STAMP, "HIQ", 0, 0, RW), packet(TIMED, "HIQ", 0, 0, 2000)], count=3)
    for stop in stops:
        yield plan(0, [packet(NOP), stop], places)
        yield plan(USER, [stop, packet(NOP)], places)
    yield plan(RING, [packet(FENCE, "HIQ", 1, 0, 5), packet(TIMED, "HIQ", 0, 0, 100), packet(FENCE, "HIQ", 0, 0, 6)])
    for i in range(len(places)):
        yield plan(0, [copy(0, i, 64, flags=1), fill(i, 16, flags=1)], places)
    floats = [(9, (0, 2, 3), (64,), ()), (10, (0, 2, 5), (64,), ()), (11, (0, 6), (64,), ()), (5, (0, 2, 3), (64,), ()),
              (1, (0, 1, 2), (4, 4, 4), (f1,)), (1, (0, 1, 2, 3), (3, 5, 7), (f1, f1, 0)), (2, (0, 2, 7), (4, 8, 16), (f1,)),
              (3, (0, 2, 7), (8, 16), ()), (4, (0, 1, 2, 7), (4, 10), (f1,)), (6, (0, 2), (8, 8), ()),
              (7, (0, 1, 2), (32, 0), (f1, f1)), (8, (0, 2, 7), (4, 10), ())]
    for oper, operands, dim, scalar in floats:
        yield plan(0, [execute(oper, operands, dim, scalar)], places)
        yield plan(0, [execute(oper, operands, dim, [2] * len(scalar), (1 << len(scalar)) - 1)], places)
    for dtype in range(6):
        for rop in range(5):
            yield plan(0, [reduce(dtype, rop, 2, 1, 2, 0, 100), reduce(dtype, rop, 3, 2, 3, 0, 40, 8)], places)
    # programs: loops, rotation, ranges, predicates, indirection
    ring = [operand(RW, 256, 4, 1, 2, 3, -1), operand(REVERSED, 64, 16, 0, 1, 1, 2, 1), operand(RO),
            operand(2 | 0 << 16 | 2 << 32, flags=1), operand(PEER, 16, 8, 7, 4)]
    body = [copy(0, 2, 64, flags=1), fill(1, 32, flags=1), copy(3, 2, 16, flags=1)]
    inner = b"".join([fill(1, 8, flags=1), packet(PRED, "BBIQ", 0, 0, 3, 2, flags=1), fill(0, 8, flags=1),
                      packet(PRED, "BBIQ", 4, 0, 0, 0), packet(BREAK, "H", 1)])
    for mode in (0, USER, USER | SUSPEND, USER | LIMITS):
        yield plan(mode | LOOP, body, ring, count=5)
        yield plan(mode | LOOP, [*body, call(5, DATA, TABLE, 5, LOOPS, 4)], ring, inner, count=3)
        yield plan(mode, [call(5, DATA, TABLE, 5, LOOPS, 4), call(4, DATA, TABLE, 5)], ring, inner)
        yield plan(mode | LOOP, [packet(RANGE, "HiQ", 0, 1, 3), body[0], packet(RANGE, "HiQ", 0, 0, 0), body[1],
                                 packet(PRED, "BBIQ", 2, 0, 9, 2, flags=1), body[2], packet(NOP)], ring, count=6)
        yield plan(mode | LOOP, [packet(NOP)], count=0)
        yield plan(mode, [call(1, LIST), packet(NOP)])
        yield plan(mode | LOOP, [reduce(0, 0, 4, 2, 4, 0, 4), packet(STAMP, "HIQ", 0, 0, 0, flags=1)], ring, count=4)
    # cells: what is there, what one queue sends the other, lists, ends, additions, flushes
    refs = b"".join(struct.pack("<QQQQ", CELL + 32 * i, i, 1, 0) for i in range(4))
    for mode in (USER, USER | TWO, USER | TWO | LOOP, TWO, USER | TWO | SUSPEND, USER | TWO | LIMITS):
        yield plan(mode, [wait(CELL, 1), signal(CELL + 32, 1), signal(CELL, 1), wait(CELL + 32, 1)], (), second=2, count=4)
        yield plan(mode, [wait(CELL, 1, 1), signal(CELL + 32, 1, 1), signal(CELL, 1, 1), wait(CELL + 32, 1, 1, end_level=0,
                                                                                              exit=4)], second=2, count=9)
        yield plan(mode, [wait(DATA, 0, op=WAIT_ALL, count=4), signal(DATA, 0, op=SIGNAL_ALL, count=4)], (), refs, 1, 3)
    yield plan(USER, [signal(PEER_CELL, 5, words=7), signal(CELL, 1, words=8), signal(CELL2, 1, words=8), wait(CELL, 1)])
    yield plan(USER, [signal(CELL, 5, tag=3, words=7, scope=0), wait(CELL, 5, tag=3, cell_flags=1), wait(CELL, 9, end_level=0)])
    yield plan(USER, [signal(CELL, 5, tag=3, words=7), wait(CELL, 5, tag=4, cell_flags=1)])
    yield plan(USER, [signal(0, 1, flags=1), wait(0, 1, flags=1), wait(CELL, 1)], [operand(CELL, 32, 4)])
    yield plan(USER, [copy(PEER, RW, 64), signal(PEER_CELL, 1), copy(HOST, PEER, 64), packet(NOP)])


# --- plans ---------------------------------------------------------------------------------------

def texts():
    """Those that people copy, and one word more or less in each kind of line."""
    root = Path(__file__).resolve().parents[2]
    yield from (p.read_text() for p in sorted((root / "Documentation/runtime").glob("*.weft")))
    yield (root / "tests/unit/runtime/exec/golden.weft").read_text()
    head = "weft-plan 1\n"
    for line in ("plan p priority low period 1.5 ms budget 2MiB few-queues lanes 3 poison trace cell-base 0xfe", "plan \"a\\x0a\\\"\"",
                 "cards 2", "cards 3", "constant c 8 repeat hex [00ff]", "constant c 8 i32 [-1, 2]", "constant c 8 u64 [1]",
                 "constant c 8 file \"a b\"", "constant c 8 zeros", "edge e 4 KiB depth 3 initial 2 u16 [1]", "edge e 4 state u8 [1 2 3 4]",
                 "edge e control depth 2 initial 1", "edge e 4 host no-share", "edge e 4 card 0", "edge e 4 dept 3",
                 "edge e 4 depth 2 export", "edge e 4 import", "edge e control import", "edge e 4 import export",
                 "edge e 64 depth 2\nedge f 8 part e 32\nedge g 24 part e 40", "edge e 64 depth 2\nedge f 8 part e 60", "edge f 8 part e 1",
                 "edge e 64 depth 1\nedge f 32 part e 32\nbody b\nout e\nbody c\nout f\ncopy 32 from address(0x1000) to out(f)\n"
                 "body d\nin e", "# c", "body b"):
        yield head + line + "\n"
        yield head + line + " x"
    body = head + "cards 2\nconstant c 64\nedge e 256\nedge f 256\nbody b card 1 lane l skew 2 time 1 s priority high\nin e rate 2\nout f\n"
    for line in ("in e", "in g", "out f rate 3", "%x = table c stride 4 entries 16 firings 2\nwhen %x + 4 >= 2\nalways",
                 "%x = choice in(e) of [in(e, 1), constant(c) + 1 KiB]\ncopy 4 from %x to out(f)\ncopy 4 from %y to out(f)",
                 "copy 4 from in(e) pitch 8 to out(f) pitch 16 rows 3", "fill 8 at out(f) with u32 -1.5", "fill 9 at out(f) with u16 1",
                 "exec add f32 [out(f), in(e), address(0x1000)] dims [1, 2, 3, 4] scalars [1, *in(e), 2.5, 0xffffffff]",
                 "exec ad f32 []", "reduce avg bf16 9 from [in(e), in(e, 1)] to [out(f)]", "timed 3 us", "timed 3", "timestamp to out(f) + 8",
                 "%x = table c stride 4 entries 1\n%x = table c stride 4 entries 1", "%", "in", "copy 4 from constant(d) to out(f)"):
        yield body + line + "\n"
        yield body + line + " ]"


def plan_text():
    for text in texts():
        if len(text) < 4000:
            yield b"\0" + text.encode()
    yield b"\1wftpln01" + bytes(80)
    yield b"\2"
    # words of the header, of capabilities, and of decisions; 0, 1 and great ones
    for at in (*range(8, 80, 4), *range(1200, 1900, 8)):
        for value in (0, 1, 255, 1 << 31, 1 << 63):
            yield b"\2" + struct.pack("<HBQ", at, 7 if at >= 80 else 3, value)
    # the same of the plan with ends elsewhere, whose text is shorter
    for at in range(420, 1000, 8):
        for value in (0, 1, 255, 1 << 31):
            yield b"\5" + struct.pack("<HBQ", at, 7, value)
    for at in (0, 1, 64, 500):
        yield b"\2" + struct.pack("<HBQ", at, 0x80, 0)


# --- messages of edges between processes --------------------------------------------------------

def offer():
    def message(end=1, flags=0, epoch=1, block=256, first=0, tokens=0, depth=2, initial=0, access=1, cell=5, consumers=0, rate=1, name=b"e"):
        return struct.pack("<16xIIQQQQIIIIII256s8x", end, flags, epoch, block, first, tokens, depth, initial, access, cell, consumers, rate, name)

    good = {"producer": (0x8a, {}), "consumer": (0x84, {"end": 2, "access": 0, "consumers": 1, "rate": 0}),
            "control": (0x86, {"flags": 1, "block": 0, "access": 0})}
    for what, members in good.values():
        yield bytes([what]) + message(**members)
        for wrong in ({"flags": 2}, {"epoch": 0}, {"block": 1 << 41}, {"depth": 0}, {"depth": 1 << 16}, {"initial": 2}, {"access": 3},
                      {"cell": 1}, {"consumers": 2}, {"consumers": 129}, {"tokens": 5}, {"rate": 0}, {"rate": 1}, {"rate": 1 << 16}, {"name": b"f"}, {"depth": 3}, {"block": 512}, {"first": 1}, {"name": b""}, {"name": b"x" * 256}, {"name": b"x\0y"}, {"end": 3}):
            yield bytes([what]) + message(**{**members, **wrong})
        yield bytes([what & 0x73]) + message(**members)
        yield bytes([what | 0xc]) + message(**members)
    for status in (0, -28, 5, -(1 << 31)):
        for what in (0x81, 0x91, 0x85, 0x80):
            yield bytes([what]) + struct.pack("<16xQii8x", 1, status, 0)
    for magic in (b"weftedge", b"weftload"):
        for version, size in ((3, 344), (2, 344), (4, 344), (3, 40), (3, 0)):
            yield b"\0" + magic + struct.pack("<II", version, size) + bytes(328)
            yield b"\1" + magic + struct.pack("<II", version, size) + bytes(24)
            yield b"\1" + magic


# --- messages of communicators between processes ------------------------------------------------

def coll():
    def message(kind, body=b"", come=3, sender=1, epoch=7, step=9, status=0, fds=3, what=0x80):
        head = struct.pack("<16xIIQQiI", kind, sender, epoch, step, status, fds)
        return bytes([what | kind, come]) + head + body.ljust(536, b"\0") + bytes(8)

    def hello(members=4, count=2, ranks=(1, 3)):
        return struct.pack("<IIII16B16I", members, count, 256, 8, *ranks, *[0] * (16 - len(ranks)), *[0] * 16)

    def place(processes=3, you=2, of=(0, 1, 2, 1)):
        return struct.pack("<II16B16I", processes, you, *of, *[0] * (16 - len(of)), *[0] * 16)

    def ranges(size=5000, span=8192, spans=((4096, 8192), (8192, 1 << 47)), num=None):
        return struct.pack("<QQQ", size, span, len(spans) if num is None else num) + b"".join(struct.pack("<QQ", *r) for r in spans)

    def word(known=3, words=((0, 0, 0), (0, 10, 5), (-28, 0, 0))):
        return struct.pack("<II", known, 0) + b"".join(struct.pack("<iIQ", *w) for w in words)

    joins = {"come": 0, "sender": 0, "epoch": 0, "step": 0, "fds": 0}
    for body in (hello(), hello(members=5), hello(count=4), hello(count=0), hello(ranks=(1, 1)), hello(ranks=(4, 1))):
        yield message(1, body, **joins)
    for body in (place(), place(processes=5), place(you=0), place(of=(0, 2, 1, 1)), place(of=(0, 1, 1, 1)), place(of=(0, 1, 2, 3))):
        yield message(2, body, **{**joins, "come": 1, "fds": 1, "epoch": 1})
    yield message(2, place(), **joins)
    for kind in (3, 5, 7):
        yield message(kind)
        yield message(kind, come=2)
        yield message(kind, what=0xc0, come=2, fds=2)
    for body in (ranges(), ranges(size=0), ranges(span=1), ranges(num=33), ranges(spans=((8192, 4096),)), ranges(spans=((1, 1 << 48),)),
                 ranges(spans=((8192, 9000), (1, 2)))):
        yield message(4, body)
    for body in (word(), word(known=1), word(known=15), word(words=((1, 0, 0),)), word(words=((0, 16, 0),))):
        yield message(6, body)
    for wrong in ({"sender": 0}, {"epoch": 8}, {"step": 8}, {"status": -28}, {"status": -28, "come": 0, "fds": 0}, {"status": 5},
                  {"status": -(1 << 31), "come": 0, "fds": 0}):
        yield message(6, word(), **wrong)
    for magic, version, size in ((b"weftcoll", 1, 592), (b"weftcoll", 2, 592), (b"weftedge", 1, 592), (b"weftcoll", 1, 40)):
        for length in (576, 100, 8):
            yield b"\6\3" + (magic + struct.pack("<II", version, size) + bytes(length))[:16 + length]
    yield b"\6\3weft"
    for fields in ((1, 2, 0, 0, 0, 0, 4, 256, 7), (7, 2, 1, 0, 2, 1, 4, 256, 7), (4, 2, 1, 0, 2, 0, 4, 256, 7), (0, 2, 0, 0, 0, 0, 4, 256, 0),
                   (8, 2, 0, 0, 0, 0, 4, 256, 7), (1, 9, 0, 0, 0, 0, 4, 256, 7), (1, 2, 99, 0, 0, 0, 4, 256, 7)):
        for what in (0, 0x40):
            yield bytes([what, 0]) + struct.pack("<QIIIIIIIIQ", 1, *fields)


# --- tables of plans ------------------------------------------------------------------------------

def plan_table():
    def table(magic=b"weftplan", version=1, more=0, name=1, bodies=2, cells=3, texts=None, end=9, body=6, role=2, edge=11, peer=18):
        text = b"\0plan\0take\0stream\0make\0\x1b[2J \xc3\xa4\xe2\x82\0" if texts is None else texts
        rest = struct.pack("<QIIIIQIIII", 4096, 8, 0, 4, 18, 4096, 8, 4, end, body)
        rest += struct.pack("<QIIIIQIIIIQIIII", 32, 8, role, edge, peer, 64, 8, 1, 0, 0, 96, 8, 4, 23, 0) + text
        return magic + struct.pack("<IIQIIII", version, 40 + len(rest) + more, 100, name, bodies, cells, len(text)) + rest

    for good in (b"\0", b"\1"):
        yield good + table()
        for wrong in ({"magic": b"weftplam"}, {"version": 2}, {"more": 1}, {"name": 2}, {"name": 999}, {"bodies": 3}, {"cells": 1 << 31},
                      {"texts": b""}, {"texts": b"x\0"}, {"texts": bytes(30)}, {"end": 4}, {"body": 7}, {"role": 0}, {"role": 4},
                      {"role": 5}, {"edge": 1 << 30}, {"peer": 12}):
            yield good + table(**wrong)
        yield good + table()[:40]
        yield good


# --- topologies -----------------------------------------------------------------------------------

def topology():
    head = "weft-topology 1\ncards 2\nengines 2\n"
    cards = "card 0 step 150 copy 5.25 reduce 10\ncard 1 step 0.000001 copy 1000000000 reduce 0.5 # slow\r\n"
    links = "link 0 1 hop 600.5 write 4 read 3\nlink 1 0\thop 0 write 2 read 1"
    good = head + cards + links
    yield good.encode()
    yield b"weft-topology 1\ncards 1\ncard 0 step 1 copy 1 reduce 1\n"
    for old, new in (("topology 1", "topology 2"), ("cards 2", "cards 17"), ("cards 2", "cards 0"), ("cards 2", "cards 3"),
                     ("engines 2", "engines 65"), ("engines 2", "engines 2\nengines 2"), ("card 1", "card 0"), ("card 1", "card 2"),
                     ("step 150", "step 1.0000001"), ("step 150", "step 1000000001"), ("step 150", "step x"), ("step 150", "step 1."),
                     ("copy 5.25", "copy 0"), ("copy 5.25", "copy"), ("link 1 0", "link 0 1"), ("link 1 0", "link 1 1"),
                     ("write 4", "write"), ("write 4", "write 0"), ("engines", "words"), ("step", "1 2 3 4 5 6 7 8 9 10")):
        yield good.replace(old, new, 1).encode()
    yield (head + cards).encode()
    yield b""


SEEDS = {f.__name__: f for f in (vfu, walk, mailbox, image, rv64, packets, plan_text, offer, coll, plan_table, topology)}
