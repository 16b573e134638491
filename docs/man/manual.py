# SPDX-License-Identifier: Apache-2.0
"""Makes a manual page from what the project has already: the help of the programs, which comes from their tables,
the configuration, the header and docs/api.md.

usage: manual.py PAGE TOP VIFCTL VIFPLUGD >PAGE

PAGE is one of PAGES below; VIFCTL and VIFPLUGD are the programs."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from roff import bold, escape, item, literal, macro, markdown, tidy  # noqa: E402  (found beside this file)

SEE_ALSO = (("vifctl", 8), ("vifplugd", 8), ("vifplugd.conf", 5), ("libvifplug", 3), ("vifplug", 7))


class Sources:
    """What the pages are made from."""

    def __init__(self, top, vifctl, vifplugd):
        self.top = top
        self.vifctl = vifctl
        self.vifplugd = vifplugd

    def read(self, path):
        with open(os.path.join(self.top, path), encoding="utf-8") as file:
            return file.read()

    def version(self):
        """The version, and the date of the package's changelog, so that all builds have the same."""
        date = re.search(r"^ -- .*  (\w+, (\d+) (\w+) (\d+)) ", self.read("debian/changelog"), re.M)
        months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
        return (re.search(r"^project\(vifplug VERSION (\S+)", self.read("CMakeLists.txt"), re.M)[1],
                f"{date[4]}-{months.index(date[3]) + 1:02}-{int(date[2]):02}")


def help_of(program, *arguments):
    return subprocess.run([program, *arguments, "--help"], capture_output=True, text=True, check=True).stdout


def items(text):
    """The entries of a help: the name stands at the left, the text in a column; as roff."""
    out = ""
    for entry in re.split(r"\n(?=  \S)", text.strip("\n")):
        first, *rest = entry.strip().split("\n")
        name, _, begin = first.partition("  ")
        if not begin and not rest and " (" not in name and not name.startswith("-"):
            name, _, begin = name.partition(" ")
        out += item(bold(name), escape(" ".join(part.strip() for part in (begin, *rest)).strip()))
    return out


def section(text, heading):
    """The entries of a help below a heading."""
    return re.split(rf"^{heading}.*:\n", text, maxsplit=1, flags=re.M)[1].split("\n\n")[0]


def exit_status(text):
    return re.search(r"^Exit status: (.*)\Z", text, re.M | re.S)[1]


def page(name, number, title, body, sources):
    version, date = sources.version()
    others = [f"\\fB{escape(other)}\\fR({n})" for other, n in SEE_ALSO if (other, n) != (name, number)]
    return tidy(".\\\" Made by docs/man/manual.py.\n"
                + f'.TH {name.upper()} {number} {date} "vifplug {version}" vifplug\n'
                + macro("SH", "NAME") + f"{escape(name)} \\- {escape(title)}\n" + body
                + macro("SH", "SEE ALSO") + ",\n".join(sorted(others, key=lambda text: text[-2])) + "\n")


def vifctl(sources):
    text = help_of(sources.vifctl)
    out = macro("SH", "SYNOPSIS") + f"{bold('vifctl')} [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENT\\fR]\n"
    out += macro("SH", "DESCRIPTION") + escape(
        "vifctl asks vifplugd to plug and unplug VIFs, and shows what it has. Options can be at any position. An "
        "option that the command does not have is an error.") + "\n"
    out += macro("SH", "COMMANDS")
    for entry in section(text, "Commands").split("\n"):
        name = entry.split()[0]
        command = help_of(sources.vifctl, name)
        head, _, options = command.partition("\nOptions:\n")
        summary, usage, *more = head.split("\n\n", 1)[0].split("\n") + head.split("\n\n", 1)[1:]
        taken = ", ".join(re.findall(r"^  (?:-\w, )?(--[\w-]+)", options.split("\n\n")[0], re.M))
        words = [escape(text) for text in
                 (summary.partition(": ")[2] + ".", *more, f"Options: {taken}.") if text]
        out += item(bold(usage.partition("usage: vifctl ")[2]), "\n.IP\n".join(word.strip() for word in words))
    out += macro("SH", "OPTIONS") + items(section(text, "Options"))
    out += macro("SH", "ENVIRONMENT") + item(bold("VIFPLUGD_SOCKET"), "the daemon\\(aqs socket")
    out += item(f"{bold('NO_COLOR')}, {bold('TERM')}", escape("no colours, if the first is set or the second is "
                                                              "dumb. Without a terminal there are none"))
    out += macro("SH", "EXIT STATUS") + escape(exit_status(text).strip()) + "\n"
    example = re.search(r"^## A first plug\n\n(.*?)\n\n", sources.read("README.md"), re.M | re.S)[1]
    out += macro("SH", "EXAMPLES") + literal(re.sub("^    ", "", example, flags=re.M))
    return page("vifctl", 8, "plug VIFs into Open vSwitch through vifplugd", out, sources)


def vifplugd_help(sources):
    # The directories in the text are those of the build, not of who builds.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OVS_")}
    return subprocess.run([sources.vifplugd, "--help"], capture_output=True, text=True, check=True,
                          env=environment).stdout


