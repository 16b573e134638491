# SPDX-License-Identifier: Apache-2.0
"""Builds the packages as a builder does: from the source package, with dpkg-buildpackage, without network."""

import glob
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def version_in(changelog_text):
    """The newest Debian version in a changelog, and the upstream version in it."""
    version = re.match(r"vifplug \((.*)\) ", changelog_text)[1]
    return version, version.rpartition("-")[0]


def changelog():
    """The versions of the checkout."""
    with open(f"{TOP}/debian/changelog", encoding="utf-8") as file:
        return version_in(file.read())


def run(*command, check=True, **options):
    """Runs a command; returns its output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, errors="replace", check=False, **options)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout[-6000:]}"
    return done.stdout


class Build:
    """One build, below `directory`. `environment` is what differs from other builders' machines."""

    def __init__(self, directory, environment, umask):
        version, upstream = changelog()
        self.version = version
        self.dir = str(directory)
        tree = f"{self.dir}/vifplug-{upstream}"
        os.makedirs(tree)
        files = run("git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        files = [name for name in files if name and os.path.lexists(os.path.join(TOP, name))]
        listed = f"{self.dir}/files"
        with open(listed, "w", encoding="utf-8") as file:
            file.write("\n".join(files))
        copy = f"{self.dir}/files.tar"
        run("tar", "--create", f"--file={copy}", "--directory", TOP, f"--files-from={listed}")
        run("tar", "--extract", f"--file={copy}", "--directory", tree, "--no-same-owner")
        run("tar", "--create", "--gzip", f"--file={self.dir}/vifplug_{upstream}.orig.tar.gz", "--exclude=debian",
            "--directory", self.dir, os.path.basename(tree))
        # nocheck: the tiers unit and cli have run the tests.
        self.log = run("unshare", "--net", "dpkg-buildpackage", "-us", "-uc", cwd=tree, umask=umask, env={
            **os.environ, "DEB_BUILD_OPTIONS": f"nocheck parallel={os.cpu_count() or 2}", **environment})
        self.log_file = f"{self.dir}/log"
        with open(self.log_file, "w", encoding="utf-8") as file:
            file.write(self.log)

    def files(self, pattern):
        return sorted(glob.glob(f"{self.dir}/{pattern}"))

    def package(self, name):
        return self.files(f"{name}_{self.version}_*.deb")[0]


def older(package, directory):
    """Makes the package of an older version of the same content, with another default in its configuration.
    Returns its file."""
    tree = f"{directory}/{os.path.basename(package)}.tree"
    run("dpkg-deb", "--raw-extract", package, tree)
    control = f"{tree}/DEBIAN/control"
    with open(control, encoding="utf-8") as file:
        text = file.read()
    with open(control, "w", encoding="utf-8") as file:
        file.write(re.sub(r"^(Version: .*)$", r"\1~before", text, flags=re.M))
    config = f"{tree}/etc/vifplugd/vifplugd.conf"
    if os.path.exists(config):
        with open(config, "a", encoding="utf-8") as file:
            file.write("# The default of the version before.\n")
    made = f"{directory}/before-{os.path.basename(package)}"
    run("dpkg-deb", "--root-owner-group", "--build", tree, made)
    return made
