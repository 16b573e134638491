# SPDX-License-Identifier: Apache-2.0
"""grant-access beside an Open vSwitch that makes and removes sockets, which a service that starts must survive."""

import os
import shutil
import socket
import subprocess

import pytest

from test_install import BUILD

USER = "nobody"
# A setfacl that another process is faster than: it has removed the socket, or made the file system read-only.
REMOVED = 'case $3 in */gone) rm "$3" ;; esac; exec {setfacl} "$@"'
REFUSED = 'case $3 in */gone) echo "setfacl: $3: Read-only file system" >&2; exit 1 ;; esac; exec {setfacl} "$@"'


def grants(path):
    """Whether USER may read and write."""
    rights = subprocess.run(["getfacl", "-cp", path], capture_output=True, text=True, check=True).stdout
    return f"user:{USER}:rw-" in rights


@pytest.fixture
def run_directory(tmp_path):
    """Open vSwitch's directory with three sockets; "gone" is neither the first nor the last."""
    directory = tmp_path / "run"
    directory.mkdir()
    for name in ("db.sock", "gone", "vhost"):
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(directory / name))
    return directory


@pytest.fixture
def grant_access(tmp_path, run_directory):
    def run(script):
        setfacl = tmp_path / "bin" / "setfacl"
        setfacl.parent.mkdir()
        setfacl.write_text("#!/bin/sh\n" + script.format(setfacl=shutil.which("setfacl")), encoding="ascii")
        setfacl.chmod(0o755)
        return subprocess.run(["sh", f"{BUILD}/grant-access"], capture_output=True, text=True, check=False, env={
            **os.environ, "PATH": f"{setfacl.parent}:{os.environ['PATH']}", "VIFPLUGD_USER": USER,
            "OVS_RUNDIR": str(run_directory), "OVS_LOGDIR": str(tmp_path / "log")})
    return run


def test_a_socket_that_is_removed_meanwhile(grant_access, run_directory):
    done = grant_access(REMOVED)
    assert (done.returncode, done.stderr) == (0, "")
    assert grants(run_directory / "db.sock") and grants(run_directory / "vhost")
    assert not (run_directory / "gone").exists()


def test_a_socket_that_cannot_be_changed(grant_access, run_directory):
    done = grant_access(REFUSED)
    assert done.returncode == 1 and f"{run_directory}/gone: Read-only file system" in done.stderr
