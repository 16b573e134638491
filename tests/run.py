"""Builds the project and runs its tests.

usage: tests/run [TIER]...

Tiers, all of them if none is named:

  style        clang-format and clang-tidy
  unit         cmocka tests of the parts that need no switch
  cli          vifctl, the library, installation, symbol tables
  fuzz         the request parser, for 20 seconds
  integration  the real ovsdb-server and ovs-vswitchd-dpdk
  parity       the same VIFs through Debian's os-vif and through vifplugd, compared
  openstack    Nova, Neutron, its agent and libvirt, as packaged, plug through vifplugd
  bench        that tests/bench works (a small run; no timing is asserted)
  sanitize     unit, cli and integration again, built with ASan and UBSan

Run it as root on Debian 12; it installs what is missing (tests/install-deps). Builds go to build/ and build-asan/. The last
line is `N passed, N failed`; if there were failures, their ends stand before it, and the exit status
is 1. With CI=true in the environment a skipped test counts as failed.
"""

import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
ASAN = os.path.join(TOP, "build-asan")
TIERS = ("style", "unit", "cli", "fuzz", "integration", "parity", "openstack", "bench", "sanitize")
JOBS = str(os.cpu_count() or 2)


class Results:
    """What passed, failed and was skipped, and the output of what failed."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, passed, failed, skipped, output, started):
        seconds = time.monotonic() - started
        skips = f", {skipped} skipped" if skipped else ""
        print(f"{name}: {passed} passed, {failed} failed{skips} ({seconds:.0f} s)", flush=True)
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed or (skipped and os.environ.get("CI") == "true"):
            self.failures.append((name, output))

    def finish(self):
        for name, output in self.failures:
            print(f"\n--- {name} ---\n{output[-12000:]}")
        failed = self.failed
        if os.environ.get("CI") == "true":
            failed += self.skipped
        skips = f", {self.skipped} skipped" if self.skipped and failed == self.failed else ""
        print(f"{self.passed} passed, {failed} failed{skips}")
        return 1 if failed else 0


def run(command, env=None, timeout=2400):
    """Runs a command; its exit status and everything it printed."""
    done = subprocess.run(command, cwd=TOP, env={**os.environ, **(env or {})}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          stdin=subprocess.DEVNULL, errors="replace", check=False)
    return done.returncode, done.stdout


class BuildFailed(Exception):
    """Nothing more can be tested."""


def build(results, directory, *options):
    """Configures and builds."""
    started = time.monotonic()
    for command in (["cmake", "-S", TOP, "-B", directory, "-G", "Ninja", *options],
                    ["cmake", "--build", directory, "--parallel", JOBS],
                    ["cmake", "--build", directory, "--target", "rte_net_vpsim"]):
        status, output = run(command)
        if status != 0:
            results.add("build", 0, 1, 0, f"{' '.join(command)}\n{output}", started)
            raise BuildFailed
    print(f"build {os.path.basename(directory)} ({time.monotonic() - started:.0f} s)", flush=True)


def build_plain(results):
    tree = os.environ.get("OVS_BUILD_DIR")
    build(results, BUILD, *([f"-DOVS_BUILD_DIR={tree}"] if tree else []))


def ovs_tree():
    """The Open vSwitch tree that the plain build uses, so that it is built once only."""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
        for line in cache:
            if line.startswith("OVS_BUILD_DIR:") and line.rstrip("\n").partition("=")[2]:
                return line.rstrip("\n").partition("=")[2]
    return os.path.join(BUILD, "openvswitch")


def sources():
    status, output = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.c",
                          "*.h"])
    return output.split() if status == 0 else []


def style(results):
    started = time.monotonic()
    files = sources()
    status, output = run(["clang-format", "--dry-run", "-Werror", *files])
    checked = [name for name in files if name.startswith("src/") and name.endswith(".c")]
    tidy_status, tidy_output = tidy(checked)
    failed = (status != 0) + (tidy_status != 0)
    results.add("style", 2 - failed, failed, 0, output + tidy_output, started)


def tidy(files):
    """clang-tidy over `files`, on all cores."""
    with subprocess.Popen(["xargs", "-P", JOBS, "-n", "4", "clang-tidy", "-p", BUILD, "--quiet"],
                          cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        output, _ = process.communicate("\n".join(files))
        return process.returncode, output


def unit(results, directory=BUILD, name="unit"):
    started = time.monotonic()
    status, output = run(["ctest", "--test-dir", directory, "--output-on-failure", "--verbose",
                          "--timeout", "120", "-j", JOBS])
    passed = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", output))
    failed = sum(int(n) for n in re.findall(r"\[  FAILED  \] (\d+) test", output))
    if status != 0 and failed == 0:
        failed = 1  # A test program crashed or none was found.
    if status == 0 and passed == 0:
        failed = 1
    lines = [line for line in output.splitlines() if "[ RUN" not in line and "[       OK" not in line]
    results.add(name, passed, failed, 0, "\n".join(lines), started)


def python_tests(results, folder, name, directory=BUILD):
    started = time.monotonic()
    status, output = run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs",
                          os.path.join(TOP, "tests", folder)],
                         env={"VIFPLUG_BUILD": directory, "PYTHONDONTWRITEBYTECODE": "1"})
    count = {word: int(n) for n, word in
             re.findall(r"(\d+) (passed|failed|error|errors|skipped)", output.splitlines()[-1])}
    failed = count.get("failed", 0) + count.get("error", 0) + count.get("errors", 0)
    if status != 0 and failed == 0:
        failed = 1
    results.add(name, count.get("passed", 0), failed, count.get("skipped", 0), output, started)


def fuzz(results):
    started = time.monotonic()
    status, output = run([os.path.join(TOP, "tests/fuzz/run")])
    results.add("fuzz", int(status == 0), int(status != 0), 0, output, started)


def sanitize(results):
    build(results, ASAN, "-DVIFPLUG_SANITIZE=ON", f"-DOVS_BUILD_DIR={ovs_tree()}")
    # What OVS's library keeps for the life of the process is no leak of ours.
    os.environ["ASAN_OPTIONS"] = "detect_leaks=1"
    os.environ["LSAN_OPTIONS"] = f"suppressions={TOP}/tests/lsan.supp:print_suppressions=0"
    os.environ["UBSAN_OPTIONS"] = "print_stacktrace=1"
    unit(results, ASAN, "unit (sanitized)")
    python_tests(results, "cli", "cli (sanitized)", ASAN)
    python_tests(results, "integration", "integration (sanitized)", ASAN)


def test(results, tiers):
    build_plain(results)
    if "style" in tiers:
        style(results)
    if "unit" in tiers:
        unit(results)
    if "cli" in tiers:
        python_tests(results, "cli", "cli")
    if "fuzz" in tiers:
        fuzz(results)
    if "integration" in tiers:
        python_tests(results, "integration", "integration")
    if "parity" in tiers:
        python_tests(results, "parity", "parity")
    if "openstack" in tiers:
        python_tests(results, "openstack", "openstack")
    if "bench" in tiers:
        python_tests(results, "benchmarks", "bench")
    if "sanitize" in tiers:
        sanitize(results)


def main():
    tiers = sys.argv[1:] or list(TIERS)
    if any(tier in ("-h", "--help") for tier in tiers):
        print(__doc__.strip())
        return 0
    unknown = [tier for tier in tiers if tier not in TIERS]
    if unknown:
        print(f"tests/run: there is no tier '{unknown[0]}'; see tests/run --help", file=sys.stderr)
        return 2
    results = Results()
    try:
        test(results, tiers)
    except BuildFailed:
        pass
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
