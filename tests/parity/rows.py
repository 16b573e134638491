# SPDX-License-Identifier: Apache-2.0
"""The rows of docs/vif-types.md: VIFs in every form that leads there, and the results."""

import dataclasses
import json

import cases
import state
import vifs
from api import Api
from sides import instance_info

GENERIC_SOCKET = "/usr/local/var/run/vm1"


@dataclasses.dataclass(frozen=True)
class Row:
    """A VIF in its forms; missing forms are left out. `setting` names the difference to the row of the same
    VIF without it, `config` sets it in the daemon's configuration."""

    osvif: dict = None
    nova: tuple = ()
    native: dict = None
    datapath: str = "netdev"
    bridge: str = "br-int"
    setting: str = ""
    config: str = ""

    @property
    def forms(self):
        return [vif for vif in (self.osvif, *self.nova, self.native) if vif]


def nova(vif_type, vnic_type="normal", slot=None, **details):
    """Returns a VIF in the form that Nova stores."""
    members = {key: details.pop(key) for key in ("delegate_create",) if key in details}
    return {"id": vifs.ID, "address": vifs.ADDRESS, "type": vif_type, "vnic_type": vnic_type,
            "devname": vifs.TAP, "ovs_interfaceid": vifs.ID, "details": details, **members,
            "profile": {"pci_slot": slot} if slot else {},
            "network": {"id": "6a1d2f0c-52a4-4b2a-8a44-5b3f8e7a1c11", "bridge": "br-int",
                        "label": "net", "subnets": [], "meta": {"mtu": vifs.MTU}}}


def native(kind, bridge="br-int", **members):
    return {"vif_id": vifs.ID, "kind": kind, "address": vifs.ADDRESS, "bridge": bridge,
            "mtu": vifs.MTU, **members}


def native_socket(path, mode):
    return {"path": path, "mode": mode}


def forwarder_dicts(slot, path, mode):
    """Returns the dicts of VNIC type virtio-forwarder."""
    socket = {"vhostuser_socket": path, "vhostuser_mode": mode}
    return (nova("agilio_ovs", "virtio-forwarder", slot, **socket),
            nova("ovs", "virtio-forwarder", slot, **socket),
            nova("vhostuser", "virtio-forwarder", slot, vhostuser_ovs_plug=True, **socket))


def vhost_user_row(mode, path, **members):
    return Row(vifs.vhost_user(mode, path),
               (nova("vhostuser", vhostuser_ovs_plug=True, vhostuser_socket=path,
                     vhostuser_mode=mode),),
               native("vhost-user", vhost_user=native_socket(path, mode)), **members)


def representor_row(slot, path, mode):
    return Row(vifs.forwarder(slot, path, mode), forwarder_dicts(slot, path, mode),
               native("representor", pci_slot=slot, vhost_user=native_socket(path, mode)))


def ovs_rows(datapath):
    """Returns the variants of VIFOpenVSwitch."""
    name = {"vif_name": vifs.TAP, "datapath_type": datapath}
    return [
        Row(vifs.ovs(datapath, False),
            (nova("ovs", delegate_create=False, datapath_type=datapath),),
            native("ovs", create_port=False, **name), datapath),
        Row(vifs.ovs(datapath), (nova("ovs", delegate_create=True, datapath_type=datapath),),
            native("ovs", **name), datapath),
        Row(vifs.ovs(datapath, create_tap=True), (), native("ovs", create_tap=True, **name),
            datapath),
        Row(vifs.ovs(datapath, create_tap=True, multiqueue=True), (),
            native("ovs", create_tap=True, multiqueue=True, **name), datapath)]


def hybrid_row(datapath, **members):
    return Row(vifs.hybrid(datapath),
               (nova("ovs", ovs_hybrid_plug=True, datapath_type=datapath),),
               native("hybrid", datapath_type=datapath), datapath, **members)


