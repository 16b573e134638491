# SPDX-License-Identifier: Apache-2.0
"""Text from outside in logs and on terminals: no line is forged, no escape sequence gets through."""

import copy
import json
import os
import re
import subprocess

import pytest

from api import INSTANCE, SAMPLES, Api, ApiError, ovs_vif, sample, vhost_user, vif_id, wait_until

NASTY = "a\n\x1b[31m\u202e\u200b\x7f\x9b"

# What no log and no terminal may get as it is.
RAW = ["\x1b", "\u202e", "\u200b", "\x7f", "\x9b", "\r"]


def leaves(value, path=()):
    """Yields the path of each member and element, also of objects and arrays."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield path + (key,)
        yield from leaves(inner, path + (key,))


def replaced(value, path, new):
    value = copy.deepcopy(value)
    where = value
    for key in path[:-1]:
        where = where[key]
    where[path[-1]] = new
    return value


def variants(vif):
    for path in leaves(vif):
        yield replaced(vif, path, NASTY)
        yield replaced(vif, path, {NASTY: NASTY})
    yield {**vif, NASTY: NASTY}


def native():
    return {**vhost_user(1, "client"), "interface_id": "i", "vif_name": "p1", "datapath_type": "netdev",
            "qos": {"egress": {"max_kbps": 1000}}, "pci_slot": "0000:65:00.4"}


def all_forms():
    """Returns {name: VIF}, of each form and type one."""
    forms = {("native", "vhost-user"): native()}
    for name in sorted(os.listdir(SAMPLES)):
        if re.fullmatch(r"[a-e]\d_\w+(\.nova_vif)?\.json", name):
            vif = sample(name[:-len(".json")])
            form = "os-vif" if "versioned_object.name" in vif else "nova"
            forms.setdefault((form, vif.get("versioned_object.name") or vif.get("type")), vif)
    return {"-".join(name): vif for name, vif in forms.items()}


def log_of(box, name="vifplugd"):
    text = ""
    for suffix in ("log", "out"):
        with open(f"{box.log}/{name}.{suffix}", "rb") as file:
            text += file.read().decode("utf-8")  # It is valid UTF-8, too.
    return text


def check_log(box):
    text = log_of(box)
    assert not [hex(ord(character)) for character in RAW if character in text]
    # Each line begins like one of vlog's.
    assert not [line for line in text.splitlines() if not line[:4].isdigit() and not line.startswith("vif")]


def check_text(text):
    assert not [hex(ord(character)) for character in RAW if character in text], text


def vifctl(box, *arguments, stdin=""):
    done = subprocess.run([os.path.join(box.build, "src/vifctl"), f"--socket={box.socket}", *arguments],
                          input=stdin.encode(), capture_output=True, timeout=60, check=False)
    check_text(done.stdout.decode())
    check_text(done.stderr.decode())
    return done


# vifplugd reads no more requests from a client that leaves 256 KiB of replies unread.
PORTION = 64


def test_each_member_of_a_request(box, api):
    """Errors quote what is wrong; all forms, each member, as its value and as a member's name."""
    plugs = [("plug", {"vif": vif, "instance": {"uuid": INSTANCE}, "wait": "committed", "dry_run": True})
             for form in all_forms().values() for vif in variants(form)]
    request = {"vif_id": vif_id(1), "instance": {"uuid": INSTANCE}, "wait": "realized", "timeout_ms": 5}
    requests = plugs + [("unplug", one) for one in variants(request)] + [
        (NASTY, {}), ("get", {"vif_id": NASTY}), ("reap", {"vif_ids": [NASTY]})]
    replies = {}
    for first in range(0, len(requests), PORTION):
        replies.update(api.collect([api.send(method, **params)
                                    for method, params in requests[first:first + PORTION]]))
    errors = [reply.get("error") for reply in replies.values() if "error" in reply]
    assert len(errors) > 300
    for error in errors:
        check_text(error["message"] + error["data"].get("detail", "") + error["data"].get("field", ""))
        assert "\n" not in error["message"]
    assert any("\\n\\x1b[31m\\u202e\\u200b\\x7f\\u009b" in error["message"] for error in errors)
    check_log(box)


@pytest.mark.parametrize("name, form", all_forms().items(), ids=all_forms())
def test_vifctl_shows_refusals(box, name, form):
    """A few of them as vifctl shows them; the daemon's log line comes before it knows who asks."""
    paths = list(leaves(form))[::7]
    assert paths, name
    for path in paths:
        done = vifctl(box, "plug", "--dry-run", f"--instance={INSTANCE}", "-",
                      stdin=json.dumps(replaced(form, path, NASTY)))
        assert done.stderr.count(b"\n") <= 2
    check_log(box)


def raw_line(box, line):
    with Api(box.socket) as api:
        api.socket.sendall(line + b"\n")
        return json.loads(api.input.readline())


def test_a_request_that_is_no_utf8(box):
    reply = raw_line(box, b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe\n"}')
    check_text(reply["error"]["message"])
    check_log(box)


def test_rows_of_other_programs(box, api):
    """Names, options and external_ids of foreign rows reach the log, events, dry runs and lists."""
    vif = ovs_vif(1, create_port=True, create_tap=True)
    port = api.plug(vif)["port"]
    with Api(box.socket) as events:
        events.call("subscribe")
        box.vsctl("set", "Interface", port, f'options:"{json_string("x" + NASTY)}"="y"')
        box.vsctl("set", "Interface", port, f'external_ids:attached-mac="{json_string(NASTY)}"')
        wait_until(lambda: "another program changed" in log_of(box), what="the log says so")
        box.vsctl("set", "Interface", port, f'type="{json_string(NASTY)}"')
        wait_until(lambda: events.receive().get("method") == "vif.drifted", what="the event")
    for arguments in (("list",), ("get", vif["vif_id"]), ("--format=json", "get", vif["vif_id"]),
                      ("--format=json", "list"), ("status",), ("nics",)):
        # The VIF fails once ovs-vswitchd has seen the new type, and then not all is well.
        assert vifctl(box, *arguments).returncode in ((0, 1) if arguments == ("status",) else (0,))
    shown = json.loads(vifctl(box, "--format=json", "get", vif["vif_id"]).stdout)
    assert shown["external_ids"]["attached-mac"] == NASTY, "JSON has the same value, escaped"
    plan = json.loads(vifctl(box, "--format=json", "--dry-run", f"--instance={INSTANCE}", "plug", "-",
                             stdin=json.dumps(vif)).stdout)["plan"]
    check_text(json.dumps(plan, ensure_ascii=False).replace("\\u", ""))
    box.vsctl("set", "Interface", port, "type=tap")
    check_log(box)


def json_string(text):
    """As ovs-vsctl reads it between quotes."""
    return json.dumps(text)[1:-1]


def test_a_name_that_takes_two_lines(box, api):
    """A Port of another program with such a name, as the cause of an error and in a warning."""
    box.vsctl("--may-exist", "add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev")
    box.vsctl("add-br", "br-two", "--", "set", "bridge", "br-two", "fail_mode=secure")
    vif = vhost_user(2, "client")
    box.vsctl("add-port", "br-int", "p2", "--", "set", "interface", "p2",
              f'external_ids:iface-id="{vif["vif_id"]}"', f'external_ids:vm-uuid="{json_string(NASTY)}"')
    try:
        api.plug({**vif, "vif_name": "p2"})
    except ApiError as error:
        check_text(error.message + error.detail)
    check_log(box)
