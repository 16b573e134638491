# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` installs everything into Debian's directories, and a program builds against it."""

import os
import re
import socket
import subprocess
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")

# Pipelines calls over the asynchronous interface and prints the result of each.
PROGRAM = r"""
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <vifplug/vifplug.h>

static void done(void *name, int result, struct vifplug_reply *reply)
{
    const struct vifplug_error *error = reply ? vifplug_reply_error(reply) : NULL;

    printf("%s %d %s\n", (const char *)name, result, error ? error->reason : "-");
}

int main(int argc, char *argv[])
{
    struct vifplug_async *async;

    if (argc != 2 || vifplug_async_open(argv[1], &async) != 0) {
        return 1;
    }
    vifplug_async_call(async, "one", NULL, done, "one");
    vifplug_async_call(async, "two", "{\"a\":1}", done, "two");
    vifplug_async_call(async, "three", NULL, done, "three");
    if (vifplug_async_call(async, "bad", "[]", done, "bad") != -EINVAL) {
        return 2;
    }
    while (vifplug_async_pending(async) > 1) {
        struct pollfd pfd = {vifplug_async_fd(async), vifplug_async_events(async), 0};

        poll(&pfd, 1, 5000);
        if (vifplug_async_process(async) != 0) {
            return 3;
        }
    }
    vifplug_async_close(async);
    return 0;
}
"""


def test_nothing_is_built_twice():
    """A build without changes does nothing."""
    done = subprocess.run(["cmake", "--build", BUILD], capture_output=True, text=True, check=True)
    assert "no work to do" in done.stdout, done.stdout


def test_install(tmp_path):
    root = f"{tmp_path}/root"
    subprocess.run(["cmake", "--install", BUILD], env={**os.environ, "DESTDIR": root}, check=True,
                   capture_output=True)
    triplet = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True,
                             check=True).stdout.strip()
    for path in ("usr/sbin/vifplugd", "usr/bin/vifctl", "usr/share/doc/vifplug/vifplugd.conf",
                 "usr/share/doc/vifplug/containers/Containerfile",
                 "usr/share/doc/vifplug/containers/vifplugd.container",
                 "usr/include/vifplug/vifplug.h",
                 "usr/share/bash-completion/completions/vifctl",
                 "usr/share/man/man3/libvifplug.3", "usr/share/man/man5/vifplugd.conf.5",
                 "usr/share/man/man7/vifplug.7", "usr/share/man/man8/vifctl.8",
                 "usr/share/man/man8/vifplugd.8",
                 "usr/lib/systemd/system/vifplugd.socket", "usr/lib/sysusers.d/vifplugd.conf",
                 "usr/lib/systemd/system/ovsdb-server.service.d/vifplugd.conf",
                 "usr/libexec/vifplugd/grant-access",
                 "usr/lib/systemd/system/ovs-vswitchd.service.d/vifplugd.conf",
                 "usr/lib/tmpfiles.d/vifplugd.conf",
                 "etc/vifplugd/vifplugd.conf", "etc/logrotate.d/vifplugd",
                 "usr/lib/systemd/system/vifplugd.service",
                 f"usr/lib/{triplet}/libvifplug.so.0", f"usr/lib/{triplet}/pkgconfig/vifplug.pc"):
        assert os.path.exists(os.path.join(root, path)), path
    pages = {name for name in os.listdir(f"{TOP}/docs") if name.endswith((".md", ".svg"))}
    installed = set(os.listdir(f"{root}/usr/share/doc/vifplug"))
    assert len(pages) > 10 and pages | {"README.md"} <= installed and "man" not in installed
    with open(f"{root}/usr/lib/systemd/system/vifplugd.service", encoding="ascii") as file:
        unit = file.read()
    assert "ExecStartPre=+/usr/libexec/vifplugd/grant-access" in unit
    assert "ExecStart=/usr/sbin/vifplugd" in unit and "Type=notify" in unit and not re.search(r"@[A-Z]", unit)

    libdir = f"{root}/usr/lib/{triplet}"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "vifplug"], capture_output=True,
                           text=True, check=True,
                           env={**os.environ, "PKG_CONFIG_PATH": f"{libdir}/pkgconfig",
                                "PKG_CONFIG_SYSROOT_DIR": root}).stdout.split()
    with open(f"{tmp_path}/program.c", "w", encoding="ascii") as file:
        file.write(PROGRAM)
    sanitized = "asan" in BUILD
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", f"{tmp_path}/program.c", "-o",
                    f"{tmp_path}/program", *flags,
                    *(["-fsanitize=address,undefined"] if sanitized else [])], check=True)

    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", f"{TOP}/examples/plug.c", "-o", f"{tmp_path}/plug",
                    *flags, *(["-fsanitize=address,undefined"] if sanitized else [])], check=True)
    done = subprocess.run(
        [f"{tmp_path}/plug", "port-1", "vm-1", "/tmp/vm1"], capture_output=True, text=True, check=False,
        env={**os.environ, "LD_LIBRARY_PATH": libdir, "VIFPLUGD_SOCKET": "/nonexistent"})
    assert (done.returncode, done.stderr) == (1, "vifplugd cannot be reached: No such file or directory\n")

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{tmp_path}/s")
    listener.listen()

    def serve():
        """Replies to two of three requests, the second first."""
        connection, _ = listener.accept()
        lines = connection.makefile("rb")
        for _ in range(3):
            lines.readline()
        connection.sendall(
            b'{"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"m","data":'
            b'{"reason":"busy","retryable":true}}}\n{"jsonrpc":"2.0","id":1,"result":{}}\n')
        connection.recv(1)

    threading.Thread(target=serve, daemon=True).start()
    done = subprocess.run([f"{tmp_path}/program", f"{tmp_path}/s"], capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, "LD_LIBRARY_PATH": libdir})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["two -121 busy", "one 0 -", "three -125 -"]


