# SPDX-License-Identifier: Apache-2.0
"""The quadlet and the image of etc/containers, as docs/containers.md says: systemd and podman run vifplugd."""

import json

import bare
import machine
import pytest

pytestmark = pytest.mark.skipif(not machine.HAS_QUADLET, reason="Debian 12's podman has no quadlets")
UNIT = "vifplugd.service"
QUADLET = "/etc/containers/systemd/vifplugd.container"
KINDS = {
    "vhost-user": ["--kind=vhost-user", "--path=/run/openvswitch/vm1", "--mode=server"],
    "tap": ["--kind=ovs", "--datapath=netdev", "--name=tap1", "--create-tap=true"],
    "hybrid": ["--kind=hybrid", "--datapath=netdev", "--name=tap2"],
}


@pytest.fixture(scope="module", name="host")
def with_the_container(host):
    """The machine without the package's service, since a host has one vifplugd."""
    host.run("dpkg", "--purge", "vifplugd")
    host.run("mkdir", "-p", "/etc/containers/systemd", "/etc/vifplugd")
    host.run("sh", "-c", "printf '[daemon]\\nallow = nova\\nsocket_group = nova\\n' >/etc/vifplugd/vifplugd.conf")
    host.run("cp", "/mnt/vifplugd.container", QUADLET)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "start", UNIT)
    yield host
    host.run("systemctl", "stop", UNIT)
    host.run("rm", QUADLET)
    host.run("systemctl", "daemon-reload")
    host.run("sh", "-c", "dpkg --force-confold --install /mnt/vifplugd_*.deb")


def vifctl(host, *arguments, check=True):
    output = host.run("podman", "exec", "vifplugd", "vifctl", "--format=json", "--timeout=60", *arguments,
                      check=check)
    return json.loads(output[output.find("{"):output.rfind("}") + 1] or "{}")


def plug(host, name):
    vifctl(host, "--id=port-1", "--mac=fa:16:3e:00:00:01", "--bridge=br-int", "--mtu=1500", "--instance=vm-1",
           *KINDS[name], "plug")


def states(host):
    """{id: state} of all VIFs; empty while the daemon cannot say."""
    return {vif["vif_id"]: vif["state"] for vif in vifctl(host, "list", check=False).get("vifs", [])}


def pid(host):
    return host.main_pid(UNIT)


def test_the_unit_is_the_quadlets(host):
    assert host.active(UNIT), host.status(UNIT)
    assert host.run("systemctl", "show", "--value", "--property=SourcePath", UNIT).strip() == QUADLET
    assert vifctl(host, "status")["ovsdb"]["connected"]
    state = json.loads(host.run("podman", "inspect", "vifplugd"))[0]
    assert state["State"]["Running"] and state["EffectiveCaps"] == ["CAP_NET_ADMIN"]
    assert state["HostConfig"]["ReadonlyRootfs"]
    host.run("podman", "exec", "vifplugd", "vifctl", "check")


@pytest.mark.parametrize("name", KINDS)
def test_kinds(host, name):
    plug(host, name)
    assert states(host) == {"port-1": "up"}
    vifctl(host, "unplug", "port-1")
    assert states(host) == {}


def test_vifs_outlive_the_container(host):
    """Over a restart by an operator, and one by systemd after a crash; and a reload does not restart it."""
    plug(host, "tap")
    before = pid(host)
    host.run("systemctl", "reload", UNIT)
    bare.wait_for(lambda: "vifplugd.conf read again" in host.run("journalctl", "--no-pager", "--output=cat"),
                  "the reload is in the journal")
    assert pid(host) == before
    host.run("systemctl", "restart", UNIT)
    bare.wait_for(lambda: states(host) == {"port-1": "up"}, "the VIF after a restart")
    before = pid(host)
    host.run("podman", "kill", "--signal=KILL", "vifplugd")
    bare.wait_for(lambda: pid(host) not in (0, before) and host.active(UNIT), "systemd starts another", 120)
    bare.wait_for(lambda: states(host) == {"port-1": "up"}, "the VIF after a crash")
    vifctl(host, "unplug", "port-1")
