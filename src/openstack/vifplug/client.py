# SPDX-License-Identifier: Apache-2.0
"""A client of vifplugd (docs/api.md has methods, members and errors).

    from vifplug import client

    daemon = client.Client()
    vif = daemon.plug({"vif_id": "port-1", "kind": "representor", ...}, {"uuid": "..."})
    print(vif["port"], vif["ofport"])

Each call opens a connection, sends a request, waits for the reply and closes the connection. A client keeps
nothing between calls, so threads and green threads may share it, a program may make it before the daemon
runs, and use it across restarts of the daemon. It uses only plain blocking sockets: under eventlet's monkey
patching they yield. A subscription to events has a connection of its own:

    with daemon.subscribe() as events:
        for event in events:
            print(event.name, event.params.get("vif_id"))
"""

import contextlib
import errno
import itertools
import json
import os
import socket
import time
from types import TracebackType
from typing import (Any, Dict, Iterator, List, Mapping, NamedTuple, NoReturn, Optional, Sequence, Tuple,
                    Type)

from vifplug import display

# An object of JSON. docs/api.md has the members.
Object = Dict[str, Any]

DEFAULT_SOCKET = "/run/vifplugd/vifplugd.sock"

# Longer than the daemon's own limits with its defaults, so that the daemon replies first: queue_timeout,
# vswitchd_grace and twice its timeout.
DEFAULT_TIMEOUT = 120.0

# What an operation with a timeout_ms of its own may take beyond twice that, in seconds, as in vifctl:
# queue_timeout, vswitchd_grace and the way.
MARGIN = 75.0

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

    reason: str = "internal"
    retryable: bool = False

    def __init__(self, message: str, detail: str = "", field: str = "", vif_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.field = field
        self.vif_id = vif_id

    def __str__(self) -> str:
        if self.detail and self.detail not in self.message:
            return display.printable(f"{self.message} ({self.detail})")
        return display.printable(self.message)

    def __reduce__(self) -> Tuple[Any, ...]:
        """For copy and pickle. Exception's would call the class with `args`, which a subclass may not take."""
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: Type[VifplugError], args: Tuple[Any, ...]) -> VifplugError:
    """Returns an error that has no attributes yet."""
    return kind.__new__(kind, *args)


def _text(data: Mapping[str, Any], member: str) -> str:
    """Returns a member of a reply as text: "" if it is none."""
    value = data.get(member)
    return value if isinstance(value, str) else ""


class Refused(VifplugError):
    """The daemon's reply is an error."""

    def __init__(self, error: Object) -> None:
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


class Incomplete(VifplugError):
    """The reply has only a part, for the reason that the text tells.

    :ivar values: that part
    """

    reason = "switch_unavailable"
    retryable = True

    def __init__(self, message: str, values: List[Object]) -> None:
        super().__init__(message)
        self.values = values


