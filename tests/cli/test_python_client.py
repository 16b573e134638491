# SPDX-License-Identifier: Apache-2.0
"""vifplug.client with a server that does what a test wants; tests/openstack/test_client.py has the real daemon."""

import copy
import importlib.util
import inspect
import pickle
import select
import socket
import subprocess
import sys

import pytest

from library import TOP
from server import SUBSCRIBED, Server, event, line_of, reply_to

sys.path.insert(0, f"{TOP}/src/openstack")

from vifplug import binding, client  # noqa: E402

NEEDS_EVENTLET = pytest.mark.skipif(importlib.util.find_spec("eventlet") is None,
                                    reason="python3-eventlet is not installed")


def test_params(tmp_path):
    """Those that are None are left out; others are as given."""
    server = Server(tmp_path, lambda request: [reply_to(request, {"vifs": [], "text": "t"})], connections=5)
    daemon = client.Client(server.path, timeout=20)
    assert daemon.list(instance="vm-1", mac=None) == []
    daemon.unplug(vif_id="x", dry_run=False)
    daemon.update("x", qos={})
    daemon.reap([])
    assert daemon.metrics() == "t"
    assert [(one["method"], one["params"]) for one in server.requests] == [
        ("list", {"instance": "vm-1"}), ("unplug", {"vif_id": "x", "dry_run": False}),
        ("update", {"vif_id": "x", "qos": {}}), ("reap", {"vif_ids": []}), ("metrics", {})]


def test_a_subscription(tmp_path):
    """Events that come together with the reply are not lost, and a wait without one ends."""
    told = {**SUBSCRIBED, "last_event": 7, "complete": False, "complete_from": "2026-11-26T20:00:00.000Z"}
    server = Server(tmp_path, lambda request: [reply_to(request, told), event(8), event(9)])
    with client.Client(server.path, timeout=20).subscribe(since_ms=5) as events:
        assert (events.run, events.last_event, events.complete) == ("r", 7, False)
        assert events.complete_from == "2026-11-26T20:00:00.000Z"
        first = next(iter(events))
        assert (first.name, first.number, first.params["vif_id"]) == ("vif.plugged", 8, "v8")
        assert events.next(20).number == 9
        assert events.next(0.05) is None
        assert select.select([events], [], [], 0)[0] == []
    assert server.requests[0]["params"] == {"since_ms": 5}


def test_the_end_of_a_subscription(tmp_path):
    """What has come is told first."""
    server = Server(tmp_path, lambda request: [reply_to(request, SUBSCRIBED), event(1)], ends=True)
    with client.Client(server.path, timeout=20).subscribe() as events:
        assert events.complete is None and next(events).number == 1
        with pytest.raises(client.NoAnswer) as ended:
            next(events)
        assert "may have been missed" in str(ended.value)


@pytest.mark.parametrize("length", [1, 20, -1])
def test_the_end_of_a_subscription_in_the_middle_of_a_line(tmp_path, length):
    """The daemon closes the connection of a program that reads too slowly, wherever that is in a line."""
    cut_off = line_of(event(2))[:length]
    server = Server(tmp_path, lambda request: [reply_to(request, SUBSCRIBED), event(1), cut_off], ends=True)
    with client.Client(server.path, timeout=20).subscribe() as events:
        assert next(events).number == 1
        with pytest.raises(client.NoAnswer, match="may have been missed") as ended:
            next(events)
        assert ended.value.retryable


@pytest.mark.parametrize("cut, reason", [
    (lambda line: line[:-1], "no_answer"), (lambda line: line[:1], "no_answer"),
    (lambda line: b"SSH-2.0-x", "not_vifplugd")],
    ids=["without its end", "its first byte", "of another program"])
def test_a_reply_that_is_cut_off(tmp_path, cut, reason):
    """The daemon may have done what it was asked for, and the call can be repeated. What no daemon begins a reply
    with comes from another program."""
    server = Server(tmp_path, lambda request: [cut(line_of(reply_to(request, {"vifs": []})))], ends=True)
    with pytest.raises(client.VifplugError) as failed:
        client.Client(server.path, timeout=20).list()
    assert failed.value.reason == reason and failed.value.retryable == (reason == "no_answer")


