# SPDX-License-Identifier: Apache-2.0
"""vifctl and a daemon that hangs, leaves or is slow: it ends, and says whether something may have happened."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from commands import COMMANDS, FakeDaemon, OPERATIONS, run_command, VIF, VIFCTL
from process import Daemon, WAIT_S, wait_for

WRITE_TO_STDOUT = {"x86_64": "1 0x1 ", "aarch64": "64 0x1 "}[os.uname().machine]  # As proc_pid_syscall(5) has it.


class HangsUp(FakeDaemon):
    """Closes each connection when it has read something."""

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            connection.recv(10)
            connection.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_lost_connection_is_no_answer(tmp_path, command):
    """The daemon was asked: an operation may have happened. That is not "cannot be reached"."""
    daemon = HangsUp(tmp_path, None)
    done, _ = run_command(command, daemon.path)
    assert done.returncode == 4 and "closed the connection without a reply" in done.stderr
    assert ("may have happened" in done.stderr) == (command in OPERATIONS)
    if command in OPERATIONS:
        done, _ = run_command(command, daemon.path, "--dry-run")
        assert done.returncode == 4 and "may have happened" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_garbage_is_not_a_reply(tmp_path, command):
    daemon = FakeDaemon(tmp_path, lambda _: b"garbage\n")
    done, _ = run_command(command, daemon.path)
    assert done.returncode == 4 and "is no reply" in done.stderr


def stopped_daemon(path, n_replies=0):
    """One that replies to `n_replies` calls of status, and then to nothing. The kernel still takes connections and
    requests for it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)

    def serve():
        connection, _ = listener.accept()
        for line in connection.makefile("rb"):
            request = json.loads(line)
            if request["method"] == "status" and len(replied) < n_replies:
                replied.append(time.monotonic())
                connection.sendall(b'{"jsonrpc":"2.0","id":%d,"result":{"problems":[]}}\n' % request["id"])

    replied = []
    if n_replies:
        threading.Thread(target=serve, daemon=True).start()
    return listener, replied


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_if_the_daemon_is_stopped(tmp_path, command):
    path = f"{tmp_path}/s"
    with stopped_daemon(path)[0]:
        done, seconds = run_command(command, path, "--timeout=1.5")
    assert done.returncode == 4 and "has not replied in time" in done.stderr
    assert 1.4 < seconds < 15
    assert ("may have happened" in done.stderr) == (command in OPERATIONS)


def test_an_operation_ends_if_the_daemon_is_stopped_on_the_way(tmp_path):
    """An operation may take longer than its timeout, but not without a sign of the daemon. (All at once, since
    the timeout leaves the test 2.5 s for each of its replies.)"""
    daemons = {command: stopped_daemon(f"{tmp_path}/{command}", n_replies=2) for command in OPERATIONS}
    start = time.monotonic()
    commands = {command: subprocess.Popen(  # pylint: disable=consider-using-with
        [VIFCTL, f"--socket={tmp_path}/{command}", "--timeout=5", command, *COMMANDS[command][0]],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for command in OPERATIONS}
    for command, process in commands.items():
        _, said = process.communicate(timeout=60)
        seconds = time.monotonic() - start
        assert process.returncode == 4 and "may have happened" in said, command
        # 2.5 s before each reply, and 5 s of silence.
        assert len(daemons[command][1]) == 2 and 9.9 < seconds < 40, command
        daemons[command][0].close()


def test_every_command_ends_if_a_real_daemon_is_stopped(tmp_path):
    with Daemon(tmp_path) as daemon:
        daemon.wait_log("listening")
        daemon.process.send_signal(signal.SIGSTOP)
        commands = {command: subprocess.Popen(  # pylint: disable=consider-using-with
            [VIFCTL, f"--socket={daemon.path}", "--timeout=1", command, *COMMANDS[command][0]],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for command in COMMANDS}
        for command, process in commands.items():
            shown, said = process.communicate(timeout=30)
            assert (process.returncode, shown) == (4, "") and "has not replied in time" in said, command


def test_an_operation_may_take_longer_than_its_timeout(tmp_path):
    """It waits for its turn, or is undone: vifctl waits for it while the daemon replies to anything."""
    asked = threading.Event()

    def reply(request):
        if request["method"] == "status":
            asked.set()
            return {"result": {}}
        threading.Timer(6.5, late, [request["id"]]).start()
        return None

    def late(number):
        daemon.send({"id": number, "result": {"vif_id": "x", "changed": True, "warnings": []}})

    daemon = FakeDaemon(tmp_path, reply)
    done, seconds = run_command("unplug", daemon.path, "--timeout=5")
    assert done.returncode == 0 and seconds > 6 and asked.is_set()


@pytest.mark.parametrize("command", ["status", "unplug"])
def test_a_full_queue_of_connections_is_unreachable(tmp_path, command):
    """connect() would wait without an end. Nothing was asked."""
    path = f"{tmp_path}/s"
    others = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        try:
            while True:
                other = socket.socket(socket.AF_UNIX)
                others.append(other)
                other.setblocking(False)
                other.connect(path)
        except BlockingIOError:
            pass
        done, seconds = run_command(command, path, "--timeout=1")
        assert done.returncode == 3 and "takes no connection" in done.stderr
        assert 0.9 < seconds < 15
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [VIFCTL, f"--socket={path}", "--timeout=20", "status"], stdout=subprocess.PIPE, text=True)
        accepted = [listener.accept()[0] for _ in others]  # Instead of the other that got no place: vifctl.
        request = json.loads(accepted[-1].makefile("rb").readline())
        accepted[-1].sendall(json.dumps({"jsonrpc": "2.0", "id": request["id"],
                                         "result": {"problems": []}}).encode() + b"\n")
        assert process.wait(timeout=30) == 0, "it connects as soon as there is room"
        process.stdout.close()
        for one in accepted + others:
            one.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_watch_where_nobody_reads_on(tmp_path, number):
    """Its output is a pipe that is full."""
    event = json.dumps({"jsonrpc": "2.0", "method": "vif.plugged", "params": VIF}).encode() + b"\n"
    daemon = FakeDaemon(tmp_path, lambda _: 2000 * event)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen([VIFCTL, f"--socket={daemon.path}", "watch"], stdout=writer) as watch:
        def writes():
            with open(f"/proc/{watch.pid}/syscall", encoding="ascii") as file:
                return file.read().startswith(WRITE_TO_STDOUT)
        try:
            wait_for(writes, WAIT_S, "vifctl has filled the pipe")
            watch.send_signal(number)
            assert watch.wait(timeout=WAIT_S) == 0
        finally:
            watch.kill()
    os.close(reader)
    os.close(writer)
