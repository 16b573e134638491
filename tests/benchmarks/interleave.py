# SPDX-License-Identifier: Apache-2.0
"""Side by side: everybody gets a turn in every round, so that what the machine does meanwhile hits all
alike. Who has no turn is stopped: an idle copy of the database would otherwise be brought up to date on
the cores on which the others are measured. What it has missed it takes in when its turn comes, before
anything is measured. Turns are short, so that vifplugd, which asks its server every five seconds whether it
lives, does not take the connection for dead."""

import time

from figures import Budget

TURN_S = 0.6
TURN_N = 10


def interleave(alternatives, measure, warm_up, samples, seconds, turn_n=TURN_N):
    """Calls measure(alternative) in turns until each has `samples` of them, or `seconds` have passed (each
    has its first turn in any case). warm_up(alternative) is called at the beginning of a turn. Returns
    {alternative: [what measure() returned, ...]}."""
    taken = {alternative: [] for alternative in alternatives}
    budget = Budget(seconds)
    first = 0
    for alternative in alternatives:
        alternative.pause()
    try:
        while True:
            order = alternatives[first:] + alternatives[:first]
            for alternative in order:
                _turn(alternative, measure, warm_up, taken[alternative], samples, turn_n)
            first = (first + 1) % len(alternatives)
            if budget.is_spent() or all(len(one) >= samples for one in taken.values()):
                break
    finally:
        for alternative in alternatives:
            alternative.wake()
    for alternative in alternatives:
        alternative.resume()
    return taken


def _turn(alternative, measure, warm_up, taken, samples, turn_n):
    if len(taken) >= samples:
        return
    alternative.resume()
    try:
        warm_up(alternative)
        end = time.monotonic() + TURN_S
        for n in range(turn_n):
            if len(taken) >= samples or (n > 0 and time.monotonic() >= end):
                break
            taken.append(measure(alternative))
    finally:
        alternative.pause()
