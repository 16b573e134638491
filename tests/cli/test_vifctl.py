# SPDX-License-Identifier: Apache-2.0
"""vifctl without a switch: usage, exit codes, and what it does with what a daemon sends."""

import json
import os
import socket
import subprocess
import threading

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
SAMPLES = os.path.join(TOP, "tests/samples")
INSTANCE = "aaaabbbb-1111-4222-8333-444455556666"


def vifctl(*arguments, stdin=None, path="/nonexistent/socket"):
    return subprocess.run([os.path.join(BUILD, "src/vifctl"), f"--socket={path}", *arguments],
                          capture_output=True, text=True, input=stdin, timeout=60, check=False)


class FakeDaemon:
    """Answers each request with what `answer(request)` gives; None: not at all."""

    def __init__(self, directory, answer):
        self.path = os.path.join(directory, "s")
        self.requests = []
        self.answer = answer
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            for line in connection.makefile("rb"):
                request = json.loads(line)
                self.requests.append(request)
                answer = self.answer(request)
                if isinstance(answer, bytes):
                    connection.sendall(answer)
                elif answer is not None:
                    answer.update(jsonrpc="2.0", id=request["id"])
                    connection.sendall(json.dumps(answer).encode() + b"\n")
            connection.close()


def refusal(reason, **data):
    return {"error": {"code": -32000, "message": "No. Do this.",
                      "data": {"reason": reason, "retryable": False, **data}}}


VIF = {"vif_id": "x", "kind": "representor", "bridge": "br-int", "port": "vfrx", "ofport": 5,
       "mtu": 1500, "state": "up", "options": {"dpdk-devargs": "d"}, "external_ids": {},
       "representor": {"pf": "0000:65:00.0", "vf_num": 10, "devargs": "d"},
       "vhost_user": {"path": "/s", "mode": "server"}}


@pytest.mark.parametrize("arguments", [
    (), ("fly",), ("plug",), ("get",), ("list", "x"), ("plug", "a", "b"), ("--wait=never", "list"),
    ("--timeout=0", "list"), ("--timeout=601", "list"), ("--timeout=x", "list"),
    ("--format=xml", "list"), ("--nonsense", "list"), ("--id=", "unplug"),
])
def test_usage_errors(arguments):
    done = vifctl(*arguments)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_help_and_version():
    assert "unplug" in vifctl("--help").stdout
    assert vifctl("--version").stdout.startswith("vifctl ")


def test_unreachable():
    done = vifctl("list")
    assert done.returncode == 3 and "/nonexistent/socket" in done.stderr


def test_socket_from_the_environment(tmp_path):
    done = subprocess.run([os.path.join(BUILD, "src/vifctl"), "list"], capture_output=True,
                          text=True, check=False,
                          env={**os.environ, "VIFPLUGD_SOCKET": f"{tmp_path}/elsewhere"})
    assert done.returncode == 3 and "elsewhere" in done.stderr


@pytest.mark.parametrize("reason,code", [("vf_in_use", 1), ("timeout", 4), ("busy", 1),
                                         ("switch_unavailable", 1)])
def test_refusals(tmp_path, reason, code):
    daemon = FakeDaemon(tmp_path, lambda _: refusal(reason, detail="because"))
    done = vifctl("unplug", "--id=x", path=daemon.path)
    assert done.returncode == code
    assert reason in done.stderr and "No. Do this." in done.stderr and "because" in done.stderr
    done = vifctl("--format=json", "unplug", "--id=x", path=daemon.path)
    assert json.loads(done.stdout)["data"]["reason"] == reason


def test_daemon_that_hangs_up(tmp_path):
    class HangsUp(FakeDaemon):
        def _serve(self):
            connection, _ = self.listener.accept()
            connection.recv(10)
            connection.close()
    daemon = HangsUp(tmp_path, None)
    assert vifctl("list", path=daemon.path).returncode == 3


def test_garbage_is_not_an_answer(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: b"garbage\n")
    assert vifctl("list", path=daemon.path).returncode == 3


