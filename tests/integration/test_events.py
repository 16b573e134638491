# SPDX-License-Identifier: Apache-2.0
"""Events of the past, failed operations as events, and `vifctl watch` over a restart of the daemon."""

import datetime
import json
import re
import subprocess

import pytest

from api import INSTANCE, Api, ApiError, vhost_user, vif_id, wait_until

SOCKET = "/usr/local/var/run/vhost1"


def events_of(box, since_ms, n):
    """Subscribes, and returns the reply and `n` notifications."""
    with Api(box.socket, timeout=15) as api:
        reply = api.call("subscribe", since_ms=since_ms)
        return reply, [api.receive() for _ in range(n)]


class Watch:
    """vifctl watch, with its lines and what it says on standard error."""

    def __init__(self, box, *options):
        self.directory = box.log
        self.files = [open(f"{box.log}/watch.{name}", "w+", encoding="utf-8") for name in ("out", "err")]
        self.process = subprocess.Popen(["vifctl", f"--socket={box.socket}", *options, "watch"],
                                        stdout=self.files[0], stderr=self.files[1], env=box._environment(None))

    def read(self, which):
        with open(self.files[which].name, encoding="utf-8") as file:
            return file.read()

    def out(self):
        return self.read(0)

    def errors(self):
        return self.read(1)

    def wait(self, text):
        wait_until(lambda: text in self.out(), what=lambda: f"{text} in {self.out()}{self.errors()}")

    def stop(self):
        self.process.terminate()
        status = self.process.wait(20)
        for file in self.files:
            file.close()
        return status


@pytest.fixture
def watching(box):
    started = []

    def start(*options):
        started.append(Watch(box, *options))
        wait_until(lambda: subscribers(box) >= sum(one.process.poll() is None for one in started),
                   what=started[-1].errors)
        return started[-1]
    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()


def subscribers(box):
    with Api(box.socket) as api:
        return api.call("status")["counters"]["subscribers"]


def test_a_failed_plug_is_an_event(box, api):
    with Api(box.socket, timeout=15) as subscriber:
        assert subscriber.call("subscribe")["subscribed"] is True
        api.plug(vhost_user(1, path=SOCKET))
        with pytest.raises(ApiError) as refused:
            api.plug(vhost_user(2, path=SOCKET))
        with pytest.raises(ApiError):
            api.plug(vhost_user(3, path=SOCKET), dry_run=True)
        api.unplug(vif_id(1))
        lines = [subscriber.receive() for _ in range(3)]
    assert [line["method"] for line in lines] == ["vif.plugged", "vif.failed", "vif.unplugged"]
    params = lines[1]["params"]
    assert params.pop("event") == lines[0]["params"]["event"] + 1
    now = datetime.datetime.now(datetime.timezone.utc)
    age = now - datetime.datetime.fromisoformat(params.pop("time").replace("Z", "+00:00"))
    assert datetime.timedelta(0) <= age < datetime.timedelta(seconds=60)
    assert params == {"vif_id": vif_id(2), "instance": INSTANCE, "port": f"vhu{vif_id(2)[:11]}",
                      "bridge": "br-int", "operation": "plug", "reason": "socket_in_use",
                      "message": refused.value.message}


def test_events_of_the_past(box, api):
    api.plug(vhost_user(1, path=SOCKET))
    with pytest.raises(ApiError):
        api.plug(vhost_user(2, path=SOCKET))
    first = api.call("subscribe")["last_event"] - 1
    reply, lines = events_of(box, 60000, 2)
    assert reply["n_replayed"] >= 2 and reply["last_event"] == first + 1
    lines = [line for line in lines if line["params"]["event"] >= first]
    reply, lines = events_of(box, 60000, reply["n_replayed"])
    plugged, failed = lines[-2:]
    assert plugged["method"] == "vif.plugged" and plugged["params"]["event"] == first
    assert {key: plugged["params"][key] for key in ("vif_id", "port", "bridge", "state", "instance")} == {
        "vif_id": vif_id(1), "port": f"vhu{vif_id(1)[:11]}", "bridge": "br-int", "state": "up",
        "instance": INSTANCE}
    assert failed["method"] == "vif.failed" and failed["params"]["reason"] == "socket_in_use"
    # What is older than asked for is not told.
    wait_until(lambda: events_of(box, 1, 0)[0]["n_replayed"] == 0)


def test_a_daemon_that_does_not_know_it_all(box):
    box.stop("vifplugd")
    box.start_vifplugd()
    reply, _ = events_of(box, 86400000, 0)
    assert reply["complete"] is False and reply["complete_from"].endswith("Z")
    assert wait_until(lambda: events_of(box, 1, 0)[0]["complete"])


def test_vifctl_watch_shows_the_past(box, api, watching):
    api.plug(vhost_user(1, path=SOCKET))
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(2, path=SOCKET))
    watch = watching("--since=1m")
    watch.wait("vif.failed")
    assert re.search(rf"^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{3}}  vif.plugged  {vif_id(1)}  ", watch.out(),
                     re.M)
    assert (f"  vif.failed  plug  {vif_id(2)}  vhu{vif_id(2)[:11]}  socket_in_use  {refused.value.message}"
            in watch.out())
    assert watch.stop() == 0
    later = watching("--since=24h", "--format=json")
    wait_until(lambda: "vifplugd knows nothing of what happened before " in later.errors())
    wait_until(lambda: any(json.loads(line)["event"] == "vif.failed" for line in later.out().splitlines()))


def test_vifctl_watch_goes_on_after_a_restart(box, watching):
    watch = watching()
    with Api(box.socket) as api:
        api.plug(vhost_user(1, path=SOCKET))
    watch.wait("vif.plugged")
    box.stop("vifplugd")
    wait_until(lambda: "has ended the connection; trying again until it is back" in watch.errors())
    box.start_vifplugd()
    wait_until(lambda: "vifplugd has been restarted; what happened before " in watch.errors(), what=watch.errors)
    with Api(box.socket) as api:
        api.unplug(vif_id(1))
    watch.wait("vif.unplugged")
    assert watch.out().count("vif.plugged") == 1 and watch.errors().count("trying again") == 1
    assert watch.stop() == 0


def test_vifctl_watch_ends_while_it_tries_again(box, watching):
    watch = watching()
    box.stop("vifplugd")
    wait_until(lambda: "trying again" in watch.errors())
    assert watch.stop() == 0
    box.start_vifplugd()
