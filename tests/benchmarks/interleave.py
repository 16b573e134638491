# SPDX-License-Identifier: Apache-2.0
"""Runs the alternatives in turns: each gets a turn in every round, so that other work of the machine affects
all of them. The others are stopped: an idle one would update its copy of the database on the cores of the
measurement. When its turn comes, an alternative first updates its copy. Turns are short, because vifplugd
tests its connection to the server every five seconds."""

import time

from figures import Budget

TURN_S = 0.6
TURN_N = 10


def interleave(alternatives, measure, warm_up, samples, seconds, turn_n=TURN_N):
    """Calls measure(alternative) in turns until each has `samples` of them, or `seconds` have passed (each
    has at least one turn). Calls warm_up(alternative) at the beginning of a turn. Returns {alternative:
    [results of measure(), ...]}."""
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
