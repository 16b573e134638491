# SPDX-License-Identifier: Apache-2.0
"""A device moves from one port to another: by eviction, to another bridge, under another name, and back.

With OVS 3.7 and later the old port still has the device for a moment ("already in use by"). No such move may
fail for this reason; this happens only sometimes, so each test repeats it many times.
"""

import os
import signal

import pytest

from api import INSTANCE, Api, ApiError, representor, result, vhost_user, vif_id, wait_until
from ovsdb import interface, next_cfg
from test_card import PF, slot

# With DPDK 24.11 the stand-in for the card needs a second to close a port.
ROUNDS = int(os.environ.get("HAND_OVER_ROUNDS", "5" if os.environ.get("VPSIM_STANDIN") else "20"))
BASE = "[daemon]\nsocket_group = root\n"
EVICT = BASE + "[vif]\non_vf_conflict = evict\n"


class Rounds:
    """Does the same thing many times and counts how often it was refused."""

    def __init__(self):
        self.refused = []

    def __iter__(self):
        yield from range(ROUNDS)
        print(f"{len(self.refused)} of {ROUNDS} refused")
        assert not self.refused, f"{len(self.refused)} of {ROUNDS} refused: {self.refused[0]}"

    def note(self, reply, good):
        """Records a reply or an ApiError, and whether it is the expected one."""
        if not good:
            self.refused.append(str(reply))

    def plug(self, api, vif, **params):
        """Plugs; records it if that is refused."""
        try:
            reply = api.plug(vif, **params)
            self.note(reply, reply["state"] in ("up", "committed") or params)
            return reply
        except ApiError as error:
            self.note(error, False)
            return None


@pytest.fixture(autouse=True)
def quick_card(card_box):
    """Up to DPDK 24.11 a card that listens closes a port immediately, and one that connects needs up to a
    second. (With 25.11 both do.) The first test uses one that connects, too."""
    card_box.card_settings(vhost_mode="client")


@pytest.fixture
def evict_api(card_box, configure_card):
    configure_card(EVICT)
    with Api(card_box.socket) as api:
        yield api


def send_plug(api, vif, **params):
    return api.send("plug", vif=vif, instance={"uuid": INSTANCE}, **params)


def make_stale(box, port):
    box.vsctl("--if-exists", "set", "Interface", port, "external_ids:vifplug-boot-id=another")


def is_up(box, port):
    """Reads the state from OVSDB, because the daemon may be away."""
    row = interface(box, port)
    return bool(row and row["error"] == [] and row["ofport"] != [] and row["ofport"] > 0)


def port_of(n):
    return f"vfr{vif_id(n)[:11]}"


def test_stale_vif_is_evicted(card_box, card_api):
    card_box.card_settings()
    card_api.plug(representor(0, slot(10)))
    rounds = Rounds()
    for n in rounds:
        port = card_api.call("list")["vifs"][0]["port"]
        make_stale(card_box, port)
        wait_until(lambda: card_api.call("list")["vifs"][0]["state"] in ("stale", "drifted"))
        rounds.plug(card_api, representor(1 + n % 2, slot(10)))


def test_eviction_by_configuration(evict_api):
    evict_api.plug(representor(0, slot(10)))
    rounds = Rounds()
    for n in rounds:
        rounds.plug(evict_api, representor(1 + n % 2, slot(10)))


def test_evictions_in_one_batch(evict_api):
    numbers = range(10, 18)
    for number in numbers:
        evict_api.plug(representor(number, slot(number)))
    rounds = Rounds()
    for n in rounds:
        base = 100 * (1 + n % 2)
        ids = [send_plug(evict_api, representor(base + number, slot(number))) for number in numbers]
        replies = evict_api.collect(ids)
        bad = [reply for reply in replies.values()
               if "error" in reply or result(reply)["state"] != "up"]
        rounds.note(bad, not bad)


def test_move_between_bridges(card_api):
    card_api.plug(representor(1, slot(10)))
    rounds = Rounds()
    for n in rounds:
        rounds.plug(card_api, representor(1, slot(10), bridge=("br-two", "br-int")[n % 2]))


def test_another_name(card_box, configure_card):
    configure_card(BASE + "[nic napatech]\nport-name = vif_name\n")
    with Api(card_box.socket) as api:
        api.plug(representor(1, slot(10), vif_name="tap0"))
        rounds = Rounds()
        for n in rounds:
            rounds.plug(api, representor(1, slot(10), vif_name=f"tap{1 + n % 2}"))


def test_another_kind_and_back(card_api):
    card_api.plug(representor(1, slot(10)))
    rounds = Rounds()
    for _ in rounds:
        rounds.plug(card_api, vhost_user(1))
        rounds.plug(card_api, representor(1, slot(10)))


def test_another_vf_and_back(card_api):
    card_api.plug(representor(1, slot(10)))
    rounds = Rounds()
    for n in rounds:
        rounds.plug(card_api, representor(1, slot((11, 10)[n % 2])))


def test_swap(card_box, evict_api):
    """Two VIFs take each other's VF at the same time."""
    evict_api.plug(representor(1, slot(10)))
    evict_api.plug(representor(2, slot(11)))
    rounds = Rounds()
    for n in rounds:
        numbers = ((11, 10), (10, 11))[n % 2]
        for port in (port_of(1), port_of(2)):
            make_stale(card_box, port)
        ids = [send_plug(evict_api, representor(1 + i, slot(number)))
               for i, number in enumerate(numbers)]
        replies = evict_api.collect(ids)
        bad = [reply for reply in replies.values()
               if "error" in reply or result(reply)["state"] != "up"]
        rounds.note(bad, not bad)


