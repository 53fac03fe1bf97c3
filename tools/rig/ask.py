# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
What a command in the machine may ask of the machine around it. A line `@@rig WORDS` that it writes to its port is taken
out of the output, done, and answered by a line `ok` or `failed REASON` on the same port, /dev/ttyS1, which
is raw. Requests are done in order, one at a time; output flows meanwhile.
"""
import json
import os
import queue
import re
import signal
import socket
import threading
import time

import machine

MARK = b"@@rig "
LINE = re.compile(rb"@@rig ([^\n]*)\n")
QMP_WAIT_S = 60


class Failed(Exception):
    """A request that could not be done, with the reason."""


class Monitor:
    """QEMU's, by QMP: one command at a time, events kept until somebody waits for them."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.rest, self.events = b"", []
        self.next(time.monotonic() + QMP_WAIT_S)        # the greeting
        self.run("qmp_capabilities")

    def next(self, until):
        while b"\n" not in self.rest:
            self.socket.settimeout(max(until - time.monotonic(), 0.001))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                raise Failed("no word from QEMU") from None
            if not data:
                raise Failed("QEMU has ended")
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def run(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        until = time.monotonic() + QMP_WAIT_S
        while True:
            message = self.next(until)
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise Failed(message["error"]["desc"])
            else:
                return message["return"]

    def wait(self, event, device):
        until = time.monotonic() + QMP_WAIT_S
        while True:
            for message in self.events:
                if message["event"] == event and message.get("data", {}).get("device") == device:
                    self.events.remove(message)
                    return
            message = self.next(until)
            if "event" in message:
                self.events.append(message)


class Asks:
    """The requests of one run."""

    def __init__(self, run, where, qemu):
        self.run, self.where, self.qemu = run, where, qemu
        self.held, self.monitor = b"", None
        self.requests = queue.SimpleQueue()
        threading.Thread(target=self.work, daemon=True).start()

    def filter(self, data):
        """Output without requests; what may become one is held back until it is known."""
        data = self.held + data
        for request in LINE.findall(data):
            self.requests.put(request.decode(errors="replace").split())
        data = LINE.sub(b"", data)
        at = data.find(MARK)
        if at < 0:
            at = next((len(data) - n for n in range(len(MARK) - 1, 0, -1) if data.endswith(MARK[:n])), len(data))
        self.held = data[at:]
        return data[:at]

    def work(self):
        while True:
            words = self.requests.get()
            try:
                handler = getattr(self, "do_" + (words[0] if words else ""), None)
                self.qmp()      # from the first request on, so that no event is missed
                if not handler:
                    raise Failed(f"no such request: {' '.join(words)}")
                handler(*words[1:])
                answer = "ok"
            except (Failed, OSError, TypeError, ValueError) as error:
                answer = f"failed {error}"
            try:
                os.write(self.qemu.stdin.fileno(), f"{answer}\n".encode())
            except OSError:
                return      # the machine has ended

    def qmp(self):
        if not self.monitor:
            self.monitor = Monitor(self.where / "qmp")
        return self.monitor

    def card(self, index):
        index = int(index)
        if not 0 <= index < self.run.cards:
            raise Failed(f"the machine has {self.run.cards} cards")
        return index

    def do_ping(self):
        """Nothing."""

    def do_later(self, ms):
        """Nothing, so much later: the answer wakes a machine that sleeps."""
        time.sleep(min(int(ms), 60000) / 1000)

    def do_still(self):
        """The machine and its clock stand still while something else is measured on the machine around it."""
        if not self.run.meanwhile:
            raise Failed("nothing to do meanwhile")
        self.qmp().run("stop")
        try:
            self.run.meanwhile()
        finally:
            self.qmp().run("cont")

    def do_wake(self):
        """When the machine is in S3, wakes it a second later. Its answer is lost: the machine's port has been reset."""
        self.qmp().wait("SUSPEND", None)
        time.sleep(1)
        self.qmp().run("system_wakeup")

    def do_drop(self, index):
        """Card `index` is pulled out: its registers read all ones from now on, and it is fresh when plugged in again."""
        os.kill(self.run.card_pid, signal.SIGRTMIN + self.card(index))

    def do_unplug(self, index):
        """The attention button of its slot; ok when the machine has let it go."""
        device = f"card{self.card(index)}"
        self.qmp().run("device_del", id=device)
        self.qmp().wait("DEVICE_DELETED", device)

    def do_gone(self, index):
        """Waits until the machine has let go of a card whose slot it switched off itself."""
        self.qmp().wait("DEVICE_DELETED", f"card{self.card(index)}")

    def do_plug(self, index):
        index = self.card(index)
        self.qmp().run("device_add", **machine.device(index, self.where / f"card{index}.sock"))

    def do_error(self, index, port="dn"):
        """The port above card `index` reports a fatal error of its link; `rp`: the root port above the switch."""
        if port not in ("dn", "rp"):
            raise Failed(f"no port `{port}`")
        self.do_monitor("pcie_aer_inject_error", f"{port}{self.card(index)}", "DLP")

    def do_monitor(self, *words):
        """A line of QEMU's own language; what it answers is a failure, as success is silent."""
        text = self.qmp().run("human-monitor-command", **{"command-line": " ".join(words)})
        if text.strip() and not text.startswith("OK"):
            raise Failed(text.strip())
