# SPDX-License-Identifier: Apache-2.0
"""`stats`: counters that are read from OVSDB on demand, beside the work of others."""

import os
import signal

import pytest

from api import INSTANCE, Api, ApiError, calls_beside, hybrid, ovs_vif, vhost_user, vif_id, wait_until
from kernel import frames_to


def in_ovsdb(box, port):
    """The counters of a port as ovs-vsctl shows them."""
    text = box.vsctl("get", "Interface", port, "statistics").strip("{}")
    return {name: int(value) for name, value in (item.split("=") for item in text.split(", ") if item)}


def test_counters_are_those_of_ovsdb(box, api):
    """Frames that the switch sends to the port are counted there within the interval."""
    api.plug(hybrid(1))
    api.plug(vhost_user(2))
    port, ofport = (api.get_vif(1)[name] for name in ("port", "ofport"))
    frames_to(box, ofport)

    def counted():
        reply = api.call("stats", vif_id=vif_id(1))
        assert reply["interval_ms"] == 5000 and not reply["warnings"]
        one, = reply["stats"]
        assert (one["port"], one["bridge"], one["instance"], one["state"]) == (port, "br-int", INSTANCE, "up")
        return one["statistics"] if one["statistics"].get("tx_packets", 0) >= 3 else None
    shown = wait_until(counted, timeout=30, what="the frames are counted")
    assert set(shown) == set(in_ovsdb(box, port)) and shown["tx_bytes"] >= 3 * 60
    wait_until(lambda: api.call("stats", port=port)["stats"][0]["statistics"] == in_ovsdb(box, port),
               what="the counters are those of OVSDB")
    both = api.call("stats")["stats"]
    assert {one["vif_id"]: set(one["statistics"]) for one in both} == {
        vif_id(1): set(shown), vif_id(2): set(in_ovsdb(box, f"vhu{vif_id(2)[:11]}"))}
    box.vsctl("set", "Open_vSwitch", ".", "other_config:stats-update-interval=7000")
    assert api.call("stats", state="failed") == {"stats": [], "interval_ms": 7000, "warnings": []}
    box.vsctl("remove", "Open_vSwitch", ".", "other_config", "stats-update-interval")


def plug_many(api, n):
    ids = [api.send("plug", vif=ovs_vif(i), instance={"uuid": INSTANCE}, wait="committed")
           for i in range(1, n + 1)]
    api.collect(ids)


def test_many_vifs_and_many_who_ask(box, api):
    """More VIFs than a question to OVSDB has; who leaves before the reply disturbs nobody."""
    plug_many(api, 70)
    connections = [Api(box.socket) for _ in range(10)]
    for one in connections:
        one.send("stats")
    for one in connections[::2]:
        one.close()
    assert api.plug(vhost_user(100))["state"] == "up"
    for one in connections[1::2]:
        found = one.receive()["result"]["stats"]
        assert {vif["vif_id"] for vif in found} >= {vif_id(n) for n in range(1, 71)}
        one.close()


def test_ovsdb_that_hangs(box, api):
    """The question fails, and nobody else waits for it; then it works again."""
    plug_many(api, 2)
    assert len(api.call("stats")["stats"]) == 2
    os.kill(box.pid("ovsdb-server"), signal.SIGSTOP)
    try:
        with Api(box.socket) as asker:
            asker.send("stats")
            reply, n = calls_beside(api, asker)
        assert n > 5, "others wait"
        error = reply["error"]
        assert error["data"]["reason"] == "switch_unavailable" and error["data"]["retryable"]
        assert "has not replied in time" in error["message"] or "cannot be reached" in error["message"]
    finally:
        os.kill(box.pid("ovsdb-server"), signal.SIGCONT)

    def works():
        try:
            return len(api.call("stats")["stats"]) == 2
        except ApiError as away:
            assert away.reason == "switch_unavailable"
            return False
    wait_until(works, timeout=30, what="stats works again")


def test_ovsdb_that_restarts(box, api):
    plug_many(api, 1)
    for number in (signal.SIGTERM, signal.SIGKILL):
        assert len(api.call("stats")["stats"]) == 1
        box.stop("ovsdb-server", number)
        with pytest.raises(ApiError) as away:
            wait_until(lambda: not api.call("stats"), what="OVSDB is missed")
        assert away.value.reason == "switch_unavailable"
        box.start_ovsdb()
        box.wait_vifplugd()
        assert len(api.call("stats")["stats"]) == 1


def test_no_connection_without_questions(box, api):
    """It is closed when nobody has asked for a while."""
    def connections():
        return len(os.listdir(f"/proc/{box.pid('vifplugd')}/fd"))
    plug_many(api, 1)
    api.call("stats")
    wait_until(lambda: box.appctl("vifplugd", "version"), what="vifplugd answers")
    asked = connections()
    wait_until(lambda: connections() < asked, timeout=20, what="the connection is closed")
