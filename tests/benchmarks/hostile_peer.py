#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A peer that misbehaves, for the benchmark and for tests.

usage: hostile_peer.py SOCKET WHAT

Writes "ready" once it has begun, and goes on until its standard input ends. WHAT is one of PEERS. It connects
again whenever the daemon closes a connection.
"""

import contextlib
import itertools
import json
import selectors
import socket
import sys
import time

INSTANCE = "aaaabbbb-1111-4222-8333-444455556666"
CONNECT_PAUSE_S = 0.01  # After a connection that was refused or closed.


def request(method, n=0, **params):
    return json.dumps({"jsonrpc": "2.0", "id": n, "method": method, "params": params}).encode() + b"\n"


def dry_run(n, path):
    """A dry run of a plug that nobody else asks for."""
    vif = {"vif_id": f"dddddddd-{n % 4096:04x}-4000-8000-000000000000", "kind": "vhost-user", "bridge": "br-int",
           "mtu": 1500, "vhost_user": {"path": path, "mode": "server"}}
    return request("plug", n, vif=vif, instance={"uuid": INSTANCE}, dry_run=True)


def nested():
    """The most work for the parser in a line of almost the longest length."""
    inner = ",".join(f'"{n:05d}":[]' for n in range(22000))
    return b'{"jsonrpc":"2.0","id":1,"method":"get","params":{' + inner.encode() + b"}}\n"


class Peer:
    """`lines` is sent again and again on each of the connections."""

    def __init__(self, lines, connections=1, reads=True, leaves=False, once=False):
        self.lines = lines
        self.connections = connections
        self.reads = reads
        self.leaves = leaves  # Closes the connection once it has sent everything, and connects again.
        self.once = once      # Sends the lines once, and keeps the connection.


PEERS = {
    "requests status": lambda: Peer(request("status") * 500),
    "requests from 8 connections": lambda: Peer(request("describe") * 200, connections=8),
    "lists": lambda: Peer(request("list") * 200, connections=4),
    "lists and leaves": lambda: Peer(request("list") * 500, leaves=True),
    "lists, does not read": lambda: Peer(request("list") * 200, connections=60, reads=False),
    "nics": lambda: Peer(request("nics") * 200, connections=3),
    "dry runs": lambda: Peer(b"".join(dry_run(n, f"/usr/local/var/run/dry{n}") for n in range(200)),
                             connections=4),
    "dry runs of reap": lambda: Peer(request("reap", dry_run=True) * 100, connections=4),
    "dry runs that are refused": lambda: Peer(b"".join(dry_run(n, "/etc/x") for n in range(200)), connections=4),
    "the longest lines": lambda: Peer(nested(), connections=2),
    "lines without an end": lambda: Peer(b'{"x":"' + b"a" * 262000, connections=60, once=True),
    "subscribes, does not read": lambda: Peer(request("subscribe"), connections=60, reads=False, once=True),
    "connects and leaves": lambda: Peer(b"", connections=4, leaves=True),
    "holds connections": lambda: Peer(request("status"), connections=200, once=True),
}


class Connection:
    """One connection of a peer; none of its calls blocks."""

    def __init__(self, path, peer):
        self.path = path
        self.peer = peer
        self.socket = None
        self.left = memoryview(b"")
        self.again_at = 0.0
        self.sent = False

    def connect(self, selector):
        """Connects, if it is time; returns whether it is connected."""
        if self.socket is None and time.monotonic() >= self.again_at:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            try:
                self.socket.connect(self.path)
            except OSError:
                self.socket.close()
                self.socket = None
                self.again_at = time.monotonic() + CONNECT_PAUSE_S
                return
            self.left = memoryview(self.peer.lines)
            self.sent = False
            selector.register(self.socket, self._events(), self)

    def _events(self):
        write = not (self.sent and self.peer.once)
        read = self.peer.reads or not write
        return (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)

    def close(self, selector, pause):
        selector.unregister(self.socket)
        self.socket.close()
        self.socket = None
        self.again_at = time.monotonic() + pause

    def run(self, selector, events):
        """Sends and receives what is possible."""
        try:
            if events & selectors.EVENT_READ and self.peer.reads and not self.socket.recv(1 << 18):
                raise ConnectionResetError
            if events & selectors.EVENT_WRITE:
                self.left = self.left[self.socket.send(self.left):] if self.left else self.left
                if not self.left:
                    self._sent_all(selector)
        except BlockingIOError:
            pass
        except OSError:
            self.close(selector, CONNECT_PAUSE_S)

    def _sent_all(self, selector):
        self.sent = True
        if self.peer.leaves:
            self.close(selector, 0)
        elif self.peer.once and not self.peer.reads:
            selector.unregister(self.socket)  # It stays open, and nobody reads it.
        elif self.peer.once:
            selector.modify(self.socket, selectors.EVENT_READ, self)
        else:
            self.left = memoryview(self.peer.lines)


def main():
    path, what = sys.argv[1:]
    peer = PEERS[what]()
    connections = [Connection(path, peer) for _ in range(peer.connections)]
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ, None)
        for turn in itertools.count():
            for connection in connections:
                connection.connect(selector)
            for key, events in selector.select(CONNECT_PAUSE_S):
                if key.data is None:
                    return
                if key.data.socket is not None:
                    key.data.run(selector, events)
            if turn == 20:
                print("ready", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
