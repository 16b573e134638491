# SPDX-License-Identifier: Apache-2.0
"""The switch's own words: the error of a port that failed has what ovs-vswitchd logged about it."""

import os

import pytest

from api import Api, ApiError, refused_with_words, representor, vif_id, wait_until
from test_card import slot


def refused(api, vif):
    error = refused_with_words(api, vif)
    assert error.reason == "not_realized"
    return error


def own_log(sandbox):
    with open(f"{sandbox.log}/vifplugd.log", encoding="utf-8", errors="replace") as file:
        return file.read()


def port_of(n):
    return f"vfr{vif_id(n)[:11]}"


def test_the_drivers_words(card_box, card_api):
    """A VF that the driver refuses, among others that work."""
    card_box.card_settings(refuse_probe=12)

    def attempt():
        """Until ovs-vswitchd has written its log in time (refused_with_words)."""
        ids = {card_api.send("plug", vif=representor(number, slot(number)), instance={"uuid": "i"}): number
               for number in (10, 12, 13)}
        replies = card_api.collect(list(ids))
        assert [ids[number] for number, reply in replies.items() if "error" in reply] == [12]
        error = next(reply["error"] for reply in replies.values() if "error" in reply)
        return None if "has no line about the port" in error["data"]["detail"] else error

    error = wait_until(attempt, 20, "ovs-vswitchd has logged why it refuses the port")
    detail = error["data"]["detail"]
    assert error["message"].endswith("the driver's error text is in detail.")
    assert detail.startswith("Error attaching device '0000:65:00.0,representor=[12]'")
    words = detail.partition("; ovs-vswitchd.log: ")[2]
    assert "|representor 12: refused by refuse-probe" in words.replace("0000:65:00.0: ", "|"), detail
    assert "representor=[12]" in words and "representor=[10]" not in words and len(detail) < 1536
    # The reply is not later than the line.
    lines = wait_until(lambda: [line for line in own_log(card_box).splitlines()
                                if f"plug {vif_id(12)}: not_realized" in line], 10, "vifplugd's log has the plug")
    assert words in lines[-1]


def test_an_mtu_that_the_card_refuses(card_box, card_api):
    """OVSDB only shows another MTU, or "Invalid argument"."""
    card_box.card_settings(max_mtu=2000)
    error = refused(card_api, representor(1, slot(10), mtu=9000))
    assert f"|Interface {port_of(1)} MTU (9000) setup error" in error.detail, error.detail
    assert "see ovs-vswitchd.log" not in str(error)


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
        error = refused(api, representor(1, slot(12)))
    assert str(error).endswith("ovs-vswitchd.log has the driver's error text.")
    detail = error.detail
    assert detail.startswith("Error attaching device")
    assert detail.endswith("; ovs-vswitchd's log /nowhere/v.log cannot be read (No such file or directory); "
                           "look there")


@pytest.fixture
def box_without_shared_pool(card_box):
    """Each MTU needs a memory pool, and there are hugepages for about two."""
    def restart(*setting):
        card_box.stop("ovs-vswitchd")
        card_box.vsctl(*setting)
        card_box.start_vswitchd()

    restart("remove", "open_vswitch", ".", "other_config", "shared-mempool-config")
    yield card_box
    restart("set", "open_vswitch", ".", "other_config:shared-mempool-config=9702")


def test_hugepages_that_are_used_up(box_without_shared_pool, card_api):
    failed = []
    n = 0
    for n, mtu in enumerate((9000, 1500, 3000, 5000, 7000), start=1):
        try:
            card_api.plug(representor(n, slot(9 + n), mtu=mtu), timeout_ms=30000)
        except ApiError as error:
            failed.append(error)
            break
    assert failed and failed[0].reason == "not_realized", "there are hugepages for all these MTUs"
    assert "|Failed to create memory pool for netdev " in failed[0].detail
    assert "there are not enough free hugepages for packets of that MTU; " in str(failed[0])
    ports = box_without_shared_pool.vsctl("list-ports", "br-int").split()
    assert len(ports) == n - 1, "what failed is undone"
