# SPDX-License-Identifier: Apache-2.0
"""Sockets that ovs-vswitchd makes for guests in mode client, and what a killed one leaves of them; and sockets
of guests in mode server when an end is killed."""

import os
import signal
import socket

import pytest

from api import INSTANCE, Api, ApiError, representor, vhost_user, vif_id, wait_until
from guest import GuestError
from ovsdb import counts, interface, ports
from test_card import flows, slot

# test_confined.py has the stale socket of an ovs-vswitchd with its unit's umask.
pytestmark = pytest.mark.as_root("makes, as root, files that the unit's user may not look at")

PORT = "vhu00000001-00"


def client(box, n=1, **members):
    return vhost_user(n, mode="client", run_dir=box.run, **members)


def path_of(box, port=PORT):
    return f"{box.run}/{port}"


def make_stale(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)


def refused(api, vif, **params):
    with pytest.raises(ApiError) as error:
        api.plug(vif, **params)
    return error.value


def state(box, n=1):
    with Api(box.socket) as api:
        return api.call("get", vif_id=vif_id(n))["state"]


def restart(box):
    """Restarts ovs-vswitchd, so that it is one that vifplugd knows from its start."""
    box.stop("ovs-vswitchd")
    with Api(box.socket) as api:
        wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead", what="vifplugd sees the end")
    box.start_vswitchd()
    with Api(box.socket) as api:
        wait_until(lambda: api.call("status")["vswitchd"]["state"] == "alive", what="vifplugd sees the start")


def check_vswitchd(box):
    """ovs-vswitchd serves its control socket, and a bridge's management socket."""
    box.appctl(f"{box.run}/ovs-vswitchd.ctl", "version")
    box.command("ovs-ofctl", "--timeout=10", "show", f"unix:{box.run}/br-int.mgmt")


@pytest.mark.parametrize("daemon", ["runs", "starts while ovs-vswitchd is dead"])
def test_socket_of_a_killed_vswitchd(box, api, daemon):
    assert api.plug(client(box))["state"] == "up"
    if daemon != "runs":
        box.stop("vifplugd")
    box.stop("ovs-vswitchd", signal.SIGKILL)
    if daemon != "runs":
        assert os.path.exists(path_of(box))
        box.start_vifplugd()
    wait_until(lambda: not os.path.exists(path_of(box)), what="the stale socket is removed")
    box.start_vswitchd()
    wait_until(lambda: state(box) == "up", what="the VIF is up")
    with Api(box.socket) as again:
        assert again.plug(client(box))["changed"] is False
        assert again.unplug(vif_id(1))["changed"] is True
        assert again.plug(client(box))["state"] == "up"
    assert os.path.exists(path_of(box)) and interface(box, PORT)["error"] == []
    check_vswitchd(box)


def attached(one):
    """Whether a guest in mode client is attached. If it is not it starts again: testpmd connects once, and may do
    so while ovs-vswitchd changes the port."""
    try:
        return one.is_connected()
    except GuestError:
        one.stop()
        one.start()
        return False


def test_guests_in_mode_client_after_a_kill(card_box, card_api, guest):
    """Their guests attach again. (One after the other: DPDK has not enough memory to take one while ovs-vswitchd
    changes the other's port.)"""
    paths = [card_api.plug(client(card_box, n))["vhost_user"]["path"] for n in (1, 2)]
    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    card_box.start_vswitchd()
    wait_until(lambda: state(card_box, 1) == state(card_box, 2) == "up", what="the VIFs are up")
    guests = []
    for n, path in enumerate(paths, 1):
        guests.append(guest(f"client{n}", path, mode="client", mac=f"fa:16:3e:00:00:0{n}"))
        wait_until(lambda: attached(guests[-1]), 40, f"guest {n} is attached")
        wait_until(lambda n=n: interface(card_box, f"vhu0000000{n}-00")["mtu"] == 1500, 20,
                   f"ovs-vswitchd has changed the port of guest {n}")
    flows(*guests, 1000)


