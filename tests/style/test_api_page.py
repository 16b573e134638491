# SPDX-License-Identifier: Apache-2.0
"""docs/api.md and etc/vifplugd.conf against the tables of the code: each has what the other has."""

import json
import os
import re

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


PAGE = read("docs/api.md")


def section(heading, level="##"):
    """The text below a heading, without that of the next heading of its level or above."""
    text = PAGE.split(f"\n{level} {heading}\n", 1)[1]
    return re.split(rf"\n#{{2,{len(level)}}} ", text)[0]


def names(text):
    """The words in backquotes of the first column of all tables in `text`, in their order."""
    return [name for row in re.findall(r"^\| *(`[^|]*?) *\|", text, re.MULTILINE)
            for name in re.findall(r"`([^`]+)`", row)]


def function(path, name):
    """The body of a C function."""
    return re.search(rf"^[^\n;]*\b{name}\([^;]*?\)\n\{{\n(.*?)^\}}", read(path), re.DOTALL | re.MULTILINE)[1]


def strings(text):
    return re.findall(r'"((?:[^"\\]|\\.)*)"', text)


def array(text, name):
    """The strings of a C array."""
    return strings(re.search(rf"\b{name}\[\w*\] = \{{(.*?)\}};", text, re.DOTALL)[1])


METHODS = re.findall(r'ROW\(\w+, +"(\w+)", +(\w+), +(METHOD_\w+),', read("src/wire/request.h"))


def test_methods():
    told = re.findall(r"^\| \[`(\w+)`\]\(#[\w-]+\) \|", section("Methods"), re.MULTILINE)
    assert sorted(told) == sorted(name for name, *_ in METHODS) and len(METHODS) >= 10


@pytest.mark.parametrize("name, reader", [(name, reader) for name, reader, _ in METHODS])
def test_params(name, reader):
    if name in ("get", "list"):
        told = names(re.search(rf"^\| param of `{name}` \|.*\n((?:\|.*\n)+)", section("get and list", "###"),
                               re.MULTILINE)[1])
    else:
        text = section(name, "###")
        tables = re.findall(r"^\| param \|.*\n((?:\|.*\n)+)", text, re.MULTILINE)
        told = names(tables[0]) if tables else []
    known = "static const char *const known[] = {NULL};"
    code = function("src/wire/request.c", reader)
    assert sorted(told) == ([] if known in code else sorted(array(code, "known")))


def test_who_may_read():
    """The methods that users in allow_read may call."""
    text = " ".join(section("Who may call").split())
    told = re.findall(r"`(\w+)`", re.search(r"users in `allow_read` may (.*?), and dry-run", text)[1])
    assert sorted(told) == sorted(name for name, _, access in METHODS if access == "METHOD_READS")


def test_members_of_a_native_vif():
    code = read("src/wire/vif-codec-native.c")
    assert sorted(names(section("Native", "###").split("<a id")[0])) == sorted(array(code, "known"))
    row = re.search(r"^\| `vhost_user` \|.*$", section("Native", "###"), re.MULTILINE)[0]
    assert all(f'"{member}"' in row for member in array(code, "vhost_known"))


def test_limits():
    told = names(section("Native", "###").split("<a id")[1])
    code = read("src/wire/vif-fields.c")
    assert sorted(told) == sorted([f"egress.{name}" for name in array(code, "egress_known")] +
                                  [f"ingress.{name}" for name in array(code, "ingress_known")])


def test_reasons():
    """With whether they are retryable, in the order of the code."""
    text = section("Errors")
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \|", text, re.MULTILINE)
    code = read("src/base/error.c")
    by_constant = dict(re.findall(r'\[(REASON_\w+)\] = "(\w+)"', code))
    body = function("src/base/error.c", "reason_retryable")
    retryable = {by_constant[name] for name in re.findall(r"== (REASON_\w+)", body)}
    assert [name for name, _ in rows] == [name for name in by_constant.values() if name != "none"]
    assert {name for name, yes in rows if yes == "yes"} == retryable and retryable


def test_codes():
    told = [int(code) for code in re.findall(r"^\| (-\d+) \|", section("Errors"), re.MULTILINE)]
    assert sorted(told) == sorted(int(code) for code in re.findall(r"RPC_\w+ = (-\d+)", read("src/base/error.h")))


