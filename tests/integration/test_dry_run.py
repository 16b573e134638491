# SPDX-License-Identifier: Apache-2.0
"""What a dry run lists is what is then written, no more and no less.

Each case is a dry run and the same request for real. OVSDB and the kernel's links are read before and after; the
difference, in the dry run's words (difference.py), has to be what the dry run has listed.
"""

import collections
import functools
import json
from typing import NamedTuple

import pytest

from api import INSTANCE, Api, ApiError, hybrid, ovs_vif, representor, vhost_user, vif_id
from conftest import check_output, configuring, put_in_order
from difference import listed_lines, read_links, take, written_lines
from kernel import ip
from test_card import generic_slot, slot
from test_kernel_representor import Tree, host_device

CONFIG = "[daemon]\nsocket_group = root\n"
OTHER_INSTANCE = "aaaabbbb-1111-4222-8333-777777777777"
OTHER_MAC = "fa:16:3e:99:99:99"


# --- Requests and what precedes them. ---

class Request(NamedTuple):
    method: str
    params: dict

    @property
    def vif_id(self):
        return self.params.get("vif_id") or self.params["vif"]["vif_id"]

    def send(self, world, **more):
        """The result, or the ApiError that it is refused with."""
        try:
            return world.api.call(self.method, **world.fit(self.params), **more)
        except ApiError as error:
            return error


def waiting(vif):
    """What is waited for. Without the kernel's module a system datapath never comes up."""
    if vif["kind"] == "kernel-representor" or vif.get("datapath_type") == "system":
        return {"wait": "committed", "timeout_ms": 2000}
    return {"wait": "realized"}


def plug(vif, instance=INSTANCE):
    return Request("plug", {"vif": vif, "instance": {"uuid": instance}, **waiting(vif)})


def unplug(vif, **params):
    return Request("unplug", {"vif_id": vif["vif_id"], **params})


def unplug_whole(vif):
    """All of the VIF is told, not its id alone."""
    return Request("unplug", {"vif": vif})


def update(vif, **params):
    return Request("update", {"vif_id": vif["vif_id"], **waiting(vif), **params})


class Done(NamedTuple):
    """What is done with ovs-vsctl, ip or sh; PORT stands for the first VIF's port."""
    tool: str
    arguments: tuple


def vsctl(*arguments):
    return Done("vsctl", arguments)


def link(*arguments):
    return Done("ip", arguments)


def bridge(name="br-int", datapath_type="netdev"):
    return vsctl("add-br", name, "--", "set", "Bridge", name, f"datapath_type={datapath_type}")


class Restart(NamedTuple):
    """The daemon is started anew, with other settings or options."""
    text: str = ""
    options: tuple = ()


class Netdev(NamedTuple):
    """A representor's netdev appears."""
    name: str
    spelling: str


class World:
    """A sandbox, and what a case does to it."""

    def __init__(self, box):
        self.box = box
        self.api = Api(box.socket)
        self.changed = False
        self.tree = None
        self.links = set()  # Those that the case makes itself.

    def fit(self, params):
        """RUN stands for the directory in which ovs-vswitchd makes its sockets."""
        return json.loads(json.dumps(params).replace("RUN", self.box.run))

    def do(self, step):
        if isinstance(step, Request):
            answer = step.send(self)
            assert not isinstance(answer, ApiError), (step, answer)
        elif isinstance(step, Restart):
            self.restart(step)
        elif isinstance(step, Netdev):
            self.plant(step)
        else:
            self.use(step)

    def use(self, step):
        port = next((vif["port"] for vif in self.api.call("list")["vifs"]), "")
        arguments = [argument.replace("PORT", port) for argument in step.arguments]
        if step.tool == "vsctl":
            self.box.vsctl(*arguments)
        elif step.tool == "sh":
            self.box.command(*self.box.inside(["sh", "-c", "\n".join(arguments)]))
        else:
            ip(self.box, *arguments)
            self.links.add(arguments[2])

    def restart(self, step):
        self.changed = True
        self.api.close()
        configuring(self.box)(CONFIG + step.text, *step.options)
        self.api = Api(self.box.socket)

    def plant(self, step):
        if not self.tree:
            self.tree = Tree(self.box)
            self.tree.add("p0", "p0", pf="0000:b3:00.0")
        self.tree.add(step.name, step.spelling)

    def clear(self):
        """As it was, in less time than put_in_order() takes."""
        if self.changed:
            put_in_order(self.box)
        else:
            self.api.collect([self.api.send("unplug", vif_id=vif["vif_id"], wait="committed")
                              for vif in self.api.call("list")["vifs"]])
        self.api.close()
        self.box.vsctl("clear", "Open_vSwitch", ".", "bridges", "--", "--all", "destroy", "QoS",
                       "--", "--all", "destroy", "Queue")
        if self.tree:
            self.tree.remove()
        for name in self.links & set(read_links(self.box)) if self.links else ():
            ip(self.box, "link", "delete", name, check=False)


