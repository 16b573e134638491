# SPDX-License-Identifier: Apache-2.0
"""Shows which lines of src/engine and src/watch their unit tests run.

usage: tests/coverage [--missing]

It builds in build-coverage/, runs only the unit tests with the label `engine` (`ctest -L engine`), and prints the
share of the lines that ran, for each file and for the two folders, as gcov counts them. The exit status is 1 if
that is less than 90 % for a folder, or if a test fails. --missing also prints the lines that did not run.

OVS_BUILD_DIR in the environment names a built tree of Open vSwitch; the default is that of build/.
"""

import collections
import glob
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build-coverage")
FOLDERS = ("src/engine", "src/watch")
LEAST = 90  # Percent.


def ovs_options():
    """Returns the option that names the existing tree of Open vSwitch, so that it is not built again."""
    tree = os.environ.get("OVS_BUILD_DIR")
    cache = os.path.join(TOP, "build/CMakeCache.txt")
    if not tree and os.path.exists(cache):
        with open(cache, encoding="utf-8") as file:
            named = [line.partition("=")[2].strip() for line in file if line.startswith("OVS_BUILD_DIR:")]
        tree = named and named[0] or os.path.join(TOP, "build/openvswitch")
    return [f"-DOVS_BUILD_DIR={tree}"] if tree else []


def build():
    subprocess.run(["cmake", "-S", TOP, "-B", BUILD, "-G", "Ninja", "-DVIFPLUG_COVERAGE=ON", *ovs_options()],
                   check=True, stdout=subprocess.DEVNULL)
    listed = subprocess.run(["ctest", "--test-dir", BUILD, "-L", "^engine$", "--show-only=json-v1"], check=True,
                            stdout=subprocess.PIPE)
    names = [test["name"].replace("unit-", "test-", 1) for test in json.loads(listed.stdout)["tests"]]
    subprocess.run(["ninja", "-C", BUILD, "--quiet", *names], check=True)


def run_tests():
    """Runs the tests, after removing the counts of earlier runs."""
    for path in glob.glob(os.path.join(BUILD, "**/*.gcda"), recursive=True):
        os.remove(path)
    subprocess.run(["ctest", "--test-dir", BUILD, "-L", "^engine$", "--output-on-failure", "--quiet"], check=True)


def count_lines():
    """Returns how often each line ran: {path: {line: count}}. The lines of a header count in each file that
    includes it."""
    counts = collections.defaultdict(dict)
    for folder in FOLDERS:
        objects = os.path.join(BUILD, "src/CMakeFiles/vpdaemon.dir", os.path.basename(folder))
        done = subprocess.run(["gcov", "--json-format", "--stdout", *glob.glob(objects + "/*.gcno")], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in done.stdout.splitlines():
            for file in json.loads(line)["files"]:
                lines = counts[os.path.relpath(os.path.join(BUILD, file["file"]), TOP)]
                for entry in file["lines"]:
                    number = entry["line_number"]
                    lines[number] = max(lines.get(number, 0), entry["count"])
    return counts


def percent(lines):
    return 100 * sum(count > 0 for count in lines) / len(lines)


def report(counts, missing):
    """Prints all figures; returns whether both folders have enough."""
    enough = True
    for folder in FOLDERS:
        in_folder = []
        for path in sorted(path for path in counts if path.startswith(folder + "/")):
            lines = counts[path]
            in_folder += lines.values()
            print(f"{percent(lines.values()):6.1f} %  {len(lines):4} lines  {path}")
            if missing:
                print("".join(f"    {path}:{number}\n" for number in sorted(lines) if not lines[number]), end="")
        print(f"{percent(in_folder):6.1f} %  {len(in_folder):4} lines  {folder} in all")
        enough = enough and percent(in_folder) >= LEAST
    return enough


def main():
    if any(word in ("-h", "--help") for word in sys.argv[1:]):
        print(__doc__.strip())
        return 0
    build()
    run_tests()
    return 0 if report(count_lines(), "--missing" in sys.argv[1:]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failed:
        print(f"tests/coverage: {failed}", file=sys.stderr)
        sys.exit(1)
