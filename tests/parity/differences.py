# SPDX-License-Identifier: Apache-2.0
"""Every difference between os-vif and vifplugd: what it is, in which versions of os-vif, where it shows, and
why it is.

test_parity.py fails on a difference that is not listed here for the installed os-vif, and on one that is and
does not show. docs/vif-types.md has the same list as a table; the texts are Markdown.
"""

import dataclasses
import fnmatch

ALL = ("*",)
PLUGGED = ("plug", "replug")
THERE = "*"  # Some value.
NONE = None  # Nothing there.

# The versions that were compared: those of Debian 12, Debian 13 and sid.
VERSIONS = ("3.0", "4.1", "5.2")


def number(version):
    """What a version is compared by: (3, 0) of "3.0.0"."""
    return tuple(map(int, version.split(".")[:2]))


@dataclasses.dataclass(frozen=True)
class Shows:
    """In which cases after which steps it shows, and as what: {key of state.look(): (os-vif's value,
    vifplugd's)}, with * for anything. Each key shows in each case after each step; if the cases are
    ALL, in some. `since` and `until` are os-vif's versions, if they are not all that the difference has."""

    cases: tuple
    steps: tuple
    keys: dict
    since: str = VERSIONS[0]
    until: str = VERSIONS[-1]

    def covers(self, case, step):
        return (self.cases == ALL or case in self.cases) and (self.steps == ALL
                                                              or step in self.steps)

    def keys_of(self, difference):
        """The keys that stand for a difference (key, (os-vif's value, vifplugd's))."""
        key, values = difference
        return [pattern for pattern, expected in self.keys.items()
                if fnmatch.fnmatchcase(key, pattern) and all(map(_is, values, expected))]


def _is(value, expected):
    if expected is NONE or value is NONE:
        return expected is value
    return fnmatch.fnmatchcase(value, expected)


@dataclasses.dataclass(frozen=True)
class Difference:
    """A row of the table. `since` and `until` are the first and last of VERSIONS that have it."""

    what: str
    osvif: str
    vifplugd: str
    why: str
    shows: tuple
    since: str = VERSIONS[0]
    until: str = VERSIONS[-1]

    @property
    def versions(self):
        """Those of VERSIONS that have it."""
        return VERSIONS[VERSIONS.index(self.since):VERSIONS.index(self.until) + 1]


def port_of(pattern, osvif, vifplugd):
    """A port as a whole, Port and Interface, that only one side has."""
    return {f"{thing} {pattern}": (osvif, vifplugd) for thing in ("Port", "Interface")}


def bridge_of(osvif, vifplugd):
    """br-int as a whole, with its local port."""
    return {f"{thing} br-int*": (osvif, vifplugd) for thing in ("Bridge", "Port", "Interface")}


VHU = "vhub1a6d2f4-52*"
VFR = "vfrb1a6d2f4-52*"
DPDK_LIVES = ("host device netdev", "host device netdev, plain profile")
TAPS = ("a tap that is made, system", "a tap that is made, netdev", "a tap with queues that is made",
        "a tap that is made, on a port bridge", "a tap that is made, on a trunk")
HYBRIDS = ("hybrid system", "hybrid isolated", "hybrid on a trunk")

