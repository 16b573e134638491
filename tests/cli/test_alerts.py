# SPDX-License-Identifier: Apache-2.0
"""The alerts and the dashboard of etc, as Prometheus reads them: promtool parses their expressions and runs them
on made series, and on those of a real vifplugd."""

import json
import os
import subprocess

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from process import BUILD, TOP, Daemon, connect

HERE = os.path.dirname(os.path.abspath(__file__))
ALERTS = os.path.join(TOP, "etc/vifplug-alerts.yml")
ALERTS_TEST = os.path.join(HERE, "alerts-test.yml")
TARGET = {"job": "vifplug", "instance": "compute-1"}
VIF = {"vif_id": "port-1", "exported_instance": "vm-1", "port": "vfrport-1", "bridge": "br-int"}


@pytest.fixture(scope="module", name="promtool")
def fetched_promtool():
    directory = os.path.join(BUILD, "promtool")
    done = subprocess.run([os.path.join(HERE, "fetch-promtool"), directory], capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 0, done.stderr

    def run(*arguments):
        return subprocess.run([f"{directory}/promtool", *arguments], capture_output=True, text=True, check=False,
                              timeout=120)

    return run


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def run_tests(promtool, directory, alerts, test):
    """promtool's `test rules` of a rule file and a test, as data."""
    for name, content in (("vifplug-alerts.yml", alerts), ("test.yml", test)):
        (directory / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return promtool("test", "rules", f"{directory}/test.yml")


def test_the_alerts_fire_on_what_is_wrong_alone(promtool, tmp_path):
    checked = promtool("check", "rules", ALERTS)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    done = run_tests(promtool, tmp_path, load(ALERTS), load(ALERTS_TEST))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_tests_of_both_kinds():
    alerts = {rule["alert"] for group in load(ALERTS)["groups"] for rule in group["rules"]}
    cases = [case for test in load(ALERTS_TEST)["tests"] for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == alerts
    assert {case["alertname"] for case in cases if not case.get("exp_alerts")} == alerts


def test_alerts_that_never_fire_fail_the_test(promtool, tmp_path):
    alerts = load(ALERTS)
    rules = alerts["groups"][0]["rules"]
    for rule in rules:
        rule["expr"] = f"({rule['expr']}) and vifplug_nothing"
    done = run_tests(promtool, tmp_path, alerts, load(ALERTS_TEST))
    assert done.returncode == 1
    assert [rule["alert"] for rule in rules if rule["alert"] not in done.stdout + done.stderr] == []


def series_of(name, labels, values):
    inner = ", ".join(f"{key}={json.dumps(value)}" for key, value in sorted({**labels, **TARGET}.items()))
    return {"series": f"{name}{{{inner}}}", "values": values}


def real_series(directory):
    """The series that Prometheus makes of the metrics of a vifplugd, with one VIF that is failed."""
    with Daemon(directory) as daemon:
        daemon.wait_log("listening")
        text = connect(daemon.path).ask("metrics")["result"]["text"]
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield series_of(sample.name, sample.labels, "1x20" if family.type == "gauge" else "0+60x20")
    yield series_of("vifplug_vif_state", {**VIF, "state": "failed"}, "1x20")
    for way in ("rx", "tx"):
        for counter in ("packets", "bytes", "dropped", "errors"):
            yield series_of(f"vifplug_vif_{way}_{counter}_total", VIF, "0+60x20")


def test_each_expression_of_the_dashboard_finds_something(promtool, tmp_path):
    with open(os.path.join(TOP, "etc/vifplug-dashboard.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    cases = []
    variables = {"$job": TARGET["job"], "$host": TARGET["instance"], "$__rate_interval": "4m"}
    assert {"job", "host"} < {variable["name"] for variable in dashboard["templating"]["list"]}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            assert 'job="$job", instance="$host"' in expression
            for name, value in variables.items():
                expression = expression.replace(name, value)
            cases.append({"expr": f"count({expression}) > bool 0", "eval_time": "15m",
                          "exp_samples": [{"labels": "{}", "value": 1}]})
    test = {"rule_files": ["vifplug-alerts.yml"], "evaluation_interval": "1m",
            "tests": [{"interval": "1m", "input_series": list(real_series(tmp_path)), "promql_expr_test": cases}]}
    done = run_tests(promtool, tmp_path, load(ALERTS), test)
    assert done.returncode == 0, done.stdout + done.stderr
    for case in cases:  # It finds nothing among the series of another host.
        case["expr"] = case["expr"].replace("compute-1", "compute-2")
        case["exp_samples"] = []
    done = run_tests(promtool, tmp_path, load(ALERTS), test)
    assert done.returncode == 0, done.stdout + done.stderr
