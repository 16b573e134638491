# SPDX-License-Identifier: Apache-2.0
"""The tests read the settings and commands of docs/openstack.md and docs/napatech.md from the documents, and
try them."""

import configparser
import os
import re
import shlex
import sys

import pytest

from conftest import AGENT, TOP

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))

from vifplug import client  # noqa: E402

PF = ("18f4", "01c5", "0000:65:00.0")
VFS = [("18f4", "051a", f"0000:65:{number // 8:02x}.{number % 8}") for number in range(4, 36)]


def document(name):
    with open(os.path.join(TOP, "docs", name), encoding="utf-8") as file:
        return file.read()


def settings(name, section):
    """Returns the lines of all ini blocks of a document that belong to `section`, block by block."""
    blocks = []
    for block in re.findall(r"^ *```ini\n(.*?)^ *```", document(name), re.DOTALL | re.MULTILINE):
        lines = [line.strip() for line in block.splitlines()]
        if f"[{section}]" in lines:
            rest = lines[lines.index(f"[{section}]") + 1:]
            ends = [n for n, line in enumerate(rest) if line.startswith("[")]
            blocks.append([line for line in rest[:ends[0] if ends else None] if line])
    assert blocks, f"{name} has nothing about [{section}]"
    return blocks


def commands(name, beginning):
    """Returns indented command lines with this beginning, joined with their continuation lines."""
    text = re.sub(r" *\\\n +", " ", document(name))
    return [re.sub(r"\s+(#|◆).*", "", line.strip()) for line in text.splitlines()
            if line.startswith("    ") and line.strip().startswith(beginning)]


@pytest.mark.parametrize("name,block", [("openstack.md", 0), ("napatech.md", 0), ("napatech.md", 1)])
def test_device_spec(nova, name, block):
    """It matches all VFs, and not the PF. (If it uses ids, the card's are those of the example.)"""
    specs = [line.partition(" = ")[2] for line in settings(name, "pci")[block]]
    assignable = nova.call("assignable", specs=specs, devices=[PF, *VFS])
    assert assignable == [address for _, _, address in VFS]


def test_plugin_options_and_their_defaults(start_worker):
    worker = start_worker("nova_side.py")
    values = worker.call("option_values", group="os_vif_agilio_ovs")
    told = dict(line.split(" = ") for line in settings("openstack.md", "os_vif_agilio_ovs")[0])
    assert {key: str(value) for key, value in values.items()} == {
        **told, "timeout": str(float(told["timeout"]))}


def test_scheduler_filters(start_worker):
    """Nova has the filters that the document names."""
    lines = settings("openstack.md", "filter_scheduler")[0]
    worker = start_worker("nova_side.py", "[filter_scheduler]\n" + "\n".join(lines))
    filters = worker.call("option_values", group="filter_scheduler")["enabled_filters"]
    from_nova = {name for name in os.listdir("/usr/lib/python3/dist-packages/nova/scheduler/filters")}
    assert "PciPassthroughFilter" in filters and "pci_passthrough_filter.py" in from_nova
    assert "NUMATopologyFilter" in filters and "numa_topology_filter.py" in from_nova


def test_agent_settings_are_those_of_the_tests():
    """test_agent_qos.py and test_whole_way.py run a real agent with them."""
    tested = configparser.ConfigParser()
    tested.read_string(AGENT.format(db="unix:x", extensions="vifplug_qos"))
    for section in ("ovs", "agent", "securitygroup"):
        for line in settings("openstack.md", section)[0]:
            key, _, value = line.partition(" = ")
            assert tested[section][key] == value


def test_controller_settings(start_neutron):
    """The settings work unchanged; each card has its socket."""
    drivers = dict(line.split(" = ") for line in settings("openstack.md", "ml2")[1])  # The first is OVN's.
    plain, cards = settings("openstack.md", "vifplug")
    neutron = start_neutron(*plain, *cards, drivers=drivers["mechanism_drivers"])
    for slot, ids, path in (("0000:65:01.2", "18f4:051a", "/usr/local/var/run/stdvio10"),
                            ("0000:b3:01.2", "18f4:051a", "/usr/local/var/run/card-b3-10")):
        bound = neutron.bind(neutron.port(), slot, ids=ids)
        assert bound["binding:vif_details"]["vhostuser_socket"] == path


@pytest.mark.parametrize("name", ["openstack.md", "napatech.md"])
def test_flavors(nova, name):
    lines = commands(name, "openstack flavor")
    specs = dict(item.split("=") for line in lines for item in re.findall(r"--property (\S+)", line))
    assert "hw:mem_page_size" in specs
    nova.call("check_flavor", extra_specs=specs)


def test_commands_with_the_card(card_box):
    """vifctl and ovs-vsctl on a VF, in the order of the page."""
    lines = [line for line in commands("napatech.md", ("vifctl", "ovs-vsctl --columns"))
             if "probe" in line]
    assert len(lines) == 4
    outputs = [card_box.command(*shlex.split(line)).stdout for line in lines]
    assert "create" in outputs[0] and "representor=[10]" in outputs[2] and "error" in outputs[2]
    assert card_box.vsctl("list-ports", "br-int") == ""


def test_switch_settings(card_box):
    """ovs-vsctl accepts them all; the bridges are as required."""
    for line in commands("napatech.md", ("ovs-vsctl --no-wait", "ovs-vsctl --may-exist add-br")):
        if "dpdk-" in line or "hw-offload" in line or "pmd-cpu-mask" in line:
            key = re.search(r"other_config:([a-z-]+)=", line).group(1)
            assert key in {"dpdk-init", "dpdk-socket-mem", "dpdk-lcore-mask", "pmd-cpu-mask", "hw-offload",
                           "dpdk-extra"}
            continue  # They are for the next start.
        card_box.command(*shlex.split(line))
    assert card_box.vsctl("get", "Bridge", "br-int", "datapath_type") == "netdev"


def test_reasons_exist():
    """Each reason that the pages explain is one of the API or of the client."""
    known = set(re.findall(r"^\| `([a-z_]+)` \|", document("api.md").split("## Errors")[1], re.MULTILINE))
    known |= {kind.reason for kind in (client.Unreachable, client.NoAnswer, client.NotVifplugd)}
    told = set(re.findall(r"^\| `([a-z_]+)`", document("openstack.md").split("## When something fails")[1]
                          .split("##")[0], re.MULTILINE))
    told |= set(re.findall(r"^\| `([a-z_]+)`", document("napatech.md").split("## 7. Errors")[1]
                           .split("##")[0], re.MULTILINE))
    assert len(told) > 8 and told <= known
