# SPDX-License-Identifier: Apache-2.0
"""Bandwidth limits: Neutron's API, RPC, a real neutron-openvswitch-agent, OVSDB, and limited frames."""

import contextlib
import os
import sys
import time
import types

import pytest

from api import wait_until
from conftest import AGENT_START_S, TOP
from ovsdb import table
from ports import INSTANCE, port_name

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))

LIMIT = 8000  # kbps
BURST = 800  # kbit
SIZE = 1000  # Of frames, in bytes; OVS's policers do not count the Ethernet header.
OPEN = {"port_security_enabled": False, "security_groups": []}  # testpmd's frames have other addresses.


def policers(box):
    """Returns egress policers by the port that they were made for."""
    return {row["external_ids"].get("id"): row["other_config"]
            for row in table(box, "QoS", ["type", "external_ids", "other_config"])
            if row["type"] == "egress-policer"}


def policing(box, port):
    """Returns the limit from the server: kbps and kbit."""
    return tuple(int(box.vsctl("get", "Interface", port_name(port), f"ingress_policing_{what}"))
                 for what in ("rate", "burst"))


def in_bytes(kilobits):
    return str(kilobits * 1000 // 8)


def rate(receiver):
    """Returns the rate of the frames that arrive there, in kbps of the bytes that a policer counts."""
    begin, before = time.monotonic(), receiver.counters()[0]
    while time.monotonic() < begin + 1:
        time.sleep(0.05)
    frames = receiver.counters()[0] - before
    return frames * (SIZE - 14) * 8 / 1000 / (time.monotonic() - begin)


def flood(sender, receiver):
    """Sends all the time."""
    receiver.receive()
    sender.command("stop")
    sender.command("set fwd txonly")
    sender.command(f"set eth-peer 0 {receiver.mac}")
    sender.command(f"set txpkts {SIZE}")
    sender.command("start")


def is_limited(receiver):
    wait_until(lambda: 0.85 * LIMIT < rate(receiver) < 1.15 * LIMIT, 20, f"{LIMIT} kbps arrive")


def is_free(receiver):
    """More than a limit lets pass; how much more depends on the machine's load."""
    wait_until(lambda: rate(receiver) > 2 * LIMIT, 20, f"much more than {LIMIT} kbps arrive")


@pytest.fixture
def policy(host):
    return host.create("policy", {"name": "p"}, under="qos/")


def test_limits_that_come_and_go(card_box, host, serve, policy, nova):
    """In both directions the agent makes a limit, changes it in place, and removes it completely: from the
    server as ingress policing, to the server as an egress policer."""
    rules = f"qos/policies/{policy['id']}/"
    port, vif, first = serve(10, **OPEN)
    _, _, second = serve(11, **OPEN)
    name = port_name(port)
    flood(first, second)
    is_free(second)

    out = host.create("bandwidth_limit_rule", {"max_kbps": LIMIT, "max_burst_kbps": BURST,
                                               "direction": "egress"}, under=rules)
    host.update("port", port["id"], {"qos_policy_id": policy["id"]})
    wait_until(lambda: policing(card_box, port) == (LIMIT, BURST), 20)
    is_limited(second)
    host.delete("bandwidth_limit_rule", out["id"], under=rules)
    wait_until(lambda: policing(card_box, port) == (0, 0), 20)
    is_free(second)

    towards = host.create("bandwidth_limit_rule", {"max_kbps": LIMIT, "direction": "ingress"}, under=rules)
    # The rule has no burst, and a policer without a burst does not police.
    wait_until(lambda: policers(card_box) == {
        name: {"cir": in_bytes(LIMIT), "cbs": in_bytes(LIMIT * 8 // 10)}}, 20)
    host.update("bandwidth_limit_rule", towards["id"], {"max_burst_kbps": BURST}, under=rules)
    wait_until(lambda: policers(card_box) == {name: {"cir": in_bytes(LIMIT), "cbs": in_bytes(BURST)}}, 20)
    flood(second, first)
    is_limited(first)
    host.delete("bandwidth_limit_rule", towards["id"], under=rules)
    wait_until(lambda: policers(card_box) == {}, 20)
    assert card_box.vsctl("get", "Port", name, "qos") == "[]"
    is_free(first)

    host.create("bandwidth_limit_rule", {"max_kbps": LIMIT, "direction": "ingress"}, under=rules)
    wait_until(lambda: list(policers(card_box)) == [name], 20)
    first.stop()
    nova.call("unplug", vif=vif, instance=INSTANCE)
    wait_until(lambda: policers(card_box) == {}, 20, "unplug leaves no row")


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_low_rates_pass_frames(card_box, host, serve, policy, direction):
    """80 % of 10 kbit/s, which Neutron's rule says, are less than a frame; a burst has room for one."""
    rules = f"qos/policies/{policy['id']}/"
    port, _, first = serve(10, **OPEN)
    _, _, second = serve(11, **OPEN)
    host.create("bandwidth_limit_rule", {"max_kbps": 10, "direction": direction}, under=rules)
    host.update("port", port["id"], {"qos_policy_id": policy["id"]})
    if direction == "egress":
        wait_until(lambda: policing(card_box, port) == (10, 78), 20)
    else:
        wait_until(lambda: policers(card_box) == {
            port_name(port): {"cir": in_bytes(10), "cbs": in_bytes(78)}}, 20)
    sender, receiver = (first, second) if direction == "egress" else (second, first)
    before = receiver.counters()[0]
    receiver.receive()
    sender.send(1, 1400, receiver.mac)
    wait_until(lambda: receiver.counters()[0] > before, 20, "a full frame arrives")


def test_policers_of_ports_that_are_gone(card_box, start_host):
    """An agent that starts removes policers of ports that were removed while it was away. Policers of
    existing ports stay, and so do those that no agent made."""
    def policer(name):
        card_box.vsctl("create", "QoS", "type=egress-policer", "other_config:cir=1", "other_config:cbs=1",
                       *([f"external_ids:id={name}"] if name else []))
    for name in ("vfrgone", "br-int", None):
        policer(name)
    try:
        host = start_host()
        wait_until(lambda: "compute" in host.agents(), AGENT_START_S, "the agent reports itself")
        assert set(policers(card_box)) == {"br-int", None}
    finally:
        card_box.vsctl("--all", "destroy", "QoS")


class Database:
    """OVSDB as the agent sees it: ports with the UUID of their QoS row, and policers with the name of their port.
    After read number `when`, another program does `what` with it."""

    def __init__(self, when, what):
        self.ports = {"vfr1": "row1", "br-int": None}
        self.policers = {"row1": "vfr1", "orphan": "vfrgone"}
        self.reads = 0
        self.when = when
        self.what = what

    def reading(self, read):
        def execute(check_error):
            assert check_error
            rows = read()
            self.reads += 1
            if self.reads == self.when:
                self.what(self)
            return rows
        return types.SimpleNamespace(execute=execute)

    def db_find(self, _table, _condition, columns):
        assert columns == ["_uuid", "external_ids"]
        return self.reading(lambda: [{"_uuid": row, "external_ids": {"id": name}}
                                     for row, name in self.policers.items()])

    def db_list(self, _table, columns):
        return self.reading(lambda: [{column: {"name": name, "qos": qos}[column] for column in columns}
                                     for name, qos in self.ports.items()])

    @contextlib.contextmanager
    def transaction(self, check_error):
        assert check_error
        changes = []
        yield types.SimpleNamespace(add=changes.append)
        for change in changes:
            change()
        assert set(self.ports.values()) - {None} <= set(self.policers), "a port refers to a row that is gone"

    def db_clear(self, _table, name, _column):
        return lambda: self.ports.update({name: None})

    def db_destroy(self, _table, row):
        return lambda: self.policers.pop(row)


def plug(name):
    def plug_it(database):
        database.ports[name] = "new"
        database.policers["new"] = name
    return plug_it


def unplug(database):
    del database.ports["vfr1"], database.policers["row1"]


@pytest.mark.parametrize("what, ports, policers", [
    (plug("vfr2"), {"vfr1": "row1", "br-int": None, "vfr2": "new"}, {"row1": "vfr1", "new": "vfr2"}),
    (plug("vfrgone"), {"vfr1": "row1", "br-int": None, "vfrgone": "new"}, {"row1": "vfr1", "new": "vfrgone"}),
    (unplug, {"br-int": None}, {})], ids=["plug", "plug of an orphan's port", "unplug"])
@pytest.mark.parametrize("when", [1, 2])
def test_vifplugd_plugs_while_the_agent_looks_for_orphans(when, what, ports, policers):
    """A limit that vifplugd makes meanwhile stays, and one that it removes does no harm."""
    from vifplug import agent_qos  # pylint: disable=import-outside-toplevel
    driver = object.__new__(agent_qos.VifplugQosAgentDriver)  # The stock constructor needs an agent's settings.
    database = Database(when, what)
    driver.br_int = types.SimpleNamespace(ovsdb=database)
    driver._remove_orphans()  # pylint: disable=protected-access
    if when == 1 and "vfrgone" in ports:
        policers = {**policers, "orphan": "vfrgone"}  # It is not known whether the new port has it.
    assert (database.ports, database.policers) == (ports, policers)


def test_beside_the_stock_extension_the_agent_does_not_start(start_host):
    host = start_host(extensions="qos,vifplug_qos")
    lines = wait_until(lambda: host.worker.lines("ERROR", "agent terminated!"), AGENT_START_S, "the agent ends")
    assert "take qos out of extensions" in lines[0]
