# SPDX-License-Identifier: Apache-2.0
"""Daemon, ovsdb-server and ovs-vswitchd stop and start again."""

import contextlib
import json
import os
import select
import signal
import threading
import time

import pytest

from api import (INSTANCE, Api, ApiError, connect_once_it_listens, refusal_in_time, representor, result,
                 vhost_user, vif_id, wait_until)
from ovsdb import counts, interface, ports


def connected(box):
    with Api(box.socket) as api:
        return api.call("status")["ovsdb"]["connected"]


def test_daemon_restart_rebuilds_what_it_owns(box, api):
    for n in range(5):
        api.plug(vhost_user(n))
    before = sorted(api.call("list")["vifs"], key=lambda vif: vif["vif_id"])
    box.stop("vifplugd")
    box.start_vifplugd()
    with Api(box.socket) as again:
        assert sorted(again.call("list")["vifs"], key=lambda vif: vif["vif_id"]) == before
        assert again.plug(vhost_user(3))["changed"] is False
        assert again.unplug(vif_id(3))["changed"] is True


def test_sigterm_ends_cleanly(box):
    pid = box.pid("vifplugd")
    box.stop("vifplugd", signal.SIGTERM)
    assert not os.path.exists(box.socket)
    assert not os.path.exists(f"{box.run}/vifplugd.pid")
    assert not [name for name in os.listdir(box.run) if name.startswith(f"vifplugd.{pid}")]


def log_of(box, words):
    with open(f"{box.log}/vifplugd.log", encoding="utf-8") as file:
        return [line for line in file if words in line]


def stop_during(box, request):
    """Sends SIGTERM, and returns the reply to the request once the daemon has ended."""
    api, number = request
    pid = box.pid("vifplugd")
    os.kill(pid, signal.SIGTERM)
    reply = api.collect([number])[number]
    wait_until(lambda: box.pid("vifplugd") is None, what="the daemon ends")
    assert api.receive() is None
    return reply


def test_sigterm_during_a_plug(box, api):
    """vswitchd does not confirm the port while the daemon may still wait: the plug is undone, its client is
    told so, and the log has a line for it."""
    before = counts(box)
    words = f"plug {vif_id(1)}: switch_unavailable"
    lines = len(log_of(box, words))
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        plug = api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, timeout_ms=60000)
        wait_until(lambda: interface(box, "vhu00000001-00") is not None)
        reply = stop_during(box, (api, plug))
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    assert reply["error"]["data"]["reason"] == "switch_unavailable"
    assert "vifplugd is stopping" in reply["error"]["message"]
    assert interface(box, "vhu00000001-00") is None and counts(box)["Port"] == before["Port"]
    assert len(log_of(box, words)) == lines + 1


def test_sigterm_waits_for_a_plug(box, api):
    """vswitchd confirms the port after SIGTERM: the plug succeeds."""
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        plug = api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, timeout_ms=60000)
        wait_until(lambda: interface(box, "vhu00000001-00") is not None)
        stopping = len(log_of(box, "|stopping"))
        os.kill(box.pid("vifplugd"), signal.SIGTERM)
        wait_until(lambda: len(log_of(box, "|stopping")) > stopping)
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    assert result(api.collect([plug])[plug])["state"] == "up"
    wait_until(lambda: box.pid("vifplugd") is None, what="the daemon ends")
    assert interface(box, "vhu00000001-00") is not None


def test_sigterm_while_ovsdb_is_away(box, api):
    """What has not begun is refused, long before its timeout."""
    box.stop("ovsdb-server")
    wait_until(lambda: not api.call("status")["ovsdb"]["connected"])
    plug = api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, timeout_ms=60000)
    reply = stop_during(box, (api, plug))
    assert reply["error"]["data"]["reason"] == "switch_unavailable"
    assert reply["error"]["data"]["retryable"]


