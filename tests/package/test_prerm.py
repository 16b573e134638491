# SPDX-License-Identifier: Apache-2.0
"""The script that dpkg runs before it removes the package stops the daemon, also while clients connect. The units
are stand-ins, so that this needs no package; test_package.py removes the real one."""

import os
import subprocess

import bare
import building
import pytest

SCRIPT = f"{building.TOP}/debian/vifplugd.prerm"
# As dh_installsystemd makes it of the two calls in debian/rules: the last one comes first.
DEBHELPER = "".join(f"deb-systemd-invoke stop {unit} >/dev/null || true\n"
                    for unit in ("vifplugd.service", "vifplugd.socket"))
UNITS = {"vifplugd.socket": "[Socket]\nListenStream=/run/stand-in.sock\n",
         # It accepts nothing: a connection waits, and starts it again each time that it has been stopped.
         "vifplugd.service": "[Unit]\nWants=vifplugd.socket\nAfter=vifplugd.socket\n"
                             "[Service]\nExecStart=/bin/sleep infinity\n"}
CONNECT = """
import socket, time
connection = socket.socket(socket.AF_UNIX)
connection.connect("/run/stand-in.sock")
print("connected", flush=True)
time.sleep(600)
"""


def script():
    with open(SCRIPT, encoding="utf-8") as file:
        text = file.read()
    assert text.count("#DEBHELPER#") == 1
    return text.replace("#DEBHELPER#", DEBHELPER)


def test_syntax():
    assert building.run("sh", "-n", SCRIPT) == ""


@pytest.fixture(name="node", scope="module")
def a_node_with_units(tmp_path_factory):
    one = bare.Node(bare.base(), tmp_path_factory.mktemp("prerm"))
    try:
        for name, text in UNITS.items():
            with open(one.path(f"/run/systemd/system/{name}"), "w", encoding="ascii") as file:
                file.write(text)
        with open(one.path("/tmp/prerm"), "w", encoding="utf-8") as file:
            file.write(script())
        one.run("systemctl", "daemon-reload")
        yield one
    finally:
        one.end()


def test_a_client_that_waits_does_not_start_the_daemon_again(node):
    node.run("systemctl", "start", *UNITS)
    with node.start("python3", "-c", CONNECT, stdout=subprocess.PIPE) as client:
        assert client.stdout.readline() == b"connected\n"
        node.run("sh", "/tmp/prerm", "remove")
        states = node.run("systemctl", "is-active", *UNITS, check=False).split()
        client.kill()
    assert states == ["inactive", "inactive"]
    # Nothing is left to do, either.
    assert "No jobs" in node.run("systemctl", "list-jobs")


@pytest.mark.parametrize("arguments, stopped", [
    (["remove"], [["vifplugd.socket", "vifplugd.service"], ["vifplugd.service"], ["vifplugd.socket"]]),
    (["upgrade", "1.0"], [["vifplugd.service"], ["vifplugd.socket"]])])
@pytest.mark.parametrize("systemd", [True, False])
def test_what_is_stopped(tmp_path, arguments, stopped, systemd):
    """An upgrade leaves that to debhelper's part, and without systemd there is nothing to stop."""
    said = tmp_path / "said"
    (tmp_path / "prerm").write_text(script(), encoding="utf-8")
    for name, text in (("deb-systemd-invoke", f'echo "$*" >>{said}'), ("setfacl", ":")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
        (tmp_path / name).chmod(0o755)
    prepare = "mount -t tmpfs tmpfs /run" + (" && mkdir -p /run/systemd/system" if systemd else "")
    building.run("unshare", "--mount", "sh", "-c", f'{prepare} && exec sh "$@"', "sh", f"{tmp_path}/prerm",
                 *arguments, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    done = [line.split()[1:] for line in said.read_text(encoding="ascii").splitlines()]
    assert done == (stopped if systemd else stopped[-2:])
