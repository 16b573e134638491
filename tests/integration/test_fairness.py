# SPDX-License-Identifier: Apache-2.0
"""One client against the others: whatever a peer does that may only read, or nothing at all, the others are
served, and the daemon's memory has a bound.

The limits of time are far above what a loaded machine needs, and far below what an unfair daemon takes."""

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import time

import pytest

from api import INSTANCE, Api, ApiError, vhost_user, vif_id, wait_until

BENCHMARKS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "benchmarks")
sys.path.insert(0, BENCHMARKS)

from hostile_peer import dry_run, request  # noqa: E402

GOOD, READER, STRANGER = 64001, 64002, 64003
CONFIG = f"[daemon]\nsocket_group = root\nallow = {GOOD}\nallow_read = {READER}\n"
MEMORY_KB = 64 * 1024
PATIENCE_S = 2


@pytest.fixture(name="start")
def start_(box, configure):
    """Starts the daemon for users of all three kinds, who can all open its socket."""
    def start(more=""):
        configure(CONFIG + more)
        os.chmod(os.path.dirname(os.path.dirname(box.socket)), 0o711)
        os.chmod(box.socket, 0o666)
        return box
    return start


@contextlib.contextmanager
def as_user(uid):
    """Sockets that are connected within the context are that user's: the kernel notes it when they connect."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def connect(box, uid):
    with as_user(uid):
        return Api(box.socket)


@contextlib.contextmanager
def hostile(box, uid, what):
    """A peer of tests/benchmarks/hostile_peer.py."""
    with open(f"{BENCHMARKS}/hostile_peer.py", encoding="utf-8") as file:
        text = file.read()  # Other users may not be able to read the source tree.
    with subprocess.Popen(["setpriv", f"--reuid={uid}", "--regid=0", "--clear-groups", "--",
                           "/usr/bin/python3", "-c", text, box.socket, what],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/") as process:
        try:
            assert select.select([process.stdout], [], [], 60)[0] and process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def resident_kb(box):
    with open(f"/proc/{box.pid('vifplugd')}/status", encoding="ascii") as file:
        return next(int(row.split()[1]) for row in file if row.startswith("VmRSS"))


def check_memory(box):
    if "asan" not in box.build:
        assert resident_kb(box) < MEMORY_KB


def took(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


def median(call, n=30):
    return sorted(took(call) for _ in range(n))[n // 2]


def quick(call, seconds):
    """Waits until the median of some calls is below `seconds`: beside an unfair daemon it never is."""
    wait_until(lambda: median(call) < seconds, 60, f"calls take less than {seconds} s")


def log_lines(box, pattern):
    with open(f"{box.log}/vifplugd.log", encoding="utf-8") as file:
        return sum(1 for line in file if re.search(pattern, line))


def fill(api, n):
    api.collect([api.send("plug", vif=vhost_user(i), instance={"uuid": INSTANCE}, wait="committed")
                 for i in range(n)])


def test_lists_of_a_client_that_has_gone(start):
    """Others need not wait until they are made."""
    box = start()
    with Api(box.socket) as api:
        fill(api, 150)
        lines = request("list") * 12000
        with connect(box, READER) as gone:
            gone.socket.settimeout(PATIENCE_S)
            with contextlib.suppress(TimeoutError):  # The daemon may have stopped reading.
                gone.send_raw(lines)
        assert took(lambda: api.call("list")) < PATIENCE_S
        check_memory(box)


@pytest.mark.parametrize("what", ["lists", "lists, does not read", "nics", "dry runs", "dry runs that are refused",
                                  "dry runs of reap", "the longest lines", "lines without an end",
                                  "subscribes, does not read",
                                  "requests from 8 connections"])
def test_reader_delays_nobody(start, what):
    """Those who read and those who plug are served while another reads as much as it can."""
    box = start()
    with Api(box.socket) as api:
        fill(api, 100)
    with hostile(box, READER, what), connect(box, GOOD) as good:
        vif = vhost_user(999)

        def plug():
            good.plug(vif, wait="committed")
            good.unplug(vif["vif_id"], wait="committed")
        quick(lambda: good.call("status"), 0.1)
        quick(plug, 0.3)
        with Api(box.socket) as api:
            quick(lambda: api.call("status"), 0.1)
        check_memory(box)


@pytest.mark.parametrize("uid", [STRANGER, READER])
def test_nobody_takes_all_connections(start, uid):
    """Neither a peer that is in no list, nor one that may read: others and root have their places."""
    box = start()
    with hostile(box, uid, "holds connections"):
        with connect(box, GOOD) as good, Api(box.socket) as root:
            good.plug(vhost_user(1), wait="committed")
            assert root.call("status")["counters"]["connections"] <= 30
            assert root.get_vif(1)["vif_id"] == vif_id(1)


def test_stranger_learns_why(start):
    box = start()
    with connect(box, STRANGER) as stranger:
        reply = stranger.receive()
        assert reply["id"] is None and reply["error"]["data"]["reason"] == "permission_denied"
        assert stranger.receive() is None


def test_too_many_connections_of_one_user(start):
    box = start("max_connections = 16\n")
    with contextlib.ExitStack() as stack:
        for _ in range(7):
            stack.enter_context(connect(box, READER)).call("status")
        one_too_many = stack.enter_context(connect(box, READER))
        reply = one_too_many.receive()
        assert reply["id"] is None and reply["error"]["data"]["reason"] == "busy"
        stack.enter_context(connect(box, GOOD)).call("status")


def test_dry_runs_do_not_fill_the_queue(start):
    """While OVSDB is away, a reader's dry runs wait, and yet others can plug once it is back."""
    box = start("max_queued = 64\n")
    with connect(box, GOOD) as good, connect(box, READER) as reader:
        good.plug(vhost_user(1), wait="committed")
        box.stop("ovsdb-server")
        wait_until(lambda: not good.call("status")["ovsdb"]["connected"])
        reader.send_raw(b"".join(dry_run(n, f"/usr/local/var/run/dry{n}") for n in range(200)))
        refused = [reader.receive() for _ in range(200 - 28)]
        assert {reply["error"]["data"]["reason"] for reply in refused} == {"busy"}
        asked = good.send("plug", vif=vhost_user(2), instance={"uuid": INSTANCE}, timeout_ms=30000)
        assert good.call("status")["counters"]["operations"] == 29
        box.start_ovsdb()
        assert good.collect([asked])[asked]["result"]["changed"] is True


