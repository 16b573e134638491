# SPDX-License-Identifier: Apache-2.0
"""vifplugd as a process: its start in odd surroundings, a second one, SIGHUP. No switch runs."""

import itertools
import os
import re
import resource
import shutil
import signal
import socket
import subprocess

import pytest

from process import (NOBODY, SCHEMA, TOP, VIFPLUGD, WAIT_S, Daemon, connect, connect_as, group_of, reason,
                     wait_for)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


# --- Start. ---


def test_standard_files_are_closed(tmp_path):
    """The daemon opens /dev/null in their place, so no socket gets the descriptor of standard output."""
    with Daemon(tmp_path, preexec_fn=lambda: os.closerange(0, 3)) as daemon:
        daemon.wait_listening()
        for fd in range(3):
            assert os.readlink(f"/proc/{daemon.process.pid}/fd/{fd}") == "/dev/null"
        assert "result" in connect(daemon.path).ask("status")
        daemon.process.terminate()
        assert daemon.process.wait(20) == 0


def test_standard_files_are_closed_and_it_detaches(tmp_path):
    environment = {**os.environ, "OVS_RUNDIR": str(tmp_path)}
    subprocess.run([VIFPLUGD, f"--config={os.devnull}", f"--socket={tmp_path}/api",
                    f"--db=unix:{tmp_path}/db.sock", "--detach", "--pidfile", "-vsyslog:off"],
                   env=environment, check=True, timeout=20, preexec_fn=lambda: os.closerange(0, 3))
    with open(f"{tmp_path}/vifplugd.pid", encoding="ascii") as file:
        pid = int(file.read())
    assert "result" in connect(f"{tmp_path}/api").ask("status")
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists(f"{tmp_path}/vifplugd.pid"), WAIT_S, "the daemon ends")


def limit_files(soft, hard):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_soft_limit_of_files_is_raised(tmp_path):
    with Daemon(tmp_path, "[daemon]\nsocket_group = root\nmax_connections = 100\n",
                preexec_fn=limit_files(64, 1024)) as daemon:
        daemon.wait_listening()
        connections = [connect(daemon.path) for _ in range(100)]
        assert all("result" in connection.ask("status") for connection in connections)
        assert "may only open" not in daemon.log()
        for connection in connections:
            connection.close()


def test_clients_leave_files_for_the_daemon(tmp_path):
    """If there are fewer files than connections allowed, the daemon still reaches OVSDB."""
    with Daemon(tmp_path, "[daemon]\nsocket_group = root\nmax_connections = 80\n",
                preexec_fn=limit_files(128, 128)) as daemon:
        daemon.wait_listening()
        daemon.wait_log("max_connections is 80, but vifplugd may only open 128 files: it accepts 64 "
                        "connections")
        connections = [connect(daemon.path) for _ in range(80)]
        replies = [connection.receive() if n >= 64 else connection.ask("status")
                   for n, connection in enumerate(connections)]
        assert all("result" in reply for reply in replies[:64])
        assert all(reason(reply) == "busy" for reply in replies[64:])
        subprocess.run(["ovsdb-tool", "create", f"{tmp_path}/conf.db", SCHEMA], check=True)
        with subprocess.Popen(["ovsdb-server", f"{tmp_path}/conf.db",
                               f"--remote=punix:{tmp_path}/db.sock", "-vconsole:off",
                               f"--unixctl={tmp_path}/ovsdb.ctl"]) as ovsdb:
            try:
                subprocess.run(["ovs-vsctl", "--no-wait", "--retry", "--timeout=20",
                                f"--db=unix:{tmp_path}/db.sock", "init"], check=True)
                wait_for(lambda: connections[0].ask("status")["result"]["ovsdb"]["connected"], WAIT_S,
                         "the daemon is connected to OVSDB")
            finally:
                ovsdb.kill()
        for connection in connections:
            connection.close()


# --- The configuration. ---


def check_config(path):
    return subprocess.run([VIFPLUGD, f"--config={path}", "--check-config"], capture_output=True, text=True,
                          check=False, timeout=20)


@pytest.mark.parametrize("text,words", [
    ("[deamon]\n", ":1: "),
    ("\n[daemon]\nallow = root, no-such-user\n", ":3: "),
    ("[daemon]\nallow_read = @no-such-group\n", ":2: "),
])
def test_mistakes_are_named_by_line(tmp_path, text, words):
    path = tmp_path / "vifplugd.conf"
    path.write_text(text, encoding="ascii")
    done = check_config(path)
    assert done.returncode == 1 and f"{path}{words}" in done.stderr
    done = subprocess.run([VIFPLUGD, f"--config={path}", f"--socket={tmp_path}/api"], capture_output=True,
                          text=True, check=False, timeout=20)
    assert done.returncode == 1 and f"{path}{words}" in done.stderr
    assert not os.path.exists(f"{tmp_path}/api")


