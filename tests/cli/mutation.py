# SPDX-License-Identifier: Apache-2.0
"""Replies that are not as they should be: real ones with a change of their structure, or of their bytes."""

import copy
import json
import os
import random
import socket
import threading

OTHERS = [None, True, 0, -1, 1 << 70, 1.5, 1e308, "", "x", "\0", "\ud800", [], [None], [[]], ["x", 1], [{}], {},
          {"a": None}, {"": {"": []}}]
DEEP = [b"[" * 100000, b'{"a":' * 5000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 100 + b"]" * 100,
        b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b"", b" ", b"null", b"0", b'"x"', b"[]", b"{}", b"NaN", b"1" * 10000,
        b'{"jsonrpc":"2.0","id":1,"result":{"vifs":[NaN,Infinity]}}', b"\0" * 100]


def paths(value, path=()):
    """Yields the path of each member and element, also of objects and arrays."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield path + (key,)
        yield from paths(inner, path + (key,))


def changed(message, path, change):
    """Returns a copy; `change` gets the object or array that has the last step of the path, and that step."""
    message = copy.deepcopy(message)
    where = message
    for step in path[:-1]:
        where = where[step]
    change(where, path[-1])
    return message


def remove(where, step):
    del where[step]


def mutants(message, n, seed):
    """Yields lines, without their line feed: each member removed and each replaced by one value of another type,
    DEEP, and what is left of `n` at random."""
    chance = random.Random(seed)
    found = [changed(message, path, remove) for path in paths(message)]
    found += [changed(message, path, lambda where, step: where.__setitem__(step, chance.choice(OTHERS)))
              for path in paths(message)]
    lines = [json.dumps(one).encode() for one in found] + DEEP
    yield from lines
    whole = json.dumps(message).encode()
    while len(lines) < n:
        line = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(line))
            line[at:at + chance.randint(0, 3)] = bytes(
                chance.choices(b'{}[]",:0\\u\xff\0 ', k=chance.randint(0, 3)))
        lines.append(bytes(line).replace(b"\n", b""))
        yield lines[-1]


class Replies:
    """A server that sends `send(id)` after the first request of each connection, and closes it."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "replies")
        self.send = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            try:
                with connection, connection.makefile("rb") as file:
                    connection.sendall(self.send(json.loads(file.readline())["id"]))
            except OSError:
                pass  # The client has closed the connection: it has seen enough.
