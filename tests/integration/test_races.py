# SPDX-License-Identifier: Apache-2.0
"""Other programs write to OVSDB at the same time: the test stops ovsdb-server, both sides send, and it
continues. ovsdb-server serves its connections in the order of their age, so a rival that connected before the
daemon wins; in case that changes, each race repeats until the rival has won once."""

import json
import os
import signal
import socket

import pytest

from api import INSTANCE, PATIENCE_MS, Api, hybrid, ovs_vif, vhost_user, vif_id, wait_until
from kernel import ip, links
from ovsdb import interface, ports

TRIES = 20


class Rival:
    """Another client of OVSDB, which needs no monitor."""

    def __init__(self, box):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{box.run}/db.sock")
        self.socket.settimeout(20)
        self.decoder = json.JSONDecoder()
        self.text = ""
        self.send()
        self.receive()

    def send(self, *operations):
        request = {"id": 1, "method": "transact", "params": ["Open_vSwitch", *operations]}
        self.socket.sendall(json.dumps(request).encode())

    def receive(self):
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text)
                self.text = self.text[end:]
                if value.get("method") != "echo":
                    return value
            except ValueError:
                self.text += self.socket.recv(65536).decode()


def won(reply):
    return reply["error"] is None and not any("error" in (one or {}) for one in reply["result"])


def race(box, api, rival, operations, vifs):
    """Sends both while the server is stopped; returns the reply to the rival and those to the plugs."""
    pid = box.pid("ovsdb-server")
    os.kill(pid, signal.SIGSTOP)
    try:
        rival.send(*operations)
        ids = [f"race-{vif['vif_id']}" for vif in vifs]
        api.send_raw(b"".join(json.dumps(
            {"jsonrpc": "2.0", "id": i, "method": "plug",
             "params": {"vif": vif, "instance": {"uuid": INSTANCE}, "timeout_ms": PATIENCE_MS}}).encode() + b"\n"
            for i, vif in zip(ids, vifs)))
        wait_until(lambda: api_operations(box) >= len(vifs))
    finally:
        os.kill(pid, signal.SIGCONT)
    reply = rival.receive()
    return reply, api.collect(ids)


def api_operations(box):
    """Returns the number of operations under way, over a separate connection."""
    with Api(box.socket) as api:
        return api.call("status")["counters"]["operations"]


def insert_port(name):
    """Inserts a port of that name on br-int."""
    return [
        {"op": "insert", "table": "Interface", "uuid-name": "i",
         "row": {"name": name, "type": "internal"}},
        {"op": "insert", "table": "Port", "uuid-name": "p",
         "row": {"name": name, "interfaces": ["named-uuid", "i"]}},
        {"op": "mutate", "table": "Bridge", "where": [["name", "==", "br-int"]],
         "mutations": [["ports", "insert", ["named-uuid", "p"]]]},
    ]


@pytest.fixture
def rival(box):
    box.stop("vifplugd")
    one = Rival(box)
    box.start_vifplugd()
    yield one
    one.socket.close()


@pytest.fixture
def api(box, rival):  # pylint: disable=unused-argument
    """A connection that is made once the daemon is up again."""
    with Api(box.socket) as connection:
        yield connection


def test_a_collision_fails_only_the_one(box, api, rival):
    """A port of the same name appears at the same time: OVSDB refuses the whole batch, but only the VIF of
    that name fails."""
    for n in range(TRIES):
        base = 16 * (n + 1)
        vifs = [vhost_user(base + i) for i in range(8)]
        name = f"vhu{vif_id(base + 3)[:11]}"
        api.plug(vhost_user(1))
        reply, plugs = race(box, api, rival, insert_port(name), vifs)
        refused = {i for i, plug in plugs.items() if "error" in plug}
        if won(reply):
            assert refused == {f"race-{vif_id(base + 3)}"}
            data = plugs[refused.pop()]["error"]["data"]
            assert data["reason"] == "port_conflict"
            assert interface(box, name)["type"] == "internal"
            assert len(ports(box, "br-int")) == 1 + 8 * (n + 1)
            return
        assert refused == set()
    pytest.fail("the rival never came first")


def test_a_bridge_that_goes_in_the_same_instant(box, api, rival):
    """OVSDB reports success for a port on a removed bridge, and does nothing: no such plug may succeed."""
    for n in range(TRIES):
        api.plug(vhost_user(1))
        bridge = box.vsctl("get", "Bridge", "br-int", "_uuid")
        reply, plugs = race(box, api, rival, [
            {"op": "mutate", "table": "Open_vSwitch", "where": [],
             "mutations": [["bridges", "delete", ["uuid", bridge]]]}], [vhost_user(100 + n)])
        plug = plugs.popitem()[1]
        assert won(reply)
        there = "br-int" in box.vsctl("list-br").split()
        if "result" in plug and there:
            # Second try: the bridge was made again.
            assert interface(box, f"vhu{vif_id(100 + n)[:11]}") is not None
            assert box.vsctl("get", "Bridge", "br-int", "_uuid") != bridge
            return
        # The plug came first; its port was removed with the bridge before it was realized.
        assert plug["error"]["data"]["reason"] == "not_realized"
    pytest.fail("the rival never came first")


@pytest.mark.parametrize("vif, link", [
    (ovs_vif(1, create_tap=True), "tap1"), (hybrid(1), f"qvo{vif_id(1)}"[:14]),
    (hybrid(1), f"qvb{vif_id(1)}"[:14])])
def test_link_that_is_set_down_while_it_becomes_a_port(box, api, vif, link):
    """ovs-vswitchd does so if it still knows the flags of a removed link of that name."""
    box.vsctl("--may-exist", "add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        asked = api.send("plug", vif=vif, instance={"uuid": INSTANCE})
        wait_until(lambda: link in links(box) and ports(box, "br-int"), what="the link is made, and its row")
        ip(box, "link", "set", link, "down")
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    assert api.collect([asked])[asked]["result"]["state"] == "up"
    assert "UP" in links(box)[link]["flags"]
    api.unplug(vif["vif_id"])
