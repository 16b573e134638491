# SPDX-License-Identifier: Apache-2.0
"""Builds the project and runs its tests.

usage: tests/run [--release RELEASE [--fresh]] [TIER]...
       tests/run --release RELEASE [--fresh] --prepare [TIER]...

Tiers, all but the last of them if none is named:

  demo         tests/demo
  style        clang-format, clang-tidy, flake8, mypy; the includes between folders of src
  unit         cmocka tests of the parts that need no switch
  cli          vifctl, the library, installation, symbol tables
  fuzz         requests, replies, OVSDB's rows, the configuration and NIC profiles, under ASan, for 4 to 12 s each
  integration  the real ovsdb-server and ovs-vswitchd-dpdk; vifplugd runs as its unit says (sandbox/confine.py)
  faults       tests/faults, in short: each fault once under load, and that its checker sees what is wrong
  parity       the same VIFs through Debian's os-vif and through vifplugd, compared
  openstack    Nova, Neutron, its agent and libvirt, as packaged, plug through vifplugd
  package      builds Debian's packages twice, and installs, upgrades and removes them on a bare node with systemd
  bench        tests/bench works (a small run; no timing is asserted)
  sanitize     unit, cli (what a sanitizer sees) and integration again, built with ASan and UBSan; vifplugd runs as
               root
  machine      the installed packages with an enforced AppArmor profile, and the container's unit, in a virtual
               machine with Debian's kernel; only if it is named, since without KVM it is slow

Run it as root on Debian 12 or 13; it installs missing packages (tests/install-deps). The build directories are
build/ and build-asan/. The last line is `N passed, N failed`; if there are failures, the ends of their outputs
precede it, and the exit status is 1. With CI=true in the environment a skipped test counts as failed.

--release runs the tiers in a chroot of Debian bookworm, trixie or sid below /var/cache/vifplug-tests
($VIFPLUG_CHROOTS). It makes the chroot, or uses that of an earlier run. --fresh makes a new one. --prepare runs
nothing, and installs there what the tiers need.

The simulated SmartNIC needs driver headers that only DPDK's source package has. VPSIM_DPDK_HEADERS names a
directory that has them. If no archive has them, a stand-in replaces the card, and tests that need the driver are
skipped, also with CI=true. So is the comparison of the ABI in a shallow clone.

To save minutes, VIFPLUG_ANALYZE=no leaves out clang-tidy's analyzer, and VIFPLUG_REPRODUCE=no the second build
of the packages.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "sandbox"), os.path.join(HERE, "package")]

import abi  # noqa: E402  (found beside this file)
import card  # noqa: E402
import release  # noqa: E402

TOP = os.path.dirname(HERE)
BUILD = os.path.join(TOP, "build")
ASAN = os.path.join(TOP, "build-asan")
TIERS = ("demo", "style", "unit", "cli", "fuzz", "integration", "faults", "parity", "openstack", "package",
         "bench", "sanitize")
BY_HAND = ("machine",)
JOBS = str(os.cpu_count() or 2)
AT_ONCE = 3  # These tests wait for a third of their time; each worker has daemons and sandboxes of its own.
TYPED = ("__init__", "binding", "client", "display")  # Of src/openstack/vifplug: those that need only Python.
FAULTS_SEED = 1  # So that a red run can be repeated; tests/faults by hand takes a new one each time.
# Of tests/cli, what a sanitizer does not see: the build's files, documents and sources, and thousands of runs of
# vifctl, whose code the fuzz target `reply` runs with ASan in one process.
NOT_SANITIZED = ("test_install.py", "test_symbols.py", "test_pages.py", "test_manual.py", "test_alerts.py",
                 "test_hostile_replies.py::test_vifctl[")
ACCEPTED = (card.NO_DRIVER, abi.NO_HISTORY)  # Why a test may be skipped in CI.
FAULTS_S = 60  # Of tests/faults, which does not end before each fault has happened once.


class Results:
    """Counts of passed, failed and skipped tests, and the output of failures. In CI a skipped test counts as
    failed, unless the reason is one of ACCEPTED."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reasons = collections.Counter()
        self.failures = []

    def add(self, name, passed, failed, skipped, output, started):
        # pytest prints skipped tests as `SKIPPED [2] file:line: reason`.
        reasons = collections.Counter()
        for n, reason in re.findall(r"^SKIPPED \[(\d+)\] \S+ (.*)$", output, re.M):
            reasons[reason] += int(n)
        if os.environ.get("CI") == "true":
            reasons = collections.Counter({reason: reasons[reason] for reason in ACCEPTED if reasons[reason]})
            failed += skipped - reasons.total()
            skipped = reasons.total()
        self.reasons += reasons
        seconds = time.monotonic() - started
        skips = f", {skipped} skipped" if skipped else ""
        print(f"{name}: {passed} passed, {failed} failed{skips} ({seconds:.0f} s)", flush=True)
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.failures.append((name, output))
            # pytest's last lines. They are shown at once, since a run may be ended before its own end.
            for line in re.findall(r"^(?:FAILED|ERROR) .*$", output, re.M):
                print(line, flush=True)

    def finish(self):
        for name, output in self.failures:
            print(f"\n--- {name} ---\n{output[-12000:]}")
        for reason, n in self.reasons.items():
            print(f"skipped {n}: {reason}")
        skips = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skips}")
        return 1 if self.failed else 0


