# SPDX-License-Identifier: Apache-2.0
"""docs/troubleshooting.md, "My guest has no network": each cause is made, and the commands of the page, as it has
them, say what it shows."""

import contextlib
import glob
import os
import re
import shutil
import signal

import pytest

from api import wait_until

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                    "docs/troubleshooting.md")
SECTION = "My guest has no network"
PF = "0000:65:00.0"
VF = "0000:65:01.2"  # VF number 10.


def read_section():
    with open(PAGE, encoding="utf-8") as file:
        return re.split(r"^## ", file.read(), flags=re.M)[1].partition("\n### ")


def read_commands(text):
    return re.findall(r"^    # (.*)", text, re.M)


def read_steps():
    """Returns {cause: [(command, lines that it shows)]}."""
    title, _, text = read_section()
    assert title.startswith(SECTION)
    causes = {}
    for part in text.split("\n### "):
        steps = causes[part.partition("\n")[0]] = []
        for line in part.splitlines():
            if line.startswith("    # "):
                steps.append((line[6:], []))
            elif line.startswith("    "):
                steps[-1][1].append(line[4:])
    return causes


STEPS = read_steps()
MAKERS = {}


def cause(heading):
    """Makes a function the maker of that cause. It gets a `World`, and makes the cause until it is resumed."""
    def register(function):
        MAKERS[heading] = contextlib.contextmanager(function)
        return function
    return register


def pattern_of(lines):
    """The regular expression of a text in which ... stands for anything, and as a line for any lines."""
    pattern = ""
    for line in lines:
        words = ".*".join(re.escape(part.strip()) for part in squeeze(line).split("..."))
        pattern += r"(?:.*\n)*?" if line == "..." else words + r"\n"
    return pattern


def squeeze(text):
    """How wide the columns of a table are depends on what is in the other lines."""
    return re.sub(r" +$", "", re.sub(r" +", " ", text), flags=re.M)


def shows(result, lines):
    """Whether standard output is what the page shows; lines of vifctl's errors are on standard error."""
    errors = [line for line in lines if line.startswith("vifctl: ")]
    output = [line for line in lines if line not in errors]
    return re.fullmatch(pattern_of(output), squeeze(result.stdout)) and (
        not errors or re.fullmatch(pattern_of(errors), squeeze(result.stderr)))


class World:
    """The sandbox, and what the commands of the page do in it that are not those of vifctl and of OVS."""

    def __init__(self, box, configure, guest):
        self.box = box
        self.configure = configure
        self.put_back = None
        self.replaced = {
            "systemctl start vifplugd": box.start_vifplugd,
            "systemctl start ovsdb-server": box.start_ovsdb,
            "systemctl start ovs-vswitchd": box.start_vswitchd,
            "systemctl restart vifplugd": self.restart_vifplugd,
            "systemctl restart ovs-vswitchd": self.restart_vswitchd,
            "systemctl restart nova-compute": self.plug,
            "openstack server reboot --hard vm-1": self.plug,
            "openstack server start vm-1": lambda: guest("vm-1", "/usr/local/var/run/stdvio10"),
            "systemctl reload vifplugd": lambda: os.kill(box.pid("vifplugd"), signal.SIGHUP),
            f"echo 40 > /sys/bus/pci/devices/{PF}/sriov_numvfs": lambda: self.put_back(),
        }

    def restart_vifplugd(self):
        self.box.stop("vifplugd")
        self.box.start_vifplugd()

    def restart_vswitchd(self):
        self.box.stop("ovs-vswitchd", signal.SIGKILL)
        self.box.start_vswitchd()

    def plug(self, name="port-1", instance="vm-1", check=True, pci=VF, mac="fa:16:3e:00:00:01", **options):
        options = {"id": name, "instance": instance, "pci": pci, "mac": mac, "kind": "representor",
                   "bridge": "br-int", "mtu": 1500, "timeout": 40, **options}
        return self.box.vifctl(*(f"--{key}={value}" for key, value in options.items()), "plug", check=check)

    def fail(self, **options):
        """Plugs the VIF in vain."""
        assert self.plug(check=False, **options).returncode == 1

    def run(self, command, lines):
        """Runs a command of the page until it shows what the page shows."""
        if command in self.replaced:
            self.replaced[command]()
            return
        # Without it, timeout signals its whole group too, which LeakSanitizer's own thread does not survive.
        command = command.replace("timeout 1", "timeout --foreground 1")
        command = command.replace("vifplugd ", f"vifplugd --config={self.box.config} ")
        result = None

        def right():
            nonlocal result
            result = self.box.command("sh", "-c", command, check=False)
            return shows(result, lines)
        wait_until(right, 20, lambda: f"{command} shows\n{result.stdout}{result.stderr}\nnot\n" + "\n".join(lines))


