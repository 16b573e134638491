# SPDX-License-Identifier: Apache-2.0
"""The two sides that are compared, each with a separate switch: os-vif and vifplugd.

Each takes os-vif objects as primitives and returns the result: "done", or the reason of the failure in one
word.
"""

import json
import os
import subprocess

from api import Api, ApiError, sample

HERE = os.path.dirname(os.path.abspath(__file__))


def instance_info(uuid=""):
    """Returns an InstanceInfo: that of the samples, with another uuid if one is given."""
    made = sample("instance_info")
    made["versioned_object.data"]["uuid"] = uuid or made["versioned_object.data"]["uuid"]
    return made


def is_kernel(vif):
    """Whether the VIF, an os-vif object, asks for a bridge with datapath system."""
    profile = vif["versioned_object.data"]["port_profile"]["versioned_object.data"]
    return profile.get("datapath_type") == "system"


class OsVif:
    """os-vif in a separate process, in the namespaces of its sandbox, where /sys is the same fake tree that
    vifplugd gets by --sysfs-root."""

    def __init__(self, box, timeout=20):
        self.box = box
        self.options = {}
        config = os.path.join(box.dir, "os-vif.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"[os_vif_ovs]\novsdb_connection = {box.db}\novs_vsctl_timeout = {timeout}\n")
        script = 'mount --bind "$1" /sys && shift && exec "$@"'
        with open(os.path.join(box.log, "os-vif.out"), "wb") as log:
            # stevedore keeps a list of plugins in the cache directory.
            self.process = subprocess.Popen(
                box.inside(["unshare", "--mount", "sh", "-c", script, "sh", box.sys,
                            "/usr/bin/python3", os.path.join(HERE, "osvif_worker.py"), config]),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, "XDG_CACHE_HOME": os.path.join(box.dir, "cache")})
        assert self.process.stdout.readline() == "ready\n", self.last_words()

    def last_words(self):
        with open(os.path.join(self.box.log, "os-vif.out"), encoding="utf-8") as file:
            return file.read()[-2000:]

    def configure(self, **options):
        """Sets os-vif's options of [os_vif_ovs]; options that are not given have their defaults."""
        self.options = options

    def _call(self, method, vif, instance):
        request = {"method": method, "vif": vif, "instance": instance_info(instance),
                   "options": self.options}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.last_words()
        return "failed" if json.loads(line) else "done"

    def plug(self, vif, instance=""):
        return self._call("plug", vif, instance)

    def unplug(self, vif, instance=""):
        return self._call("unplug", vif, instance)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


class Vifplugd:
    """The daemon. `restart` writes its configuration and starts it again."""

    def __init__(self, box, restart):
        self.box = box
        self._restart = restart
        self._config = None

    def restart(self, config):
        """Starts the daemon with lines of configuration, except those of [daemon]."""
        if config != self._config:
            self._restart(f"[daemon]\nsocket_group = root\n{config}")
            self._config = config

    def configure(self, **options):
        """Sets keys of [vif], which have the names of os-vif's options."""
        words = {name: ("no", "yes")[value] if isinstance(value, bool) else value
                 for name, value in options.items()}
        self.restart("[vif]\n" + "".join(f"{name} = {word}\n" for name, word in words.items()))

    def _call(self, method, vif, instance):
        # Waits for ovs-vswitchd where possible: without the kernel's module it makes no bridge with
        # datapath system, and reports nothing about its ports.
        wait = "committed" if is_kernel(vif) else "realized"
        with Api(self.box.socket) as api:
            try:
                api.call(method, vif=vif, instance=instance_info(instance), wait=wait)
            except ApiError as error:
                return error.reason
        return "done"

    def plug(self, vif, instance=""):
        return self._call("plug", vif, instance)

    def unplug(self, vif, instance=""):
        return self._call("unplug", vif, instance)
