# SPDX-License-Identifier: Apache-2.0
"""The alternatives, with one interface: plug these ports, unplug them, and return how long that took."""

import importlib.util
import json
import os
import subprocess
import time

import workload
from helper import Helper, HelperError, cpu_us, pause, resume
from sandbox import wait_for
from workload import BRIDGE, INSTANCE, MTU
from world import BEFORE

# A vifplugd is idle if it uses less CPU time than this in that time. It looks for a dead ovs-vswitchd every 50 ms,
# which takes some 150 us each time.
IDLE_S = 0.3
IDLE_CPU_US = 2000


class Unable(Exception):
    """This alternative cannot do that."""


class Alternative:
    """One way to plug. `realized`: wait for ovs-vswitchd's verdict, else for OVSDB's commit. Times are in
    microseconds."""

    name = ""
    can_commit_only = True
    at_once = True  # Whether it can plug many ports at once, or only one after the other.

    def __init__(self, world):
        self.world = world

    def pids(self):
        """Returns the processes that have work to do whenever the database changes."""
        return []

    def client_pid(self):
        """Returns the process that plugs, if there is one that stays."""

    def plug(self, ports, realized=True, **how):
        """Plugs all at once; returns {"us", ...}."""
        raise NotImplementedError

    def unplug(self, ports, realized=True, **how):
        raise NotImplementedError

    def pause(self):
        pause(self.pids())

    def wake(self):
        """Resumes it."""
        resume(self.pids())

    def resume(self):
        """The same, and waits until it has read what it has missed."""
        self.wake()
        if self.pids():
            self.catch_up(self.world.bump())

    def catch_up(self, next_cfg):
        """Waits until it has read this next_cfg: before that it would plan with old rows."""

    def close(self):
        pass


class Vifplugd(Alternative):
    """The daemon, over its socket."""

    name = "vifplugd"
    process = "vifplugd"
    settles = False  # Whether catch_up() also waits until it is idle: needed if there are two vifplugds.

    def __init__(self, world):
        super().__init__(world)
        self.socket = f"{world.dir}/{self.process}.sock"
        self.client = None
        self.subscribed = False
        self.connect()

    def start(self, wait=True):
        """Starts the daemon, which does not run."""
        self.world.start_vifplugd(wait=wait)

    def stop(self):
        """Ends the daemon, also one that is paused."""
        self.wake()
        self.world.stop(self.process)

    def connect(self):
        """Connects again: after a restart of the daemon, or to end a subscription."""
        if self.client:
            self.client.close()
        self.client = self.world.helper("wire-client", "lines", self.socket)
        self.subscribed = False

    def pids(self):
        return [pid for pid in (self.world.pid(self.process), self.client.pid) if pid]

    def client_pid(self):
        return self.world.pid(self.process)

    def call(self, method, **params):
        answer = self.client.ask(do="ask", requests=[workload.request(0, method, **params)])
        return results(answer)[0]

    def status(self):
        return self.call("status")

    def catch_up(self, next_cfg):
        wait_for(lambda: self.status()["ovsdb"]["next_cfg"] >= next_cfg, 60,
                 f"{self.name} catches up")
        if self.settles:
            wait_for(self._is_idle, 60, f"{self.name} is idle")

    def _is_idle(self):
        """Whether it used hardly any CPU time for longer than its watch waits after a change (250 ms). After
        that the watch has seen, and logged, what became of the other's VIFs."""
        before = cpu_us(self.client_pid())
        time.sleep(IDLE_S)
        return cpu_us(self.client_pid()) - before < IDLE_CPU_US and not self.status()["counters"]["operations"]

    def transactions(self):
        """How many it has sent."""
        return self.status()["counters"]["transactions"]

    def _ask(self, requests, expected, connections):
        answer = self.client.ask(do="ask", requests=requests, connections=connections, **expected)
        times = answer["events_us"] or [line[0] for line in answer["lines"]]
        return {"us": answer["us"], "each_us": times, "results": results(answer)}

    def plug(self, ports, realized=True, connections=1):  # pylint: disable=arguments-differ
        expected = {}
        to_watch = realized and ports[0].fails
        if self.subscribed and not to_watch:
            self.connect()
        if to_watch:
            # Only subscribers learn the result of a failed port.
            if not self.subscribed:
                self.call("subscribe")
                self.subscribed = True
            expected = {"event": "vif.changed", "events": len(ports)}
        wait = "realized" if realized else "committed"
        return self._ask(workload.plug_requests(ports, wait), expected, connections)

    def unplug(self, ports, realized=True, connections=1):  # pylint: disable=arguments-differ
        wait = "realized" if realized else "committed"
        return self._ask(workload.unplug_requests(ports, wait), {}, connections)

    def close(self):
        self.client.close()


