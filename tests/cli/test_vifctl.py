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
def test_unplug_takes_the_id_from_a_file(tmp_path, text):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x", "changed": True,
                                                        "warnings": []}})
    assert vifctl("unplug", "-", stdin=text, path=daemon.path).returncode == 0
    params = daemon.requests[-1]["params"]
    assert params["vif_id"] == "x"
    assert params.get("instance") == ({"uuid": "i"} if "instance" in text else None)


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
