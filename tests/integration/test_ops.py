# SPDX-License-Identifier: Apache-2.0
"""`ops`: what is under way and what has ended, with who asked for it."""

import datetime
import os
import signal

import pytest

from api import INSTANCE, Api, ApiError, representor, vhost_user, vif_id, wait_until
from test_api import NOBODY, as_user, request


def last(api, n=1):
    return api.call("ops", limit=n)["operations"][-n:]


def test_who_asked_and_how_it_ended(box, api):
    before = datetime.datetime.now(datetime.timezone.utc)
    api.plug(vhost_user(1))
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(2, path="/usr/local/var/run/vhost1"))
    api.plug(vhost_user(3), dry_run=True)
    done, failed = last(api, 2)
    began = datetime.datetime.fromisoformat(done.pop("began").replace("Z", "+00:00"))
    assert datetime.timedelta(seconds=-1) < began - before < datetime.timedelta(seconds=60)
    assert 0 < done.pop("duration_ms") < 60000
    with open("/proc/self/comm", encoding="utf-8") as file:
        client = {"uid": 0, "pid": os.getpid(), "name": file.read().strip()}
    assert done == {"id": failed["id"] - 1, "type": "plug", "vif_id": vif_id(1), "result": "done",
                    "instance": INSTANCE, "port": f"vhu{vif_id(1)[:11]}", "bridge": "br-int",
                    "address": "fa:16:3e:00:00:01", "client": client}
    assert failed["result"] == "failed" and failed["reason"] == "socket_in_use"
    assert failed["message"] == refused.value.message and "detail" not in failed
    shown = box.vifctl("ops", "--limit=2").stdout.splitlines()
    assert shown[0].split() == ["BEGAN", "ID", "OPERATION", "VIF", "RESULT", "MS", "CLIENT", "INSTANCE", "PORT",
                                "WHY"]
    assert vif_id(1) in shown[1] and " done " in shown[1] and f"[{os.getpid()}] uid 0" in shown[1]
    assert " failed " in shown[2] and refused.value.message in shown[2]


def test_under_way(box, api):
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        with Api(box.socket) as other:
            other.send("plug", vif=vhost_user(1), instance={"uuid": INSTANCE})
            shown = wait_until(lambda: [op for op in api.call("ops")["operations"]
                                        if op["vif_id"] == vif_id(1) and op["result"] == "under_way"
                                        and op.get("waits_for", "").startswith("ovs-vswitchd (cur_cfg")])
            assert len(shown) == 1 and api.call("ops", limit=1)["n_under_way"] == 1
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    wait_until(lambda: last(api)[0]["result"] == "done")
    assert api.call("ops")["n_under_way"] == 0


@pytest.mark.parametrize("right", ["allow", "allow_read"])
def test_the_switchs_words_are_for_those_who_may_plug(box, configure, right):
    configure(f"[daemon]\nsocket_group = root\n{right} = nobody\n")
    os.chmod(os.path.dirname(os.path.dirname(box.socket)), 0o755)
    os.chmod(box.socket, 0o666)
    with Api(box.socket) as api, pytest.raises(ApiError) as refused:
        api.plug(representor(1, "0000:65:00.4"))
    assert refused.value.reason == "not_realized" and "ovs-vswitchd.log" in refused.value.detail
    failed = as_user(box, NOBODY, NOBODY, request("ops", limit=1))["result"]["operations"][0]
    assert failed["message"] == refused.value.message
    assert failed.get("detail") == (refused.value.detail if right == "allow" else None)
    shown = box.vifctl("ops").stdout
    assert f"{refused.value.message} detail: {refused.value.detail}" in shown


def test_after_a_start(box):
    box.stop("vifplugd")
    box.start_vifplugd()
    assert box.vifctl("ops").stdout == "There has been no operation since vifplugd started.\n"
