# SPDX-License-Identifier: Apache-2.0
"""grant-access beside an Open vSwitch that makes and removes sockets, which a service that starts must survive."""

import os
import shutil
import socket
import subprocess

import pytest

from test_install import BUILD

USER = "nobody"


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
    """Runs the script; `program`, if given, does what `script` says in place of its work, or before."""
    def run(program=None, script=""):
        binaries = tmp_path / "bin"
        binaries.mkdir()
        if program:
            (binaries / program).write_text(f'#!/bin/sh\n{script}\nexec {shutil.which(program)} "$@"\n',
                                            encoding="ascii")
            (binaries / program).chmod(0o755)
        done = subprocess.run(["sh", f"{BUILD}/grant-access"], capture_output=True, text=True, check=False, env={
            **os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "VIFPLUGD_USER": USER,
            "OVS_RUNDIR": str(run_directory), "OVS_LOGDIR": str(tmp_path / "log")})
        assert [name for name in os.listdir(run_directory) if name.startswith(".")] == []
        return done
    return run


def test_a_socket_that_is_removed_meanwhile(grant_access, run_directory):
    done = grant_access("ln", f"rm {run_directory}/gone")
    assert (done.returncode, done.stderr) == (0, "")
    assert grants(run_directory / "db.sock") and grants(run_directory / "vhost")
    assert not (run_directory / "gone").exists()


@pytest.mark.parametrize("program, reason", [
    ("ln", "ln: failed to create hard link: Operation not permitted"),
    ("setfacl", "./gone: Read-only file system")])
def test_a_socket_that_cannot_be_changed(grant_access, program, reason):
    done = grant_access(program, f'case $* in */gone*) echo "{reason}" >&2; exit 1 ;; esac')
    assert done.returncode == 1 and reason in done.stderr and "no access to" in done.stderr


def test_a_failure_with_one_of_many(grant_access, run_directory):
    """ln goes on with the others, and so says a failure that is none if the socket is gone."""
    gone, away = f"{run_directory}/gone", f"{run_directory}/.gone"
    done = grant_access("ln", f'mv {gone} {away}\n{shutil.which("ln")} "$@" 2>/dev/null\nmv {away} {gone}\n'
                              'echo "ln: no memory" >&2\nexit 1')
    assert done.returncode == 0 and "ln: no memory" in done.stderr and f"no access to {gone}: " in done.stderr
    assert grants(run_directory / "db.sock") and not grants(gone)


def test_what_a_killed_one_has_left(grant_access, run_directory):
    """It has further names of the sockets, which thus look like those of others."""
    left = run_directory / ".grant-access.killed"
    left.mkdir()
    os.link(run_directory / "db.sock", left / "db.sock")
    done = grant_access()
    assert (done.returncode, done.stderr) == (0, "")
    assert grants(run_directory / "db.sock")


def test_two_at_once(grant_access, run_directory, tmp_path):
    """The units of vifplugd and of ovsdb-server may start at the same time."""
    running = tmp_path / "running"
    with subprocess.Popen(["flock", "-F", run_directory, "sh", "-c", f"touch {running}; exec sleep 60"]) as first:
        while not running.exists():
            assert first.poll() is None
        end = f"kill {first.pid}; exec {shutil.which('flock')} \"$@\""
        done = grant_access("flock", end)
    assert (done.returncode, done.stderr) == (0, "")
    assert grants(run_directory / "db.sock")


@pytest.fixture
def foreign(tmp_path):
    """A socket of root's elsewhere, as Docker has it."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
    path.chmod(0o660)
    return path


@pytest.mark.parametrize("program", [None, "ln", "setfacl"])
def test_a_link_to_a_foreign_socket(grant_access, run_directory, foreign, program):
    """The user, who may write there, makes one before, or at an instant in between."""
    replace = f"ln -sfn {foreign} {run_directory}/gone"
    if program:
        done = grant_access(program, replace.replace("ln", shutil.which("ln"), 1))
    else:
        subprocess.run(replace.split(), check=True)
        done = grant_access()
    assert done.returncode == 0 and not grants(foreign), done.stderr
    assert (run_directory / "gone").is_symlink()
    assert grants(run_directory / "db.sock") and grants(run_directory / "vhost")


def test_another_name_of_a_foreign_socket(grant_access, run_directory, foreign):
    """fs.protected_hardlinks may be off."""
    os.link(foreign, run_directory / "link")
    done = grant_access()
    assert done.returncode == 0 and f"no access to {run_directory}/link: it has another name" in done.stderr
    assert not grants(foreign) and grants(run_directory / "vhost")


@pytest.mark.parametrize("replacement", ["ln -s /etc $P", "mkdir -m 755 $P", "mkdir -m 700 $P; chown nobody $P"])
def test_a_private_directory_that_is_replaced(grant_access, run_directory, replacement):
    done = grant_access("mktemp", f'P=$({shutil.which("mktemp")} "$@")\nmv $P {run_directory}/moved\n'
                                  f"{replacement}\necho $P\nexit 0")
    assert done.returncode == 1 and "has been replaced" in done.stderr
    assert not grants(run_directory / "vhost")


def test_logs_without_access_lists(grant_access, run_directory, tmp_path):
    """On a file system that has none (ZFS by default, NFS), vifplugd starts all the same."""
    (tmp_path / "log").mkdir()
    done = grant_access("setfacl", 'case $3 in */log*) echo "$3: Operation not supported" >&2; exit 1 ;; esac')
    assert done.returncode == 0 and "log: Operation not supported" in done.stderr
    assert f"{USER} cannot read the logs in {tmp_path}/log" in done.stderr
    assert grants(run_directory / "db.sock")