def test_memory_of_subscribers(start):
    """Those who do not read their notifications are closed before they take the memory of others."""
    box = start("client_memory = 4\n")
    with hostile(box, READER, "subscribes, does not read"), connect(box, GOOD) as good, Api(box.socket) as root:
        assert wait_until(lambda: root.call("status")["counters"]["subscribers"]) <= 28
        most = 0
        for _ in range(100):
            fill(good, 50)
            good.collect([good.send("unplug", vif_id=vif_id(n), wait="committed") for n in range(50)])
            most = max(most, root.call("status")["counters"]["client_memory"])
            if log_lines(box, "closed, because"):
                break
        assert log_lines(box, "closed, because")
        assert 100_000 < most <= 4 << 20
        check_memory(box)


def test_memory_of_roots_subscribers(start):
    """Root may take all memory that is free. Then its largest connection is closed, not those of others, which
    hold next to nothing."""
    box = start("client_memory = 4\n")
    roots, readers = "of uid 0 holds", f"of uid {READER} holds"
    before = log_lines(box, roots), log_lines(box, readers)
    with connect(box, READER) as reader, Api(box.socket) as root:
        reader.call("status")
        with hostile(box, 0, "subscribes, does not read"):
            for _ in range(100):
                fill(root, 50)
                root.collect([root.send("unplug", vif_id=vif_id(n), wait="committed") for n in range(50)])
                if log_lines(box, roots) > before[0]:
                    break
        assert log_lines(box, roots) > before[0] and log_lines(box, readers) == before[1]
        reader.call("status")


def used(api):
    return api.call("status")["counters"]["client_memory"]


