# SPDX-License-Identifier: Apache-2.0
"""neutron-server's side, in a separate process: the real API and ML2 plugin on a SQLite database.

Instead of HTTP, requests go into its WSGI application. register_agent() reports an agent, or start_agent()
runs a real neutron-openvswitch-agent in the same process: oslo.messaging's fake transport carries RPC only
within a process.

It runs like the installed Neutron: under eventlet if Neutron has it, else in threads. `threading` and `queue`
work for both, because eventlet patches them.
"""

import datetime
import os
import queue
import sys
import threading

try:
    from neutron.common import eventlet_utils
except ImportError:
    EVENTLET = False
else:
    eventlet_utils.monkey_patch()
    EVENTLET = True

from oslo_config import cfg  # noqa: E402
from oslo_messaging._drivers import impl_fake  # noqa: E402
from oslo_serialization import jsonutils  # noqa: E402
from oslo_utils import timeutils  # noqa: E402
from sqlalchemy import event, text  # noqa: E402
import webob  # noqa: E402

from neutron.common import config  # noqa: E402
from neutron.db import provisioning_blocks  # noqa: E402
from neutron.db.migration.models import head  # noqa: F401,E402  pylint: disable=unused-import
from neutron_lib import constants  # noqa: E402
from neutron_lib import context  # noqa: E402
from neutron_lib import rpc  # noqa: E402
from neutron_lib.callbacks import events, registry, resources  # noqa: E402
from neutron_lib.db import api as db_api  # noqa: E402
from neutron_lib.db import model_base  # noqa: E402
from neutron_lib.plugins import directory  # noqa: E402
from neutron.notifiers import nova as nova_notifier  # noqa: E402
from neutron.objects import agent as agent_objects  # noqa: E402

import worker  # noqa: E402


class ApiError(Exception):
    """The API's reply is an error."""


def carry_as_json():
    """Makes the fake transport pass on what another transport would: tuples become lists, for example."""
    send = impl_fake.FakeDriver._send

    def send_as_json(self, target, ctxt, message, *arguments, **named):
        return send(self, target, ctxt, jsonutils.loads(jsonutils.dumps(message)), *arguments, **named)
    impl_fake.FakeDriver._send = send_as_json


class NovaClient:
    """Takes the place of Nova's HTTP API for events: keeps them."""

    events = []

    def __init__(self):
        self.server_external_events = self

    def create(self, batch):
        self.events.extend(batch)
        return [{**event, "code": 200} for event in batch]


