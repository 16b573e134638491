# SPDX-License-Identifier: Apache-2.0
"""What may be true of each VIF, by the requests and their replies alone.

A VIF has a set of possible states. An acknowledged operation takes each of them to the state that was asked for, a
refused one leaves them, and one without a reply may have happened. A state is a Shape, or None: not plugged.

A plug changes links that exist once OVSDB has committed, so one that a kill cuts off may have happened without the
new MAC and MTU of the links (docs/architecture.md).
"""

import threading
from typing import NamedTuple, Optional

from api import INSTANCE, vif_id

UNKNOWN = "unknown"  # Limits that the model does not follow.
NO_LIMITS = (0, 0)
# An unplug is never undone, so one that failed in these ways may have happened.
MAY_HAVE_UNPLUGGED = {"switch_unavailable", "timeout", "not_realized", "internal"}
DPDK_KINDS = ("vhost-user", "representor")


class Shape(NamedTuple):
    """A plugged VIF, as it was asked for."""

    n: int
    kind: str
    bridge: str
    mtu: int
    mac: str
    place: str  # By kind: the socket's path, the VF's PCI address, the tap's name, the Linux bridge.
    mode: str = ""
    instance: str = INSTANCE
    qos: object = NO_LIMITS  # (egress, ingress) in kbit/s, or UNKNOWN.
    tap_mac: str = ""  # If it differs from `mac`.
    mtu_before: int = 0  # Links may have this MTU as well; 0: none.

    @property
    def port(self):
        prefix = {"vhost-user": "vhu", "representor": "vfr", "hybrid": "qvo"}.get(self.kind)
        return f"{prefix}{vif_id(self.n)[:11]}" if prefix else self.place

    @property
    def links(self):
        """The links that the VIF has beside its port's row."""
        if self.kind == "hybrid":
            return {self.place: "bridge", f"qvb{vif_id(self.n)[:11]}": "veth", self.port: "veth"}
        return {self.place: "tun"} if self.kind == "ovs" else {}

    def vif(self):
        """The native VIF of the request."""
        vif = {"vif_id": vif_id(self.n), "kind": self.kind, "bridge": self.bridge, "mtu": self.mtu,
               "address": self.mac, "datapath_type": "netdev"}
        if self.kind == "vhost-user":
            vif["vhost_user"] = {"path": self.place, "mode": self.mode}
        elif self.kind == "representor":
            vif["pci_slot"] = self.place
        elif self.kind == "ovs":
            vif.update(vif_name=self.place, create_tap=True)
        else:
            vif["linux_bridge"] = self.place
        return vif


def limits(qos):
    """The members of a request for a pair of limits."""
    asked = {}
    for direction, rate in zip(("egress", "ingress"), qos):
        if rate:
            asked[direction] = {"max_kbps": rate}
    return asked


class Request(NamedTuple):
    """One operation on one VIF."""

    method: str
    n: int
    shape: Optional[Shape] = None  # plug
    qos: Optional[tuple] = None  # plug, update; None: not asked for
    mtu: int = 0  # update; 0: not asked for
    wait: str = "realized"
    timeout_ms: int = 4000

    def params(self):
        params = {"timeout_ms": self.timeout_ms, "wait": self.wait}
        if self.method == "plug":
            vif = self.shape.vif()
            if self.qos is not None:
                vif["qos"] = limits(self.qos)
            return {**params, "vif": vif, "instance": {"uuid": self.shape.instance}}
        params["vif_id"] = vif_id(self.n)
        if self.mtu:
            params["mtu"] = self.mtu
        if self.method == "update" and self.qos is not None:
            params["qos"] = limits(self.qos)
        return params

    def applied(self, state):
        """The state after the operation has been done on a VIF in `state`."""
        if self.method == "unplug":
            return None
        if self.method == "plug":
            if self.qos is not None:
                return self.shape._replace(qos=self.qos)
            if state is None:
                return self.shape
            # Limits stay with the port; those of another kind of port are not followed.
            return self.shape._replace(qos=state.qos if state.kind == self.shape.kind else UNKNOWN)
        if state is None:
            return None
        changed = state._replace(mtu=self.mtu) if self.mtu else state
        return changed._replace(qos=self.qos) if self.qos is not None else changed


def cut_off(before, after):
    """The states between two, in which only links differ from `after`: they get their MAC, then their MTU."""
    if not before or not after or not after.links or before.kind != after.kind:
        return set()
    mtu_set = after._replace(mtu_before=before.mtu)  # Of some of its links.
    return {mtu_set, mtu_set._replace(tap_mac=before.tap_mac or before.mac)}


class Known(NamedTuple):
    """What is known of one VIF."""

    possible: frozenset = frozenset({None})
    must_be_up: bool = False  # The last thing that was said of it is that it is up.
    late: frozenset = frozenset()  # What requests may still do of which nobody waits for the reply.


class Model:
    """All VIFs. Lanes of the load tell it what they asked and what came of it, in the order of the daemon."""

    def __init__(self):
        self.lock = threading.Lock()
        self.vifs = {}
        self.bridges = set()  # Bridges that a plug may have made.
        self.strangers = False  # Others have asked for VIFs that the model does not know.

    def known(self, n):
        return self.vifs.get(n, Known())

    def _set(self, n, **changes):
        self.vifs[n] = self.known(n)._replace(**changes)

    def acknowledged(self, request):
        with self.lock:
            known = self.known(request.n)
            states = frozenset(request.applied(state) for state in known.possible)
            up = request.method != "unplug" and None not in states and request.wait == "realized"
            self._set(request.n, possible=states, must_be_up=up)
            self._note_bridge(request)

    def refused(self, request, reason):
        with self.lock:
            known = self.known(request.n)
            if request.method == "unplug" and reason in MAY_HAVE_UNPLUGGED:
                self._set(request.n, possible=known.possible | {None})

    def unanswered(self, request):
        with self.lock:
            known = self.known(request.n)
            done = {request.applied(state) for state in known.possible}
            for state in known.possible:
                done |= cut_off(state, request.applied(state))
            self._set(request.n, possible=known.possible | done, must_be_up=False)
            self._note_bridge(request)

    def adrift(self, request):
        """Nobody waits for the reply, and later requests of other connections may be done before it."""
        with self.lock:
            known = self.known(request.n)
            self._set(request.n, late=known.late | {request}, must_be_up=False)
            self._note_bridge(request)

    def _note_bridge(self, request):
        if request.shape:
            self.bridges.add(request.shape.bridge)

    def candidates(self, n):
        """All states that the VIF may be in: the requests adrift may have been done in any order."""
        known = self.known(n)
        states = set(known.possible)
        for _ in known.late:
            states |= {request.applied(state) for request in known.late for state in set(states)}
        return states

    def seen(self, n, state):
        """The VIF has been found in `state`, with nothing under way."""
        with self.lock:
            known = self.known(n)
            self.vifs[n] = Known(frozenset({state}), known.must_be_up and state is not None)

    def disown(self, first):
        """From VIF number `first` on, requests that the model is not told of are sent: it knows nothing of these
        VIFs."""
        with self.lock:
            for n in [n for n in self.vifs if n >= first]:
                del self.vifs[n]

    def forget(self):
        with self.lock:
            self.vifs.clear()
            self.bridges.clear()
            self.strangers = False
