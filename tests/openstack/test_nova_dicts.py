# SPDX-License-Identifier: Apache-2.0
"""Nova VIF dicts compared with Nova: the daemon must read from a dict what it reads from the os-vif object
that the installed nova_to_osvif_vif() makes of the dict. No switch is needed."""

import copy
import itertools
import json
import os
import subprocess

import pytest

os_vif_objects = pytest.importorskip("os_vif.objects")
model = pytest.importorskip("nova.network.model")
os_vif_util = pytest.importorskip("nova.network.os_vif_util")

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
SAMPLES = os.path.join(TOP, "tests/samples")

ID = "dc065497-3c8d-4f44-8fb4-e1d33c16a536"
SLOT = "0000:65:01.2"
SOCKET = "/usr/local/var/run/stdvio10"
VF = {"pci_slot": SLOT, "pci_vendor_info": "18f4:051a", "physical_network": None}
OVS_PLUG = {"vhostuser_socket": SOCKET, "vhostuser_ovs_plug": True}

os_vif_objects.register_all()


def dict_of(vif_type, vnic_type="normal", network=None, meta=None, without=(), **members):
    """Returns a VIF as Nova builds it from a Neutron port (nova/network/neutron.py), as JSON."""
    net = {"id": "6a1d2f0c-52a4-4b2a-8a44-5b3f8e7a1c11", "bridge": "br-int", "label": "net",
           **(network or {})}
    vif = model.VIF(**{
        "id": ID, "address": "fa:16:3e:4c:2c:30", "type": vif_type, "vnic_type": vnic_type,
        "devname": "tapdc065497-3c", "ovs_interfaceid": ID, "profile": {}, "delegate_create": True,
        "network": model.Network(**net, **({"mtu": 1450} if meta is None else meta)), **members})
    made = json.loads(json.dumps(vif))
    for name in without:
        del made[name]
    return made


def by_nova(vif):
    """Returns the os-vif object that Nova makes, as a primitive; None if it makes none or raises."""
    try:
        made = os_vif_util.nova_to_osvif_vif(model.VIF.hydrate(copy.deepcopy(vif)))
    except Exception:  # pylint: disable=broad-except
        return None  # Nova raises its own exception for some of these, and KeyError for others.
    return made and made.obj_to_primitive()


def decode(vifs):
    """Returns the decoder's result for each: a line of members, or "refused: REASON FIELD"."""
    done = subprocess.run([os.path.join(BUILD, "tests/unit/print-vif")], check=True, text=True,
                          input="".join(json.dumps(vif) + "\n" for vif in vifs),
                          stdout=subprocess.PIPE, timeout=60)
    lines = done.stdout.splitlines()
    assert len(lines) == len(vifs)
    return lines


def compare(vif):
    """Decodes a dict, directly and through Nova; the second is None if Nova makes no object."""
    primitive = by_nova(vif)
    if primitive is None:
        return decode([vif])[0], None
    return tuple(decode([vif, primitive]))


