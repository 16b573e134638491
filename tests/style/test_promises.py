# SPDX-License-Identifier: Apache-2.0
"""docs/reliability.md says for each promise which tests hold it: each named test exists, each promise stands where
it is quoted from, and docs/api.md makes none without."""

import os
import re
from typing import NamedTuple

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELIABILITY = "docs/reliability.md"
API = "docs/api.md"
# The sections of docs/api.md that promise what the daemon does; the others describe the forms of values.
SECTIONS = ("plug", "unplug", "update", "get and list", "stats", "reap", "subscribe", "check", "A VIF in a reply",
            "Errors", "Limits", "Who may call")
PROMISING_TABLES = {"notification", "state", "code", "reason", "what", "`fail_mode`"}  # By their first column.
NO_PROMISES = ("(one line in reality)", "Members that do not apply")  # Paragraphs by their beginning.


class Row(NamedTuple):
    """One promise of docs/reliability.md."""

    page: str
    section: str
    quote: str
    tests: list  # (file below tests, function)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def plain(text):
    return " ".join(text.split())


def rows():
    """The rows of the tables, each with the page that its heading links to."""
    page, title, found = None, None, []
    for line in read(RELIABILITY).splitlines():
        heading = re.match(r"### \[(.*)\]\(([\w./]+)", line)
        if heading:
            title, page = heading[1], os.path.normpath(f"docs/{heading[2]}")
        elif line.startswith("## "):
            page = None
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if page and line.startswith("| ") and len(cells) == 2 and cells[0] not in ("promise", "---"):
            tests = [(file, name) for file, names in re.findall(r"`([\w/.-]+)`: ([^;]*)", cells[1])
                     for name in re.findall(r"`(\w+)`", names)]
            found.append(Row(page, title, cells[0], tests))
    return found


def section(text, title):
    """The text below a heading, up to the next one."""
    match = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", text, re.M | re.S)
    assert match, f"{API} has no section {title}"
    return re.sub(r"^```.*?^```$", "", match[1], flags=re.M | re.S)


def promises(text):
    """The bullets, paragraphs and rows of tables that promise something."""
    for block in re.split(r"\n\n+", text.strip()):
        if block.startswith("|"):
            lines = block.splitlines()
            if lines[0].split("|")[1].strip() in PROMISING_TABLES:
                yield from lines[2:]
        elif block.startswith("* "):
            yield from re.split(r"\n(?=\* )", block)
        else:
            yield block


def is_quoted(promise, quote):
    """A word alone quotes only the row of a table that begins with it."""
    return promise.startswith(f"| {quote}") if re.fullmatch(r"`[^`]+`", quote) else quote in promise


@pytest.mark.parametrize("title", SECTIONS)
def test_no_promise_is_without_a_test(title):
    quotes = [plain(row.quote) for row in rows() if row.page == API and row.section == title]
    without = [one for one in map(plain, promises(section(read(API), title)))
               if not one.startswith(NO_PROMISES) and not any(is_quoted(one, quote) for quote in quotes)]
    assert not without, f"{RELIABILITY} quotes none of:\n" + "\n".join(without)


def test_every_promise_is_made():
    assert len(rows()) > 50
    wrong = [row.quote for row in rows() if plain(row.quote) not in plain(read(row.page))]
    assert not wrong, "the pages do not have these words:\n" + "\n".join(wrong)


def test_every_test_exists():
    wrong = [row.quote for row in rows() if not row.tests]
    for row in rows():
        for path, name in row.tests:
            form = rf"^static void {name}\(" if path.endswith(".c") else rf"^def {name}\("
            full = os.path.join("tests", path)
            if not os.path.exists(os.path.join(TOP, full)) or not re.search(form, read(full), re.M):
                wrong.append(f"{row.quote}: {full} has no {name}")
    assert not wrong, "\n".join(wrong)
