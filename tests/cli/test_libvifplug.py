# SPDX-License-Identifier: Apache-2.0
"""libvifplug with a server that does what a test wants; tests/integration/test_library.py has the real daemon."""

import errno
import json
import subprocess

import pytest

import library
from server import SUBSCRIBED, Server, event, line_of, reply_to

EVENTS_MAX = 1024  # VIFPLUG_EVENTS_MAX.
PROGRAM = """
#include <vifplug/vifplug.h>

int main(void)
{
    struct vifplug_options options = VIFPLUG_OPTIONS_INIT;
    struct vifplug_qos qos = VIFPLUG_QOS_INIT;
    struct vifplug_filter filter = VIFPLUG_FILTER_INIT;

    return options.size && qos.size && filter.size && vifplug_version() ? 0 : 1;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return library.library(tmp_path_factory.mktemp("library"))


def test_requests(tmp_path, program):
    """What each call sends; all methods that a call may have options for have them."""
    def serve(request):
        if request["method"] == "unplug" and "timeout_ms" in request["params"]:
            return [reply_to(request, {}), event(1), event(2), event(3)]
        return [reply_to(request, {})]
    server = Server(tmp_path, serve)
    library.calls(program, server.path, "all", "/run/vm1")
    sent = [(request["method"], request["params"]) for request in server.requests]
    vif = sent[1][1]["vif"]
    assert vif == {
        "vif_id": "port-1", "kind": "vhost-user", "bridge": "br-int", "address": "fa:16:3e:00:00:01", "mtu": 1500,
        "datapath_type": "netdev", "interface_id": "iface-1", "vhost_user": {"path": "/run/vm1", "mode": "server"},
        "qos": {"egress": {"max_kbps": 100000}, "ingress": {"max_kbps": 200000, "max_burst_kbps": 300000}}}
    plug = {"vif": vif, "instance": {"uuid": "vm-1"}}
    assert sent == [
        ("subscribe", {}),
        ("plug", {**plug, "dry_run": True}), ("plug", {**plug, "timeout_ms": 20000}),
        ("update", {"vif_id": "port-1", "timeout_ms": 20000,
                    "qos": {"egress": {"max_kbps": 50000}, "ingress": {}}}),
        ("get", {"vif_id": "fa:16:3e:00:00:01"}), ("list", {"instance": "vm-1", "state": "up"}),
        ("stats", {"vif_id": "vhuport-1"}), ("list", {"vif_id": "vhuport-1"}),
        ("reap", {"dry_run": True, "timeout_ms": 5000}), ("unplug", {"vif": vif, "instance": {"uuid": "vm-2"}}),
        ("unplug", {"vif_id": "port-1", "instance": {"uuid": "vm-1"}, "timeout_ms": 20000}),
        ("nics", {}), ("status", {}), ("check", {}), ("ops", {"limit": 1}), ("metrics", {}), ("describe", {})]


def test_events_before_and_after_the_reply(tmp_path, program):
    """Those that come together with a reply are kept, in their order, and params are as given. What is not fetched
    goes with the connection."""
    def serve(request):
        if request["method"] == "subscribe":
            return [reply_to(request, SUBSCRIBED), event(1), event(2)]
        return [event(3), event(4), event(5), reply_to(request, {})]
    server = Server(tmp_path, serve)
    seen = library.calls(program, server.path, "subscribe", 60000, 1, 4)
    assert [name for name, *_ in seen] == ["subscribe", "status"] + 4 * ["vif.plugged"]
    assert [reply["event"] for *_, reply in seen[2:]] == [1, 2, 3, 4]
    assert [one["params"] for one in server.requests] == [{"since_ms": 60000}, {}]


def test_events_that_nobody_fetches(tmp_path, program):
    """The library keeps the newest, and says once that some are missing."""
    def serve(request):
        if request["method"] == "subscribe":
            return [reply_to(request, SUBSCRIBED)]
        return [*map(event, range(1, EVENTS_MAX + 11)), reply_to(request, {})]
    seen = library.calls(program, Server(tmp_path, serve).path, "subscribe", 0, 1, EVENTS_MAX + 1)
    assert seen[2] == ("no event", -errno.ENOBUFS, {})
    assert [reply["event"] for *_, reply in seen[3:]] == list(range(11, EVENTS_MAX + 11))


def test_the_end_of_the_connection(tmp_path, program):
    """What has come is fetched first; then each call says that there is no more."""
    def serve(request):
        return [reply_to(request, SUBSCRIBED), event(1)] if request["method"] == "subscribe" else None
    server = Server(tmp_path, serve)
    seen = library.calls(program, server.path, "subscribe", 0, 1, 3)
    assert [(name, result) for name, result, _ in seen[1:]] == [
        ("status", -errno.ECONNRESET), ("vif.plugged", 0), ("no event", -errno.ECONNRESET),
        ("no event", -errno.ECONNRESET)]


def test_the_end_of_the_connection_in_the_middle_of_a_line(tmp_path, program):
    cut_off = line_of(event(2))[:20]
    server = Server(tmp_path, lambda request: [reply_to(request, SUBSCRIBED), event(1), cut_off], ends=True)
    seen = library.calls(program, server.path, "subscribe", 0, 0, 2)
    assert [told[:2] for told in seen[1:]] == [("vif.plugged", 0), ("no event", -errno.ECONNRESET)]


def test_refused_subscription(tmp_path, program):
    def serve(request):
        return [{"id": request["id"], "error": {"code": -32000, "message": "m", "data": {"reason": "busy"}}},
                event(1)]
    seen = library.calls(program, Server(tmp_path, serve).path, "subscribe", 0, 0, 1)
    assert [result for _, result, _ in seen] == [-errno.EREMOTEIO, -errno.EINVAL]


def test_asynchronous_subscription(tmp_path, program):
    def serve(request):
        server.listener.close()
        return [reply_to(request, SUBSCRIBED), event(1), event(2)]
    server = Server(tmp_path, serve)
    with subprocess.Popen([program, server.path, "async", "5"], stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline().split("\t") for _ in range(3)]
        process.kill()
    assert [(name, json.loads(reply).get("event")) for name, _, reply in lines] == [
        ("subscribe", None), ("vif.plugged", 1), ("vif.plugged", 2)]
    assert server.requests[0]["params"] == {"since_ms": 5}


@pytest.mark.parametrize("compiler, standard", [("gcc", "c99"), ("g++", "c++11")])
def test_header(tmp_path, compiler, standard):
    """It is C and C++, also for those who see every warning."""
    source = tmp_path / ("program.cc" if compiler == "g++" else "program.c")
    source.write_text(PROGRAM, encoding="ascii")
    program = library.compiled(source, tmp_path / "program", f"-std={standard}", "-pedantic-errors",
                               compiler=compiler)
    assert subprocess.run([program], check=False).returncode == 0
