# SPDX-License-Identifier: Apache-2.0
"""What an AppArmor profile permits, and what a trace of a program needs, without a kernel that has AppArmor: the
rules of files, capabilities and network of a profile, with its includes and variables."""

import os
import re

DIRECTORY = "/etc/apparmor.d"
# The rights that a system call that has succeeded needs. (stat() and readlink() need none.)
WRITES = {"unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "chmod",
          "fchmodat", "chown", "lchown", "fchownat", "truncate", "mknod", "mknodat"}
LINK = {"link", "linkat"}


def lines_of(path, files):
    """The lines of a file with those that it includes. `files` has what was read; nothing is read twice."""
    if path in files or not os.path.exists(path):
        return
    files.add(path)
    if os.path.isdir(path):
        for name in sorted(os.listdir(path)):
            yield from lines_of(f"{path}/{name}", files)
        return
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            line = line.strip()
            include = re.fullmatch(r'#?include (?:if exists )?[<"]([^>"]*)[>"],?', line)
            if include:
                yield from lines_of(f"{DIRECTORY}/{include[1]}", files)
            elif line and not line.startswith("#"):
                yield line


def to_regex(glob):
    """A pattern of AppArmor's as a regular expression."""
    text, depth, i = "", 0, 0
    while i < len(glob):
        one = glob[i]
        if glob.startswith("**", i):
            text, i = f"{text}.*", i + 1
        elif one == "[":
            end = glob.index("]", i)
            text, i = text + glob[i:end + 1], end
        elif one == "\\":
            text, i = text + re.escape(glob[i + 1]), i + 1
        else:
            depth += (one == "{") - (one == "}")
            text += {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}.get(
                one, "|" if one == "," and depth else re.escape(one))
        i += 1
    return text


class Profile:
    def __init__(self, path):
        self.variables = {}
        self.files = []  # (regular expression, rights)
        self.capabilities = set()
        self.network = set()  # (family, type); the type can be missing.
        for line in lines_of(path, set()):
            variable = re.match(r"(@\{\w+\})\s*\+?=\s*(.*)", line)
            if variable:
                self.variables.setdefault(variable[1], []).extend(variable[2].split())
        for line in lines_of(path, set()):
            self.add(line.partition("#")[0].strip())

    def add(self, line):
        words = line.rstrip(",").split()
        if not line.endswith(",") or words[0] == "deny":
            return
        if words[0] == "capability":
            self.capabilities.update(words[1:])
        elif words[0] == "network":
            self.network.add(tuple(words[1:3]))
        elif words[0] == "owner" or words[0][0] in "/@":
            path, rights = words[-2:]
            self.files.append((re.compile(to_regex(self.expand(path))), set(rights)))

    def expand(self, text):
        """Puts the values of variables in, whose directories end with a slash as the rest begins with one."""
        while True:
            variable = re.search(r"@\{\w+\}", text)
            if not variable:
                return re.sub("/+", "/", text)
            values = ",".join(self.variables.get(variable[0], ["nothing"]))
            text = f"{text[:variable.start()]}{{{values}}}{text[variable.end():]}".replace("/}/", "}/")
            text = re.sub(r"/,(?=[^{}]*\}/)", ",", text)

    def permits(self, path, rights):
        allowed = set().union(*(given for pattern, given in self.files if pattern.fullmatch(path)), set())
        return set(rights) <= allowed

    def permits_socket(self, family, kind):
        return (family,) in self.network or (family, kind) in self.network


def opened(flags):
    rights = "w" if "O_WRONLY" in flags or "O_CREAT" in flags else ""
    return rights + ("r" if "O_WRONLY" not in flags else "") + ("w" if "O_RDWR" in flags else "")


def needs(line):
    """What a line of strace's (-y, with file and network calls) says of a call that has succeeded, or that lacked
    a right: (path, rights) of files, (None, (family, type)) of sockets."""
    call = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)(?:<(.*)>)?( \w+)?", line)
    if not call or (int(call[3]) < 0 and (call[5] or "").strip() not in ("EACCES", "EPERM", "EINPROGRESS")):
        return
    name, arguments, result = call[1], call[2], call[4]
    paths = re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)
    if name in ("open", "openat"):
        path = result or paths[0]
        directory = "/" if "O_DIRECTORY" in arguments and not path.endswith("/") else ""
        yield path + directory, opened(arguments)
    elif name in ("connect", "bind", "sendto", "sendmsg"):
        path = re.search(r'sun_path="([^"]*)"', arguments)
        if path:
            yield path[1], "w"
    elif name == "socket":
        family, kind = re.match(r"AF_(\w+), SOCK_(\w+)", arguments).groups()
        yield None, (family.lower(), kind.lower())
    elif name in WRITES | LINK:
        for path in paths:
            yield path + ("/" if name in ("mkdir", "mkdirat", "rmdir") else ""), "l" if name in LINK else "w"