@contextlib.contextmanager
def full_but_for(box, n_bytes, size):
    """Root's connections hold all of 4 MiB but so much, or up to 9 kB less: each has `size` bytes of a line
    without an end, the last ones less. Yields how many were closed."""
    before = log_lines(box, "of uid 0 holds")

    def closed():
        return log_lines(box, "of uid 0 holds") - before

    with contextlib.ExitStack() as stack:
        root = stack.enter_context(Api(box.socket))

        def hold(length):
            earlier = used(root)
            stack.enter_context(Api(box.socket)).send_raw(b" " * length)
            wait_until(lambda: used(root) >= earlier + length, 60, "the line is read")

        while used(root) < (4 << 20) - 2 * size:
            hold(size)
        while used(root) < (4 << 20) - n_bytes:
            hold(6000)
        assert closed() == 0
        yield closed


@pytest.mark.parametrize("size", [200_000, 60_000])
@pytest.mark.parametrize("uid", [0, READER])
def test_memory_that_ends_between_requests(start, size, uid):
    """The request for which there is no room comes when all is quiet. Of root's connections, which hold much, or
    are many that hold little, as many as needed are closed for it, be it root's or another user's."""
    box = start("client_memory = 4\nmax_connections = 256\n")
    with connect(box, uid) as api:
        api.call("status")
        with full_but_for(box, 28_000, size) as closed:
            # There is room for a part of it, if it is root's.
            api.send_raw(b" " * 20000 + request("status"))
            assert "result" in api.receive() and closed() > 0
            with Api(box.socket) as root:
                root.plug(vhost_user(1), wait="committed")


def test_memory_that_ends_before_a_request_is_taken(start):
    """Two requests come at once, and there is room for the first only."""
    box = start("client_memory = 4\nmax_connections = 256\n")
    with Api(box.socket) as api, full_but_for(box, 44_000, 60_000) as closed:
        # The buffer for these takes 28 KiB more than for a short request, 32 KiB in all.
        api.send_raw(b" " * 20000 + request("status", 1) + request("status", 2))
        assert [api.receive()["id"], api.receive()["id"]] == [1, 2]
        assert closed() > 0


def test_memory_of_requests_without_an_end(start):
    """A user of `allow` may send long lines, but not hold all memory with them."""
    box = start("client_memory = 4\n")
    with hostile(box, GOOD, "lines without an end"), Api(box.socket) as root:
        for _ in range(100):
            assert root.call("status")["counters"]["client_memory"] <= 4 << 20


def test_refused_dry_runs_do_not_fill_the_log(start):
    box = start()
    before = log_lines(box, "dry run of plug")
    with connect(box, READER) as reader, connect(box, GOOD) as good:
        reader.send_raw(b"".join(dry_run(n, "/etc/x") for n in range(1000)))
        for _ in range(1000):
            assert reader.receive()["error"]["data"]["reason"] == "invalid_request"
        assert 0 < log_lines(box, "dry run of plug") - before <= 100
        before = log_lines(box, ": plug .*: invalid_request")
        for n in range(60):
            with pytest.raises(ApiError):
                good.plug(vhost_user(n, path="/etc/x"))
        # What others ask for is all there; the last line may be later than its reply.
        wait_until(lambda: log_lines(box, ": plug .*: invalid_request") - before == 60, 10, "60 lines")


def test_lists_are_whole(start):
    """Replies in pieces, to a peer that reads slowly, and the notifications between them are lines of JSON."""
    box = start()
    with Api(box.socket) as api, connect(box, READER) as slow:
        fill(api, 250)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asked = slow.send("subscribe")
        slow.collect([asked])
        slow.send_raw(request("list", 7) + request("nics", 8) + request("status", 9))
        api.unplug(vif_id(249), wait="committed")
        lines = {}
        while not {7, 8, 9, "vif.unplugged"} <= lines.keys():
            line = slow.receive()
            lines[line.get("id", line.get("method"))] = line
        assert len(lines[7]["result"]["vifs"]) in (249, 250)
        assert json.dumps(lines[8]["result"]["nics"]).count('"vf"') == 68
        assert lines[9]["result"]["version"]
