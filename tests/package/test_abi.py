# SPDX-License-Identifier: Apache-2.0
"""No release of libvifplug breaks programs built with the release before, unless it has another soname."""

import os
import re
import subprocess

import pytest

import abi
import building
from building import TOP, run

BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
PRESENT = (f"{BUILD}/src/libvifplug.so", f"{TOP}/include")

HEADER = """
#include <stddef.h>
struct filled { size_t size; int one; int two; };
struct hidden;
struct hidden *make(void);
const struct filled *get(const struct hidden *hidden);
int use(struct hidden *hidden, const struct filled *filled);
int count(int n);
"""
SOURCE = """
#include "a.h"
struct hidden { int x; struct filled filled; };
static struct hidden it;
struct hidden *make(void) { return &it; }
const struct filled *get(const struct hidden *hidden) { return (const void *)&hidden->filled; }
int use(struct hidden *hidden, const struct filled *filled) { return hidden->x + filled->one; }
int count(int n) { return n; }
"""


def made(directory, old="", new=""):
    """A library with one text of it replaced, and its header."""
    directory.mkdir()
    assert old in HEADER + SOURCE
    (directory / "a.h").write_text(HEADER.replace(old, new) if old else HEADER, encoding="ascii")
    (directory / "a.c").write_text(SOURCE.replace(old, new) if old else SOURCE, encoding="ascii")
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", "a.c", "-o", "a.so"], cwd=directory, check=True)
    return f"{directory}/a.so", str(directory)


@pytest.mark.parametrize("old, new, broken", [
    ("int x;", "long x, y;", False),
    ("int two;", "int two; long three;", False),
    ("int count(int n);", "int count(int n); int more(void);", False),
    ("int one; int two;", "int two; int one;", True),
    ("int one;", "int one; int half;", True),
    ("int one;", "int one; char half;", True),
    ("int one;", "long one;", True),
    ("int two;", "", True),
    ("int two;", "int two[2];", True),
    ("int count(int n)", "int count(long n)", True),
    ("int count(int n)", "int counted(int n)", True),
    ("const struct filled *get", "const int *get", True)])
def test_what_is_a_break(tmp_path, old, new, broken):
    assert bool(abi.breaks(made(tmp_path / "before"), made(tmp_path / "after", old, new))) == broken


def test_abidiff_sees_the_library():
    """All functions with their types: without debug information it would find no change."""
    text = run("abidw", "--headers-dir", PRESENT[1], PRESENT[0])
    with open(f"{TOP}/src/client/libvifplug.map", encoding="ascii") as file:
        functions = re.findall(r"^ {4}(vifplug_\w+);", file.read(), re.M)
    assert len(functions) > 50
    assert [name for name in functions if f"<function-decl name='{name}' " not in text] == []
    for name in ("vifplug_options", "vifplug_qos", "vifplug_filter", "vifplug_error"):
        assert re.search(rf"<class-decl name='{name}' [^>]*size-in-bits='\d+'", text), name
    assert abi.breaks(PRESENT, PRESENT) == []


def test_the_commit_of_the_release_before(tmp_path, monkeypatch):
    """Whatever tags a clone has. The first release needs nothing; a shallow clone has nothing to compare with."""
    def git(*arguments, at="clone"):
        return run("git", "-C", f"{tmp_path}/{at}", "-c", "user.name=n", "-c", "user.email=e@example.org",
                   *arguments).strip()

    def write(text):
        (tmp_path / "clone/debian/changelog").write_text(text, encoding="ascii")

    def commit(version, text=""):
        write(f"vifplug ({version}-1) unstable\n{text}")
        git("add", "debian")
        git("commit", "--quiet", "--message", version)
        return git("rev-parse", "HEAD")

    def found():
        release = abi.release_before()
        return release and git("rev-parse", release)

    monkeypatch.setattr(building, "TOP", f"{tmp_path}/clone")
    (tmp_path / "clone/debian").mkdir(parents=True)
    git("init", "--quiet")
    write("vifplug (0.2.1-1) unstable\n")
    assert found() is None and not abi.lacks_release()  # A copy of the files.
    commit("0.1.9")
    commit("0.2.0")
    assert found() is None and not abi.lacks_release()
    last = commit("0.2.0", "changed")
    write("vifplug (0.2.1-1) unstable\n")
    assert found() == last
    git("commit", "--quiet", "--allow-empty", "--message", "after the changelog")
    last = git("rev-parse", "HEAD")
    commit("0.2.1")
    commit("0.2.1", "changed")
    assert found() == last and not abi.lacks_release()
    git("clone", "--quiet", "--depth=1", f"file://{tmp_path}/clone", f"{tmp_path}/shallow")
    monkeypatch.setattr(building, "TOP", f"{tmp_path}/shallow")
    assert found() is None and abi.lacks_release()


def test_the_release_before(tmp_path):
    """There is one from 0.2.0 on; until then no release has promised an ABI."""
    if abi.lacks_release():
        pytest.skip(abi.NO_HISTORY)
    with open(f"{BUILD}/CMakeCache.txt", encoding="utf-8") as cache:
        tree = re.search(r"^OVS_BUILD_DIR:\w+=(.*)$", cache.read(), re.M)[1] or f"{BUILD}/openvswitch"
    release = abi.release_before()
    if release:
        before = abi.build(release, tmp_path, tree)
        if abi.soname(before[0]) == abi.soname(PRESENT[0]):
            assert abi.breaks(before, PRESENT) == []
    assert abi.soname(PRESENT[0]) == "libvifplug.so.0"
