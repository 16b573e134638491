# SPDX-License-Identifier: Apache-2.0
"""OVSDB comes back as another database than it was: emptied, restored from a backup, another host's."""

import os

import pytest

from api import Api, ApiError, hybrid, ovs_vif, representor, vhost_user, vif_id, wait_until
from kernel import links
from ovsdb import interface, ports
from test_card import slot

RESTORE = "[daemon]\nsocket_group = root\n[ovs]\nrestore = yes\n"


class Database:
    """The sandbox's OVSDB, whose content a test can keep and put in place of another."""

    def __init__(self, box):
        self.box = box
        self.first = self.backup()

    def backup(self):
        return self.box.command("ovsdb-client", "backup", self.box.db).stdout

    def away(self):
        self.box.stop("ovsdb-server")

    def back(self, content):
        """Starts OVSDB with `content`; None: with nothing but the schema."""
        if content is None:
            os.unlink(f"{self.box.dir}/conf.db")
        else:
            with open(f"{self.box.dir}/conf.db", "w", encoding="utf-8") as file:
                file.write(content)
        self.box.start_ovsdb()

    def replace(self, content):
        self.away()
        self.back(content)

    def restore(self):
        """Puts the first content back. A new ovs-vswitchd connects at once; one that has lost several connections
        waits for up to 8 s."""
        self.box.stop("ovs-vswitchd")
        self.replace(self.first)
        self.box.start_vswitchd()


@pytest.fixture
def database(box):
    one = Database(box)
    yield one
    one.restore()


@pytest.fixture
def card_database(card_box):
    one = Database(card_box)
    yield one
    one.restore()


def state(api, n):
    """The state of a VIF; None: it is not known; "no OVSDB"."""
    try:
        return {vif["vif_id"]: vif["state"] for vif in api.call("list")["vifs"]}.get(vif_id(n))
    except ApiError as error:
        assert error.reason == "switch_unavailable", error
        return "no OVSDB"


def wait_state(api, n, value):
    # An ovs-vswitchd that has lost several connections waits for up to 8 s, and then makes the ports.
    wait_until(lambda: state(api, n) == value, 40, f"VIF {n} is {value}")


def identities(box):
    """The index and the alias of each link of vifplugd."""
    return [(name, link["ifindex"], link["ifalias"]) for name, link in links(box).items()
            if link.get("ifalias", "").startswith("vifplugd:")]


def test_missing_is_shown_until_it_is_unplugged(box, api, database):
    """Without restore nothing is written, and nothing is forgotten."""
    vif = api.plug(vhost_user(1))
    api.plug(hybrid(2))
    before = identities(box)
    database.replace(None)
    wait_state(api, 1, "missing")
    wait_state(api, 2, "missing")
    seen = api.get_vif(1)
    assert {key: seen[key] for key in ("bridge", "port", "kind")} == {
        key: vif[key] for key in ("bridge", "port", "kind")}
    assert seen["drift"] == [{"field": "port", "expected": vif["port"], "found": ""}]
    assert api.call("status")["counters"]["missing"] == 2
    assert "missing" in box.vifctl("list").stdout
    assert box.vsctl("list-br") == ""
    assert set(before) <= set(identities(box)), "the guests may use their links"
    assert api.unplug(vif_id(1))["changed"] is False
    assert api.unplug(vif_id(2))["changed"] is True, "its links go"
    assert state(api, 1) is None and state(api, 2) is None
    assert api.call("status")["counters"]["missing"] == 0


def test_replug_ends_missing(box, api, database):
    """What Nova does after a restart of the compute service."""
    api.plug(vhost_user(1))
    database.replace(None)
    wait_state(api, 1, "missing")
    assert api.plug(vhost_user(1))["changed"] is True
    assert state(api, 1) == "up" and len(ports(box, "br-int")) == 1


def test_restart_beside_an_empty_database(box, api, database):
    """OVSDB is the only store: a new daemon knows nothing, and a replug is the way."""
    api.plug(vhost_user(1))
    box.stop("vifplugd")
    database.replace(None)
    box.start_vifplugd()
    with Api(box.socket) as again:
        assert again.call("list")["vifs"] == []
        assert again.plug(vhost_user(1))["changed"] is True


@pytest.fixture
def restoring(box, configure):
    configure(RESTORE)
    with Api(box.socket) as api:
        yield api


def test_emptied(box, restoring, database):
    before = restoring.plug(vhost_user(1))
    restoring.plug(ovs_vif(2))
    restoring.plug(hybrid(3))
    database.replace(None)
    for n, ends in ((1, "up"), (2, "committed"), (3, "up")):
        wait_state(restoring, n, ends)
    row = interface(box, before["port"])
    assert row["options"] == {"vhost-server-path": "/usr/local/var/run/vhost1"}
    assert (row["external_ids"]["iface-id"], row["mtu_request"]) == (vif_id(1), 1500)
    assert box.vsctl("get", "Bridge", "br-int", "datapath_type").strip('"') == "netdev"
    assert restoring.plug(vhost_user(1))["changed"] is False
    for n in (1, 2, 3):
        assert restoring.unplug(vif_id(n))["changed"] is True


