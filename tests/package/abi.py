# SPDX-License-Identifier: Apache-2.0
"""Whether programs that were built with one version of libvifplug run with another: what abidiff says, and what of
it does no harm."""

import os
import re
import subprocess

import building

FIRST = (0, 2)  # The first version whose ABI is promised.
# Why the comparison is skipped, also in CI.
NO_HISTORY = "this clone has no commit of the release before; git fetch --unshallow gets them"

# What a report may have: functions that have changed only in that a struct has more members at its end. (It has no
# functions that were added: --no-added-syms.)
HARMLESS = re.compile(
    r"(Functions|Variables) changes summary: 0 Removed, .*|"
    r"\d+ functions? with some indirect sub-type changes?:|"
    r"\[C\] 'function .*' at .* has some indirect sub-type changes:|"
    r"(parameter \d+ of type|in (pointed to|unqualified underlying) type) '.*' (has sub-type changes|at .*):|"
    r"return type changed:|in pointed to type '.*':|\d+ data member insertions?:")
GROWN = re.compile(r"type size changed from (\d+) to \d+ \(in bits\)")
MEMBER = re.compile(r"'.*', at offset (\d+) \(in bits\) at .*")


def breaks(before, after):
    """The lines of abidiff's report about more than members at the end of a struct. Both are (library, directory
    of its headers)."""
    done = subprocess.run(
        ["abidiff", "--no-added-syms", "--headers-dir1", before[1], "--headers-dir2", after[1],
         before[0], after[0]], capture_output=True, text=True, check=False)
    assert done.returncode & 3 == 0, done.stdout + done.stderr  # abidiff itself has failed.
    found, size = [], 0
    for line in filter(None, map(str.strip, done.stdout.splitlines())):
        grown, member = GROWN.fullmatch(line), MEMBER.fullmatch(line)
        size = int(grown[1]) if grown else size
        if not grown and not HARMLESS.fullmatch(line) and not (member and int(member[1]) >= size > 0):
            found.append(line)
    assert done.returncode or not found
    return found


def has_commits():
    """Whether the tree is a clone, and not a copy of the files alone."""
    return building.run("git", "-C", building.TOP, "rev-list", "--all", "--max-count=1").strip() != ""


def release_before():
    """The last commit of the version before the present one, if that version has promised an ABI; or None. The
    versions are those of debian/changelog: a clone need not have tags."""
    present = building.changelog()[1]
    later = None
    commits = building.run("git", "-C", building.TOP, "log", "--first-parent", "--format=%H", "HEAD", "--",
                           "debian/changelog").split() if has_commits() else []
    for commit in commits:
        text = building.run("git", "-C", building.TOP, "show", f"{commit}:debian/changelog")
        version = building.version_in(text)[1]
        if version != present:
            promised = tuple(map(int, version.split(".")))[:2] >= FIRST
            return (f"{later}^" if later else "HEAD") if promised else None
        later = commit
    return None


def lacks_release():
    """Whether there is a release before the present version that this clone does not have: a shallow clone."""
    version = tuple(map(int, building.changelog()[1].split(".")))
    return release_before() is None and has_commits() and version > (*FIRST, 0)


def build(commit, directory, open_vswitch):
    """Builds the library of a commit; returns it with its headers."""
    tree = f"{directory}/tree"
    os.makedirs(tree)
    building.run("git", "-C", building.TOP, "archive", f"--output={directory}/tree.tar", commit)
    building.run("tar", "--extract", f"--file={directory}/tree.tar", "--directory", tree, "--no-same-owner")
    building.run("cmake", "-S", tree, "-B", f"{directory}/build", "-G", "Ninja", "-DVIFPLUG_TESTS=OFF",
                 f"-DOVS_BUILD_DIR={open_vswitch}")
    building.run("cmake", "--build", f"{directory}/build", "--target", "vifplug")
    return f"{directory}/build/src/libvifplug.so", f"{tree}/include"


def soname(library):
    return re.search(r"SONAME +(\S+)", building.run("objdump", "-p", library))[1]