def test_sigterm_among_many_requests(box):
    """Each request that the daemon has taken gets its reply; no VIF is plugged without one."""
    with Api(box.socket) as api:
        ids = [api.send("plug", vif=vhost_user(n), instance={"uuid": INSTANCE}) for n in range(200)]
        first = api.receive()
        os.kill(box.pid("vifplugd"), signal.SIGTERM)
        replies = {first["id"]: first, **api.collect([i for i in ids if i != first["id"]])}
        wait_until(lambda: box.pid("vifplugd") is None, what="the daemon ends")
    names = {i: f"vhu{vif_id(n)[:11]}" for n, i in enumerate(ids)}
    reasons = {i: reply["error"]["data"]["reason"] for i, reply in replies.items() if "error" in reply}
    plugged = {name for i, name in names.items() if i not in reasons}
    # If the time was too short to undo a plug, its reply says so.
    unknown = {names[i] for i, reason in reasons.items() if reason == "timeout"}
    there = set(ports(box, "br-int")) if "br-int" in box.vsctl("list-br").split() else set()
    assert plugged <= there <= plugged | unknown
    assert set(reasons.values()) <= {"switch_unavailable", "timeout"}


def test_sigterm_before_requests_are_read(box):
    """What has come before the daemon ends gets its reply, however much it is; then comes the end of the stream,
    without an error."""
    pid = box.pid("vifplugd")
    with contextlib.ExitStack() as stack:
        early = [stack.enter_context(Api(box.socket)) for _ in range(2)]
        for api in early:
            api.call("status")
        os.kill(pid, signal.SIGSTOP)
        try:
            # These wait for accept(), some behind those of one pass.
            apis = early + [stack.enter_context(Api(box.socket)) for _ in range(20)]
            ids = list(range(400))
            for api in apis:
                api.send_raw(b"".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": "get",
                                                  "params": {"vif_id": vif_id(i)}}).encode() + b"\n" for i in ids))
            os.kill(pid, signal.SIGTERM)
        finally:
            os.kill(pid, signal.SIGCONT)
        for api in apis:
            api.collect(ids)
            assert api.receive() is None
    wait_until(lambda: box.pid("vifplugd") is None, what="the daemon ends")


def test_killed_daemon_starts_again(box, api):
    api.plug(vhost_user(1))
    box.stop("vifplugd", signal.SIGKILL)
    assert os.path.exists(box.socket)
    box.start_vifplugd()
    with Api(box.socket) as again:
        assert again.call("get", vif_id=vif_id(1))["state"] == "up"


@contextlib.contextmanager
def started_without_ovsdb(box):
    """A connection to a vifplugd that has just started, while ovsdb-server hangs."""
    box.stop("vifplugd")
    os.kill(box.pid("ovsdb-server"), signal.SIGSTOP)
    try:
        box.start_vifplugd(wait=False)
        with connect_once_it_listens(box.socket) as api:
            yield api
    finally:
        os.kill(box.pid("ovsdb-server"), signal.SIGCONT)
        box.wait_vifplugd()


def test_a_question_right_after_the_start(box, api):
    """It waits until vifplugd has read OVSDB, for 0.8 s at most."""
    api.plug(vhost_user(1))
    for _ in range(20):
        with started_without_ovsdb(box) as asked:
            number = asked.send("list")
            early = select.select([asked.socket], [], [], 0.2)[0]
            os.kill(box.pid("ovsdb-server"), signal.SIGCONT)
            reply = asked.collect([number])[number]
        if not early and "result" in reply:  # Else the machine may have been too slow.
            break
    assert not early and [vif["vif_id"] for vif in result(reply)["vifs"]] == [vif_id(1)]


def test_a_question_without_ovsdb_is_answered(box):
    with started_without_ovsdb(box) as api:
        with pytest.raises(ApiError) as refused:
            api.call("list")
        assert refused.value.reason == "switch_unavailable"
        assert api.call("status")["ovsdb"]["connected"] is False


def test_second_daemon_is_refused(box):
    second = box.command(os.path.join(box.build, "src/vifplugd"), f"--config={box.config}",
                         f"--socket={box.socket}", f"--db={box.db}",
                         f"--unixctl={box.run}/second.ctl", check=False)
    assert second.returncode != 0 and "Another daemon listens" in second.stderr
    with Api(box.socket) as api:
        api.call("status")


