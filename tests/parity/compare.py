# SPDX-License-Identifier: Apache-2.0
"""Runs a case on both sides and returns the differences."""

import json
from concurrent.futures import ThreadPoolExecutor

import state


def _of(box, vif):
    """Returns the VIF for that sandbox: {run} is the run directory of its switch."""
    return json.loads(json.dumps(vif).replace("{run}", box.run))


def _do(side, step):
    """Does a step; returns the state after it, with the reply if there is one."""
    answer = None
    if step.does == "there":
        step.what(side.box)
    else:
        answer = getattr(side, step.does)(_of(side.box, step.what), step.instance)
    found = state.look(side.box)
    if answer:
        found["answer"] = answer
    return found


def run(case, os_vif, vifplugd, clear):
    """Returns {step's name: {key: (os-vif's value, vifplugd's)}}. `clear` restores the initial state of a
    sandbox."""
    sides = (os_vif, vifplugd)
    with ThreadPoolExecutor(len(sides)) as pool:
        for side in sides:
            side.configure(**case.options)
        try:
            return {step.name: state.differences(*pool.map(lambda side: _do(side, step), sides))
                    for step in case.steps}
        finally:
            list(pool.map(clear, (side.box for side in sides)))
