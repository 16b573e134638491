# SPDX-License-Identifier: Apache-2.0
"""A client of vifplugd (docs/api.md has methods, members and errors).

    from vifplug import client

    daemon = client.Client()
    vif = daemon.plug({"vif_id": "port-1", "kind": "representor", ...}, {"uuid": "..."})
    print(vif["port"], vif["ofport"])

Each call opens a connection, sends a request, waits for the reply and closes the connection. A client keeps
nothing between calls, so threads and green threads may share it, a program may make it before the daemon
runs, and use it across restarts of the daemon. It uses only plain blocking sockets: under eventlet's monkey
patching they yield.
"""

import contextlib
import errno
import itertools
import json
import os
import socket
import time

from vifplug import display

DEFAULT_SOCKET = "/run/vifplugd/vifplugd.sock"

# Longer than the daemon's own limits with its defaults, so that the daemon replies first: queue_timeout,
# vswitchd_grace and twice its timeout.
DEFAULT_TIMEOUT = 120.0

# The most that a call waits for a place in the daemon's queue of connections, and how often it tries.
CONNECT_TIMEOUT = 10.0
CONNECT_INTERVAL = 0.01

# The longest reply that is accepted, in bytes, as by libvifplug: a list of some 100,000 VIFs.
MAX_REPLY = 64 << 20


class VifplugError(Exception):
    """A call that failed. str() is one sentence for people, with the detail if there is one; it is escaped for
    logs and terminals. The attributes are as received.

    :ivar reason: for decisions: a reason of docs/api.md, or that of a class below
    :ivar detail: the error text of ovs-vswitchd, OVSDB or the system, or ""
    :ivar field: the member of the request that is wrong, or ""
    :ivar vif_id: the VIF, if the daemon knew it, or ""
    :ivar retryable: whether the same call may succeed later, unchanged
    """

    reason = "internal"
    retryable = False

    def __init__(self, message, detail="", field="", vif_id=""):
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.field = field
        self.vif_id = vif_id

    def __str__(self):
        if self.detail and self.detail not in self.message:
            return display.printable(f"{self.message} ({self.detail})")
        return display.printable(self.message)


def _text(data, member):
    """Returns a member of a reply as text: "" if it is none."""
    value = data.get(member)
    return value if isinstance(value, str) else ""


class Refused(VifplugError):
    """The daemon's reply is an error."""

    def __init__(self, error):
        data = error.get("data")
        data = data if isinstance(data, dict) else {}
        super().__init__(_text(error, "message") or "vifplugd gave no reason", _text(data, "detail"),
                         _text(data, "field"), _text(data, "vif_id"))
        self.code = error.get("code")
        self.reason = _text(data, "reason") or "internal"
        self.retryable = data.get("retryable") is True


class Unreachable(VifplugError):
    """No process listens at the socket, or the user may not open it: the request was not sent."""

    reason = "unreachable"
    retryable = True


class NoAnswer(VifplugError):
    """The daemon did not reply in time, or closed the connection: it may have done the request or not."""

    reason = "no_answer"
    retryable = True


class NotVifplugd(VifplugError):
    """Another program listens at the socket."""

    reason = "not_vifplugd"


