# SPDX-License-Identifier: Apache-2.0
"""Bridges that vifplugd creates before a real neutron-openvswitch-agent first runs, and after it has run."""

from api import Api, representor, vif_id, wait_until
from ovsdb import ports, table
from test_card import exchange, flows, slot

OPEN = {"port_security_enabled": False, "security_groups": []}  # testpmd's frames have other addresses.
CONFIG = "[daemon]\nsocket_group = root\n[ovs]\nfail_mode = {}\n"


def fail_modes(box):
    return {row["name"]: row["fail_mode"] or "" for row in table(box, "Bridge", ("name", "fail_mode"))}


def test_the_agent_takes_over_what_was_created(card_box, configure_card, request):
    """No frame passes on a secure bridge until the agent programs it; afterwards `auto` finds the evidence
    that the agent leaves."""
    configure_card(CONFIG.format("secure"))
    with Api(card_box.socket) as api:
        reply = api.plug(representor(1, slot(9)))
        assert "fail_mode=secure" in reply["warnings"][0]
        assert fail_modes(card_box) == {"br-int": "secure"}
        assert card_box.command("ovs-ofctl", "dump-flows", "br-int").stdout.count("actions=") == 0
        api.unplug(vif_id(1))
    request.getfixturevalue("host")
    serve = request.getfixturevalue("serve")
    (_, _, first), (_, _, second) = serve(10, **OPEN), serve(17, **OPEN)
    flows(first, second, 1000)
    exchange(first, second, 1000)
    wait_until(lambda: set(fail_modes(card_box).values()) == {"secure"}, what="the agent's are secure")
    assert len(ports(card_box, "br-int")) >= 2

    configure_card(CONFIG.format("auto"))
    with Api(card_box.socket) as api:
        reply = api.plug(representor(1, slot(9), bridge="br-new"))
        assert "has a controller or fail_mode=secure" in reply["warnings"][0]
        assert fail_modes(card_box)["br-new"] == "secure"