def test_states():
    code = array(function("src/wire/vif-state.c", "vif_state_name"), "names")
    text = section("A VIF in a reply").split("| state | |\n")[1]
    assert sorted(names(text)) == sorted(code)


def test_notifications():
    told = names(section("subscribe", "###").split("| notification |")[1])
    code = read("src/daemon/notifications.c")
    assert set(told) == {*strings(code.split("names[] = {")[1].split("};")[0]),
                         *strings(code.split("char name[] = ")[1].split(";")[0])}


# What adds a member to a reply: its key is the first string.
ADDERS = r"\b(?:reply_add_string|reply_add_time|jadd|jadd_int|jadd_bool|put_\w+)\(\s*[\w>.-]+,\s*\"(\w+)\""


def written(*functions):
    """The members that functions of the code write into a reply."""
    return {member for path, name in functions for member in re.findall(ADDERS, function(path, name))}


def test_members_of_a_vif_in_a_reply():
    told = names(section("A VIF in a reply").split("| state | |\n")[0])
    code = written(("src/wire/reply.c", "put_view"), ("src/wire/reply.c", "put_tag")) - \
        {"path", "mode"}  # These are of vhost_user.
    assert set(told) == code | {"representor", "qos", "drift"}
    row = re.search(r"^\| `vhost_user` \|.*$", section("A VIF in a reply"), re.MULTILINE)[0]
    assert "`path`" in row and "`mode`" in row


@pytest.mark.parametrize("inner", ["put_representor", "put_drift"])
def test_inner_members_of_a_vif_in_a_reply(inner):
    member = inner[len("put_"):]
    row = re.search(rf"^\| `{member}` \|.*$", section("A VIF in a reply"), re.MULTILINE)[0]
    told = set(re.findall(r"[`\"](\w+)[`\"]", row)) - {member}
    assert told == written(("src/wire/reply.c", inner)) - {member}


