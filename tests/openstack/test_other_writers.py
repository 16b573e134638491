# SPDX-License-Identifier: Apache-2.0
"""Neutron's library and its clean-up command as other writers of vifplugd's rows."""

import json

import pytest

from api import Api, representor, vif_id, wait_until
from ovsdb import interface, ports, table
from ports import slot

# Seconds that Neutron may take to start and end on a loaded machine.
START = 240

# Calls OVSBridge of the installed Neutron, in the sandbox, one call after another.
LIBRARY = """
import json, sys
from oslo_config import cfg
from neutron.conf.agent import ovs_conf, ovsdb_api
from neutron.conf.plugins.ml2.drivers import ovs_conf as agent_conf
ovs_conf.register_ovs_agent_opts()
agent_conf.register_ovs_agent_opts()
ovsdb_api.register_ovsdb_api_opts()
cfg.CONF([], project="neutron")
cfg.CONF.set_override("ovsdb_connection", sys.argv[1], group="OVS")
from neutron.agent.common import ovs_lib
bridge = ovs_lib.OVSBridge("br-int")
for method, arguments in json.loads(sys.argv[2]):
    getattr(bridge, method)(*arguments)
"""


def neutron(box, *calls):
    box.command(*box.inside(["/usr/bin/python3", "-W", "ignore", "-c", LIBRARY, box.db,
                             json.dumps(calls)]), timeout=START)


@pytest.fixture
def watcher(card_box):
    with Api(card_box.socket) as one:
        one.call("subscribe")
        yield one


def nothing_is_told(box, watcher):
    """There is no notification when vswitchd has realized all changes, and vifplugd has seen that."""
    box.wait_vswitchd()
    box.wait_seen()
    asked = watcher.send("status")
    assert watcher.receive().get("id") == asked


def test_agent_wires_a_port(card_box, card_api, watcher):
    """Neutron may write VLAN tags, other_config and limits: this is not drift, and vifplugd shows the limits."""
    port = card_api.plug(representor(1, slot(10)))["port"]
    assert watcher.receive()["method"] == "vif.plugged"
    neutron(card_box, ("set_db_attribute", ("Port", port, "tag", 7)),
            ("set_db_attribute", ("Port", port, "other_config", {"tag": "7", "net_uuid": "n"})),
            ("set_db_attribute", ("Interface", port, "other_config", {"x": "y"})),
            ("create_egress_bw_limit_for_port", (port, 3000, 2400)))
    nothing_is_told(card_box, watcher)
    vif = card_api.get_vif(1)
    assert vif["state"] == "up"
    assert vif["qos"]["egress"] == {"max_kbps": 3000, "max_burst_kbps": 2400}
    assert card_api.plug(representor(1, slot(10)))["changed"] is False
    assert card_api.get_vif(1)["qos"] == vif["qos"]
    card_api.unplug(vif_id(1))


def test_either_finds_the_other_s_limits(card_box, card_api):
    """On a vhost-user port, which Neutron's library treats as a DPDK port."""
    from api import vhost_user  # pylint: disable=import-outside-toplevel
    port = card_api.plug(vhost_user(1))["port"]
    neutron(card_box, ("update_ingress_bw_limit_for_port", (port, 5000, 1000)))
    assert card_api.get_vif(1)["qos"]["ingress"] == {"max_kbps": 5000, "max_burst_kbps": 1000}
    card_api.call("update", vif_id=vif_id(1), qos={"ingress": {"max_kbps": 2000}})
    rows = table(card_box, "QoS", ("type", "external_ids", "other_config"))
    assert [row["external_ids"] for row in rows] == [{"id": port}]
    neutron(card_box, ("update_ingress_bw_limit_for_port", (port, 8000, 800)))
    rows = table(card_box, "QoS", ("other_config",))
    assert rows == [{"other_config": {"cir": "1000000", "cbs": "100000"}}], "it found our row"
    card_api.unplug(vif_id(1))
    assert table(card_box, "QoS", ("_uuid",)) == []


def test_deleted_by_the_library(card_box, card_api, watcher):
    port = card_api.plug(representor(1, slot(10)))["port"]
    assert watcher.receive()["method"] == "vif.plugged"
    neutron(card_box, ("delete_port", (port,)))
    event = watcher.receive()
    assert event["method"] == "vif.drifted"
    assert event["params"]["drift"] == [{"field": "port", "expected": port, "found": ""}]
    assert card_api.unplug(vif_id(1))["changed"] is False


def cleanup(box, tmp_path):
    config = tmp_path / "neutron.conf"
    config.write_text(f"[OVS]\novsdb_connection = {box.db}\n[ovs]\novsdb_connection = {box.db}\n"
                      f"[DEFAULT]\nstate_path = {tmp_path}\n[privsep]\nhelper_command = privsep-helper\n",
                      encoding="ascii")
    # The function that the script of that name calls; in Debian the script is in a package with services.
    box.command(*box.inside(["/usr/bin/python3", "-W", "ignore", "-c",
                             "from neutron.cmd.ovs_cleanup import main; main()",
                             "--config-file", str(config)]), timeout=START)


def test_neutron_ovs_cleanup(card_box, card_api, watcher, tmp_path):
    """It deletes every port with an iface-id; the daemon reports this, and unplugging the missing ports
    succeeds."""
    port = card_api.plug(representor(1, slot(10)))["port"]
    assert watcher.receive()["method"] == "vif.plugged"
    cleanup(card_box, tmp_path)
    assert port not in ports(card_box, "br-int")
    assert watcher.receive()["method"] == "vif.drifted"
    assert [vif["state"] for vif in card_api.call("list")["vifs"]] == ["missing"]
    assert card_api.plug(representor(1, slot(10)))["state"] == "up"


def test_neutron_ovs_cleanup_is_repaired(card_box, configure_card, tmp_path):
    configure_card("[daemon]\nsocket_group = root\n[ovs]\nrepair = yes\n")
    with Api(card_box.socket) as api:
        port = api.plug(representor(1, slot(10)))["port"]
        cleanup(card_box, tmp_path)
        wait_until(lambda: (interface(card_box, port) or {"ofport": -1})["ofport"] not in (-1, []), 15,
                   "the port is back")
        assert interface(card_box, port)["external_ids"]["iface-id"] == vif_id(1)
