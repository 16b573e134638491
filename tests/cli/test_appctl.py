# SPDX-License-Identifier: Apache-2.0
"""ovs-appctl -t vifplugd without a switch: config/show. tests/integration/test_shows.py has the other commands."""

import re
import signal
import subprocess

from process import Daemon


def appctl(directory, *command):
    return subprocess.run(["ovs-appctl", "-T", "20", "-t", f"{directory}/vifplugd.ctl", *command],
                          capture_output=True, text=True, check=True).stdout


def shown(directory):
    """{section: {key: (value, source)}} of config/show; a section [nic NAME] has its source as a string."""
    sections = {}
    for line in appctl(directory, "config/show").splitlines():
        text, source = re.fullmatch(r"(.*?) *(?: ; (.*))?", line).groups()
        if line.startswith("["):
            keys = sections[text.strip("[]")] = source or {}
        else:
            key, value = text.split(" =", 1)
            keys[key] = (value.strip(), source)
    return sections


def test_config_show(tmp_path):
    """Every setting in force, with where its value comes from; what waits for a restart is marked."""
    with Daemon(tmp_path, "[daemon]\nmax_connections = 10\nqueue_timeout = 1500 ms\n"
                          "[vif]\nsocket_dirs = /a, /b\n[nic mine]\nmatch = 15b3:0001\n") as daemon:
        daemon.wait_listening()
        config = shown(tmp_path)
        assert config["daemon"]["socket"] == (daemon.path, "command line")
        assert config["daemon"]["max_connections"] == ("10", f"{daemon.config}:2")
        assert config["daemon"]["queue_timeout"] == ("1500 ms", f"{daemon.config}:3")
        assert config["daemon"]["socket_group"] == ("nova", "default")
        assert config["ovs"]["db"] == (f"unix:{tmp_path}/db.sock", "command line")
        assert config["ovs"]["run_dir"] == (str(tmp_path), "default")
        assert config["ovs"]["timeout"] == ("10 s", "default")
        assert config["ovs"]["fail_mode"] == ("auto", "default")
        assert config["vif"]["socket_dirs"] == ("/a, /b", f"{daemon.config}:5")
        assert config["vif"]["check_paths"] == ("yes", "default")
        assert config["metrics"]["listen"] == ("", "default")
        assert config["nic napatech"] == "default" and config["nic mine"] == f"{daemon.config}:6"
        daemon.configure("[daemon]\n[ovs]\n\nrun_dir = /elsewhere\ntimeout = 3\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("read again")
        config = shown(tmp_path)
        assert config["daemon"]["max_connections"] == ("64", "default")
        assert config["ovs"]["timeout"] == ("3 s", f"{daemon.config}:5")
        assert config["ovs"]["run_dir"] == (
            str(tmp_path), "default; the file has another value, which waits for a restart")
        assert "nic mine" not in config
