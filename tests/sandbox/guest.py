# SPDX-License-Identifier: Apache-2.0
"""A guest without a virtual machine: dpdk-testpmd with a virtio-user NIC on a vhost-user socket.

For the switch it is like a guest with DPDK: a virtio driver at the other end of the socket, in either role.
Tests write commands to its prompt, and read counters from its output.
"""

import os
import re
import time

from sandbox import change_hugepages, wait_for

HUGEPAGES = 20  # Of 2 MB; testpmd needs so many with the memory and buffers below.


class GuestError(Exception):
    """A guest did not run a command in time."""


# The features that the guest's driver offers: VIRTIO_F_RING_PACKED, VIRTIO_F_IN_ORDER, or neither.
RINGS = {
    "packed": "packed_vq=1,in_order=0",
    "in-order": "packed_vq=0,in_order=1",
    "split": "packed_vq=0,in_order=0",
}


class Guest:
    """testpmd as guest `name` of a sandbox, on socket `path` in `mode` ("server": it listens), with `rings`
    as in RINGS (default: that of virtio-user, in order)."""

    def __init__(self, sandbox, name, path, mode="server", mac=None, mtu=1500, rings=None):
        self.sandbox = sandbox
        self.name = f"guest-{name}"
        self.fifo = os.path.join(sandbox.dir, f"{self.name}.in")
        self.output = os.path.join(sandbox.log, f"{self.name}.out")
        self.path = path
        self.mode = mode
        self.mac = mac
        self.mtu = mtu
        self.rings = rings
        self.hugepages = os.path.join(sandbox.dir, f"{self.name}.hugepages")
        self.input = None
        self.more_devices = ()  # Of DPDK, beside the NIC.

    def _inside(self, script, check=True):
        return self.sandbox.command(*self.sandbox.inside(["sh", "-c", script]), check=check)

    def _take_hugepages(self):
        """Makes a separate mount, and adds hugepages to the machine's for it."""
        change_hugepages(HUGEPAGES, self.sandbox.dir)
        self.sandbox.state["hugepages"] += HUGEPAGES
        self.sandbox.save()
        self._inside(self.sandbox.mount_hugepages(self.hugepages, HUGEPAGES))

    def _give_hugepages_back(self):
        # vswitchd maps the guest's memory until it notices the guest's end.
        wait_for(lambda: self._inside(f'umount "{self.hugepages}"', check=False).returncode == 0, 15,
                 f"{self.name}: its memory is let go of")
        change_hugepages(-HUGEPAGES, self.sandbox.dir)
        self.sandbox.state["hugepages"] -= HUGEPAGES
        self.sandbox.save()

    def start(self, timeout=30):
        """Starts the guest and waits for its prompt."""
        vdev = f"net_virtio_user0,path={self.path},queue_size=256"
        if self.mode == "server":
            vdev += ",server=1"
        if self.mac:
            vdev += f",mac={self.mac}"
        if self.rings:
            vdev += f",{RINGS[self.rings]}"
        self._take_hugepages()
        if self.mode == "server":
            self._inside(f'rm -f "{self.path}"')  # A killed guest leaves its socket.
        if not os.path.exists(self.fifo):
            os.mkfifo(self.fifo)
        with open(self.output, "w", encoding="ascii"):
            pass
        more = "".join(f'--vdev "{device}" ' for device in self.more_devices)
        frame = self.mtu + 18
        mbuf = 2304 if self.mtu <= 1500 else 10240
        # The shell keeps the FIFO open for reading and writing, so testpmd never sees its end.
        command = (f'exec stdbuf -oL dpdk-testpmd --lcores "0@(0,1),1@(0,1)" --no-pci --single-file-segments '
                   f'-m 24 --huge-dir "{self.hugepages}" --file-prefix {self.name} '
                   f'--vdev "{vdev}" {more}-- -i --total-num-mbufs=1100 --mbuf-size={mbuf} --rxd=256 '
                   f'--txd=256 --max-pkt-len={frame} <>"{self.fifo}"')
        self.sandbox.start(self.name, ["sh", "-c", command])
        self.input = os.open(self.fifo, os.O_RDWR)
        self.sandbox.wait_ready(self.name, lambda: "testpmd> " in self._text(), timeout)
        self._let_others_first()
        return self

    def _let_others_first(self):
        """Lowers the priority of the threads that poll the NIC: an idle one takes no core from those that work."""
        pid = self.sandbox.pid(self.name)
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
                if file.read().startswith("rte-worker"):
                    os.setpriority(os.PRIO_PROCESS, int(thread), 10)

    def _text(self, start=0):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            file.seek(start)
            return file.read()

    def command(self, line, expect="testpmd> ", timeout=15):
        """Runs one command and returns its output, once that matches `expect`."""
        start = os.path.getsize(self.output)
        os.write(self.input, f"{line}\n".encode())
        deadline = time.monotonic() + timeout
        while True:
            text = self._text(start)
            if re.search(expect, text, re.DOTALL):
                return text
            if time.monotonic() > deadline or not self.sandbox.pid(self.name):
                raise GuestError(f"{self.name}: '{line}' did not end:\n{text[-2000:]}")
            time.sleep(0.01)

    def counters(self):
        """Returns the (received, sent) packets since the last clear."""
        text = self.command("show port stats 0", r"TX-packets: \d+.*####.*testpmd> ")
        received = re.search(r"RX-packets: (\d+)", text)
        sent = re.search(r"TX-packets: (\d+)", text)
        return int(received.group(1)), int(sent.group(1))

    def is_connected(self):
        return "Link status: up" in self.command("show port info 0", r"Link status: \w+.*testpmd> ")

    def receive(self):
        """Starts to receive and drop frames."""
        self.command("stop")
        self.command("set fwd rxonly")
        self.command("clear port stats 0")
        self.command("start")

    def send(self, bursts, size, peer):
        """Sends `bursts` times 32 frames of `size` bytes (less CRC) to MAC `peer`. With more than 4 bursts,
        some frames may not fit into the ring."""
        self.command("stop")
        self.command("set fwd rxonly")
        self.command(f"set eth-peer 0 {peer}")
        self.command(f"set txpkts {size}")
        self.command("clear port stats 0")
        self.command(f"start tx_first {bursts}")

    def stop(self, number=None):
        """Ends the guest (kills it, with a signal number)."""
        if self.input is not None:
            os.close(self.input)
            self.input = None
        self.sandbox.stop(self.name, *([number] if number else []))
        self._give_hugepages_back()
