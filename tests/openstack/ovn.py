# SPDX-License-Identifier: Apache-2.0
"""OVN in a sandbox: the databases, ovn-northd, and an ovn-controller on the sandbox's switch."""

import json

from api import wait_until
from ovsdb import plain, table

SCHEMAS = "/usr/share/ovn"
DATABASES = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}


class Ovn:
    """OVN's processes belong to the sandbox `box`, which ends them when it goes down.

    :param central: the Ovn that has the databases; this one by default
    """

    def __init__(self, box, host="compute", central=None):
        self.box = box
        self.host = host
        self.central = central or self
        self.others = []

    def remote(self, name):
        """Returns where a database, nb or sb, listens."""
        return f"unix:{self.central.box.run}/ovn{name}_db.sock"

    def _start(self, name, command):
        run, log = self.box.run, self.box.log
        self.box.start(name, [*command, f"--pidfile={run}/{name}.pid", f"--log-file={log}/{name}.log",
                              "-vconsole:off", "-vsyslog:off"], extra_env={"OVN_RUNDIR": run})
        self.box.wait_ready(name, lambda: self.appctl(name, "version", check=False).returncode == 0, 20)

    def appctl(self, name, *arguments, check=True):
        program = "ovsdb-server" if name in ("ovn-nb", "ovn-sb") else name
        return self.box.command("ovs-appctl", "-t", f"{self.box.run}/{program}.{self.box.pid(name)}.ctl",
                                *arguments, check=check)

    def start_database(self, name):
        path = f"{self.box.dir}/ovn{name}.db"
        if not (self.box.command("test", "-e", path, check=False).returncode == 0):
            self.box.command("ovsdb-tool", "create", path, f"{SCHEMAS}/ovn-{name}.ovsschema")
        self._start(f"ovn-{name}", ["ovsdb-server", path, f"--remote=p{self.remote(name)}"])

    def start_central(self):
        """Starts the databases and ovn-northd."""
        for name in DATABASES:
            self.start_database(name)
        self._start("ovn-northd", ["ovn-northd", f"--ovnnb-db={self.remote('nb')}",
                                   f"--ovnsb-db={self.remote('sb')}"])

    def configure(self, datapath="netdev", mappings="physnet1:br-ex", address="127.0.0.1"):
        """Writes what the set-up of a host writes before ovn-controller's first start."""
        self.box.vsctl("set", "open_vswitch", ".", f"external_ids:system-id={self.host}",
                       f"external_ids:hostname={self.host}", f"external_ids:ovn-remote={self.remote('sb')}",
                       "external_ids:ovn-encap-type=geneve", f"external_ids:ovn-encap-ip={address}",
                       f"external_ids:ovn-bridge-datapath-type={datapath}",
                       f"external_ids:ovn-bridge-mappings={mappings}")

    def forget(self):
        """Ends the processes, and removes what configure() and ovn-controller have written."""
        for name in ("ovn-controller", "ovn-northd", *(f"ovn-{name}" for name in DATABASES)):
            if self.box.pid(name):
                self.box.stop(name)
        keys = [key for key in self.external_ids() if key.startswith("ovn") or key in ("system-id", "hostname")]
        self.box.vsctl("remove", "open_vswitch", ".", "external_ids", *keys)

    def external_ids(self):
        """Returns external_ids of Open_vSwitch."""
        return table(self.box, "Open_vSwitch", ["external_ids"])[0]["external_ids"]

    def start_controller(self, *options):
        self._start("ovn-controller", ["ovn-controller", self.box.db, *options])

    def stop_controller(self, *arguments):
        self.box.stop("ovn-controller", *arguments)

    def transact(self, name, *operations):
        """Runs operations (RFC 7047, section 5.2) on nb or sb; returns their results."""
        text = self.box.command("ovsdb-client", "transact", self.remote(name),
                                json.dumps([DATABASES[name], *operations])).stdout
        results = json.loads(text)
        assert not [one for one in results if "error" in one], text
        return results

    def rows(self, name, table, columns, *condition):
        """Returns rows of a table of nb or sb, as dicts of the named columns."""
        rows = self.transact(name, {"op": "select", "table": table, "columns": list(columns),
                                    "where": [list(one) for one in condition]})[0]["rows"]
        return [{key: plain(value) for key, value in row.items()} for row in rows]

    def add_chassis(self, host, datapath="netdev", mappings="physnet1:br-ex", alive=True):
        """Writes what another host's ovn-controller writes. One that is not alive has not answered the last
        requests to all chassis."""
        answered = 1000000 if alive else 0
        if not alive:
            self.transact("nb", {"op": "mutate", "table": "NB_Global", "where": [],
                                 "mutations": [["nb_cfg", "+=", 5]]})
        config = [["datapath-type", datapath], ["ovn-bridge-mappings", mappings],
                  ["iface-types", "dpdkvhostuser,dpdkvhostuserclient"]]
        self.transact("sb", {
            "op": "insert", "table": "Encap", "uuid-name": "encap", "row": {
                "type": "geneve", "ip": f"192.0.2.{len(self.others) + 1}", "chassis_name": host}}, {
            "op": "insert", "table": "Chassis", "uuid-name": "chassis", "row": {
                "name": host, "hostname": host, "encaps": ["named-uuid", "encap"],
                "other_config": ["map", config]}}, {
            "op": "insert", "table": "Chassis_Private", "row": {
                "name": host, "chassis": ["named-uuid", "chassis"], "nb_cfg": answered,
                "nb_cfg_timestamp": 0}})
        self.others.append(host)

    def remove_chassis(self):
        """Removes what add_chassis() has written."""
        while self.others:
            host = self.others.pop()
            self.transact("sb", *({"op": "delete", "table": table, "where": [["name", "==", host]]}
                                  for table in ("Chassis_Private", "Chassis")))

    def logical_port(self, port):
        """Returns the Logical_Switch_Port of a Neutron port, or None."""
        rows = self.rows("nb", "Logical_Switch_Port", ("name", "up", "options", "addresses", "port_security",
                                                       "parent_name", "tag", "external_ids"),
                         ("name", "==", port["id"]))
        return rows[0] if rows else None

    def is_written(self, port):
        """Whether the Logical_Switch_Port is that of this revision of a Neutron port. Neutron writes it after
        its own database, also when only the status changes."""
        row = self.logical_port(port)
        return row and int(row["external_ids"]["neutron:revision_number"]) >= port["revision_number"]

    def set_option(self, port, key, value):
        """Adds an option to the Logical_Switch_Port of a Neutron port. Neutron replaces all options when it
        writes the row."""
        self.transact("nb", {"op": "mutate", "table": "Logical_Switch_Port",
                             "where": [["name", "==", port["id"]]],
                             "mutations": [["options", "insert", ["map", [[key, value]]]]]})

    def controller_says(self, *words):
        """Whether a line of ovn-controller's log has these words."""
        with open(f"{self.box.log}/ovn-controller.log", encoding="utf-8") as file:
            return any(all(word in line for word in words) for line in file)

    def wait(self, condition, what, port=None, neutron=None):
        """Waits until condition() is true and returns its value. A failure shows what there is of a Neutron
        port, what Neutron has logged of it, and the end of ovn-controller's log."""
        return wait_until(condition, 60, lambda: f"{what}\n{self._seen(port, neutron)}")

    def _seen(self, port, neutron):
        lines = []
        if neutron:
            now = neutron.show("port", port["id"])
            lines = [f"Neutron: {now['status']}, revision {now['revision_number']}",
                     *neutron.worker.lines("WARNING"), *neutron.worker.lines("ERROR"),
                     *neutron.worker.lines("INFO", port["id"])]
        if port:
            ours = [row for row in table(self.box, "Interface", ["name", "type", "error", "external_ids"])
                    if row["external_ids"].get("iface-id") == port["id"]]
            lines += [f"{key}: {value}" for key, value in (
                ("logical port", self.logical_port(port)), ("binding", self.binding(port)),
                ("interfaces", ours))]
        with open(f"{self.box.log}/ovn-controller.log", encoding="utf-8") as file:
            return "\n".join([*lines, "ovn-controller.log:", *file.read().splitlines()[-30:]])

    def binding(self, port):
        """Returns the Port_Binding of a Neutron port, or None."""
        rows = self.rows("sb", "Port_Binding", ("logical_port", "chassis", "up", "options"),
                         ("logical_port", "==", port["id"]))
        return rows[0] if rows else None

    def counts(self):
        """Returns the number of rows that a port leaves in both databases while it exists."""
        return {f"{name}/{table}": len(self.rows(name, table, ("_uuid",))) for name, table in (
            ("nb", "Logical_Switch_Port"), ("nb", "ACL"), ("nb", "QoS"), ("nb", "Meter"),
            ("nb", "DHCP_Options"), ("sb", "Port_Binding"))}