# Dicts that become a VIF, and its kind.
ACCEPTED = [
    ("ovs", dict_of("ovs"), "ovs"),
    ("ovs, not delegated", dict_of("ovs", delegate_create=False), "ovs"),
    ("ovs, not delegated, by default", dict_of("ovs", without=["delegate_create"]), "ovs"),
    ("ovs, no details", dict_of("ovs", details=None, profile=None), "ovs"),
    ("ovs, details missing", dict_of("ovs", without=["details", "profile"]), "ovs"),
    ("ovs, vnic_type missing", dict_of("ovs", without=["vnic_type"], details={"a": 1}), "ovs"),
    ("ovs, system", dict_of("ovs", details={"datapath_type": "system"}), "ovs"),
    ("ovs, datapath_type null", dict_of("ovs", details={"datapath_type": None}), "ovs"),
    ("ovs, netdev, port_filter", dict_of("ovs", details={"datapath_type": "netdev",
                                                         "port_filter": True}), "ovs"),
    ("ovs, not hybrid", dict_of("ovs", details={"ovs_hybrid_plug": False,
                                                "port_filter": True}), "ovs"),
    ("ovs, trunk", dict_of("ovs", network={"bridge": "tbr-12345678-9"},
                           details={"bridge_name": "tbr-12345678-9"}), "ovs"),
    ("ovs, bridge_name differs", dict_of("ovs", details={"bridge_name": "br-other"}), "ovs"),
    ("ovs, no devname", dict_of("ovs", devname=None), "ovs"),
    ("ovs, no interface id", dict_of("ovs", ovs_interfaceid=None), "ovs"),
    ("ovs, other interface id",
     dict_of("ovs", ovs_interfaceid="11111111-2222-4333-8444-555555555555"), "ovs"),
    ("ovs, no MTU", dict_of("ovs", meta={}), "ovs"),
    ("ovs, MTU null", dict_of("ovs", meta={"mtu": None}), "ovs"),
    ("ovs, MTU 0", dict_of("ovs", meta={"mtu": 0}), "ovs"),
    ("ovs, jumbo", dict_of("ovs", meta={"mtu": 9000, "physical_network": "p"}), "ovs"),
    ("ovs, no address", dict_of("ovs", address=None), "ovs"),
    ("ovs, upper-case address", dict_of("ovs", address="FA:16:3E:4C:2C:30"), "ovs"),
    ("ovs, forwarder without a VF", dict_of("ovs", "virtio-forwarder"), "ovs"),
    ("ovs, forwarder, slot null", dict_of("ovs", "virtio-forwarder", profile={"pci_slot": None}),
     "ovs"),
    ("ovs, macvtap", dict_of("ovs", "macvtap", profile=VF), "ovs"),
    ("ovs, direct-physical", dict_of("ovs", "direct-physical", profile=VF), "ovs"),
    ("ovs, normal with a VF", dict_of("ovs", profile=VF), "ovs"),
    ("hybrid", dict_of("ovs", details={"ovs_hybrid_plug": True, "port_filter": True,
                                       "datapath_type": "system"}), "hybrid"),
    ("hybrid, no devname", dict_of("ovs", devname=None, details={"ovs_hybrid_plug": True}),
     "hybrid"),
    ("hybrid, trunk", dict_of("ovs", network={"bridge": "tbr-12345678-9"},
                              details={"ovs_hybrid_plug": True}), "hybrid"),
    ("hybrid, agilio_ovs", dict_of("agilio_ovs", details={"ovs_hybrid_plug": True}), "hybrid"),
    ("direct", dict_of("ovs", "direct", profile={**VF, "capabilities": ["switchdev"]},
                       details={"port_filter": True, "datapath_type": "system"}), "host-device"),
    ("direct, no devname", dict_of("ovs", "direct", profile=VF, devname=None), "host-device"),
    ("direct, hybrid", dict_of("ovs", "direct", profile=VF, details={"ovs_hybrid_plug": True}),
     "host-device"),
    ("direct, upper-case slot", dict_of("ovs", "direct", profile={"pci_slot": "0000:AF:1F.7"}),
     "host-device"),
    ("vdpa", dict_of("ovs", "vdpa", profile=VF), "host-device"),
    ("agilio_ovs", dict_of("agilio_ovs"), "ovs"),
    ("agilio_ovs, direct", dict_of("agilio_ovs", "direct", profile=VF), "host-device"),
    ("agilio_ovs, vdpa", dict_of("agilio_ovs", "vdpa", profile=VF), "host-device"),
    ("agilio_ovs, forwarder",
     dict_of("agilio_ovs", "virtio-forwarder", profile=VF,
             details={"vhostuser_socket": SOCKET, "vhostuser_mode": "server",
                      "datapath_type": "netdev"}), "representor"),
    ("agilio_ovs, forwarder, client",
     dict_of("agilio_ovs", "virtio-forwarder", profile=VF,
             details={"vhostuser_socket": SOCKET, "vhostuser_mode": "client"}), "representor"),
    ("agilio_ovs, forwarder, mode left open",
     dict_of("agilio_ovs", "virtio-forwarder", profile=VF, devname=None, ovs_interfaceid=None,
             details={"vhostuser_socket": SOCKET, "ovs_hybrid_plug": True}), "representor"),
    ("vhostuser", dict_of("vhostuser", details=OVS_PLUG), "vhost-user"),
    ("vhostuser, client", dict_of("vhostuser", details={**OVS_PLUG, "vhostuser_mode": "client",
                                                        "datapath_type": "netdev"}), "vhost-user"),
    ("vhostuser, server", dict_of("vhostuser", details={**OVS_PLUG, "vhostuser_mode": "server",
                                                        "ovs_hybrid_plug": True}), "vhost-user"),
    ("vhostuser, trunk", dict_of("vhostuser", network={"bridge": "tbr-12345678-9"},
                                 details=OVS_PLUG), "vhost-user"),
    ("vhostuser, direct", dict_of("vhostuser", "direct", profile=VF, details=OVS_PLUG),
     "vhost-user"),
    ("vhostuser, vrouter too", dict_of("vhostuser", details={**OVS_PLUG,
                                                             "vhostuser_vrouter_plug": True}),
     "vhost-user"),
    ("vhostuser, forwarder without a VF", dict_of("vhostuser", "virtio-forwarder",
                                                  details=OVS_PLUG), "vhost-user"),
]


