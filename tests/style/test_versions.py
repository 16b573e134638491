# SPDX-License-Identifier: Apache-2.0
"""All files that name the version, or the functions of libvifplug, agree."""

import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


VERSION = re.search(r"^project\(vifplug VERSION (\S+)", read("CMakeLists.txt"), re.M)[1]
MAP = read("src/client/libvifplug.map")


def test_versions():
    assert re.match(r"vifplug \((.*)-\d+\) ", read("debian/changelog"))[1] == VERSION
    assert re.search(r'^__version__ = "(.*)"$', read("src/openstack/vifplug/__init__.py"), re.M)[1] == VERSION
    assert re.search(r"^version = (.*)$", read("src/openstack/setup.cfg"), re.M)[1] == "attr: vifplug.__version__"
    header = dict(re.findall(r"^#define VIFPLUG_VERSION_(\w+) (\d+)$", read("include/vifplug/vifplug.h"), re.M))
    assert f"{header['MAJOR']}.{header['MINOR']}.{header['PATCH']}" == VERSION
    assert f'"version":"{VERSION}"' in read("docs/api.md")
    assert re.search(rf"^## .*\b{re.escape(VERSION)}\b", read("NEWS.md"), re.M)


def test_functions_of_the_library():
    """The header, the version script and the package's list of symbols have the same functions. A released
    version of the script gets no more functions: add those to a new one."""
    header = re.findall(r"^VIFPLUG_API [^;(]*?\b(\w+)\(", read("include/vifplug/vifplug.h"), re.M)
    versions = re.findall(r"^(VIFPLUG_[\d.]+) \{\nglobal:\n((?: {4}\w+;\n)+)", MAP, re.M)
    script = [(name, version) for version, names in versions for name in re.findall(r"\w+", names)]
    symbols = re.findall(r"^ (vifplug_\w+)@(VIFPLUG_[\d.]+) (\S+)$", read("debian/libvifplug0.symbols"), re.M)
    assert len(header) > 30 and sorted(header) == sorted(name for name, _ in script)
    assert sorted(script) == sorted((name, version) for name, version, _ in symbols)
    assert all(since.startswith(version.partition("_")[2] + ".") for _, version, since in symbols)