def test_interrupted_replacement_is_finished(box, api):
    """The daemon finishes the replacement of a row that a killed daemon left between the two steps."""
    api.plug(vhost_user(1))
    box.stop("vifplugd", signal.SIGKILL)
    # Like the daemon: its next_cfg shows the next daemon whether vswitchd has closed the device.
    next_cfg = int(box.vsctl("get", "Open_vSwitch", ".", "next_cfg")) + 1
    box.vsctl("set", "Interface", "vhu00000001-00", "type=vifplug-detached",
              "options:vhost-server-path=/usr/local/var/run/new", "--",
              "set", "Open_vSwitch", ".", f"next_cfg={next_cfg}")
    box.start_vifplugd()

    def row():
        return interface(box, "vhu00000001-00")

    def is_finished():
        return row()["type"] == "dpdkvhostuserclient" and row()["error"] == [] and row()["ofport"] != -1
    wait_until(is_finished, what=lambda: f"{row()}; {box.appctl('vifplugd', 'ops/show')}")
    assert row()["options"]["vhost-server-path"] == "/usr/local/var/run/new"


def test_ovsdb_away_is_bounded_and_clear(box, api):
    api.plug(vhost_user(1))
    box.stop("ovsdb-server")
    start = time.monotonic()
    refusal = refusal_in_time(api, 2, 700)
    assert refusal.reason == "switch_unavailable" and refusal.retryable
    assert time.monotonic() - start > 0.5
    with pytest.raises(ApiError) as refused:
        api.call("list")
    assert refused.value.reason == "switch_unavailable"
    assert api.call("status")["ovsdb"]["connected"] is False
    box.start_ovsdb()
    wait_until(lambda: connected(box), 5, "the daemon reconnects")
    assert api.plug(vhost_user(2))["changed"] is True
    assert sorted(ports(box, "br-int")) == ["vhu00000001-00", "vhu00000002-00"]


def test_requests_wait_for_ovsdb(box, api):
    box.stop("ovsdb-server")
    request = api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, timeout_ms=30000)
    box.start_ovsdb()
    assert result(api.collect([request])[request])["state"] == "up"
    assert ports(box, "br-int") == ["vhu00000001-00"]


def interface_and_port(name, **columns):
    return [
        {"op": "insert", "table": "Interface", "uuid-name": "i", "row": {"name": name, **columns}},
        {"op": "insert", "table": "Port", "uuid-name": "p",
         "row": {"name": name, "interfaces": ["named-uuid", "i"]}},
        {"op": "mutate", "table": "Bridge", "where": [["name", "==", "br-int"]],
         "mutations": [["ports", "insert", ["named-uuid", "p"]]]},
    ]


def test_rows_that_changed_while_ovsdb_was_away(box, api):
    """One port was deleted, and one written again, while the daemon had no connection."""
    api.plug(vhost_user(1))
    api.plug(vhost_user(2))
    row = json.loads(box.vsctl("--format=json", "--columns=external_ids,options,type", "list",
                               "Interface", "vhu00000002-00"))
    row = dict(zip(row["headings"], row["data"][0]))
    uuids = box.vsctl("--bare", "--columns=_uuid", "list", "Port", "vhu00000001-00",
                      "vhu00000002-00").split()
    with Api(box.socket) as watcher:
        watcher.call("subscribe")
        box.stop("ovsdb-server")
        wait_until(lambda: not connected(box))
        box.command("ovsdb-tool", "transact", f"{box.dir}/conf.db", json.dumps(
            ["Open_vSwitch",
             {"op": "mutate", "table": "Bridge", "where": [["name", "==", "br-int"]],
              "mutations": [["ports", "delete", ["set", [["uuid", u] for u in uuids]]]]},
             *interface_and_port("vhu00000002-00", **row)]))
        box.start_ovsdb()
        wait_until(lambda: connected(box))
        assert api.call("status")["counters"]["vifs"] == 1
        # VIF 2 has lost its mtu_request.
        told = {}
        while set(told) != {vif_id(1), vif_id(2)}:
            params = watcher.receive()["params"]
            if "vif_id" in params:
                told[params["vif_id"]] = params["state"]
        assert told == {vif_id(1): "missing", vif_id(2): "drifted"}
        assert {vif["vif_id"]: vif["state"] for vif in api.call("list")["vifs"]} == told
    assert api.plug(vhost_user(1))["changed"] is True
    assert api.unplug(vif_id(2))["changed"] is True
    assert ports(box, "br-int") == ["vhu00000001-00"]


