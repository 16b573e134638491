# SPDX-License-Identifier: Apache-2.0
"""docs/vif-types.md is correct: the tests plug each of its VIFs and compare the result with it."""

import pytest

import document
import state
from boxes import clear
from document import TABLES
from rows import outcomes
from words import cells, line

EVERY_ROW = [(name, number) for name, (_, rows) in TABLES.items() for number in range(len(rows))]


def lines_of(name):
    return document.read(name).split("\n")


@pytest.mark.parametrize("name,number", EVERY_ROW)
def test_row(name, number, vifplugd):
    """All forms of the VIF have the same result, and the document has that result."""
    row = TABLES[name][1][number]
    first, *others = outcomes(vifplugd, row, clear)
    for vif, other in zip(row.forms[1:], others):
        assert state.differences(first.plugged, other.plugged) == {}, vif
        assert state.differences(first.after, other.after) == {}, vif
    assert lines_of(name)[2 + number] == line(row, first), (
        "write it again: python3 tests/parity/document.py --write")


@pytest.mark.parametrize("name", TABLES)
def test_nothing_else_is_said(name):
    header, rows = TABLES[name]
    lines = lines_of(name)
    assert lines[:2] == [cells(*header), cells(*["---"] * len(header))]
    assert len(lines) == 2 + len(rows)


def test_differences():
    """The document has the list that test_parity.py checks."""
    assert document.read("differences") == document.differences_table()
