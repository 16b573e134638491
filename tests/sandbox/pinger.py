# SPDX-License-Identifier: Apache-2.0
"""Counts which echo requests to an address get no reply, and how long none comes.

As a program, `pinger.py ADDRESS INTERVAL` sends a request every INTERVAL seconds until its input ends, and then
prints one line of JSON. Its own loop keeps the interval: ping of iputils and busybox do not go below 2 ms, print
no times in one form, and not each machine has them.
"""

import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

ECHO_REPLY, ECHO_REQUEST = 0, 8
LAST_REPLY_S = 1.0  # How long to wait for replies after the last request.


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def request(identity, number):
    """Returns an echo request; its data is the number in 32 bits, since ICMP's has 16."""
    head = struct.pack("!BBHHHI", ECHO_REQUEST, 0, 0, identity, number & 0xffff, number)
    return struct.pack("!BBHHHI", ECHO_REQUEST, 0, checksum(head), identity, number & 0xffff, number)


def run(address, interval):
    """Returns the numbers of requests and of replies, and the longest time between two replies."""
    icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    icmp.setblocking(False)
    identity = os.getpid() & 0xffff
    sent, answered, longest = 0, set(), 0.0
    start = last = due = time.monotonic()
    end = None
    while end is None or time.monotonic() < end:
        now = time.monotonic()
        if end is None and now >= due:
            try:
                icmp.sendto(request(identity, sent), (address, 0))
            except OSError:
                pass  # It counts as lost.
            sent += 1
            due = max(due + interval, now)
        wait = [icmp] if end else [icmp, sys.stdin]
        ready = select.select(wait, [], [], max(0, (end or due) - time.monotonic()))[0]
        if sys.stdin in ready:
            end = time.monotonic() + LAST_REPLY_S
        if icmp in ready:
            reply = icmp.recv(2048)[20:]
            if len(reply) >= 12 and reply[0] == ECHO_REPLY and struct.unpack("!H", reply[4:6])[0] == identity:
                longest = max(longest, time.monotonic() - last)
                last = time.monotonic()
                answered.add(struct.unpack("!I", reply[8:12])[0])
        if end and len(answered) == sent:
            break
    return {"sent": sent, "lost": sent - len(answered), "longest_s": longest,
            "silent_at_end_s": time.monotonic() - last, "seconds": time.monotonic() - start}


class Pinger:
    """Pings from inside a sandbox while the `with` block runs; `result` has run()'s afterwards."""

    def __init__(self, sandbox, address, interval=0.01):
        self.command = sandbox.inside(["/usr/bin/python3", os.path.abspath(__file__), address, str(interval)])
        self.process = None
        self.result = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        output, _ = self.process.communicate(timeout=30)
        self.result = json.loads(output)


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], float(sys.argv[2]))))