@pytest.fixture
def world(request):
    one = World(request.getfixturevalue(request.param))
    yield one
    one.clear()
    check_output(one.box)


# --- The table. ---

class Case(NamedTuple):
    name: str
    steps: list
    request: Request
    outcome: str  # The action, or why it is refused.
    box: str = "whole_box"


class Kind(NamedTuple):
    """A kind of VIF: its VIF 1, and what is to be done before it can be plugged."""
    name: str
    vif: object
    box: str = "whole_box"
    first: tuple = ()
    datapath: str = "netdev"
    only: tuple = ()  # The common cases, if not all...
    but: tuple = ()  # ...or all but these.
    outcomes: dict = {}  # Where they are not those of the rest.


OWN_BRIDGE = "[vif]\nper_port_bridge = yes\n"
TAP = functools.partial(ovs_vif, 1, create_tap=True)
MAC_REP = functools.partial(representor, 1, generic_slot(1))
REP = functools.partial(representor, 1, slot(10))
FEW = ("new", "again", "other MTU", "other MAC", "other bridge", "unplug", "type changed")
LIMITED = ("new with limits", "other limits", "no limits", "update of both", "unplug with limits")
# An mtu_request of others' is not tried with links of the kernel: ovs-vswitchd may set a link's MTU to it once
# more before it sees that it has gone.
KINDS = (
    Kind("vhost-user server", functools.partial(vhost_user, 1)),
    Kind("vhost-user client", functools.partial(vhost_user, 1, "client", f"RUN/vhu{vif_id(1)[:11]}"), only=FEW),
    Kind("representor", REP, "whole_card_box",
         only=(*FEW, *LIMITED, "update of MTU", "update to what it is", "mtu_request changed", "key removed",
               "foreign keys", "port removed")),
    Kind("representor with MAC", MAC_REP, "whole_card_box", only=FEW),
    Kind("kernel representor", lambda **more: host_device(1, **{"bridge": "br-int", **more}),
         first=(Netdev("eth7", "vf3"),), datapath="system",
         only=("new", "new on a bridge", "again", "other MTU", "other bridge", "unplug", "port removed")),
    Kind("ovs", functools.partial(ovs_vif, 1), only=(*FEW, "update of MTU"),
         outcomes={"other MTU": "none", "update of MTU": "none"}),
    Kind("ovs with tap", TAP,
         only=(*FEW, *LIMITED, "new on a trunk bridge", "other bridge, from a trunk bridge", "limits",
               "no more limits to the guest", "unplug from a trunk bridge", "bridge removed")),
    Kind("ovs without port", functools.partial(ovs_vif, 1, create_port=False),
         only=("new", "new with limits", "new on a bridge", "again", "other bridge", "update of limits", "unplug"),
         outcomes={"new with limits": "invalid_request", "new on a bridge": "none", "other bridge": "create",
                   "update of limits": "not_found",
                   "unplug": "none"}),
    Kind("hybrid", lambda **more: hybrid(1, **{"datapath_type": "netdev", **more}),
         but=("mtu_request changed", "new with no limits", "limits again", "limits not asked for",
              "unplug of another instance's", "other bridge that is there")),
    Kind("own bridge", TAP, first=(Restart(OWN_BRIDGE),),
         only=(*FEW, *LIMITED, "new on a bridge", "unplug from a trunk bridge", "port removed", "bridge removed")),
)
LIMITS = {"egress": {"max_kbps": 3000, "max_burst_kbps": 2400},
          "ingress": {"max_kbps": 5000, "max_burst_kbps": 1000}}
