# SPDX-License-Identifier: Apache-2.0
"""The simulated card behaves like Napatech's published driver (tests/smartnic/vpsim.h): representors only for
VFs that were named at start, ids in the order of the VFs, link only for packed or in-order rings."""

import os
import re
import shutil

import pytest

import pcitree
from api import Api, ApiError, representor, vif_id, wait_until
from conftest import a_sandbox
from ovsdb import counts
from qemu import QemuGuest
from sandbox import TOP, Sandbox, card_vfs
from test_card import BURSTS, PF, exchange, slot, socket_of

pytestmark = pytest.mark.driver

VFS = 24  # Numbers 4 to 27, as docs/napatech.md has them.


@pytest.fixture(scope="module")
def whole_card_box():
    """Instead of the sandbox with the other cards: one Napatech card, with all VFs named at start."""
    with a_sandbox(Sandbox, cards=("napatech",), vfs=VFS, driver="published") as sandbox:
        yield sandbox


@pytest.fixture
def restart_switch(card_box):
    """Restarts ovs-vswitchd with -a options of the test; restores the sandbox's options after the test."""
    original = card_box.dpdk_extra()
    named = card_box.allowed(card_box.state["cards"][0])

    def set_extra(extra):
        card_box.stop("ovs-vswitchd")
        card_box.vsctl("set", "Open_vSwitch", ".", f'other_config:dpdk-extra="{extra}"')
        card_box.start_vswitchd()

    def restart(allowed):
        assert named in original
        set_extra(original.replace(named, allowed))
    yield restart
    set_extra(original)


def allow(vfs, ids="4-27"):
    """Returns the -a options of the PF, with these ids, and of VFs."""
    return " ".join([f"-a {PF},representor=[{ids}]", *(f"-a {vf}" for vf in vfs)])


def all_vfs(box):
    return card_vfs(box.state["cards"][0])


def link_state(box, port):
    return box.vsctl("get", "Interface", port, "link_state")


def received(box, port):
    """Returns how many frames the switch has received on a port. (The column statistics is up to 5 s old.)"""
    text = box.command("ovs-ofctl", "dump-ports", "br-int", port).stdout
    return int(re.search(r"rx pkts=(\d+),", text).group(1))


def add_port(box, number):
    """Adds a port on a representor without vifplugd; returns its name."""
    name = f"plain{number}"
    box.vsctl("--may-exist", "add-br", "br-int", "--", "set", "Bridge", "br-int",
              "datapath_type=netdev", "--", "add-port", "br-int", name, "--", "set", "Interface", name,
              "type=dpdk", f"options:dpdk-devargs={PF},representor=[{number}]")
    wait_until(lambda: box.vsctl("get", "Interface", name, "ofport") not in ("[]", "0"), 15,
               f"vswitchd has looked at {name}")
    return name


def attaches(box, number):
    return box.vsctl("get", "Interface", add_port(box, number), "error") == "[]"


def log_path(box):
    return os.path.join(box.log, "ovs-vswitchd.log")


def log_has(box, text, since):
    """Whether ovs-vswitchd.log contains the text after that size."""
    with open(log_path(box), encoding="utf-8", errors="replace") as file:
        file.seek(since)
        return text in file.read()


def plug_with_guests(api, guest, rings):
    """Plugs VIFs on numbers from 10 on, with a guest of each kind of rings on its socket; returns [(port,
    guest)]."""
    result = []
    for n, kind in enumerate(rings):
        reply = api.plug(representor(n, slot(10 + n)))
        assert reply["state"] == "up"
        one = guest(f"p{n}", socket_of(10 + n), mac=reply["address"], rings=kind)
        result.append((reply["port"], one))
    return result


@pytest.mark.parametrize("rings", ["packed", "in-order"])
def test_frames(card_box, card_api, guest, rings):
    (first_port, first), (second_port, second) = plug_with_guests(card_api, guest, [rings, rings])
    for port in (first_port, second_port):
        wait_until(lambda port=port: link_state(card_box, port) == "up", 20, f"the link of {port} is up")
    exchange(first, second, 1514)


