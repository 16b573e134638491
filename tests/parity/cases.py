# SPDX-License-Identifier: Apache-2.0
"""The cases: each is a list of steps; after each step the two sides are compared.

The first cases are the life of a VIF of every kind that os-vif's OVS plugin supports: plug, plug again with
another MTU, unplug, unplug again. The others have steps that fail or that other programs do.
"""

import dataclasses
import os

import vifs
from kernel import ip

OTHER_INSTANCE = "aaaabbbb-1111-4222-8333-999999999999"

# Two simulated cards, whose representors OVS-DPDK can attach, and one in switchdev mode of the kernel,
# which exists only in sysfs and as netdevs.
KERNEL_PF = "0000:c1:00.0"
CARDS = ("napatech", "generic",
         f"pf={KERNEL_PF},vendor=15b3,device=101d,vf-device=101e,vf=0000:c1:00.2+4")
NAPATECH_VF = "0000:65:01.2"  # virtfn6 of its PF, and VF_NUM 10
NAPATECH_SOCKET = "/usr/local/var/run/stdvio10"
GENERIC_VF = "0000:b3:02.3"  # virtfn3
KERNEL_VF = "0000:c1:00.4"  # virtfn2, with the representor enp193s0f0_2
UPLINK = "enp193s0f0"


def add_netdevs(box):
    """Adds the netdevs of the kernel's card: links with those names, and their files in sysfs."""
    names = {UPLINK: "p0", **{f"{UPLINK}_{n}": f"pf0vf{n}" for n in range(4)}}
    os.makedirs(f"{box.sys}/bus/pci/devices/{KERNEL_PF}/net/{UPLINK}")
    for name, port in names.items():
        path = f"{box.sys}/class/net/{name}"
        os.makedirs(path)
        for attribute, text in (("phys_switch_id", "0c42a10300b1c2d3"), ("phys_port_name", port)):
            with open(f"{path}/{attribute}", "w", encoding="ascii") as file:
                file.write(f"{text}\n")
        os.symlink(f"../../../bus/pci/devices/{KERNEL_PF}", f"{path}/device")
        os.symlink("..", f"{path}/subsystem")
        # A veth replaces the netdev; its other end is the hardware.
        ip(box, "link", "add", name, "type", "veth", "peer", "name", f"hw{name[6:]}")


@dataclasses.dataclass(frozen=True)
class Step:
    """`does` is "plug" or "unplug" with a VIF, or "there" with a function that changes the sandbox like
    another program."""

    name: str
    does: str
    what: object
    instance: str = ""


@dataclasses.dataclass(frozen=True)
class Case:
    """`options` are os-vif's, and vifplugd's settings of the same names."""

    name: str
    steps: tuple
    options: dict = dataclasses.field(default_factory=dict)


def life(vif, *before_unplug):
    """Returns the steps of a VIF; `vif` makes the VIF with an MTU."""
    return (Step("plug", "plug", vif(mtu=vifs.MTU)), Step("replug", "plug", vif(mtu=9000)),
            *before_unplug, Step("unplug", "unplug", vif(mtu=9000)),
            Step("unplug again", "unplug", vif(mtu=9000)))


def made(make, *args, **members):
    """Returns `make` with the arguments that do not change in a VIF's life."""
    return lambda mtu: make(*args, mtu=mtu, **members)


def vsctl(name, *command):
    """Returns a step in which another program runs ovs-vsctl."""
    return Step(name, "there", lambda box: box.vsctl(*command))


def port(name, *columns, on="br-int"):
    """Returns the arguments of ovs-vsctl that add a port, with columns of its Interface."""
    return ("add-port", on, name, "--", "set", "Interface", name, *columns)


def bridge(name="br-int", datapath="netdev"):
    """Returns the arguments of ovs-vsctl that add a bridge."""
    return ("add-br", name, "--", "set", "Bridge", name, f"datapath_type={datapath}")


def start_guest(box):
    """Does what libvirt does if os-vif has not made the port: makes QEMU's tap, and a port for it."""
    ip(box, "tuntap", "add", vifs.TAP, "mode", "tap")
    box.vsctl(*port(vifs.TAP, f"external_ids:iface-id={vifs.ID}"))


def remove_vf(box):
    """Removes the VF, like a write to sriov_numvfs."""
    os.unlink(f"{box.sys}/bus/pci/devices/{KERNEL_VF}/physfn")


def restore_vf(box):
    """Restores what remove_vf() removed."""
    os.symlink(f"../{KERNEL_PF}", f"{box.sys}/bus/pci/devices/{KERNEL_VF}/physfn")


def with_tap(vif):
    """Returns the VIF with `create_tap` in its profile, whatever its kind."""
    vif["versioned_object.data"]["port_profile"]["versioned_object.data"]["create_tap"] = True
    return vif


CLIENT_SOCKET = "{run}/vhu" + vifs.SHORT  # {run}: the run directory of the side's switch.
TWIN = "b1a6d2f4-52ff-4b2a-8a44-5b3f8e7a1c11"  # Its first 11 characters are those of vifs.ID.
TRUNK = "tbr-6a1d2f0c-5"

