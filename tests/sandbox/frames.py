# SPDX-License-Identifier: Apache-2.0
"""Sends Ethernet frames from eth0, and counts those that come.

As a program, `frames.py JSON COUNT` sends the frame of frame() COUNT times. Without arguments it prints how many
marked frames have come, as JSON {"VLAN MARK": number}, at its start and for each line of its input; VLAN is 0 for
frames without a tag.
"""

import json
import select
import socket
import struct
import subprocess
import sys

INTERFACE = "eth0"
IPV4, RARP, VLAN = 0x0800, 0x8035, 0x8100
MARK = "mark-"  # At the beginning of the data of UDP.
PORT = 9
SOL_PACKET, AUXDATA, VLAN_VALID = 263, 8, 0x10  # Of linux/if_packet.h; socket does not have them.


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def mac_bytes(address):
    return bytes.fromhex(address.replace(":", ""))


def frame(source, destination="ff:ff:ff:ff:ff:ff", addresses=None, mark="", vlan=0, rarp=False):
    """Returns a frame between two MACs: a UDP datagram between two IP addresses with data that ends in `mark`, or
    the announcement of `source` by RARP as QEMU makes it; with the tag of VLAN `vlan`, if that is not 0."""
    head = mac_bytes(destination) + mac_bytes(source) + (struct.pack("!HH", VLAN, vlan) if vlan else b"")
    if rarp:
        address = mac_bytes(source)
        packet = struct.pack("!HHHBBH", RARP, 1, IPV4, 6, 4, 3) + address + bytes(4) + address + bytes(4)
    else:
        data = f"{MARK}{mark}\n".encode()
        ends = b"".join(socket.inet_aton(address) for address in addresses)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(data), 0, 0, 64, socket.IPPROTO_UDP, 0) + ends
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        packet = struct.pack("!H", IPV4) + ip + struct.pack("!HHHH", PORT, PORT, 8 + len(data), 0) + data
    return (head + packet).ljust(60, b"\0")


def key_of(data, tag):
    """Returns the key of a marked frame in the counts, or None."""
    at = data.find(MARK.encode())
    return f"{tag} {data[at + len(MARK):].split()[0].decode()}" if at > 0 else None


def receive(packets):
    """Returns the key of the next frame, or None. The kernel keeps a frame's VLAN tag beside it."""
    data, beside, _, address = packets.recvmsg(2048, 256)
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, value in beside:
        if (level, kind) == (SOL_PACKET, AUXDATA):
            status, *_, tag, _ = struct.unpack("@IIIHHHH", value)
            return key_of(data, tag & 0xfff if status & VLAN_VALID else 0)
    return key_of(data, 0)


def listen():
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
    packets.setsockopt(SOL_PACKET, AUXDATA, 1)
    packets.bind((INTERFACE, 0))
    counts = {}
    print("{}", flush=True)
    while True:
        ready = select.select([packets, sys.stdin], [], [])[0]
        if packets in ready:
            key = receive(packets)
            if key:
                counts[key] = counts.get(key, 0) + 1
        elif not sys.stdin.readline():
            break
        else:
            print(json.dumps(counts), flush=True)


class Listener:
    """Counts marked frames while the `with` block runs."""

    def __init__(self, command):
        self.command = command
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "{}\n"
        return self

    def counts(self):
        """Returns {"VLAN MARK": number}."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __exit__(self, *_):
        self.process.communicate(timeout=30)


def main():
    if len(sys.argv) == 1:
        listen()
        return
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    packets.bind((INTERFACE, 0))
    data = frame(**json.loads(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        packets.send(data)


if __name__ == "__main__":
    main()
