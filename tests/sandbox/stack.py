# SPDX-License-Identifier: Apache-2.0
"""A guest with the kernel's network stack, and without a virtual machine.

dpdk-testpmd has the virtio NIC, like guest.py's, and passes all frames on to a veth pair, whose other end is eth0
of a network namespace. Programs in there see an interface with the port's MAC: a DHCP client, ping, HTTP, sockets
for raw frames.
"""

import json
import os
import signal

from frames import Listener
from guest import Guest
from sandbox import wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"
INTERFACE = "eth0"
LEASE = ("ip", "mask", "router", "serverid", "mtu", "staticroutes")
# The kernel leaves checksums to a veth, because they never get lost on the way to its peer; but here they go out
# of the machine. ETHTOOL_STXCSUM, without a program that not each machine has.
SUMS = """
import array, fcntl, socket, struct
value = array.array("B", struct.pack("II", 0x17, 0))
fcntl.ioctl(socket.socket(), 0x8946, struct.pack("16sP", b"eth0", value.buffer_info()[0]))
"""
GET = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
sys.stdout.write(opener.open(sys.argv[1], timeout=5).read().decode())
"""


class StackGuest(Guest):
    """Guest `name` on the socket `path`; `mac` is that of eth0."""

    def __init__(self, sandbox, name, path, mac, **options):
        super().__init__(sandbox, name, path, mac=mac, **options)
        self.namespace = f"{self.name}-net"
        self.wire = f"w-{name}"[:15]
        self.more_devices = (f"net_af_packet0,iface={self.wire}",)

    def start(self, timeout=30):
        self._make_namespace()
        super().start(timeout)
        self.command("set fwd io")
        self.command("start")
        return self

    def _make_namespace(self):
        pid = self.sandbox.start(self.namespace, ["unshare", "--net", "sleep", "infinity"])
        holder = os.readlink(f"/proc/{self.sandbox.state['pids']['holder']}/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{pid}/ns/net") not in (holder, os.readlink("/proc/self/ns/net")), 10,
                 f"{self.name} has its namespace")
        self._inside(f"ip link add {self.wire} type veth peer name {INTERFACE} address {self.mac} netns {pid} && "
                     f"ip link set {self.wire} up")
        # Without IPv6, which would send frames that no test asked for.
        self.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && ip link set lo up && "
                             f"ip link set {INTERFACE} mtu {self.mtu} up")
        self.run(PYTHON, "-c", SUMS)

    def inside(self, command):
        """Returns the command line that runs `command` as the guest would."""
        return ["nsenter", "--target", str(self.sandbox.pid(self.namespace)), "--net", "--mount", "--", *command]

    def run(self, *command, check=True):
        """Runs a command; returns its completed process."""
        return self.sandbox.command(*self.inside(command), check=check)

    def send(self, count, **members):  # pylint: disable=arguments-differ
        """Sends `count` frames, as frames.frame() makes them."""
        data = json.dumps({"source": self.mac, **members})
        self.run(PYTHON, os.path.join(HERE, "frames.py"), data, str(count))

    def listen(self):
        """Returns a Listener that counts the marked frames from now on."""
        return Listener(self.inside([PYTHON, os.path.join(HERE, "frames.py")]))

    def dhcp(self):
        """Requests an address like a starting guest, and configures eth0 with it and with the routes. Returns the
        lease in words of busybox's client: the members of LEASE that it has."""
        script = os.path.join(self.sandbox.dir, f"{self.name}.dhcp")
        with open(script, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\n[ "$1" != bound ] || env\n')
        os.chmod(script, 0o755)
        text = self.run("busybox", "udhcpc", "-i", INTERFACE, "-n", "-q", "-f", "-t", "5", "-T", "2", "-s", script,
                        "-O", "mtu", "-O", "staticroutes").stdout
        lines = [line.partition("=") for line in text.splitlines()]
        lease = {name: value for name, _, value in lines if name in LEASE}
        self.give_address(f"{lease['ip']}/{lease['mask']}")
        routes = lease["staticroutes"].split()
        for destination, gateway in zip(routes[::2], routes[1::2]):
            self.run("ip", "route", "add", destination, "via", gateway)
        return lease

    def give_address(self, address):
        """Gives eth0 an address like 192.0.2.9/24."""
        self.run("ip", "address", "add", address, "dev", INTERFACE)

    def ping(self, address, count=5, size=84):
        """Returns how many of `count` echo requests of `size` bytes of IP get a reply."""
        text = self.run("busybox", "ping", "-c", str(count), "-s", str(size - 28), "-W", "2", "-A", address,
                        check=False).stdout
        return int(text.partition(" packets received")[0].split()[-1]) if "packets received" in text else 0

    def get(self, url):
        """Returns the reply to an HTTP request, or "" if none comes."""
        return self.run(PYTHON, "-c", GET, url, check=False).stdout

    def stop(self, number=None):
        super().stop(number)
        self.sandbox.stop(self.namespace, signal.SIGKILL)  # Its end removes the veth pair.