class Client:
    """The daemon at `path` (default: the environment's VIFPLUGD_SOCKET, else DEFAULT_SOCKET).

    :param timeout: how long a call may take, in seconds
    """

    _ids = itertools.count(1)

    def __init__(self, path=None, timeout=DEFAULT_TIMEOUT):
        self.path = path or os.environ.get("VIFPLUGD_SOCKET") or DEFAULT_SOCKET
        self.timeout = timeout

    # --- The methods of docs/api.md. ---

    def plug(self, vif, instance, **params):
        """Plugs a VIF: an os-vif primitive, a Nova VIF dict or a native VIF. Returns the plugged VIF.

        :param params: wait, timeout_ms, dry_run
        """
        return self.call("plug", vif=vif, instance=instance, **params)

    def unplug(self, vif=None, vif_id=None, **params):
        """Unplugs a VIF. `vif` is as for plug; or give the VIF's id.

        :param params: instance, wait, timeout_ms, dry_run
        """
        which = {"vif": vif} if vif is not None else {"vif_id": vif_id}
        return self.call("unplug", **which, **params)

    def update(self, vif_id, **params):
        """Changes a plugged VIF's mtu, qos."""
        return self.call("update", vif_id=vif_id, **params)

    def get(self, vif_id):
        """The VIF with that id, port, MAC or VF."""
        return self.call("get", vif_id=vif_id)

    def list(self, **filters):
        """The VIFs that have all of `filters`: the params of the method."""
        return self._vifs("list", "vifs", filters)

    def stats(self, **filters):
        """The counters of those VIFs; with `vif_id`, of one."""
        return self._vifs("stats", "stats", filters)

    def _vifs(self, method, member, params):
        vifs = self.call(method, **params).get(member)
        if not isinstance(vifs, list) or not all(isinstance(vif, dict) for vif in vifs):
            raise self.stranger(f"its reply to '{method}' has no list of VIFs")
        return vifs

    def describe(self):
        return self.call("describe")

    def status(self):
        return self.call("status")

    # --- A call. ---

    def call(self, method, **params):
        """Calls any method and returns its result; raises a VifplugError."""
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        deadline = time.monotonic() + self.timeout
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            self._connect(connection, deadline)
            line = self._exchange(connection, json.dumps(request).encode() + b"\n", method, deadline)
        return self._result(line, request["id"])

    def _connect(self, connection, deadline):
        """While the daemon's queue of connections is full, connect() with a timeout fails at once (EAGAIN)."""
        deadline = min(deadline, time.monotonic() + CONNECT_TIMEOUT)
        while True:
            self._set_timeout(connection, deadline)
            try:
                connection.connect(self.path)
                return
            except OSError as error:
                if error.errno != errno.EAGAIN or time.monotonic() >= deadline:
                    raise Unreachable(
                        f"vifplugd cannot be reached at {self.path}: {self._why(error)}.",
                    ) from error
            time.sleep(CONNECT_INTERVAL)

    @staticmethod
    def _why(error):
        """Returns what a failure to connect means, and what to do."""
        if error.errno == errno.ENOENT:
            return ("there is no such socket; start vifplugd, or correct the socket that its clients "
                    "are configured with")
        if error.errno == errno.ECONNREFUSED:
            return "no process listens there; start vifplugd"
        if error.errno in (errno.EACCES, errno.EPERM):
            return ("permission denied; add this user to the socket's group (socket_group in "
                    "vifplugd.conf)")
        if error.errno in (errno.ENOTSOCK, errno.EPROTOTYPE):
            return "it is not a stream socket; correct the socket that vifplugd's clients are configured with"
        if isinstance(error, socket.timeout) or error.errno == errno.EAGAIN:
            return "it does not accept connections; check whether vifplugd hangs"
        return f"{error.strerror or error}; check that vifplugd runs"

    def _exchange(self, connection, request, method, deadline):
        """Sends the request and returns the line of the reply."""
        received = bytearray()
        length = -1
        try:
            self._set_timeout(connection, deadline)
            with contextlib.suppress(ConnectionError):  # It has closed; its reply can still be read.
                connection.sendall(request)
            while length < 0:
                self._set_timeout(connection, deadline)
                data = connection.recv(1 << 18)
                if not data:
                    raise self._closed(method, received)
                if b"\n" in data:
                    length = len(received) + data.index(b"\n")
                received += data
                if (length if length >= 0 else len(received)) > MAX_REPLY:
                    raise self.stranger(f"its reply is longer than {MAX_REPLY >> 20} MiB")
        except socket.timeout as error:
            raise NoAnswer(
                f"vifplugd did not reply to '{method}' within {self.timeout:g} s; see its log and "
                "'vifctl status'.") from error
        except OSError as error:
            raise self._closed(method, b"") from error  # It closed the connection during the write.
        return bytes(received[:length])

    def _closed(self, method, received):
        if received:
            return self.stranger("its reply does not end with a line feed")
        return NoAnswer(f"The connection to {self.path} was closed before the reply to '{method}'; check "
                        "whether vifplugd was restarted, or another program listens there.")

    def stranger(self, why):
        """Returns the error for a reply that is not vifplugd's, as `why` says."""
        return NotVifplugd(f"What listens at {self.path} is not vifplugd: {why}; correct the socket that "
                           "vifplugd's clients are configured with.")

    def _result(self, line, request_id):
        try:
            reply = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self.stranger("its reply is not JSON") from error
        if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0":
            raise self.stranger("its reply is not JSON-RPC 2.0")
        # Without an id: the daemon refused the connection, or could not read the request.
        number = reply.get("id")
        if number is not None and (type(number) is not int or number != request_id):
            raise self.stranger("its reply has another id than the request")
        if isinstance(reply.get("error"), dict):
            raise Refused(reply["error"])
        if number is None or reply.get("error") is not None or not isinstance(reply.get("result"), dict):
            raise self.stranger("its reply has no result")
        return reply["result"]

    @staticmethod
    def _set_timeout(connection, deadline):
        """Sets the remaining time; at least a moment, because 0 means not to block."""
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
