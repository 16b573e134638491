# SPDX-License-Identifier: Apache-2.0
"""Values that vifplugd reads as Open vSwitch reads them, with a vswitchd that shows how it does."""

import os
import select
import signal

import pytest

from api import Api, ApiError, vhost_user, vif_id, wait_until


@pytest.fixture(name="globals_as_before")
def globals_as_before_(box):
    """What a test sets in Open_vSwitch other_config is as before, and vswitchd has read that."""
    yield
    box.stop("ovs-vswitchd")
    box.vsctl("remove", "open_vswitch", ".", "other_config", "vhost-sock-dir", "--",
              "set", "open_vswitch", ".", "other_config:dpdk-init=true")
    box.start_vswitchd()


def restart_vswitchd(box):
    box.stop("ovs-vswitchd")
    box.start_vswitchd()


def client(n, directory):
    return vhost_user(n, "client", path=f"{directory}/vhu{vif_id(n)[:11]}")


def socket_dir(api, n):
    return os.path.dirname(api.get_vif(n)["vhost_user"]["path"])


@pytest.mark.parametrize("value", ["True", "TRY"])
def test_dpdk_init_without_case(box, configure, globals_as_before, value):
    """As kolla-ansible writes it: a vswitchd that starts gets vswitchd_grace."""
    # pylint: disable=unused-argument
    box.stop("ovs-vswitchd")
    box.vsctl("set", "open_vswitch", ".", f"other_config:dpdk-init={value}")
    box.start_vswitchd()
    assert box.vsctl("get", "open_vswitch", ".", "dpdk_initialized").strip() == "true"
    configure("[ovs]\ntimeout = 300 ms\nvswitchd_grace = 60 s\n")
    with Api(box.socket) as api:
        box.stop("ovs-vswitchd")
        wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead", what="it is seen to be dead")
        box.start_vswitchd(wait=False)
        wait_until(lambda: api.call("status")["vswitchd"]["state"] == "alive", what="it has its pidfile")
        os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
        try:
            wanted = api.send("plug", vif=vhost_user(1), instance={"uuid": "i1"}, timeout_ms=None)
            answered = bool(select.select([api.socket], [], [], 1.5)[0])
        finally:
            os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
        answer = api.collect([wanted])[wanted]
        assert "result" in answer and not answered, answer


def test_sock_dir_of_the_running_vswitchd(box, api, globals_as_before):
    """It reads other_config:vhost-sock-dir when it starts; until then the old directory counts."""
    # pylint: disable=unused-argument
    below = f"{box.run}/below"
    os.makedirs(below, exist_ok=True)
    box.vsctl("set", "open_vswitch", ".", "other_config:vhost-sock-dir=below/")
    with pytest.raises(ApiError) as refused:
        api.plug(client(1, below))
    assert refused.value.reason == "socket_mismatch"
    path = api.plug(client(1, box.run))["vhost_user"]["path"]
    wait_until(lambda: os.path.exists(path), what="the socket is there")
    api.unplug(vif_id(1))

    restart_vswitchd(box)
    with pytest.raises(ApiError) as refused:
        api.plug(client(1, box.run))
    assert refused.value.reason == "socket_mismatch"
    path = api.plug(client(1, below))["vhost_user"]["path"]
    wait_until(lambda: os.path.exists(path), what="the socket is there")
    assert socket_dir(api, 1) == below


@pytest.mark.parametrize("value", ["../elsewhere", "x" * 256])
def test_sock_dir_that_vswitchd_does_not_take(box, api, globals_as_before, value):
    # pylint: disable=unused-argument
    box.stop("ovs-vswitchd")
    box.vsctl("set", "open_vswitch", ".", f"other_config:vhost-sock-dir={value}")
    box.start_vswitchd()
    path = api.plug(client(1, box.run))["vhost_user"]["path"]
    wait_until(lambda: os.path.exists(path), what="the socket is there")