MORE = {"egress": {"max_kbps": 3000}, "ingress": {"max_kbps": 9000, "max_burst_kbps": 1000}}
# Of kernel ports on bridges with datapath netdev, which take no egress limits (docs/limits.md).
TO_GUEST = {"ingress": LIMITS["ingress"]}
MORE_TO_GUEST = {"ingress": MORE["ingress"]}
EGRESS = {"egress": {"max_kbps": 3000}}
INGRESS = {"ingress": {"max_kbps": 5000}}


FOREIGN = vsctl("set", "Interface", "PORT", "external_ids:ovn-installed=true", "other_config:x=y", "--",
                "set", "Port", "PORT", "tag=42")


def common(kind):
    """Cases that all kinds have: (name, steps, request, outcome)."""
    vif = kind.vif
    dpdk = vif()["kind"] in ("vhost-user", "representor")
    limits, more = (LIMITS, MORE) if dpdk else (TO_GUEST, MORE_TO_GUEST)
    from_guest = "update" if dpdk or kind.datapath == "system" else "invalid_request"
    there = plug(vif())
    limited = plug(vif(qos=limits))
    trunk = vif(bridge="tbr-1")
    return (
        ("new", [], there, "create"),
        ("new with limits", [], limited, "create"),
        ("new with no limits", [], plug(vif(qos={})), "create"),
        ("new on a bridge", [bridge(datapath_type=kind.datapath)], there, "create"),
        ("new on a trunk bridge", [], plug(trunk), "create"),
        ("again", [there], there, "none"),
        ("other MTU", [there], plug(vif(mtu=1400)), "update"),
        ("other MAC", [there], plug(vif(address=OTHER_MAC)), "update"),
        ("other bridge", [there], plug(vif(bridge="br-two")), "update"),
        ("other bridge that is there", [there, bridge("br-two", kind.datapath)], plug(vif(bridge="br-two")),
         "update"),
        ("other bridge, from a trunk bridge", [plug(trunk)], there, "update"),
        ("other instance", [there], plug(vif(), OTHER_INSTANCE), "update"),
        ("limits", [there], limited, "update"),
        ("limits again", [limited], limited, "none"),
        ("limits not asked for", [limited], there, "none"),
        ("other limits", [limited], plug(vif(qos=more)), "update"),
        ("no limits", [limited], plug(vif(qos={})), "update"),
        ("limits from the guest alone", [there], plug(vif(qos=EGRESS)), from_guest),
        ("no more limits to the guest", [limited], plug(vif(qos=EGRESS)), from_guest),
        ("update of MTU", [there], update(vif(), mtu=1400), "update"),
        ("update of limits", [there], update(vif(), qos=INGRESS), "update"),
        ("update of both", [limited], update(vif(), mtu=1400, qos=more), "update"),
        ("update to what it is", [limited], update(vif(), qos=limits), "none"),
        ("unplug", [there], unplug(vif()), "delete"),
        ("unplug with limits", [limited], unplug(vif()), "delete"),
        ("unplug of another instance's", [there], unplug(vif(), instance={"uuid": OTHER_INSTANCE}), "none"),
        ("unplug from a trunk bridge", [plug(trunk)], unplug(vif()), "delete"),
        ("unplug from a trunk bridge with others", [plug(trunk), vsctl("add-port", "tbr-1", "other")],
         unplug(vif()), "delete"),
        ("key removed", [there, vsctl("remove", "Interface", "PORT", "external_ids", "attached-mac")], there,
         "update"),
        ("foreign keys", [there, FOREIGN], plug(vif(mtu=1400)), "update"),
        ("mtu_request changed", [there, vsctl("set", "Interface", "PORT", "mtu_request=1400")], there, "update"),
        ("type changed", [there, vsctl("set", "Interface", "PORT", "type=internal")], there, "update"),
        ("port removed", [there, vsctl("del-port", "PORT")], there, "create"),
        ("bridge removed", [there, vsctl("del-br", "br-int")], there, "create"),
    )


