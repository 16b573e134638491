# SPDX-License-Identifier: Apache-2.0
"""The checker of the campaign sees what is wrong: each invariant is broken once by hand."""

import json
import os
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import World  # noqa: E402  (it comes first: it has the paths of the modules of other tests)
import checker  # noqa: E402
from api import Api, vif_id  # noqa: E402
from model import Model, Request, Shape  # noqa: E402

VHOST, REPRESENTOR, TAP, HYBRID = (
    Shape(1, "vhost-user", "br-int", 1500, "fa:16:3e:00:00:01", "/usr/local/var/run/vm1", "server"),
    Shape(2, "representor", "tbr-1", 1400, "fa:16:3e:00:00:02", "0000:b3:02.1"),
    Shape(3, "ovs", "br-two", 1500, "fa:16:3e:00:00:03", "tap3"),
    Shape(4, "hybrid", "br-new", 1500, "fa:16:3e:00:00:04", "qbr4"))
SHAPES = (VHOST, REPRESENTOR, TAP, HYBRID)


@pytest.fixture(scope="module", name="world")
def fixture_world():
    directory = tempfile.mkdtemp(prefix="vpf", dir="/tmp")
    world = World(os.path.join(directory, "s"))
    try:
        world.up(cards=("napatech", "generic"), vfs=40)
        world.put_bridges()
        yield world
    finally:
        world.down()
        shutil.rmtree(directory)


@pytest.fixture(name="model")
def fixture_model(world):
    """All kinds are plugged, with limits; afterwards nothing is."""
    model = Model()
    with Api(world.socket) as api:
        for shape in SHAPES:
            request = Request("plug", shape.n, shape, (0, 20000), timeout_ms=20000)
            api.call(request.method, **request.params())
            model.acknowledged(request)
    assert checker.check(world, model) == []
    yield model
    checker.unplug_all(world, model)
    for name in world.look()[1]:
        if checker.LOAD_LINKS.match(name):
            world.command(*world.inside(["ip", "link", "delete", name]), check=False)
    world.clear()
    assert checker.nothing_is_left(world) == []


def ip(*arguments):
    return lambda world: world.command(*world.inside(["ip", "link", *arguments]))


def vsctl(*arguments):
    return lambda world: world.vsctl(*arguments)


ROW_OF_OTHERS = ("--", "set", "Interface", "stray", "type=internal", "external_ids:vifplug-owner=vifplugd",
                 "external_ids:vifplug-vif-id=stray")

BROKEN = {
    "a row is gone": (vsctl("del-port", VHOST.port), f"there is no port {VHOST.port}"),
    "a port is on another bridge": (
        lambda world: move(world, VHOST.port, "br-two"), "the bridge: ['br-two']"),
    "a socket has changed": (
        vsctl("set", "Interface", VHOST.port, "options:vhost-server-path=/usr/local/var/run/x"),
        "the socket: /usr/local/var/run/x"),
    "an MTU has changed": (vsctl("set", "Interface", VHOST.port, "mtu_request=1000"), "mtu_request: 1000"),
    "a VF has changed": (
        vsctl("set", "Interface", REPRESENTOR.port, "options:dpdk-devargs=0000:b3:00.0,representor=[5]"),
        "the VF: 0000:b3:00.0,representor=[5]"),
    "an instance has changed": (vsctl("set", "Interface", TAP.port, "external_ids:vm-uuid=x"), "the instance: x"),
    "limits are gone": (vsctl("clear", "Port", VHOST.port, "qos"), "the limits: (0, 0)"),
    "limits have changed": (
        vsctl("set", "Interface", VHOST.port, "ingress_policing_rate=1"), "the limits: (1, 20000)"),
    "a QoS row belongs to nobody": (vsctl("create", "QoS", "type=linux-htb"), "belongs to no port"),
    "a Queue row belongs to nobody": (vsctl("create", "Queue", "other_config:max-rate=1"), "belongs to no QoS"),
    "a tap is gone": (ip("delete", "tap3"), "there is no link tap3"),
    "a tap is down": (ip("set", "tap3", "down"), "link tap3 is down"),
    "a tap is another program's": (ip("set", "tap3", "alias", "mine"), "link tap3 has the alias mine"),
    "a tap has another MAC": (ip("set", "tap3", "address", "fa:16:3e:00:00:99"), "has the MAC fa:16:3e:00:00:99"),
    "a veth pair is on no bridge": (
        ip("set", HYBRID.port.replace("qvo", "qvb"), "nomaster"), "the veth pair is on None"),
    "a link's MTU has changed": (ip("set", HYBRID.port, "mtu", "1300"), "has MTU 1300"),
    "a link has the alias of no VIF": (
        ip("set", "lo", "alias", "vifplugd:nobody"), "have the alias of VIF nobody"),
    "a bridge is nobody's": (vsctl("add-br", "br-stray"), "bridge br-stray was asked for by no request"),
    "a VIF was never asked for": (
        vsctl("add-port", "br-int", "stray", *ROW_OF_OTHERS), "VIF stray was never asked for"),
}


