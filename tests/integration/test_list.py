# SPDX-License-Identifier: Apache-2.0
"""Which VIFs `list` and `get` show, and what of them: filters, names, the link, the VLAN."""

import pytest

from api import INSTANCE, Api, ApiError, ovs_vif, representor, vhost_user, vif_id, wait_until

OTHER = "bbbbbbbb-1111-4222-8333-444455556666"


def ids(api, **filters):
    return sorted(int(vif["vif_id"][:8], 16) for vif in api.call("list", **filters)["vifs"])


def test_filters(box, api):
    api.plug(vhost_user(1))
    api.plug(vhost_user(2, bridge="br-2"), OTHER)
    api.plug(representor(3, "0000:65:01.2"), wait="committed")  # ovs-vswitchd does not know the card.
    api.plug(ovs_vif(4, create_tap=True))
    box.vsctl("set", "Interface", f"vhu{vif_id(1)[:11]}", "mtu_request=1400")
    wait_until(lambda: api.get_vif(1)["state"] == "drifted", what="the drift")
    rows = (
        ({}, [1, 2, 3, 4]),
        ({"instance": INSTANCE}, [1, 3, 4]), ({"instance": {"uuid": OTHER}}, [2]), ({"instance": "x"}, []),
        ({"bridge": "br-2"}, [2]), ({"port": "tap4"}, [4]), ({"kind": "vhost-user"}, [1, 2]),
        ({"state": "drifted"}, [1]), ({"state": "up"}, [2, 4]), ({"pf": "0000:65:00.0"}, [3]),
        ({"vf": "0000:65:01.2"}, [3]), ({"vf": "0000:65:01.3"}, []), ({"mac": "FA:16:3E:00:00:02"}, [2]),
        ({"kind": "vhost-user", "instance": INSTANCE}, [1]), ({"kind": "vhost-user", "port": "tap4"}, []),
    )
    for filters, expected in rows:
        assert ids(api, **filters) == expected, filters
    shown = box.vifctl("list", "--kind=vhost-user", "--columns=vif", "--no-headings").stdout
    assert shown.split() == [vif_id(1), vif_id(2)]


def test_a_state_that_there_is_not(api):
    """The error names those that there are."""
    with pytest.raises(ApiError) as wrong:
        api.call("list", state="down")
    names = wrong.value.message.partition("; use ")[2].rstrip(".").replace(" or ", ", ").split(", ")
    assert {"up", "missing", "unverified"} < set(names) and len(names) == 8
    assert [ids(api, state=name) for name in names] == [[]] * 8


def test_names_of_one_vif(box, api):
    api.plug(vhost_user(1))
    api.plug(representor(2, "0000:65:01.2"), wait="committed")
    for params in ({"vif_id": vif_id(2)}, {"vif_id": f"vfr{vif_id(2)[:11]}"}, {"vif_id": "fa:16:3e:01:00:02"},
                   {"vif_id": "0000:65:01.2"}, {"port": f"vfr{vif_id(2)[:11]}"}, {"mac": "FA:16:3e:01:00:02"},
                   {"vf": "0000:65:01.2"}):
        assert api.call("get", **params)["vif_id"] == vif_id(2), params
        name, = params.values()
        assert f"\nkind {'':24} representor\n".replace(" ", "") in \
            box.vifctl("get", name).stdout.replace(" ", "")
    for params, field in (({"vif_id": "no-such"}, "vif_id"), ({"port": "br-int"}, "port"),
                          ({"mac": "fa:16:3e:01:00:03"}, "mac"), ({"vf": "0000:65:01.3"}, "vf")):
        for method in ("get", "stats") if field == "vif_id" else ("get",):
            with pytest.raises(ApiError) as none:
                api.call(method, **params)
            assert (none.value.reason, none.value.field) == ("not_found", f"params.{field}")
    done = box.vifctl("get", "no-such", check=False)
    assert done.returncode == 1 and done.stderr.startswith("vifctl: not_found: ")
    with pytest.raises(ApiError) as none:
        api.call("update", vif_id="no-such", mtu=1400)
    assert none.value.reason == "not_found"