def others(n, **more):
    """A VIF that is not the one that the request is about."""
    return plug(vhost_user(n, **more))


def port(name, *columns, bridge="br-int"):  # pylint: disable=redefined-outer-name
    """Somebody else's port."""
    return vsctl("add-port", bridge, name, "--", "set", "Interface", name, *(columns or ("type=internal",)))


def without(vif, member):
    return {key: value for key, value in vif.items() if key != member}


def committed(request):
    """The same request, for what ovs-vswitchd cannot make."""
    return request._replace(params={**request.params, "wait": "committed"})


LATER = Restart(options=("--boot-id=another-boot",))
SOCKET = "/usr/local/var/run/other"
QEMUS = link("tuntap", "add", "tap1", "mode", "tap")
ISOLATE = Restart("[vif]\nisolate_vif = yes\n")
OWN, NOT_OWN = Restart(OWN_BRIDGE), Restart()
GUEST, PATCH = f"pb{vif_id(1)[:12]}", f"pbp{vif_id(1)}"
HYBRID, QBR, QVB, QVO = (hybrid(1), *(f"{prefix}{vif_id(1)[:11]}" for prefix in ("qbr", "qvb", "qvo")))
UNTENDED = Done("sh", tuple(f"echo 0 > /proc/sys/net/{path.format(QBR)}" for path in (
    "ipv6/conf/{}/disable_ipv6", "ipv4/conf/{}/arp_ignore", "ipv4/conf/{}/arp_announce")))
SYSTEM = hybrid(1, bridge="br-sys", datapath_type="system")
EVICT = Restart("[vif]\non_vf_conflict = evict\n")
NAMED = Restart("[nic napatech]\nport-name = vif_name\n")
KERNEL = host_device(1, bridge="br-int")
NETDEVS = [Netdev("eth7", "vf3"), Netdev("eth8", "vf4")]
FAILED = committed(plug(representor(1, "0000:65:01.2")))
QUEUES = vsctl("set", "Port", "PORT", "qos=@q", "--", "--id=@q", "create", "QoS", "type=linux-htb", "queues:0=@a",
               "queues:1=@b", "--", "--id=@a", "create", "Queue", "dscp=1", "--", "--id=@b", "create", "Queue",
               "dscp=2")