def test_representor_and_server_after_kills(card_box, card_api, guest):
    """Mode server: the card, or ovs-vswitchd, connects again to a guest that was killed and started again,
    and after a kill of ovs-vswitchd."""
    card_api.plug(representor(1, slot(10)))
    path = card_api.plug(vhost_user(2))["vhost_user"]["path"]
    one = guest("one", "/usr/local/var/run/stdvio10", mac="fa:16:3e:01:00:01")
    two = guest("two", path, mac="fa:16:3e:00:00:02")
    wait_until(lambda: one.is_connected() and two.is_connected(), 20, "the guests are attached")
    two.stop(signal.SIGKILL)
    two.start()
    wait_until(two.is_connected, 20, "the guest is attached again")
    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    card_box.start_vswitchd()
    wait_until(lambda: state(card_box, 1) == state(card_box, 2) == "up", what="the VIFs are up")
    wait_until(lambda: one.is_connected() and two.is_connected(), 20, "the guests are attached again")
    flows(one, two, 1000)


def test_stale_socket_without_a_port(box, api):
    """A plug removes it, if vifplugd knows all that this ovs-vswitchd has done; a dry run only says so."""
    restart(box)
    make_stale(path_of(box))
    plan = api.plug(client(box), dry_run=True)["plan"]
    assert plan["operations"][0] == f"remove stale socket {path_of(box)}"
    assert os.path.exists(path_of(box))
    assert api.plug(client(box))["state"] == "up"
    with socket.socket(socket.AF_UNIX) as guest:
        guest.connect(path_of(box))
    check_vswitchd(box)


def test_stale_socket_with_a_vswitchd_of_unknown_past(box, configure):
    configure("[daemon]\nsocket_group = root\n")  # vifplugd starts after ovs-vswitchd.
    make_stale(path_of(box))
    before = counts(box)
    try:
        with Api(box.socket) as api:
            for dry_run in (True, False):
                error = refused(api, client(box), dry_run=dry_run)
                assert (error.reason, error.field) == ("socket_in_use", "vif.vhost_user.path")
                assert path_of(box) in error.message and "restart ovs-vswitchd" in error.message
            assert counts(box) == before and os.path.exists(path_of(box))
    finally:
        os.unlink(path_of(box))


def test_port_that_ovs_vswitchd_is_removing(box, configure):
    """It still listens at the socket of a port that OVSDB does not have: that is no other program."""
    configure("[daemon]\nsocket_group = root\n")  # vifplugd starts after ovs-vswitchd.
    with Api(box.socket) as api:
        api.plug(client(box))
        vswitchd = box.pid("ovs-vswitchd")
        os.kill(vswitchd, signal.SIGSTOP)
        try:
            box.vsctl("del-port", PORT)
            error = refused(api, client(box), dry_run=True)
            assert error.reason == "socket_in_use" and "lets ovs-vswitchd remove its own" in error.message
            waiting = api.send("plug", vif=client(box), instance={"uuid": INSTANCE})
            wait_until(lambda: "(cur_cfg " in box.appctl("vifplugd", "ops/show"), what="the wait")
            assert PORT not in ports(box, "br-int") and os.path.exists(path_of(box))
        finally:
            os.kill(vswitchd, signal.SIGCONT)
        assert api.collect([waiting])[waiting]["result"]["state"] == "up"
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(path_of(box))


@pytest.mark.parametrize("what", ["file", "directory", "link", "listener", "bound"])
def test_something_else_at_the_path(box, api, what):
    restart(box)
    path = path_of(box)
    before = counts(box)
    with socket.socket(socket.AF_UNIX) as server:
        if what == "file":
            with open(path, "w", encoding="ascii"):
                pass
        elif what == "directory":
            os.mkdir(path)
        elif what == "link":
            os.symlink("/nowhere", path)
        else:
            server.bind(path)
            if what == "listener":
                server.listen()
                server.settimeout(0.2)
        try:
            for dry_run in (True, False):
                error = refused(api, client(box), dry_run=dry_run)
                assert (error.reason, error.field) == ("socket_in_use", "vif.vhost_user.path")
                assert path in error.message
            assert counts(box) == before and os.path.lexists(path)
            if what == "listener":
                with pytest.raises(socket.timeout):
                    server.accept()  # Nobody has connected.
        finally:
            (os.rmdir if what == "directory" else os.unlink)(path)
    assert api.plug(client(box))["state"] == "up"
    check_vswitchd(box)


def test_missing_directory(box, api):
    box.vsctl("set", "open_vswitch", ".", "other_config:vhost-sock-dir=no-such")
    try:
        restart(box)
        error = refused(api, vhost_user(1, mode="client", run_dir=f"{box.run}/no-such"))
        assert (error.reason, error.field) == ("invalid_request", "vif.vhost_user.path")
        assert f"{box.run}/no-such/{PORT}" in error.message
    finally:
        box.vsctl("remove", "open_vswitch", ".", "other_config", "vhost-sock-dir")
        restart(box)


