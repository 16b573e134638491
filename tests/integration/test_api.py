# SPDX-License-Identifier: Apache-2.0
"""The socket: bad input, limits, permissions, many requests at once."""

import json
import os
import signal
import socket
import stat
import subprocess

import pytest

from api import INSTANCE, PATIENCE_MS, Api, ApiError, result, vhost_user, vif_id, wait_until
from ovsdb import next_cfg, ports

NOBODY = 65534


def refused(reply):
    return reply["error"]["code"], reply["error"]["data"]["reason"]


@pytest.mark.parametrize("line,code", [
    (b"", -32700), (b"{", -32700), (b"nonsense", -32700), (b"[1]", -32600), (b"17", -32600),
    (b'{"jsonrpc":"2.0","method":"list"}', -32600),
    (b'{"jsonrpc":"2.0","id":{},"method":"list"}', -32600),
    (b'{"jsonrpc":"1.0","id":1,"method":"list"}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"destroy"}', -32601),
    (b'{"jsonrpc":"2.0","id":1,"method":"list","params":[]}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"get","params":{}}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"list"}', -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"list\\u0000"}', -32700),
    (b'{"a":' * 40 + b"1" + b"}" * 40, -32700),
    (b"\xff\xfe", -32700),
])
def test_bad_lines_are_answered_and_the_connection_goes_on(api, line, code):
    api.send_raw(line + b"\n")
    assert api.receive()["error"]["code"] == code
    assert api.call("status")["version"]


def test_pipelined_answers_carry_their_ids(api):
    lines = b"".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": "status"}).encode() + b"\n"
                     for i in ("a", 7, "b/c"))
    api.send_raw(lines)
    assert {api.receive()["id"] for _ in range(3)} == {"a", 7, "b/c"}


def test_too_long_a_line_ends_the_connection(box):
    with Api(box.socket) as api:
        api.send_raw(b'{"x":"' + b"a" * (256 * 1024))
        assert refused(api.receive()) == (-32700, "invalid_request")
        assert api.receive() is None
    with Api(box.socket) as api:
        api.call("status")


def test_half_closed_connection_is_answered(box):
    with Api(box.socket) as api:
        api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE})
        api.socket.shutdown(socket.SHUT_WR)
        assert api.receive()["result"]["changed"] is True
        assert api.receive() is None


def test_64_at_once_share_transactions(box, api):
    """What comes while OVSDB has not replied to a transaction goes into the next one. So 64 VIFs over one
    connection need few transactions and few reconfigurations, and all are realized."""
    api.plug(vhost_user(500))
    before = api.call("status")["counters"]["transactions"]
    cfg = next_cfg(box)
    ids = [f"plug{n}" for n in range(64)]
    os.kill(box.pid("ovsdb-server"), signal.SIGSTOP)
    try:
        api.send_raw(b"".join(json.dumps(
            {"jsonrpc": "2.0", "id": ids[n], "method": "plug",
             "params": {"vif": vhost_user(n), "instance": {"uuid": INSTANCE},
                        "timeout_ms": PATIENCE_MS}}).encode() + b"\n"
            for n in range(64)))
        wait_until(lambda: api.call("status")["counters"]["operations"] == 64)
    finally:
        os.kill(box.pid("ovsdb-server"), signal.SIGCONT)
    replies = api.collect(ids)
    assert all(replies[i]["result"]["state"] == "up" for i in ids)
    assert len(ports(box, "br-int")) == 65
    assert api.call("status")["counters"]["transactions"] - before == 2
    assert next_cfg(box) - cfg == 2
    ids = [api.send("unplug", vif_id=vif_id(n)) for n in range(64)]
    replies = api.collect(ids)
    assert all(replies[i]["result"]["changed"] for i in ids)


def test_one_bad_request_does_not_fail_its_neighbours(box, api):
    """A foreign port appears at the same time: OVSDB refuses the batch, and only the colliding VIF fails."""
    api.plug(vhost_user(500))
    vifs = [vhost_user(n) for n in range(8)]
    vifs[3]["vhost_user"]["path"] = "/etc/x"
    ids = [api.send("plug", vif=vif, instance={"uuid": INSTANCE}) for vif in vifs]
    replies = api.collect(ids)
    reasons = [replies[i].get("error", {}).get("data", {}).get("reason") for i in ids]
    assert reasons == [None] * 3 + ["invalid_request"] + [None] * 4


