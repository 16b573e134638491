# SPDX-License-Identifier: Apache-2.0
"""The links of a sandbox, read with ip(8)."""

import json

HYBRID = ("qbr", "qvb", "qvo")


def ip(box, *arguments, check=True):
    return box.command(*box.inside(["ip", *arguments]), check=check).stdout


def is_closed_tap(link):
    """Whether a link, in the form of `ip -d -j link`, is a tap that ovs-vswitchd has closed: its taps are
    persistent until then. The kernel removes the tap up to a second later if DPDK's thread for vhost-user sockets
    polls it: that thread may still have the number of a socket that was closed, which the tap's file got."""
    info = link.get("linkinfo", {})
    return info.get("info_kind") == "tun" and not (info["info_data"]["persist"] or link.get("ifalias"))


def links(box):
    """Returns all links of the sandbox by name, in the form of `ip -d -j link`, except for closed taps."""
    return {link["ifname"]: link for link in json.loads(ip(box, "-d", "-j", "link")) if not is_closed_tap(link)}


def sysctl(box, path):
    return box.command(*box.inside(["cat", f"/proc/sys/net/{path}"])).stdout.strip()


def names(box, vif):
    """Returns the links of a hybrid VIF: Linux bridge, its end of the veth pair, Open vSwitch's end."""
    return [f"{prefix}{vif}"[:14] for prefix in HYBRID]


def ours(box):
    """Returns the links with vifplugd's alias."""
    return sorted(name for name, link in links(box).items()
                  if link.get("ifalias", "").startswith("vifplugd:"))


# Sends `count` frames on one interface and counts them on another; both in the sandbox.
EXCHANGE = """
import socket, sys, time
out, into, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
frame = bytes.fromhex("ffffffffffff" "020000000001" "88b5") + b"vifplug".ljust(100)
receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
receiver.bind((into, 0x88b5))
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind((out, 0))
deadline = time.monotonic() + 15
seen = 0
receiver.settimeout(0.2)
while seen < count and time.monotonic() < deadline:
    sender.send(frame)
    try:
        data, address = receiver.recvfrom(2000)
        seen += data[14:21] == b"vifplug"
    except socket.timeout:
        pass
print(seen)
"""


def frames(box, out, into, count=3):
    """Returns how many frames sent on link `out` arrive at link `into`; waits for `count` frames."""
    done = box.command(*box.inside(["/usr/bin/python3", "-c", EXCHANGE, out, into, str(count)]))
    return int(done.stdout)


def frames_to(box, ofport, count=3):
    """Has vswitchd send frames to a port of br-int, as its controller does."""
    frame = "ffffffffffff" + "fa163e000001" + "0800" + "00" * 50
    for _ in range(count):
        box.command("ovs-ofctl", "packet-out", f"{box.run}/br-int.mgmt",
                    f"in_port=controller packet={frame} actions=output:{ofport}")