def test_guest_without_such_rings(card_box, card_api, guest):
    """The port is up and the guest connected, but it has no link, and none of its frames passes. The log of
    ovs-vswitchd says why."""
    since = os.path.getsize(log_path(card_box))
    guests = plug_with_guests(card_api, guest, ["packed", "packed", "split"])
    for port, _ in guests[:2]:
        wait_until(lambda port=port: link_state(card_box, port) == "up", 20, f"the link of {port} is up")
    (_, first), (_, second), (port, split) = guests
    words = f"{socket_of(12)}: the guest has neither packed nor in-order"
    wait_until(lambda: log_has(card_box, words, since), 20, "the card looks at the guest's rings")
    assert split.is_connected()
    # A card goes on counting where it was when another port had the VF.
    names = [guests[0][0], guests[1][0], port]
    before = [received(card_box, name) for name in names]
    first.receive()
    split.send(BURSTS, 1000, first.mac)
    second.send(BURSTS, 1000, first.mac)
    wait_until(lambda: first.counters()[0] >= BURSTS * 32, 15, "the other guest's frames arrive")
    assert first.counters()[0] == BURSTS * 32
    assert card_api.get_vif(2)["state"] == "up"
    assert link_state(card_box, port) == "down"
    assert [received(card_box, name) - start for name, start in zip(names, before)] == [0, BURSTS * 32, 0]


def test_vf_that_was_not_named_at_start(card_box, restart_switch):
    restart_switch(allow(all_vfs(card_box)[:4], "4-7"))
    assert attaches(card_box, 7)
    assert not attaches(card_box, 8)
    assert "Error attaching device" in card_box.vsctl("get", "Interface", "plain8", "error")


def test_ids_go_by_the_order_of_the_vfs(card_box, restart_switch, guest):
    """With one VF less than ids, every later representor leads to the guest of the next VF."""
    vfs = all_vfs(card_box)
    restart_switch(allow(vfs[:2] + vfs[3:]))
    ports = [add_port(card_box, number) for number in (5, 10)]
    for name, number in (("five", 5), ("eleven", 11)):
        guest(name, socket_of(number), rings="packed")
    for port in ports:
        wait_until(lambda port=port: link_state(card_box, port) == "up", 20, f"the link of {port} is up")
    assert not attaches(card_box, 27)


def test_ids_out_of_range(card_box, restart_switch):
    """The PF's probe fails, and so do those of all its VFs."""
    since = os.path.getsize(log_path(card_box))
    restart_switch(allow(all_vfs(card_box)[:4], "69-72"))
    wait_until(lambda: log_has(card_box, "representor id 72 is not from 2 to 71", since))
    assert not attaches(card_box, 69)


@pytest.fixture
def socket_directory(card_box):
    """The directory of VF 4's socket with sep=1; exists while the test's switch runs."""
    path = os.path.join(card_box.dir, "stdvio", "stdvio4")
    os.mkdir(path)
    yield
    shutil.rmtree(path)


def test_sockets_in_directories_of_their_own(card_box, socket_directory, restart_switch, guest):
    """sep=1 in a VF's devargs puts its socket into a separate directory."""
    vfs = all_vfs(card_box)
    restart_switch(allow([f"{vfs[0]},sep=1", *vfs[1:]]))
    ports = [add_port(card_box, number) for number in (4, 5)]
    guest("sep", "/usr/local/var/run/stdvio4/stdvio4", rings="packed")
    guest("not", socket_of(5), rings="packed")
    for port in ports:
        wait_until(lambda port=port: link_state(card_box, port) == "up", 20, f"the link of {port} is up")


def test_vhost_mode_is_server_whatever_is_set(card_box, card_api, guest):
    card_box.card_settings(vhost_mode="client")
    [(port, _)] = plug_with_guests(card_api, guest, ["packed"])
    wait_until(lambda: link_state(card_box, port) == "up", 20, "the link is up")


# --- The documented setup. ---


def documented_extra():
    """Returns the commands of docs/napatech.md that write dpdk-extra."""
    with open(os.path.join(TOP, "docs", "napatech.md"), encoding="utf-8") as file:
        text = file.read()
    [block] = re.findall(r'^    extra=.*?other_config:dpdk-extra=[^\n]*\n', text, re.DOTALL | re.MULTILINE)
    return block


@pytest.fixture
def documented(card_box, restart_switch):
    """Starts ovs-vswitchd as in the document, with changes only for the sandbox: the tree of PCI devices, its
    database, and EAL's memory and the simulated card's driver instead of the iova-mode."""
    memory = card_box.dpdk_extra().replace(card_box.allowed(card_box.state["cards"][0]), "")
    script = documented_extra()
    for there, here in (("/sys/", f"{card_box.sys}/"), ("--iova-mode=pa", memory),
                        ("ovs-vsctl ", f"ovs-vsctl --db={card_box.db} ")):
        assert there in script
        script = script.replace(there, here)
    card_box.stop("ovs-vswitchd")
    card_box.command("sh", "-e", "-c", script)
    card_box.start_vswitchd()
    return card_box


