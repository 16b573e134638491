# SPDX-License-Identifier: Apache-2.0
"""The units do what they promise under systemd, with all of their restrictions."""

import glob
import json
import os
import re
import shutil
import subprocess

import apparmor
import bare
import building
import pytest

CONFIG = "/etc/vifplugd/vifplugd.conf"
# Capabilities, as in /proc/PID/status.
NET_ADMIN = f"{1 << 12:016x}"
# What ProtectSystem=strict leaves, beside the unit's own directories; and /run, which is root's, and which systemd
# 252 leaves, too, if there is ProtectControlGroups.
ALWAYS_WRITABLE = ("/dev", "/proc", "/sys", "/run(?!/openvswitch|/vifplugd)")
KINDS = {
    "vhost-user": ["--kind=vhost-user", "--path=/run/openvswitch/vm2", "--mode=server"],
    "tap": ["--kind=ovs", "--datapath=netdev", "--name=tap1", "--create-tap=true"],
    "hybrid": ["--kind=hybrid", "--datapath=netdev", "--name=tap2"],
}
PROGRAM = 'execve("/usr/sbin/vifplugd"'
# Of these strace shows no path.
NO_FILES = ("socket:", "pipe:", "anon_inode:")
WATCHDOG = "[Service]\nWatchdogSec=2\n"


def plug(host, *options):
    host.run("vifctl", "--timeout=40", "--id=port-1", "--mac=fa:16:3e:00:00:01", "--bridge=br-int", "--mtu=1500",
             "--instance=vm-1", *options, "plug")


def get(host):
    """The VIF, or {} while the daemon cannot say."""
    output = host.run("vifctl", "--format=json", "get", "port-1", check=False)
    return json.loads(output) if '"state"' in output else {}


def pid(host):
    return host.main_pid("vifplugd.service")


def log(host, *fields):
    return host.run("journalctl", "--no-pager", "--output=cat", "--unit=vifplugd.service", *fields)


def start(host):
    """Starts the daemon, however often the tests have done so in the last seconds: systemd counts."""
    host.run("systemctl", "reset-failed", "vifplugd.service")
    host.run("systemctl", "start", "vifplugd.service")


@pytest.fixture(name="vifs", autouse=True)
def end_with_nothing(host):
    """Each test begins with a daemon and ends without VIFs."""
    start(host)
    yield
    start(host)
    host.run("vifctl", "unplug", "port-1")


def test_restrictions_are_in_force(host):
    status = host.status_of(pid(host))
    assert host.uid(pid(host)) == int(host.run("id", "-u", "vifplugd"))
    assert [status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")] == [NET_ADMIN] * 4
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    mounts = [line.split() for line in host.read(f"/proc/{pid(host)}/mountinfo").splitlines()]
    writable = {fields[4] for fields in mounts if "rw" in fields[5].split(",")
                and not re.match("|".join(f"{path}(/|$)" for path in ALWAYS_WRITABLE), fields[4])}
    assert writable == {"/run/openvswitch", "/run/vifplugd", "/var/log/vifplugd", "/tmp", "/var/tmp"}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
def test_kinds(host, options):
    """Each kind that needs no card."""
    plug(host, *options)
    assert get(host)["state"] == "up"
    host.run("vifctl", "--mtu=1400", "update", "port-1")
    assert get(host).get("mtu", 1400) == 1400  # A vhost-user port without its guest has none.
    host.run("vifctl", "unplug", "port-1")
    assert host.run("ip", "-oneline", "link").count("tap") == 0


def test_the_socket_starts_the_daemon(host):
    host.run("systemctl", "stop", "vifplugd.service")
    assert not host.active("vifplugd.service") and host.active("vifplugd.socket")
    plug(host, *KINDS["vhost-user"])
    assert host.active("vifplugd.service") and get(host)["state"] == "up"


def test_a_member_of_the_group_may_connect(host):
    """The configuration says what that user may do; others do not get at the socket."""
    host.run("useradd", "nova")
    ask = ["setpriv", "--reuid=nova", "--regid=nova", "--init-groups", "vifctl", "list"]
    assert "Permission denied" in host.run(*ask, check=False)
    host.run("usermod", "--append", "--groups", "vifplugd", "nova")
    assert "permission_denied" in host.run(*ask, check=False)
    host.run("sed", "-i", r"s/^\[daemon\]$/&\nallow = nova/", CONFIG)
    host.run("systemctl", "reload", "vifplugd.service")
    bare.wait_for(lambda: "permission_denied" not in host.run(*ask, check=False), "the reload")


def test_reload(host):
    """`systemctl reload` puts a change in force without a restart; errors change nothing."""
    before = pid(host)
    text = host.read(CONFIG)
    for changed, told in ((text.replace(";network_device_mtu = ", "network_device_mtu = 1450\n;"),
                           "changed: .*network_device_mtu"), (f"{text}\n[deamon]\n", r"\[deamon\]")):
        with open(host.path(CONFIG), "w", encoding="utf-8") as file:
            file.write(changed)
        host.run("systemctl", "reload", "vifplugd.service")
        bare.wait_for(lambda told=told: re.search(told, log(host)), told)
    with open(host.path(CONFIG), "w", encoding="utf-8") as file:
        file.write(text)
    host.run("systemctl", "reload", "vifplugd.service")
    assert pid(host) == before


def test_the_journal_has_fields(host):
    plug(host, *KINDS["vhost-user"])
    bare.wait_for(lambda: "plug" in log(host, "VIFPLUG_VIF_ID=port-1"), "the line of the operation")
    assert "plug" not in log(host, "VIFPLUG_VIF_ID=port-2")


def test_a_restart_of_the_switch(host):
    """ovsdb-server's unit makes the run directory again, and gives the daemon access to it again."""
    plug(host, *KINDS["vhost-user"])
    before = pid(host)
    host.run("systemctl", "restart", "openvswitch-switch.service")
    bare.wait_for(lambda: get(host).get("state") == "up", "the VIF is up again")
    assert pid(host) == before
    assert "vifplugd" in host.run("ovs-appctl", "-t", "vifplugd", "version")


def test_the_watchdog_restarts_a_daemon_that_hangs(host):
    plug(host, *KINDS["vhost-user"])
    directory = host.path("/run/systemd/system/vifplugd.service.d")
    os.makedirs(directory)
    with open(f"{directory}/watchdog.conf", "w", encoding="ascii") as file:
        file.write(WATCHDOG)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "vifplugd.service")
    before = pid(host)
    # A daemon that is slow for 2 s is restarted, too: then this stops the next one.
    while host.run("sh", "-c", f"kill -STOP {before} || echo gone", check=False).strip():
        before = pid(host)
    bare.wait_for(lambda: pid(host) not in (0, before), "another daemon")
    shutil.rmtree(directory)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "vifplugd.service")
    assert "watchdog" in log(host).lower()
    plug(host, *KINDS["vhost-user"])  # Waits for OVSDB.
    assert get(host)["state"] == "up"