LIVES = [
    Case("vhost-user server", life(made(vifs.vhost_user))),
    Case("vhost-user client", life(made(vifs.vhost_user, "client", CLIENT_SOCKET))),
    Case("vhost-user without datapath", life(made(vifs.vhost_user, datapath=None))),
    Case("vhost-user with an interface id",
         life(made(vifs.vhost_user, interface_id="11111111-2222-4333-8444-555555555555"))),
    Case("vhost-user isolated",
         life(made(vifs.vhost_user), vsctl("wired", "set", "Port", f"vhu{vifs.SHORT}", "tag=7"),
              Step("replug wired", "plug", vifs.vhost_user(mtu=9000))), {"isolate_vif": True}),
    Case("isolated on a trunk", life(made(vifs.vhost_user, bridge=TRUNK)), {"isolate_vif": True}),
    Case("vhost-user on a trunk", life(made(vifs.vhost_user, bridge=TRUNK))),
    Case("vhost-user without MTU", (
        Step("plug", "plug", vifs.vhost_user(mtu=None)),
        Step("unplug", "unplug", vifs.vhost_user(mtu=None))), {"network_device_mtu": 1400}),
    Case("forwarder", life(made(vifs.forwarder, NAPATECH_VF, NAPATECH_SOCKET))),
    Case("host device netdev", life(made(vifs.host_device, GENERIC_VF, "netdev"))),
    Case("host device netdev, plain profile",
         life(made(vifs.host_device, GENERIC_VF, "netdev", vifs.OVS))),
    Case("host device netdev, Napatech", life(made(vifs.host_device, NAPATECH_VF, "netdev"))),
    Case("host device system", life(made(vifs.host_device, KERNEL_VF, "system"))),
    Case("ovs system", life(made(vifs.ovs))),
    Case("ovs netdev", life(made(vifs.ovs, "netdev"))),
    Case("ovs system with a tap", (
        Step("tap", "there",
             lambda box: ip(box, "tuntap", "add", vifs.TAP, "mode", "tap")),
        *life(made(vifs.ovs)))),
    Case("ovs without port", life(made(vifs.ovs, create_port=False))),
    Case("ovs without port, by libvirt", (
        Step("plug", "plug", vifs.ovs("netdev", create_port=False)),
        Step("guest", "there", start_guest),
        Step("replug", "plug", vifs.ovs("netdev", create_port=False)),
        Step("unplug", "unplug", vifs.ovs("netdev", create_port=False)))),
    Case("a tap that is made, system", life(made(vifs.ovs, create_tap=True))),
    Case("a tap that is made, netdev", life(made(vifs.ovs, "netdev", create_tap=True))),
    Case("a tap with queues that is made", life(made(vifs.ovs, create_tap=True, multiqueue=True))),
    Case("a tap that is made, on a port bridge", life(made(vifs.ovs, create_tap=True)),
         {"per_port_bridge": True}),
    Case("a tap that is made, on a trunk", life(made(vifs.ovs, "netdev", create_tap=True, bridge=TRUNK))),
    Case("ovs on a trunk", life(made(vifs.ovs, bridge=TRUNK))),
    Case("ovs on a trunk without port", life(made(vifs.ovs, create_port=False, bridge=TRUNK))),
    Case("port bridge system", life(made(vifs.ovs, create_port=False)), {"per_port_bridge": True}),
    Case("port bridge netdev", life(made(vifs.ovs, "netdev")), {"per_port_bridge": True}),
    Case("port bridge isolated", life(made(vifs.ovs)),
         {"per_port_bridge": True, "isolate_vif": True}),
    Case("port bridge with an interface id",
         life(made(vifs.ovs, interface_id="11111111-2222-4333-8444-555555555555")),
         {"per_port_bridge": True}),
    Case("hybrid system", life(made(vifs.hybrid))),
    Case("hybrid netdev", life(made(vifs.hybrid, "netdev"))),
    Case("hybrid isolated", life(made(vifs.hybrid)), {"isolate_vif": True}),
    Case("hybrid on a trunk", life(made(vifs.hybrid, bridge=TRUNK))),
    Case("hybrid, unplugged as ovs", (Step("plug", "plug", vifs.hybrid()),
                                      Step("unplug", "unplug", vifs.ovs()))),
]

