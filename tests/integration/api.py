# SPDX-License-Identifier: Apache-2.0
"""The daemon's API for tests: lines over the socket, without a client library."""

import json
import os
import socket
import struct
import threading
import time

SAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "samples")
OPERATIONS = ("plug", "unplug", "update")
PATIENCE_MS = 40000
INSTANCE = "aaaabbbb-1111-4222-8333-444455556666"


def sample(name):
    """Returns an object that Nova made, by the beginning of its file's name."""
    for entry in sorted(os.listdir(SAMPLES)):
        if entry.startswith(name) and entry.endswith(".json"):
            with open(os.path.join(SAMPLES, entry), encoding="utf-8") as file:
                return json.load(file)
    raise FileNotFoundError(name)


class ApiError(Exception):
    """An error reply; attributes as in docs/api.md."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.message = error["message"]
        self.data = error["data"]
        self.reason = error["data"]["reason"]
        self.field = error["data"].get("field", "")
        self.detail = error["data"].get("detail", "")
        self.retryable = error["data"]["retryable"]


class Api:
    """One connection."""

    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A blocking connect() waits for a place in the daemon's queue, for so long.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(timeout), 0))
        self.socket.connect(path)
        self.socket.settimeout(timeout)
        self.input = self.socket.makefile("rb")
        self.last_id = 0

    def close(self):
        self.input.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_raw(self, data):
        self.socket.sendall(data)

    def receive(self):
        """Returns the next reply, or None at the end of the stream."""
        line = self.input.readline()
        return json.loads(line) if line else None

    def send(self, method, **params):
        """Sends a request and returns its id. An operation may take PATIENCE_MS by default, because the daemon's
        default is too short for a loaded machine; timeout_ms=None: the daemon's."""
        if method in OPERATIONS and params.setdefault("timeout_ms", PATIENCE_MS) is None:
            del params["timeout_ms"]
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.send_raw(json.dumps(request).encode() + b"\n")
        return self.last_id

    def collect(self, ids):
        """Returns the replies to `ids`, as {id: reply}."""
        replies = {}
        while len(replies) < len(ids):
            reply = self.receive()
            assert reply is not None, "the daemon closed the connection"
            assert reply["id"] in ids
            replies[reply["id"]] = reply
        return replies

    def call(self, method, **params):
        """Returns the result of one request; raises ApiError if the reply is an error."""
        return result(self.collect([self.send(method, **params)]).popitem()[1])

    def plug(self, vif, instance=INSTANCE, **params):
        return self.call("plug", vif=vif, instance={"uuid": instance}, **params)

    def unplug(self, vif_id, **params):  # pylint: disable=redefined-outer-name
        return self.call("unplug", vif_id=vif_id, **params)

    def get_vif(self, n):
        """Returns the VIF with number n."""
        return self.call("get", vif_id=vif_id(n))


def result(reply):
    if "error" in reply:
        raise ApiError(reply["error"])
    return reply["result"]


def calls_beside(api, asker):
    """Calls `status` until the other connection has its whole reply. Returns that, and how many calls had
    theirs meanwhile: one or two, if the daemon does nothing else until then."""
    replies, n = [], 0
    thread = threading.Thread(target=lambda: replies.append(asker.receive()))
    thread.start()
    while thread.is_alive():
        api.call("status")
        n += 1
    thread.join()
    return replies[0], n


def connect_once_it_listens(path, timeout=60):
    """Returns an Api. The socket has a file before the daemon listens there."""
    def attempt():
        try:
            return Api(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
    return wait_until(attempt, timeout, f"a daemon listens at {path}")


def refused_with_words(api, vif, patience=20):
    """Plugs a VIF that ovs-vswitchd refuses; returns the error with what ovs-vswitchd has logged of it. Another
    thread writes that log, which may be later than the daemon waits: then this plugs again."""
    def attempt():
        try:
            api.plug(vif)
        except ApiError as error:
            return None if "has no line about the port" in error.detail else error
        raise AssertionError("it is plugged")
    return wait_until(attempt, patience, "ovs-vswitchd has logged why it refuses the port")


def refusal_in_time(api, n, timeout_ms):
    """Plugs VIF n, which fails at its timeout, and VIF n + 1 with a longer one. Returns the error of VIF n, which
    comes first, however loaded the machine is."""
    ids = [api.send("plug", vif=vhost_user(number), instance={"uuid": INSTANCE}, timeout_ms=timeout)
           for number, timeout in ((n, timeout_ms), (n + 1, timeout_ms + 2500))]
    replies = [api.receive(), api.receive()]
    assert [reply["id"] for reply in replies] == ids, replies
    return ApiError(replies[0]["error"])


def vif_id(n):
    """Returns ids that differ in their first 11 characters, like random UUIDs."""
    return f"{n:08x}-{n % 0x10000:04x}-4000-8000-000000000000"


def vhost_user(n, mode="server", path=None, run_dir=None, **members):
    """Returns a native vhost-user VIF."""
    vif = {
        "vif_id": vif_id(n),
        "kind": "vhost-user",
        "address": f"fa:16:3e:00:{n >> 8:02x}:{n & 255:02x}",
        "bridge": "br-int",
        "mtu": 1500,
        "vhost_user": {"path": path or f"/usr/local/var/run/vhost{n}", "mode": mode},
    }
    if mode == "client":
        vif["vhost_user"]["path"] = path or f"{run_dir}/vhu{vif_id(n)[:11]}"
    vif.update(members)
    return vif


def representor(n, slot, **members):
    """Returns a native representor VIF."""
    vif = {
        "vif_id": vif_id(n),
        "kind": "representor",
        "address": f"fa:16:3e:01:{n >> 8:02x}:{n & 255:02x}",
        "bridge": "br-int",
        "mtu": 1500,
        "pci_slot": slot,
    }
    vif.update(members)
    return vif


def hybrid(n, **members):
    """Returns a native hybrid VIF."""
    vif = {
        "vif_id": vif_id(n),
        "kind": "hybrid",
        "address": f"fa:16:3e:02:{n >> 8:02x}:{n & 255:02x}",
        "bridge": "br-int",
        "datapath_type": "netdev" if members.get("bridge") is None else None,
        "mtu": 1500,
    }
    vif.update(members)
    return vif


def ovs_vif(n, **members):
    """Returns a native ovs VIF with the name tap<n>."""
    vif = {
        "vif_id": vif_id(n),
        "kind": "ovs",
        "address": f"fa:16:3e:03:{n >> 8:02x}:{n & 255:02x}",
        "bridge": "br-int",
        "datapath_type": "netdev",
        "vif_name": f"tap{n}",
        "mtu": 1500,
    }
    vif.update(members)
    return vif


def wait_until(condition, timeout=15, what="the condition"):
    """Waits until condition() is true and returns its value; the test fails at the deadline, with `what`, a
    text or a function that returns one."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what() if callable(what) else what}: not within {timeout} s"
        time.sleep(0.02)