def test_documented_setup(documented, card_api, guest):
    """All VFs exist, and guests with packed rings exchange frames through the first, the last, and one
    between."""
    pf, vfs = nics(card_api)
    assert "problem" not in pf and not any("problem" in vf for vf in vfs.values())
    guests = []
    for n, number in enumerate((4, 10, 27)):
        reply = card_api.plug(representor(n, slot(number)))
        one = guest(f"d{n}", reply["vhost_user"]["path"], mac=reply["address"], rings="packed")
        wait_until(lambda port=reply["port"]: link_state(documented, port) == "up", 20, "the link is up")
        guests.append(one)
    exchange(guests[0], guests[1], 1514)
    exchange(guests[1], guests[2], 1514)


def test_setup_as_it_was_documented_before(card_box, card_api, restart_switch):
    """With only the list of ids there are no representors."""
    restart_switch(allow([]))
    assert not attaches(card_box, 10)
    assert "does not name VF 0000:65:01.2" in refusal(card_api, 10).message


@pytest.fixture
def boot(card_box):
    """Starts Linux guests in QEMU; ends them after the test."""
    guests = []

    def start(name, reply, address, **options):
        guests.append(QemuGuest(card_box, name, reply["vhost_user"]["path"], reply["address"], address,
                                **options).start())
        return guests[-1]
    yield start
    for one in guests:
        one.stop()


def test_linux_guests(documented, card_api, boot):
    """Guests to which QEMU offers packed rings ping each other; a guest without, as of Debian 12's Nova, sees
    its link up but reaches no other guest."""
    replies = [card_api.plug(representor(n, slot(10 + n))) for n in range(3)]
    guests = [boot(f"l{n}", reply, f"192.0.2.{n + 1}/24", packed=n < 2)
              for n, reply in enumerate(replies)]
    for one in guests:
        one.ready()
    first, _, split = guests
    wait_until(lambda: first.ping("192.0.2.2", 100, 1) == 1, 30, "the first ping is answered")
    assert first.ping("192.0.2.2", 1500, 3) == 3
    assert split.command("cat /sys/class/net/eth0/carrier").split()[-1] == "1"
    assert split.ping("192.0.2.1", 100, 1) == 0
    # ovs-vswitchd writes it up to 5 s late.
    wait_until(lambda: [link_state(documented, reply["port"]) for reply in replies] == ["up", "up", "down"],
               what="the links of the first two are up")
    frames = [received(documented, reply["port"]) for reply in replies]
    assert frames[0] > 0 and frames[1] > 0 and frames[2] == 0
    assert card_api.get_vif(2)["state"] == "up"


# --- What vifplugd does with it. ---


def refusal(api, number, n=1):
    """Returns the error of a plug of that VF number."""
    with pytest.raises(ApiError) as refused:
        api.plug(representor(n, slot(number)))
    return refused.value


def nics(api):
    """Returns (PF, {VF number: VF}) of the card from the reply to `nics`."""
    [pf] = api.call("nics")["nics"]
    return pf, {vf["vf_num"]: vf for vf in pf["vfs"]}


def set_extra(box, text):
    box.vsctl("set", "Open_vSwitch", ".", f'other_config:dpdk-extra="{text}"')


def test_all_vfs_are_well(card_api):
    pf, vfs = nics(card_api)
    assert pf["profile"] == "napatech" and "problem" not in pf
    assert sorted(vfs) == list(range(4, 4 + VFS)) and not any("problem" in vf for vf in vfs.values())