def run(command, env=None, timeout=3600):
    """Runs a command; returns its exit status and its output. After `timeout` seconds it is ended."""
    try:
        done = subprocess.run(command, cwd=TOP, env={**os.environ, **(env or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              stdin=subprocess.DEVNULL, errors="replace", check=False)
    except subprocess.TimeoutExpired as error:
        output = (error.stdout or b"").decode(errors="replace")
        return 124, f"{output}\n{' '.join(command)}: not within {timeout} s"
    return done.returncode, done.stdout


class BuildFailed(Exception):
    """The build failed, so no test can run."""


def build(results, directory, *options):
    """Configures and builds, with the simulated card or its stand-in."""
    started = time.monotonic()
    try:
        card.build(TOP, directory, *options)
    except card.BuildError as error:
        results.add("build", 0, 1, 0, str(error), started)
        raise BuildFailed from None
    print(f"build {os.path.basename(directory)} ({time.monotonic() - started:.0f} s)", flush=True)


def build_plain(results):
    tree = os.environ.get("OVS_BUILD_DIR")
    build(results, BUILD, *([f"-DOVS_BUILD_DIR={tree}"] if tree else []))


def ovs_tree():
    """Returns the Open vSwitch tree of the plain build, so that it is built only once."""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
        for line in cache:
            if line.startswith("OVS_BUILD_DIR:") and line.rstrip("\n").partition("=")[2]:
                return line.rstrip("\n").partition("=")[2]
    return os.path.join(BUILD, "openvswitch")


def demo(results):
    started = time.monotonic()
    status, output = run([os.path.join(TOP, "tests/demo")])
    results.add("demo", int(status == 0), int(status != 0), 0, output, started)


def sources(*patterns):
    """Returns the files of the checkout, also those that are not committed yet."""
    status, output = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns])
    return output.split() if status == 0 else []


def style(results):
    started = time.monotonic()
    linted = [run(["clang-format", "--dry-run", "-Werror", *sources("*.c", "*.h")]), tidy(),
              run(["flake8", *sources("*.py")]),
              run(["mypy", "--strict", "--cache-dir=/dev/null",
                   *(f"src/openstack/vifplug/{name}.py" for name in TYPED)])]
    failed = sum(status != 0 for status, _ in linted)
    results.add("style", len(linted) - failed, failed, 0,
                "".join(output for status, output in linted if status != 0), started)


def tidy():
    """Runs clang-tidy on the C files of the build, on all cores. (Without the simulated card's driver if its
    headers are not available, and without the targets of tests/fuzz, which have another build.)"""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        built = {os.path.relpath(entry["file"], TOP) for entry in json.load(file)}
    files = [name for name in sources("src/*.c", "tests/*.c") if name in built
             and (not name.startswith("tests/smartnic/") or not os.environ.get("VPSIM_STANDIN")
                  or name.endswith("-standin.c"))]
    # See tests/.clang-tidy.
    options = ["--checks=-clang-analyzer-*", "--extra-arg-before=-w"] \
        if os.environ.get("VIFPLUG_ANALYZE") == "no" else []
    with subprocess.Popen(["xargs", "-P", JOBS, "-n", "4", "clang-tidy", "-p", BUILD, "--quiet", *options],
                          cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        output, _ = process.communicate("\n".join(files))
    # clang-tidy prints for each file how many warnings it does not show.
    noise = re.compile(r"^(\d+ warnings? generated\.|\[\d+/\d+\] Processing file .*|\.?)\n", re.M)
    return process.returncode, noise.sub("", output)


def unit(results, directory=BUILD, name="unit"):
    started = time.monotonic()
    status, output = run(["ctest", "--test-dir", directory, "--output-on-failure", "--verbose",
                          "--timeout", "120", "-j", JOBS])
    passed = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", output))
    failed = sum(int(n) for n in re.findall(r"\[  FAILED  \] (\d+) test", output))
    if status != 0 and failed == 0:
        failed = 1  # A test program crashed, or there was none.
    if status == 0 and passed == 0:
        failed = 1
    lines = [line for line in output.splitlines() if "[ RUN" not in line and "[       OK" not in line]
    results.add(name, passed, failed, 0, "\n".join(lines), started)


def python_tests(results, folder, name, directory=BUILD, at_once=1, env=None, without=()):
    """Runs the tests of a folder, `at_once` files at a time, without those that `without` names."""
    started = time.monotonic()
    options = ["-n", str(at_once), "--dist", "loadfile"] if at_once > 1 else []
    options += [f"--deselect=tests/{folder}/{one}" for one in without]
    status, output = run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rsfE", *options,
                          os.path.join(TOP, "tests", folder)],
                         env={"VIFPLUG_BUILD": directory, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})})
    count = {word: int(n) for n, word in
             re.findall(r"(\d+) (passed|failed|error|errors|skipped)", output.splitlines()[-1])}
    failed = count.get("failed", 0) + count.get("error", 0) + count.get("errors", 0)
    if status != 0 and failed == 0:
        failed = 1
    results.add(name, count.get("passed", 0), failed, count.get("skipped", 0), output, started)


