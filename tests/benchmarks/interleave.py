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
    [turn, ...]}; a turn is a list of the results of measure()."""
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
            if budget.is_spent() or all(_count(turns) >= samples for turns in taken.values()):
                break
    finally:
        for alternative in alternatives:
            alternative.wake()
    for alternative in alternatives:
        alternative.resume()
    return taken


def _count(turns):
    return sum(len(turn) for turn in turns)


def _turn(alternative, measure, warm_up, taken, samples, turn_n):
    left = min(turn_n, samples - _count(taken))
    if left <= 0:
        return
    turn = []
    taken.append(turn)
    alternative.resume()
    try:
        warm_up(alternative)
        end = time.monotonic() + TURN_S
        while len(turn) < left and not (turn and time.monotonic() >= end):
            turn.append(measure(alternative))
    finally:
        alternative.pause()