@pytest.mark.parametrize("message, reason", [
    ({"id": None, "error": {"code": -32000, "message": "m", "data": {"reason": "permission_denied"}}},
     "permission_denied"),
    ({"id": 1, "result": {}}, "not_vifplugd"), ({"method": 5, "params": {}}, "not_vifplugd"),
    ({"method": "vif.plugged", "params": []}, "not_vifplugd")])
def test_a_subscription_that_gets_something_else(tmp_path, message, reason):
    server = Server(tmp_path, lambda request: [reply_to(request, SUBSCRIBED), message])
    with client.Client(server.path, timeout=20).subscribe() as events, pytest.raises(client.VifplugError) as error:
        next(events)
    assert error.value.reason == reason


def test_a_refused_subscription(tmp_path):
    refusal = {"code": -32000, "message": "m", "data": {"reason": "busy", "retryable": True}}
    server = Server(tmp_path, lambda request: [{"id": request["id"], "error": refusal}])
    with pytest.raises(client.Refused) as refused:
        client.Client(server.path, timeout=20).subscribe()
    assert refused.value.reason == "busy" and refused.value.retryable


# Calls a daemon whose queue of connections is full; prints the reason, the number of tries, and the wall and the
# CPU time.
CALL_FULL_QUEUE = """
import sys, time
if sys.argv[1] == "eventlet":
    import eventlet
    eventlet.monkey_patch()
sys.path.insert(0, sys.argv[2])
from vifplug import client
tries = []
def count(frame, event, function):
    if event == "c_call" and function.__name__ in ("connect", "connect_ex"):
        tries.append(function)
begin, before = time.monotonic(), time.process_time()
sys.setprofile(count)
try:
    client.Client(sys.argv[3], timeout=2).list()
except client.VifplugError as error:
    sys.setprofile(None)
    print(error.reason, len(tries), time.monotonic() - begin, time.process_time() - before)
    print(error)
"""


@pytest.mark.parametrize("sockets", [
    "plain", pytest.param("eventlet", marks=NEEDS_EVENTLET)])
def test_a_full_queue_of_connections_costs_no_cpu(tmp_path, sockets):
    """The client pauses between its tries, also with eventlet's sockets. On a loaded machine a loop without a
    pause may take little CPU, so the tries are counted, too."""
    path = f"{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)  # One connection has room.
        first.connect(path)
        done = subprocess.run([sys.executable, "-c", CALL_FULL_QUEUE, sockets, f"{TOP}/src/openstack", path],
                              capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    times, text = done.stdout.splitlines()
    reason, tries, wall, cpu = times.split()
    assert reason == "unreachable" and "does not accept connections" in text
    assert float(wall) > 1.9 and float(cpu) < float(wall) / 2
    assert 1 < int(tries) <= float(wall) / client.CONNECT_INTERVAL + 2


@NEEDS_EVENTLET
def test_a_call_with_eventlet(tmp_path):
    server = Server(tmp_path, lambda request: [reply_to(request, {"vifs": []})])
    code = "import eventlet\neventlet.monkey_patch()\n" \
           "import sys\nsys.path.insert(0, sys.argv[1])\nfrom vifplug import client\n" \
           "print(client.Client(sys.argv[2], timeout=20).list())"
    done = subprocess.run([sys.executable, "-c", code, f"{TOP}/src/openstack", server.path],
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


ERRORS = [
    client.VifplugError("m", "d", "f", "v"), client.Unreachable("m"), client.NoAnswer("m", vif_id="v"),
    client.NotVifplugd("m", detail="d"), client.Incomplete("m", [{"vif_id": "v"}]), client.Refused({}),
    client.Refused({"code": -32000, "message": "m\n", "data": {"reason": "busy", "retryable": True, "detail": "d",
                                                               "field": "f", "vif_id": "v"}}),
    binding.BindingError("m")]


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy] + [
    lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_can_be_copied(error, twin):
    """A program may pass them to another process or keep a copy, also with an attribute that it has set itself."""
    error.request_id = "req-1"
    other = twin(error)
    assert type(other) is type(error) and other is not error
    assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))
    assert [getattr(other, name, None) for name in ("reason", "retryable")] == [
        getattr(error, name, None) for name in ("reason", "retryable")]


def test_all_errors_are_among_those():
    kinds = {kind for module in (client, binding) for name, kind in inspect.getmembers(module, inspect.isclass)
             if issubclass(kind, Exception) and not name.startswith("_")}
    assert kinds == {type(error) for error in ERRORS}