def test_missing_directory_of_a_cards_socket(card_box, configure_card):
    """Refused if the guest will use the socket; a guest that has the VF itself does not need it."""
    configure_card("[daemon]\nsocket_group = root\n[nic napatech]\n"
                   "vhost-socket = /usr/local/var/run/none{vf}/stdvio{vf}\nrepresentors = any-time\n")
    path, before = "/usr/local/var/run/none10/stdvio10", counts(card_box)
    with Api(card_box.socket) as api:
        for dry_run in (True, False):
            error = refused(api, representor(1, slot(10), vhost_user={"path": path, "mode": "server"}),
                            dry_run=dry_run)
            assert (error.reason, error.field) == ("invalid_request", "vif.vhost_user.path")
            assert path in error.message and "napatech" in error.message
        assert counts(card_box) == before
        reply = api.plug(representor(1, slot(10)), dry_run=True)
        assert sum(path in warning for warning in reply["warnings"]) == 1
        reply = api.plug(representor(1, slot(10)))
        assert reply["state"] == "up" and sum(path in warning for warning in reply["warnings"]) == 1


def fail_at_start(box):
    """Has ovs-vswitchd start with a stale socket while vifplugd is stopped, and starts vifplugd."""
    box.stop("vifplugd")
    box.stop("ovs-vswitchd", signal.SIGKILL)
    assert os.path.exists(path_of(box))
    box.start_vswitchd()
    box.start_vifplugd()


def tries(box):
    """How often ovs-vswitchd has tried to make the socket."""
    with open(f"{box.log}/ovs-vswitchd.log", encoding="utf-8") as file:
        return file.read().count("failed to bind")


@pytest.mark.parametrize("repair", ["no", "yes"])
def test_no_second_try_in_one_vswitchd(box, configure, repair):
    """A second try makes ovs-vswitchd close another of its files, and a third can make it hang. Once it is
    restarted, all is well."""
    configure(f"[daemon]\nsocket_group = root\n[ovs]\nrepair = {repair}\n")
    with Api(box.socket) as api:
        api.plug(client(box))
    fail_at_start(box)
    wait_until(lambda: state(box) == "failed", what="the VIF has failed")
    n_tries = tries(box)
    with Api(box.socket) as api:
        for vif in (client(box), client(box, mtu=1400)):
            error = refused(api, vif)
            assert error.reason == "not_realized" and path_of(box) in error.message
        problem, = (one for one in api.call("status")["problems"] if PORT in one)
        assert "restart it soon" in problem
        assert box.vifctl("status", check=False).returncode != 0
        assert api.unplug(vif_id(1))["changed"] is True
        assert api.call("status")["problems"] == []
        assert refused(api, client(box)).reason == "not_realized"
        os.unlink(path_of(box))
        assert refused(api, client(box)).reason == "not_realized", "the process is the same"
        assert ports(box, "br-int") == [] and tries(box) == n_tries
        assert api.plug(vhost_user(1))["state"] == "up", "mode server does not matter"
        restart(box)
        assert api.plug(client(box))["state"] == "up"
    check_vswitchd(box)


def test_failed_port_is_well_after_a_restart(box, api):
    api.plug(client(box))
    fail_at_start(box)
    wait_until(lambda: state(box) == "failed", what="the VIF has failed")
    box.stop("ovs-vswitchd", signal.SIGKILL)
    wait_until(lambda: not os.path.exists(path_of(box)), what="the stale socket is removed")
    box.start_vswitchd()
    wait_until(lambda: state(box) == "up", what="the VIF is up")


def test_files_are_left_alone_without_check_paths(box, configure):
    configure("[daemon]\nsocket_group = root\n[vif]\ncheck_paths = no\n")
    with Api(box.socket) as api:
        api.plug(client(box))
        box.stop("ovs-vswitchd", signal.SIGKILL)
        wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead", what="vifplugd sees the end")
        assert os.path.exists(path_of(box))
        box.start_vswitchd()
        wait_until(lambda: state(box) == "failed", what="the VIF has failed")
        assert refused(api, client(box)).reason == "not_realized"
        assert api.unplug(vif_id(1))["changed"] is True
        assert os.path.exists(path_of(box))
    os.unlink(path_of(box))
    restart(box)
