# SPDX-License-Identifier: Apache-2.0
"""Each source names its licence."""

import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = ("*.c", "*.h", "*.py", "*.sh", "CMakeLists.txt")


def test_every_source_has_its_licence():
    listed = subprocess.run(["git", "-C", TOP, "ls-files", "--cached", "--others", "--exclude-standard",
                             *SOURCES], capture_output=True, text=True, check=True).stdout.split()
    missing = []
    for path in listed:
        full = os.path.join(TOP, path)
        if os.path.exists(full) and os.path.getsize(full):
            with open(full, encoding="utf-8") as file:
                if "SPDX-License-Identifier: Apache-2.0" not in file.read(200):
                    missing.append(path)
    assert listed and not missing, "\n".join(missing)