def test_unplug_and_plug_by_two_at_once(card_box, card_api):
    card_api.plug(representor(0, slot(10)))
    rounds = Rounds()
    with Api(card_box.socket) as other:
        for n in rounds:
            unplug = other.send("unplug", vif_id=vif_id(n))
            while True:
                reply = card_api.collect([send_plug(card_api, representor(n + 1, slot(10)))]).popitem()[1]
                if reply.get("error", {}).get("data", {}).get("reason") != "vf_in_use":
                    break  # It may have come before the unplug.
            rounds.note(reply, "result" in reply and result(reply)["state"] == "up")
            result(other.collect([unplug])[unplug])


def test_evicted_vif_is_back_when_the_answer_comes(card_box, evict_api):
    evict_api.plug(representor(1, slot(10)))
    card_box.card_settings(vhost_mode="client", max_mtu=2000)
    rounds = Rounds()
    for _ in rounds:
        with pytest.raises(ApiError) as refused:
            evict_api.plug(representor(2, slot(10), mtu=9000))
        assert refused.value.reason == "not_realized"
        rounds.note(f"{refused.value}: {interface(card_box, port_of(1))}",
                    "already in use" not in refused.value.detail and is_up(card_box, port_of(1)))


def test_failed_move_is_back_when_the_answer_comes(card_box, card_api):
    card_api.plug(representor(1, slot(10)))
    card_box.card_settings(vhost_mode="client", max_mtu=2000)
    rounds = Rounds()
    for _ in rounds:
        with pytest.raises(ApiError) as refused:
            card_api.plug(representor(1, slot(10), bridge="br-two", mtu=3000))
        assert refused.value.reason == "not_realized"
        rounds.note(f"{refused.value}: {interface(card_box, port_of(1))}",
                    "already in use" not in refused.value.detail
                    and "brought back" not in refused.value.message
                    and is_up(card_box, port_of(1)))


def comes_up(box, port):
    try:
        wait_until(lambda: is_up(box, port))
        return True
    except AssertionError:
        return False


def test_acknowledged_eviction_is_followed_up(card_box, evict_api):
    evict_api.plug(representor(0, slot(10)))
    rounds = Rounds()
    for n in rounds:
        reply = rounds.plug(evict_api, representor(1 + n % 2, slot(10)), wait="committed")
        if reply:
            rounds.note(interface(card_box, reply["port"]), comes_up(card_box, reply["port"]))


def test_acknowledged_eviction_and_a_plug_again(card_box, evict_api):
    """The second plug finds the port as requested, perhaps with an error."""
    evict_api.plug(representor(0, slot(10)))
    rounds = Rounds()
    for n in rounds:
        vif = representor(1 + n % 2, slot(10))
        reply = rounds.plug(evict_api, vif, wait="committed")
        wait_until(lambda port=reply["port"]: interface(card_box, port)["ofport"] != [])
        rounds.plug(evict_api, vif)


def test_daemon_killed_within_an_eviction(card_box, evict_api):
    evict_api.plug(representor(0, slot(10)))
    rounds = Rounds()
    for n in rounds:
        with Api(card_box.socket) as api:
            reply = rounds.plug(api, representor(1 + n % 2, slot(10)), wait="committed")
        card_box.stop("vifplugd", signal.SIGKILL)
        card_box.start_vifplugd()
        rounds.note(interface(card_box, reply["port"]), comes_up(card_box, reply["port"]))


@pytest.fixture
def probed_at_start(card_box):
    """Makes a representor that DPDK has without a port."""
    extra = card_box.vsctl("get", "open_vswitch", ".", "other_config:dpdk-extra")

    def restart(dpdk_extra):
        card_box.vsctl("set", "open_vswitch", ".", f"other_config:dpdk-extra={dpdk_extra}")
        card_box.stop("ovs-vswitchd")
        card_box.start_vswitchd()
    restart(extra.replace(f"-a {PF}", f"-a {PF},representor=[10]"))
    yield
    restart(extra)


@pytest.mark.driver  # The stand-in does not support other device arguments.
def test_device_of_a_port_that_stays(card_box, card_api, probed_at_start):  # pylint: disable=unused-argument
    """If the device is not handed over, the plug is refused immediately, and vswitchd does not try the device
    again. (vifplugd cannot see whose VF these devargs name, so it tries the plug.)"""
    card_api.plug(representor(1, slot(11)))
    card_box.vsctl("add-port", "br-int", "theirs", "--", "set", "Interface", "theirs", "type=dpdk",
                   "options:dpdk-devargs=\"class=eth,mac=02:56:65:00:00:0a\"")
    card_box.command("ovs-vsctl", f"--db={card_box.db}", "--timeout=20", "set", "open_vswitch", ".",
                     "external_ids:seen=theirs")
    assert is_up(card_box, "theirs"), interface(card_box, "theirs")
    before = next_cfg(card_box)
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(2, slot(10)))
    assert refused.value.reason == "not_realized"
    assert "already in use by 'theirs'" in refused.value.detail
    assert next_cfg(card_box) - before == 2, "the plug and its undo"
    assert is_up(card_box, "theirs")