class Server:
    """The functions that a test calls. `tasks` returns the work of start_agent()."""

    def __init__(self):
        from neutron.api.v2 import router
        self.tasks = queue.Queue()
        self.app = router.APIRouter.factory({})
        self.context = self._context("service")

    @staticmethod
    def _context(*roles):
        """Returns the context of an administrator with further roles."""
        made = context.get_admin_context()
        made.project_id = "project"
        made.roles = [*made.roles, *roles]
        return made

    def fill_default_rules(self):
        """Writes what Neutron's migrations write into the table of rules for new security groups. (This
        module makes the tables from the models.) Earlier releases without that table have the rules in the
        code."""
        create = getattr(directory.get_plugin(), "create_default_security_group_rule", None)
        if not create:
            return
        for ethertype in (constants.IPv4, constants.IPv6):
            for direction, remote in ((constants.EGRESS_DIRECTION, None),
                                      (constants.INGRESS_DIRECTION, "PARENT")):
                create(self.context, {"default_security_group_rule": {
                    "direction": direction, "ethertype": ethertype, "remote_group_id": remote,
                    "remote_address_group_id": None, "remote_ip_prefix": None, "protocol": None,
                    "port_range_min": None, "port_range_max": None, "description": "",
                    "used_in_default_sg": True, "used_in_non_default_sg": remote is None}})

    def api(self, method, path, body=None, roles=("service",)):
        """Returns the reply to an administrator's HTTP request, by default with the role that Nova has in
        Neutron."""
        # Neutron would take the suffix for a part of an action's name.
        suffix = "" if path.endswith("/activate") else ".json"
        request = webob.Request.blank(f"/{path}{suffix}", method=method)
        request.environ["neutron.context"] = self._context(*roles)
        if body is not None:
            request.body = jsonutils.dumps(body).encode()
            request.content_type = "application/json"
        reply = request.get_response(self.app)
        if reply.status_int >= 400:
            raise ApiError(f"{reply.status} {reply.text}")
        return reply.json if reply.body else None

    def register_agent(self, host, **configurations):
        """Reports an Open vSwitch agent that is alive."""
        plugin = directory.get_plugin()
        plugin.create_or_update_agent(self.context, {
            "agent_type": constants.AGENT_TYPE_OVS, "binary": "neutron-openvswitch-agent", "host": host,
            "topic": "N/A", "configurations": {
                "bridge_mappings": {"physnet1": "br-ex"}, "tunnel_types": ["vxlan"],
                "tunneling_ip": "192.0.2.1", "integration_bridge": "br-int", **configurations},
        }, timeutils.utcnow())

    def age_agent(self, host, seconds):
        """Makes an agent's last report that old."""
        for agent in agent_objects.Agent.get_objects(self.context, host=host):
            agent.heartbeat_timestamp -= datetime.timedelta(seconds=seconds)
            agent.update()

    def start_agent(self):
        """Starts the server's RPC and the agent. The rest runs in the main thread, because without eventlet
        the agent installs signal handlers."""
        from neutron.plugins.ml2.drivers.openvswitch.agent.common import config as _  # noqa: F401
        from neutron.plugins.ml2.drivers.openvswitch.agent.openflow.native import main
        carry_as_json()
        directory.get_plugin().start_rpc_listeners()
        main.init_config()
        self.tasks.put(main.main)

    def wire(self, host, port):
        """Does what the agent of the host does by RPC when it finds the port: reports that it has wired it, if
        the port has an active binding there. Returns what the server has told it of the port."""
        from neutron.plugins.ml2 import rpc as ml2_rpc
        plugin = directory.get_plugin()
        agent = ml2_rpc.RpcCallbacks(plugin.notifier, plugin.type_manager)
        details = agent.get_device_details(self.context, device=port, host=host, agent_id=f"ovs-{host}")
        if "port_id" in details:
            agent.update_device_up(self.context, device=port, host=host, agent_id=f"ovs-{host}")
        return details

    @staticmethod
    def nova_events(port):
        """Returns the names of the events about a port that Nova has been sent, if the configuration has Neutron
        send them."""
        return [event["name"] for event in NovaClient.events if event["tag"] == port]

    def is_blocked(self, port):
        """Whether something must happen before the port becomes ACTIVE."""
        return provisioning_blocks.is_object_blocked(self.context, port, resources.PORT)

    @staticmethod
    def who_writes_profiles():
        """Returns the rule for binding:profile."""
        from neutron.conf.policies import port
        return {rule.name: rule.check_str for rule in port.list_rules()}["update_port:binding:profile"]

    @staticmethod
    def drivers():
        """Returns the loaded mechanism drivers and QoS drivers."""
        manager = directory.get_plugin().mechanism_manager
        qos = directory.get_plugin("QOS").driver_manager
        return {"mechanism": {driver.name: type(driver.obj).__module__
                              for driver in manager.ordered_mech_drivers},
                "qos": sorted(driver.name for driver in qos._drivers),
                "rules": sorted(qos.supported_rule_types())}

    @staticmethod
    def responsible_for_placement():
        """Returns the driver that the placement service plugin asks about Open vSwitch agents."""
        from neutron.services.placement_report import plugin
        agents = plugin.PlacementReporterAgents(directory.get_plugin())
        return type(agents.mechanism_driver_by_agent_type(constants.AGENT_TYPE_OVS)).__name__