VHOST_CASES = (
    ("other socket", [plug(vhost_user(1))], plug(vhost_user(1, path=SOCKET)), "replace"),
    ("other socket and bridge", [plug(vhost_user(1))], plug(vhost_user(1, path=SOCKET, bridge="br-two")),
     "update"),
    ("other mode", [plug(vhost_user(1))], plug(vhost_user(1, "client", f"RUN/vhu{vif_id(1)[:11]}")), "update"),
    ("socket changed",
     [plug(vhost_user(1)), vsctl("set", "Interface", "PORT", f"options:vhost-server-path={SOCKET}")],
     plug(vhost_user(1)), "replace"),
    ("beside others", [others(2), others(3)], plug(vhost_user(1)), "create"),
    ("to another kind", [plug(vhost_user(1, qos=LIMITS))], plug(TAP(qos=MORE_TO_GUEST)), "create"),
    ("to another kind, limits not asked for", [plug(vhost_user(1, qos=LIMITS))], plug(TAP()), "create"),
    ("to another kind, from a trunk bridge", [plug(vhost_user(1, bridge="tbr-1"))], plug(TAP()), "create"),
    ("unplug from a trunk bridge with a patch port",
     [plug(vhost_user(1, bridge="tbr-1")), port("tpt-1", "type=patch", "options:peer=tpi-1", bridge="tbr-1")],
     unplug(vhost_user(1)), "delete"),
    ("from a trunk bridge with others", [plug(vhost_user(1, bridge="tbr-1")), others(2, bridge="tbr-1")],
     plug(vhost_user(1)), "update"),
    ("unplug of none", [], unplug(vhost_user(1)), "none"),
    ("update of none", [], update(vhost_user(1), mtu=1400), "not_found"),
    ("MTU too large", [plug(vhost_user(1))], update(vhost_user(1), mtu=9703), "invalid_request"),
    ("port name in use", [bridge(), port("vhu00000001-00")], plug(vhost_user(1)), "port_conflict"),
    ("port name in use by a VIF", [others(2, vif_id=f"{vif_id(1)[:-1]}1")], plug(vhost_user(1)), "port_conflict"),
    ("wrong datapath_type", [bridge(datapath_type="system")], plug(vhost_user(1)), "invalid_request"),
    ("another datapath_type", [bridge()], plug(vhost_user(1, datapath_type="system")), "invalid_request"),
    ("wrong socket in client mode", [], plug(vhost_user(1, "client", "/x/y")), "socket_mismatch"),
    ("no bridge may be made", [Restart("[ovs]\ncreate_bridges = no\n")], plug(vhost_user(1)), "invalid_request"),
    ("somebody else's queues", [plug(vhost_user(1)), QUEUES], plug(vhost_user(1, qos=LIMITS)), "port_conflict"),
    ("unplug with somebody else's queues", [plug(vhost_user(1)), QUEUES], unplug(vhost_user(1)), "delete"),
    ("isolated", [ISOLATE], plug(vhost_user(1)), "create"),
    ("isolated, on a trunk bridge", [ISOLATE], plug(vhost_user(1, bridge="tbr-1")), "create"),
    ("isolated, again", [plug(vhost_user(1)), ISOLATE], plug(vhost_user(1)), "none"),
    ("secure", [Restart("[ovs]\nfail_mode = secure\n")], plug(vhost_user(1)), "create"),
    ("secure as another bridge", [bridge("br-tun"), vsctl("set-fail-mode", "br-tun", "secure")],
     plug(vhost_user(1)), "create"),
    ("stale, again", [plug(vhost_user(1)), LATER], plug(vhost_user(1)), "update"),
    ("unplug of stale", [plug(vhost_user(1)), LATER], unplug(vhost_user(1)), "delete"),
)
CARD_CASES = (
    ("other VF", [plug(REP())], plug(representor(1, slot(11))), "replace"),
    ("other VF and MTU", [plug(REP())], plug(representor(1, slot(11), mtu=1400)), "replace"),
    ("VF of another card", [plug(REP())], plug(MAC_REP()), "replace"),
    ("VF of a card without MAC", [plug(MAC_REP())], plug(REP()), "replace"),
    ("no MAC any more", [plug(MAC_REP())],
     plug(without(MAC_REP(), "address")), "replace"),
    ("device changed", [plug(REP()), vsctl("set", "Interface", "PORT",
                                           'options:dpdk-devargs="0000:65:00.0,representor=[12]"')],
     plug(REP()), "replace"),
    ("VF of a VIF that has to go, on a trunk bridge", [plug(representor(2, slot(10), bridge="tbr-2")), EVICT],
     plug(REP()), "create"),
    ("VF of a VIF that has to go, on the same bridge", [plug(representor(2, slot(10), bridge="tbr-2")), EVICT],
     plug(REP(bridge="tbr-2")), "create"),
    ("to ovs with its name and limits", [NAMED, plug(REP(vif_name="tap1", qos=TO_GUEST))],
     plug(TAP(qos=TO_GUEST)), "update"),
    ("to ovs with its name, limits not asked for", [NAMED, plug(REP(vif_name="tap1", qos=LIMITS))], plug(TAP()),
     "update"),
    ("from ovs with its name and limits", [NAMED, plug(TAP(qos=TO_GUEST))],
     plug(REP(vif_name="tap1", qos=TO_GUEST)), "update"),
    ("VF in use", [plug(representor(2, slot(10)))], plug(REP()), "vf_in_use"),
    ("VF in use by a port",
     [bridge(), port("theirs", "type=dpdk", 'options:dpdk-devargs="0000:65:00.0,representor=[10]"')],
     plug(REP()), "vf_in_use"),
    ("VF of a VIF that has to go", [plug(representor(2, slot(10))), EVICT],
     plug(REP()), "create"),
    ("VF of a stale VIF", [plug(representor(2, slot(10), qos=LIMITS)), LATER], plug(REP()), "create"),
    ("other VF, of a stale VIF", [plug(REP()), plug(representor(2, slot(11))), LATER],
     plug(representor(1, slot(11))), "replace"),
    ("VF of a stale VIF on a trunk bridge", [plug(representor(2, slot(10), bridge="tbr-1")), LATER], plug(REP()),
     "create"),
    ("socket mismatch", [], plug(REP(vhost_user={"path": SOCKET, "mode": "server"})), "socket_mismatch"),
    ("no such VF", [], plug(representor(1, "0000:66:00.4")), "device_not_found"),
    ("from vhost-user", [plug(vhost_user(1))], plug(REP()), "create"),
)
FAILED_CASES = (
    ("again", [FAILED], FAILED, "not_realized"),
    ("other VF", [FAILED], committed(plug(representor(1, "0000:65:01.3"))), "update"),
    ("unplug", [FAILED], unplug(vhost_user(1)), "delete"),
)
KERNEL_CASES = (
    ("other VF", [*NETDEVS, plug(KERNEL)], plug(host_device(1, "0000:b3:01.4", bridge="br-int")), "create"),
    ("VF in use", [*NETDEVS, plug(KERNEL)], plug(host_device(2, bridge="br-int")), "vf_in_use"),
    ("VF of a stale VIF", [*NETDEVS, plug(host_device(2, bridge="br-int")), LATER], plug(KERNEL), "create"),
    ("netdev set down", [*NETDEVS, plug(KERNEL), link("link", "set", "eth7", "down")], plug(KERNEL), "update"),
)
OVS_CASES = (
    ("other vif_name", [plug(ovs_vif(1))], plug(ovs_vif(1, vif_name="tap9")), "create"),
    ("other vif_name, with tap", [plug(TAP(qos=TO_GUEST))], plug(TAP(vif_name="tap9")), "create"),
    ("other vif_name and bridge", [plug(TAP())], plug(TAP(vif_name="tap9", bridge="br-two")), "create"),
    ("tap deleted", [plug(TAP()), link("link", "delete", "tap1")], plug(TAP()), "update"),
    ("tap's MTU changed", [plug(TAP()), link("link", "set", "tap1", "mtu", "1400")], plug(TAP()), "update"),
    ("tap of QEMU's", [QEMUS], plug(ovs_vif(1, mtu=1400)), "create"),
    ("unplug with QEMU's tap", [QEMUS, plug(ovs_vif(1))], unplug(ovs_vif(1)), "delete"),
    ("port name in use", [bridge(), port("tap1")], plug(TAP()), "port_conflict"),
    ("port name in use, without port", [bridge(), port("tap1")], plug(ovs_vif(1, create_port=False)), "none"),
    ("without port from now on", [plug(TAP())], plug(ovs_vif(1, create_port=False)), "none"),
    ("another datapath_type", [bridge()], plug(TAP(datapath_type="system")), "invalid_request"),
    ("unplug of libvirt's port", [bridge(), port("tap1", "type=internal", f"external_ids:iface-id={vif_id(1)}")],
     unplug_whole(TAP()), "delete"),
    ("unplug from an empty trunk bridge", [bridge("tbr-1")], unplug_whole(TAP(bridge="tbr-1")), "delete"),
    ("unplug of a tap that is left", [plug(TAP()), vsctl("del-port", "tap1")], unplug_whole(TAP()), "none"),
    ("to hybrid", [plug(TAP())], plug(HYBRID), "create"),
)
HYBRID_CASES = (
    ("other Linux bridge", [plug(HYBRID)], plug(hybrid(1, linux_bridge="qbrother")), "update"),
    ("Linux bridge deleted", [plug(HYBRID), link("link", "delete", QBR)], plug(HYBRID), "update"),
    ("Linux bridge set down", [plug(HYBRID), link("link", "set", QBR, "down"), UNTENDED], plug(HYBRID), "update"),
    ("Linux bridge of Nova's", [link("link", "add", QBR, "type", "bridge")], plug(HYBRID), "create"),
    ("veth pair deleted", [plug(HYBRID), link("link", "delete", QVO)], plug(HYBRID), "update"),
    ("veth pair off its bridge", [plug(HYBRID), link("link", "set", QVB, "nomaster")], plug(HYBRID), "update"),
    ("link name in use", [link("link", "add", QVO, "type", "ifb")], plug(HYBRID), "port_conflict"),
    ("unplug of links that are left", [plug(HYBRID), vsctl("del-port", "PORT")], unplug_whole(HYBRID), "none"),
    ("to ovs", [plug(HYBRID)], plug(TAP()), "create"),
    ("on a system bridge", [], plug(SYSTEM), "create"),
    ("with a default QoS type", [Restart("[vif]\ndefault_qos_type = linux-sfq\n")], plug(SYSTEM), "create"),
    ("limits in place of a default QoS type", [plug(SYSTEM)], update(SYSTEM, qos=LIMITS), "update"),
    ("limits beside a default QoS type", [], plug({**SYSTEM, "qos": EGRESS}), "create"),
    ("limits from the guest alone, with a default QoS type", [plug(SYSTEM)], update(SYSTEM, qos=EGRESS), "update"),
    ("no more limits, with a default QoS type", [plug({**SYSTEM, "qos": LIMITS})], update(SYSTEM, qos={}),
     "update"),
    ("no more limits to the guest, with a default QoS type", [plug({**SYSTEM, "qos": LIMITS})],
     plug({**SYSTEM, "qos": EGRESS}), "update"),
    ("unplug from a system bridge", [plug(SYSTEM)], unplug(SYSTEM), "delete"),
)
OWN_CASES = (
    ("other vif_name", [OWN, plug(TAP())], plug(TAP(vif_name="tap9")), "update"),
    ("other vif_name, limits not asked for", [OWN, plug(TAP(qos=TO_GUEST))], plug(TAP(vif_name="tap9")), "update"),
    ("other vif_name and limits", [OWN, plug(TAP(qos=TO_GUEST))], plug(TAP(vif_name="tap9", qos=MORE_TO_GUEST)),
     "update"),
    ("other vif_name, on a system bridge", [OWN, plug(TAP(datapath_type="system"))],
     plug(TAP(vif_name="tap9", datapath_type="system")), "update"),
    ("own bridge removed", [OWN, plug(TAP(qos=TO_GUEST)), vsctl("del-br", GUEST)], plug(TAP()), "update"),
    ("patch port removed", [OWN, plug(TAP(qos=TO_GUEST)), vsctl("del-port", PATCH)], plug(TAP()), "update"),
    ("guest's port removed", [OWN, plug(TAP()), vsctl("del-port", "tap1")], plug(TAP()), "update"),
    ("patch port removed, other vif_name", [OWN, plug(TAP()), vsctl("del-port", PATCH)],
     plug(TAP(vif_name="tap9")), "update"),
    ("own bridge in use", [OWN, bridge(GUEST), port("theirs", bridge=GUEST)], plug(TAP()), "port_conflict"),
    ("from now on", [plug(TAP(qos=TO_GUEST)), OWN], plug(TAP()), "create"),
    ("no more", [OWN, plug(TAP(qos=TO_GUEST)), NOT_OWN], plug(TAP()), "create"),
    ("isolated", [Restart(OWN_BRIDGE + "isolate_vif = yes\n")], plug(TAP()), "create"),
    ("unplug with the own bridge removed", [OWN, plug(TAP()), vsctl("del-br", GUEST)], unplug(TAP()), "delete"),
    ("unplug with the port removed", [OWN, plug(TAP()), vsctl("del-port", "PORT")], unplug(TAP()), "delete"),
)


