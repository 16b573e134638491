# SPDX-License-Identifier: Apache-2.0
"""With its AppArmor profile enforced by Debian's kernel, vifplugd does all that needs no card, and is denied
nothing."""

import json
import re

import bare
import pytest

PROFILE = "/etc/apparmor.d/usr.sbin.vifplugd"
UNIT = "vifplugd.service"
DROP_IN = f"/run/systemd/system/{UNIT}.d"
LOG = "/var/log/vifplugd/vifplugd.log"
KINDS = {
    "vhost-user": ["--kind=vhost-user", "--path=/run/openvswitch/vm1", "--mode=server"],
    "vhost-user-client": ["--kind=vhost-user", "--path=/run/openvswitch/vhuvhost-user-", "--mode=client"],
    "tap": ["--kind=ovs", "--datapath=netdev", "--name=tap1", "--create-tap=true"],
    "hybrid": ["--kind=hybrid", "--datapath=netdev", "--name=tap2"],
}


def plug(host, name):
    host.run("vifctl", "--timeout=120", f"--id={name}", "--mac=fa:16:3e:00:00:01", "--bridge=br-int", "--mtu=1500",
             "--instance=vm-1", *KINDS[name], "plug", timeout=200)


def states(host):
    """{id: state} of all VIFs."""
    output = host.run("vifctl", "--format=json", "list", check=False)
    listed = output[output.find("{"):]
    return {vif["vif_id"]: vif["state"] for vif in json.loads(listed)["vifs"]} if '"vifs"' in listed else {}


def denials(host):
    """What AppArmor has denied under vifplugd's profile since the boot. Each thread has a name of its own."""
    lines = host.run("journalctl", "--no-pager", "--output=cat", "--boot").splitlines()
    return sorted({line for line in lines if 'apparmor="DENIED"' in line and 'profile="vifplugd"' in line})


@pytest.fixture(scope="module", name="host")
def enforcing(host):
    assert host.active(UNIT), host.status(UNIT)
    assert "flags=(complain)" not in host.read(PROFILE)
    yield host
    assert [line for line in denials(host) if 'comm="cat"' not in line] == []


def test_the_profile_is_enforced(host):
    assert host.read(f"/proc/{host.main_pid(UNIT)}/attr/current").strip() == "vifplugd (enforce)"
    host.run("aa-exec", "--profile=vifplugd", "--", "/bin/cat", "/etc/shadow", check=False)
    assert [line for line in denials(host) if 'comm="cat"' in line]


@pytest.mark.parametrize("name", KINDS)
def test_kinds(host, name):
    plug(host, name)
    assert states(host) == {name: "up"}
    host.run("vifctl", "--mtu=1400", "update", name)
    plug(host, name)
    host.run("vifctl", "unplug", name)
    assert states(host) == {}


def test_questions(host):
    plug(host, "tap")
    for command in (["check"], ["nics"], ["list"], ["stats"], ["status"], ["--dry-run", "unplug", "tap"]):
        host.run("vifctl", *command, check=False)
    host.run("ovs-appctl", "-t", "vifplugd", "vlog/list")
    host.run("systemctl", "reload", UNIT)
    host.run("vifctl", "unplug", "tap")


def test_a_killed_switch(host):
    """vifplugd removes the socket that ovs-vswitchd left, and has all VIFs again."""
    for name in KINDS:
        plug(host, name)
    before = host.main_pid("ovs-vswitchd.service")
    host.run("kill", "-KILL", str(before))
    bare.wait_for(lambda: host.main_pid("ovs-vswitchd.service") not in (0, before), "another ovs-vswitchd", 120)
    bare.wait_for(lambda: states(host) == dict.fromkeys(KINDS, "up"), "all VIFs are up again", 120)
    host.run("systemctl", "restart", UNIT)
    bare.wait_for(lambda: states(host) == dict.fromkeys(KINDS, "up"), "the same after a restart of vifplugd", 120)
    for name in KINDS:
        host.run("vifctl", "unplug", name)


def test_without_the_socket_unit(host):
    """The daemon makes its socket, and logs to a file."""
    started = re.search(r"^ExecStart=(.*)$", host.run("systemctl", "cat", UNIT), re.M)[1]
    lines = f"[Service]\nExecStart=\nExecStart={started} --log-file={LOG}\n"
    host.run("mkdir", "-p", DROP_IN)
    host.run("sh", "-c", 'printf %s "$1" >"$2"', "sh", lines, f"{DROP_IN}/log.conf")
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "mask", "--now", "vifplugd.socket")
    try:
        host.run("systemctl", "restart", UNIT)
        plug(host, "tap")
        host.run("vifctl", "unplug", "tap")
        assert "unplug" in host.read(LOG)
    finally:
        host.run("rm", "-r", DROP_IN)
        host.run("systemctl", "unmask", "vifplugd.socket")
        host.run("systemctl", "stop", UNIT)
        host.run("systemctl", "start", "vifplugd.socket", UNIT)