ROWS = [
    representor_row(cases.NAPATECH_VF, cases.NAPATECH_SOCKET, "server"),
    representor_row(cases.GENERIC_VF, GENERIC_SOCKET, "client"),
    Row(vifs.host_device(cases.GENERIC_VF), (nova("ovs", "direct", cases.GENERIC_VF),
                                             nova("agilio_ovs", "direct", cases.GENERIC_VF)),
        native("representor", pci_slot=cases.GENERIC_VF)),
    Row(vifs.host_device(cases.GENERIC_VF, "netdev", vifs.OVS), (),
        native("representor", pci_slot=cases.GENERIC_VF)),
    Row(vifs.host_device(cases.KERNEL_VF), (nova("ovs", "direct", cases.KERNEL_VF),
                                            nova("ovs", "vdpa", cases.KERNEL_VF)),
        native("kernel-representor", pci_slot=cases.KERNEL_VF), "system"),
    Row(vifs.host_device(cases.KERNEL_VF, "system", vifs.OVS), (),
        native("kernel-representor", pci_slot=cases.KERNEL_VF), "system"),
    vhost_user_row("server", GENERIC_SOCKET),
    vhost_user_row("client", cases.CLIENT_SOCKET),
    *ovs_rows("netdev"), *ovs_rows("system"),
    hybrid_row("netdev"), hybrid_row("system"),
]

LIMITS = {"egress": {"max_kbps": 10000, "max_burst_kbps": 1000}, "ingress": {"max_kbps": 20000}}
TAP_NAME = {"vif_name": vifs.TAP}

SETTINGS = [
    Row(vifs.ovs("netdev", create_tap=True), (), native("ovs", create_tap=True, **TAP_NAME),
        setting="`per_port_bridge = yes`", config="[vif]\nper_port_bridge = yes\n"),
    Row(vifs.ovs("system", False),
        (nova("ovs", delegate_create=False, datapath_type="system"),),
        native("ovs", create_port=False, **TAP_NAME), "system",
        setting="`per_port_bridge = yes`, without `create_port`",
        config="[vif]\nper_port_bridge = yes\n"),
    vhost_user_row("server", GENERIC_SOCKET, setting="`isolate_vif = yes`",
                   config="[vif]\nisolate_vif = yes\n"),
    hybrid_row("system", setting="`default_qos_type = linux-fq_codel`",
               config="[vif]\ndefault_qos_type = linux-fq_codel\n"),
    Row(vifs.vhost_user(mtu=None), (), setting="`network_device_mtu = 1400`, a VIF without MTU",
        config="[vif]\nnetwork_device_mtu = 1400\n"),
    Row(vifs.forwarder(cases.NAPATECH_VF, cases.NAPATECH_SOCKET),
        forwarder_dicts(cases.NAPATECH_VF, cases.NAPATECH_SOCKET, "server"),
        native("representor", pci_slot=cases.NAPATECH_VF, vif_name=vifs.TAP),
        setting="`port-name = vif_name` of the NIC's profile",
        config="[nic napatech]\nport-name = vif_name\n"),
    Row(vifs.vhost_user(bridge=cases.TRUNK), (),
        native("vhost-user", cases.TRUNK, vhost_user=native_socket(GENERIC_SOCKET, "server")),
        bridge=cases.TRUNK, setting="a trunk bridge"),
    Row(native=native("representor", pci_slot=cases.NAPATECH_VF, qos=LIMITS),
        setting="`qos`, in OVS-DPDK"),
    Row(native=native("hybrid", qos=LIMITS), datapath="system",
        setting="`qos`, on the kernel's datapath"),
]


# --- The results. ---

@dataclasses.dataclass(frozen=True)
class Outcome:
    """States of the switch."""

    before: dict
    plugged: dict
    after: dict


def plug_and_unplug(box, vif, datapath, bridge):
    """Plugs and unplugs one VIF, in one form, on an existing bridge."""
    wait = "committed" if datapath == "system" else "realized"
    vif = json.loads(json.dumps(vif).replace("{run}", box.run))
    box.vsctl(*cases.bridge(bridge, datapath))
    before = state.look(box)
    with Api(box.socket) as api:
        api.call("plug", vif=vif, instance=instance_info(), wait=wait)
        plugged = state.look(box)
        api.call("unplug", vif=vif, wait=wait)
    return Outcome(before, plugged, state.look(box))


def outcomes(vifplugd, row, clear):
    """Returns the result of each of the row's forms. `clear` restores the initial state of a sandbox."""
    vifplugd.restart(row.config)
    found = []
    for vif in row.forms:
        try:
            found.append(plug_and_unplug(vifplugd.box, vif, row.datapath, row.bridge))
        finally:
            clear(vifplugd.box)
    return found
