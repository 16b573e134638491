"""nova-compute's side, in a process of its own: Nova's code from a port's dict to os-vif and the guest XML.

Of Nova nothing is replaced but the HTTP client to Neutron, which here answers from the request.
"""

import sys

# As nova-compute does, before anything else is imported.
from nova import monkey_patch  # noqa: F401  pylint: disable=unused-import

import eventlet  # noqa: E402
import os_vif  # noqa: E402
from oslo_log import log as logging  # noqa: E402

from nova import config  # noqa: E402
import nova.conf  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402
from nova.network import model  # noqa: E402
from nova.network import neutron  # noqa: E402
from nova.network import os_vif_util  # noqa: E402
from nova.virt.libvirt import vif as libvirt_vif  # noqa: E402

import worker  # noqa: E402


class NeutronClient:
    """What Nova asks Neutron for while it builds a VIF model."""

    def __init__(self, subnets):
        self.subnets = subnets

    def list_subnets(self, **_):
        return {"subnets": self.subnets}

    def list_ports(self, **_):
        return {"ports": []}

    def list_floatingips(self, **_):
        return {"floatingips": []}

    def list_extensions(self, **_):
        return {"extensions": []}

    def show_network(self, network_id, **_):
        return {"network": {"id": network_id}}


def vif_model(port, networks, subnets):
    """Neutron's port as Nova's network info cache has it."""
    client = NeutronClient(subnets)
    neutron.get_client = lambda *_, **__: client
    return neutron.API()._build_vif_model(context.get_admin_context(), client, port, networks, [])


def instance_of(uuid):
    return objects.Instance(uuid=uuid, id=1, project_id="project", host="compute", os_type=None,
                            system_metadata={}, image_ref=None,
                            flavor=objects.Flavor(extra_specs={}, vcpus=1, memory_mb=128, name="f"))


def build(port, networks=(), subnets=()):
    """The VIF model, as JSON has it."""
    return vif_model(port, networks, subnets)


def plug(vif, instance):
    libvirt_vif.LibvirtGenericVIFDriver().plug(instance_of(instance), model.VIF.hydrate(vif))


def unplug(vif, instance):
    libvirt_vif.LibvirtGenericVIFDriver().unplug(instance_of(instance), model.VIF.hydrate(vif))


def plug_and_tick(vif, instance):
    """Plugs while another green thread counts: how often it came to run."""
    ticks = []

    def tick():
        while True:
            ticks.append(1)
            eventlet.sleep(0.01)
    ticker = eventlet.spawn(tick)
    try:
        plug(vif, instance)
    finally:
        ticker.kill()
    return len(ticks)


def plug_all(vifs, instance):
    """Plugs all at once, each in a green thread."""
    threads = [eventlet.spawn(plug, vif, instance) for vif in vifs]
    for thread in threads:
        thread.wait()


def guest_xml(vif, instance):
    """The <interface> that Nova gives to libvirt."""
    meta = objects.ImageMeta(properties=objects.ImageMetaProps())
    one = instance_of(instance)
    config_object = libvirt_vif.LibvirtGenericVIFDriver().get_config(
        one, model.VIF.hydrate(vif), meta, one.flavor, "qemu")
    return config_object.to_xml()


def primitive(vif):
    """The os-vif object that Nova makes."""
    return os_vif_util.nova_to_osvif_vif(model.VIF.hydrate(vif)).obj_to_primitive()


def versions(vif, instance):
    """Plugs the object in every combination of versions that this os-vif can write it in."""
    info = os_vif_util.nova_to_osvif_instance(instance_of(instance)).obj_to_primitive()
    manager = os_vif._EXT_MANAGER["agilio_ovs"].obj
    made = []
    for vif_version in ("1.0", "1.1"):
        for profile_version in ("1.0", "1.1", "1.2", "1.3"):
            source = os_vif_util.nova_to_osvif_vif(model.VIF.hydrate(vif))
            primitive_ = source.obj_to_primitive(target_version=vif_version, version_manifest={
                "VIFVHostUser": vif_version, "VIFPortProfileOVSRepresentor": profile_version})
            profile = primitive_["versioned_object.data"]["port_profile"]
            profile.update(source.port_profile.obj_to_primitive(target_version=profile_version))
            result = manager._client().plug(primitive_, info)
            made.append([primitive_["versioned_object.version"], profile["versioned_object.version"],
                         sorted(profile["versioned_object.data"]), result["state"],
                         result["changed"]])
    return made


def plugins():
    """Name and class of all os-vif plugins, and what host_info() makes of ours."""
    info = os_vif.host_info()
    described = {plugin.plugin_name: plugin.obj_to_primitive() for plugin in info.plugin_info}
    return {"classes": {name: os_vif._EXT_MANAGER[name].plugin.__module__
                        for name in os_vif._EXT_MANAGER.names()},
            "vifplug": described["vifplug"]}


def main():
    config.parse_args(["nova-compute", "--config-file", sys.argv[1]], configure_db=False,
                      init_rpc=False)
    logging.setup(nova.conf.CONF, "nova")
    objects.register_all()
    os_vif.initialize()
    worker.serve({function.__name__: function for function in (
        build, plug, unplug, plug_and_tick, plug_all, guest_xml, primitive, versions, plugins)})


main()
