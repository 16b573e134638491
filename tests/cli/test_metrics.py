# SPDX-License-Identifier: Apache-2.0
"""The metrics and their listener, without a switch: the text, docs/monitoring.md and the examples in etc; HTTP,
and who misuses it."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from process import BUILD, NOBODY, TOP, WAIT_S, Daemon, connect, wait_for

VIFCTL = os.path.join(BUILD, "src/vifctl")
SUFFIXES = {"gauge": [""], "counter": ["_total"], "info": ["_info"], "histogram": ["_bucket", "_count", "_sum"]}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def config(listen):
    return f"[daemon]\nsocket_group = root\n[metrics]\nlisten = {listen}\n"


@pytest.fixture(scope="module", name="daemon")
def running_daemon(tmp_path_factory):
    directory = tmp_path_factory.mktemp("metrics")
    with Daemon(directory, config(f"unix:{directory}/m.sock")) as daemon:
        daemon.metrics = f"{directory}/m.sock"
        daemon.wait_log("metrics are served at")
        yield daemon


def open_reader(where):
    reader = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
    reader.connect(where)  # Waits for a place in the queue, which it would not with a timeout.
    reader.settimeout(WAIT_S)
    return reader


def rest_of(reader):
    parts = []
    while part := reader.recv(65536):
        parts.append(part)
    return b"".join(parts)


def ask(where, request=b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"):
    """Returns the status line, the header fields and the body of the reply."""
    with contextlib.closing(open_reader(where)) as reader:
        reader.sendall(request)
        head, _, body = rest_of(reader).decode().partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    return status, dict(field.split(": ", 1) for field in fields), body


def families(text):
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_all_ways_give_the_same_text(daemon):
    """OpenMetrics, by the parser of Prometheus' Python library."""
    status, fields, body = ask(daemon.metrics)
    assert status == "HTTP/1.1 200 OK"
    assert fields["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    result = connect(daemon.path).ask("metrics")["result"]
    assert result["content_type"] == fields["Content-Type"]
    shown = subprocess.run([VIFCTL, f"--socket={daemon.path}", "metrics"], capture_output=True, text=True,
                           check=True, timeout=60)
    names = [list(families(text)) for text in (body, result["text"], shown.stdout)]
    assert names[0] == names[1] == names[2] and len(names[0]) > 20
    assert shown.stderr == ""


def test_the_start_is_one_time(tmp_path):
    """Whatever looks for restarts compares it between scrapes."""
    before = time.time()
    with Daemon(tmp_path, "[daemon]\nsocket_group = root\n") as daemon:
        client = connect(daemon.wait_listening().path)
        texts = [client.ask("metrics")["result"]["text"] for _ in range(100)]
    starts = {re.search(r"^vifplug_start_time_seconds (\S+)$", text, re.MULTILINE).group(1) for text in texts}
    assert len(starts) == 1 and before - 0.001 <= float(starts.pop()) <= time.time()


def test_each_reason_has_a_sample(daemon):
    """From the start: Prometheus' increase() does not count the value with which a series begins."""
    family = families(ask(daemon.metrics)[2])["vifplug_operations"]
    refused = families(ask(daemon.metrics)[2])["vifplug_requests_refused"]
    reasons = {sample.labels["reason"] for sample in refused.samples}
    samples = {(sample.labels["type"], sample.labels["reason"]): sample.value for sample in family.samples}
    assert set(samples.values()) == {0}
    assert set(samples) == {(kind, reason) for kind in ("plug", "unplug", "update", "repair", "restore", "recover")
                            for reason in reasons | {"none"}}


def test_the_page_lists_the_metrics(daemon):
    """With their types and labels."""
    rows = re.findall(r"^\| `(vifplug_\w+)` \| (\w+) \| ?([^|]*?) ?\|", read("docs/monitoring.md"), re.MULTILINE)
    page = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    exposed = {}
    for name, family in families(ask(daemon.metrics)[2]).items():
        labels = set().union(*(sample.labels for sample in family.samples)) - {"le"}
        exposed[name] = (family.type, labels)
        assert family.documentation
    # There is no VIF here. tests/integration/test_counts.py has some.
    exposed["vifplug_vif_state"] = ("gauge", {"vif_id", "instance", "port", "bridge", "state"})
    exposed["vifplug_vif_link_up"] = ("gauge", {"vif_id", "instance", "port", "bridge"})
    for counter in ("packets", "bytes", "dropped", "errors"):
        for way in ("rx", "tx"):
            exposed[f"vifplug_vif_{way}_{counter}"] = ("counter", {"vif_id", "instance", "port", "bridge"})
    assert page == exposed


def sample_names(daemon):
    return {name + suffix for name, family in families(ask(daemon.metrics)[2]).items()
            for suffix in SUFFIXES[family.type]}


def used(expression):
    return set(re.findall(r"\bvifplug_\w+", expression))


def test_alerts_use_metrics_that_exist(daemon):
    groups = yaml.safe_load(read("etc/vifplug-alerts.yml"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 6
    names = sample_names(daemon)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"} and rule["annotations"]["action"]
        assert used(rule["expr"]) <= names, rule
        assert used(rule["expr"]) or "up{" in rule["expr"]
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_dashboard_uses_metrics_that_exist(daemon):
    dashboard = json.loads(read("etc/vifplug-dashboard.json"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [variable["query"] for variable in dashboard["templating"]["list"]
                    if variable["type"] == "query"]
    names = sample_names(daemon)
    for expression in expressions:
        assert used(expression) and used(expression) <= names, expression
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@pytest.mark.parametrize("request_, status", [
    (b"GET /metrics?name=x HTTP/1.0\r\n\r\n", "200 OK"),
    (b"GET /metrics HTTP/1.1\n\n", "200 OK"),
    (b"GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
    (b"GET /metricsx HTTP/1.1\r\n\r\n", "404 Not Found"),
    (b"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed"),
    (b"GET /metrics\r\n\r\n", "400 Bad Request"),
    (b"\r\n\r\n", "400 Bad Request"),
    (b"\x16\x03\x01\x00\n\n", "400 Bad Request"),
    (b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 2000, "431 Request Header Fields Too Large"),
])
def test_requests(daemon, request_, status):
    assert ask(daemon.metrics, request_)[0] == f"HTTP/1.1 {status}"


def test_a_request_in_pieces(daemon):
    with contextlib.closing(open_reader(daemon.metrics)) as reader:
        for byte in b"GET /metrics HTTP/1.1\r\n\r\n":
            reader.sendall(bytes([byte]))
        assert rest_of(reader).endswith(b"# EOF\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_needs_no_rights(daemon):
    assert stat.S_IMODE(os.stat(daemon.metrics).st_mode) == 0o666
    readable = os.open(os.path.dirname(daemon.metrics), os.O_PATH)  # No other directory above it.
    code = ("import socket; s = socket.socket(socket.AF_UNIX); s.connect('/proc/self/fd/%d/m.sock'); "
            "s.sendall(b'GET /metrics HTTP/1.1\\r\\n\\r\\n'); print(s.makefile().read())" % readable)
    os.chmod(os.path.dirname(daemon.metrics), 0o755)
    done = subprocess.run(["/usr/bin/python3", "-c", code], user=NOBODY, group=NOBODY, extra_groups=[],
                          pass_fds=[readable], capture_output=True, text=True, check=False, timeout=60)
    os.close(readable)
    assert done.stdout.endswith("# EOF\n\n"), done.stderr


def test_readers_that_stall(daemon):
    """They neither stop the API, nor keep others from the metrics for longer than a request may take."""
    stalled = [open_reader(daemon.metrics) for _ in range(20)]
    for reader in stalled[:10]:
        reader.sendall(b"GET /metrics HTTP/1.1\r\n")
    assert "result" in connect(daemon.path).ask("status")
    assert ask(daemon.metrics)[0] == "HTTP/1.1 200 OK"
    for reader in stalled:
        reader.close()


def test_readers_that_vanish(daemon):
    def descriptors():
        return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    assert ask(daemon.metrics)[0] == "HTTP/1.1 200 OK"
    wait_for(lambda: descriptors() < 40, WAIT_S, "the last readers are gone")
    before = descriptors()
    for _ in range(50):
        with contextlib.closing(open_reader(daemon.metrics)) as reader:
            reader.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert ask(daemon.metrics)[0] == "HTTP/1.1 200 OK"
    wait_for(lambda: descriptors() <= before, WAIT_S, "the descriptors are closed")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listen_at_a_port(daemon):
    """Moves the metrics, which were at one other address. Returns their port, and how often they have moved."""
    for changes in range(2, 12):
        port = free_port()
        daemon.configure(config(f"127.0.0.1:{port}"))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("changed: listen", changes)
        wait_for(lambda port=port: f"served at 127.0.0.1:{port}" in daemon.log(), WAIT_S, "it has tried to listen")
        if f"are not served at 127.0.0.1:{port}" not in daemon.log():  # Else another process has taken the port.
            return port, changes
    raise AssertionError("ten ports in a row were taken")


def test_the_listener_follows_the_configuration(tmp_path):
    """Off by default; SIGHUP switches it on, moves it and switches it off."""
    path = f"{tmp_path}/m.sock"
    with Daemon(tmp_path) as daemon:
        daemon.wait_listening()
        daemon.configure(config(f"unix:{path}"))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("changed: listen")
        assert ask(path)[0] == "HTTP/1.1 200 OK"
        port, changes = listen_at_a_port(daemon)
        assert ask(("127.0.0.1", port))[0] == "HTTP/1.1 200 OK"
        assert not os.path.exists(path)
        daemon.configure("")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("changed: listen", changes + 1)
        with pytest.raises(ConnectionRefusedError):
            open_reader(("127.0.0.1", port))


def test_everybody_may_read_in_a_directory_with_an_access_list(tmp_path):
    """Open vSwitch's directory has one, of grant-access; it takes the umask's place."""
    path = f"{tmp_path}/m.sock"
    subprocess.run(["setfacl", "-m", "default:user:nobody:rwx", tmp_path], check=True)
    with Daemon(tmp_path, config(f"unix:{path}")) as daemon:
        daemon.wait_log("metrics are served at")
        assert os.stat(path).st_mode & 0o777 == 0o666


def test_an_address_that_is_taken(tmp_path):
    """The log says so, the API works, and the next SIGHUP tries again."""
    path = f"{tmp_path}/m.sock"
    with Daemon(tmp_path, config(f"unix:{path}"), preexec_fn=lambda: open(path, "wb").close()) as daemon:
        daemon.wait_log("Metrics are not served at unix:")
        assert "result" in connect(daemon.path).ask("status")
        os.unlink(path)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("metrics are served at")
        assert ask(path)[0] == "HTTP/1.1 200 OK"
        daemon.process.kill()
        daemon.process.wait()
    with Daemon(tmp_path, config(f"unix:{path}"), name="second") as daemon:
        daemon.wait_log("metrics are served at")  # At the path of the stale socket.
        daemon.process.terminate()
        assert daemon.process.wait(WAIT_S) == 0
    assert not os.path.exists(path)


@pytest.mark.parametrize("listen", ["0.0.0.0:9477", "127.0.0.1:0", "127.0.0.1", "unix:m.sock", "9477"])
def test_addresses_that_are_refused(tmp_path, listen):
    with Daemon(tmp_path, config(listen), stderr=subprocess.PIPE, text=True) as daemon:
        _, errors = daemon.process.communicate(timeout=WAIT_S)
        assert daemon.process.returncode == 1 and f"{daemon.config}:4: listen " in errors
