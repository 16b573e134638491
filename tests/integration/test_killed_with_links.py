# SPDX-License-Identifier: Apache-2.0
"""The daemon is killed at each of its requests to netlink and /dev/net/tun, and at random instants. Afterwards no
acknowledged VIF lacks its links, every VIF can be plugged, and an unplug leaves nothing."""

import os
import random
import shutil
import signal
import threading
import time

import pytest

from api import Api, hybrid, ovs_vif, vif_id, wait_until
from injection import injected
from kernel import links, ours

REQUESTS_MAX = 60  # More than the operations below take.
SEED = int(os.environ.get("TEST_SEED", "20261126"))


def vifs():
    return [hybrid(1), ovs_vif(2, create_tap=True)]


def links_of(vif):
    """The links that a VIF of this file needs."""
    number = int(vif["vif_id"][:8], 16)
    return {1: [f"{prefix}{vif_id(1)}"[:14] for prefix in ("qbr", "qvb", "qvo")], 2: ["tap2"]}[number]


def attempt(box, method, vif):
    """Asks for one operation; returns whether it was acknowledged. The daemon may end meanwhile, but refuses
    nothing."""
    try:
        with Api(box.socket) as api:
            if method == "plug":
                api.plug(vif)
            else:
                api.unplug(vif["vif_id"])
        return True
    except (OSError, AssertionError, ValueError):
        return False


def restart(box):
    box.stop("vifplugd", signal.SIGKILL)
    box.start_vifplugd()


def check(box, plugged):
    """After a restart: `plugged` are the VIFs that were acknowledged and not unplugged since."""
    there = links(box)
    for vif in plugged:
        missing = [name for name in links_of(vif) if name not in there]
        assert not missing, f"VIF {vif['vif_id']} was acknowledged and lacks {missing}"
    with Api(box.socket) as api:
        for vif in vifs():
            assert api.plug(vif)["state"] == "up"
            assert [name for name in links_of(vif) if name not in links(box)] == []
        for vif in vifs():
            api.unplug(vif["vif_id"])
    assert ours(box) == [] and not [name for name in links(box) if name.startswith(("qbr", "qvb", "qvo", "tap"))]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("call", ["sendmsg", "ioctl"])
def test_killed_at_each_request(box, call):
    for n in range(1, REQUESTS_MAX):
        plugged, answered = [], True
        with injected(box.pid("vifplugd"), call, "signal=SIGKILL", n):
            for method in ("plug", "unplug"):
                for vif in vifs():
                    if method == "unplug" and vif in plugged:
                        plugged.remove(vif)  # Whether it is done or not, nothing was promised.
                    if not attempt(box, method, vif):
                        answered = False
                    elif method == "plug":
                        plugged.append(vif)
        if not answered:  # It was killed. The kernel may still be ending its threads.
            wait_until(lambda: box.pid("vifplugd") is None, what="the daemon has ended")
        survived = box.pid("vifplugd") is not None
        restart(box)
        check(box, plugged)
        if survived:
            break
    assert survived and n > 1, "the daemon was never killed, or always"


class Load(threading.Thread):
    """Plugs and unplugs its VIFs until it is stopped; survives the daemon's ends."""

    def __init__(self, box, vif, rng):
        super().__init__()
        self.box, self.vif, self.rng = box, vif, rng
        self.ending = False
        self.acknowledged = False  # The last thing that was acknowledged is a plug.

    def run(self):
        while not self.ending:
            plug = self.rng.random() < 0.6
            if not plug:
                self.acknowledged = False
            if attempt(self.box, "plug" if plug else "unplug", self.vif):
                self.acknowledged = plug


@pytest.mark.parametrize("kills", [int(os.environ.get("TEST_KILLS", "25"))])
def test_killed_at_random(box, kills):
    """TEST_KILLS says how often, TEST_SEED with which seed."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    for _ in range(kills):
        loads = [Load(box, vif, random.Random(rng.random())) for vif in vifs()]
        for load in loads:
            load.start()
        time.sleep(rng.random() * 0.3)  # The instant is what is random here; nothing is waited for.
        box.stop("vifplugd", signal.SIGKILL)
        for load in loads:
            load.ending = True
        for load in loads:
            load.join()
        box.start_vifplugd()
        check(box, [load.vif for load in loads if load.acknowledged])