class Client:
    """The daemon at `path` (default: the environment's VIFPLUGD_SOCKET, else DEFAULT_SOCKET).

    :param timeout: how long a call may take, in seconds. None: DEFAULT_TIMEOUT, and for an operation with
                    timeout_ms as long as the daemon may take for that
    """

    _ids = itertools.count(1)

    def __init__(self, path: Optional[str] = None, timeout: Optional[float] = None) -> None:
        self.path = path or os.environ.get("VIFPLUGD_SOCKET") or DEFAULT_SOCKET
        self.timeout = timeout

    # --- The methods of docs/api.md. Params that are None are left out. ---

    def plug(self, vif: Mapping[str, Any], instance: Mapping[str, Any], *, wait: Optional[str] = None,
             timeout_ms: Optional[int] = None, dry_run: Optional[bool] = None) -> Object:
        """Plugs a VIF, and returns it as plugged, with `changed` and `warnings`.

        :param vif: an os-vif primitive, a Nova VIF dict or a native VIF
        :param instance: an InstanceInfo primitive or {"uuid": ...}
        :param wait: when to reply: "realized" (default), or "committed" once OVSDB has the port
        :param timeout_ms: how long ovs-vswitchd may take; 1 to 600000
        :param dry_run: only return what would be done, with `plan`
        """
        return self.call("plug", **_given(vif=vif, instance=instance, wait=wait, timeout_ms=timeout_ms,
                                          dry_run=dry_run))

    def unplug(self, vif: Optional[Mapping[str, Any]] = None, vif_id: Optional[str] = None, *,
               instance: Optional[Mapping[str, Any]] = None, wait: Optional[str] = None,
               timeout_ms: Optional[int] = None, dry_run: Optional[bool] = None) -> Object:
        """Unplugs a VIF; `changed` says whether it was plugged.

        :param vif: the VIF, as for plug; or
        :param vif_id: its id
        :param instance: if the VIF is plugged for another one, it stays
        """
        return self.call("unplug", **_given(vif=vif, vif_id=vif_id, instance=instance, wait=wait,
                                            timeout_ms=timeout_ms, dry_run=dry_run))

    def update(self, vif_id: str, *, mtu: Optional[int] = None, qos: Optional[Mapping[str, Any]] = None,
               wait: Optional[str] = None, timeout_ms: Optional[int] = None,
               dry_run: Optional[bool] = None) -> Object:
        """Changes a plugged VIF in place, and returns it.

        :param mtu: bytes
        :param qos: all limits, in the guest's directions: one that is left out is removed
        """
        return self.call("update", **_given(vif_id=vif_id, mtu=mtu, qos=qos, wait=wait, timeout_ms=timeout_ms,
                                            dry_run=dry_run))

    def get(self, vif_id: Optional[str] = None, *, port: Optional[str] = None, mac: Optional[str] = None,
            vf: Optional[str] = None) -> Object:
        """The VIF with one of these names; vif_id may be any of them."""
        return self.call("get", **_given(vif_id=vif_id, port=port, mac=mac, vf=vf))

    def list(self, *, instance: Optional[str] = None, port: Optional[str] = None, bridge: Optional[str] = None,
             state: Optional[str] = None, kind: Optional[str] = None, pf: Optional[str] = None,
             vf: Optional[str] = None, mac: Optional[str] = None) -> List[Object]:
        """The VIFs that have all of these: the instance's UUID, names, "up", PCI addresses..."""
        return self._objects("list", "vifs", _given(instance=instance, port=port, bridge=bridge, state=state,
                                                    kind=kind, pf=pf, vf=vf, mac=mac))

    def stats(self, *, vif_id: Optional[str] = None, instance: Optional[str] = None, port: Optional[str] = None,
              bridge: Optional[str] = None, state: Optional[str] = None, kind: Optional[str] = None,
              pf: Optional[str] = None, vf: Optional[str] = None, mac: Optional[str] = None) -> List[Object]:
        """The counters of those VIFs; with vif_id, of one that get() finds by it. Raises Incomplete if OVSDB stops
        replying on the way."""
        params = _given(vif_id=vif_id, instance=instance, port=port, bridge=bridge, state=state, kind=kind, pf=pf,
                        vf=vf, mac=mac)
        reply = self.call("stats", **params)
        values = self._list_of(reply, "stats", "stats")
        warnings = reply.get("warnings")
        if warnings:
            text = "; ".join(map(str, warnings)) if isinstance(warnings, list) else str(warnings)
            raise Incomplete(text, values)
        return values

    def nics(self) -> List[Object]:
        """The SmartNICs, their VFs, and who uses them."""
        return self._objects("nics", "nics", {})

    def reap(self, vif_ids: Optional[Sequence[str]] = None, *, timeout_ms: Optional[int] = None,
             dry_run: Optional[bool] = None) -> Object:
        """Removes stale VIFs, and returns which (`removed`, `kept`).

        :param vif_ids: these; None: all that no guest uses
        """
        if isinstance(vif_ids, str):
            raise TypeError("vif_ids is a list of ids")
        ids = None if vif_ids is None else [*vif_ids]
        return self.call("reap", **_given(vif_ids=ids, timeout_ms=timeout_ms, dry_run=dry_run))

    def status(self) -> Object:
        """The state of vifplugd, OVSDB and ovs-vswitchd; `verdict` is "ok" or "degraded"."""
        return self.call("status")

    def check(self) -> Object:
        """What keeps guests from the network: `checks`, `counts`, `verdict`."""
        return self.call("check")

    def ops(self, limit: Optional[int] = None) -> Object:
        """The operations under way, and at most `limit` of the last that have ended."""
        return self.call("ops", **_given(limit=limit))

    def metrics(self) -> str:
        """Counts and states for monitoring, as OpenMetrics."""
        text = self.call("metrics").get("text")
        if not isinstance(text, str):
            raise self.stranger("its reply to 'metrics' has no text")
        return text

    def describe(self) -> Object:
        """What can be plugged, in the form of os-vif's HostPluginInfo."""
        return self.call("describe")

    def subscribe(self, since_ms: Optional[int] = None) -> "Subscription":
        """Begins to receive events, on a connection that the caller closes.

        :param since_ms: also the events of that time, in milliseconds before now; 1 to 86400000
        """
        return Subscription(self, _given(since_ms=since_ms))

    def _objects(self, method: str, member: str, params: Object) -> List[Object]:
        return self._list_of(self.call(method, **params), method, member)

    def _list_of(self, reply: Object, method: str, member: str) -> List[Object]:
        values = reply.get(member)
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.stranger(f"its reply to '{method}' has no list '{member}'")
        return values

    # --- A call. ---

    def call(self, method: str, **params: Any) -> Object:
        """Calls any method and returns its result; raises a VifplugError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            return self._ask(_Lines(connection), method, params)

    def _ask(self, lines: "_Lines", method: str, params: Object) -> Object:
        """Connects, sends a request and returns the result."""
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        patience = self._patience(params.get("timeout_ms"))
        deadline = time.monotonic() + patience
        self._connect(lines.connection, deadline)
        try:
            line = self._exchange(lines, json.dumps(request).encode() + b"\n", deadline)
        except socket.timeout as error:
            raise NoAnswer(f"vifplugd did not reply to '{method}' within {patience:g} s; see its log and "
                           "'vifctl status'.") from error
        except OSError as error:
            raise self.closed(f"before the reply to '{method}'") from error  # It closed it during the write.
        except _NoLine as error:
            raise self.stranger(str(error)) from error
        if line is None:
            raise self.closed(f"before the reply to '{method}'")
        return self._result(line, request["id"])

    def _patience(self, timeout_ms: object) -> float:
        """Returns how long a call may take, in seconds."""
        if self.timeout is not None:
            return self.timeout
        if isinstance(timeout_ms, int):
            return max(DEFAULT_TIMEOUT, 2 * timeout_ms / 1000 + MARGIN)
        return DEFAULT_TIMEOUT

    def _connect(self, connection: socket.socket, deadline: float) -> None:
        """While the daemon's queue of connections is full, connect() fails at once (EAGAIN). The socket is left
        without blocking; whoever uses it next sets a timeout.

        With a timeout, eventlet's connect() would take EAGAIN for a connection in progress, and try again without
        a pause. A UNIX socket's is never in progress."""
        deadline = min(deadline, time.monotonic() + CONNECT_TIMEOUT)
        connection.setblocking(False)
        while True:
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
    def _why(error: OSError) -> str:
        """Returns what a failure to connect means, and what to do."""
        if error.errno == errno.ENOENT:
            return ("there is no such socket; start vifplugd, or correct the socket that its clients "
                    "are configured with")
        if error.errno == errno.ECONNREFUSED:
            return "no process listens there; start vifplugd"
        if error.errno in (errno.EACCES, errno.EPERM):
            return "permission denied; add this user to the socket's group (`ls -l` shows it)"
        if error.errno in (errno.ENOTSOCK, errno.EPROTOTYPE):
            return "it is not a stream socket; correct the socket that vifplugd's clients are configured with"
        if isinstance(error, socket.timeout) or error.errno == errno.EAGAIN:
            return "it does not accept connections; check whether vifplugd hangs"
        return f"{error.strerror or error}; check that vifplugd runs"

    @staticmethod
    def _exchange(lines: "_Lines", request: bytes, deadline: float) -> Optional[bytes]:
        """Sends the request and returns the line of the reply; None if the stream ends before that of the line."""
        _set_timeout(lines.connection, deadline)
        with contextlib.suppress(ConnectionError):  # It has closed; its reply can still be read.
            lines.connection.sendall(request)
        return lines.next(deadline)

    def closed(self, when: str) -> NoAnswer:
        """Returns the error for a connection that the other end has closed."""
        return NoAnswer(f"The connection to {self.path} was closed {when}; check whether vifplugd was restarted, "
                        "or another program listens there.")

    def stranger(self, why: str) -> NotVifplugd:
        """Returns the error for a reply that is not vifplugd's, as `why` says."""
        return NotVifplugd(f"What listens at {self.path} is not vifplugd: {why}; correct the socket that "
                           "vifplugd's clients are configured with.")

    def parse(self, line: bytes) -> Object:
        """Returns a message of the daemon; raises NotVifplugd."""
        try:
            message = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self.stranger("its reply is not JSON") from error
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise self.stranger("its reply is not JSON-RPC 2.0")
        return message

    def _result(self, line: bytes, request_id: object) -> Object:
        reply = self.parse(line)
        # Without an id: the daemon refused the connection, or could not read the request.
        number = reply.get("id")
        if number is not None and (type(number) is not int or number != request_id):
            raise self.stranger("its reply has another id than the request")
        if isinstance(reply.get("error"), dict):
            raise Refused(reply["error"])
        result = reply.get("result")
        if number is None or reply.get("error") is not None or not isinstance(result, dict):
            raise self.stranger("its reply has no result")
        return result


