# SPDX-License-Identifier: Apache-2.0
"""The metrics beside a switch: their values after operations, drift and losses. tests/cli/test_metrics.py has the
text and the listener."""

import os
import signal

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from api import INSTANCE, Api, ApiError, calls_beside, hybrid, ovs_vif, vhost_user, vif_id, wait_until
from kernel import frames_to

COUNTERS = [f"{way}_{what}" for way in ("rx", "tx") for what in ("packets", "bytes", "dropped", "errors")]


class Metrics:
    """The samples of one text."""

    def __init__(self, api):
        text = api.call("metrics")["text"]
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name, **labels):
        """The value of the sample that has these labels, and no others but `le` and those of a VIF."""
        found = [sample.value for sample in self.samples
                 if sample.name == name and labels.items() <= sample.labels.items()]
        assert len(found) <= 1, f"{name} {labels} is not one sample"
        return found[0] if found else None

    def traffic(self, number):
        """The counters of a VIF, as Open vSwitch names them."""
        values = {name: self.value(f"vifplug_vif_{name}_total", vif_id=vif_id(number)) for name in COUNTERS}
        return {name: value for name, value in values.items() if value is not None}

    def vifs(self):
        """{vif_id: labels} of all VIFs."""
        return {sample.labels["vif_id"]: sample.labels for sample in self.samples
                if sample.name == "vifplug_vif_state" and sample.value == 1}


def test_operations_are_counted(api):
    before = Metrics(api)
    ids = [api.send("plug", vif=vhost_user(n), instance={"uuid": INSTANCE}) for n in (1, 2, 3)]
    assert all("result" in reply for reply in api.collect(ids).values())
    api.plug(vhost_user(4), dry_run=True)
    try:
        api.plug(vhost_user(5, path="/usr/local/var/run/vhost1"))
    except ApiError as error:
        assert error.reason == "socket_in_use"
    try:
        api.call("update", vif_id=vif_id(1))
    except ApiError as error:
        assert error.reason == "invalid_request"
    after = Metrics(api)

    def grown(name, **labels):
        return (after.value(name, **labels) or 0) - (before.value(name, **labels) or 0)
    assert grown("vifplug_operations_total", type="plug", reason="none") == 3
    assert grown("vifplug_operations_total", type="plug", reason="socket_in_use") == 1
    assert grown("vifplug_requests_refused_total", reason="invalid_request") == 1
    for stage in ("queued", "commit", "realize", "total"):
        assert grown("vifplug_operation_stage_seconds_count", type="plug", stage=stage) == 3
        assert grown("vifplug_operation_stage_seconds_bucket", type="plug", stage=stage, le="+Inf") == 3
    assert 0 < grown("vifplug_operation_stage_seconds_sum", type="plug", stage="total") < 60
    assert grown("vifplug_batch_operations_sum") == 3
    assert 1 <= grown("vifplug_batch_operations_count") <= 3
    assert grown("vifplug_vif_events_total", event="plugged") == 3
    assert after.value("vifplug_vifs") == 3 and after.value("vifplug_operations_pending") == 0


def test_each_vif_has_its_state(box, api):
    """With its labels, escaped, whatever others have written; also if it is missing."""
    ports = [api.plug(vhost_user(n))["port"] for n in (1, 2)]
    assert Metrics(api).vifs() == {
        vif_id(n): {"vif_id": vif_id(n), "instance": INSTANCE, "port": port, "bridge": "br-int", "state": "up"}
        for n, port in zip((1, 2), ports)}
    for n in (1, 2):  # ovs-vswitchd may write the link between the two replies.
        wait_until(lambda n=n: Metrics(api).value("vifplug_vif_link_up", vif_id=vif_id(n)) ==
                   {"up": 1, "down": 0}.get(api.get_vif(n).get("link_state")), what="both agree on the link")
    # ovs-vswitchd reports the link of a port without a guest.
    wait_until(lambda: Metrics(api).value("vifplug_vif_link_up", vif_id=vif_id(1), instance=INSTANCE,
                                          port=ports[0], bridge="br-int") == 0, what="the link is down")
    drifted = Metrics(api).value("vifplug_vif_events_total", event="drifted")
    box.vsctl("set", "interface", ports[0], 'external_ids:vm-uuid="a\\"b\\\\c\\nd\\u001b[2J"')
    wait_until(lambda: Metrics(api).vifs()[vif_id(1)]["state"] == "drifted", what="the drift is seen")
    assert Metrics(api).vifs()[vif_id(1)]["instance"] == 'a"b\\c\\nd\\x1b[2J'
    box.vsctl("del-port", "br-int", ports[1])
    wait_until(lambda: Metrics(api).vifs().get(vif_id(2), {}).get("state") == "missing",
               what="the loss is seen")
    last = Metrics(api)
    assert last.value("vifplug_vifs") == 1 and last.value("vifplug_vifs_missing") == 1
    assert last.value("vifplug_problems") == len(api.call("status")["problems"]) == 1
    assert last.value("vifplug_vif_events_total", event="drifted") == drifted + 2


