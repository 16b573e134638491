# SPDX-License-Identifier: Apache-2.0
"""A chroot of another Debian release, in which tests/run runs.

debootstrap makes it from the host's apt sources with another suite, so this file names no archive. The chroot
stays for the next run. This copies the checkout into it, and its builds stay there. Processes in the chroot have
separate mount and PID namespaces, and all of them end with the run.
"""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RELEASES = ("bookworm", "trixie", "sid")
CHROOTS = os.environ.get("VIFPLUG_CHROOTS", "/var/cache/vifplug-tests")
INSIDE = "/vifplug"
# The suites that an apt source of the host may have; sid has no other suites.
SUITE = re.compile(r"(?P<release>[a-z]+)(?P<kind>|-updates|-security)/?")
# The environment variables that the tests use. VPSIM_DPDK_HEADERS: the headers of that release.
PASSED_ON = ("CI", "TERM", "VIFPLUG_ANALYZE", "VIFPLUG_REPRODUCE", "VPSIM_DPDK_HEADERS", "http_proxy",
             "https_proxy", "no_proxy")

ENTER = r"""
set -e
root=$1; headers=$2; shift 2
mount --bind "$root" "$root"
mount --rbind --make-rslave /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind --make-rslave /sys "$root/sys"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
# The host's: hugepages are the machine's, and so is the lock on their number.
mkdir -p "$root/run/lock"
mount --bind /run/lock "$root/run/lock"
if [ -n "$headers" ]; then
    mkdir -p "$root$headers"
    mount --bind "$headers" "$root$headers"
fi
cd "$root"
mkdir -p .host
pivot_root . .host
cd /
umount -l /.host
rmdir /.host
cd "$VIFPLUG_INSIDE"
# The shell stays, as process 1: it collects what orphans leave, for which some programs wait.
status=0
"$@" || status=$?
exit $status
"""


class ReleaseError(Exception):
    """Making the chroot failed."""


def host_release():
    """Returns the codename of this machine's release; sid and testing have that of the next stable release,
    which is not one of our suites."""
    with open("/etc/os-release", encoding="utf-8") as file:
        name = dict(line.rstrip("\n").split("=", 1) for line in file
                    if "=" in line).get("VERSION_CODENAME", "")
    return name.strip('"')


def stanzas():
    """Returns the host's binary apt sources: dictionaries with URIs, Suites, Components and options, with
    the keys of deb822."""
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*.list"))]:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                yield from filter(None, map(one_line, file))
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path, encoding="utf-8") as file:
            yield from deb822(file.read())


def one_line(line):
    match = re.match(r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>.*)",
                     line.partition("#")[0].strip())
    if not match:
        return None
    source = {"URIs": match["uri"], "Suites": match["suite"], "Components": match["rest"].strip()}
    for option in (match["options"] or "").split():
        if option.startswith("signed-by="):
            source["Signed-By"] = option.partition("=")[2]
    return source


def deb822(text):
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.split("\n") if not line.startswith("#")]
        source = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", "\n".join(lines), re.M))
        if "deb" in source.get("Types", "").split() and source.get("Enabled", "yes") != "no":
            yield source


def sources_for(release):
    """Returns the host's sources with the suites of `release` instead of the host's; leaves out others."""
    names = {host_release(), "stable", "oldstable", "testing", "unstable", "sid"}
    found = []
    for source in stanzas():
        suites = []
        for suite in source["Suites"].split():
            match = SUITE.fullmatch(suite)
            if match and match["release"] in names and not (release == "sid" and match["kind"]):
                suites.append(release + match["kind"])
        if suites:
            kept = {key: source[key] for key in ("URIs", "Components", "Signed-By") if key in source}
            found.append({"Types": "deb", "Suites": " ".join(suites), **kept})
    if not any(release in source["Suites"].split() for source in found):
        raise ReleaseError("no apt source of this machine can have Debian "
                           f"{release}; add one")
    return found


class Chroot:
    """The chroot of one release, below CHROOTS, in the directory `name`."""

    def __init__(self, release, name=None):
        self.release = release
        self.root = os.path.join(CHROOTS, name or release)

    def make(self, fresh=False):
        """Makes the chroot if it does not exist; with `fresh` makes a new one, without packages."""
        if fresh:
            shutil.rmtree(self.root, ignore_errors=True)
        if os.path.exists(f"{self.root}/vifplug-ready"):
            return
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root)
        sources = sources_for(self.release)
        base = next(s for s in sources if self.release in s["Suites"].split())
        self._run(["debootstrap", "--variant=minbase", "--include=ca-certificates", self.release,
                   self.root, base["URIs"].split()[0]])
        self._configure_apt(sources)
        with open(f"{self.root}/vifplug-ready", "w", encoding="ascii"):
            pass

    def _configure_apt(self, sources):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.root}/etc/apt/sources.list")
        for source in sources:
            key = source.get("Signed-By", "")
            if key.startswith("/") and not os.path.exists(self.root + key):
                os.makedirs(os.path.dirname(self.root + key), exist_ok=True)
                shutil.copy(key, self.root + key)
        text = "\n\n".join("\n".join(f"{key}: {value}" for key, value in source.items())
                           for source in sources)
        self._write("/etc/apt/sources.list.d/host.sources", text + "\n")
        # A mirror may be old; and a test chroot that a power cut has damaged is no loss.
        self._write("/etc/apt/apt.conf.d/vifplug", 'Acquire::Check-Valid-Until "false";\n')
        self._write("/etc/dpkg/dpkg.cfg.d/vifplug", "force-unsafe-io\n")

    def _write(self, path, text):
        with open(self.root + path, "w", encoding="utf-8") as file:
            file.write(text)

    @staticmethod
    def _run(command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise ReleaseError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")

    def copy_checkout(self):
        """Updates the copy of this checkout, with timestamps, so that builds stay usable."""
        target = self.root + INSIDE
        os.makedirs(target, exist_ok=True)
        for entry in os.scandir(target):
            if not entry.name.startswith("build"):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)
        listed = subprocess.run(
            ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=True).stdout
        present = [name for name in listed.split(b"\0")
                   if name and os.path.lexists(os.path.join(os.fsencode(TOP), name))]
        with tempfile.TemporaryFile() as archive:
            subprocess.run(["tar", "--create", "--directory", TOP, "--null", "--files-from=-"],
                           input=b"\0".join(present), stdout=archive, check=True)
            archive.seek(0)
            subprocess.run(["tar", "--extract", "--directory", target], stdin=archive, check=True)
        # The style tier gets the file names from git.
        subprocess.run(["git", "init", "--quiet", target], check=True)

    def run(self, *command):
        """Runs a command in the copy of the checkout; returns its exit status."""
        return self.enter(command, INSIDE).returncode

    def enter(self, command, directory="/", **options):
        """Runs a command in the chroot; returns its completed process."""
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", f"{self.root}/etc/{name}")
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment.update(PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                           HOME="/root", LANG="C.UTF-8", VIFPLUG_INSIDE=directory)
        # If this process ends, the processes in the chroot end too.
        enter = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child",
                 "--propagation", "private", "sh", "-c", ENTER, "enter"]
        return subprocess.run(
            [*enter, self.root, os.environ.get("VPSIM_DPDK_HEADERS", ""), *command],
            env=environment, stdin=subprocess.DEVNULL, check=False, **options)
