# SPDX-License-Identifier: Apache-2.0
"""The os-vif plugin with replies of an older vifplugd, and of programs that are not vifplugd: os-vif's callers
get os-vif's own exceptions."""

import contextlib
import json
import os
import socket
import sys
import threading

import os_vif
import pytest
from os_vif import exception, objects
from oslo_config import cfg
from stevedore import extension

from conftest import TOP

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))

from vifplug import os_vif_plugin  # noqa: E402

VIF = "4d1f0c52-0000-4000-8000-000000000001"
PROFILE = {"profile_object_name": "VIFPortProfileOpenVSwitch", "min_version": "1.0", "max_version": "1.4"}
KIND = {"vif_object_name": "VIFOpenVSwitch", "min_version": "1.0", "max_version": "1.0",
        "supported_port_profiles": [PROFILE]}
DEEP = "[" * 100000


@contextlib.contextmanager
def server(path, reply):
    """Replies to one request with `reply`: the result, or (bytes) the whole line."""
    def serve():
        with listener.accept()[0] as connection, connection.makefile("rb") as lines:
            number = json.loads(lines.readline())["id"]
            line = reply if isinstance(reply, bytes) else json.dumps(
                {"jsonrpc": "2.0", "id": number, "result": reply}).encode()
            with contextlib.suppress(OSError):
                connection.sendall(line + b"\n")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        listener.settimeout(20)
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The plugin's socket; os-vif has only this plugin."""
    os_vif.objects.register_all()
    config = cfg.ConfigOpts()
    config.register_opts(os_vif_plugin.VifplugPlugin.CONFIG_OPTS)
    config([], default_config_files=[])
    config.set_override("socket", str(tmp_path / "s"))
    config.set_override("timeout", 20)
    one = extension.Extension("vifplug", None, None, os_vif_plugin.VifplugPlugin(config))
    monkeypatch.setattr(os_vif, "_EXT_MANAGER", extension.ExtensionManager.make_test_instance([one]))
    return str(tmp_path / "s")


def call(function):
    network = objects.network.Network(id=VIF, bridge="br-int")
    vif = objects.vif.VIFOpenVSwitch(
        id=VIF, plugin="vifplug", vif_name="tap1", address="fa:16:3e:00:00:01", network=network,
        port_profile=objects.vif.VIFPortProfileOpenVSwitch(interface_id=VIF))
    function(vif, objects.instance_info.InstanceInfo(uuid=VIF, name="server"))


METHODS = [(os_vif.plug, exception.PlugException), (os_vif.unplug, exception.UnplugException)]


@pytest.mark.parametrize("function,kind", METHODS)
@pytest.mark.parametrize("warnings", [None, 1, True, "text", {"a": "b"}, [1], [None], ["a", ["b"]]])
def test_warnings_that_are_none(path, function, kind, warnings):
    with server(path, {"vif_id": VIF, "changed": True, "warnings": warnings}):
        with pytest.raises(kind) as failed:
            call(function)
    assert "is not vifplugd: the warnings of its reply" in str(failed.value) and path in str(failed.value)


@pytest.mark.parametrize("function,kind", METHODS)
@pytest.mark.parametrize("line", [b"", b"[]", b"\xff", b"null", DEEP.encode(), b'{"jsonrpc":"2.0","id":1e400}'])
def test_replies_that_are_none(path, function, kind, line):
    with server(path, line):
        with pytest.raises(kind) as failed:
            call(function)
    assert "is not vifplugd" in str(failed.value)


@pytest.mark.parametrize("function", [os_vif.plug, os_vif.unplug])
@pytest.mark.parametrize("result", [{}, {"warnings": []}, {"warnings": ["a\nb \ud800 \x1b[31m"]}])
def test_older_and_odd_results(path, function, result, caplog):
    """A result without warnings is a success; a warning is one line."""
    with server(path, result):
        call(function)
    if result.get("warnings"):
        assert "VIF %s: a\\nb \\ud800 \\x1b[31m" % VIF in caplog.text


def kinds(plugin_info):
    return {info.vif_object_name: (info.max_version, [profile.profile_object_name
                                                      for profile in info.supported_port_profiles])
            for info in plugin_info.vif_info}


def without(one, member):
    return {key: value for key, value in one.items() if key != member}


@pytest.mark.parametrize("vif_info", [
    None, 1, "text", {}, [None], [1], ["text"], [[]], [without(KIND, "vif_object_name")],
    [without(KIND, "supported_port_profiles")], [{**KIND, "vif_object_name": 1}],
    [{**KIND, "min_version": 1.0}], [{**KIND, "max_version": "new"}], [{**KIND, "max_version": "1.0\n"}],
    [{**KIND, "max_version": "9" * 5000 + ".1"}], [{**KIND, "supported_port_profiles": {"a": 1}}],
    [{**KIND, "supported_port_profiles": [1]}],
    [KIND, {**KIND, "supported_port_profiles": [{**PROFILE, "min_version": None}]}],
    [{**KIND, "supported_port_profiles": [without(PROFILE, "profile_object_name")]}],
])
def test_descriptions_that_are_none(path, vif_info, caplog):
    """host_info() has what this version plugs, and says why in the log."""
    with server(path, {"plugin_name": "vifplug", "vif_info": vif_info}):
        info = os_vif.host_info(["VIFOpenVSwitch", "VIFVHostUser"]).plugin_info
    assert set(kinds(info[0])) == {"VIFOpenVSwitch", "VIFVHostUser"}
    assert "vifplugd did not say what it can plug: " in caplog.text


def test_no_description_at_all(path):
    with server(path, {}):
        assert len(kinds(os_vif.host_info().plugin_info[0])) == 4


def test_description_of_another_version(path):
    """Members that this version does not know are left out."""
    newer = {**KIND, "max_version": "1.7", "novelty": 1,
             "supported_port_profiles": [{**PROFILE, "novelty": {}}]}
    with server(path, {"vif_info": [newer], "novelty": []}):
        info = os_vif.host_info().plugin_info
    assert kinds(info[0]) == {"VIFOpenVSwitch": ("1.7", ["VIFPortProfileOpenVSwitch"])}
