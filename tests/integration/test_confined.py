# SPDX-License-Identifier: Apache-2.0
"""The daemon does all of its work with the restrictions of its unit: as a user of its own, with CAP_NET_ADMIN
alone, the unit's system calls, address families and file system. (VIFPLUG_CONFINED=yes runs all integration tests
so.)"""

import os
import re
import signal
import subprocess

import pytest
from api import hybrid, ovs_vif, refused_with_words, representor, vhost_user, vif_id, wait_until
from sandbox import CONFINED_USER, Sandbox


@pytest.fixture(scope="module", autouse=True)
def confined(whole_card_box):
    box = whole_card_box
    box.stop("vifplugd")
    box.confined = True
    try:
        box.start_vifplugd()
        yield box
    finally:
        box.stop("vifplugd")
        box.confined = Sandbox(box.dir).confined
    box.start_vifplugd()


def status(box):
    with open(f"/proc/{box.pid('vifplugd')}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_it_is_confined(confined):
    found = status(confined)
    uid = subprocess.run(["id", "-u", CONFINED_USER], capture_output=True, text=True, check=True).stdout.strip()
    assert found["Uid"].split() == [uid] * 4
    net_admin = f"{1 << 12:016x}"
    assert [found[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")] == [net_admin] * 4
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    with open(f"/proc/{confined.pid('vifplugd')}/mountinfo", encoding="utf-8") as file:
        points = {point: options.split(",") for point, options in (line.split()[4:6] for line in file)}
    kept = (confined.dir, "/dev", "/proc", "/sys")
    assert "rw" in points[confined.dir]
    assert not [point for point, options in points.items()
                if "rw" in options and not any(point == one or point.startswith(f"{one}/") for one in kept)]


def test_score():
    """systemd's own opinion of the unit."""
    unit = f"{Sandbox('/nonexistent').build}/vifplugd.service"
    output = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", unit], text=True,
                            capture_output=True, check=False).stdout
    assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", output)[1]) < 2.5, output


@pytest.mark.parametrize("vif", [
    representor(1, "0000:65:01.2"), vhost_user(2), ovs_vif(3, create_tap=True), hybrid(4)],
    ids=["representor", "vhost-user", "tap", "hybrid"])
def test_kinds(card_api, vif):
    assert card_api.plug(vif)["state"] == "up"
    assert card_api.call("update", vif_id=vif["vif_id"], mtu=1400)["changed"]
    card_api.plug({**vif, "mtu": 1500})
    assert card_api.unplug(vif["vif_id"])["changed"]
    assert card_api.call("list")["vifs"] == []


def test_facts_of_the_host(card_api):
    """sysfs, /proc and the kernel's tables."""
    assert [nic for nic in card_api.call("nics")["nics"] if len(nic["vfs"]) == 40]
    assert card_api.call("status")["vswitchd"]["state"] == "alive"
    assert card_api.call("reap", dry_run=True)["removed"] == []


def test_words_of_the_switch(card_box, card_api):
    """ovs-vswitchd's log, also after logrotate has made another one."""
    card_box.card_settings(refuse_probe=12)
    for _ in range(2):
        detail = refused_with_words(card_api, representor(6, "0000:65:01.4")).detail
        assert "refused by refuse-probe" in detail
        os.rename(f"{card_box.log}/ovs-vswitchd.log", f"{card_box.log}/ovs-vswitchd.log.1")
        card_box.appctl(f"{card_box.run}/ovs-vswitchd.ctl", "vlog/reopen")


def test_stale_socket(card_box, card_api):
    """What a killed ovs-vswitchd leaves in its run directory is removed, so that its VIF is up again."""
    card_box.stop("ovs-vswitchd")
    card_box.start_vswitchd()  # With the umask that the package gives it.
    card_api.plug(vhost_user(5, mode="client", run_dir=card_box.run))
    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    card_box.start_vswitchd()
    wait_until(lambda: card_api.call("get", vif_id=vif_id(5))["state"] == "up")


def test_log_and_control(card_box):
    assert "vifplugd" in card_box.appctl("vifplugd", "version")
    with open(card_box.config, "a", encoding="ascii") as file:
        file.write("\n[vif]\nnetwork_device_mtu = 1450\n")
    with open(f"{card_box.config}.changed", "w", encoding="ascii"):
        pass
    os.kill(card_box.pid("vifplugd"), signal.SIGHUP)
    log = f"{card_box.log}/vifplugd.log"

    def told():
        with open(log, encoding="utf-8") as file:
            return re.search(r"read again; changed: .*network_device_mtu", file.read())
    wait_until(told)
