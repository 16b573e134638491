# SPDX-License-Identifier: Apache-2.0
"""What Nova does with a VIF while its server moves, stops or fails: its plugs and unplugs on two hosts, in Nova's
order and with the VIFs that Nova has in its hands at that point, end with the VIF where the server is.

The functions named are those of nova.compute.manager (without a prefix) and nova.virt.libvirt.driver (`driver.`),
the same in Nova 26 and 31. docs/openstack.md has this table for people.
"""

import os
import re

import pytest

from ports import INSTANCE, port_id, slot, vf_port
from worker import WorkerError

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OTHER_INSTANCE = "bbbbcccc-1111-4222-8333-444455556666"

# Bindings of the port: the VF's PCI address, and the number in the socket's path.
BINDINGS = {
    "A": (slot(10), 10),  # On the first host.
    "B": (slot(17), 17),  # On the second host.
    "C": (slot(12), 12),  # On the first host, a second VF.
    "A, socket of B": (slot(10), 17),  # After _get_updated_nw_info_with_pci_mapping().
    "not here": ("0000:5e:01.1", 9),  # A VF that neither host has.
}
FIRST, SECOND = 0, 1


def plug(host, binding, why):
    return ("plug", host, binding, why)


def unplug(host, binding, why):
    return ("unplug", host, binding, why)


def fail(host, binding, why):
    """A plug that fails, because the card refuses the probe."""
    return ("fail", host, binding, why)


def reboot(host):
    """The host comes back: OVSDB has the ports of the boot before."""
    return ("reboot", host, None, None)


SPAWN = plug(FIRST, "A", "driver.spawn, driver._create_guest_with_network")
BEFORE = plug(SECOND, "B", "pre_live_migration, driver._pre_live_migration_plug_vifs: get_dest_vif()")
AFTER = unplug(FIRST, "A", "_post_live_migration, driver.post_live_migration_at_source: source_vif")
# The network info is that of the active binding, which is the source's.
ROLL_BACK = unplug(SECOND, "A", "driver.rollback_live_migration_at_destination, driver.destroy")
POWER_OFF = unplug(FIRST, "A", "_resize_instance, driver.migrate_disk_and_power_off")
FINISH = plug(SECOND, "B", "_finish_resize, driver.finish_migration")

# By name: the steps, and where the VIF is at the end: {host: binding}.
SEQUENCES = {
    "live migration": ([SPAWN, BEFORE, AFTER], {SECOND: "B"}),
    "live migration there and back": (
        [SPAWN, BEFORE, AFTER, plug(FIRST, "C", BEFORE[3]), unplug(SECOND, "B", AFTER[3])], {FIRST: "C"}),
    "live migration, the plug at the destination fails": (
        [SPAWN, fail(SECOND, "B", BEFORE[3]), ROLL_BACK], {FIRST: "A"}),
    "live migration, rolled back after the plug": ([SPAWN, BEFORE, ROLL_BACK], {FIRST: "A"}),
    "live migration, rolled back and repeated": ([SPAWN, BEFORE, ROLL_BACK, BEFORE, AFTER], {SECOND: "B"}),
    "live migration, rolled back with shared instance directories": ([SPAWN, BEFORE], {FIRST: "A", SECOND: "B"}),
    "live migration, the source's nova-compute restarts meanwhile": (
        [SPAWN, BEFORE, plug(FIRST, "A", "init_host, _init_instance, driver.plug_vifs"), AFTER], {SECOND: "B"}),
    "live migration, the server is deleted after it": (
        [SPAWN, BEFORE, AFTER, unplug(SECOND, "B", "driver.destroy, driver._cleanup")], {}),
    "cold migration": (
        [SPAWN, POWER_OFF, FINISH,
         unplug(FIRST, "A, socket of B", "_confirm_resize, driver.confirm_migration, driver._cleanup_resize")],
        {SECOND: "B"}),
    "cold migration, reverted": (
        [SPAWN, POWER_OFF, FINISH, unplug(SECOND, "B", "revert_resize, driver.destroy"),
         plug(FIRST, "A", "_finish_revert_resize, driver.finish_revert_migration")], {FIRST: "A"}),
    "cold migration, it fails at the destination": (
        [SPAWN, POWER_OFF, fail(SECOND, "B", FINISH[3]),
         unplug(SECOND, "B", "driver._create_guest_with_network: driver._cleanup")], {}),
    "resize on the same host": (
        [SPAWN, POWER_OFF, plug(FIRST, "C", FINISH[3])], {FIRST: "C"}),
    "resize on the same host, reverted": (
        [SPAWN, POWER_OFF, plug(FIRST, "C", FINISH[3]), unplug(FIRST, "C", "revert_resize, driver.destroy"),
         plug(FIRST, "A", "driver.finish_revert_migration")], {FIRST: "A"}),
    "evacuation": (
        [SPAWN, plug(SECOND, "B", "rebuild_instance, _rebuild_default_impl, driver.spawn"), reboot(FIRST),
         unplug(FIRST, "B", "_destroy_evacuated_instances, driver.destroy")], {SECOND: "B"}),
    "evacuation to a host with another card": (
        [SPAWN, reboot(FIRST), unplug(FIRST, "not here", "_destroy_evacuated_instances, driver.destroy")], {}),
    "shelve, unshelve": (
        [SPAWN, unplug(FIRST, "A", "_shelve_offload_instance, driver.destroy"),
         plug(SECOND, "B", "_unshelve_instance, driver.spawn")], {SECOND: "B"}),
    "suspend, resume": (
        [SPAWN, plug(FIRST, "A", "driver.resume, driver._create_guest_with_network")], {FIRST: "A"}),
    "stop, start": (
        [SPAWN, unplug(FIRST, "A", "driver.power_on, driver._hard_reboot, driver.destroy"),
         plug(FIRST, "A", "driver._hard_reboot, driver._create_guest_with_network")], {FIRST: "A"}),
    "reboot, soft": ([SPAWN], {FIRST: "A"}),  # driver._soft_reboot starts the domain again, and no more.
    "reboot, hard": (
        [SPAWN, unplug(FIRST, "A", "driver._hard_reboot, driver.destroy"),
         plug(FIRST, "A", "driver._hard_reboot, driver._create_guest_with_network")], {FIRST: "A"}),
    "reboot of the host": (
        [SPAWN, reboot(FIRST), plug(FIRST, "A", "init_host, _init_instance, driver.plug_vifs"),
         unplug(FIRST, "A", "driver.resume_state_on_host_boot, driver._hard_reboot, driver.destroy"),
         plug(FIRST, "A", "driver._hard_reboot, driver._create_guest_with_network")], {FIRST: "A"}),
    "delete": (
        [SPAWN, unplug(FIRST, "A", "driver.destroy, driver._cleanup"),
         unplug(FIRST, "A", "the same again, if the first was interrupted")], {}),
}