TROUBLES = [
    Case("another datapath", (
        vsctl("bridge", *bridge()),
        Step("plug", "plug", vifs.ovs("system")), Step("unplug", "unplug", vifs.ovs("system")))),
    Case("host device as Nova makes it", (
        vsctl("bridge", *bridge()),
        Step("plug", "plug", vifs.host_device(GENERIC_VF)),
        Step("unplug", "unplug", vifs.host_device(GENERIC_VF)))),
    Case("vhost-user on system", (Step("plug", "plug", vifs.vhost_user(datapath="system")),
                                  Step("unplug", "unplug", vifs.vhost_user(datapath="system")))),
    Case("twins", (
        Step("plug", "plug", vifs.vhost_user()),
        Step("plug twin", "plug", vifs.vhost_user(vif_id=TWIN)),
        Step("unplug twin", "unplug", vifs.vhost_user(vif_id=TWIN)),
        Step("unplug", "unplug", vifs.vhost_user()))),
    Case("another bridge", (
        Step("plug", "plug", vifs.vhost_user(bridge="br-old")),
        Step("move", "plug", vifs.vhost_user()),
        Step("unplug", "unplug", vifs.vhost_user()))),
    Case("a VF for two", (
        Step("plug", "plug", vifs.host_device(GENERIC_VF, "netdev")),
        Step("plug second", "plug", vifs.host_device(
            GENERIC_VF, "netdev", vif_id="c1a6d2f4-52a4-4b2a-8a44-5b3f8e7a1c11")),
        Step("unplug second", "unplug", vifs.host_device(
            GENERIC_VF, "netdev", vif_id="c1a6d2f4-52a4-4b2a-8a44-5b3f8e7a1c11")),
        Step("unplug", "unplug", vifs.host_device(GENERIC_VF, "netdev")))),
    Case("a VF that goes", (
        Step("plug", "plug", vifs.host_device(KERNEL_VF, "system")),
        Step("gone", "there", remove_vf),
        Step("unplug", "unplug", vifs.host_device(KERNEL_VF, "system")),
        Step("back", "there", restore_vf))),
    Case("a VF that the switch cannot attach", (
        Step("plug", "plug", vifs.host_device(KERNEL_VF, "netdev")),
        Step("unplug", "unplug", vifs.host_device(KERNEL_VF, "netdev")))),
    Case("a port that is not ours", (
        vsctl("bridge", *bridge()),
        vsctl("port", *port(f"vhu{vifs.SHORT}", "type=internal")),
        Step("plug", "plug", vifs.vhost_user()), Step("unplug", "unplug", vifs.vhost_user()))),
    Case("a tap that is not ours", (
        vsctl("bridge", *bridge()),
        vsctl("port", *port(vifs.TAP, "type=internal")),
        Step("unplug", "unplug", vifs.ovs("netdev", create_port=False)))),
    Case("a trunk for two", (
        Step("plug", "plug", vifs.vhost_user(bridge=TRUNK)),
        vsctl("port", *port("other0", "type=internal", on=TRUNK)),
        Step("unplug", "unplug", vifs.vhost_user(bridge=TRUNK)))),
    Case("an instance that is gone", (
        Step("plug", "plug", vifs.vhost_user()),
        Step("unplug for another", "unplug", vifs.vhost_user(), OTHER_INSTANCE),
        Step("unplug", "unplug", vifs.vhost_user()))),
    Case("an MTU that OVS does not give", (
        Step("plug", "plug", vifs.vhost_user(mtu=20000)),
        Step("unplug", "unplug", vifs.vhost_user(mtu=20000)))),
    Case("a socket in a directory that is not allowed", (
        Step("plug", "plug", vifs.vhost_user(path="/etc/vm1")),
        Step("unplug", "unplug", vifs.vhost_user(path="/etc/vm1")))),
    Case("a socket that vswitchd does not make", (
        Step("plug", "plug", vifs.vhost_user("client", "/usr/local/var/run/vm1")),
        Step("unplug", "unplug", vifs.vhost_user("client", "/usr/local/var/run/vm1")))),
    Case("a tap for another kind", (
        Step("plug", "plug", with_tap(vifs.vhost_user())),
        Step("unplug", "unplug", with_tap(vifs.vhost_user())))),
    Case("from server to client", (
        Step("plug", "plug", vifs.vhost_user()),
        Step("replug", "plug", vifs.vhost_user("client", CLIENT_SOCKET)),
        Step("unplug", "unplug", vifs.vhost_user("client", CLIENT_SOCKET)))),
]

# The content of OVSDB on hosts with a controller, and bridges that are created there.
CONTROLLERS = [
    Case("on a host of OVN", (
        vsctl("ovn", "set", "Open_vSwitch", ".", 'external_ids:ovn-remote="tcp:192.0.2.1:6642"'),
        Step("plug", "plug", vifs.vhost_user()), Step("unplug", "unplug", vifs.vhost_user()),
        Step("plug on a trunk", "plug", vifs.ovs("netdev", create_port=False, bridge=TRUNK)),
        vsctl("no ovn", "remove", "Open_vSwitch", ".", "external_ids", "ovn-remote"))),
    Case("on a host of Neutron's agent", (
        vsctl("agent", *bridge("br-tun"), "fail_mode=secure"),
        Step("plug", "plug", vifs.ovs("netdev", create_port=False)),
        Step("unplug", "unplug", vifs.ovs("netdev", create_port=False)))),
    Case("on a bridge that the agent has made", (
        vsctl("agent", *bridge(), "fail_mode=secure"),
        Step("plug", "plug", vifs.vhost_user()), Step("unplug", "unplug", vifs.vhost_user()))),
]

CASES = LIVES + TROUBLES + CONTROLLERS
assert len({case.name for case in CASES}) == len(CASES)