def test_ovsdb_restarts_during_a_storm(box):
    """Each acknowledged plug is in the database; no refused plug is."""
    acknowledged, refused, unexpected = set(), set(), []
    stop = threading.Event()

    def worker(base):
        with Api(box.socket) as api:
            n = base
            while not stop.is_set() and n < base + 400:
                try:
                    api.plug(vhost_user(n), wait="committed", timeout_ms=400)
                    acknowledged.add(n)
                except ApiError as error:
                    refused.add(n)
                    # On a loaded machine an OVSDB that runs may need longer than that, too.
                    if error.reason not in ("switch_unavailable", "timeout", "busy"):
                        unexpected.append(error.message)
                n += 1

    threads = [threading.Thread(target=worker, args=(1000 * (i + 1),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        enough = len(acknowledged) + 15
        wait_until(lambda: len(acknowledged) >= enough, 60, "plugs go on")
        box.stop("ovsdb-server", signal.SIGKILL)
        some = len(refused) + 1
        wait_until(lambda: len(refused) >= some, 20, "plugs are refused")
        box.start_ovsdb()
    enough = len(acknowledged) + 15
    wait_until(lambda: len(acknowledged) >= enough, 60, "plugs go on")
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not unexpected
    expected = {f"vhu{vif_id(n)[:11]}" for n in acknowledged}
    wait_until(lambda: set(ports(box, "br-int")) == expected, 20,
               "what was refused is gone, what was acknowledged is there")


def test_vswitchd_stopped(box, api):
    """A plug fails in limited time and leaves nothing; a replug of a running port succeeds."""
    api.plug(vhost_user(1))
    before = counts(box)
    box.stop("ovs-vswitchd")
    wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead")
    refusal = refusal_in_time(api, 2, 600)
    assert refusal.reason == "switch_unavailable" and "ovs-vswitchd" in refusal.message
    assert counts(box) == before
    reply = api.plug(vhost_user(1))
    assert reply["changed"] is False and reply["state"] == "unverified"
    assert ports(box, "br-int") == ["vhu00000001-00"]
    reply = api.plug(vhost_user(3), wait="committed")
    assert reply["changed"] is True and reply["state"] == "committed"
    assert api.unplug(vif_id(3))["changed"] is True
    assert ports(box, "br-int") == ["vhu00000001-00"]
    box.start_vswitchd()
    wait_until(lambda: api.call("get", vif_id=vif_id(1))["state"] == "up")


def test_vswitchd_has_not_begun(box, api):
    """While it starts, OVSDB shows its predecessor's word. It is asked when it has begun, also if nobody else
    changes anything; what it reads at its start alone is its own from then on."""
    path = api.plug(vhost_user(1))["vhost_user"]["path"]
    late = f"{box.dir}/late.sock"
    with Api(box.socket) as events:
        events.call("subscribe")
        box.stop("ovs-vswitchd", signal.SIGKILL)
        assert events.receive()["method"] == "switch.down"
        box.start_vswitchd(wait=False, database=f"unix:{late}")  # It finds no OVSDB there yet.
        try:
            wait_until(lambda: api.call("status")["vswitchd"]["state"] == "alive", 10, "vswitchd is alive")
            assert api.call("status")["vswitchd"]["dpdk_initialized"] is False
            for vif in (api.get_vif(1), api.call("list")["vifs"][0], api.plug(vhost_user(1), wait="committed")):
                assert vif["state"] == "unverified" and "link_state" not in vif
            metrics = api.call("metrics")["text"]
            assert 'state="unverified"} 1' in metrics and "\nvifplug_dpdk_initialized 0" in metrics
        finally:
            os.symlink(box.db.partition(":")[2], late)
        event = events.receive()
        assert (event["method"], event["params"]["what"]) == ("switch.up", "vswitchd")
        assert api.get_vif(1)["state"] == "up" and api.call("status")["vswitchd"]["dpdk_initialized"] is True
    try:
        box.vsctl("--no-wait", "set", "open_vswitch", ".", "other_config:vhost-sock-dir=for/the/next")
        wait_until(lambda: "other_config:vhost-sock-dir" in json.dumps(api.call("check")), 10, "it is not in use")
        assert api.get_vif(1)["vhost_user"]["path"] == path
    finally:
        box.vsctl("remove", "open_vswitch", ".", "other_config", "vhost-sock-dir")
        box.wait_vswitchd()


def test_requests_wait_for_vswitchd(box, api):
    box.stop("ovs-vswitchd", signal.SIGKILL)
    wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead")
    request = api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, timeout_ms=30000)
    box.start_vswitchd()
    assert result(api.collect([request])[request])["state"] == "up"


def test_vswitchd_hangs(box, api):
    """vswitchd is alive but does not react: the plug times out, and nothing is left once vswitchd continues."""
    api.plug(vhost_user(1))
    before = counts(box)
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        with pytest.raises(ApiError) as refused:
            api.plug(vhost_user(2), timeout_ms=3000)
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    assert refused.value.reason == "timeout" and refused.value.retryable
    assert counts(box) == before


def test_vswitchd_dies_under_a_plug(box, api):
    """vswitchd dies after the commit: the plug fails and is undone."""
    api.plug(vhost_user(1))
    before = counts(box)
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    request = api.send("plug", vif=vhost_user(2), instance={"uuid": INSTANCE}, timeout_ms=8000)
    wait_until(lambda: interface(box, "vhu00000002-00") is not None)
    box.stop("ovs-vswitchd", signal.SIGKILL)
    with pytest.raises(ApiError) as refused:
        result(api.collect([request])[request])
    assert refused.value.reason == "switch_unavailable"
    assert counts(box) == before


def test_next_operation_after_an_acknowledged_plug(box):
    """The daemon sends it as soon as the plug is committed, while vswitchd does nothing."""
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        with Api(box.socket) as api:
            plug = api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE},
                            wait="committed", timeout_ms=600000)
            unplug = api.send("unplug", vif_id=vif_id(1), wait="committed", timeout_ms=600000)
            replies = api.collect([plug, unplug])
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    assert result(replies[plug])["changed"] is True
    assert result(replies[unplug])["changed"] is True
    assert ports(box, "br-int") == []


