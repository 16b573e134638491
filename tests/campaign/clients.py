# SPDX-License-Identifier: Apache-2.0
"""The faults of other clients: those that vanish, those that flood, those that send what nobody should."""

import contextlib
import copy
import json
import random
import socket
import threading
import time

from api import INSTANCE, Api, ApiError, vif_id
from faults import pause
from load import KINDS, LANES, VIFS_OF_A_LANE, random_shape
from model import Request

FIRST = LANES * VIFS_OF_A_LANE + 1  # The VIFs of these clients are not those of the load.
VIFS = 6
FLOODERS = 24
ENDLESS = b"x" * (262144 + 2)  # Longer than a line may be.
# In place of a value of a request.
ODD_VALUES = (None, True, -1, 0, 1, 67, 65536, 2**31, 2**63, 1.5, "", "0", "\u0000", "../../etc", "a" * 64,
              "b" * 65, "x" * 5000, "é" * 8, "\x1b[31m", [], [[]], {}, {"a": {}}, "br-int", "lo", "ovs-netdev",
              "0000:65:00.0", "0000:65:1f.7", "ff:ff:ff:ff:ff:ff", "/", "/usr/local/var/run/../../../etc/passwd",
              "representor", "hybrid")
ODD_MEMBERS = ("vif_id", "kind", "bridge", "qos", "mtu", "details", "vnic_type", "versioned_object.name",
               "create_port", "multiqueue", "interface_id", "dry_run", "wait", "timeout_ms")


def connection(world):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(10)
    one.connect(world.socket)
    return one


def line(method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"


def vanish(world, rng, model):
    """Clients close their connection within a line, before the reply, or while they read it."""
    for _ in range(40):
        n = FIRST + rng.randrange(VIFS)
        shape = random_shape(rng, n, rng.choice(KINDS), world.run)
        request = rng.choice((Request("plug", n, shape), Request("unplug", n), Request("update", n, mtu=1400)))
        text = line(request.method, **request.params())
        with contextlib.suppress(OSError), connection(world) as one:
            ending = rng.random()
            if ending < 0.3:
                one.sendall(text[:rng.randrange(len(text))])
                continue
            model.adrift(request)
            one.sendall(text)
            if ending < 0.6:
                pause(rng, 0.02)
            elif ending < 0.8:
                one.shutdown(socket.SHUT_WR)
                one.recv(rng.choice((1, 4096)))
            else:
                one.recv(1)


def flood(world, rng, _model):
    """Many connections ask without a pause and do not read.

    They ask for lists, NICs and dry runs, and send broken and endless lines."""
    ending = threading.Event()
    dry_run = line("plug", vif=random_shape(rng, FIRST, "vhost-user", world.run).vif(),
                   instance={"uuid": INSTANCE}, dry_run=True)
    lines = [line("list"), line("nics"), line("status"), line("describe"), b"{\n", b"\xff\xfe\n", b"[]\n",
             line("nosuch"), dry_run]

    def flooder(seed):
        mine = random.Random(seed)
        while not ending.is_set():
            with contextlib.suppress(OSError), connection(world) as one:
                one.settimeout(0.2)
                reads = mine.random() < 0.5
                while not ending.is_set():
                    one.sendall(mine.choice(lines) * mine.choice((1, 50)) if mine.random() < 0.98 else ENDLESS)
                    if reads and not one.recv(1 << 20):
                        break
            ending.wait(0.01)

    threads = [threading.Thread(target=flooder, args=(rng.random(),), daemon=True) for _ in range(FLOODERS)]
    for thread in threads:
        thread.start()
    pause(rng, 3, 1.5)
    ending.set()
    for thread in threads:
        thread.join(20)


def places(tree, path=()):
    """All paths of a JSON tree."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def mutate(rng, tree):
    """A request with one to three things wrong; the rest of it stays a request."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.randint(1, 3)):
        paths = [one for one in places(tree) if one]
        if not paths:
            break
        path = rng.choice(paths)
        parent = tree
        for key in path[:-1]:
            parent = parent[key]
        dice = rng.random()
        if dice < 0.6:
            parent[path[-1]] = copy.deepcopy(rng.choice(ODD_VALUES))
        elif dice < 0.8:
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[rng.choice(ODD_MEMBERS)] = copy.deepcopy(rng.choice(ODD_VALUES))
    return tree


def mutants(world, rng, model):
    """Requests of the right form have wrong values.

    Each is done, or refused with a reason that is not `internal`."""
    model.strangers = True
    model.disown(FIRST)
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        n = FIRST + rng.randrange(VIFS)
        request = rng.choice((Request("plug", n, random_shape(rng, n, rng.choice(KINDS), world.run),
                                      rng.choice((None, (5000, 5000), (0, 5000)))),
                              Request("unplug", n), Request("update", n, qos=(0, 20000), mtu=1400)))
        tree = mutate(rng, {"method": request.method, "params": {**request.params(), "timeout_ms": 1000}})
        with contextlib.suppress(OSError), Api(world.socket) as api:
            api.send_raw(json.dumps({"jsonrpc": "2.0", "id": 1, **tree}).encode() + b"\n")
            reply = api.receive()
            if reply is None or reply.get("id") not in (1, None):
                world.complaints.append(f"no reply to {tree}")
            elif "error" in reply and reply["error"]["data"]["reason"] == "internal":
                world.complaints.append(f"{tree}: {reply['error']['message']}")
    forget_strangers(world)


def forget_strangers(world):
    """Unplugs what the mutants have plugged, whatever its id."""
    ours = {vif_id(n) for n in range(1, FIRST)}
    with contextlib.suppress(OSError), Api(world.socket) as api:
        for vif in api.call("list")["vifs"]:
            if vif["vif_id"] not in ours:
                with contextlib.suppress(ApiError):
                    api.unplug(vif["vif_id"])


CLIENTS = {"vanish": vanish, "flood": flood, "mutants": mutants}