def test_refused_vf_that_was_not_named(card_box, card_api, restart_switch):
    """The plug is refused before anything is written, with a message that says why; `nics` has the same
    message. When dpdk-extra names the VF, the message says to restart; after the restart the plug succeeds."""
    restart_switch(allow(all_vfs(card_box)[:4], "4-7"))
    before = counts(card_box)
    error = refusal(card_api, 8)
    assert error.reason == "device_not_found" and error.field == "vif.pci_slot"
    assert "does not name VF 0000:65:01.0" in error.message and "restart ovs-vswitchd" in error.message
    assert counts(card_box) == before
    pf, vfs = nics(card_api)
    assert vfs[8]["problem"] == error.message and "problem" not in vfs[7] and "problem" not in pf
    assert card_api.plug(representor(2, slot(7)))["state"] == "up"
    set_extra(card_box, card_box.dpdk_extra())
    wait_until(lambda: "corrected since, so restart" in refusal(card_api, 8).message)
    restart_switch(card_box.allowed(card_box.state["cards"][0]))
    assert card_api.plug(representor(1, slot(8)))["state"] == "up"
    assert "problem" not in nics(card_api)[1][8]


def test_refused_ids_that_are_not_in_step(card_box, card_api, restart_switch):
    """ovs-vswitchd would attach the port, but it would be another guest's."""
    vfs = all_vfs(card_box)
    restart_switch(allow(vfs[:2] + vfs[3:]))
    error = refusal(card_api, 10)
    assert error.reason == "device_not_found"
    assert "the representor id 9" in error.message and "would be another VF's" in error.message
    assert card_api.plug(representor(2, slot(5)))["state"] == "up"
    pf, shown = nics(card_api)
    assert "24 ids in representor=[..] of PF 0000:65:00.0 and names 23 of its VFs" in pf["problem"]
    assert shown[10]["problem"] == error.message
    assert pf["problem"] in card_box.vifctl("nics").stdout


def test_refused_without_the_pf(card_box, card_api, restart_switch):
    """With device arguments as for the plain driver: `-a PF`, and no VFs."""
    restart_switch(f"-a {PF}")
    assert "names PF 0000:65:00.0 without representor=[..]" in refusal(card_api, 10).message
    assert "does not name PF 0000:65:00.0 with representor=[..]" in nics(card_api)[0]["problem"]


@pytest.fixture
def vf_72(card_box):
    """Adds one more VF, 0000:65:09.0, out of the driver's range of numbers."""
    tree = pcitree.Tree(card_box.sys)
    link = os.path.join(tree.devices, PF, f"virtfn{VFS}")
    device = os.path.join(tree.devices, slot(72))
    tree.add_device(slot(72), "18f4", "051a")
    os.symlink(f"../{PF}", os.path.join(device, "physfn"))
    os.symlink(f"../{slot(72)}", link)
    yield
    os.unlink(link)
    for name in os.listdir(device):
        os.unlink(os.path.join(device, name))
    os.rmdir(device)


@pytest.mark.usefixtures("vf_72")
def test_refused_number_out_of_range(card_api):
    error = refusal(card_api, 72)
    assert error.reason == "device_not_found" and error.field == "vif.pci_slot"
    assert "has number 72" in error.message and "numbers 2 to 71 only" in error.message
    assert nics(card_api)[1][72]["problem"] == error.message


def test_running_port_is_not_refused(card_box, configure_card, restart_switch):
    """nova-compute replugs all VIFs when it starts; a running port succeeds even if the next start of
    ovs-vswitchd will not make its representor, also if vifplugd does not know what that vswitchd was started
    with."""
    restart_switch(card_box.allowed(card_box.state["cards"][0]))
    configure_card("[daemon]\nsocket_group = root\n")
    with Api(card_box.socket) as api:
        api.plug(representor(1, slot(10)))
        set_extra(card_box, f"-a {PF}")
        assert api.plug(representor(1, slot(10)))["changed"] is False
        assert api.plug(representor(2, slot(11)))["state"] == "up"  # vswitchd has it.
    configure_card("[daemon]\nsocket_group = root\n")
    with Api(card_box.socket) as api:
        for n, number in ((1, 10), (2, 11)):
            assert api.plug(representor(n, slot(number)))["changed"] is False
        assert "without representor" in refusal(api, 12, 3).message
        api.unplug(vif_id(1))
        api.unplug(vif_id(2))


def test_driver_that_makes_them_later(card_box, configure_card, restart_switch):
    """With representors = any-time ovs-vswitchd decides."""
    restart_switch(allow(all_vfs(card_box)[:4], "4-7"))
    configure_card("[daemon]\nsocket_group = root\n[nic napatech]\nrepresentors = any-time\n")
    with Api(card_box.socket) as api:
        error = refusal(api, 8)
        assert error.reason == "not_realized" and "Error attaching device" in error.message
        assert not any("problem" in vf for vf in nics(api)[1].values())
