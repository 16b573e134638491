# SPDX-License-Identifier: Apache-2.0
"""The switch's own words: the error of a port that failed has what ovs-vswitchd logged about it."""

import os

import pytest

from api import Api, ApiError, representor, vif_id
from test_card import slot


def refused(api, vif):
    with pytest.raises(ApiError) as error:
        api.plug(vif)
    assert error.value.reason == "not_realized"
    return error.value


def own_log(sandbox):
    with open(f"{sandbox.log}/vifplugd.log", encoding="utf-8", errors="replace") as file:
        return file.read()


def port_of(n):
    return f"vfr{vif_id(n)[:11]}"


def test_the_drivers_words(card_box, card_api):
    """A VF that the driver refuses, among others that work."""
    card_box.card_settings(refuse_probe=12)
    ids = {card_api.send("plug", vif=representor(number, slot(number)), instance={"uuid": "i"}): number
           for number in (10, 12, 13)}
    replies = card_api.collect(list(ids))
    failed = [ids[number] for number, reply in replies.items() if "error" in reply]
    assert failed == [12]
    detail = next(reply["error"]["data"]["detail"] for reply in replies.values() if "error" in reply)
    assert detail.startswith("Error attaching device '0000:65:00.0,representor=[12]'")
    words = detail.partition("; ovs-vswitchd.log: ")[2]
    assert "|representor 12: refused by refuse-probe" in words.replace("0000:65:00.0: ", "|"), detail
    assert "representor=[12]" in words and "representor=[10]" not in words and len(detail) < 1536
    line = next(line for line in own_log(card_box).splitlines() if f"plug {vif_id(12)}: not_realized" in line)
    assert words in line


def test_an_mtu_that_the_card_refuses(card_box, card_api):
    """OVSDB only shows another MTU, or "Invalid argument"."""
    card_box.card_settings(max_mtu=2000)
    error = refused(card_api, representor(1, slot(10), mtu=9000))
    assert f"|Interface {port_of(1)} MTU (9000) setup error" in error.detail, error.detail


def test_after_a_rotation(card_box, card_api):
    card_box.card_settings(refuse_probe=12)
    refused(card_api, representor(1, slot(12)))
    path = f"{card_box.log}/ovs-vswitchd.log"
    os.rename(path, f"{path}.1")
    card_box.appctl(f"{card_box.run}/ovs-vswitchd.ctl", "vlog/reopen")
    assert "refuse-probe" in refused(card_api, representor(1, slot(12))).detail
    os.truncate(path, 0)
    assert "refuse-probe" in refused(card_api, representor(1, slot(12))).detail


def test_where_to_look(card_box, configure_card):
    """A log that cannot be read is named."""
    configure_card("[ovs]\nvswitchd_log = /nowhere/v.log\n")
    card_box.card_settings(refuse_probe=12)
    with Api(card_box.socket) as api:
        detail = refused(api, representor(1, slot(12))).detail
    assert detail.startswith("Error attaching device")
    assert detail.endswith("; ovs-vswitchd's log /nowhere/v.log cannot be read (No such file or directory); "
                           "look there")