def take_turns(engine, timeout=300):
    """Lets one transaction write at a time, and begins it in SQLite with its first write. SQLite refuses to
    write in a transaction that has read what another one has changed; and it has one writer, and a thread that
    waits for it stops all greenthreads, also the one that it waits for."""
    writing = threading.Lock()

    def execute(connection, _cursor, statement, parameters, *_):
        word = statement.split(None, 1)[0]
        if word == "BEGIN":  # Of oslo.db, before the first statement.
            return "SELECT 1", parameters
        if word in ("INSERT", "UPDATE", "DELETE", "SAVEPOINT") and "writes" not in connection.info:
            # False if this thread writes through two connections: then SQLite reports it.
            connection.info["writes"] = writing.acquire(timeout=timeout)
            connection.connection.cursor().execute("BEGIN IMMEDIATE")
        return statement, parameters

    def end(info):
        if info.pop("writes", False):
            writing.release()

    event.listen(engine, "before_cursor_execute", execute, retval=True)
    for name in ("commit", "rollback"):
        event.listen(engine, name, lambda connection: end(connection.info))
    event.listen(engine, "checkin", lambda _connection, record: end(record.info))
    with engine.connect() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))


def start_ovn():
    """Connects the driver `ovn` to its databases, as the start of an API process does. (The thread that
    reports the process to the other API processes runs, too; the one that repairs the databases does not.)"""
    # How many processes the API has; the server around it says so, in releases that have none of their own.
    os.environ.setdefault("ASGI_WORKERS", "1")
    from neutron.db import ovn_hash_ring_db
    from neutron.plugins.ml2.drivers.ovn.mech_driver.ovsdb import maintenance
    # The thread of OVN's connection writes this at some events. It must not wait for its turn to write: the
    # API deletes subports with a transaction of OVN within one of the database, which waits for that thread.
    touch = ovn_hash_ring_db.touch_node
    ovn_hash_ring_db.touch_node = lambda *arguments: threading.Thread(target=touch, args=arguments).start()
    try:
        from neutron.api.wsgi import WorkerService
    except ImportError:
        from neutron.wsgi import WorkerService
    api_process = WorkerService.__new__(WorkerService)
    trigger = getattr(api_process, "start", WorkerService)  # Releases without a WSGI server pass the class.
    registry.publish(resources.PROCESS, events.BEFORE_SPAWN, trigger)
    registry.publish(resources.PROCESS, events.AFTER_INIT, trigger)
    driver = directory.get_plugin().mechanism_manager.mech_drivers["ovn"].obj
    if not driver._post_fork_event.is_set():  # Neutron only logs the error, and each request would wait.
        raise RuntimeError("the driver ovn did not start; see the log")
    if not getattr(driver, "_hash_ring_thread", None):
        thread = maintenance.MaintenanceThread()
        thread.add_periodics(maintenance.HashRingHealthCheckPeriodics(driver.hash_ring_group))
        thread.start()


def requests():
    """Yields lines of stdin; other threads run while it waits."""
    if not EVENTLET:
        return sys.stdin
    from eventlet import greenio
    return greenio.GreenPipe(0, "r")


def serve(server):
    """Replies to requests until they end, then ends the process, whatever else runs in it."""
    try:
        worker.serve({name: getattr(server, name) for name in (
            "api", "register_agent", "age_agent", "start_agent", "drivers", "responsible_for_placement",
            "who_writes_profiles", "is_blocked", "wire", "nova_events")}, requests())
    finally:
        os._exit(0)


def main():
    config.register_common_config_options()
    config.init(["--config-file", sys.argv[1]])
    config.setup_logging()
    rpc.init(cfg.CONF)
    if cfg.CONF.notify_nova_on_port_status_changes:
        nova_notifier.Notifier._get_nova_client = lambda _: NovaClient()
    engine = db_api.get_writer_session().get_bind()
    model_base.BASEV2.metadata.create_all(engine)
    take_turns(engine)
    server = Server()
    if "ovn" in cfg.CONF.ml2.mechanism_drivers:
        start_ovn()
    server.fill_default_rules()
    threading.Thread(target=serve, args=(server,)).start()
    while True:
        server.tasks.get()()


main()
