# SPDX-License-Identifier: Apache-2.0
"""The service manager passes the socket (sd_listen_fds(3)): the daemon uses it, and leaves its file as it is."""

import contextlib
import os
import signal
import socket
import stat
import sys

import pytest
from process import Daemon, connect, wait_for

# Becomes the daemon, with the socket as descriptor 3.
PASS = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="vifplugd.socket", LISTEN_PID=sys.argv[2] or str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextlib.contextmanager
def listening(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(8)
        os.chmod(path, 0o620)
        yield listener


def activated(directory, listener, pid="", **options):
    return Daemon(directory, before=[sys.executable, "-c", PASS, str(listener.fileno()), pid],
                  pass_fds=(listener.fileno(),), **options)


def is_served(path):
    connection = connect(str(path))
    version = connection.ask("status")["result"]["version"]
    connection.close()
    return version


def test_the_socket_is_used(tmp_path):
    path = tmp_path / "api"
    with listening(path) as listener:
        before = os.stat(path)
        with activated(tmp_path, listener) as daemon:
            daemon.wait_log("service manager's socket")
            assert is_served(path)
            daemon.process.terminate()
            assert daemon.process.wait(20) == 0
            after = os.stat(path)
            assert stat.S_IMODE(after.st_mode) == 0o620 and (after.st_ino, after.st_gid) == (
                before.st_ino, before.st_gid)
            assert not os.path.exists(f"{path}.lock")
        # Who connects meanwhile is served by the next daemon.
        waiting = connect(str(path))
        with activated(tmp_path, listener, name="second") as daemon:
            assert waiting.ask("status")["result"]["version"]
            waiting.close()
            daemon.process.kill()


def test_who_connects_while_the_daemon_ends(tmp_path):
    """Each request gets its reply: from the daemon that ends, that it is stopping, or from the next one."""
    path = tmp_path / "api"
    with listening(path) as listener, contextlib.ExitStack() as stack:
        listener.listen(64)
        with activated(tmp_path, listener) as daemon:
            daemon.wait_log("service manager's socket")
            assert is_served(path)
            daemon.process.send_signal(signal.SIGSTOP)
            # More than it accepts in the pass in which it hears of SIGTERM.
            waiting = [connect(str(path)) for _ in range(40)]
            for connection in waiting:
                stack.callback(connection.close)
                connection.send("status")
            daemon.process.terminate()
            daemon.process.send_signal(signal.SIGCONT)
            assert daemon.process.wait(20) == 0
        with activated(tmp_path, listener, name="second") as daemon:
            replies = [connection.receive() for connection in waiting]
            daemon.process.kill()
    refused = [reply for reply in replies if "error" in reply]
    assert {reply["error"]["data"]["reason"] for reply in refused} <= {"switch_unavailable"}
    assert len(refused) < len(replies) / 2


def test_its_group_stays(tmp_path):
    """On SIGHUP too, and the log says why."""
    with listening(tmp_path / "api") as listener, activated(tmp_path, listener) as daemon:
        daemon.wait_log("service manager's socket")
        daemon.configure("[daemon]\nsocket_group = daemon\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("set SocketGroup of vifplugd.socket")
        assert os.stat(tmp_path / "api").st_gid == os.getgid() and is_served(tmp_path / "api")


@pytest.mark.parametrize("pid, place", [("", "other"), ("1", "api")], ids=["another path", "another process"])
def test_its_own_socket(tmp_path, pid, place):
    """What was not meant for the daemon is not used."""
    with listening(tmp_path / place) as listener:
        if place == "api":
            os.unlink(tmp_path / "api")  # Another file than that which the socket has.
        with activated(tmp_path, listener, pid) as daemon:
            daemon.wait_listening()
            wait_for(lambda: os.path.exists(tmp_path / "api"), 20, "the daemon's own socket")
            assert is_served(tmp_path / "api")
            assert ("other', but the API socket is" in daemon.log()) == (place == "other")