def move(world, port, bridge):
    """In one transaction, so that the Port row stays."""
    world.vsctl("--", "--id=@p", "get", "Port", port, "--", "remove", "Bridge", VHOST.bridge, "ports", "@p",
                "--", "add", "Bridge", bridge, "ports", "@p")


@pytest.mark.parametrize("name", BROKEN)
def test_it_is_seen(world, model, name):
    do, words = BROKEN[name]
    do(world)
    found = checker.check(world, model)
    world.command(*world.inside(["ip", "link", "set", "lo", "alias", ""]))
    assert [one for one in found if words in one], found


def test_what_is_left_is_seen(world, model):
    """A VIF that the model does not know of, and a link."""
    world.command(*world.inside(["ip", "link", "set", "lo", "alias", "vifplugd:nobody"]))
    found = checker.nothing_is_left(world)
    world.command(*world.inside(["ip", "link", "set", "lo", "alias", ""]))
    for words in (f"VIF {vif_id(1)} is still listed", "still has our keys", "QoS egress-policer",
                  "left: trunk bridge tbr-1", "left: link lo", "left: link tap3",
                  f"left: link {HYBRID.port}"):
        assert [one for one in found if words in one], (words, found)
    assert model.vifs


# --- What requests allow. ---

PLUG, UNPLUG = Request("plug", 1, VHOST), Request("unplug", 1)
OTHER = VHOST._replace(mtu=9000)
REPLUG = Request("plug", 1, OTHER)
PLUG_TAP = Request("plug", 1, TAP)
OTHER_TAP = TAP._replace(mac="fa:16:3e:00:01:03", mtu=9000)
REPLUG_TAP = Request("plug", 1, OTHER_TAP)


@pytest.mark.parametrize("steps, allowed", [
    ([], {None}),
    ([("acknowledged", PLUG)], {VHOST}),
    ([("acknowledged", PLUG), ("acknowledged", UNPLUG)], {None}),
    ([("refused", PLUG, "timeout")], {None}),
    ([("unanswered", PLUG)], {None, VHOST}),
    ([("unanswered", PLUG), ("acknowledged", UNPLUG)], {None}),
    ([("unanswered", PLUG), ("acknowledged", Request("update", 1, mtu=9000))], {None, OTHER}),
    ([("acknowledged", PLUG), ("refused", REPLUG, "not_realized")], {VHOST}),
    ([("acknowledged", PLUG), ("unanswered", REPLUG)], {VHOST, OTHER}),
    ([("acknowledged", PLUG_TAP), ("unanswered", REPLUG_TAP)],
     {TAP, OTHER_TAP, OTHER_TAP._replace(mtu_before=TAP.mtu),
      OTHER_TAP._replace(mtu_before=TAP.mtu, tap_mac=TAP.mac)}),
    ([("acknowledged", PLUG), ("refused", UNPLUG, "busy")], {VHOST}),
    ([("acknowledged", PLUG), ("refused", UNPLUG, "timeout")], {VHOST, None}),
    ([("acknowledged", PLUG), ("adrift", UNPLUG), ("acknowledged", REPLUG)], {OTHER, None}),
    ([("acknowledged", Request("plug", 1, VHOST, (1, 2))), ("acknowledged", REPLUG)],
     {OTHER._replace(qos=(1, 2))}),
    ([("acknowledged", PLUG), ("disown", 1)], {None}),
    ([("acknowledged", PLUG), ("disown", 2)], {VHOST}),
    ([("acknowledged", PLUG), ("acknowledged", Request("update", 1, qos=(0, 5)))], {VHOST._replace(qos=(0, 5))}),
])
def test_model(steps, allowed):
    model = Model()
    for outcome, *arguments in steps:
        getattr(model, outcome)(*arguments)
    assert model.candidates(1) == allowed, json.dumps([str(step) for step in steps])
