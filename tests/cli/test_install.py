# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` installs everything into Debian's directories, and a program builds against it."""

import os
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
    for path in ("usr/sbin/vifplugd", "usr/bin/vifctl", "usr/include/vifplug/vifplug.h",
                 "usr/share/bash-completion/completions/vifctl",
                 "etc/vifplugd/vifplugd.conf", "usr/lib/systemd/system/vifplugd.service",
                 f"usr/lib/{triplet}/libvifplug.so.0", f"usr/lib/{triplet}/pkgconfig/vifplug.pc"):
        assert os.path.exists(os.path.join(root, path)), path
    with open(f"{root}/usr/lib/systemd/system/vifplugd.service", encoding="ascii") as file:
        unit = file.read()
    assert "ExecStart=/usr/sbin/vifplugd" in unit and "Type=notify" in unit and "@" not in unit

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
