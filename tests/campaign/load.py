# SPDX-License-Identifier: Apache-2.0
"""The load: connections that plug, change and unplug VIFs of all kinds, pipelined, with VFs and names that
collide."""

import collections
import json
import random
import socket
import threading
import time

from api import INSTANCE, Api, vif_id
from model import Request, Shape

LANES = 4
VIFS_OF_A_LANE = 4
PIPELINED = 6
INSTANCES = (INSTANCE, "aaaabbbb-1111-4222-8333-444455556667", "aaaabbbb-1111-4222-8333-444455556668")
BRIDGES = ("br-int", "br-int", "br-two", "br-new", "tbr-1")
MTUS = (1500, 1500, 1400, 9000)
RATES = (0, 0, 5000, 20000)
TAPS = 5  # Fewer than VIFs, so that their names collide.
KINDS = ("vhost-user", "representor", "ovs", "hybrid")
ANSWER_S = 60  # A request names at most 4 s, once each in the queue, at the commit and for an undo.
PAUSE_S = 0.02  # Between tries to connect.


def slots():
    """VFs of both cards, few enough to collide."""
    return [f"0000:65:01.{n}" for n in range(4)] + [f"0000:b3:02.{n}" for n in range(3)]


def random_shape(rng, n, kind, run_dir):
    """One way to plug VIF n. VIFs share VFs and the names of taps; sockets and Linux bridges are their own."""
    place = {
        "vhost-user": lambda: f"/usr/local/var/run/vm{n}" + rng.choice(("", "-b")),
        "representor": lambda: rng.choice(slots()),
        "ovs": lambda: f"tap{n % TAPS}",
        "hybrid": lambda: f"qbr{n}",
    }[kind]()
    mode = ""
    if kind == "vhost-user":
        mode = rng.choice(("server", "server", "client"))
        if mode == "client":
            place = f"{run_dir}/vhu{vif_id(n)[:11]}"
    return Shape(n, kind, rng.choice(BRIDGES), rng.choice(MTUS), f"fa:16:3e:00:{rng.randrange(4):02x}:{n:02x}",
                 place, mode, rng.choice(INSTANCES))


def random_limits(rng, kind):
    if rng.random() < 0.6:
        return None
    egress = rng.choice(RATES) if kind not in ("ovs", "hybrid") or rng.random() < 0.1 else 0
    return egress, rng.choice(RATES)


class Lane(threading.Thread):
    """One client with VIFs of its own. It comes again when its connection ends."""

    def __init__(self, world, model, counts, number, seed, rest_s=0.0):
        super().__init__(daemon=True)
        self.world, self.model, self.counts = world, model, counts
        self.rng = random.Random(seed)
        self.rest_s = rest_s
        self.vifs = [number * VIFS_OF_A_LANE + i + 1 for i in range(VIFS_OF_A_LANE)]
        self.kinds = {n: KINDS[(n + number) % len(KINDS)] for n in self.vifs}
        self.ending = threading.Event()
        self.log = collections.deque(maxlen=400)
        self.complaints = []

    # --- What is asked. ---

    def request(self):
        rng = self.rng
        n = rng.choice(self.vifs)
        kind = self.kinds[n] if rng.random() < 0.9 else rng.choice(KINDS)
        common = {"wait": rng.choice(("realized", "realized", "realized", "committed")),
                  "timeout_ms": rng.choice((1000, 2000, 4000))}
        dice = rng.random()
        if dice < 0.5:
            shape = random_shape(rng, n, kind, self.world.run)
            return Request("plug", n, shape, random_limits(rng, kind), **common)
        if dice < 0.65:
            qos = random_limits(rng, kind)
            mtu = rng.choice(MTUS) if qos is None or rng.random() < 0.5 else 0
            return Request("update", n, None, qos, mtu, **common)
        return Request("unplug", n, **common)

    # --- What comes of it. ---

    def run(self):
        try:
            while not self.ending.is_set():
                self.one_connection()
        except Exception as error:  # pylint: disable=broad-except
            self.complaints.append(f"the load itself failed: {type(error).__name__}: {error}")
            raise

    def one_connection(self):
        try:
            api = Api(self.world.socket, timeout=ANSWER_S)
        except OSError:
            self.ending.wait(PAUSE_S)
            return
        with api:
            while self.burst(api) and not self.ending.is_set():
                self.ending.wait(self.rest_s)

    def burst(self, api):
        """Sends some requests and takes their replies; returns whether the connection is still there. Operations
        on one VIF are done in the order of their requests, so the replies are taken in that order, too."""
        requests, replies = {}, {}
        try:
            for _ in range(self.rng.randint(1, PIPELINED)):
                request = self.request()
                requests[api.last_id + 1] = request
                api.send(request.method, **request.params())
            while requests.keys() - replies.keys():
                reply = api.receive()
                if reply is None or reply.get("id") is None:
                    raise OSError("the daemon closed the connection")
                replies[reply["id"]] = reply
        except (OSError, ValueError) as error:
            if isinstance(error, socket.timeout):
                self.complaints.append(f"no reply within {ANSWER_S} s")
        for number, request in requests.items():
            self.take(request, replies.get(number))
        return requests.keys() == replies.keys()

    def take(self, request, reply):
        if reply is None:
            outcome = "no answer"
            self.model.unanswered(request)
        elif "error" in reply:
            outcome = reply["error"]["data"]["reason"]
            self.model.refused(request, outcome)
            if outcome == "internal":
                self.complaints.append(f"{request}: {reply['error']['message']}")
        else:
            outcome = "acknowledged"
            self.model.acknowledged(request)
        self.counts[outcome] += 1
        self.log.append((time.time(), request, outcome, json.dumps(reply)[:600]))


class Load:
    """All lanes."""

    def __init__(self, world, model, counts, seed, rest_s=0.0):
        rng = random.Random(seed)
        self.lanes = [Lane(world, model, counts, i, rng.random(), rest_s) for i in range(LANES)]

    def start(self):
        for lane in self.lanes:
            lane.start()

    def stop(self):
        """Ends the load; returns what is wrong with the replies."""
        for lane in self.lanes:
            lane.ending.set()
        complaints = []
        for lane in self.lanes:
            lane.join(2 * ANSWER_S)
            if lane.is_alive():
                complaints.append(f"a client still waits for {ANSWER_S} s")
            complaints += lane.complaints
        return complaints

    def log(self):
        """The last requests with their outcomes, in the order of the replies."""
        return sorted((entry for lane in self.lanes for entry in lane.log), key=lambda entry: entry[0])