def test_plug_from_files_and_flags(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {**VIF, "changed": True,
                                                        "warnings": ["mind this"]}})
    raw = os.path.join(SAMPLES, "a2_agilio_ovs_virtio_forwarder_server.json")
    done = vifctl(f"--instance={INSTANCE}", "--timeout=2.5", "--wait=committed", "plug", raw,
                  path=daemon.path)
    assert done.returncode == 0 and "mind this" in done.stderr and "vfrx" in done.stdout
    params = daemon.requests[-1]["params"]
    with open(raw, encoding="utf-8") as file:
        assert params["vif"] == json.load(file)
    assert params["instance"] == {"uuid": INSTANCE}
    assert params["timeout_ms"] == 2500 and params["wait"] == "committed"

    whole = json.dumps({"vif": {"vif_id": "y", "mtu": 1500}, "instance": {"uuid": "i"}})
    done = vifctl("--mtu=9000", "--path=/p", "--mode=client", "--dry-run", "plug", "-",
                  stdin=whole, path=daemon.path)
    assert done.returncode == 0
    params = daemon.requests[-1]["params"]
    assert params == {"vif": {"vif_id": "y", "mtu": 9000,
                              "vhost_user": {"path": "/p", "mode": "client"}},
                      "instance": {"uuid": "i"}, "dry_run": True}

    done = vifctl("--id=z", "--kind=representor", "--mac=fa:16:3e:00:00:01", "--bridge=br-int",
                  "--pci=0000:65:00.4", "--datapath=netdev", "--instance=i", "plug",
                  path=daemon.path)
    assert done.returncode == 0
    assert daemon.requests[-1]["params"]["vif"] == {
        "vif_id": "z", "kind": "representor", "address": "fa:16:3e:00:00:01", "bridge": "br-int",
        "pci_slot": "0000:65:00.4", "datapath_type": "netdev"}


@pytest.mark.parametrize("arguments,stdin", [
    (("plug", "/nonexistent/file"), None),
    (("plug", "-"), "not json"),
    (("plug", "-"), "[]"),
    (("plug", "-"), '{"vif":{}}'),
    (("--mtu=many", "--instance=i", "plug", "-"), "{}"),
    (("--instance=i", "--mtu=9000", "plug", "-"), '{"versioned_object.name":"VIFVHostUser"}'),
    (("unplug", "-"), "{}"),
])
def test_bad_input_is_said_and_not_sent(tmp_path, arguments, stdin):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {}})
    done = vifctl(*arguments, stdin=stdin, path=daemon.path)
    assert done.returncode == 2 and "vifctl: " in done.stderr
    assert daemon.requests == []


@pytest.mark.parametrize("text", [
    '{"vif":{"vif_id":"x"},"instance":{"uuid":"i"}}', '{"vif_id":"x"}',
    '{"versioned_object.name":"V","versioned_object.data":{"id":"x"}}', '{"id":"x","vnic_type":"n"}',
])
def test_unplug_sends_the_vif_of_a_file(tmp_path, text):
    """All of it: where nothing is on record, the daemon looks for what may have been left."""
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x", "changed": True,
                                                        "warnings": []}})
    assert vifctl("unplug", "-", stdin=text, path=daemon.path).returncode == 0
    params = daemon.requests[-1]["params"]
    assert params["vif"] == json.loads(text).get("vif", json.loads(text))
    assert params.get("instance") == ({"uuid": "i"} if "instance" in text else None)


def test_unplug_by_id(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x", "changed": True,
                                                        "warnings": []}})
    assert vifctl("unplug", "x", "--instance=i", "--wait=committed", "--timeout=2",
                  path=daemon.path).returncode == 0
    assert daemon.requests[-1]["params"] == {"vif_id": "x", "instance": {"uuid": "i"},
                                             "wait": "committed", "timeout_ms": 2000}