@pytest.fixture
def world(card_box, configure_card, guest):
    return World(card_box, configure_card, guest)


def test_each_cause_has_its_test():
    assert set(MAKERS) == set(STEPS) and len(STEPS) >= 12
    table = re.findall(r"\[([^]]+)\]\(#([\w-]+)\)", read_section()[0])
    assert [heading for heading, _ in table] and {heading for heading, _ in table} == set(STEPS)
    assert all(anchor == heading.lower().replace(" ", "-") for heading, anchor in table)
    assert all(any(lines for _, lines in steps) for steps in STEPS.values())


def test_the_first_commands(world):
    """Those with which to begin: they show the VIF if all is well."""
    world.plug()
    commands = read_commands(read_section()[0])
    assert len(commands) == 5
    for command in commands:
        shown = world.box.command("sh", "-c", command, check=False)
        assert "port-1" in shown.stdout or shown.stdout.startswith("ok\n"), (command, shown)


@pytest.mark.parametrize("heading", STEPS)
def test_cause(world, heading):
    with MAKERS[heading](world):
        for command, lines in STEPS[heading]:
            world.run(command, lines)


# --- The causes. ---

@cause("vifplugd does not run")
def vifplugd_does_not_run(world):
    world.box.stop("vifplugd")
    yield


@cause("ovsdb-server does not run")
def ovsdb_does_not_run(world):
    world.box.stop("ovsdb-server")
    yield


@cause("ovs-vswitchd does not run")
def vswitchd_does_not_run(world):
    world.plug()
    world.box.stop("ovs-vswitchd")
    yield


@cause("ovs-vswitchd hangs")
def vswitchd_hangs(world):
    os.kill(world.box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(world.box.pid("ovs-vswitchd"), signal.SIGCONT)


@cause("Nothing asked for the VIF")
def nothing_asked(world):
    world.configure("")
    world.plug("port-2", "vm-2")
    yield


@cause("Another VIF has the VF")
def vf_in_use(world):
    world.plug("port-2", "vm-2")
    world.fail()
    yield


@cause("The card has no VFs")
def no_vfs(world):
    devices = f"{world.box.sys}/bus/pci/devices"
    away = f"{world.box.dir}/away"
    os.mkdir(away)
    moved = [(path, f"{away}/{os.path.basename(path)}") for path in sorted(
        glob.glob(f"{devices}/0000:65:0[0-9].[0-7]") + glob.glob(f"{devices}/{PF}/virtfn*")) if not
             path.endswith(f"/{PF}")]
    for path, kept in moved:
        os.rename(path, kept)

    def put_back():
        for path, kept in moved:
            if os.path.lexists(kept):
                os.rename(kept, path)
    world.put_back = put_back
    try:
        world.fail()
        yield
    finally:
        put_back()
        shutil.rmtree(away)


@cause("The socket is not that of the card")
def socket_mismatch(world):
    world.fail(path="/run/vm1.sock", mode="server")
    yield


@cause("The driver refuses the VF")
def refused_by_the_driver(world):
    world.box.card_settings(refuse_probe=10)
    world.fail()
    yield


@cause("The MTU is too large for the card")
def mtu_too_large(world):
    world.box.card_settings(max_mtu=2000)
    world.fail(mtu=9000)
    yield


@cause("Another program removed the port")
def port_removed(world):
    world.plug()
    world.box.vsctl("del-port", "vfrport-1")
    yield


@cause("Another program changed the port")
def port_changed(world):
    world.plug()
    world.box.vsctl("set", "Interface", "vfrport-1", "options:vhost-server-path=/run/other.sock")
    yield


@cause("The VIF is from before the last boot")
def stale(world):
    world.plug()
    world.configure("", "--boot-id=another")
    yield


@cause("The guest is not connected")
def not_connected(world):
    world.plug()
    yield


@cause("Neutron has not wired the port")
def not_wired(world):
    world.plug()
    world.box.vsctl("set", "Port", "vfrport-1", "tag=4095")
    yield


@cause("Two guests have one MAC address")
def one_mac(world):
    world.plug()
    world.plug("port-2", "vm-2", pci="0000:65:01.3")
    yield


@cause("A change of the configuration is not in force")
def settings_wait(world):
    world.configure("")
    with open(world.box.config, "a", encoding="ascii") as file:
        file.write(f"[ovs]\nvswitchd_log = {world.box.log}/ovs-vswitchd.log\n")
    yield
