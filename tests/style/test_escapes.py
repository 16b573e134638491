# SPDX-License-Identifier: Apache-2.0
"""Text from outside is escaped wherever it is shown (src/base/display.h): each room has one way to show it."""

import ast
import glob
import os
import re

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def offenders(pattern, allowed, *globs):
    """Returns the lines that match, as `file:line: text`, of all files except those `allowed`."""
    files = [path for one in globs for path in glob.glob(os.path.join(TOP, one))]
    assert files
    for path in sorted(files):
        name = os.path.relpath(path, TOP)
        if name not in allowed:
            with open(path, encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    if re.search(pattern, line):
                        yield f"{name}:{number}: {line.strip()}"


@pytest.mark.parametrize("pattern, allowed, where, use", [
    (r"\bVLOG_(EMER|ERR|WARN|INFO|DBG|FATAL|ABORT|RL|DROP\w*)(_RL|_ONCE)?\(", {"src/base/log.h"},
     ("src/*/*.c", "src/*/*.h"), "SLOG_*() of base/log.h"),
    # The tables of help and completion are vifctl's own.
    (r"(?<!\w)(v?f?printf|f?puts|f?putc|putchar|v?dprintf|fwrite|perror|write)\(",
     {"src/cli/show.c", "src/cli/help.c", "src/cli/completion.c"}, ("src/cli/*.c",), "show*() of cli/show.c"),
])
def test_one_way_to_show_text(pattern, allowed, where, use):
    wrong = list(offenders(pattern, allowed, *where))
    assert not wrong, f"use {use}:\n" + "\n".join(wrong)


def is_escaped(argument):
    return isinstance(argument, ast.Constant) or (
        isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name)
        and argument.func.id == "printable") or (isinstance(argument, ast.Name) and argument.id == "method")


def test_python_logs_escaped_text():
    """Each argument of a log line is a constant, printable(...), or a method's name."""
    wrong = []
    calls = 0
    for path in sorted(glob.glob(os.path.join(TOP, "src/openstack/vifplug/*.py"))):
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for node in ast.walk(tree):
            if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name) and node.func.value.id == "LOG"):
                calls += 1
                if not all(is_escaped(argument) for argument in node.args):
                    wrong.append(f"{os.path.basename(path)}:{node.lineno}")
    assert calls and not wrong, "use printable():\n" + "\n".join(wrong)