def test_queue_limit(box, configure):
    configure("[daemon]\nsocket_group = root\nmax_queued = 4\n")
    box.stop("ovsdb-server")
    with Api(box.socket) as api:
        wait_until(lambda: not api.call("status")["ovsdb"]["connected"])
        ids = [api.send("plug", vif=vhost_user(n), instance={"uuid": INSTANCE}, timeout_ms=20000)
               for n in range(6)]
        replies = api.collect(ids[4:])
        for i in ids[4:]:
            assert replies[i]["error"]["data"]["reason"] == "busy"
            assert replies[i]["error"]["data"]["retryable"] is True
        box.start_ovsdb()
        assert all("result" in reply for reply in api.collect(ids[:4]).values())


def test_connection_limit(box, configure):
    configure("[daemon]\nsocket_group = root\nmax_connections = 3\n")
    connections = [Api(box.socket) for _ in range(3)]
    try:
        for connection in connections:
            connection.call("status")
        with Api(box.socket) as one_too_many:
            reply = one_too_many.receive()
            assert reply["id"] is None and reply["error"]["data"]["reason"] == "busy"
            assert one_too_many.receive() is None
        connections.pop().close()

        def again():
            with Api(box.socket) as api:
                try:
                    return api.call("status")
                except (ApiError, AssertionError, OSError):
                    return None
        wait_until(again, what="a place becomes free")
    finally:
        for connection in connections:
            connection.close()


def test_a_closed_connection_has_no_place(box, configure):
    """Whoever closes a connection and opens the next one is not refused for the first."""
    configure("[daemon]\nsocket_group = root\nmax_connections = 1\n")
    for _ in range(500):
        with Api(box.socket) as api:
            api.call("status")


def test_slow_reader_delays_nobody(box, api):
    """The daemon stops reading from a client that sends requests and never reads; other clients are not
    delayed."""
    for n in range(20):
        api.plug(vhost_user(n), wait="committed")
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "list"}).encode() + b"\n"
    with Api(box.socket) as slow:
        slow.socket.setblocking(False)
        sent = 0
        try:
            while sent < 50_000_000:
                sent += slow.socket.send(line * 100)
        except BlockingIOError:
            pass
        assert sent < 50_000_000, "the daemon reads without limit"
        assert len(api.call("list")["vifs"]) == 20
        with open(f"/proc/{box.pid('vifplugd')}/status", encoding="ascii") as file:
            resident = next(int(row.split()[1]) for row in file if row.startswith("VmRSS"))
        if "asan" not in box.build:
            assert resident < 64 * 1024


@pytest.mark.as_root("with the unit, the socket of vifplugd.socket has its group from systemd")
def test_socket_mode_and_group(box, configure):
    configure("[daemon]\nsocket_group = daemon\n")
    status = os.stat(box.socket)
    assert stat.S_IMODE(status.st_mode) == 0o660
    import grp
    assert status.st_gid == grp.getgrnam("daemon").gr_gid


def as_user(box, uid, gid, request):
    """Sends one request as another user and returns the reply."""
    script = ("import os,socket,sys\n"
              f"os.setgroups([]); os.setgid({gid}); os.setuid({uid})\n"
              "s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
              "s.sendall(sys.argv[2].encode()+b'\\n')\n"
              "print(s.makefile().readline())\n")
    done = subprocess.run(["/usr/bin/python3", "-c", script, box.socket, json.dumps(request)],
                          capture_output=True, text=True, timeout=30, check=True)
    return json.loads(done.stdout)


