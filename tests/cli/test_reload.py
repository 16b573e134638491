# SPDX-License-Identifier: Apache-2.0
"""SIGHUP while the host's name service hangs, as with a directory server that does not answer. No switch runs."""

import os
import signal
import subprocess

import pytest

from process import NOBODY, WAIT_S, Daemon, connect, connect_as, reason, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")

# The group "directory" is known only to a directory server, which says nothing while a file exists.
NAME_SERVICE = """
#include <dlfcn.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct group *getgrnam(const char *name)
{
    static char *members[] = {NULL};
    static struct group group = {"directory", "x", %d, members};
    struct group *(*real)(const char *);

    if (strcmp(name, "directory") != 0) {
        *(void **)&real = dlsym(RTLD_NEXT, "getgrnam");
        return real(name);
    }
    while (access(getenv("DIRECTORY_HANGS"), F_OK) == 0) {
        usleep(1000);
    }
    return &group;
}
"""
SLOW = "is still being read"
TEXT = "[daemon]\nsocket_group = {}\nallow = {}\nallow_read = nobody\nmax_connections = {}\n"


class Host:
    """A daemon, and whether its name service hangs."""

    def __init__(self, directory):
        library = directory / "libdirectory.so"
        subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared", "-fPIC", "-x", "c", "-",
                        "-o", library], input=NAME_SERVICE % NOBODY, text=True, check=True)
        self.hangs = directory / "hangs"
        self.daemon = Daemon(directory, TEXT.format("root", "root", 8), env={
            "LD_PRELOAD": str(library), "DIRECTORY_HANGS": str(self.hangs),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})

    def reload(self, text):
        self.daemon.configure(text)
        self.daemon.process.send_signal(signal.SIGHUP)

    def reload_that_hangs(self, text):
        n = self.daemon.log().count(SLOW)
        self.hangs.touch()
        self.reload(text)
        self.daemon.wait_log(SLOW, n + 1)

    def settings(self):
        return subprocess.run(["ovs-appctl", "-T", "20", "-t", f"{os.path.dirname(self.daemon.path)}/vifplugd.ctl",
                               "config/show"], capture_output=True, text=True, check=True).stdout

    def n_reloads(self):
        return self.daemon.log().count(" read again; changed: ")


@pytest.fixture(name="host")
def a_host(tmp_path):
    host = Host(tmp_path)
    with host.daemon:
        host.daemon.wait_listening()
        yield host


def unplug(peer):
    """The reason of the refusal: with the right to unplug it is that there is no switch."""
    return reason(peer.ask("unplug", vif_id="a", timeout_ms=1))


def test_names_that_take_long(host):
    """The loop goes on with the old configuration; then the whole new one applies."""
    peer = connect_as(NOBODY, host.daemon.path)
    assert unplug(peer) == "permission_denied"
    host.reload_that_hangs(TEXT.format("directory", "@directory", 9))
    assert "result" in peer.ask("status") and unplug(peer) == "permission_denied"
    assert "is being read again; until that ends" in host.settings()
    assert "max_connections = 8 " in host.settings()
    assert os.stat(host.daemon.path).st_gid == 0
    assert host.n_reloads() == 0
    host.hangs.unlink()
    host.daemon.wait_log(" read again; changed: socket_group, allow, max_connections\n")
    assert unplug(peer) == "switch_unavailable"
    assert os.stat(host.daemon.path).st_gid == NOBODY
    assert "max_connections = 9 " in host.settings() and "being read again" not in host.settings()


def test_the_last_file_wins(host):
    """However often SIGHUP comes while the names take long."""
    peer = connect_as(NOBODY, host.daemon.path)
    host.reload_that_hangs(TEXT.format("root", "@directory", 9))
    for n in (10, 11, 12):
        host.reload(TEXT.format("root", "root, @directory", n))
        assert "result" in peer.ask("status")
    host.hangs.unlink()
    wait_for(lambda: "max_connections = 12 " in host.settings(), WAIT_S, "the last file's value")
    assert unplug(peer) == "switch_unavailable"
    assert host.n_reloads() == 2


def test_a_mistake_behind_a_slow_name(host):
    """It is told once the names are known, and a right file after it applies."""
    host.reload_that_hangs("[daemon]\nallow = @directory\nmax_connections = many\n")
    host.hangs.unlink()
    host.daemon.wait_log(f"the configuration stays as it was: {host.daemon.config}:3: ")
    host.reload(TEXT.format("root", "@directory", 9))
    host.daemon.wait_log(" read again; changed: allow, max_connections\n")


def test_it_stops_without_the_answer(host):
    host.reload_that_hangs(TEXT.format("root", "@directory", 9))
    assert "result" in connect(host.daemon.path).ask("status")
    host.daemon.process.terminate()
    assert host.daemon.process.wait(WAIT_S) == 0
    assert not os.path.exists(host.daemon.path)