def test_autopkgtest(host):
    """The script that autopkgtest runs in a container of its own."""
    script = host.path("/tmp/plug")
    with open(f"{building.TOP}/debian/tests/plug", "rb") as source, open(script, "wb") as file:
        file.write(source.read())
    host.run("sh", "/tmp/plug")


def traced(directory):
    """What strace -ff has written in `directory`: {number of the daemon's process: the text since it began}."""
    traces = {int(path.rpartition(".")[2]): bare.read(path) for path in glob.glob(f"{directory}/trace.*")}
    return {number: text.partition(PROGRAM)[2] for number, text in traces.items() if PROGRAM in text}


def test_apparmor_profile_suffices(host, tmp_path):
    """A trace of the daemon, from its start on, needs nothing that the profile does not permit. (A kernel without
    AppArmor cannot say it itself.)"""
    profile = apparmor.Profile(f"{building.TOP}/etc/apparmor.d/usr.sbin.vifplugd")
    threads = set()
    with open(f"{tmp_path}/log", "wb") as log_file, subprocess.Popen(
            ["strace", "-ff", "-y", "-s", "4096", "-e", "trace=%file,%network,execve", "-e", "signal=none",
             "-o", f"{tmp_path}/trace", "-p", str(host.pid)], stdout=log_file, stderr=log_file) as strace:
        try:
            bare.wait_for(lambda: "attached" in bare.read(log_file.name), "strace is attached")
            host.run("systemctl", "restart", "vifplugd.service")
            for options in KINDS.values():
                plug(host, *options)
                host.run("vifctl", "unplug", "port-1")
                threads.update(*(os.listdir(f"/proc/{number}/task") for number in traced(tmp_path)))
            for command in ("check", "nics", "list"):
                host.run("vifctl", command, check=False)
            host.run("systemctl", "reload", "vifplugd.service")
            host.run("systemctl", "stop", "vifplugd.service")
        finally:
            strace.terminate()
    lines = [line for text in traced(tmp_path).values() for line in text.splitlines()[1:]]
    assert len(lines) > 100
    for number in threads - {str(number) for number in traced(tmp_path)}:
        lines += bare.read(f"{tmp_path}/trace.{number}").splitlines()
    needed = {need for line in lines for need in apparmor.needs(line)}
    missing = [(path, rights) for path, rights in needed if path and not path.startswith(NO_FILES)
               and not profile.permits(path, rights)]
    missing += [kind for path, kind in needed if path is None and not profile.permits_socket(*kind)]
    assert not missing, sorted(missing, key=str)