class VifplugdBefore(Vifplugd):
    """The daemon of an earlier build, on the same database."""

    name = "vifplugd before"
    process = BEFORE
    settles = True

    def __init__(self, world, build):
        self.build = build
        world.start_before(build)
        super().__init__(world)

    def start(self, wait=True):
        self.world.start_before(self.build, wait=wait)

    def close(self):
        super().close()
        self.stop()


def daemons(alternatives):
    """The vifplugds among them: the present one, then the one before."""
    return [one for one in alternatives if isinstance(one, Vifplugd)]


def results(answer):
    """Returns the results in the reply to wire-client's `ask`; none may be an error."""
    found = []
    for _, line in answer["lines"]:
        reply = json.loads(line)
        if "error" in reply:
            raise HelperError(reply["error"]["message"])
        found.append(reply["result"])
    return found


class Raw(Alternative):
    """The same transaction and the same wait, with OVSDB's protocol."""

    name = "raw OVSDB client"

    def __init__(self, world):
        super().__init__(world)
        self.client = world.helper("wire-client", "ovsdb", world.database())
        self.uuids = {}  # Of the Ports.

    def pids(self):
        return [self.client.pid]

    def client_pid(self):
        return self.client.pid

    def plug(self, ports, realized=True, **how):
        rows = [port.row() for port in ports]
        answer = self.client.ask(do="transact", requests=[workload.insert_transaction(rows)],
                                 interfaces=len(rows), wait=realized)
        for i, port in enumerate(ports):
            self.uuids[port] = answer["replies"][0][len(rows) + i]["uuid"][1]
        if realized and any((ofport < 0) != port.fails
                            for ofport, port in zip(answer["ofports"], ports)):
            raise HelperError("ovs-vswitchd did not do what was expected of it")
        return {"us": answer["us"]}

    def unplug(self, ports, realized=True, **how):
        uuids = [self.uuids.pop(port) for port in ports]
        answer = self.client.ask(do="transact", requests=[workload.delete_transaction(uuids)],
                                 interfaces=0, wait=realized)
        return {"us": answer["us"]}

    def echo(self):
        """Sends a message and waits for the reply: the cost of a message alone."""
        return self.client.ask(do="echo")["us"]

    def close(self):
        self.client.close()


class Idl(Alternative):
    """libopenvswitch's IDL, without a daemon."""

    name = "bare IDL client"

    def __init__(self, world):
        super().__init__(world)
        self.client = world.helper("idl-client", world.db)
        self.client.read()
        self.cpu_us = 0.0  # By its own count, in the last reply.

    def pids(self):
        return [self.client.pid]

    def client_pid(self):
        return self.client.pid

    def catch_up(self, next_cfg):
        self.client.ask(do="catch up", next_cfg=next_cfg)

    def _order(self, batch, **order):
        answer = self.client.ask(bridge=BRIDGE, batch=batch, **order)
        self.cpu_us = answer["cpu_us"]
        return answer

    def plug(self, ports, realized=True, batch=64):  # pylint: disable=arguments-differ
        answer = self._order(batch, do="plug", wait=realized, rows=[port.row() for port in ports])
        if realized and answer["failed"] != sum(port.fails for port in ports):
            raise HelperError("ovs-vswitchd did not do what was expected of it")
        return answer

    def unplug(self, ports, realized=True, batch=64):  # pylint: disable=arguments-differ
        return self._order(batch, do="unplug", wait=realized, names=[port.name for port in ports])

    def close(self):
        self.client.close()


