# SPDX-License-Identifier: Apache-2.0
"""The same VIF, plugged by Debian's os-vif into one switch and by vifplugd into another, has the same rows
and links, except for the differences that differences.py lists for that version of os-vif."""

import importlib.metadata

import pytest

from boxes import clear
from cases import CASES
from compare import run
from differences import ALL, DIFFERENCES, VERSIONS, number

INSTALLED = number(importlib.metadata.version("os-vif"))
# The differences of the installed version: (row, show).
LISTED = [(row, show) for row in DIFFERENCES for show in row.shows
          if max(number(row.since), number(show.since)) <= INSTALLED
          <= min(number(row.until), number(show.until))]


@pytest.fixture(scope="module")
def result(os_vif, vifplugd):
    """Returns the result of a case; runs each case once."""
    results = {}

    def run_once(case):
        if case.name not in results:
            results[case.name] = run(case, os_vif, vifplugd, clear)
        return results[case.name]
    return run_once


def explains(case, step, difference):
    """Returns the (show, key) of all listed differences that cover a difference."""
    return [(id(show), key) for _, show in LISTED
            if show.covers(case, step) for key in show.keys_of(difference)]


def shown(case, found):
    """Returns {(show, step, key)} that occur in a case's result."""
    return {(show, step, key) for step, differences in found.items()
            for difference in differences.items()
            for show, key in explains(case.name, step, difference)}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case, result):
    found = result(case)
    unlisted = [f"after {step}: {key} is {values[0]} with os-vif, {values[1]} with vifplugd"
                for step, differences in found.items() for key, values in differences.items()
                if not explains(case.name, step, (key, values))]
    assert not unlisted, "\n".join(unlisted)
    there = shown(case, found)
    missing = [f"{row.what}: {key} after {step}" for row, show in LISTED
               if case.name in show.cases for step in show.steps for key in show.keys
               if (id(show), step, key) not in there]
    assert not missing, "\n".join(missing)


def test_what_is_listed_for_all(result):
    """A difference that is listed for all cases occurs in some."""
    there = set()
    for case in CASES:
        there |= {(show, key) for show, _, key in shown(case, result(case))}
    missing = [f"{row.what}: {key}" for row, show in LISTED
               if show.cases == ALL for key in show.keys if (id(show), key) not in there]
    assert not missing, "\n".join(missing)


def test_cases_that_are_listed():
    """Every case and step of a listed difference exists."""
    steps = {case.name: {step.name for step in case.steps} for case in CASES}
    for row in DIFFERENCES:
        for show in row.shows:
            for case in set(show.cases) - set(ALL):
                assert set(show.steps) <= steps[case], (row.what, case)


def test_versions_that_are_listed():
    """The table covers this os-vif, and every row has a version that was compared."""
    assert INSTALLED in map(number, VERSIONS)
    for row in DIFFERENCES:
        assert row.versions, row.what
        assert all({show.since, show.until} <= set(VERSIONS) for show in row.shows), row.what
