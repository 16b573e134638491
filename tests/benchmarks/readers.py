# SPDX-License-Identifier: Apache-2.0
"""Clients that only read, and their effect on others: list, metrics and get among many VIFs, idle subscribers, a
client that does not read."""

import select
import socket

import workload
from alternatives import results
from cost import plug_up_to
from workload import ports

PART = "readers"
FIRST = 20000
LISTS_UNREAD = 200


def _ask(client, method, **params):
    """Sends one request; returns ms, and the length of the reply."""
    answer = client.ask(do="ask", requests=[workload.request(0, method, **params)])
    results(answer)
    return answer["us"] / 1000, len(answer["lines"][0][1])


def _gets(vifplugd, count, vifs):
    """`get` of VIFs in random order."""
    return [_ask(vifplugd.client, "get", vif_id=workload.Port("vhost-user", n * 7919 % vifs).vif_id)
            for n in range(count)]


def _plugs(vifplugd, count):
    """Committed plugs, one after the other, ms."""
    times = []
    for port in ports("vhost-user", count, first=FIRST):
        times.append(vifplugd.plug([port], realized=False)["us"] / 1000)
        vifplugd.unplug([port], realized=False)
    return times


def _keep(figures, what, samples, meanwhile, vifs):
    figures.add(PART, what, "vifplugd", samples, "ms", meanwhile=meanwhile, vifs=vifs)


def _both(vifplugd, figures, sizes, meanwhile, vifs):
    gets = [ms for ms, _ in _gets(vifplugd, sizes.gets, vifs)]
    _keep(figures, "get", gets, meanwhile, vifs)
    _keep(figures, "plug", _plugs(vifplugd, sizes.operations), meanwhile, vifs)


def _quiet(vifplugd, figures, sizes, vifs):
    _both(vifplugd, figures, sizes, "nothing else", vifs)
    lists = [_ask(vifplugd.client, "list") for _ in range(sizes.lists)]
    _keep(figures, "list", [ms for ms, _ in lists], "nothing else", vifs)
    figures.add(PART, "list size", "vifplugd", [size / 1e6 for _, size in lists], "MB", vifs=vifs)
    metrics = [_ask(vifplugd.client, "metrics") for _ in range(sizes.lists)]
    _keep(figures, "metrics", [ms for ms, _ in metrics], "nothing else", vifs)
    figures.add(PART, "metrics size", "vifplugd", [size / 1e6 for _, size in metrics], "MB", vifs=vifs)


def _beside(method, meanwhile, world, vifplugd, figures, sizes, vifs):
    """Another client asks for a text about all VIFs again and again."""
    lister = world.helper("wire-client", "lines", world.socket)
    gets = []
    plugs = []
    try:
        lister.write(do="ask", requests=[workload.request(n, method) for n in range(sizes.lists)])
        while not select.select([lister.process.stdout], [], [], 0)[0]:
            gets += [ms for ms, _ in _gets(vifplugd, 1, vifs)]
            plugs += _plugs(vifplugd, 1)
        results(lister.read())
    finally:
        lister.close()
    _keep(figures, "get", gets, meanwhile, vifs)
    _keep(figures, "plug", plugs, meanwhile, vifs)


def _beside_subscribers(world, vifplugd, figures, sizes, vifs):
    """Many connections get a notification of every unplug. (There is no ovs-vswitchd that could have the port of a
    plug, of which they would be told.)"""
    count = sizes.subscribers
    crowd = world.helper("wire-client", "lines", world.socket)
    meanwhile = f"{count} subscribers"
    try:
        results(crowd.ask(do="ask", connections=count,
                          requests=[workload.request(n, "subscribe") for n in range(count)]))
        crowd.ask(do="count")
        _both(vifplugd, figures, sizes, meanwhile, vifs)
        _ask(vifplugd.client, "status")
        told = 0
        expected = count * sizes.operations
        for _ in range(100):
            told += crowd.ask(do="count")["lines"]
            if told >= expected:
                break
            select.select([], [], [], 0.05)
        figures.add(PART, "notifications told", "vifplugd", [told], "1", meanwhile=meanwhile,
                    expected=expected, vifs=vifs)
    finally:
        crowd.close()


def _beside_slow_reader(world, vifplugd, figures, sizes, vifs):
    """A client sends requests faster than it reads replies."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
        slow.connect(world.socket)
        slow.setblocking(False)
        lines = "".join(workload.request(n, "list") + "\n" for n in range(LISTS_UNREAD))
        try:
            slow.sendall(lines.encode())
        except BlockingIOError:
            pass  # The daemon reads nothing more from it, as intended.
        _both(vifplugd, figures, sizes, "another does not read", vifs)


def by_vifs(world, alternatives, figures, sizes, have):
    """With the largest number of VIFs."""
    vifplugd = alternatives[0]
    vifs = plug_up_to([vifplugd], have, max(sizes.vifs))
    for other in alternatives[1:]:
        other.close()  # No other program must update a copy of the database.
    figures.say(f"readers, {vifs} VIFs")
    _quiet(vifplugd, figures, sizes, vifs)
    _beside("list", "another lists all", world, vifplugd, figures, sizes, vifs)
    _beside("metrics", "another reads metrics", world, vifplugd, figures, sizes, vifs)
    _beside_subscribers(world, vifplugd, figures, sizes, vifs)
    _beside_slow_reader(world, vifplugd, figures, sizes, vifs)