def cases_of(kind, rows, box="whole_box"):
    return [Case(f"{kind}: {name}", steps, request, outcome, box) for name, steps, request, outcome in rows]


CASES = [
    *(Case(f"{kind.name}: {name}", [*kind.first, *steps], request, kind.outcomes.get(name, outcome), kind.box)
      for kind in KINDS for name, steps, request, outcome in common(kind)
      if name in (kind.only or (name,)) and name not in kind.but),
    *cases_of("vhost-user", VHOST_CASES),
    *cases_of("representor", CARD_CASES, "whole_card_box"),
    *cases_of("failed representor", FAILED_CASES),
    *cases_of("kernel representor", KERNEL_CASES),
    *cases_of("ovs", OVS_CASES),
    *cases_of("hybrid", HYBRID_CASES),
    *cases_of("own bridge", OWN_CASES),
]


# --- The test. ---


def told(error):
    return error.reason, error.message, error.field, error.detail


def assert_refused_alike(case, dry, real):
    assert isinstance(dry, ApiError) and isinstance(real, ApiError), (dry, real)
    assert told(dry) == told(real)
    assert dry.reason == case.outcome


def assert_told_alike(case, dry, real):
    assert not isinstance(real, ApiError), (case.request, told(real))
    assert (dry["changed"], dry["warnings"]) == (real["changed"], real["warnings"])
    assert dry["plan"]["action"] == case.outcome, dry["plan"]


