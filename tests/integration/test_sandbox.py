# SPDX-License-Identifier: Apache-2.0
"""The sandbox as a command: what it starts works, and it leaves nothing behind."""

import os
import subprocess
import tempfile

import pytest

from sandbox import hugepages_held, hugepages_locked

COMMAND = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                       "sandbox/sandbox")


def sandbox(directory, *arguments, check=True):
    done = subprocess.run([COMMAND, "--dir", directory, *arguments], capture_output=True, text=True,
                          timeout=120, check=False)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def hugepages():
    """The machine's, but for those that sandboxes have."""
    with hugepages_locked(), open("/proc/sys/vm/nr_hugepages", encoding="ascii") as file:
        return int(file.read()) - sum(hugepages_held().values())


def processes(word):
    """Returns the processes whose command line contains `word`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read():
                    found.append(pid)
        except OSError:
            pass
    return found


@pytest.fixture
def directory():
    with tempfile.TemporaryDirectory(prefix="vs", dir="/tmp") as parent:
        path = os.path.join(parent, "s")
        yield path
        if os.path.exists(path):
            sandbox(path, "down")


def in_env(directory, command):
    """Runs a command in a shell that has evaluated the output of `env`."""
    return subprocess.run(["sh", "-c", f'eval "$({COMMAND} --dir {directory} env)"; {command}'],
                          capture_output=True, text=True, timeout=60, check=True).stdout


def test_up_play_down(directory):
    before = hugepages()
    sandbox(directory, "up", "--vfs", "8")
    assert "alive" in in_env(directory, "vifctl status")
    assert "bridge" not in in_env(directory, "ovs-vsctl list-br")
    in_env(directory, "vifctl --timeout=40 --id=x --kind=representor --pci=0000:65:01.2 --bridge=br-int "
                      "--instance=i plug")
    assert "vfrx" in in_env(directory, "ovs-vsctl list-ports br-int")
    assert "dpif" in in_env(directory, "ovs-appctl -t $OVS_RUNDIR/ovs-vswitchd.ctl list-commands")
    sandbox(directory, "guest", "g", "10")
    assert "stdvio10" in sandbox(directory, "exec", "--", "ls", "/usr/local/var/run").stdout
    shell = subprocess.run([COMMAND, "--dir", directory, "shell"], input="ls /usr/local/var/run\n",
                           env={**os.environ, "SHELL": "/bin/sh"}, capture_output=True, text=True,
                           timeout=60, check=True)
    assert "stdvio10" in shell.stdout
    sandbox(directory, "down")
    assert not os.path.exists(directory)
    assert hugepages() == before and directory not in hugepages_held()
    assert processes(directory) == []
    with open("/proc/self/mounts", encoding="utf-8") as file:
        assert directory not in file.read()
    assert not os.path.exists("/usr/local/var/run/stdvio10")


def test_card_from_a_file_and_no_daemon(directory):
    cards = f"{directory}.cards"
    with open(cards, "w", encoding="ascii") as file:
        file.write("# two PFs of one card\n"
                   "pf=0000:41:00.0,vendor=18f4,device=01c5,vf-device=051a,vf=0000:41:00.4+4\n"
                   "pf=0000:41:00.1,vendor=18f4,device=01c5,vf-device=051a,vf=0000:41:01.0+4\n")
    sandbox(directory, "up", "--card", cards, "--no-daemon")
    assert subprocess.run(["sh", "-c", f'eval "$({COMMAND} --dir {directory} env)"; vifctl list'],
                          capture_output=True, check=False).returncode == 3
    in_env(directory, "ovs-vsctl add-br b -- set bridge b datapath_type=netdev -- add-port b p -- "
                      "set interface p type=dpdk options:dpdk-devargs=0000:41:00.1,representor=8")
    assert in_env(directory, "ovs-vsctl get interface p error").strip() == "[]"


def test_mistakes_are_told(directory):
    assert sandbox(directory, "exec", "true", check=False).returncode == 1
    assert sandbox(directory, "fly", check=False).returncode == 2
    assert "hugepage" in sandbox(directory, "--help").stdout
    assert sandbox(directory, "up", "--card", "pf=nonsense", check=False).returncode == 1
    assert processes(directory) == []