class Vsctl(Alternative):
    """One ovs-vsctl per port: a process, a copy of the necessary part of the database, a transaction, a wait."""

    name = "ovs-vsctl"
    at_once = False

    def _run(self, commands, realized, fails=False):
        """`fails`: ovs-vswitchd cannot make the ports; newer ovs-vsctl reports this by its exit status."""
        flags = [f"--db={self.world.db}", "--timeout=120", *(() if realized else ("--no-wait",))]
        environment = self.world.environment()
        started = time.perf_counter()
        for command in commands:
            done = subprocess.run(["ovs-vsctl", *flags, *command], check=False, env=environment,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode not in (0, os.EX_DATAERR if fails else 0):
                done.check_returncode()
        return {"us": (time.perf_counter() - started) * 1e6}

    def plug(self, ports, realized=True, **how):
        return self._run([self._add(port.row()) for port in ports], realized,
                         all(port.fails for port in ports))

    @staticmethod
    def _add(row):
        def quoted(text):
            return '"' + text + '"'
        settings = [f"{column}:{key}={quoted(value)}" for column in ("options", "external_ids")
                    for key, value in row[column].items()]
        return ["add-port", BRIDGE, row["name"], "--", "set", "Interface", row["name"],
                f"type={row['type']}", f"mtu_request={row['mtu_request']}", *settings]

    def unplug(self, ports, realized=True, **how):
        return self._run([["del-port", BRIDGE, port.name] for port in ports], realized)


class OsVif(Alternative):
    """os-vif. It has no plug without a wait, and treats a failed port as a good one."""

    name = "os-vif"
    can_commit_only = False
    at_once = False

    @staticmethod
    def is_installed():
        return importlib.util.find_spec("vif_plug_ovs") is not None

    def __init__(self, world):
        super().__init__(world)
        self.client = self.start(world)
        self.client.read()

    @staticmethod
    def start(world):
        """Starts the process, which is not ready yet. It looks VFs up under /sys, so it gets a private /sys."""
        script = ('mount --bind "$0/bus/pci/devices" /sys/bus/pci/devices && '
                  'exec /usr/bin/python3 "$@"')
        return Helper(
            world.inside(["unshare", "--mount", "sh", "-c", script, world.sys,
                          f"{workload.HERE}/osvif_worker.py", world.db]),
            env={**world.environment(), "XDG_CACHE_HOME": f"{world.dir}/cache",
                 "PYTHONDONTWRITEBYTECODE": "1"},
            log=f"{world.log}/os-vif.out")

    def pids(self):
        return [self.client.pid]

    def client_pid(self):
        return self.client.pid

    def catch_up(self, next_cfg):
        self.client.ask(do="catch up", next_cfg=next_cfg)

    def _do(self, what, ports, realized):
        if not realized:
            raise Unable
        answer = self.client.ask(do=what, ports=[
            {"kind": port.kind, "vif_id": port.vif_id, "address": port.address, "bridge": BRIDGE,
             "mtu": MTU, "instance": INSTANCE,
             **({"path": port.path} if port.kind == "vhost-user" else {"slot": port.slot})}
            for port in ports])
        return {"us": answer["us"], "each_us": answer["each_us"]}

    def plug(self, ports, realized=True, **how):
        return self._do("plug", ports, realized)

    def unplug(self, ports, realized=True, **how):
        return self._do("unplug", ports, realized)

    def close(self):
        self.client.close()


def all_of(world, say, before=None, without=()):
    """Returns all alternatives on this machine, except those whose names are in `without`; vifplugd first, after
    it the one of the build `before`."""
    everyone = [Vifplugd(world)]
    if before:
        everyone[0].settles = True  # The same conditions for both.
        everyone.append(VifplugdBefore(world, before))
    everyone += [Raw(world), Idl(world)]
    if Vsctl.name not in without:
        everyone.append(Vsctl(world))
    if OsVif.name in without:
        return everyone
    if OsVif.is_installed():
        everyone.append(OsVif(world))
    else:
        say("os-vif is not installed (python3-os-vif): left out")
    return everyone