# What vifplugd has beside what os-vif has.
ADDITIONS = [
    Difference(
        "`external_ids` of the Interface", "the four that Neutron reads",
        "`vifplug-owner`, `vifplug-vif-id`, `vifplug-kind`, `vifplug-boot-id` as well, and what "
        "only some kinds have",
        "the row is the daemon's only record: by it a VIF is known again after a restart, "
        "unplugged without looking anything up, and told from what is not the daemon's to touch",
        (Shows(ALL, ALL, {f"Interface * external_ids:vifplug-{key}": (NONE, value)
                          for key, value in (
                              ("owner", "vifplugd"), ("vif-id", THERE), ("kind", THERE),
                              ("boot-id", THERE), ("pci-slot", THERE), ("pf", THERE),
                              ("vf-num", THERE), ("linux-bridge", THERE), ("port-bridge", THERE),
                              ("guest-port", THERE))}),)),
    Difference(
        "`ifalias` of links that are made", "none", "`vifplugd:` and the VIF's id",
        "only what carries it is deleted; links that a killed daemon left are found by it",
        (Shows(ALL, ALL, {"link q* alias": (NONE, "vifplugd:*"),
                          "link tap* alias": (NONE, "vifplugd:*")}),)),
    Difference(
        "QoS row of new ports on bridges with datapath `system`", "none",
        "one of `default_qos_type` (`linux-noop`)",
        "as later versions of os-vif: newer kernels give taps a qdisc that slows them down "
        "(Launchpad bug 2017868)",
        (Shows(ALL, ALL, {"QoS *": (NONE, THERE)}),), until="3.0"),
    Difference(
        "`bridge_name` in `external_ids`, on trunk bridges", "none", "the bridge",
        "as later versions of os-vif: Neutron's clean-up of trunks finds the port by it",
        (Shows(("vhost-user on a trunk",), PLUGGED,
               {f"Interface {VHU} external_ids:bridge_name": (NONE, "tbr-*")}),
         Shows(("ovs on a trunk",), PLUGGED,
               {"Interface tap* external_ids:bridge_name": (NONE, "tbr-*")}),
         Shows(("hybrid on a trunk",), PLUGGED,
               {"Interface qvo* external_ids:bridge_name": (NONE, "tbr-*")}),
         Shows(("isolated on a trunk",), PLUGGED,
               {f"Interface {VHU} external_ids:bridge_name": (NONE, "tbr-*")}),
         Shows(("a tap that is made, on a trunk",), PLUGGED,
               {"Interface tap* external_ids:bridge_name": (NONE, "tbr-*")}),
         Shows(("a trunk for two",), ("plug", "port"),
               {f"Interface {VHU} external_ids:bridge_name": (NONE, "tbr-*")})), until="4.1"),
    Difference(
        "`isolate_vif`", "`tag=4095`", "`vlan_mode=trunk` and `trunks=4095` as well",
        "as later versions of os-vif: a tag alone puts the port on VLAN 4095, which every trunk "
        "port of the bridge carries on",
        (Shows(("vhost-user isolated",), (*PLUGGED, "wired", "replug wired"),
               {f"Port {VHU} vlan_mode": (NONE, "trunk"), f"Port {VHU} trunks": (NONE, "4095")}),
         Shows(("hybrid isolated",), PLUGGED,
               {"Port qvo* vlan_mode": (NONE, "trunk"), "Port qvo* trunks": (NONE, "4095")})),
        until="3.0"),
    Difference(
        "`isolate_vif` with `per_port_bridge`, on the patch port of the integration bridge", "`tag=4095`",
        "`vlan_mode=trunk` and `trunks=4095` as well", "as with other ports",
        (Shows(("port bridge isolated",), PLUGGED,
               {"Port ibp* vlan_mode": (NONE, "trunk"), "Port ibp* trunks": (NONE, "4095")}),)),
    Difference(
        "`create_tap` and `multiqueue`", "not known", "the tap, with several queues",
        "as later versions of os-vif: so the port is there, and can be wired, before the guest is",
        (Shows(TAPS, PLUGGED, {"link tap*": (NONE, THERE)}),), until="4.1"),
    Difference(
        "`fail_mode` of a bridge that is created, where OVSDB shows OVN or Neutron's agent",
        "none", "`secure`, and a warning (the setting `fail_mode`); none on trunk bridges",
        "until its controller programs it, a bridge without it forwards between guests of all "
        "networks",
        (Shows(("on a host of OVN",), ("plug", "unplug", "plug on a trunk", "no ovn"),
               {"Bridge br-int fail_mode": (NONE, "secure")}),
         Shows(("on a host of Neutron's agent",), ("plug", "unplug"),
               {"Bridge br-int fail_mode": (NONE, "secure")}))),
]

