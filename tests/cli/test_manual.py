# SPDX-License-Identifier: Apache-2.0
"""docs/api.md says about vifctl what `vifctl --help` says; both name the exit statuses of the code."""

import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
VIFCTL = os.path.join(BUILD, "src/vifctl")
COMMON = ("--socket", "--format", "--color")
COMMANDS = "| command | does | options, in addition to `--socket`, `--format` and `--color` |"
ALL_MEMBERS = "all options of a VIF (below)"


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def shown(*arguments):
    return subprocess.run([VIFCTL, *arguments], capture_output=True, text=True, timeout=60, check=True).stdout


def items(text, heading):
    """The items below a heading of the help: {name: text}, with the lines of a text joined."""
    found = {}
    name = ""
    for line in text.split(f"{heading}\n", 1)[1].split("\n\n")[0].splitlines():
        if line.startswith("   "):
            found[name].append(line.strip())
        else:
            name, *words = re.split(r"  +", line.strip(), maxsplit=1)
            found[name] = words
    return {name: " ".join(words) for name, words in found.items()}


def commands():
    return items(shown("--help"), "Commands:")


def options(*command):
    text = shown(*command, "--help")
    return items(text, "Options:" if command else
                 "Options (vifctl COMMAND --help shows those that a command takes):")


def table(heading):
    """The rows of a table of the page's part on vifctl, as lists of cells."""
    text = read("docs/api.md").split("\n## vifctl\n")[1]
    rows = text.split(f"\n{heading}\n", 1)[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def quoted(text):
    return re.findall(r"`([^`]+)`", text)


def test_the_page_lists_the_commands_of_the_help():
    page = {quoted(name)[0]: re.fullmatch(r"\[(.*)\]\(#[\w-]+\)", does)[1]
            for name, does, _ in table(COMMANDS)}
    assert page == commands()


def members():
    """The options of a VIF, as the page lists them."""
    return [quoted(name)[0].split("=")[0] for name, *_ in table("| option | second name | member | |")]


def test_the_page_lists_the_options_of_each_command():
    rows = table(COMMANDS)
    assert len(rows) == len(commands())
    for name, _, takes in rows:
        command = quoted(name)[0].split()[0]
        told = quoted(takes) + (members() if ALL_MEMBERS in takes else [])
        own = [re.search(r"--[\w-]+", option)[0] for option in options(command) if option != "-h, --help"]
        assert sorted([*told, *COMMON]) == sorted(own), command


def test_the_page_describes_the_options_as_the_help_does():
    page = {}
    for names, text in table("| option | |"):
        page[", ".join(quoted(names))] = text
    for name, second, member, text in table("| option | second name | member | |"):
        option, _, value = quoted(name)[0].partition("=")
        alias = f", {quoted(second)[0]}" if second else ""
        page[f"{option}{alias}={value}"] = text
        assert quoted(member)[0].rpartition(".")[2].replace("_", "-") == option[2:]
    told = options()
    assert page == told


def exit_statuses():
    """The exit statuses of the code, as {number: words}."""
    words = {"DONE": "done", "REFUSED": "refused or failed", "USAGE": "usage", "UNREACHABLE": "daemon unreachable",
             "NO_ANSWER": "no answer"}
    code = re.findall(r"EXIT_(\w+) = (\d)", read("src/cli/cli.h"))
    assert {name for name, _ in code} == set(words)
    return {number: words[name] for name, number in code}


def test_the_help_names_the_exit_statuses():
    text = shown("--help").split("\n\n")[-1]
    said = dict(re.findall(r"(\d) ([a-z ]+\w)", " ".join(text.split())))
    for number, words in exit_statuses().items():
        assert said.pop(number).startswith(words)
    assert not said
    for command in commands():
        assert shown(command.split()[0], "--help").split("\n\n")[-1] == text


def test_the_page_names_the_exit_statuses():
    page = dict(table("| exit status | |"))
    statuses = exit_statuses()
    assert set(page) == set(statuses)
    for number, words in statuses.items():
        assert page[number].startswith(words), number
