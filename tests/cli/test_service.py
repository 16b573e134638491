# SPDX-License-Identifier: Apache-2.0
"""What vifplugd tells the service manager beyond test_daemon.py: that its loop runs, and that it reads its
configuration again."""

import os
import signal
import socket
import time

import pytest

from process import WAIT_S, Daemon


@pytest.fixture(name="notify")
def notify_socket(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(f"{tmp_path}/notify")
        notify.settimeout(WAIT_S)
        yield notify


def receive(notify):
    return notify.recv(1000).decode()


def test_the_watchdog_hears_of_the_loop(tmp_path, notify):
    """Twice in each interval, as long as the loop runs; not a process that is stopped."""
    env = {"NOTIFY_SOCKET": f"{tmp_path}/notify", "WATCHDOG_USEC": "400000"}
    with Daemon(tmp_path, env=env) as daemon:
        assert receive(notify).startswith("READY=1\n")
        for _ in range(5):
            assert receive(notify) == "WATCHDOG=1"
        os.kill(daemon.process.pid, signal.SIGSTOP)
        notify.settimeout(1)
        with pytest.raises(TimeoutError):
            while True:
                assert receive(notify) == "WATCHDOG=1"
        os.kill(daemon.process.pid, signal.SIGCONT)
        notify.settimeout(WAIT_S)
        assert receive(notify) == "WATCHDOG=1"


@pytest.mark.parametrize("environment", [{}, {"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"},
                                         {"WATCHDOG_USEC": "many"}])
def test_no_watchdog(tmp_path, notify, environment):
    """There is none, or another process's."""
    with Daemon(tmp_path, env={"NOTIFY_SOCKET": f"{tmp_path}/notify", **environment}) as daemon:
        assert receive(notify).startswith("READY=1\n")
        notify.settimeout(1)
        with pytest.raises(TimeoutError):
            receive(notify)
        daemon.process.terminate()
        notify.settimeout(WAIT_S)
        assert receive(notify).startswith("STOPPING=1\n")


@pytest.mark.parametrize("config", ["[daemon]\nmax_connections = 10\n", "[daemon]\nnonsense = 1\n"])
def test_a_reload_is_told(tmp_path, notify, config):
    """From its begin to its end, also if the configuration is wrong."""
    with Daemon(tmp_path, env={"NOTIFY_SOCKET": f"{tmp_path}/notify"}) as daemon:
        status = receive(notify).split("\n")[1]
        daemon.configure(config)
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.process.send_signal(signal.SIGHUP)
        state, usec = receive(notify).split("\n")
        assert state == "RELOADING=1"
        assert before <= int(usec.removeprefix("MONOTONIC_USEC=")) <= time.clock_gettime_ns(
            time.CLOCK_MONOTONIC) // 1000
        assert receive(notify) == f"READY=1\n{status}"