# What vifplugd writes in another way.
REPRESENTORS = [
    Difference(
        "`VIFVHostUser` with `VIFPortProfileOVSRepresentor`", "a plain vhost-user port",
        "the VF's representor",
        "the VIF names a VF, and the card serves its socket; os-vif's port has no guest",
        (Shows(("forwarder",), PLUGGED, {**port_of(VHU, THERE, NONE), **port_of(VFR, NONE, THERE)}),
         )),
    Difference(
        "MTU of representors in OVS-DPDK", "never set", "`mtu_request`",
        "the port would run at 1500, whatever the network's MTU",
        (Shows(DPDK_LIVES + ("host device netdev, Napatech",), PLUGGED,
               {f"Interface {VFR} mtu_request": (NONE, THERE)}),
         Shows(("a VF for two",), ("plug", "plug second", "unplug second"),
               {f"Interface {VFR} mtu_request": (NONE, THERE)}))),
    Difference(
        "`dpdk-vf-mac` of representors", "never set",
        "the VIF's MAC, where the NIC's profile says so",
        "the VF has to have the MAC that the guest is given; nobody else sets it",
        (Shows(DPDK_LIVES, PLUGGED, {f"Interface {VFR} options:dpdk-vf-mac": (NONE, THERE)}),
         Shows(("a VF for two",), ("plug", "plug second", "unplug second"),
               {f"Interface {VFR} options:dpdk-vf-mac": (NONE, THERE)}))),
    Difference(
        "`vhost-server-path` of representors whose card has a vhost-user socket for the guest",
        "never set", "the guest's socket, in mode `server`",
        "libvirt finds the interface, for its statistics, by that option alone; ovs-vswitchd passes "
        "it over on a port of type `dpdk`",
        (Shows(("host device netdev, Napatech",), PLUGGED,
               {f"Interface {VFR} options:vhost-server-path": (NONE, THERE)}),)),
    Difference(
        "VF number of a Napatech card", "the N of `virtfnN`", "`ID*8+VF`",
        "the card's own numbering: os-vif's number is another VF's",
        (Shows(("host device netdev, Napatech",), PLUGGED,
               {f"Interface {VFR} options:dpdk-devargs": ("*representor=*6?",
                                                          "*representor=*10?")}),)),
]

# Where vifplugd follows what os-vif means.
MEANINGS = [
    Difference(
        "`isolate_vif`, plugged again", "`tag=4095` again", "the tag stays",
        "as later versions of os-vif: nova-compute plugs all VIFs again when it starts, and would "
        "cut off every guest",
        (Shows(("vhost-user isolated",), ("replug wired",), {f"Port {VHU} tag": ("4095", "7")}),),
        until="3.0"),
    Difference(
        "`isolate_vif` on trunk bridges", "`tag=4095`", "not isolated",
        "as later versions of os-vif: trunk bridges have VLANs of their own, and nothing takes the tag off "
        "their ports again",
        (Shows(("isolated on a trunk",), PLUGGED, {f"Port {VHU} tag": ("4095", NONE)}),), until="3.0"),
    Difference(
        "`isolate_vif` with `per_port_bridge`, on the guest's port",
        "isolated as well, as other ports",
        "only on the patch port of the integration bridge",
        "Neutron's agent takes the tag off ports of the integration bridge only; the guest's would "
        "keep it for ever",
        (Shows(("port bridge isolated",), PLUGGED, {"Port tap* tag": ("4095", NONE)}),
         Shows(("port bridge isolated",), PLUGGED,
               {"Port tap* vlan_mode": ("trunk", NONE), "Port tap* trunks": ("4095", NONE)},
               since="4.1"))),
    Difference(
        "`iface-id` with `per_port_bridge`", "the VIF's id", "the profile's `interface_id`",
        "as for every other VIF; Nova gives both the same value",
        (Shows(("port bridge with an interface id",), PLUGGED,
               {"Interface ibp* external_ids:iface-id": ("b1a6d2f4*", "11111111*")}),)),
    Difference(
        "veth pair of a `VIFBridge`", "not promiscuous", "promiscuous",
        "os-vif means it too, but asks with the word `on`, which its pyroute2 code takes for no",
        (Shows((*HYBRIDS, "hybrid netdev"), PLUGGED, {"link qvb* promisc": ("False", "True")}),
         Shows(HYBRIDS, PLUGGED, {"link qvo* promisc": ("False", "True")}),
         Shows(("hybrid, unplugged as ovs",), ("plug",),
               {"link qv* promisc": ("False", "True")})), until="4.1"),
    Difference(
        "`vhost-server-path`, when the mode changes from server to client", "stays", "goes",
        "the option is of the other interface type",
        (Shows(("from server to client",), ("replug",),
               {f"Interface {VHU} options:vhost-server-path": (THERE, NONE)}),)),
    Difference(
        "plugged again on another bridge", "the port stays on the old one, and unplug leaves it",
        "the port moves", "the VIF asks for that bridge",
        (Shows(("another bridge",), ("move",), {f"Port {VHU} bridge": ("br-old", "br-int")}),
         Shows(("another bridge",), ("unplug",), port_of(VHU, THERE, NONE)))),
    Difference(
        "`VIFHostDevice` whose profile has no `datapath_type` (Nova gives none), on a bridge with "
        "datapath `netdev`",
        "the bridge becomes `system`, and the plug fails", "a representor in OVS-DPDK",
        "the bridge tells which datapath is meant",
        (Shows(("host device as Nova makes it",), ("plug",),
               {"answer": ("failed", "done"), "Bridge br-int datapath_type": ("system", "netdev"),
                **port_of(VFR, NONE, THERE)}),
         Shows(("host device as Nova makes it",), ("unplug",),
               {"answer": ("failed", "done"),
                "Bridge br-int datapath_type": ("system", "netdev")}))),
    Difference(
        "unplug of a `VIFHostDevice` whose VF is gone", "fails, and leaves port and link",
        "done", "it works from the record, and looks nothing up",
        (Shows(("a VF that goes",), ("unplug",),
               {"answer": ("failed", "done"), **port_of("enp193s0f0_2*", THERE, NONE),
                "link enp193s0f0_2 up": ("True", "False")}),
         Shows(("a VF that goes",), ("back",),
               {**port_of("enp193s0f0_2*", THERE, NONE),
                "link enp193s0f0_2 up": ("True", "False")}),
         Shows(("a VF that goes",), ("unplug", "back"), {"QoS enp193s0f0_2*": (THERE, NONE)},
               since="4.1"))),
    Difference(
        "QoS row of `VIFVHostUser` whose profile has no `datapath_type`, or names `system`",
        "`linux-noop`, which stays when the VIF is unplugged", "none",
        "vhost-user ports are on datapath `netdev`, which has no such QoS; nobody would remove the row",
        (Shows(("vhost-user without datapath", "forwarder"), PLUGGED, {"QoS vhu*": (THERE, NONE)}),
         Shows(("vhost-user without datapath", "forwarder"), ("unplug", "unplug again"),
               {"QoS nobody*": (THERE, NONE)}),
         Shows(("vhost-user on system",), ("plug",), {"QoS vhu*": (THERE, NONE)}),
         Shows(("vhost-user on system",), ("unplug",), {"QoS nobody*": (THERE, NONE)})),
        since="4.1"),
    Difference(
        "QoS rows with `per_port_bridge`, plugged again", "one more, which no port has", "one",
        "os-vif looks for the port on the integration bridge, where it is not; later versions do not",
        (Shows(("port bridge system", "port bridge isolated", "port bridge with an interface id",
                "a tap that is made, on a port bridge"),
               ("replug",), {"QoS nobody*": (THERE, NONE)}),), since="4.1", until="4.1"),
]

