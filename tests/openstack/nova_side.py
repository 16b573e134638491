# SPDX-License-Identifier: Apache-2.0
"""nova-compute's side, in a separate process: Nova's code from a port's dict to os-vif and the guest XML.

Only the HTTP client to Neutron is replaced; it takes its data from the request.

It runs like nova-compute, under eventlet or in threads; Nova's variable OS_NOVA_DISABLE_EVENTLET_PATCHING
decides. `threading` and `time` work for both, because eventlet patches them.
"""

import sys

# Starts like nova-compute, before any other import: patches like this release.
from nova.cmd import compute  # noqa: F401  pylint: disable=unused-import

import threading  # noqa: E402
import types  # noqa: E402

import os_vif  # noqa: E402
from oslo_log import log as logging  # noqa: E402
from oslo_versionedobjects import base as registry  # noqa: E402
from oslo_versionedobjects import fields  # noqa: E402

from nova import config  # noqa: E402
import nova.conf  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402
from nova.api.validation.extra_specs import validators  # noqa: E402
from nova.network import model  # noqa: E402
from nova.network import neutron  # noqa: E402
from nova.network import os_vif_util  # noqa: E402
from nova.pci import whitelist  # noqa: E402
from nova.virt.libvirt import driver as libvirt_driver  # noqa: E402
from nova.virt.libvirt import migration  # noqa: E402
from nova.virt.libvirt import vif as libvirt_vif  # noqa: E402

import worker  # noqa: E402


class NeutronClient:
    """What Nova requests from Neutron while it builds a VIF model."""

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
    """Returns Neutron's port in the form of Nova's network info cache."""
    client = NeutronClient(subnets)
    neutron.get_client = lambda *_, **__: client
    return neutron.API()._build_vif_model(context.get_admin_context(), client, port, networks, [])


def instance_of(uuid):
    return objects.Instance(uuid=uuid, id=1, project_id="project", host="compute", os_type=None,
                            system_metadata={}, image_ref=None,
                            flavor=objects.Flavor(extra_specs={}, vcpus=1, memory_mb=128, name="f"))


def build(port, networks=(), subnets=()):
    """Returns the VIF model in the form of JSON."""
    return vif_model(port, networks, subnets)


def plug(vif, instance):
    libvirt_vif.LibvirtGenericVIFDriver().plug(instance_of(instance), model.VIF.hydrate(vif))


def unplug(vif, instance):
    libvirt_vif.LibvirtGenericVIFDriver().unplug(instance_of(instance), model.VIF.hydrate(vif))


def plug_and_tick(vif, instance):
    """Plugs while another thread counts; returns how often that thread ran."""
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.01):
            ticks.append(1)
    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        plug(vif, instance)
    finally:
        done.set()
        ticker.join()
    return len(ticks)