def test_older(box, restoring, database):
    """The backup has another MTU, no VIF 2, and VIF 3, which was unplugged since."""
    port = restoring.plug(vhost_user(1, mtu=1400))["port"]
    restoring.plug(vhost_user(3))
    old = database.backup()
    restoring.plug(vhost_user(1))
    restoring.plug(vhost_user(2))
    restoring.unplug(vif_id(3))
    database.replace(old)
    wait_until(lambda: interface(box, port)["mtu_request"] == 1500, what="the MTU is right again")
    wait_state(restoring, 2, "up")
    wait_state(restoring, 3, "up")  # OVSDB decides: the VIF is there, and an unplug or a reap removes it.


def test_newer(box, restoring, database):
    """A database with what this daemon does not know: nothing of it is changed."""
    restoring.plug(vhost_user(1))
    restoring.plug(vhost_user(2, mtu=1400))
    new = database.backup()
    restoring.unplug(vif_id(2))
    database.replace(new)
    wait_state(restoring, 2, "up")
    assert interface(box, restoring.get_vif(2)["port"])["mtu_request"] == 1400
    assert len(ports(box, "br-int")) == 2


def test_of_another_host(box, restoring, database):
    """Its VIFs are of another boot; ours come beside them."""
    other = restoring.plug(vhost_user(7))["port"]
    box.vsctl("set", "Interface", other, "external_ids:vifplug-boot-id=another")
    theirs = database.backup()
    restoring.unplug(vif_id(7))
    port = restoring.plug(vhost_user(1))["port"]
    database.replace(theirs)
    wait_state(restoring, 1, "up")
    assert state(restoring, 7) == "stale"
    assert ports(box, "br-int") == sorted([other, port])


@pytest.mark.parametrize("taken", ("name", "iface-id", "socket"))
def test_somebody_in_the_place(box, restoring, database, taken):
    """Nothing is put over the row of somebody else."""
    port = restoring.plug(vhost_user(1))["port"]
    restoring.unplug(vif_id(1))
    box.vsctl("--may-exist", "add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    name = port if taken == "name" else "foreign"
    columns = ["type=internal"]
    if taken == "iface-id":
        columns.append(f"external_ids:iface-id={vif_id(1)}")
    if taken == "socket":
        columns = ["type=dpdkvhostuserclient", "options:vhost-server-path=/usr/local/var/run/vhost1"]
    box.vsctl("add-port", "br-int", name, "--", "set", "Interface", name, *columns)
    theirs = database.backup()
    box.vsctl("del-port", name)
    assert restoring.plug(vhost_user(1))["state"] == "up"
    database.replace(theirs)
    wait_state(restoring, 1, "missing")
    assert ports(box, "br-int") == [name]
    assert "vifplug-owner" not in interface(box, name)["external_ids"]
    assert restoring.get_vif(1)["state"] == "missing"


def test_operations_under_way(box, restoring, database):
    """Each plug that is acknowledged is there in the end, each unplug is done."""
    for n in range(8):
        restoring.plug(vhost_user(n))
    database.away()
    plugs = [restoring.send("plug", vif=vhost_user(n), instance={"uuid": "00000000-0000-0000-0000-000000000001"},
                            timeout_ms=20000) for n in range(8, 16)]
    unplugs = [restoring.send("unplug", vif_id=vif_id(n)) for n in range(4)]
    database.back(None)
    replies = restoring.collect(plugs + unplugs)
    assert all("result" in reply for reply in replies.values()), replies
    wait_until(lambda: {n for n in range(16) if state(restoring, n) == "up"} == set(range(4, 16)),
               what="VIFs 4 to 15 are up")
    assert len(ports(box, "br-int")) == 12


def test_bridge_comes_later(box, configure, database):
    """Without create_bridges somebody else makes the bridge; then the ports come."""
    configure(RESTORE + "create_bridges = no\n")
    box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    with Api(box.socket) as api:
        api.plug(vhost_user(1))
        database.replace(None)
        wait_state(api, 1, "missing")
        box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
        wait_state(api, 1, "up")


@pytest.mark.driver
def test_representor(card_box, configure_card, card_database):
    """A guest's representor comes back by itself."""
    configure_card(RESTORE + f"run_dir = {card_box.run}\n")
    with Api(card_box.socket) as api:
        vif = api.plug(representor(1, slot(10)))
        card_database.replace(card_database.first)
        wait_state(api, 1, "up")
        assert interface(card_box, vif["port"])["options"]["dpdk-devargs"] == vif["representor"]["devargs"]


def test_daemon_tells(box, restoring, database):
    """Subscribers hear that a VIF is missing, and that it is there again."""
    restoring.plug(vhost_user(1))
    with Api(box.socket) as watcher:
        watcher.call("subscribe")
        database.replace(None)
        seen = []
        while not seen or seen[-1] != ("vif.changed", "up"):
            event = watcher.receive()
            seen.append((event["method"], event["params"].get("state", event["params"].get("what"))))
        assert seen[:3] == [("switch.down", "ovsdb"), ("switch.up", "ovsdb"), ("vif.drifted", "missing")], seen