def request(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@pytest.mark.parametrize("lists,plug,read", [
    ("", False, False),
    ("allow_read = nobody\n", False, True),
    ("allow = nobody\n", True, True),
    ("allow_read = @nogroup\n", False, True),
    (f"allow = {NOBODY}\n", True, True),
    ("allow = daemon, @daemon\n", False, False),
])
def test_peers_are_known_by_their_credentials(box, configure, lists, plug, read):
    """Here every user can open the socket, so only the lists decide."""
    configure("[daemon]\nsocket_group = root\n" + lists)
    os.chmod(os.path.dirname(os.path.dirname(box.socket)), 0o755)
    os.chmod(box.socket, 0o666)
    vif = request("plug", vif=vhost_user(1), instance={"uuid": INSTANCE})
    reply = as_user(box, NOBODY, NOBODY, vif)
    assert ("result" in reply) == plug
    if not plug:
        assert reply["error"]["data"]["reason"] == "permission_denied"
        assert "br-int" not in box.vsctl("list-br").split(), "refused, and yet something was written"
    reply = as_user(box, NOBODY, NOBODY, request("list"))
    assert ("result" in reply) == read


def test_describe(api):
    """The reply has the form of os-vif's HostPluginInfo."""
    info = api.call("describe")
    assert info["plugin_name"] == "vifplug"
    names = {vif["vif_object_name"]: vif for vif in info["vif_info"]}
    profiles = {p["profile_object_name"] for p in names["VIFVHostUser"]["supported_port_profiles"]}
    assert profiles == {"VIFPortProfileOpenVSwitch", "VIFPortProfileOVSRepresentor"}


def test_status(box, api):
    status = api.call("status")
    assert status["ovsdb"]["connected"] is True
    assert status["vswitchd"]["state"] == "alive"
    assert status["vswitchd"]["pid"] == box.pid("ovs-vswitchd")
    assert status["vswitchd"]["dpdk_initialized"] is True


def status_says(box, state, *sentences):
    """Whether vifctl says so, by its exit status and on standard error, and the API."""
    with Api(box.socket) as api:
        status = api.call("status")
    done = box.vifctl("status", check=False)
    return (status["vswitchd"]["state"] == state and len(status["problems"]) == len(sentences)
            and all(sentence in done.stderr for sentence in sentences)
            and done.returncode == (1 if sentences else 0))


def test_status_shows_an_ovsdb_server_that_hangs(box, api):
    """Its connection stays. Only a transaction without a reply shows it."""
    assert status_says(box, "alive")
    pid = box.pid("ovsdb-server")
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(ApiError) as failed:
            api.call("plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, timeout_ms=500)
        assert failed.value.reason == "switch_unavailable"
        wait_until(lambda: status_says(box, "alive", "has not replied to a transaction for"))
        assert api.call("status")["ovsdb"]["connected"] is True
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: status_says(box, "alive"))


def test_status_is_well_only_if_all_works(box, api):
    assert status_says(box, "alive")
    pid = box.pid("ovs-vswitchd")
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: status_says(box, "hung", f"ovs-vswitchd (pid {pid}) is stopped"))
        write_next_cfg(box)
        wait_until(lambda: api.call("status")["vswitchd"].get("unanswered_s", 0) >= 1)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: status_says(box, "alive"))
    wait_until(lambda: "unanswered_s" not in api.call("status")["vswitchd"])
    box.stop("ovs-vswitchd")
    wait_until(lambda: status_says(box, "dead", "ovs-vswitchd is not running; start it."))
    box.stop("ovsdb-server")
    wait_until(lambda: status_says(box, "dead", "OVSDB at ", "ovs-vswitchd is not running"))


