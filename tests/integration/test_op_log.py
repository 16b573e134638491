# SPDX-License-Identifier: Apache-2.0
"""The log: one line for each operation, whatever its end, with who asked for it."""

import os
import re
import signal

import pytest

from api import INSTANCE, Api, ApiError, representor, vhost_user, vif_id, wait_until
from test_card import slot


class Log:
    """What a sandbox's vifplugd has logged since."""

    def __init__(self, sandbox):
        self.path = f"{sandbox.log}/vifplugd.log"
        self.start = os.path.getsize(self.path)

    def lines(self, text):
        with open(self.path, encoding="utf-8") as file:
            file.seek(self.start)
            return [line.rstrip("\n") for line in file if text in line]

    def line(self, text):
        """Waits for the one line with that text: the line follows the reply."""
        wait_until(lambda: self.lines(text), what=f"a line with {text}")
        lines = self.lines(text)
        assert len(lines) == 1, lines
        return lines[0]


def who():
    with open("/proc/self/comm", encoding="utf-8") as file:
        return rf"\(uid 0, pid {os.getpid()} \({re.escape(file.read().strip())}\)"


def test_each_end(card_box, card_api):
    log = Log(card_box)
    vif = representor(1, slot(10))
    card_api.plug(vif)
    line = log.line(f": plug {vif_id(1)}: done after ")
    assert re.search(r"\|op\|INFO\|\d+: plug \S+: done after [\d.]+ ms " + who() + re.escape(
        f", instance {INSTANCE}, port vfr{vif_id(1)[:11]}, bridge br-int, VF {slot(10)}, MAC {vif['address']})")
        + "$", line), line
    card_api.plug(vif)
    log.line(f": plug {vif_id(1)}: nothing to do after ")
    card_api.call("update", vif_id=vif_id(1), mtu=1400)
    log.line(f": update {vif_id(1)}: done after ")
    with pytest.raises(ApiError):
        card_api.plug(representor(2, slot(10)))
    line = log.line(f": plug {vif_id(2)}: vf_in_use after ")
    assert "|op|WARN|" in line and re.search(who(), line) and f"VF {slot(10)}" in line
    card_api.plug(representor(3, slot(11)), dry_run=True)
    log.line(f": dry run of plug {vif_id(3)}: shown after ")
    card_api.unplug(vif_id(1))
    line = log.line(f": unplug {vif_id(1)}: done after ")
    assert f"instance {INSTANCE}, port vfr" in line and f"MAC {vif['address']}" in line


def test_refused_requests(box, api):
    log = Log(box)
    for method, params, says in (("plug", {"vif": {}}, "plug: invalid_request"),
                                 ("reap", {"vif_ids": ["nobody"]}, "reap: invalid_request"),
                                 ("jump", {}, "(no method): invalid_request")):
        with pytest.raises(ApiError):
            api.call(method, **params)
        line = log.line(f"request refused: {says}")
        assert re.search(who(), line), line


def test_cut_off_by_a_stop(box):
    """The daemon stops while ovs-vswitchd does not reply."""
    log = Log(box)
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        with Api(box.socket) as api:
            api.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, timeout_ms=60000)
            api.send("plug", vif=vhost_user(2), instance={"uuid": INSTANCE}, wait="committed")
            wait_until(lambda: vif_id(2) in box.vsctl("--columns=external_ids", "list", "Interface"))
            box.stop("vifplugd")
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    line = log.line(f": plug {vif_id(2)}: committed; not followed up, because vifplugd is stopping")
    assert re.search(who(), line), line
    line = log.line(f": plug {vif_id(1)}: ")
    assert "|WARN|" in line and re.search(who(), line), line
