# SPDX-License-Identifier: Apache-2.0
"""A database without its row in Open_vSwitch: emptied by hand, or not initialised yet."""

import json

import pytest

from api import INSTANCE, Api, ApiError, hybrid, ovs_vif, vhost_user, vif_id, wait_until
from ovsdb import ports


def transact(box, *operations):
    """Carries out operations of RFC 7047 in one transaction; ovs-vsctl would make the row itself."""
    done = box.command("ovsdb-client", "transact", box.db, json.dumps(["Open_vSwitch", *operations]))
    results = json.loads(done.stdout)
    assert not [result for result in results if result.get("error")], results
    return results


def select(box):
    return transact(box, {"op": "select", "table": "Open_vSwitch", "where": []})[0]["rows"]


def remove_row(box):
    transact(box, {"op": "delete", "table": "Open_vSwitch", "where": []})


def row_of(box):
    """Returns the row without its references to other rows, to be inserted again."""
    return {key: value for key, value in select(box)[0].items()
            if key not in ("_uuid", "_version", "bridges", "manager_options", "ssl")}


@pytest.fixture
def rowless(box, api):
    """Removes the row; puts it back as it was, without bridges, in the end."""
    row = row_of(box)

    def restore():
        if not select(box):
            transact(box, {"op": "insert", "table": "Open_vSwitch", "row": row})
            box.wait_vifplugd()
    remove_row(box)
    wait_until(lambda: not api.call("status")["ovsdb"]["connected"], what="the daemon has seen it")
    yield restore
    restore()


@pytest.fixture(params=["server", "client"])
def mode(request):
    """The guest's mode; in mode client ovs-vswitchd has the socket of a removed port for a while."""
    return request.param


def guest(box, mode, n):
    return vhost_user(n, mode, run_dir=box.run)


def kinds(box, mode="server"):
    return [guest(box, mode, 1), ovs_vif(2, create_port=True, create_tap=True), hybrid(3)]


def test_requests_wait_and_heal(box, api, rowless):
    before = box.pid("vifplugd")
    with pytest.raises(ApiError) as refused:
        api.plug(kinds(box)[0], timeout_ms=300)
    assert refused.value.reason == "switch_unavailable" and refused.value.retryable
    assert "has no row in its table Open_vSwitch" in refused.value.message
    for method, params in (("get", {"vif_id": vif_id(1)}), ("list", {}),
                           ("unplug", {"vif_id": vif_id(1), "timeout_ms": 300})):
        with pytest.raises(ApiError) as refused:
            api.call(method, **params)
        assert refused.value.reason == "switch_unavailable" and "Open_vSwitch" in refused.value.message
    waiting = [api.send("plug", vif=vif, instance={"uuid": INSTANCE}, timeout_ms=20000) for vif in kinds(box)]
    status = api.call("status")
    assert status["counters"]["operations"] == len(waiting)
    assert "has no row in its table Open_vSwitch" in status["problems"][0]
    rowless()
    assert {reply["result"]["state"] for reply in api.collect(waiting).values()} == {"up"}
    assert len(ports(box, "br-int")) == 3 and box.pid("vifplugd") == before
    assert api.call("status")["problems"] == []


def test_the_row_goes_while_vifs_are_plugged(box, api, mode):
    """The rows of all VIFs go with it: that is drift, and a plug makes them anew."""
    for vif in kinds(box, mode):
        api.plug(vif)
    before = box.pid("vifplugd")
    row = row_of(box)
    with Api(box.socket) as events:
        events.call("subscribe")
        remove_row(box)
        seen = []
        wait_until(lambda: seen.append(events.receive()) or seen[-1]["method"] == "switch.down", what="the event")
        transact(box, {"op": "insert", "table": "Open_vSwitch", "row": row})
        gone = set()
        while len(gone) < 3:
            event = events.receive()
            if event["method"] == "vif.drifted":
                gone.add(event["params"]["vif_id"])
    for vif in kinds(box, mode):
        assert api.plug(vif)["state"] == "up"
    assert box.pid("vifplugd") == before


def test_the_row_goes_again_and_again_under_load(box, api, mode):
    """Whatever the moment: each request gets a reply, the daemon stays, and plugged is what it says."""
    before = box.pid("vifplugd")
    row = row_of(box)
    replies = []
    for turn in range(8):
        ids = [api.send(method, **params) for n in range(10 * turn, 10 * turn + 6)
               for method, params in (("plug", {"vif": guest(box, mode, n),
                                                "instance": {"uuid": INSTANCE}, "timeout_ms": 5000}),
                                      ("unplug", {"vif_id": vif_id(n), "timeout_ms": 5000}))]
        remove_row(box)
        transact(box, {"op": "insert", "table": "Open_vSwitch", "row": row})
        replies += api.collect(ids).values()
    assert box.pid("vifplugd") == before
    reasons = {reply["error"]["data"]["reason"] for reply in replies if "error" in reply}
    assert reasons <= {"switch_unavailable", "timeout"}, reasons
    wait_until(lambda: api.call("status")["ovsdb"]["connected"], what="in step again")
    api.plug(guest(box, mode, 100))


def test_a_start_without_the_row(box, api, rowless):
    box.stop("vifplugd")
    box.start_vifplugd(wait=False)
    box.wait_ready("vifplugd", lambda: box.vifctl("status", check=False).returncode == 1, 20)
    with Api(box.socket) as other:
        plug = other.send("plug", vif=kinds(box)[0], instance={"uuid": INSTANCE}, timeout_ms=20000)
        wait_until(lambda: "no row in its table Open_vSwitch" in other.call("status")["problems"][0],
                   what="the daemon has seen it")
        assert other.call("status")["ovsdb"]["connected"] is False
        rowless()
        assert other.collect([plug])[plug]["result"]["state"] == "up"