MISTAKES = """[daemon]
allow = no-such-user
[ovs]
timeout = ten
[metrics]
listen = 0.0.0.0:9477
[nic mine]
slow-probe = yes
"""
WRONG_LINES = (2, 4, 6, 7)


def test_all_mistakes_are_named(tmp_path):
    """--check-config shows the errors and nothing else; a start logs them."""
    path = tmp_path / "vifplugd.conf"
    path.write_text(MISTAKES, encoding="ascii")
    done = check_config(path)
    assert (done.returncode, done.stdout) == (1, "")
    errors = done.stderr.splitlines()
    named = subprocess.run([VIFPLUGD, "--check-config", path], capture_output=True, text=True, check=False,
                           timeout=20)
    assert (named.returncode, named.stderr) == (1, done.stderr)
    assert [error.split(": ")[0] for error in errors] == [f"{path}:{line}" for line in WRONG_LINES]
    log = tmp_path / "log"
    done = subprocess.run([VIFPLUGD, f"--config={path}", f"--socket={tmp_path}/api", f"--log-file={log}"],
                          capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1 and f"{path} has errors (4);" in done.stderr
    assert [line.split("|", 4)[4] for line in log.read_text(encoding="ascii").splitlines()
            if "|ERR|" in line] == errors


def test_options_are_checked_with_the_file(tmp_path):
    """Errors in options come with those of the file; a setting may contradict an option."""
    path = tmp_path / "vifplugd.conf"
    path.write_text("[ovs]\ntimeout = ten\n[metrics]\nlisten = unix:/run/x\n", encoding="ascii")
    done = subprocess.run([VIFPLUGD, f"--config={path}", "--socket=/run/x", "--db=x", "--check-config"],
                          capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert [error.split(" ")[0] for error in done.stderr.splitlines()] == ["--db", f"{path}:2:", f"{path}:4:"]


def test_right_configuration(tmp_path):
    path = tmp_path / "vifplugd.conf"
    path.write_text("[daemon]\nallow = root\n", encoding="ascii")
    done = check_config(path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: right\n", "")


def uncommented(keep):
    """The shipped file with those settings uncommented that `keep` takes by their number."""
    with open(f"{TOP}/etc/vifplugd.conf", encoding="utf-8") as file:
        numbers = itertools.count()
        return re.sub(r"^;(?=[a-z_]+ =)", lambda found: "" if keep(next(numbers)) else found.group(0), file.read(),
                      flags=re.MULTILINE), next(numbers)


def test_each_line_of_the_shipped_file_can_be_uncommented(tmp_path):
    """One at a time, and all together."""
    path = tmp_path / "vifplugd.conf"
    _, n = uncommented(lambda number: False)
    assert n > 20
    for i in [*range(n), None]:
        path.write_text(uncommented(lambda number, i=i: i in (number, None))[0], encoding="utf-8")
        done = check_config(path)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: right\n", ""), i


def test_empty_values_are_the_defaults(tmp_path):
    """Also for the daemon that starts: it finds the run directory itself."""
    with Daemon(tmp_path, "[daemon]\nsocket_group = root\n[ovs]\ndb =\nrun_dir =\nvswitchd_log =\n") as daemon:
        daemon.wait_listening()
        shown = subprocess.run(["ovs-appctl", "-t", f"{tmp_path}/vifplugd.ctl", "config/show"], check=True,
                               capture_output=True, text=True, timeout=20).stdout
    assert re.search(f"^run_dir = {tmp_path} ", shown, re.MULTILINE)
    assert re.search(f"^db = unix:{tmp_path}/db.sock ", shown, re.MULTILINE)
    assert re.search(r"^vswitchd_log =  ", shown, re.MULTILINE)


# --- Two of them. ---


@pytest.mark.parametrize("attempt", range(5))
def test_only_one_of_many_runs(tmp_path, attempt):  # pylint: disable=unused-argument
    """Daemons start at once for one path: one runs, and the others say why they do not."""
    daemons = [Daemon(tmp_path, name=f"vifplugd{n}", stderr=subprocess.PIPE, text=True) for n in range(8)]
    try:
        wait_for(lambda: sum(daemon.is_running() for daemon in daemons) == 1, WAIT_S, "all but one end")
        for daemon in daemons:
            if not daemon.is_running():
                assert "Another daemon listens at" in daemon.process.stderr.read()
            else:  # The lock is taken before the socket is there.
                daemon.wait_listening()
        assert "result" in connect(f"{tmp_path}/api").ask("status")
    finally:
        for daemon in daemons:
            daemon.__exit__()
            daemon.process.stderr.close()


def test_killed_one_is_followed_by_another(tmp_path):
    """The kernel releases its lock, and the next daemon replaces its socket."""
    with Daemon(tmp_path) as first:
        first.wait_listening()
        first.process.kill()
        first.process.wait()
    assert os.path.exists(first.path)
    with Daemon(tmp_path, name="second") as second:
        second.wait_listening()
        assert "result" in connect(second.path).ask("status")


def test_it_removes_only_its_own_socket(tmp_path):
    """Somebody has removed the files of a daemon, and another has made new ones."""
    with Daemon(tmp_path) as first:
        first.wait_listening()
        os.unlink(first.path)
        os.unlink(f"{first.path}.lock")
        with Daemon(tmp_path, name="second") as second:
            second.wait_listening()
            first.process.terminate()
            assert first.process.wait(20) == 0
            assert "result" in connect(second.path).ask("status")
            second.process.terminate()
            assert second.process.wait(20) == 0
            assert not os.path.exists(second.path)


# --- SIGHUP. ---


def reload(daemon, text):
    n = daemon.log().count(" read again")
    daemon.configure(text)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_log(" read again", n + 1)


@needs_root
def test_sighup_applies_what_it_can(tmp_path):
    text = "[daemon]\nsocket_group = {}\nmax_connections = {}\n[ovs]\nrun_dir = {}\n"
    with Daemon(tmp_path, text.format("root", 1, tmp_path)) as daemon:
        daemon.wait_listening()
        first = connect(daemon.path)
        assert "result" in first.ask("status")
        assert reason(connect(daemon.path).receive()) == "busy"
        reload(daemon, text.format("daemon", 2, "/elsewhere"))
        assert f"{daemon.config} read again; changed: socket_group, max_connections" in daemon.log()
        daemon.wait_log("restart vifplugd to change: run_dir")
        assert group_of(daemon.path) == "daemon"
        second = connect(daemon.path)
        assert "result" in second.ask("status")
        assert reason(connect(daemon.path).receive()) == "busy"
        # Those that are open stay when there may be fewer.
        reload(daemon, text.format("daemon", 1, tmp_path))
        assert "result" in first.ask("status") and "result" in second.ask("status")
        reload(daemon, text.format("daemon", 1, tmp_path))
        assert "read again; nothing has changed\n" in daemon.log()


def test_sighup_keeps_what_it_has(tmp_path):
    """A configuration with a mistake, or none, changes nothing."""
    with Daemon(tmp_path) as daemon:
        daemon.wait_listening()
        daemon.configure("[daemon]\nmax_connections = many\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log(f"the configuration stays as it was: {daemon.config}:2: ")
        daemon.configure(MISTAKES)
        daemon.process.send_signal(signal.SIGHUP)
        for line in WRONG_LINES[1:]:
            daemon.wait_log(f"the configuration stays as it was: {daemon.config}:{line}: ")
        os.unlink(daemon.config)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("the configuration stays as it was: The configuration")
        assert "result" in connect(daemon.path).ask("status")


@needs_root
def test_sighup_revokes_access(tmp_path):
    """A user who is taken out of the lists may do nothing on connections that are open."""
    unplug = {"vif_id": "a", "timeout_ms": 1}
    with Daemon(tmp_path, "[daemon]\nallow = nobody\n") as daemon:
        daemon.wait_listening()
        peer = connect_as(NOBODY, daemon.path)
        subscriber = connect_as(NOBODY, daemon.path)
        assert "result" in subscriber.ask("subscribe")
        assert "result" in peer.ask("status")
        assert reason(peer.ask("unplug", **unplug)) == "switch_unavailable"
        assert subscriber.receive()["method"] == "vif.failed"

        reload(daemon, "[daemon]\nallow_read = nobody\n")
        assert "result" in peer.ask("status") and "result" in subscriber.ask("status")
        assert reason(peer.ask("unplug", **unplug)) == "permission_denied"

        reload(daemon, "[daemon]\nallow = root\n")
        assert reason(peer.ask("status")) == "permission_denied"
        assert reason(subscriber.receive()) == "permission_denied"
        assert subscriber.receive() is None

        reload(daemon, "[daemon]\nallow = nobody\n")
        assert "result" in peer.ask("status")


def test_sighup_opens_the_log_again(tmp_path):
    """As logrotate asks for it, also with a configuration that cannot be applied."""
    with Daemon(tmp_path) as daemon:
        daemon.wait_listening()
        os.rename(daemon.log_path, f"{daemon.log_path}.1")
        daemon.configure("[daemon]\nmax_connections = many\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("the configuration stays as it was")
        assert "listening at" not in daemon.log()


def test_logrotate(tmp_path):
    """logrotate accepts the file, and the daemon goes on in the new log."""
    logrotate = shutil.which("logrotate", path="/usr/sbin:/usr/bin")
    if not logrotate:
        pytest.skip("logrotate is not installed")
    with open(os.path.join(TOP, "etc/vifplugd.logrotate"), encoding="ascii") as file:
        text = file.read()
    with Daemon(tmp_path) as daemon:
        daemon.wait_listening()
        text = text.replace("/var/log/vifplugd/*.log", f"{tmp_path}/vifplugd.log")
        text = text.replace("su vifplugd vifplugd", "su root root")
        text = text.replace("systemctl reload vifplugd.service 2>/dev/null", f"kill -HUP {daemon.process.pid}")
        (tmp_path / "conf").write_text(text, encoding="ascii")
        subprocess.run([logrotate, "--force", "--state", f"{tmp_path}/state", f"{tmp_path}/conf"], check=True,
                       timeout=20)
        daemon.wait_log(" read again")
        assert "listening at" not in daemon.log()


# --- The journal. ---

JOURNAL = """
import os, socket, subprocess, sys
subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
os.makedirs("/run/systemd/journal")
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("/run/systemd/journal/socket")
stream = os.fstat(2)
environment = {**os.environ, "JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino}"}
with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *sys.argv[1:]], env=environment):
    while True:
        os.write(1, server.recv(65536) + b"\\0")
"""


@needs_root
def test_journal(tmp_path):
    """A journal that listens where systemd's does gets the fields of each operation and refused request."""
    with open(f"{tmp_path}/entries", "wb") as entries, open(f"{tmp_path}/stream", "wb") as stream:
        daemon = Daemon(tmp_path, before=["unshare", "--mount", "--kill-child", "python3", "-c", JOURNAL],
                        options=["-vconsole:info"], stdout=entries, stderr=stream)

    def entry(method):
        with open(f"{tmp_path}/entries", encoding="utf-8") as file:
            found = [dict(line.split("=", 1) for line in text.splitlines())
                     for text in file.read().split("\0")[:-1]]
        return next((one for one in found if method in one["MESSAGE"]), None)
    with daemon:
        daemon.wait_listening()
        client = connect(daemon.path)
        vif = {"vif_id": "a", "kind": "vhost-user", "bridge": "br-int", "address": "fa:16:3e:00:00:01",
               "vhost_user": {"path": "/run/openvswitch/a", "mode": "server"}}
        reply = client.ask("plug", vif=vif, instance={"uuid": "vm-1"}, timeout_ms=1)
        assert reason(reply) == "switch_unavailable"
        wait_for(lambda: entry("plug a"), WAIT_S, "an entry")
        found = entry("plug a")
        duration = int(found.pop("VIFPLUG_DURATION_US"))
        assert duration > 0
        assert found.pop("MESSAGE").startswith(
            f"1: plug a: switch_unavailable after {duration / 1000:.1f} ms (uid 0")
        assert found.pop("VIFPLUG_CLIENT") == open("/proc/self/comm", encoding="utf-8").read().rstrip("\n")
        found.pop("VIFPLUG_DETAIL", None)
        assert found == {
            "PRIORITY": "4", "SYSLOG_IDENTIFIER": "vifplugd", "VIFPLUG_OPERATION_ID": "1",
            "VIFPLUG_OPERATION": "plug", "VIFPLUG_RESULT": "failed", "VIFPLUG_REASON": "switch_unavailable",
            "VIFPLUG_VIF_ID": "a", "VIFPLUG_INSTANCE": "vm-1", "VIFPLUG_BRIDGE": "br-int",
            "VIFPLUG_MAC": "fa:16:3e:00:00:01", "VIFPLUG_UID": "0", "VIFPLUG_PID": str(os.getpid())}
        assert reason(client.ask("get", vif_id="b")) == "switch_unavailable"
        wait_for(lambda: entry("request refused: get b"), WAIT_S, "an entry")
        assert entry("request refused: get b")["VIFPLUG_METHOD"] == "get"
        # What the journal has by its fields does not come to it by standard error too; other lines do.
        with open(f"{tmp_path}/stream", encoding="utf-8") as file:
            text = file.read()
        assert "listening at" in text and "plug a" not in text and "request refused" not in text


STALLED = """
import os, select, socket, subprocess, sys
directory, *command = sys.argv[1:]
os.mkdir(f"{directory}/dev")
for name in ("null", "urandom"):
    open(f"{directory}/dev/{name}", "wb").close()
    subprocess.run(["mount", "--bind", f"/dev/{name}", f"{directory}/dev/{name}"], check=True)
subprocess.run(["mount", "--rbind", f"{directory}/dev", "/dev"], check=True)
subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
os.makedirs("/run/systemd/journal")
servers = {path: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
           for path in ("/dev/log", "/run/systemd/journal/socket")}
for path, server in servers.items():
    server.bind(path)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    client.connect(path)
    client.setblocking(False)
    try:
        while True:
            client.send(b"MESSAGE=of another\\n")
    except BlockingIOError:
        pass
stream = os.fstat(2)
environment = {**os.environ, "JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino}"}
with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], env=environment):
    sys.stdin.readline()
    while True:
        for server in select.select(servers.values(), [], [])[0]:
            os.write(1, server.recv(65536) + b"\\0")
"""


@needs_root
def test_a_journal_that_hangs(tmp_path):
    """Its sockets, also that of syslog, have no room: the daemon drops lines, and starts and replies as ever."""
    plug = {"vif": {"vif_id": "a", "kind": "vhost-user", "bridge": "br-int", "address": "fa:16:3e:00:00:01",
                    "vhost_user": {"path": "/run/openvswitch/a", "mode": "server"}},
            "instance": {"uuid": "vm-1"}, "timeout_ms": 1}

    def dropped():
        text = client.ask("metrics")["result"]["text"]
        return int(re.search(r"^vifplug_log_lines_dropped_total (\d+)$", text, re.MULTILINE)[1])

    def lines():
        with open(f"{tmp_path}/lines", encoding="utf-8") as file:
            return file.read().split("\0")[:-1]

    def journal_reads():
        client.ask("plug", **plug)
        return any(line.startswith("MESSAGE=") and "plug a: switch_unavailable" in line for line in lines())

    def syslog_reads():
        """Lines look as those of syslog()."""
        os.kill(pid, signal.SIGHUP)
        return any(re.fullmatch(r"<29>\w{3} [ \d]\d [\d:]{8} vifplugd: ovs\|\d+\|reload\|INFO\|.* read again; "
                                r"nothing has changed", line) for line in lines())
    with open(f"{tmp_path}/lines", "wb") as file:
        daemon = Daemon(tmp_path,
                        before=["unshare", "--mount", "--kill-child", "python3", "-c", STALLED, tmp_path],
                        options=["-vsyslog:info", f"--pidfile={tmp_path}/pid"], stdin=subprocess.PIPE, stdout=file,
                        stderr=subprocess.DEVNULL)
    with daemon:
        daemon.wait_listening()
        client = connect(daemon.path)
        before = dropped()
        assert before > 0
        for _ in range(50):
            assert reason(client.ask("plug", **plug)) == "switch_unavailable"
        assert "result" in client.ask("status")
        assert dropped() >= before + 50
        daemon.process.stdin.write(b"\n")
        daemon.process.stdin.close()
        wait_for(journal_reads, WAIT_S, "an entry of the journal that reads again")
        with open(f"{tmp_path}/pid", encoding="ascii") as file:
            pid = int(file.read())
        wait_for(syslog_reads, WAIT_S, "a line of syslog")


@pytest.mark.parametrize("listens, why", [(False, "exists and is not a socket"), (True, "Another daemon listens")])
def test_what_has_the_place_of_the_socket_stays(tmp_path, listens, why):
    path = f"{tmp_path}/api"
    with socket.socket(socket.AF_UNIX) as other:
        if listens:
            other.bind(path)
            other.listen()
        else:
            open(path, "wb").close()
        before = os.stat(path).st_ino
        with Daemon(tmp_path, stderr=subprocess.PIPE, text=True) as daemon:
            _, errors = daemon.process.communicate(timeout=WAIT_S)
        assert daemon.process.returncode == 1 and why in errors and path in errors
        assert os.stat(path).st_ino == before