def vifplugd(sources):
    text = vifplugd_help(sources)
    out = macro("SH", "SYNOPSIS") + f"{bold('vifplugd')} [\\fIOPTIONS\\fR]\n"
    out += macro("SH", "DESCRIPTION") + escape(
        "vifplugd plugs virtual NICs into Open vSwitch. It takes requests over a UNIX socket, finds the virtual "
        "function of the SmartNIC that a request means, and writes Open vSwitch's database until ovs-vswitchd "
        "runs the port. What failed leaves nothing behind.") + "\n"
    for heading in ("Options", "Daemon options", "Logging options"):
        out += macro("SH", heading.upper()) + items(section(text, heading))
    out += macro("SH", "SIGNALS")
    out += item(bold("SIGHUP"), escape("reads the configuration again; the log says what has changed"))
    out += item(bold("SIGTERM"), escape("ends operations under way, undoes those that do not end, and stops"))
    out += macro("SH", "CONTROL") + escape("ovs-appctl -t vifplugd list-commands lists the commands that show the "
                                           "daemon's state and set its log levels.") + "\n"
    out += macro("SH", "EXIT STATUS")
    out += escape("0 after a stop; 1 if it cannot start, and standard error says why.") + "\n"
    return page("vifplugd", 8, "daemon that plugs virtual NICs into Open vSwitch", out, sources)


def sentence(lines, comment):
    return " ".join(line[len(comment):].strip() for line in lines)


def settings(text):
    """The settings of the configuration: those that share a comment share an entry; as roff."""
    out = ""
    for paragraph in re.split(r"\n\n|\n(?=\[)|(?<=\])\n", text.strip("\n")):
        lines = paragraph.split("\n")
        names = [line[1:].partition("=") for line in lines if re.match(r";[a-z]", line)]
        tags = [f"{bold(name.strip())} = {escape(value.strip())}".rstrip() for name, _, value in names]
        if lines[0].startswith("["):
            out += macro("SS", lines[0])
        else:
            text = sentence([line for line in lines if line.startswith("; ")], "; ")
            out += item("\n.TQ\n".join(tags), escape(text))
    return out


def config(sources):
    head, *rest = re.split(r"^(?=# NIC profiles)", sources.read("etc/vifplugd.conf"), flags=re.M)
    introduction, body = head.split("\n\n", 1)
    paragraphs = introduction.split("\n#\n")
    out = macro("SH", "DESCRIPTION")
    for paragraph in paragraphs:
        out += f".PP\n{escape(sentence(paragraph.split(chr(10)), '#'))}\n"
    out += macro("SH", "SETTINGS") + escape("Each stands with its default.") + "\n" + settings(body)
    profiles, builtin = rest[0].split("\n\n", 1)
    about, keys = profiles.split("\n;\n", 1)
    keys, variables = keys.split("\n;\n") if "\n;\n" in keys else (keys, "")
    out += macro("SH", "NIC PROFILES") + escape(sentence(about.split("\n"), "#")) + "\n"
    for entry in re.split(r"\n(?=;   \S)", keys):
        name, _, begin = entry[4:].split("\n")[0].partition("  ")
        more = [line[1:].strip() for line in entry.split("\n")[1:]]
        out += item(bold(name), escape(" ".join([begin.strip(), *more]).strip()))
    if variables:
        out += f".PP\n{escape(sentence(variables.split(chr(10)), ';'))}\n"
    out += macro("SS", "Built-in profiles and examples") + literal(builtin)
    path = re.search(r"^  --config=FILE .*\(default: (\S+),$", vifplugd_help(sources), re.M)[1]
    out += macro("SH", "FILES") + item(bold(path), "the configuration")
    return page("vifplugd.conf", 5, "configuration of vifplugd", out, sources)


def library(sources):
    text = sources.read("include/vifplug/vifplug.h")
    about = re.search(r"/\* libvifplug: (.*?)\*/", text, re.S)[1]
    body = text[text.index("#define VIFPLUG_API"):text.rindex("#ifdef __cplusplus")]
    out = macro("SH", "SYNOPSIS") + literal("#include <vifplug/vifplug.h>\n\n"
                                            "cc ... $(pkg-config --cflags --libs vifplug)")
    out += macro("SH", "DESCRIPTION") + literal("\n".join(line.removeprefix(" * ").removeprefix(" *")
                                                          for line in f" * {about}".rstrip().split("\n")))
    parts = re.split(r"/\* --- (.*?) --- \*/\n", body)
    for title, code in zip(["Versions, values and errors.", *parts[1::2]], parts[::2]):
        code = re.sub(r"^(#define VIFPLUG_API |/\* clang-format ).*\n", "", code, flags=re.M)
        code = code.replace("VIFPLUG_API ", "")
        out += macro("SH", title.rstrip(".").upper()) + literal(code.strip("\n"))
    example = sources.read("examples/plug.c")
    out += macro("SH", "EXAMPLES") + literal(example.split("*/\n", 1)[1].lstrip("\n"))
    return page("libvifplug", 3, "client library of vifplugd", out, sources)


def api(sources):
    text = sources.read("docs/api.md").split("\n## The C library\n")[0]
    about, rest = text.split("\n\n", 1)[1].split("\n## ", 1)
    return page("vifplug", 7, "the API of vifplugd", macro("SH", "DESCRIPTION")
                + markdown(about).removeprefix(".PP\n") + markdown(f"## {rest}"), sources)


PAGES = {"vifctl.8": vifctl, "vifplugd.8": vifplugd, "vifplugd.conf.5": config, "libvifplug.3": library,
         "vifplug.7": api}


def main():
    name, top, ctl, daemon = sys.argv[1:]
    sys.stdout.reconfigure(encoding="utf-8")
    print(PAGES[name](Sources(top, ctl, daemon)), end="")


if __name__ == "__main__":
    main()