def install(root, *options):
    return subprocess.run(["cmake", "--install", BUILD, *options], env={**os.environ, "DESTDIR": str(root)},
                          check=False, capture_output=True, text=True)


def uninstall(root):
    return subprocess.run(["cmake", "--build", BUILD, "--target", "uninstall"],
                          env={**os.environ, "DESTDIR": str(root)}, check=True, capture_output=True, text=True)


def files_below(root):
    return sorted(os.path.join(directory, name) for directory, _, names in os.walk(root) for name in names)


def test_a_configuration_is_kept(tmp_path):
    """Neither another installation nor the target uninstall touches a configuration that has been changed."""
    config = tmp_path / "etc/vifplugd/vifplugd.conf"
    assert install(tmp_path).returncode == 0
    config.write_text("[daemon]\nallow = root\n", encoding="ascii")
    done = install(tmp_path)
    assert done.returncode == 0 and f"Kept: {config}" in done.stdout
    assert config.read_text(encoding="ascii") == "[daemon]\nallow = root\n"
    assert f"Kept: {config}" in uninstall(tmp_path).stdout
    assert files_below(tmp_path) == [str(config)]


def test_a_configuration_of_an_earlier_version_is_removed(tmp_path):
    """A later version installs only another file to compare with; nobody has changed the configuration."""
    assert install(tmp_path).returncode == 0
    with open(tmp_path / "usr/share/doc/vifplug/vifplugd.conf", "a", encoding="utf-8") as file:
        file.write("# A default of the later version.\n")
    assert "Kept: " not in uninstall(tmp_path).stdout
    assert files_below(tmp_path) == []


def test_a_configuration_that_this_build_did_not_install_is_kept(tmp_path):
    """Another build directory may have installed it. The message does not say that somebody has changed it."""
    config = tmp_path / "etc/vifplugd/vifplugd.conf"
    config.parent.mkdir(parents=True)
    config.write_text("# Of an earlier version.\n", encoding="ascii")
    assert install(tmp_path).returncode == 0
    told = uninstall(tmp_path).stdout
    assert f"Kept: {config}, because it is neither what was installed from this build directory nor" in told
    assert files_below(tmp_path) == [str(config)]


def test_a_link_in_place_of_the_configuration_is_kept(tmp_path):
    """Also one to a file that does not exist, yet."""
    config = tmp_path / "etc/vifplugd/vifplugd.conf"
    config.parent.mkdir(parents=True)
    config.symlink_to("/nonexistent/vifplugd.conf")
    assert install(tmp_path).returncode == 0
    assert config.is_symlink()
    uninstall(tmp_path)
    assert config.is_symlink()


def test_uninstall_removes_all_that_was_installed(tmp_path):
    for _ in range(2):  # The second finds all files in place.
        assert install(tmp_path).returncode == 0
    uninstall(tmp_path)
    assert files_below(tmp_path) == []
    assert not os.path.exists(tmp_path / "etc/vifplugd")


def test_prefix_of_the_build_counts(tmp_path):
    """The programs would look elsewhere than `cmake --install --prefix` installs."""
    done = install(tmp_path, "--prefix", "/opt/other")
    assert done.returncode != 0 and "This was built for the prefix /usr" in done.stderr
    assert files_below(tmp_path) == []


def open_vswitch():
    """The directory of the Open vSwitch with which BUILD was built."""
    with open(f"{BUILD}/CMakeCache.txt", encoding="utf-8") as file:
        value = next(line.partition("=")[2].strip() for line in file if line.startswith("OVS_BUILD_DIR:"))
    return value or f"{BUILD}/openvswitch"


def test_another_prefix(tmp_path):
    """The daemon reads the configuration that was installed, the unit starts that daemon, and vifctl finds its
    library."""
    prefix = tmp_path / "prefix"
    subprocess.run(["cmake", "-S", TOP, "-B", f"{tmp_path}/build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                    f"-DCMAKE_INSTALL_PREFIX={prefix}", "-DVIFPLUG_TESTS=OFF",
                    f"-DOVS_BUILD_DIR={open_vswitch()}"], check=True, capture_output=True)
    subprocess.run(["cmake", "--build", f"{tmp_path}/build"], check=True, capture_output=True)
    subprocess.run(["cmake", "--install", f"{tmp_path}/build"], check=True, capture_output=True)
    config = prefix / "etc/vifplugd/vifplugd.conf"
    done = subprocess.run([f"{prefix}/sbin/vifplugd", "--check-config"], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (0, f"{config}: right\n"), done.stderr
    page = (prefix / "share/man/man5/vifplugd.conf.5").read_text(encoding="utf-8")
    assert str(config).replace("-", r"\-") in page.split('.SH "FILES"')[1]
    config.write_text("[deamon]\n", encoding="ascii")
    done = subprocess.run([f"{prefix}/sbin/vifplugd"], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1 and f"{config}:1: " in done.stderr
    unit = (prefix / "lib/systemd/system/vifplugd.service").read_text(encoding="ascii")
    assert f"ExecStart={prefix}/sbin/vifplugd " in unit
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    subprocess.run([f"{prefix}/bin/vifctl", "--version"], env=environment, check=True, capture_output=True)


def test_apparmor_profile():
    """apparmor_parser compiles it (and loads nothing)."""
    done = subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache",
                           f"{TOP}/etc/apparmor.d/usr.sbin.vifplugd"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