# What is refused, or left alone.
REFUSALS = [
    Difference(
        "a bridge that has another datapath than the VIF asks for",
        "its `datapath_type` is changed", "refused: `invalid_request`",
        "every port of the bridge would go down",
        (Shows(("another datapath",), ("plug",),
               {"answer": ("done", "invalid_request"),
                "Bridge br-int datapath_type": ("system", "netdev"),
                **port_of("tap*", THERE, NONE)}),
         Shows(("another datapath",), ("plug",), {"QoS tap*": (THERE, NONE)}, since="4.1"),
         Shows(("another datapath",), ("unplug",),
               {"Bridge br-int datapath_type": ("system", "netdev")}))),
    Difference(
        "a vhost-user port on a bridge with datapath `system`", "written",
        "refused: `invalid_request`", "only the datapath `netdev` has such ports",
        (Shows(("vhost-user on system",), ("plug",),
               {"answer": ("done", "invalid_request"), **port_of(VHU, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("vhost-user on system",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "two VIFs whose ids share 11 characters",
        "the second takes the first's port, and its unplug removes it", "refused: `port_conflict`",
        "the first guest would be cut off",
        (Shows(("twins",), ("plug twin",),
               {"answer": ("done", "port_conflict"),
                f"Interface {VHU} external_ids:iface-id": ("b1a6d2f4-52ff*", "b1a6d2f4-52a4*")}),
         Shows(("twins",), ("unplug twin",), port_of(VHU, NONE, THERE)))),
    Difference(
        "a VF for two VIFs", "both are written; the second port never works",
        "refused: `vf_in_use`", "a VF has one guest",
        (Shows(("a VF for two",), ("plug second",),
               {"answer": ("done", "vf_in_use"), **port_of("vfrc1a6d2f4-52*", THERE, NONE)}),)),
    Difference(
        "a VF that Open vSwitch cannot attach", "done; a port that does not work stays",
        "refused: `not_realized`, with Open vSwitch's words; nothing stays",
        "success means that the port works",
        (Shows(("a VF that the switch cannot attach",), ("plug",),
               {"answer": ("done", "not_realized"), **port_of(VFR, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("a VF that the switch cannot attach",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "an MTU above what Open vSwitch gives a vhost-user port (9702)", "written, and without "
        "effect", "refused: `invalid_request`", "the guest would be told an MTU that does not pass",
        (Shows(("an MTU that OVS does not give",), ("plug",),
               {"answer": ("done", "invalid_request"), **port_of(VHU, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("an MTU that OVS does not give",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "`create_tap` with another VIF than a `VIFOpenVSwitch`",
        "passed over; since 5.2 the plug fails when the port is written, and leaves it",
        "refused: `invalid_request`; nothing stays", "no other kind has a tap of its own",
        (Shows(("a tap for another kind",), ("plug",),
               {**port_of(VHU, THERE, NONE), **bridge_of(THERE, NONE)}),
         Shows(("a tap for another kind",), ("plug",), {"answer": ("done", "invalid_request")},
               until="4.1"),
         Shows(("a tap for another kind",), ("plug",), {"answer": ("failed", "invalid_request")},
               since="5.2"),
         Shows(("a tap for another kind",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "a vhost-user socket outside `socket_dirs`", "written", "refused: `invalid_request`",
        "vswitchd connects wherever it is told, as root",
        (Shows(("a socket in a directory that is not allowed",), ("plug",),
               {"answer": ("done", "invalid_request"), **port_of(VHU, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("a socket in a directory that is not allowed",), ("unplug",),
               bridge_of(THERE, NONE)))),
    Difference(
        "a vhost-user socket in mode client at another place than vswitchd makes it",
        "written; the guest finds no socket", "refused: `socket_mismatch`",
        "success means that the guest can connect",
        (Shows(("a socket that vswitchd does not make",), ("plug",),
               {"answer": ("done", "socket_mismatch"), **port_of(VHU, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("a socket that vswitchd does not make",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "a port of that name that somebody else made", "taken over, and removed at unplug",
        "refused: `port_conflict`; unplug leaves it", "it is not the daemon's",
        (Shows(("a port that is not ours",), ("plug",),
               {"answer": ("done", "port_conflict"),
                f"Interface {VHU} type": ("dpdkvhostuserclient", "internal"),
                f"Interface {VHU} external_ids:iface-id": (THERE, NONE),
                f"Interface {VHU} *": (THERE, NONE)}),
         Shows(("a port that is not ours",), ("unplug",), port_of(VHU, NONE, THERE)))),
    Difference(
        "unplug of a `VIFOpenVSwitch` without `create_port`",
        "removes any port with its `vif_name`", "removes it if it has the VIF's `iface-id` as well",
        "the port that libvirt made has that",
        (Shows(("a tap that is not ours",), ("unplug",), port_of("tap*", NONE, THERE)),)),
    Difference(
        "a tap that somebody else made", "deleted at unplug", "stays",
        "QEMU's taps go with QEMU; others are not the daemon's",
        (Shows(("ovs system with a tap",), ("unplug", "unplug again"),
               {"link tap*": (NONE, THERE)}),
         Shows(("ovs without port, by libvirt",), ("unplug",), {"link tap*": (NONE, THERE)}))),
    Difference(
        "a trunk bridge with another's port on it, when its VIF is unplugged",
        "removed with all its ports", "stays", "the port is not the daemon's",
        (Shows(("a trunk for two",), ("unplug",),
               {"Bridge tbr-*": (NONE, THERE), "Port *": (NONE, THERE),
                "Interface *": (NONE, THERE)}),)),
    Difference(
        "unplug for an instance that the VIF is no longer plugged for", "removes the port",
        "leaves it, with a warning", "a late clean-up must not cut off who has the VIF now",
        (Shows(("an instance that is gone",), ("unplug for another",),
               port_of(VHU, NONE, THERE)),)),
]

DIFFERENCES = ADDITIONS + REPRESENTORS + MEANINGS + REFUSALS
