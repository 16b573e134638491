# SPDX-License-Identifier: Apache-2.0
"""The generated parts of docs/vif-types.md.

`python3 tests/parity/document.py --write` plugs the VIFs of rows.py into a separate switch and writes the
results, and the list of differences.py, into the document. test_vif_types.py plugs them again and compares.
"""

import os
import sys

import boxes  # Must precede imports of modules of the other tests.
from differences import DIFFERENCES, VERSIONS
from rows import ROWS, SETTINGS, outcomes
from words import SETTING_HEADER, VIF_HEADER, cells, line, table

PATH = os.path.join(boxes.TESTS, "..", "docs", "vif-types.md")
TABLES = {"VIFs": (VIF_HEADER, ROWS), "settings": (SETTING_HEADER, SETTINGS)}
DIFFERENCES_HEADER = ("what", "in os-vif", "os-vif", "vifplugd", "why")


def versions_words(row):
    """Returns the versions of os-vif that have a difference, as text."""
    return "all" if row.versions == VERSIONS else ", ".join(row.versions)


def differences_table():
    return table(DIFFERENCES_HEADER, [
        cells(row.what, versions_words(row), row.osvif, row.vifplugd, row.why) for row in DIFFERENCES])


def _split(name):
    """Returns the document before, in and after a generated part."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    with open(PATH, encoding="utf-8") as file:
        before, _, rest = file.read().partition(begin)
    part, found, after = rest.partition(end)
    assert found, f"{PATH} has no part between {begin.strip()} and {end.strip()}"
    return before + begin, part, end + after


def read(name):
    return _split(name)[1]


def write(name, part):
    before, _, after = _split(name)
    with open(PATH, "w", encoding="utf-8") as file:
        file.write(before + part + after)


def main():
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    with boxes.vifplugd() as vifplugd:
        for name, (header, rows) in TABLES.items():
            write(name, table(header, [
                line(row, outcomes(vifplugd, row, boxes.clear)[0]) for row in rows]))
    write("differences", differences_table())


if __name__ == "__main__":
    main()
