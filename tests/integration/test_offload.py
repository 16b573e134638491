# SPDX-License-Identifier: Apache-2.0
"""other_config:hw-offload: reported, set, required."""

import pytest

from api import Api, ApiError, representor, vhost_user, wait_until
from test_card import slot

CONFIG = "[daemon]\nsocket_group = root\n[offload]\nensure_hw_offload = "


@pytest.fixture(autouse=True)
def offload_off(card_box):
    yield
    card_box.vsctl("remove", "Open_vSwitch", ".", "other_config", "hw-offload", "--",
                   "remove", "Open_vSwitch", ".", "external_ids", "vifplug-hw-offload-set")


def offload(api):
    return api.call("status")["offload"]


def restart_vswitchd(box):
    box.stop("ovs-vswitchd")
    box.start_vswitchd()


def test_report(card_box, card_api):
    assert offload(card_api) == {"policy": "report", "hw_offload": False, "in_effect": "no"}
    card_box.vsctl("set", "Open_vSwitch", ".", "other_config:hw-offload=true")
    wait_until(lambda: offload(card_api)["hw_offload"])
    assert offload(card_api)["in_effect"] == "restart_required"
    restart_vswitchd(card_box)
    wait_until(lambda: offload(card_api)["in_effect"] == "yes")


def test_set(card_box, configure_card):
    """The daemon sets the option and stores the time; it takes effect with the next vswitchd. A daemon that
    starts later knows it too."""
    configure_card(CONFIG + "set\n")
    with Api(card_box.socket) as api:
        wait_until(lambda: offload(api)["in_effect"] == "restart_required")
        assert card_box.vsctl("get", "Open_vSwitch", ".", "other_config:hw-offload") == '"true"'
    configure_card(CONFIG + "set\n")
    with Api(card_box.socket) as api:
        assert offload(api)["in_effect"] == "restart_required"
        restart_vswitchd(card_box)
        wait_until(lambda: offload(api)["in_effect"] == "yes")


def test_require(card_box, configure_card):
    configure_card(CONFIG + "require\n")
    with Api(card_box.socket) as api:
        with pytest.raises(ApiError) as refused:
            api.plug(representor(1, slot(10)))
        assert refused.value.reason == "unsupported_vif" and "hw-offload" in refused.value.message
        api.plug(vhost_user(2))
        card_box.vsctl("set", "Open_vSwitch", ".", "other_config:hw-offload=true")
        restart_vswitchd(card_box)
        wait_until(lambda: offload(api)["in_effect"] == "yes")
        assert api.plug(representor(1, slot(10)))["state"] == "up"
