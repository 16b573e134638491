# SPDX-License-Identifier: Apache-2.0
"""vifplugd as a process, without a switch: options, readiness, memory at rest."""

import contextlib
import os
import re
import socket
import subprocess
import time

from process import BUILD, SCHEMA, VIFPLUGD, WAIT_S, wait_for


def test_help_and_version():
    done = subprocess.run([VIFPLUGD, "--help"], capture_output=True, text=True, check=True)
    for option in ("--socket", "--db", "--config", "--sysfs-root", "--log-file", "--pidfile",
                   "--detach"):
        assert option in done.stdout
    done = subprocess.run([VIFPLUGD, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("vifplugd ")


def test_options_of_the_help(tmp_path):
    """Each is accepted, so it does not end the daemon. (--help ends it after the options before it.)"""
    text = subprocess.run([VIFPLUGD, "--help"], capture_output=True, text=True, check=True).stdout
    values = {"SPEC": "info", "FILE": f"{tmp_path}/file", "HOST:PORT": "127.0.0.1:514",
              "(libc|unix:file|udp:ip:port)": "libc"}
    names = ", ".join(re.findall(r"^  (-.*?)(?:  .*)?$", text, re.M)).split(", ")
    assert len(names) > 18 and not [name for name in names if "user" in name]
    for name in names:
        option, value = re.fullmatch(r"(--[a-z-]+(?:\[?=)?|-[a-zA-Z])(.*?)\]?", name).groups()
        option = f"{option.replace('[', '')}{values.get(value, value)}"
        done = subprocess.run([VIFPLUGD, option, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "vifplugd: " not in done.stderr, (option, done.stderr)
        assert done.stdout == text or option in ("-V", "--version"), option


def test_the_user_is_not_an_option():
    """libopenvswitch is built without libcap-ng, which its --user needs."""
    done = subprocess.run([VIFPLUGD, "--user=nobody"], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("vifplugd: --user=nobody: ") and "User= in its unit" in done.stderr
    assert "setpriv" in done.stderr


def test_bad_options():
    for options in (["--nonsense"], ["surplus"], ["--socket=relative"], ["--config=/nonexistent"],
                    ["--db=tcp:localhost:6640"]):
        done = subprocess.run([VIFPLUGD, *options], capture_output=True, text=True, check=False)
        assert done.returncode != 0 and done.stderr


def test_remote_that_never_connects(tmp_path):
    """Is refused when the configuration is read, with its place."""
    config = tmp_path / "conf"
    config.write_text("[ovs]\ndb = tcp:localhost:6640\n", encoding="ascii")
    done = subprocess.run([VIFPLUGD, f"--config={config}"], capture_output=True, text=True, check=False,
                          timeout=20)
    assert done.returncode == 1
    assert f"{config}:2: db has 'localhost:6640' instead of an IP address" in done.stderr


@contextlib.contextmanager
def running(command, environment):
    """Runs a process that ends with the block, even if the test fails."""
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def receive_until(notify, words):
    """Returns the messages up to the first one with these words."""
    messages = []
    while not messages or words not in messages[-1]:
        messages.append(notify.recv(1000).decode())
    return messages


def test_systemd_is_told(tmp_path):
    """The daemon sends READY=1 once it listens, and says in STATUS= what it waits for; STOPPING=1 at the end."""
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(f"{tmp_path}/notify")
    notify.settimeout(20)
    environment = {**os.environ, "OVS_RUNDIR": str(tmp_path), "NOTIFY_SOCKET": f"{tmp_path}/notify"}
    with running([VIFPLUGD, f"--socket={tmp_path}/api", f"--db=unix:{tmp_path}/db.sock",
                  f"--log-file={tmp_path}/log", "-vconsole:off", "-vfile:dbg"],
                 environment) as daemon:
        assert notify.recv(1000).decode().startswith("READY=1\nSTATUS=Waiting for OVSDB")
        socket.socket(socket.AF_UNIX).connect(f"{tmp_path}/api")
        subprocess.run(["ovsdb-tool", "create", f"{tmp_path}/conf.db", SCHEMA], check=True)
        with running(["ovsdb-server", f"{tmp_path}/conf.db",
                      f"--remote=punix:{tmp_path}/db.sock", "-vconsole:off",
                      f"--unixctl={tmp_path}/ctl"], environment) as ovsdb:
            subprocess.run(["ovs-vsctl", "--no-wait", "--retry", "--timeout=20",
                            f"--db=unix:{tmp_path}/db.sock", "init"], check=True)
            # There is no pidfile, so ovs-vswitchd may run or not.
            assert receive_until(notify, "STATUS=Running") == ["STATUS=Running"]
            with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
                resident = next(int(row.split()[1]) for row in file if row.startswith("VmRSS"))
            assert resident <= 10 * 1024 or "asan" in BUILD, "kB resident at rest"
            ovsdb.terminate()
            receive_until(notify, "STATUS=Waiting for OVSDB")
            daemon.terminate()
            assert notify.recv(1000).decode().startswith("STOPPING=1\nSTATUS=Stopping")
            assert daemon.wait(20) == 0


def test_busy_service_manager_stops_nobody(tmp_path):
    """The queue of its socket is full: the daemon works, and tries again until the message is sent."""
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(f"{tmp_path}/notify")
    notify.settimeout(20)
    filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    filler.setblocking(False)
    n = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            filler.sendto(b"x", f"{tmp_path}/notify")
            n += 1
    environment = {**os.environ, "OVS_RUNDIR": str(tmp_path), "NOTIFY_SOCKET": f"{tmp_path}/notify"}
    with running([VIFPLUGD, f"--socket={tmp_path}/api", f"--db=unix:{tmp_path}/db.sock",
                  "-vconsole:off", f"--unixctl={tmp_path}/daemon.ctl"], environment):
        wait_for(lambda: subprocess.run(
            ["ovs-appctl", "-T", "5", "-t", f"{tmp_path}/daemon.ctl", "version"],
            capture_output=True, check=False).returncode == 0, WAIT_S, "the daemon takes commands")
        assert len(receive_until(notify, "READY=1")) == n + 1


def test_idle_daemon_sleeps(tmp_path):
    """Connected to a database that is not initialised yet, the daemon waits without using CPU time."""
    environment = {**os.environ, "OVS_RUNDIR": str(tmp_path)}
    subprocess.run(["ovsdb-tool", "create", f"{tmp_path}/conf.db", SCHEMA], check=True)
    with running(["ovsdb-server", f"{tmp_path}/conf.db", f"--remote=punix:{tmp_path}/db.sock",
                  "-vconsole:off", f"--unixctl={tmp_path}/ctl"], environment), \
            running([VIFPLUGD, f"--socket={tmp_path}/api", f"--db=unix:{tmp_path}/db.sock",
                     "-vconsole:off", f"--unixctl={tmp_path}/daemon.ctl"], environment):
        def polls():
            done = subprocess.run(["ovs-appctl", "-t", f"{tmp_path}/daemon.ctl", "coverage/read-counter",
                                   "poll_zero_timeout"], capture_output=True, text=True, check=False)
            return int(done.stdout) if done.returncode == 0 else None
        wait_for(lambda: polls() is not None, WAIT_S, "the daemon takes commands")
        before, begin = polls(), time.monotonic()
        while time.monotonic() < begin + 1:  # Watch it for this time.
            time.sleep(0.1)
        assert polls() - before < 50


def test_detached_with_pidfile_and_log(tmp_path):
    environment = {**os.environ, "OVS_RUNDIR": str(tmp_path), "OVS_LOGDIR": str(tmp_path)}
    subprocess.run([VIFPLUGD, f"--socket={tmp_path}/api", f"--db=unix:{tmp_path}/db.sock",
                    "--detach", "--pidfile", f"--log-file={tmp_path}/log", "-vconsole:off"],
                   env=environment, check=True, timeout=20)
    with open(f"{tmp_path}/vifplugd.pid", encoding="ascii") as file:
        pid = int(file.read())
    assert os.path.exists(f"{tmp_path}/api")
    assert "listening" in open(f"{tmp_path}/log", encoding="utf-8").read()
    subprocess.run(["ovs-appctl", "-t", "vifplugd", "exit"], env=environment, check=True)
    wait_for(lambda: not (os.path.exists(f"/proc/{pid}") and os.path.exists(f"{tmp_path}/vifplugd.pid")), WAIT_S,
             "the daemon ends")