@pytest.mark.parametrize("vif,kind", [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_accepted(vif, kind):
    ours, nova = compare(vif)
    assert ours == nova
    assert f" kind={kind} " in ours


UNSUPPORTED = "unsupported_vif"
INVALID = "invalid_request"

# Dicts that cannot be plugged, because of Nova or its object, and our errors.
REFUSED = [
    *[(name, dict_of(name), UNSUPPORTED, "vif.type") for name in
      ("bridge", "hw_veb", "hostdev_physical", "macvtap", "tap", "midonet", "dvs", "ivs", "vrouter",
       "unbound", "binding_failed", "nonsense")],
    ("remote-managed", dict_of("ovs", "remote-managed", profile=VF), UNSUPPORTED, "vif.vnic_type"),
    ("noop vhostuser", dict_of("vhostuser", details={"vhostuser_socket": SOCKET}), UNSUPPORTED,
     "vif.details.vhostuser_ovs_plug"),
    ("fast path", dict_of("vhostuser", details={**OVS_PLUG, "vhostuser_fp_plug": True}),
     UNSUPPORTED, "vif.details.vhostuser_fp_plug"),
    ("fast path on a bridge", dict_of("vhostuser", details={"vhostuser_socket": SOCKET,
                                                            "vhostuser_fp_plug": True}),
     UNSUPPORTED, "vif.details.vhostuser_fp_plug"),
    ("Contrail", dict_of("vhostuser", details={"vhostuser_socket": SOCKET,
                                               "vhostuser_vrouter_plug": True}),
     UNSUPPORTED, "vif.details.vhostuser_vrouter_plug"),
    ("no type", dict_of(None), INVALID, "vif.type"),
    ("no network", dict_of("ovs", network=None, without=["network"]), INVALID, "vif.network"),
    ("no bridge", dict_of("ovs", network={"bridge": None}, details={"bridge_name": "br-int"}),
     INVALID, "vif.network.bridge"),
    ("no bridge for vhostuser", dict_of("vhostuser", network={"bridge": None},
                                        details={**OVS_PLUG, "bridge_name": "br-int"}),
     INVALID, "vif.network.bridge"),
    ("no socket", dict_of("vhostuser", details={"vhostuser_ovs_plug": True}), INVALID,
     "vif.details.vhostuser_socket"),
    ("empty socket", dict_of("vhostuser", details={**OVS_PLUG, "vhostuser_socket": ""}), INVALID,
     "vif.details.vhostuser_socket"),
    ("no socket for a VF", dict_of("agilio_ovs", "virtio-forwarder", profile=VF), INVALID,
     "vif.details.vhostuser_socket"),
    ("unknown mode", dict_of("vhostuser", details={**OVS_PLUG, "vhostuser_mode": "both"}), INVALID,
     "vif.details.vhostuser_mode"),
    ("empty mode", dict_of("vhostuser", details={**OVS_PLUG, "vhostuser_mode": ""}), INVALID,
     "vif.details.vhostuser_mode"),
    ("no slot", dict_of("ovs", "direct"), INVALID, "vif.profile.pci_slot"),
    ("no profile", dict_of("ovs", "direct", profile=None), INVALID, "vif.profile.pci_slot"),
    ("no slot for vdpa", dict_of("ovs", "vdpa"), INVALID, "vif.profile.pci_slot"),
    ("no slot for a forwarder", dict_of("agilio_ovs", "virtio-forwarder",
                                        details={"vhostuser_socket": SOCKET}), INVALID,
     "vif.profile.pci_slot"),
    ("null slot for a forwarder", dict_of("agilio_ovs", "virtio-forwarder",
                                          profile={"pci_slot": None},
                                          details={"vhostuser_socket": SOCKET}), INVALID,
     "vif.profile.pci_slot"),
    ("no PCI address", dict_of("ovs", "direct", profile={"pci_slot": "eth0"}), INVALID,
     "vif.profile.pci_slot"),
    ("no MAC", dict_of("ovs", address="nonsense"), INVALID, "vif.address"),
    ("MTU of no number", dict_of("ovs", meta={"mtu": "big"}), INVALID, "vif.network.meta.mtu"),
]


@pytest.mark.parametrize("vif,reason,field", [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])
def test_refused(vif, reason, field):
    ours, nova = compare(vif)
    assert ours == f"refused: {reason} {field}"
    assert nova is None or nova.startswith("refused: ")


def forgets_vf(vif):
    """The case that Nova does not handle: its object does not name the VF, or there is none."""
    details = vif["details"]
    others = details.get("vhostuser_fp_plug") or (
        details.get("vhostuser_vrouter_plug") and not details.get("vhostuser_ovs_plug"))
    return (vif["vnic_type"] == "virtio-forwarder" and bool((vif["profile"] or {}).get("pci_slot"))
            and (vif["type"] == "ovs" or (vif["type"] == "vhostuser" and not others)))


@pytest.mark.parametrize("vif", [
    dict_of("ovs", "virtio-forwarder", profile=VF, details={"vhostuser_socket": SOCKET}),
    dict_of("ovs", "virtio-forwarder", profile=VF,
            details={"vhostuser_socket": SOCKET, "ovs_hybrid_plug": True}),
    dict_of("vhostuser", "virtio-forwarder", profile=VF,
            details={**OVS_PLUG, "bridge_name": "br-other"}),
    dict_of("vhostuser", "virtio-forwarder", profile=VF,
            details={"vhostuser_socket": SOCKET, "vhostuser_mode": "client"})])
def test_forgotten_vf(vif):
    """The result is what Nova makes of the same port bound as agilio_ovs."""
    assert forgets_vf(vif)
    ours, nova = compare(vif)
    as_agilio = decode([by_nova({**vif, "type": "agilio_ovs"})])[0]
    assert ours == as_agilio != nova
    assert f" pci_slot={SLOT} " in ours and " kind=representor " in ours


def test_bridge_that_nova_leaves_open():
    """Nova sets no bridge in the network of a vhostuser port without vhostuser_ovs_plug."""
    details = {"vhostuser_socket": SOCKET, "bridge_name": "br-int"}
    vif = dict_of("vhostuser", "virtio-forwarder", profile=VF, details=details,
                  network={"bridge": None})
    same = dict_of("agilio_ovs", "virtio-forwarder", profile=VF, details=details)
    ours, expected = decode([vif, by_nova(same)])
    assert ours == expected


def test_neutron_binding():
    """A binding that Neutron made, in the port of which Nova would make a VIF."""
    with open(os.path.join(SAMPLES, "neutron_subclass_binding.json"), encoding="utf-8") as file:
        binding = json.load(file)
    ours, nova = compare(dict_of(binding["vif_type"], "virtio-forwarder", profile=VF,
                                 details=binding["vif_details"]))
    assert ours == nova
    assert " kind=representor " in ours and " vhost_mode=server " in ours


def constants(prefix):
    return sorted(value for name, value in vars(model).items()
                  if name.startswith(prefix) and isinstance(value, str))


def test_every_combination():
    """All VIF types, VNIC types and flags of Nova's model, in all combinations."""
    flags = ["ovs_hybrid_plug", "vhostuser_ovs_plug", "vhostuser_fp_plug", "vhostuser_vrouter_plug"]
    types, vnic_types = constants("VIF_TYPE_"), constants("VNIC_TYPE_")
    assert len(types) > 15 and len(vnic_types) > 7
    vifs = []
    for vif_type, vnic_type, profile, socket, *on in itertools.product(
            types, vnic_types, ({}, VF), (None, SOCKET), *[(False, True)] * len(flags)):
        if vif_type not in ("ovs", "agilio_ovs", "vhostuser") and any(on):
            continue
        details = {"datapath_type": "netdev", **dict(zip(flags, on))}
        if socket:
            details["vhostuser_socket"] = socket
        vifs.append(dict_of(vif_type, vnic_type, profile=profile, details=details))
    expected = [by_nova({**vif, "type": "agilio_ovs"} if forgets_vf(vif) else vif) for vif in vifs]
    refused = "refused: "
    nova_lines = iter(decode([primitive for primitive in expected if primitive]))
    accepted = 0
    for vif, primitive, ours in zip(vifs, expected, decode(vifs)):
        nova = next(nova_lines) if primitive else refused
        if nova.startswith(refused):
            assert ours.startswith(refused), vif
        else:
            assert ours == nova, vif
            accepted += 1
    assert accepted > 200