def assert_nothing_written(before, after):
    assert (after.tables, after.links) == (before.tables, before.links)


# The stand-in for the card sets no VF's MAC.
NEED_DRIVER = ("representor: no MAC any more",)


def parameters(case):
    marks = [pytest.mark.driver] if case.name in NEED_DRIVER else []
    return pytest.param(case.box, case, id=case.name, marks=marks)


# ovs-vswitchd removes the tap when it closes its port of another type; the plug makes it once more.
UNFORESEEN = {"ovs with tap: type changed": collections.Counter(["add tap tap1 with MTU 1500"])}


@pytest.mark.parametrize("world, case", map(parameters, CASES), indirect=["world"])
def test_dry_run_lists_what_is_written(world, case):
    for step in case.steps:
        world.do(step)
    before = take(world.box, world.api)
    dry = case.request.send(world, dry_run=True)
    assert_nothing_written(before, take(world.box, world.api))
    real = case.request.send(world)
    after = take(world.box, world.api)
    if isinstance(dry, ApiError):
        assert_refused_alike(case, dry, real)
        assert_nothing_written(before, after)
        return
    assert_told_alike(case, dry, real)
    listed = listed_lines(dry["plan"], after) + UNFORESEEN.get(case.name, collections.Counter())
    written = written_lines(before, after, case.request.vif_id, dry["plan"])
    assert listed == written, "\n".join([
        f"the dry run of {case.request} lists", *sorted(dry["plan"]["operations"]),
        "and there is beside that", *sorted((written - listed).elements()),
        "and there is not", *sorted((listed - written).elements())])