def plug_all(vifs, instance):
    """Plugs all at once, each in a thread; returns the errors."""
    errors = []

    def plug_one(vif):
        try:
            plug(vif, instance)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(str(error))
    threads = [threading.Thread(target=plug_one, args=(vif,)) for vif in vifs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def concurrency():
    """Returns what Nova runs in."""
    patcher = sys.modules.get("eventlet.patcher")
    return "eventlet" if patcher and patcher.is_monkey_patched("thread") else "threads"


def guest_xml(vif, instance):
    """Returns the <interface> that Nova gives to libvirt."""
    meta = objects.ImageMeta(properties=objects.ImageMetaProps())
    one = instance_of(instance)
    config_object = libvirt_vif.LibvirtGenericVIFDriver().get_config(
        one, model.VIF.hydrate(vif), meta, one.flavor, "qemu")
    return config_object.to_xml()


def versions(vif, instance):
    """Plugs the object in every combination of versions that this os-vif can write."""
    info = os_vif_util.nova_to_osvif_instance(instance_of(instance)).obj_to_primitive()
    manager = os_vif._EXT_MANAGER["agilio_ovs"].obj
    made = []
    latest = os_vif.objects.vif.VIFPortProfileOVSRepresentor.VERSION
    for vif_version in ("1.0", "1.1"):
        for profile_version in [f"1.{minor}" for minor in range(int(latest.partition(".")[2]) + 1)]:
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
    """Returns name and class of all os-vif plugins, and what host_info() reports about ours."""
    info = os_vif.host_info()
    described = {plugin.plugin_name: plugin.obj_to_primitive() for plugin in info.plugin_info}
    return {"classes": {name: os_vif._EXT_MANAGER[name].plugin.__module__
                        for name in os_vif._EXT_MANAGER.names()},
            "described": [described["agilio_ovs"], described["vifplug"]]}


def later_versions(vif, instance):
    """Plugs an object of a later os-vif: newer versions, and unknown members. What it registers stays
    registered in this process."""
    source = os_vif_util.nova_to_osvif_vif(model.VIF.hydrate(vif))

    @registry.VersionedObjectRegistry.register
    class VIFPortProfileOVSRepresentor(type(source.port_profile)):
        VERSION = "1.9"
        fields = {"novelty": fields.StringField()}

    @registry.VersionedObjectRegistry.register
    class VIFVHostUser(type(source)):
        VERSION = "1.9"
        fields = {"novelty": fields.DictOfStringsField()}

    def later(kind, one, **members):
        for name in one.fields:
            if name in one and name not in members:
                members[name] = getattr(one, name)
        return kind(novelty=members.pop("novelty"), **members)
    profile = later(VIFPortProfileOVSRepresentor, source.port_profile, novelty="x")
    vif = later(VIFVHostUser, source, port_profile=profile, novelty={"x": "y"})
    os_vif.plug(vif, os_vif_util.nova_to_osvif_instance(instance_of(instance)))


def migrate_data(vif, destination):
    """Returns what Nova passes between the hosts of a live migration: `destination` is the port with the binding
    on the destination."""
    moving = objects.VIFMigrateData(
        port_id=vif["id"], source_vif=model.VIF.hydrate(vif), host="other",
        vnic_type=destination["binding:vnic_type"], vif_type=destination["binding:vif_type"],
        vif_details=destination["binding:vif_details"], profile=destination["binding:profile"])
    return objects.LibvirtLiveMigrateData(vifs=[moving], bdms=[], serial_listen_addr=None,
                                          serial_listen_ports=[])


def driver_with_vifs():
    """Returns a LibvirtDriver without a libvirt, for its functions that plug and unplug."""
    one = libvirt_driver.LibvirtDriver.__new__(libvirt_driver.LibvirtDriver)
    one.vif_driver = libvirt_vif.LibvirtGenericVIFDriver()
    one.cpu_api = types.SimpleNamespace(power_down_for_instance=lambda _: None)  # Of later releases.
    return one


def awaited_events(vif):
    """Returns the events that the source of a live migration awaits from Neutron before it migrates."""
    return [list(event) for event in model.NetworkInfo.hydrate([vif]).get_live_migration_plug_time_events()]


def plug_before_migration(vif, destination, instance):
    """Plugs at the destination of a live migration, before it."""
    driver_with_vifs()._pre_live_migration_plug_vifs(instance_of(instance), None, migrate_data(vif, destination))


def unplug_after_migration(vif, instance):
    """Unplugs at the source of a live migration, after it."""
    driver_with_vifs().post_live_migration_at_source(
        context.get_admin_context(), instance_of(instance), model.NetworkInfo.hydrate([vif]))


def migrated_xml(vif, destination, instance, xml):
    """Returns a server's XML as Nova rewrites it for its port's binding on the destination of a live
    migration."""
    meta = objects.ImageMeta(properties=objects.ImageMetaProps())
    one = instance_of(instance)
    driver = libvirt_vif.LibvirtGenericVIFDriver()
    data = migrate_data(vif, destination)
    return migration.get_updated_guest_xml(
        one, types.SimpleNamespace(get_xml_desc=lambda **_: xml), data, None,
        get_vif_config=lambda vif: driver.get_config(one, vif, meta, one.flavor, "qemu"))


def assignable(specs, devices):
    """Returns which of the devices, (vendor, product, address), Nova gives to servers by [pci] device_spec."""
    nova.conf.CONF.set_override("device_spec", specs, "pci")
    listed = whitelist.Whitelist(nova.conf.CONF.pci.device_spec)
    nova.conf.CONF.clear_override("device_spec", "pci")
    return [address for vendor, product, address in devices
            if listed.device_assignable({"vendor_id": vendor, "product_id": product,
                                         "address": address, "dev_type": "type-VF"})]


def check_flavor(extra_specs):
    """Raises if Nova's API would refuse one of a flavor's properties."""
    for name, value in extra_specs.items():
        validators.validate(name, value)


def option_values(group):
    """Returns all options of a group, as the service reads them."""
    return dict(nova.conf.CONF[group].items())


def main():
    config.parse_args(["nova-compute", "--config-file", sys.argv[1]], configure_db=False,
                      init_rpc=False)
    logging.setup(nova.conf.CONF, "nova")
    objects.register_all()
    os_vif.initialize()
    worker.serve({function.__name__: function for function in (
        build, plug, unplug, plug_and_tick, plug_all, concurrency, guest_xml, versions, later_versions, plugins,
        awaited_events, plug_before_migration, unplug_after_migration, migrated_xml, assignable, check_flavor,
        option_values)})


main()
