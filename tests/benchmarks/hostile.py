# SPDX-License-Identifier: Apache-2.0
"""A good client beside peers that misbehave: its committed plugs, its `status`, and the daemon's memory.

Beside the time of each, the daemon's CPU time meanwhile: what the client would wait for the daemon at most if the
daemon had a core of its own. On a machine that does other things too, the rest of the time is the scheduler's.

The good client has the rights of nova-compute (`allow`), another user may only read (`allow_read`), and a third
is in no list. All are unprivileged."""

import contextlib
import os
import select
import subprocess

import workload
from alternatives import results
from cost import plug_up_to
from figures import Budget
from helper import Helper, HelperError, cpu_us, memory_kb
from hostile_peer import PEERS
from world import GOOD_UID, GROUP, READER_UID, STRANGER_UID
from workload import ports

PART = "hostile"
ALONE = "nothing else"
FIRST = 30000
VIFS_MAX = 1000
SECONDS_MAX = 4       # For each kind of peer.

# Which user does what.
CASES = ([(READER_UID, "reader", what) for what in PEERS] +
         [(STRANGER_UID, "stranger", what)
          for what in ("requests status", "connects and leaves", "holds connections", "lines without an end")])
PYTHON = "/usr/bin/python3"
WHAT = (("plug", "ms"), ("plug-cpu", "ms"), ("status", "ms"), ("status-cpu", "ms"), ("memory", "MB"))


def _as_user(uid, command):
    return ["setpriv", f"--reuid={uid}", f"--regid={GROUP}", "--clear-groups", "--", *command]


@contextlib.contextmanager
def _peer(world, uid, what):
    """A peer that misbehaves, as long as the context lasts."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hostile_peer.py")
    with open(script, encoding="utf-8") as file:
        text = file.read()  # Other users may not be able to read the source tree.
    with subprocess.Popen(_as_user(uid, [PYTHON, "-c", text, world.socket, what]), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, cwd="/") as process:
        try:
            if not select.select([process.stdout], [], [], 60)[0] or process.stdout.readline() != b"ready\n":
                raise HelperError(f"the peer '{what}' has not begun")
            yield
        finally:
            process.kill()


def _client(world):
    """The good client's process."""
    return Helper(_as_user(GOOD_UID, [world.program("wire-client"), "lines", world.socket]),
                  log=f"{world.log}/good-client.out")


def _ask(client, method, **params):
    answer = client.ask(do="ask", requests=[workload.request(0, method, **params)])
    results(answer)
    return answer["us"] / 1000


def _ask_and_count(samples, pid, client, method, **params):
    """Adds the time of the request, and the daemon's CPU time meanwhile, to the samples of that method."""
    before = cpu_us(pid)
    samples[method].append(_ask(client, method, **params))
    samples[f"{method}-cpu"].append((cpu_us(pid) - before) / 1000)


def _measure(world, client, sizes):
    """Returns the figures of one case: ms of plugs and of status, MB."""
    budget = Budget(min(sizes.seconds, SECONDS_MAX))
    samples = {what: [] for what, _ in WHAT}
    pid = world.pid("vifplugd")
    for port in ports("vhost-user", sizes.operations, first=FIRST):
        _ask_and_count(samples, pid, client, "plug", vif=port.vif(), instance={"uuid": workload.INSTANCE},
                       wait="committed")
        _ask(client, "unplug", vif_id=port.vif_id, wait="committed")
        _ask_and_count(samples, pid, client, "status")
        samples["memory"].append(memory_kb(pid) / 1024)
        if budget.is_spent():
            break
    return samples


def _case(world, figures, sizes, vifs, meanwhile):
    client = _client(world)
    try:
        _ask(client, "status")
        samples = _measure(world, client, sizes)
    finally:
        client.close()
    for what, unit in WHAT:
        figures.add(PART, what, "vifplugd", samples[what], unit, meanwhile=meanwhile, vifs=vifs)


def _case_beside(world, vifplugd, figures, sizes, vifs, case):
    uid, who, what = case
    meanwhile = f"{who}: {what}"
    figures.say(f"hostile, {meanwhile}")
    vifplugd.stop()  # With a new daemon for each case, no case inherits another's memory or backlog.
    vifplugd.start()
    with _peer(world, uid, what):
        try:
            _case(world, figures, sizes, vifs, meanwhile)
        except HelperError as error:  # The good client was refused.
            figures.add(PART, "refused", "vifplugd", [1], "1", meanwhile=meanwhile, vifs=vifs, error=str(error))


def by_vifs(world, alternatives, figures, sizes):
    """With some VIFs."""
    vifplugd = alternatives[0]
    for other in alternatives[1:]:
        other.close()
    vifs = min(max(sizes.vifs), VIFS_MAX)
    plug_up_to([vifplugd], 0, vifs)  # Those that are there stay as they are.
    os.chmod(os.path.dirname(world.dir), 0o711)
    os.chmod(world.dir, 0o711)
    figures.say(f"hostile, {vifs} VIFs")
    _case(world, figures, sizes, vifs, ALONE)
    for case in CASES:
        _case_beside(world, vifplugd, figures, sizes, vifs, case)
    vifplugd.connect()
