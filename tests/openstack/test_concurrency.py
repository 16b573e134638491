# SPDX-License-Identifier: Apache-2.0
"""nova-compute runs under eventlet or in threads: plugin and client work with both."""

import json
import os
import socket
import subprocess
import threading

import pytest

from conftest import BACKENDS, TOP
from ovsdb import ports as ports_of
from ports import INSTANCE, nova_vif

AT_ONCE = 8

# The client without Nova: makes that many calls at once, each in a thread, and prints how many got a reply.
CALLS = """
import sys
if sys.argv[1] == "eventlet":
    import eventlet
    eventlet.monkey_patch()
import threading
sys.path.insert(0, sys.argv[2])
from vifplug import client
daemon = client.Client(sys.argv[3], timeout=120)
replies = []
threads = [threading.Thread(target=lambda: replies.append(daemon.status())) for _ in range(int(sys.argv[4]))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(replies))
"""


@pytest.fixture
def meeting(tmp_path):
    """A daemon that does not reply until AT_ONCE clients have sent a request: if one caller blocked another,
    none would get a reply. Returns its socket's path, and how many have sent a request so far."""
    path = str(tmp_path / "meeting.sock")
    asked = []
    met = threading.Barrier(AT_ONCE)

    def reply(connection):
        with connection:
            request = json.loads(connection.makefile("rb").readline())
            asked.append(request["method"])
            met.wait()
            connection.sendall(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {}}).encode()
                               + b"\n")

    def listen():
        for _ in range(AT_ONCE):
            threads.append(threading.Thread(target=reply, args=(listener.accept()[0],)))
            threads[-1].start()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(AT_ONCE)
        listener.settimeout(180)
        threads = []
        threads.append(threading.Thread(target=listen))
        threads[0].start()
        yield path, asked
        threads[0].join()
        met.abort()  # End the waiting threads.
        for thread in threads[1:]:
            thread.join()


def test_nova_runs_as_it_is_told(backend):
    """Otherwise the following tests would prove nothing."""
    told, nova = backend
    assert nova.call("concurrency") == told


def test_many_at_once(card_box, backend):
    _, nova = backend
    vifs = [nova_vif(nova, n, n) for n in range(10, 26)]
    assert nova.call("plug_all", vifs=vifs, instance=INSTANCE) == []
    assert len(ports_of(card_box, "br-int")) == 16


def test_other_work_goes_on(card_box, backend):
    """nova-compute continues its other work while a card is slow."""
    _, nova = backend
    vif = nova_vif(nova, 1, 10)
    card_box.card_settings(probe_delay_ms=3000)
    assert nova.call("plug_and_tick", vif=vif, instance=INSTANCE) > 20


@pytest.mark.parametrize("told", BACKENDS)
def test_no_plug_waits_for_another(start_nova, meeting, told):
    path, asked = meeting
    nova = start_nova("timeout = 120", socket=path, backend=told)
    vifs = [nova_vif(nova, n, n) for n in range(10, 10 + AT_ONCE)]
    assert nova.call("plug_all", vifs=vifs, instance=INSTANCE) == []
    assert asked == ["plug"] * AT_ONCE


@pytest.mark.parametrize("told", BACKENDS)
def test_no_call_of_the_client_waits_for_another(meeting, told):
    path, asked = meeting
    done = subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c", CALLS, told,
                           os.path.join(TOP, "src", "openstack"), path, str(AT_ONCE)],
                          capture_output=True, text=True, timeout=180, check=False)
    assert done.stdout.split() == [str(AT_ONCE)], done.stderr
    assert asked == ["status"] * AT_ONCE