def test_ovsdb_hangs(box, api):
    """The daemon stops waiting for a server that does not reply, and undoes what the server did in the end."""
    before = counts(box)
    os.kill(box.pid("ovsdb-server"), signal.SIGSTOP)
    try:
        refusal = refusal_in_time(api, 1, 1000)
    finally:
        os.kill(box.pid("ovsdb-server"), signal.SIGCONT)
    assert refusal.reason == "switch_unavailable"
    wait_until(lambda: counts(box) == before, 20, "nothing is left")
    wait_until(lambda: connected(box), 10)
    assert api.plug(vhost_user(1))["state"] == "up"


def test_client_that_goes_away(box):
    """The operation of a client that closes its connection still ends properly."""
    with Api(box.socket) as api:
        failed = api.call("status")["counters"]["failed"]
        api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE})
        api.send("plug", vif=representor(2, "0000:65:01.2"), instance={"uuid": INSTANCE})
    with Api(box.socket) as api:
        def ended():
            counters = api.call("status")["counters"]
            return counters["operations"] == 0 and counters["failed"] > failed
        wait_until(ended, what="the second has failed")
        assert [vif["vif_id"] for vif in api.call("list")["vifs"]] == [vif_id(1)]


def test_boot_id_makes_stale(box, api, configure):
    """A VIF of an earlier boot is stale until it is plugged again."""
    api.plug(vhost_user(1))
    configure("[daemon]\nsocket_group = root\n", "--boot-id=another-boot")
    with Api(box.socket) as again:
        assert again.call("get", vif_id=vif_id(1))["state"] == "stale"
        reply = again.plug(vhost_user(1))
        assert reply["changed"] is False and reply["state"] == "up"
        ids = interface(box, "vhu00000001-00")["external_ids"]
        assert ids["vifplug-boot-id"] == "another-boot"


def test_what_was_acknowledged_stays(box, api):
    """The daemon follows up a plug that was acknowledged at commit, and does not undo it if OVSDB is away for
    long after that."""
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        reply = api.plug(vhost_user(1), wait="committed", timeout_ms=5000)
        assert reply["changed"] is True
        box.stop("ovsdb-server", signal.SIGKILL)
        wait_until(lambda: not connected(box))
        with pytest.raises(ApiError):
            api.plug(vhost_user(2), timeout_ms=1500)
        box.start_ovsdb()
        wait_until(lambda: connected(box))
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    wait_until(lambda: api.call("get", vif_id=vif_id(1))["state"] == "up")
    assert ports(box, "br-int") == ["vhu00000001-00"]