def members(value):
    """All names of members of a JSON value."""
    if isinstance(value, dict):
        return set(value) | set().union(*(members(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(members(item) for item in value))
    return set()


def example(heading):
    return json.loads(re.search(r"```json\n(.*?)```", section(heading, "###"), re.DOTALL)[1])


def test_members_of_status():
    """The example, and what is said about it, has every member, and no other."""
    code = written(("src/wire/reply.c", "reply_status"))
    handler = function("src/daemon/methods.c", "handle_status")
    counters = set(re.findall(r'^        \{"(\w+)",', handler, re.MULTILINE))
    shown = members(example("status"))
    assert "plugs" in counters and shown <= code | counters
    assert counters == set(example("status")["counters"])
    left_out = (code | counters) - shown
    assert all(f"{member}`" in section("status", "###") for member in left_out), left_out


def test_members_of_nics():
    code = written(*(("src/wire/reply-nics.c", f"reply_nics_{name}") for name in ("add_pf", "add_vf", "finish")))
    code |= {"netdevs", "nics", "vfs"}  # Not written as members of a tree.
    shown = members(example("nics"))
    assert shown <= code
    assert all(f"`{member}`" in section("nics", "###") for member in code - shown), code - shown


def test_members_of_stats():
    code = written(("src/wire/reply-stats.c", "reply_stats_add"), ("src/wire/reply.c", "put_tag"))
    shown = example("stats")
    assert set(shown["stats"][0]) == code and set(shown) == {"stats", "interval_ms", "warnings"}


def test_members_of_ops():
    code = written(("src/wire/reply-ops.c", "reply_ops_add"), ("src/wire/reply-ops.c", "put_client"),
                   ("src/wire/reply-ops.c", "put_duration")) | {"operations", "n_under_way"}
    shown = members(example("ops"))
    assert shown <= code
    assert all(f"`{member}`" in section("ops", "###") for member in code - shown), code - shown


def result_of(name):
    """The cell of the table of methods that says what the method replies."""
    return re.search(rf"^\| \[`{name}`\].*\| (.*) \|$", section("Methods"), re.MULTILINE)[1]


def test_members_of_the_reply_to_an_operation():
    code = written(("src/wire/reply.c", "reply_operation"), ("src/wire/reply.c", "put_timings"))
    told = {name for method in ("plug", "unplug", "update") for name in re.findall(r"`(\w+)`", result_of(method))}
    examples = re.findall(r"```json\n(.*?)```", section("plug", "###"), re.DOTALL)
    timings = json.loads(examples[1])["result"]["timings_ms"]
    plan = json.loads("{" + examples[2] + "}")["plan"]
    assert set(timings) == written(("src/wire/reply.c", "put_timings")) - {"timings_ms"}
    assert set(plan) == written(("src/wire/reply.c", "put_plan"))
    assert code == told | set(timings) | {"plan"}


def test_members_of_the_reply_to_reap():
    code = written(("src/wire/reply.c", "reply_reap_finish"))
    told = set(re.findall(r"`(\w+)`", result_of("reap")))
    text = section("reap", "###")
    assert code == told | {"plans"} and "`plans`" in text
    plan = written(("src/wire/reply.c", "reply_reap_plan"), ("src/wire/reply.c", "put_plan"))
    assert set(re.findall(r'"(\w+)"', re.search(r"`\[(\{.*?\})\]`", text)[1])) == plan
    kept = example("reap")["kept"][0]
    assert set(kept) == written(("src/wire/reply.c", "reply_reap_kept"))
    assert set(example("reap")) == code - {"plans"}


def test_members_of_an_error():
    code = written(("src/wire/reply.c", "reply_error"))
    reply = json.loads(re.search(r"```json\n(.*?)```", section("Errors"), re.DOTALL)[1])["error"]
    told = set(names(section("Errors").split("| member of `data` | |\n")[1].split("\n\n")[0]))
    assert code == set(reply) | told and set(reply["data"]) <= told


def test_members_of_describe():
    code = written(("src/wire/reply.c", "reply_describe"), ("src/wire/reply.c", "describe_profile"))
    assert members(example("describe")) == code


def test_members_of_the_reply_to_check():
    code = written(("src/wire/reply-check.c", "reply_check_add"), ("src/wire/reply-check.c", "reply_check_finish"))
    code |= {"checks", "counts", "verdict"}  # Not written as members of a tree.
    assert members(example("check")) == code
    assert set(re.findall(r"`(\w+)`", result_of("check"))) == {"checks", "counts", "verdict"}


def test_table_of_checks():
    """docs/troubleshooting.md has a row for each check, in the order of the code."""
    table = re.search(r"check_classes\[\] = \{(.*?)\n\};", read("src/check/check.c"), re.DOTALL)[1]
    code = re.findall(r'^    \{"([\w-]+)",', table, re.MULTILINE)
    told = re.findall(r"^\| `([\w-]+)` \|", read("docs/troubleshooting.md"), re.MULTILINE)
    assert told == code and len(code) >= 30
    tested = set(re.findall(r'"([a-z-]+)",\s*CHECK_(?:WARN|FAIL)', read("tests/unit/test-check.c")))
    assert set(code) == tested


SHIPPED = read("etc/vifplugd.conf")


def test_settings():
    """The shipped file has every setting of the code, in its section. (test-config.c: with its default.)"""
    table = re.search(r" config_settings\[\] = \{(.*?)\n\};", read("src/daemon/config.c"), re.DOTALL)[1]
    code = re.findall(r'(?:TEXT|NUMBER)\("(\w+)", "?(\w+)"?,|\{"(\w+)", "(\w+)",', table)
    code = {(first or third, second or fourth) for first, second, third, fourth in code}
    told = set()
    for line in SHIPPED.splitlines():
        if match := re.match(r"\[([\w -]+)\]", line):
            part = match[1]
        elif match := re.match(r";(\w+) =", line):
            told.add((part, match[1]))
    assert told == code and len(code) > 20
    at_start = re.findall(r'TEXT\("\w+", (\w+), \w+, true\)', table)
    said = re.search(r"\(([\w, ]+) only\s+at start\)", SHIPPED.replace("\n#", ""))[1]
    assert at_start and set(at_start) <= set(re.findall(r"\w+", said))


def test_keys_of_a_nic_profile():
    told = set(re.findall(r"^;   ([a-z-]+)  ", SHIPPED, re.MULTILINE))
    code = set(re.findall(r'strcmp\(key, "([a-z-]+)"\)', function("src/nic/nic-profile.c", "nic_profile_set")))
    code |= set(re.findall(r'strcmp\(key, "([a-z-]+)"\)', function("src/nic/nic-profile.c", "set_choice")))
    assert told == code and "options.KEY" in SHIPPED
