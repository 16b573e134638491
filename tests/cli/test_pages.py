# SPDX-License-Identifier: Apache-2.0
"""The manual pages that the build has made: mandoc finds nothing wrong, and they have all that there is."""

import os
import re
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
PAGES = ("vifctl.8", "vifplugd.8", "vifplugd.conf.5", "libvifplug.3", "vifplug.7")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def shown(page):
    """A page as a reader sees it, with each item at the beginning of a line."""
    text = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=1000", f"{BUILD}/docs/man/{page}"],
                          capture_output=True, text=True, check=True).stdout
    return re.sub(".\b", "", text)


def helped(program, *arguments):
    return subprocess.run([f"{BUILD}/src/{program}", *arguments, "--help"], capture_output=True, text=True,
                          check=True).stdout


def terms(page):
    """The first words of the page's items."""
    return [line.strip() for line in shown(page).splitlines() if line.startswith("     ")]


@pytest.mark.parametrize("page", PAGES)
def test_lint(page):
    """But for long lines: those of examples have the length that they need."""
    done = subprocess.run(["mandoc", "-T", "lint", f"{BUILD}/docs/man/{page}"], capture_output=True, text=True,
                          check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "longer than 80 bytes" not in line]
    # "referenced manual not found": the pages need not be installed here.
    assert [line for line in lines if "referenced manual not found" not in line] == []


@pytest.mark.parametrize("program", ["vifctl", "vifplugd"])
def test_options(program):
    """Each option of the help has an item, with its text."""
    entries = re.findall(r"^  (-.*?)(?:  +(.*))?$", helped(program), re.M)
    page = "\n".join(terms(f"{program}.8"))
    assert len(entries) > 10
    for name, text in entries:
        assert re.search(rf"^{re.escape(name)}(?: |$)", page, re.M), name
        assert text in page, text


def test_commands():
    """Each command, with its summary and all of its options."""
    page = "\n".join(terms("vifctl.8"))
    commands = re.findall(r"^  (\w+).*?  +(.*)$", helped("vifctl").split("Commands:\n")[1].split("\n\n")[0], re.M)
    assert len(commands) >= 10
    for name, summary in commands:
        entry = re.search(rf"^{name} \[OPTIONS\].*?^Options: (.*?)\.$", page, re.M | re.S)
        assert entry and summary in entry[0], name
        # The first long name of each line that begins with an option, whatever else stands before it.
        listed = helped("vifctl", name).split("\nOptions:\n")[1].splitlines()
        lines = [line.split() for line in listed if line.lstrip().startswith("-")]
        options = [re.split("[=,[]", next(word for word in words if word.startswith("--")))[0] for words in lines]
        assert entry[1].split(", ") == options and "--help" in options


def test_settings():
    """Each setting of the daemon's table, with its default on the same line, and each key of a NIC profile."""
    table = read("src/daemon/config.c").split("config_settings[] = {")[1].split("#undef TEXT")[0]
    names = [text or number or word for text, number, word in re.findall(
        r'TEXT\("\w+", (\w+)|NUMBER\("\w+", "(\w+)"|^ *\{"\w+", "(\w+)"', table, re.M)]
    page = terms("vifplugd.conf.5")
    assert len(names) > 20 and [name for name in names if not any(
        line == f"{name} =" or line.startswith(f"{name} = ") for line in page)] == []
    defaults = re.findall(r"^;([a-z]\w* =.*)", read("etc/vifplugd.conf").split("\n# NIC profiles")[0], re.M)
    assert len(defaults) >= len(names) and [text for text in defaults if not any(
        line == text.strip() or line.startswith(f"{text.strip()} ") for line in page)] == []
    keys = re.findall(r"^;   ([a-z][\w.-]*(?:KEY)?) ", read("etc/vifplugd.conf"), re.M)
    assert len(keys) > 8 and [key for key in keys if not any(
        line == key or line.startswith(f"{key} ") for line in page)] == []


def test_functions():
    page = shown("libvifplug.3")
    functions = re.findall(r"^VIFPLUG_API [^;(]*?\b(\w+)\(", read("include/vifplug/vifplug.h"), re.M)
    assert len(functions) > 30 and [name for name in functions if f"{name}(" not in page] == []
    assert "VIFPLUG_API" not in page and "clang-format" not in page


def test_methods():
    """Each method has its part, and each reason its item."""
    page = shown("vifplug.7")
    methods = re.findall(r"^\| \[`(\w+)`\]", read("docs/api.md"), re.M)
    reasons = re.findall(r"^\| `(\w+)` \| (?:yes|no) \|", read("docs/api.md"), re.M)
    assert len(methods) >= 10 and len(reasons) > 10
    for name in (*methods, *reasons):
        assert re.search(rf"^ {{4,}}{name}(?: |$)", page, re.M), name
    assert "](" not in page and "| --- |" not in page


def test_sentences_that_begin_with_a_link():
    """They stay. What has only links leads to sections, which a manual page does not need."""
    text = read("docs/api.md").split("\n## The C library\n")[0]
    begun = re.findall(r"^\n\[([^]]+)\]\([^)]*\)([^[|\n]*)", text, re.M)
    sentences = [(name + rest).replace("`", "").strip() for name, rest in begun if rest.strip("\N{MIDDLE DOT} ")]
    page = " ".join(shown("vifplug.7").split())
    assert len(sentences) >= 3 and [told for told in sentences if " ".join(told.split()) not in page] == []
    assert "Methods \N{BULLET}" not in page and "Methods \N{MIDDLE DOT}" not in page