def vif(host, binding):
    return host.vif_of(vf_port(1, *BINDINGS[binding]))


def run(step, hosts, restart):
    """Runs one step; its last member says which function of Nova makes it."""
    kind, at, binding, _ = step
    host = hosts[at]
    if kind == "plug":
        host.plug(vif(host, binding))
    elif kind == "unplug":
        host.unplug(vif(host, binding))
    elif kind == "reboot":
        restart("[daemon]\nsocket_group = root\n", "--boot-id=another-boot")
        assert set(one["state"] for one in host.vifs().values()) == {"stale"}
    else:
        host.box.card_settings(refuse_probe="all")
        with pytest.raises(WorkerError):
            host.plug(vif(host, binding))
        host.box.card_settings()


def where(hosts):
    """Returns {host: VF numbers of the port}, and checks that the VIFs are up."""
    found = {}
    for at, host in enumerate(hosts):
        for one in host.vifs().values():
            assert one["vif_id"] == port_id(1) and one["state"] == "up", one
            assert one["representor"]["devargs"] == f"0000:65:00.0,representor=[{one['representor']['vf_num']}]"
            found.setdefault(at, []).append(one["representor"]["vf_num"])
    return found


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_of_nova(two_hosts, configure_card, name):
    steps, end = SEQUENCES[name]
    nothing = [host.rows() for host in two_hosts]
    for step in steps:
        run(step, two_hosts, configure_card)
    assert where(two_hosts) == {at: [BINDINGS[binding][1]] for at, binding in end.items()}
    # The switch has the VIF's port and no more; and a replug where the server is changes nothing.
    for at, host in enumerate(two_hosts):
        if at in end:
            with host.api() as api:
                before = host.rows()
                host.plug(vif(host, end[at]))
                assert host.rows() == before
                api.unplug(port_id(1))
        assert host.rows() == nothing[at]


def test_a_vf_that_a_roll_back_has_left(two_hosts, configure_card):
    """With shared instance directories Nova's roll-back does not unplug at the destination
    (_live_migration_cleanup_flags), and gives the VF to the next server. Its plug says whose the VF is, and the
    unplug that it advises helps."""
    first, _ = two_hosts
    first.plug(vif(first, "A"))  # The destination, this time: the server stays on the other host.
    other = first.vif_of(vf_port(2, *BINDINGS["A"]))
    with pytest.raises(WorkerError):
        first.plug(other, OTHER_INSTANCE)
    (line,) = first.nova.lines("ERROR", "vifplug.os_vif_plugin")
    assert "vf_in_use" in line and port_id(1) in line and INSTANCE in line
    first.box.vifctl("unplug", port_id(1))
    first.plug(other, OTHER_INSTANCE)
    assert [one["vif_id"] for one in first.vifs().values()] == [port_id(2)]
    first.unplug(other, OTHER_INSTANCE)

    # Or the plug takes it, if the configuration says so.
    first.plug(vif(first, "A"))
    configure_card("[daemon]\nsocket_group = root\n[vif]\non_vf_conflict = evict\n")
    first.plug(other, OTHER_INSTANCE)
    assert [one["vif_id"] for one in first.vifs().values()] == [port_id(2)]


def test_the_page_names_each_sequence():
    with open(os.path.join(TOP, "docs", "openstack.md"), encoding="utf-8") as file:
        section = file.read().partition("## What Nova does with a VIF\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][^|]*) \|", section, re.M)
    assert [row for row in rows if row != "what happens"] == list(SEQUENCES)
