# SPDX-License-Identifier: Apache-2.0
"""Every difference between os-vif and vifplugd: what it is, in which versions of os-vif and in which cases it
occurs, and its reason.

test_parity.py fails on a difference that is not listed here for the installed os-vif, and on a listed one that
does not occur. docs/vif-types.md has the same list as a table; the texts are Markdown.
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
    """Returns the number by which versions are compared: (3, 0) for "3.0.0"."""
    return tuple(map(int, version.split(".")[:2]))


@dataclasses.dataclass(frozen=True)
class Shows:
    """The cases and steps in which a difference occurs, and the differing values: {key of state.look():
    (os-vif's value, vifplugd's)}, with * for anything. Each key differs in each case after each step; if
    the cases are ALL, in some. `since` and `until` are set if not all versions of the difference have it."""

    cases: tuple
    steps: tuple
    keys: dict
    since: str = VERSIONS[0]
    until: str = VERSIONS[-1]

    def covers(self, case, step):
        return (self.cases == ALL or case in self.cases) and (self.steps == ALL
                                                              or step in self.steps)

    def keys_of(self, difference):
        """Returns the keys that cover a difference (key, (os-vif's value, vifplugd's))."""
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
        """The VERSIONS that have the difference."""
        return VERSIONS[VERSIONS.index(self.since):VERSIONS.index(self.until) + 1]


def port_of(pattern, osvif, vifplugd):
    """A whole port, Port and Interface, that only one side has."""
    return {f"{thing} {pattern}": (osvif, vifplugd) for thing in ("Port", "Interface")}


def bridge_of(osvif, vifplugd):
    """The whole bridge br-int, with its local port."""
    return {f"{thing} br-int*": (osvif, vifplugd) for thing in ("Bridge", "Port", "Interface")}


VHU = "vhub1a6d2f4-52*"
VFR = "vfrb1a6d2f4-52*"
DPDK_LIVES = ("host device netdev", "host device netdev, plain profile")
TAPS = ("a tap that is made, system", "a tap that is made, netdev", "a tap with queues that is made",
        "a tap that is made, on a port bridge", "a tap that is made, on a trunk")
HYBRIDS = ("hybrid system", "hybrid isolated", "hybrid on a trunk")

# What vifplugd writes in addition to os-vif.
ADDITIONS = [
    Difference(
        "`external_ids` of the Interface", "the four that Neutron reads",
        "also `vifplug-owner`, `vifplug-vif-id`, `vifplug-kind`, `vifplug-boot-id`, and the keys that "
        "only some kinds have",
        "the row is the daemon's only record: with it the daemon recognizes a VIF after a restart, "
        "unplugs it without other sources, and does not touch the ports of other programs",
        (Shows(ALL, ALL, {f"Interface * external_ids:vifplug-{key}": (NONE, value)
                          for key, value in (
                              ("owner", "vifplugd"), ("vif-id", THERE), ("kind", THERE),
                              ("boot-id", THERE), ("pci-slot", THERE), ("pf", THERE),
                              ("vf-num", THERE), ("linux-bridge", THERE), ("port-bridge", THERE),
                              ("guest-port", THERE), ("create-tap", "true"),
                              ("multiqueue", "true"), ("tap-mtu", THERE))}),)),
    Difference(
        "`ifalias` of links that vifplugd makes", "none", "`vifplugd:` and the VIF's id",
        "vifplugd deletes only links with this alias, and finds links by it that a killed daemon left",
        (Shows(ALL, ALL, {"link q* alias": (NONE, "vifplugd:*"),
                          "link tap* alias": (NONE, "vifplugd:*")}),)),
    Difference(
        "QoS row of new ports on bridges with datapath `system`", "none",
        "one of `default_qos_type` (`linux-noop`)",
        "like later versions of os-vif: newer kernels give taps a qdisc that slows them down "
        "(Launchpad bug 2017868)",
        (Shows(ALL, ALL, {"QoS *": (NONE, THERE)}),), until="3.0"),
    Difference(
        "`bridge_name` in `external_ids`, on trunk bridges", "none", "the bridge",
        "like later versions of os-vif: Neutron's clean-up of trunks finds the port by it",
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
        "`isolate_vif`", "`tag=4095`", "also `vlan_mode=trunk` and `trunks=4095`",
        "like later versions of os-vif: with only a tag the port is on VLAN 4095, which every trunk "
        "port of the bridge carries",
        (Shows(("vhost-user isolated",), (*PLUGGED, "wired", "replug wired"),
               {f"Port {VHU} vlan_mode": (NONE, "trunk"), f"Port {VHU} trunks": (NONE, "4095")}),
         Shows(("hybrid isolated",), PLUGGED,
               {"Port qvo* vlan_mode": (NONE, "trunk"), "Port qvo* trunks": (NONE, "4095")})),
        until="3.0"),
    Difference(
        "`isolate_vif` with `per_port_bridge`, on the patch port of the integration bridge", "`tag=4095`",
        "also `vlan_mode=trunk` and `trunks=4095`", "as on other ports",
        (Shows(("port bridge isolated",), PLUGGED,
               {"Port ibp* vlan_mode": (NONE, "trunk"), "Port ibp* trunks": (NONE, "4095")}),)),
    Difference(
        "`create_tap` and `multiqueue`", "not supported", "the tap, with several queues",
        "like later versions of os-vif: the port exists before the guest, so Neutron can configure it",
        (Shows(TAPS, PLUGGED, {"link tap*": (NONE, THERE)}),), until="4.1"),
    Difference(
        "`fail_mode` of a new bridge, if OVSDB shows OVN or Neutron's agent",
        "none", "`secure`, and a warning (the setting `fail_mode`); none on trunk bridges",
        "a bridge without `fail_mode` forwards between guests of all networks until its controller "
        "programs it",
        (Shows(("on a host of OVN",), ("plug", "unplug", "plug on a trunk", "no ovn"),
               {"Bridge br-int fail_mode": (NONE, "secure")}),
         Shows(("on a host of Neutron's agent",), ("plug", "unplug"),
               {"Bridge br-int fail_mode": (NONE, "secure")}))),
]

# What vifplugd writes differently.
REPRESENTORS = [
    Difference(
        "`VIFVHostUser` with `VIFPortProfileOVSRepresentor`", "a plain vhost-user port",
        "the VF's representor",
        "the VIF names a VF, and the card serves its socket; no guest uses os-vif's port",
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
        "the VIF's MAC, if the NIC's profile says so",
        "the VF must have the guest's MAC, and no other program sets it",
        (Shows(DPDK_LIVES, PLUGGED, {f"Interface {VFR} options:dpdk-vf-mac": (NONE, THERE)}),
         Shows(("a VF for two",), ("plug", "plug second", "unplug second"),
               {f"Interface {VFR} options:dpdk-vf-mac": (NONE, THERE)}))),
    Difference(
        "`vhost-server-path` of representors whose card has a vhost-user socket for the guest",
        "never set", "the guest's socket, in mode `server`",
        "libvirt finds the interface, for its statistics, only by that option; ovs-vswitchd ignores "
        "it on a port of type `dpdk`",
        (Shows(("host device netdev, Napatech",), PLUGGED,
               {f"Interface {VFR} options:vhost-server-path": (NONE, THERE)}),)),
    Difference(
        "VF number of a Napatech card", "the N of `virtfnN`", "`ID*8+VF`",
        "the card numbers its VFs so: os-vif's number is that of another VF",
        (Shows(("host device netdev, Napatech",), PLUGGED,
               {f"Interface {VFR} options:dpdk-devargs": ("*representor=*6?",
                                                          "*representor=*10?")}),)),
]

# Where vifplugd does what os-vif intends.
MEANINGS = [
    Difference(
        "`isolate_vif`, plugged again", "`tag=4095` again", "the tag stays",
        "like later versions of os-vif: nova-compute plugs all VIFs again when it starts, and would "
        "disconnect every guest",
        (Shows(("vhost-user isolated",), ("replug wired",), {f"Port {VHU} tag": ("4095", "7")}),),
        until="3.0"),
    Difference(
        "`isolate_vif` on trunk bridges", "`tag=4095`", "not isolated",
        "like later versions of os-vif: trunk bridges have their own VLANs, and no program removes the tag "
        "from their ports",
        (Shows(("isolated on a trunk",), PLUGGED, {f"Port {VHU} tag": ("4095", NONE)}),), until="3.0"),
    Difference(
        "`isolate_vif` with `per_port_bridge`, on the guest's port",
        "also isolated, like other ports",
        "only on the patch port of the integration bridge",
        "Neutron's agent removes the tag only from ports of the integration bridge; the guest's port would "
        "always keep it",
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
        "os-vif intends this too, but passes the value `on`, which its pyroute2 code treats as false",
        (Shows((*HYBRIDS, "hybrid netdev"), PLUGGED, {"link qvb* promisc": ("False", "True")}),
         Shows(HYBRIDS, PLUGGED, {"link qvo* promisc": ("False", "True")}),
         Shows(("hybrid, unplugged as ovs",), ("plug",),
               {"link qv* promisc": ("False", "True")})), until="4.1"),
    Difference(
        "`vhost-server-path`, when the mode changes from server to client", "kept", "removed",
        "the option belongs to the other interface type",
        (Shows(("from server to client",), ("replug",),
               {f"Interface {VHU} options:vhost-server-path": (THERE, NONE)}),)),
    Difference(
        "plugged again on another bridge", "the port stays on the old bridge, and unplug leaves it",
        "the port moves", "the VIF asks for that bridge",
        (Shows(("another bridge",), ("move",), {f"Port {VHU} bridge": ("br-old", "br-int")}),
         Shows(("another bridge",), ("unplug",), port_of(VHU, THERE, NONE)))),
    Difference(
        "`VIFHostDevice` whose profile has no `datapath_type` (Nova gives none), on a bridge with "
        "datapath `netdev`",
        "the bridge becomes `system`, and the plug fails", "a representor in OVS-DPDK",
        "the datapath of the bridge decides",
        (Shows(("host device as Nova makes it",), ("plug",),
               {"answer": ("failed", "done"), "Bridge br-int datapath_type": ("system", "netdev"),
                **port_of(VFR, NONE, THERE)}),
         Shows(("host device as Nova makes it",), ("unplug",),
               {"answer": ("failed", "done"),
                "Bridge br-int datapath_type": ("system", "netdev")}))),
    Difference(
        "unplug of a `VIFHostDevice` whose VF does not exist any more", "fails, and leaves port and link",
        "succeeds", "it uses only the record",
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
        "vhost-user ports are on datapath `netdev`, which has no such QoS; no program would remove the row",
        (Shows(("vhost-user without datapath", "forwarder"), PLUGGED, {"QoS vhu*": (THERE, NONE)}),
         Shows(("vhost-user without datapath", "forwarder"), ("unplug", "unplug again"),
               {"QoS nobody*": (THERE, NONE)}),
         Shows(("vhost-user on system",), ("plug",), {"QoS vhu*": (THERE, NONE)}),
         Shows(("vhost-user on system",), ("unplug",), {"QoS nobody*": (THERE, NONE)})),
        since="4.1"),
    Difference(
        "QoS rows with `per_port_bridge`, plugged again", "one more, which no port uses", "one",
        "os-vif looks for the port on the wrong bridge, the integration bridge; later versions do not",
        (Shows(("port bridge system", "port bridge isolated", "port bridge with an interface id",
                "a tap that is made, on a port bridge"),
               ("replug",), {"QoS nobody*": (THERE, NONE)}),), since="4.1", until="4.1"),
]

# What vifplugd refuses, or does not change.
REFUSALS = [
    Difference(
        "a bridge that has another datapath than the VIF asks for",
        "changes its `datapath_type`", "refused: `invalid_request`",
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
        "two VIFs whose ids share 11 characters, and so the name of their port and socket",
        "the second takes the first's port, and its unplug removes it", "refused: `socket_in_use`",
        "the first guest would be disconnected",
        (Shows(("twins",), ("plug twin",),
               {"answer": ("done", "socket_in_use"),
                f"Interface {VHU} external_ids:iface-id": ("b1a6d2f4-52ff*", "b1a6d2f4-52a4*")}),
         Shows(("twins",), ("unplug twin",), port_of(VHU, NONE, THERE)))),
    Difference(
        "a VF for two VIFs", "both are written; the second port never works",
        "refused: `vf_in_use`", "a VF has one guest",
        (Shows(("a VF for two",), ("plug second",),
               {"answer": ("done", "vf_in_use"), **port_of("vfrc1a6d2f4-52*", THERE, NONE)}),)),
    Difference(
        "a VF that Open vSwitch cannot attach", "succeeds; a port that does not work stays",
        "refused: `not_realized`, with Open vSwitch's error text; nothing stays",
        "success means that the port works",
        (Shows(("a VF that the switch cannot attach",), ("plug",),
               {"answer": ("done", "not_realized"), **port_of(VFR, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("a VF that the switch cannot attach",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "an MTU above the limit of Open vSwitch for a vhost-user port (9702)", "written, without "
        "effect", "refused: `invalid_request`", "the guest would get an MTU that does not work",
        (Shows(("an MTU that OVS does not give",), ("plug",),
               {"answer": ("done", "invalid_request"), **port_of(VHU, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("an MTU that OVS does not give",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "`create_tap` with another VIF than a `VIFOpenVSwitch`",
        "ignored; since 5.2 the plug fails when it has written the port, and leaves the port",
        "refused: `invalid_request`; nothing stays", "no other kind has such a tap",
        (Shows(("a tap for another kind",), ("plug",),
               {**port_of(VHU, THERE, NONE), **bridge_of(THERE, NONE)}),
         Shows(("a tap for another kind",), ("plug",), {"answer": ("done", "invalid_request")},
               until="4.1"),
         Shows(("a tap for another kind",), ("plug",), {"answer": ("failed", "invalid_request")},
               since="5.2"),
         Shows(("a tap for another kind",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "a vhost-user socket outside `socket_dirs`", "written", "refused: `invalid_request`",
        "ovs-vswitchd connects to any path, as root",
        (Shows(("a socket in a directory that is not allowed",), ("plug",),
               {"answer": ("done", "invalid_request"), **port_of(VHU, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("a socket in a directory that is not allowed",), ("unplug",),
               bridge_of(THERE, NONE)))),
    Difference(
        "a vhost-user socket in mode client that is not the one that ovs-vswitchd makes (links to its directory, "
        "as `/var/run`, do no harm)",
        "written; the guest finds no socket", "refused: `socket_mismatch`",
        "success means that the guest can connect",
        (Shows(("a socket that vswitchd does not make",), ("plug",),
               {"answer": ("done", "socket_mismatch"), **port_of(VHU, THERE, NONE),
                **bridge_of(THERE, NONE)}),
         Shows(("a socket that vswitchd does not make",), ("unplug",), bridge_of(THERE, NONE)))),
    Difference(
        "a port of that name that another program made", "taken over, and removed at unplug",
        "refused: `port_conflict`; unplug leaves it", "the port is not the daemon's",
        (Shows(("a port that is not ours",), ("plug",),
               {"answer": ("done", "port_conflict"),
                f"Interface {VHU} type": ("dpdkvhostuserclient", "internal"),
                f"Interface {VHU} external_ids:iface-id": (THERE, NONE),
                f"Interface {VHU} *": (THERE, NONE)}),
         Shows(("a port that is not ours",), ("unplug",), port_of(VHU, NONE, THERE)))),
    Difference(
        "unplug of a `VIFOpenVSwitch` without `create_port`",
        "removes any port with its `vif_name`", "removes it if it also has the VIF's `iface-id`",
        "the port that libvirt made has that `iface-id`",
        (Shows(("a tap that is not ours",), ("unplug",), port_of("tap*", NONE, THERE)),)),
    Difference(
        "a tap that another program made", "deleted at unplug", "stays",
        "QEMU's taps disappear with QEMU; others are not the daemon's",
        (Shows(("ovs system with a tap",), ("unplug", "unplug again"),
               {"link tap*": (NONE, THERE)}),
         Shows(("ovs without port, by libvirt",), ("unplug",), {"link tap*": (NONE, THERE)}))),
    Difference(
        "a trunk bridge with a port of another program, when its VIF is unplugged",
        "removed with all its ports", "stays", "the port is not the daemon's",
        (Shows(("a trunk for two",), ("unplug",),
               {"Bridge tbr-*": (NONE, THERE), "Port *": (NONE, THERE),
                "Interface *": (NONE, THERE)}),)),
    Difference(
        "unplug for another instance than the one that the VIF is plugged for", "removes the port",
        "leaves it, with a warning", "a late clean-up must not disconnect the instance that has the VIF",
        (Shows(("an instance that is gone",), ("unplug for another",),
               port_of(VHU, NONE, THERE)),)),
]

DIFFERENCES = ADDITIONS + REPRESENTORS + MEANINGS + REFUSALS