def write_next_cfg(box):
    """What ovs-vsctl does, without its wait."""
    box.command("ovsdb-client", "transact", box.db, json.dumps(["Open_vSwitch", {
        "op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]]}]))


def test_operators_reach_it_with_ovs_appctl(box, api):
    api.plug(vhost_user(1))
    assert "vifplugd 0." in box.appctl("vifplugd", "version")
    box.appctl("vifplugd", "vlog/set", "server:file:dbg")
    assert "server" in box.appctl("vifplugd", "vlog/list")
    assert "vifs:1" in box.appctl("vifplugd", "memory/show")
    box.appctl("vifplugd", "coverage/show")
    pid = box.pid("vifplugd")
    box.appctl("vifplugd", "exit")
    wait_until(lambda: box.pid("vifplugd") is None, what=f"{pid} ends")


def test_sighup_reads_the_configuration_again(box, configure):
    import signal
    configure("[daemon]\nsocket_group = root\n[ovs]\ncreate_bridges = no\n")
    with Api(box.socket) as api:
        with pytest.raises(ApiError):
            api.plug(vhost_user(1))
        with open(box.config, "w", encoding="ascii") as file:
            file.write("[daemon]\nsocket_group = root\n")
        os.kill(box.pid("vifplugd"), signal.SIGHUP)

        def plugged():
            try:
                return result({"result": api.plug(vhost_user(1))})["changed"] is not None
            except ApiError:
                return False
        wait_until(plugged)


def test_broken_configuration_is_named_by_line(box):
    broken = f"{box.dir}/broken.conf"
    with open(broken, "w", encoding="ascii") as file:
        file.write("[nic x]\nmatch = *\ndevargs = {pv},representor=[{vf}]\n")
    done = box.command(os.path.join(box.build, "src/vifplugd"), f"--config={broken}", check=False)
    assert done.returncode != 0
    assert f"{broken}:3: devargs has the unknown variable {{pv}}" in done.stderr


def test_timings_are_shown(box, api):
    """timings/show shows how long the stages of operations took."""
    box.appctl("vifplugd", "timings/reset")
    for _ in range(3):
        api.plug(vhost_user(1))
        api.unplug(vif_id(1))
    lines = [line.split() for line in box.appctl("vifplugd", "timings/show").splitlines()]
    assert lines[0] == ["ms", "count", "mean", "p50", "p90", "p99", "max"]
    rows = {(row[0], row[1]): row[2:] for row in lines[1:]}
    for operation in ("plug", "unplug"):
        for stage in ("queued", "commit", "realize", "total"):
            count, mean, p50, p90, p99, most = map(float, rows[(operation, stage)])
            assert count == 3 and 0 <= p50 <= p90 <= p99 <= most and mean <= most


def test_operations_under_way_are_shown(box, api):
    """With ovs-vswitchd stopped, plugs wait, and ops/show says what they wait for."""
    assert box.appctl("vifplugd", "ops/show") == "0 operations\n"
    api.plug(vhost_user(1))
    pid = box.pid("ovs-vswitchd")
    os.kill(pid, signal.SIGSTOP)
    try:
        ids = [api.send("plug", vif=vhost_user(2), instance={"uuid": INSTANCE}),
               api.send("unplug", vif_id=vif_id(2))]
        wait_until(lambda: box.appctl("vifplugd", "ops/show").startswith("2 operations\n"))
        wait_until(lambda: " REALIZING for ovs-vswitchd (cur_cfg " in box.appctl("vifplugd", "ops/show"))
        lines = box.appctl("vifplugd", "ops/show").splitlines()
        unplug = next(line for line in lines if f"unplug {vif_id(2)}, QUEUED" in line)
        plug = next(line for line in lines if f"plug {vif_id(2)} of instance {INSTANCE}, REALIZING" in line)
        assert f"for operation {plug.split(':')[0]} on the same VIF" in unplug
        assert " s left" in plug
    finally:
        os.kill(pid, signal.SIGCONT)
    api.collect(ids)
    wait_until(lambda: box.appctl("vifplugd", "ops/show") == "0 operations\n")


def test_transitions_are_logged(box, api):
    """At level debug, the log has a line for each change of an operation's state."""
    box.appctl("vifplugd", "vlog/set", "ops:file:dbg")
    try:
        api.plug(vhost_user(1))
        with open(f"{box.log}/vifplugd.log", encoding="utf-8") as file:
            log = file.read()
    finally:
        box.appctl("vifplugd", "vlog/set", "ops:file:info")
    for step in ("QUEUED -> COMMITTING", "COMMITTING -> SETTLING", "SETTLING -> REALIZING"):
        assert f"plug {vif_id(1)}: {step}" in log
