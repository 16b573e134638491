# SPDX-License-Identifier: Apache-2.0
"""vifplug.client with a server that does what a test wants; tests/openstack/test_client.py has the real daemon."""

import select
import sys

import pytest

from library import TOP
from server import SUBSCRIBED, Server, event, line_of, reply_to

sys.path.insert(0, f"{TOP}/src/openstack")

from vifplug import client  # noqa: E402


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