class Event(NamedTuple):
    """An event of docs/api.md."""

    name: str  # "vif.plugged", ...
    params: Object

    @property
    def number(self) -> int:
        """Its number since vifplugd started; 0 if it has none."""
        number = self.params.get("event")
        return number if type(number) is int else 0


class Subscription:
    """Events, one after another. The daemon drops none: it closes the connection of a program that reads too
    slowly. Then, as when it is restarted, NoAnswer is raised; subscribe again with the time since then, and leave
    out numbers that you have had in the same `run`.

    :ivar run: which start of vifplugd this is
    :ivar last_event: the number of the last event before the subscription
    :ivar complete: whether the events of since_ms are all of that time; None without since_ms
    :ivar complete_from: from when on vifplugd knows all; "" without since_ms
    """

    def __init__(self, client: Client, params: Object) -> None:
        self._client = client
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lines = _Lines(self._connection)
        try:
            # pylint: disable-next=protected-access
            reply = client._ask(self._lines, "subscribe", params)
        except BaseException:
            self.close()
            raise
        last_event = reply.get("last_event")
        complete = reply.get("complete")
        self.run = _text(reply, "run")
        self.last_event = last_event if type(last_event) is int else 0
        self.complete: Optional[bool] = complete if isinstance(complete, bool) else None
        self.complete_from = _text(reply, "complete_from")

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = None
        while event is None:
            event = self.next()
        return event

    def fileno(self) -> int:
        """For select(): something may have come. Events that come together are received at once: before each
        select() call next(0) until it returns None."""
        return self._connection.fileno()

    def close(self) -> None:
        """Ends the subscription."""
        self._connection.close()

    def next(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None if none has come within `timeout` seconds (None: no limit)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            line = self._lines.next(deadline)
        except socket.timeout:
            return None
        except OSError as error:
            raise self._closed() from error
        except _NoLine as error:
            raise self._client.stranger(str(error)) from error
        if line is None:
            raise self._closed()
        return self._event(self._client.parse(line))

    def _closed(self) -> NoAnswer:
        return self._client.closed("after a subscription, and events may have been missed")

    def _event(self, message: Object) -> Event:
        """A message with an error and without an id ends a subscription that is not permitted any more."""
        if isinstance(message.get("error"), dict):
            raise Refused(message["error"])
        name, params = message.get("method"), message.get("params")
        if not isinstance(name, str) or not isinstance(params, dict):
            raise self._client.stranger("it sends something that is no event")
        return Event(name, params)


class _NoLine(Exception):
    """What was received is no line; the text says why."""


class _Lines:
    """The lines that come over a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._received = bytearray()

    def next(self, deadline: Optional[float]) -> Optional[bytes]:
        """The next line, without its end; None at the end of the stream, also if that cuts off a line. Raises
        OSError, socket.timeout and _NoLine."""
        length = self._received.find(b"\n")
        while length < 0:
            if len(self._received) > MAX_REPLY:
                _too_long()
            _set_timeout(self.connection, deadline)
            data = self.connection.recv(1 << 18)
            # vifplugd's lines are objects: one that begins so and has no end was cut off when the daemon closed.
            if not data and self._received and not self._received.startswith(b"{"):
                raise _NoLine("its reply is not JSON")
            if not data:
                return None
            found = data.find(b"\n")
            length = len(self._received) + found if found >= 0 else -1
            self._received += data
        if length > MAX_REPLY:
            _too_long()
        line = bytes(self._received[:length])
        del self._received[:length + 1]
        return line


def _too_long() -> NoReturn:
    raise _NoLine(f"its reply is longer than {MAX_REPLY >> 20} MiB")


def _set_timeout(connection: socket.socket, deadline: Optional[float]) -> None:
    """Sets the remaining time; at least a moment, because 0 means not to block."""
    connection.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.001))


def _given(**params: Any) -> Object:
    """The params that are not None. JSON has no other mappings than dicts."""
    return {name: dict(value) if isinstance(value, Mapping) else value
            for name, value in params.items() if value is not None}