def faults(results):
    """A round is a test; a fault that cannot be made here is a skipped one."""
    started = time.monotonic()
    status, output = run([os.path.join(TOP, "tests/faults"), f"--seconds={FAULTS_S}", "--soak=5",
                          f"--seed={FAULTS_SEED}"])
    rounds = re.search(r"^(\d+) rounds, (\d+) failed: (.*)$", output, re.M)
    if not rounds:
        results.add("faults", 0, 1, 0, output, started)
        return
    print(f"faults: {rounds[0]}", flush=True)
    n, failed = int(rounds[1]), max(int(rounds[2]), int(status != 0))
    results.add("faults", n - failed, failed, len(re.findall(r"^left out: ", output, re.M)), output, started)


def fuzz(results):
    started = time.monotonic()
    status, output = run([os.path.join(TOP, "tests/fuzz/run")], env={"OVS_BUILD_DIR": ovs_tree()})
    passed = len(re.findall(r"^[a-z]+: \d+ inputs$", output, re.M))
    results.add("fuzz", passed, max(len(re.findall(r"^[a-z]+: failed$", output, re.M)), int(status != 0)), 0,
                output, started)


def sanitize(results):
    build(results, ASAN, "-DVIFPLUG_SANITIZE=ON", f"-DOVS_BUILD_DIR={ovs_tree()}")
    # Ignore memory that OVS's library keeps until the end of the process.
    os.environ["ASAN_OPTIONS"] = "detect_leaks=1"
    os.environ["LSAN_OPTIONS"] = f"suppressions={TOP}/tests/lsan.supp:print_suppressions=0"
    os.environ["UBSAN_OPTIONS"] = "print_stacktrace=1"
    unit(results, ASAN, "unit (sanitized)")
    python_tests(results, "cli", "cli (sanitized)", ASAN, AT_ONCE, without=NOT_SANITIZED)
    python_tests(results, "integration", "integration (sanitized)", ASAN, AT_ONCE)


def test(results, tiers):
    build_plain(results)
    if "demo" in tiers:
        demo(results)
    if "style" in tiers:
        style(results)
        python_tests(results, "style", "rooms")
    if "unit" in tiers:
        unit(results)
    if "cli" in tiers:
        python_tests(results, "cli", "cli", at_once=AT_ONCE)
    if "fuzz" in tiers:
        fuzz(results)
    if "integration" in tiers:
        python_tests(results, "integration", "integration", at_once=AT_ONCE, env={"VIFPLUG_CONFINED": "yes"})
    if "faults" in tiers:
        python_tests(results, "campaign", "checker")
        faults(results)
    if "parity" in tiers:
        python_tests(results, "parity", "parity")
    if "openstack" in tiers:
        python_tests(results, "openstack", "openstack", at_once=AT_ONCE)
    if "package" in tiers:
        python_tests(results, "package", "package")
    if "bench" in tiers:
        python_tests(results, "benchmarks", "bench")
    if "sanitize" in tiers:
        sanitize(results)
    if "machine" in tiers:
        python_tests(results, "machine", "machine")


def main():
    if any(word in ("-h", "--help") for word in sys.argv[1:]):
        print(__doc__.strip())
        return 0
    parser = argparse.ArgumentParser(prog="tests/run", usage="see tests/run --help")
    parser.add_argument("--release", choices=release.RELEASES)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("tiers", nargs="*", metavar="TIER")
    options = parser.parse_args()
    unknown = [tier for tier in options.tiers if tier not in TIERS + BY_HAND]
    if unknown:
        parser.error(f"there is no tier '{unknown[0]}'")
    if (options.fresh or options.prepare) and not options.release:
        parser.error("--fresh and --prepare need --release")
    if options.release:
        try:
            chroot = release.Chroot(options.release)
            chroot.make(options.fresh)
            chroot.copy_checkout()
            if options.prepare:
                package = ["package"] if "package" in options.tiers or not options.tiers else []
                return chroot.run("tests/install-deps", "openstack", *package)
            return chroot.run("tests/run", *options.tiers)
        except release.ReleaseError as error:
            print(f"tests/run: {error}\n0 passed, 1 failed")
            return 1
    results = Results()
    try:
        test(results, options.tiers or list(TIERS))
    except BuildFailed:
        pass
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