def test_a_name_of_two_vifs_is_none(api):
    """An id comes before a port that has its name."""
    mac = "fa:16:3e:09:09:09"
    api.plug({**ovs_vif(1), "address": mac, "create_tap": True, "vif_name": vif_id(2)[:15]})
    api.plug({**vhost_user(2), "address": mac, "vif_id": vif_id(2)[:15]})
    with pytest.raises(ApiError) as two:
        api.call("get", mac=mac)
    assert two.value.reason == "invalid_request" and vif_id(1) in str(two.value)
    assert api.call("get", vif_id=vif_id(2)[:15])["kind"] == "vhost-user"
    assert api.call("get", port=vif_id(2)[:15])["kind"] == "ovs"


def test_a_missing_vif_is_found(box, api):
    api.plug(vhost_user(1))
    port = f"vhu{vif_id(1)[:11]}"
    box.vsctl("del-port", "br-int", port)
    wait_until(lambda: ids(api, state="missing") == [1], what="the VIF is missing")
    assert api.call("get", vif_id="fa:16:3e:00:00:01")["state"] == "missing"
    assert ids(api, state="missing", port=port) == [1] and "link_state" not in api.get_vif(1)
    missing, = api.call("stats", vif_id=port)["stats"]
    assert (missing["state"], missing["statistics"]) == ("missing", {})


def test_search_beside_many_vifs(box):
    """It takes turns with other requests, and its connection's other requests keep their order."""
    with Api(box.socket) as api:
        vifs = [api.send("plug", vif=ovs_vif(n), instance={"uuid": INSTANCE}, wait="committed")
                for n in range(1, 121)]
        api.collect(vifs)
        first, second = api.send("get", mac="fa:16:3e:03:00:64"), api.send("get", mac="fa:16:3e:99:00:00")
        assert api.receive()["result"]["vif_id"] == vif_id(100)
        assert api.receive()["error"]["data"]["reason"] == "not_found" and first < second
        assert len(api.call("list", bridge="br-int")["vifs"]) == 120 and not api.call("list", port="x")["vifs"]


# Holds a tap open, as a guest does: without that it has no carrier. (TUNSETIFF; IFF_TAP, IFF_NO_PI.)
HOLD_TAP = """
import fcntl, os, struct, sys, time
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", sys.argv[1].encode(), 0x0002 | 0x1000))
time.sleep(600)
"""


def test_link_state_follows_the_tap(box, api):
    assert "link_state" not in api.plug(ovs_vif(1, create_tap=True), dry_run=True)
    api.plug(ovs_vif(1, create_tap=True))
    box.start("guest-of-tap1", ["/usr/bin/python3", "-c", HOLD_TAP, "tap1"])
    try:
        for state in ("up", "down", "up"):
            box.command(*box.inside(["ip", "link", "set", "tap1", state]))
            wait_until(lambda state=state: api.get_vif(1)["link_state"] == state, what=f"the link is {state}")
    finally:
        box.stop("guest-of-tap1")
    wait_until(lambda: api.get_vif(1)["link_state"] == "down", what="the guest has gone")
    box.stop("ovs-vswitchd")
    wait_until(lambda: "link_state" not in api.get_vif(1), what="nobody knows of the link")


def test_the_dead_vlan_is_named(box, api):
    api.plug(vhost_user(1))
    port = f"vhu{vif_id(1)[:11]}"
    assert "tag" not in api.get_vif(1)
    for tag in (7, 4095):
        box.vsctl("set", "Port", port, f"tag={tag}")
        for shown in (api.get_vif(1), api.call("stats", vif_id=port)["stats"][0]):
            assert (shown["tag"], shown.get("dead_vlan", False)) == (tag, tag == 4095)
    assert "4095 (dead VLAN)" in box.vifctl("stats", port).stdout
    assert "Neutron's agent has not bound the port" in box.vifctl("get", port).stdout


def test_a_dry_run_is_planned(box, api):
    assert api.plug(vhost_user(1), dry_run=True)["state"] == "planned"
    api.plug(vhost_user(1))
    for vif in (vhost_user(1), vhost_user(1, mtu=1400)):
        assert api.plug(vif, dry_run=True)["state"] == "planned"
    assert api.call("update", vif_id=vif_id(1), mtu=1400, dry_run=True)["state"] == "planned"
    assert api.get_vif(1)["state"] == "up"
