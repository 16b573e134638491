# SPDX-License-Identifier: Apache-2.0
"""VIFs in the forms that the daemon accepts: os-vif objects, Nova's dicts, native VIFs."""

ID = "b1a6d2f4-52a4-4b2a-8a44-5b3f8e7a1c11"
SHORT = ID[:11]
ADDRESS = "fa:16:3e:4c:2c:30"
TAP = f"tap{SHORT}"
MTU = 1450

OVS = "VIFPortProfileOpenVSwitch"
REPRESENTOR = "VIFPortProfileOVSRepresentor"
PROFILE_VERSIONS = {OVS: "1.3", REPRESENTOR: "1.3"}


def primitive(name, version, **data):
    """Returns an object in the form of obj_to_primitive()."""
    return {"versioned_object.name": name, "versioned_object.namespace": "os_vif",
            "versioned_object.version": version, "versioned_object.data": data,
            "versioned_object.changes": sorted(data)}


def network(bridge="br-int", mtu=MTU):
    members = {"mtu": mtu} if mtu else {}
    return primitive("Network", "1.1", id="6a1d2f0c-52a4-4b2a-8a44-5b3f8e7a1c11", label="net",
                     bridge=bridge, **members)


def profile(name=OVS, datapath=None, slot=None, interface_id=None, vif_id=ID, **members):
    if datapath:
        members["datapath_type"] = datapath
    if slot:
        members["datapath_offload"] = primitive(
            "DatapathOffloadRepresentor", "1.0", representor_name=TAP, representor_address=slot)
        members["representor_name"] = TAP
        members["representor_address"] = slot
    return primitive(name, PROFILE_VERSIONS[name], interface_id=interface_id or vif_id, **members)


def osvif(name, port_profile, bridge="br-int", mtu=MTU, vif_id=ID, version="1.0", **members):
    """Returns an os-vif VIF object."""
    return primitive(name, version, id=vif_id, address=ADDRESS, active=False,
                     has_traffic_filtering=False, preserve_on_delete=True, plugin="ovs",
                     port_profile=port_profile, network=network(bridge, mtu), **members)


def vhost_user(mode="server", path="/usr/local/var/run/vm1", datapath="netdev", vif_id=ID,
               interface_id=None, **members):
    return osvif("VIFVHostUser", profile(datapath=datapath, vif_id=vif_id,
                                         interface_id=interface_id),
                 mode=mode, path=path, vif_name=f"vhu{vif_id[:11]}", vif_id=vif_id, version="1.1",
                 **members)


def forwarder(slot, path, mode="server", **members):
    """Returns what Nova makes of VNIC type virtio-forwarder."""
    return osvif("VIFVHostUser", profile(REPRESENTOR, slot=slot), mode=mode, path=path,
                 vif_name=TAP, version="1.1", **members)


def host_device(slot, datapath=None, name=REPRESENTOR, vif_id=ID, **members):
    if name == REPRESENTOR:
        port_profile = profile(REPRESENTOR, datapath, slot, vif_id=vif_id)
    else:
        port_profile = profile(OVS, datapath, vif_id=vif_id)
    return osvif("VIFHostDevice", port_profile, dev_address=slot, dev_type="ethernet",
                 vif_id=vif_id, **members)


def ovs(datapath="system", create_port=True, vif_name=TAP, interface_id=None, bridge="br-int",
        vif_id=ID, **members):
    more = {key: members.pop(key) for key in ("create_tap", "multiqueue") if key in members}
    return osvif("VIFOpenVSwitch", profile(datapath=datapath, create_port=create_port,
                                           interface_id=interface_id, vif_id=vif_id, **more),
                 vif_name=vif_name, bridge_name=bridge, bridge=bridge, vif_id=vif_id, **members)


def hybrid(datapath="system", linux_bridge=f"qbr{SHORT}", **members):
    return osvif("VIFBridge", profile(datapath=datapath), vif_name=TAP, bridge_name=linux_bridge,
                 **members)
