# SPDX-License-Identifier: Apache-2.0
"""on_vf_conflict = evict-unused: a plug takes its VF from a VIF that no guest uses, and from no other.

All VIFs of the table are plugged at once, and then the time passes once for all. A dry run says the same before
each plug.
"""

import signal
import time

import pytest

from api import INSTANCE, Api, ApiError, representor, vif_id, wait_until
from ovsdb import ports
from test_card import generic_slot, slot, socket_of

SECONDS = 10
BASE = "[daemon]\nsocket_group = root\n"
CONFIG = f"{BASE}[vif]\non_vf_conflict = evict-unused\nevict_unused_after = {SECONDS} s\n"
OTHER = "vm-other"
WANTS = 100  # The number of the VIF that wants the VF, from that of the VIF that has it.
LISTEN = """
import socket, sys, time
one = socket.socket(socket.AF_UNIX)
one.bind(sys.argv[1])
one.listen()
time.sleep(600)
"""

# By number: what happens to the VIF, and the words of the refusal (None: it is evicted).
CASES = {
    10: ("never had a guest", None),
    11: ("a guest is connected", "because a guest is connected"),
    12: ("its guest has ended", None),
    13: ("its guest was killed", None),
    14: ("a guest comes: it listens, and has not accepted the card", "because a process listens at its socket"),
    15: ("the same instance has it", "because it is the same instance's"),
    16: ("something else is at the socket's path", "because its socket cannot be looked at"),
    17: ("plugged again a moment ago", f"evicts it after {SECONDS} s without a guest"),
    18: ("another program has the VF", "which vifplugd did not make"),
    19: ("no card's socket shows a guest", "because nothing shows whether a guest uses it"),
}
FOREIGN, PLUGGED_AGAIN, SAME, WITHOUT_SOCKET = 18, 17, 15, 19


def slot_of(number):
    return generic_slot(0) if number == WITHOUT_SOCKET else slot(number)


def name_of(number):
    return f"vfr{vif_id(number)}"[:14]


def instance_of(number):
    return INSTANCE if number == SAME else OTHER


def take(api, number, **params):
    return api.plug(representor(number + WANTS, slot_of(number)), instance_of(number), **params)


def refusal(api, number, **params):
    with pytest.raises(ApiError) as refused:
        take(api, number, **params)
    assert refused.value.reason == "vf_in_use"
    return refused.value.message


def link(box, number):
    return box.vsctl("get", "Interface", name_of(number), "link_state").strip()


@pytest.fixture
def unused(card_box, configure_card, guest):
    """The VIFs of CASES, in the middle of what happens to them; plugged at the returned time."""
    configure_card(CONFIG)
    inside = card_box.inside
    with Api(card_box.socket) as api:
        for number in CASES:
            if number != FOREIGN:
                api.plug(representor(number, slot_of(number)))
        card_box.vsctl("add-port", "br-int", "theirs", "--", "set", "Interface", "theirs", "type=dpdk",
                       f"options:dpdk-devargs=0000:65:00.0,representor=[{FOREIGN}]")
        card_box.start("listener", ["/usr/bin/python3", "-c", LISTEN, socket_of(14)])
        card_box.command(*inside(["touch", socket_of(16)]))
        guests = {number: guest(f"g{number}", socket_of(number)) for number in (11, 12, 13)}
        for number in guests:
            wait_until(lambda number=number: link(card_box, number) == "up", 20, "the guest's link")
        guests[12].stop()
        guests[13].stop(signal.SIGKILL)
        for number in (12, 13):
            wait_until(lambda number=number: link(card_box, number) == "down", 20, "the guest has gone")
        yield api, time.monotonic()
    card_box.stop("listener")
    card_box.command(*inside(["rm", "-f", socket_of(14), socket_of(16)]))


@pytest.mark.as_root("another user may not look at the socket that a killed guest left: it counts as used")
def test_table(card_box, unused):
    api, begin = unused
    before = ports(card_box, "br-int")
    wait_until(lambda: time.monotonic() > begin + SECONDS, 2 * SECONDS, "the time has passed")

    for number, (what, words) in CASES.items():
        if number == PLUGGED_AGAIN:  # Only now, since the other rows may take longer than its time.
            assert api.plug(representor(number, slot(number)))["changed"] is False
        if words:
            assert words in refusal(api, number, dry_run=True), what
            assert words in refusal(api, number), what
            continue
        dry = take(api, number, dry_run=True)
        assert f"delete Port {name_of(number)} of VIF {vif_id(number)}" in dry["plan"]["operations"], what
        assert name_of(number) in ports(card_box, "br-int"), what
        done = take(api, number)
        assert done["state"] == "up", what
        for reply in (dry, done):
            assert [line for line in reply["warnings"] if "no guest has used it for" in line], what
    gone = {name_of(number) for number, (_, words) in CASES.items() if not words}
    assert set(before) - set(ports(card_box, "br-int")) == gone
    assert link(card_box, 11) == "up"

    # While ovs-vswitchd does not run, nothing that it has said counts.
    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead", 10, "vswitchd is known to be dead")
    assert "does not tell whether a guest uses it" in refusal(api, PLUGGED_AGAIN, dry_run=True)


def test_time_begins_when_the_guest_goes(card_box, configure_card, guest):
    """However long ago the plug was, and also if vifplugd has started while the guest was there."""
    configure_card(CONFIG)
    with Api(card_box.socket) as api:
        api.plug(representor(20, slot(20)))
    there = guest("g20", socket_of(20))
    wait_until(lambda: link(card_box, 20) == "up", 20, "the guest's link")
    configure_card(CONFIG)  # Another daemon.
    with Api(card_box.socket) as api:
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() > begin + SECONDS, 2 * SECONDS, "the time has passed with the guest")
        # The socket of a killed guest counts as used if the daemon is another user.
        card_box.stop(there.name, signal.SIGKILL)
        card_box.command(*card_box.inside(["rm", socket_of(20)]))
        wait_until(lambda: link(card_box, 20) == "down", 20, "the guest has gone")
        assert f"evicts it after {SECONDS} s without a guest" in refusal(api, 20)
        there.stop()  # Its memory is given back only now, since that takes a part of the VIF's time.
        done = wait_until(lambda: evicted(api, 20), 4 * SECONDS, "the time has passed without the guest")
        assert done["state"] == "up"


def evicted(api, number):
    """The reply, once the VIF is evicted."""
    try:
        return take(api, number)
    except ApiError as error:
        assert "without a guest" in error.message
        return None


def test_time_begins_with_the_daemon(card_box, configure_card):
    """vifplugd does not know what was before; and without the option the refusal names it."""
    configure_card(BASE)
    with Api(card_box.socket) as api:
        api.plug(representor(10, slot(10)))
        assert "on_vf_conflict = evict-unused evicts a VIF that no guest has used" in refusal(api, 10)
    configure_card(CONFIG)
    with Api(card_box.socket) as api:
        assert "has seen it so for" in refusal(api, 10)