def test_links_are_those_of_a_switch_that_runs(box, api):
    api.plug(vhost_user(1))
    wait_until(lambda: Metrics(api).value("vifplug_vif_link_up") == 0, what="ovs-vswitchd has told of the link")
    box.stop("ovs-vswitchd")
    wait_until(lambda: Metrics(api).value("vifplug_vswitchd_state", state="dead") == 1, what="it has gone")
    assert Metrics(api).value("vifplug_vif_link_up") is None
    assert Metrics(api).value("vifplug_vif_state") == 1


def test_the_switch_goes_and_comes(box, api):
    api.plug(vhost_user(1))
    before = Metrics(api)
    assert before.value("vifplug_ovsdb_connected") == 1 and before.value("vifplug_problems") == 0
    assert before.value("vifplug_vswitchd_state", state="alive") == 1
    box.stop("ovsdb-server")
    wait_until(lambda: Metrics(api).value("vifplug_ovsdb_connected") == 0, what="OVSDB is away")
    away = Metrics(api)
    assert away.value("vifplug_problems") >= 1 and away.vifs() == {}
    box.start_ovsdb()
    wait_until(lambda: Metrics(api).vifs(), what="OVSDB is back")
    for name, label in (("vifplug_losses_total", {"of": "ovsdb"}), ("vifplug_reconnects_total", {"to": "ovsdb"})):
        wait_until(lambda name=name, label=label: Metrics(api).value(name, **label) ==
                   before.value(name, **label) + 1, what=name)


def counted(api, number):
    """The counters of a VIF that have metrics, as stats shows them."""
    statistics = api.call("stats", vif_id=vif_id(number))["stats"][0]["statistics"]
    return {name: value for name, value in statistics.items() if name in COUNTERS}


def test_traffic_is_that_of_ovsdb(box, api):
    """With the labels of a VIF, for those counters that a port has."""
    api.plug(hybrid(1))
    api.plug(vhost_user(2))
    port, ofport = (api.get_vif(1)[name] for name in ("port", "ofport"))
    frames_to(box, ofport)
    wait_until(lambda: Metrics(api).traffic(1).get("tx_packets", 0) >= 3, timeout=30, what="frames are counted")
    wait_until(lambda: Metrics(api).traffic(1) == counted(api, 1), timeout=30, what="they are those of stats")
    assert set(Metrics(api).traffic(1)) == set(COUNTERS)
    # A vhost-user port has no counters of traffic before a guest connects.
    assert Metrics(api).traffic(2) == counted(api, 2) == {}
    after = Metrics(api)
    sample, = (sample for sample in after.samples if sample.name == "vifplug_vif_tx_bytes_total"
               and sample.labels["vif_id"] == vif_id(1))
    assert sample.labels == {"vif_id": vif_id(1), "instance": INSTANCE, "port": port, "bridge": "br-int"}
    assert after.value("vifplug_vif_counters_left_out") == 0


def plug_many(api, n):
    api.collect([api.send("plug", vif=ovs_vif(i), instance={"uuid": INSTANCE}, wait="committed")
                 for i in range(1, n + 1)])


def readings(box):
    return int(box.appctl("vifplugd", "coverage/read-counter", "vifplug_traffic_readings"))


def test_scrapes_share_a_reading(box, api):
    """Counters are read for scrapes only, once for those that come together, and also if some leave."""
    plug_many(api, 40)
    first = readings(box)
    api.call("list")
    assert readings(box) == first
    wait_until(lambda: api.call("metrics") and readings(box) > first, what="a scrape has counters read")
    before = readings(box)
    scrapers = [Api(box.socket) for _ in range(20)]
    for scraper in scrapers:
        scraper.send("metrics")
    for scraper in scrapers[::2]:
        scraper.close()
    for scraper in scrapers[1::2]:
        assert scraper.receive()["result"]["text"].endswith("# EOF\n")
        scraper.close()
    assert readings(box) <= before + 10


def test_ovsdb_that_hangs_leaves_counters_out(box, api):
    """All else is there, and nobody waits for it but the scrape; then the counters come back."""
    api.plug(hybrid(1))
    api.plug(vhost_user(2))
    wait_until(lambda: Metrics(api).traffic(1), timeout=30, what="traffic is counted")
    os.kill(box.pid("ovsdb-server"), signal.SIGSTOP)
    try:
        def left_out():
            with Api(box.socket) as scraper:
                scraper.send("metrics")
                reply, n = calls_beside(api, scraper)
                text = reply["result"]["text"]
            return text if "vifplug_vif_counters_left_out 2\n" in text and n > 5 else None
        text = wait_until(left_out, timeout=20, what="counters are left out, and others do not wait for them")
        assert "vifplug_vif_rx_packets_total{" not in text
        assert text.count("vifplug_vif_state{") == 2 and "vifplug_ovsdb_connected 1\n" in text
    finally:
        os.kill(box.pid("ovsdb-server"), signal.SIGCONT)
    wait_until(lambda: Metrics(api).traffic(1), timeout=30, what="the counters are back")
    assert Metrics(api).value("vifplug_vif_counters_left_out") == 0
