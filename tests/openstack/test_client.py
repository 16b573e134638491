# SPDX-License-Identifier: Apache-2.0
"""vifplug.client: with the daemon, and with servers that are not vifplugd."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from api import INSTANCE, representor, sample, vif_id
from conftest import TOP
from ports import slot

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))

import vifplug  # noqa: E402
from vifplug import client  # noqa: E402


@pytest.fixture
def daemon(card_box):
    return client.Client(card_box.socket, timeout=20)


def test_calls(daemon):
    vif = daemon.plug(representor(1, slot(10)), {"uuid": INSTANCE})
    assert vif["state"] == "up" and vif["changed"] is True
    assert daemon.get(vif_id(1))["port"] == vif["port"]
    assert [one["vif_id"] for one in daemon.list()] == [vif_id(1)]
    assert not daemon.list(state="failed")
    assert [one["port"] for one in daemon.list(bridge="br-int")] == [vif["port"]]
    assert [one["vif_id"] for one in daemon.stats(vif_id=vif["port"])] == [vif_id(1)] and daemon.stats()
    with pytest.raises(client.Refused) as none:
        daemon.get("no-such")
    assert none.value.reason == "not_found"
    assert daemon.status()["counters"]["vifs"] == 1
    assert daemon.describe()["plugin_name"] == "vifplug"
    dry = daemon.plug(representor(2, slot(11)), {"uuid": INSTANCE}, dry_run=True)
    assert dry["plan"]["action"] == "create"
    assert daemon.unplug(vif_id=vif_id(1), wait="committed")["changed"] is True
    assert daemon.unplug(vif=sample("a2"))["changed"] is False
    assert daemon.list() == []


def test_what_it_shows(daemon):
    """The other methods that only read, and events."""
    with daemon.subscribe(since_ms=60000) as events:
        assert events.run and events.complete is not None and events.complete_from
        daemon.plug(representor(1, slot(10)), {"uuid": INSTANCE})
        told = next(event for event in events if event.number > events.last_event)
        assert (told.name, told.params["vif_id"]) == ("vif.plugged", vif_id(1))
        assert events.next(timeout=0.01) is None
    assert [nic["profile"] for nic in daemon.nics()].count("napatech") == 1
    assert daemon.check()["verdict"] in ("pass", "warn", "fail")
    assert daemon.ops(limit=1)["operations"][0]["vif_id"] == vif_id(1)
    assert daemon.metrics().endswith("# EOF\n")
    assert daemon.reap(dry_run=True)["removed"] == []
    assert daemon.get(vf=slot(10))["vif_id"] == vif_id(1)


def test_refused(daemon):
    with pytest.raises(client.Refused) as refused:
        daemon.plug(representor(1, slot(10), mtu=1), {"uuid": INSTANCE})
    error = refused.value
    assert (error.reason, error.field, error.retryable) == ("invalid_request", "vif.mtu", False)
    assert error.code == -32000 and str(error) == error.message
    daemon.plug(representor(1, slot(10)), {"uuid": INSTANCE})
    with pytest.raises(client.Refused) as refused:
        daemon.plug(representor(2, slot(10)), {"uuid": INSTANCE})
    assert refused.value.reason == "vf_in_use" and refused.value.vif_id == vif_id(2)
    with pytest.raises(client.Refused) as refused:
        daemon.call("no-such-method")
    assert refused.value.code == -32601


def test_the_switchs_words_are_in_the_sentence(card_box, daemon):
    card_box.card_settings(refuse_probe=10)
    with pytest.raises(client.Refused) as refused:
        daemon.plug(representor(1, slot(10)), {"uuid": INSTANCE})
    assert refused.value.detail and refused.value.detail in str(refused.value)


def test_too_many_connections(card_box, configure_card):
    """The daemon refuses the connection before it reads a request: the reply has no id."""
    configure_card("[daemon]\nmax_connections = 1\n")
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(card_box.socket)
        other.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
        assert other.recv(10)
        with pytest.raises(client.Refused) as refused:
            client.Client(card_box.socket, timeout=10).status()
        assert refused.value.reason == "busy" and refused.value.retryable


def test_refused_before_the_request_is_sent(tmp_path, monkeypatch):
    """The same, if the daemon has closed the connection before the client writes."""
    path = str(tmp_path / "s")
    refusal = {"jsonrpc": "2.0", "id": None, "error": {
        "code": -32000, "message": "Too many.", "data": {"reason": "busy", "retryable": True}}}
    connect = client.Client._connect
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def connect_and_be_refused(self, connection, deadline):
            connect(self, connection, deadline)
            with listener.accept()[0] as peer:
                peer.sendall(line(refusal))
        monkeypatch.setattr(client.Client, "_connect", connect_and_be_refused)
        with pytest.raises(client.Refused) as refused:
            client.Client(path, timeout=5).status()
    assert refused.value.reason == "busy"


def test_a_full_queue_of_connections(tmp_path):
    """The client waits for a place, since more calls at once than there are places are not an error."""
    path = str(tmp_path / "s")
    waiting = []
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as others:
        listener.bind(path)
        listener.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                waiting.append(others.enter_context(socket.socket(socket.AF_UNIX)))
                waiting[-1].setblocking(False)
                waiting[-1].connect(path)
        start = time.monotonic()
        with pytest.raises(client.Unreachable) as refused:
            client.Client(path, timeout=0.5).status()
        assert "does not accept connections" in str(refused.value)
        assert 0.4 < time.monotonic() - start < 15

        results = []
        thread = threading.Thread(target=lambda: results.append(client.Client(path, timeout=30).status()))
        thread.start()
        for _ in waiting[:-1]:  # The last got no place.
            listener.accept()[0].close()
        with listener.accept()[0] as peer:
            request = json.loads(peer.makefile("rb").readline())
            peer.sendall(line({"jsonrpc": "2.0", "id": request["id"], "result": {"well": True}}))
        thread.join(timeout=30)
    assert results == [{"well": True}]


def test_many_threads_one_client(daemon):
    results = []
    threads = [threading.Thread(target=lambda: results.append(daemon.status())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20


def test_the_environment_names_the_socket(monkeypatch):
    monkeypatch.setenv("VIFPLUGD_SOCKET", "/x/y")
    assert client.Client().path == "/x/y" and client.Client("/z").path == "/z"
    monkeypatch.delenv("VIFPLUGD_SOCKET")
    assert client.Client().path == client.DEFAULT_SOCKET


def serving(path, reply, chunks=1):
    """A listener that sends reply(request) to one request, in some pieces, and closes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def serve():
        with listener, listener.accept()[0] as connection:
            request = json.loads(connection.makefile("rb").readline())
            data = reply(request)
            size = max(1, -(-len(data) // chunks))
            for start in range(0, len(data), size):
                connection.sendall(data[start:start + size])
    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def line(value):
    return json.dumps(value).encode() + b"\n"


@pytest.mark.parametrize("reply,reason", [
    (lambda r: b"HTTP/1.1 400 Bad Request\r\n\r\n", "not_vifplugd"),
    (lambda r: b"[1]\n", "not_vifplugd"),
    (lambda r: line({"id": r["id"], "result": {}, "error": None}), "not_vifplugd"),
    (lambda r: line({"jsonrpc": "2.0", "id": r["id"] + 1, "result": {}}), "not_vifplugd"),
    (lambda r: line({"jsonrpc": "2.0", "id": r["id"]}), "not_vifplugd"),
    (lambda r: line({"jsonrpc": "2.0", "id": None, "result": {}}), "not_vifplugd"),
    (lambda r: b"SSH-2.0-OpenSSH_9.2", "not_vifplugd"),
    (lambda r: b'{"jsonrpc": "2.0"', "no_answer"),
    (lambda r: b"", "no_answer"),
])
def test_strangers(tmp_path, reply, reason):
    path = str(tmp_path / "s")
    thread = serving(path, reply)
    with pytest.raises(client.VifplugError) as failed:
        client.Client(path, timeout=5).status()
    thread.join()
    assert failed.value.reason == reason and path in str(failed.value)


def test_an_answer_in_pieces(tmp_path):
    path = str(tmp_path / "s")
    big = {"text": "x" * 300000}
    thread = serving(path, lambda r: line({"jsonrpc": "2.0", "id": r["id"], "result": big}), 7)
    assert client.Client(path, timeout=10).status() == big
    thread.join()


def test_a_part_of_the_counters_is_told(tmp_path):
    """OVSDB has stopped replying on the way: the reply has a warning."""
    path = str(tmp_path / "s")
    part = {"stats": [{"vif_id": "port-1"}], "warnings": ["OVSDB is away"]}
    thread = serving(path, lambda r: line({"jsonrpc": "2.0", "id": r["id"], "result": part}))
    with pytest.raises(client.Incomplete) as failed:
        client.Client(path, timeout=10).stats()
    thread.join()
    assert failed.value.values == part["stats"] and str(failed.value) == "OVSDB is away"


@pytest.mark.parametrize("timeout, timeout_ms, seconds", [
    (None, None, client.DEFAULT_TIMEOUT), (None, 1000, client.DEFAULT_TIMEOUT),
    (None, 600000, 1200 + client.MARGIN), (5, 600000, 5), (5, None, 5)])
def test_the_daemon_may_reply_first(timeout, timeout_ms, seconds):
    assert client.Client("/nowhere", timeout)._patience(timeout_ms) == seconds


def test_one_id_is_no_list():
    with pytest.raises(TypeError):
        client.Client("/nowhere").reap("port-1")


def test_the_time_is_for_the_whole_call(tmp_path):
    """Not for each piece: a server that sends a byte now and then does not block a caller for ever."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        done, drips = threading.Event(), []

        def drip():
            with listener.accept()[0] as connection:
                while not done.wait(0.05) and len(drips) < 600:
                    connection.sendall(b" ")
                    drips.append(1)
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(client.NoAnswer):
            client.Client(path, timeout=0.5).status()
        done.set()
        thread.join()
        assert len(drips) < 600


def dead_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)


def datagram_socket(path):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.bind(path)
    return one


@pytest.mark.parametrize("prepare,words", [
    (lambda path: None, "no such socket"), (dead_socket, "no process listens"),
    (lambda path: open(path, "w", encoding="ascii").close(), "no process listens"),
    (datagram_socket, "not a stream socket"),
])
def test_unreachable(tmp_path, prepare, words):
    path = str(tmp_path / "s")
    kept = prepare(path)
    with pytest.raises(client.Unreachable) as failed:
        client.Client(path, timeout=2).status()
    assert words in str(failed.value) and path in str(failed.value) and failed.value.retryable
    if kept is not None:
        kept.close()


def test_permission_denied(card_box):
    """The user has no access by the socket's mode or group."""
    os.chmod(card_box.socket, 0o660)
    for path in (os.path.dirname(card_box.dir), card_box.dir):
        os.chmod(path, 0o755)
    script = ("import os, sys; sys.path.insert(0, sys.argv[1]); from vifplug import client\n"
              "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
              "try:\n    client.Client(sys.argv[2]).status()\n"
              "except client.Unreachable as error:\n    print(error)\n")
    said = subprocess.run(["/usr/bin/python3", "-c", script, os.path.join(TOP, "src", "openstack"),
                           card_box.socket], capture_output=True, text=True, check=False)
    assert "permission denied; add this user to the socket's group" in said.stdout, said.stderr


def test_importing_needs_nothing_but_python():
    """The client works without OpenStack."""
    source = os.path.join(TOP, "src", "openstack")
    script = ("import sys; before = set(sys.modules); from vifplug import client; "
              "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} "
              "- set(sys.stdlib_module_names) - {'vifplug'}))")
    said = subprocess.run(["/usr/bin/python3", "-c", script], cwd=source, capture_output=True,
                          text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_version_is_the_projects():
    with open(os.path.join(TOP, "CMakeLists.txt"), encoding="utf-8") as file:
        project = file.read().split("project(vifplug VERSION ")[1].split()[0]
    assert vifplug.__version__ == project


def test_options_for_the_sample_configurations(prefix, tmp_path):
    """oslo-config-generator finds the options of both sides."""
    said = subprocess.run(
        ["/usr/bin/python3", "-m", "oslo_config.generator", "--namespace=vifplug.nova",
         "--namespace=vifplug.neutron"], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(prefix), "XDG_CACHE_HOME": str(tmp_path)})
    for words in ("[os_vif_agilio_ovs]", "[os_vif_vifplug]", "[vifplug]", "#startup_grace = 0",
                  "#vhost_socket = /usr/local/var/run/stdvio{vf}"):
        assert words in said.stdout, said.stdout