def test_update(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {**VIF, "changed": True, "warnings": []}})
    qos = '{"egress":{"max_kbps":1000}}'
    assert vifctl("update", "x", "--mtu=9000", f"--qos={qos}", path=daemon.path).returncode == 0
    assert daemon.requests[-1]["params"] == {"vif_id": "x", "mtu": 9000, "qos": json.loads(qos)}
    assert vifctl("update", "x", "--mtu=many", path=daemon.path).returncode == 2
    assert vifctl("update", path=daemon.path).returncode == 2


def test_reap(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"removed": ["x"], "warnings": ["Hm."]}})
    done = vifctl("reap", path=daemon.path)
    assert done.returncode == 0 and "x" in done.stdout and "Hm." in done.stderr
    assert daemon.requests[-1]["params"] == {}
    assert vifctl("reap", "y", path=daemon.path).returncode == 0
    assert daemon.requests[-1]["params"] == {"vif_ids": ["y"]}


def test_nics(tmp_path):
    vf = {"vf": "0000:65:01.2", "index": 6, "vf_num": 10, "devargs": "d", "vif_id": "x",
          "vhost_user": {"path": "/s10", "mode": "server"}}
    nics = {"nics": [{"pf": "0000:65:00.0", "vendor": "18f4", "device": "01c5", "profile": "napatech",
                      "vfs": [vf, {"vf": "0000:66:00.0", "problem": "Ambiguous."}]}]}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": nics})
    head, columns, first, second = vifctl("nics", path=daemon.path).stdout.rstrip().split("\n")
    assert head.split() == ["0000:65:00.0", "18f4:01c5", "no", "driver", "profile", "napatech"]
    assert columns.split() == ["VF", "NUMBER", "DRIVER", "DEVARGS", "SOCKET", "USED", "BY", "PROBLEM"]
    assert first.split() == ["0000:65:01.2", "10", "-", "d", "/s10", "x", "-"]
    assert second.split() == ["0000:66:00.0", "-", "-", "-", "-", "-", "Ambiguous."]


def test_watch(tmp_path):
    """Notifications, also such as come before the answer; the end of the daemon ends it."""
    def answer(request):
        assert request["method"] == "subscribe"
        lines = [{"jsonrpc": "2.0", "method": "vif.plugged", "params": VIF},
                 {"jsonrpc": "2.0", "id": request["id"], "result": {"subscribed": True}},
                 {"jsonrpc": "2.0", "method": "vif.drifted",
                  "params": {**VIF, "drift": [{"field": "mtu_request", "expected": "1500",
                                               "found": "9000"}]}},
                 {"jsonrpc": "2.0", "method": "switch.down", "params": {"what": "vswitchd"}}]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    daemon = FakeDaemon(tmp_path, answer)
    process = subprocess.Popen(  # pylint: disable=consider-using-with
        [os.path.join(BUILD, "src/vifctl"), f"--socket={daemon.path}", "watch"],
        stdout=subprocess.PIPE, text=True)
    plugged, drifted, down = (process.stdout.readline() for _ in range(3))
    assert "vif.plugged  x  vfrx  up" in plugged
    assert "mtu_request: '9000', expected '1500'" in drifted
    assert "switch.down  vswitchd" in down
    process.terminate()
    assert process.wait(timeout=20) == 0


def test_watch_without_a_daemon():
    assert vifctl("watch").returncode == 3


def test_watch_refused(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: refusal("permission_denied"))
    done = vifctl("watch", path=daemon.path)
    assert done.returncode == 1 and "permission_denied" in done.stderr


def test_list_as_table_and_json(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [VIF]}})
    done = vifctl("list", path=daemon.path)
    head, row = done.stdout.rstrip("\n").split("\n")
    assert head.split() == ["VIF", "KIND", "BRIDGE", "PORT", "OFPORT", "MTU", "STATE", "PF", "VF",
                            "SOCKET"]
    assert row.split() == ["x", "representor", "br-int", "vfrx", "5", "1500", "up", "0000:65:00.0",
                           "10", "/s"]
    assert "\033" not in done.stdout, "colour is for terminals"
    done = vifctl("--format=json", "list", path=daemon.path)
    assert json.loads(done.stdout) == {"vifs": [VIF]}
