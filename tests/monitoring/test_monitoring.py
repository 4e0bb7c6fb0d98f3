"""What `--profile monitoring` starts, run without containers: the real Prometheus with our files, on two real
replicas under load. Grafana itself is not run; its dashboard's queries are."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from service.keys.key import Limits
from tests.compose import composed
from tests.integration.conftest import serving
from tests.keys import key_store
from tests.monitoring.load import callers, replicas
from tests.monitoring.prometheus import (
    MONITORING,
    Prometheus,
    alerts,
    dashboard,
    prometheus,
    require,
    watched,
)

UNIT_TESTS = Path(__file__).with_name("alerts.test.yml")

_SERIES_SECONDS = 40


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, while callers keep both replicas busier than their small queues allow."""
    require("prometheus")
    with (
        replicas(KURZFASSUNG_QUEUE_TOKENS="600") as addresses,
        prometheus(
            tmp_path_factory.mktemp("prometheus"), [urlsplit(each).netloc for each in addresses]
        ) as asked,
        callers(addresses, 6),
    ):
        yield asked


def has_series(asked: Prometheus, expression: str) -> bool:
    """Waits for them: a rate needs two scrapes, a refusal a full queue."""
    deadline = time.monotonic() + _SERIES_SECONDS
    while time.monotonic() < deadline:
        if asked.series(expression):
            return True
        time.sleep(0.5)
    return False


def test_every_query_of_the_dashboard_returns_series_under_load(asked: Prometheus) -> None:
    queries = dashboard("20s")
    assert len(queries) >= 20
    empty = [query.panel for query in queries if not has_series(asked, query.expression)]
    assert empty == []


def test_every_alert_watches_series_that_there_are_and_is_evaluated_without_an_error(
    asked: Prometheus,
) -> None:
    empty = [name for name, expression in alerts().items() if not has_series(asked, watched(expression))]
    assert empty == []
    [group] = asked.ask("rules", type="alert")["groups"]
    health = {rule["name"]: (rule["health"], rule.get("lastError")) for rule in group["rules"]}
    assert health == dict.fromkeys(alerts(), ("ok", None))


def test_both_replicas_are_ready_and_their_refusals_are_counted(asked: Prometheus) -> None:
    [ready] = asked.series('sum(kurzfassung_ready{job="kurzfassung"})')
    assert ready["value"][1] == "2"
    assert has_series(asked, 'kurzfassung_requests_total{route="/v1/digest",status="5xx"} > 0')


def test_every_metric_in_a_query_is_one_the_service_publishes(asked: Prometheus) -> None:
    published = {name for name in asked.ask("label/__name__/values") if name.startswith("kurzfassung_")}
    expressions = [query.expression for query in dashboard("20s")] + list(alerts().values())
    words = {word for text in expressions for word in re.findall(r"kurzfassung_\w+", text)}
    assert words <= published
    assert len(words) > 10


def test_the_configuration_and_every_alert_pass_promtool() -> None:
    require("promtool")
    for command in (
        ["check", "config", MONITORING / "prometheus.yml"],
        ["test", "rules", UNIT_TESTS],
    ):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_key_in_its_file_is_what_a_service_with_keys_asks_for(tmp_path: Path) -> None:
    require("prometheus")
    _, secret = key_store(tmp_path).create("Prometheus", {"metrics"}, Limits())
    with (
        serving(data_dir=tmp_path) as service,
        prometheus(tmp_path, [service.base_url.netloc.decode()]) as asked,
    ):
        assert has_series(asked, "up == 0")
        (tmp_path / "metrics-key.txt").write_text(secret + "\n", encoding="ascii")
        assert has_series(asked, "up == 1")
        assert has_series(asked, "kurzfassung_ready == 1")


def test_every_alert_has_a_unit_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    tests = yaml.safe_load(UNIT_TESTS.read_text(encoding="utf-8"))["tests"]
    checks = [check for test in tests for check in test["alert_rule_test"]]
    assert {check["alertname"] for check in checks if check["exp_alerts"]} == set(alerts())
    assert {check["alertname"] for check in checks if not check["exp_alerts"]} == set(alerts())


def test_the_profile_has_prometheus_and_grafana_and_mounts_files_that_there_are() -> None:
    profiled = {name: each for name, each in services().items() if each.get("profiles") == ["monitoring"]}
    assert set(profiled) == {"prometheus", "grafana"}
    for each in profiled.values():
        assert re.fullmatch(r"(prom|grafana)/\w+:v?\d+\.\d+\.\d+", each["image"]), "pinned"
        bound = [volume.split(":")[0] for volume in each["volumes"] if volume.startswith("/")]
        assert len(bound) >= 2
        assert all(Path(file).is_file() for file in bound)


def test_prometheus_asks_the_replicas_of_the_compose_file_and_grafana_asks_prometheus() -> None:
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    targets = config["scrape_configs"][0]["static_configs"][0]["targets"]
    replicas = {name for name, each in services().items() if each["image"].startswith("kurzfassung")}
    assert set(targets) == {f"{name}:8000" for name in replicas}
    made = yaml.safe_load((MONITORING / "grafana/datasource.yaml").read_text(encoding="utf-8"))
    [source] = made["datasources"]
    assert source["url"] == "http://prometheus:9090"
    panels = json.loads((MONITORING / "grafana/kurzfassung.json").read_text(encoding="utf-8"))["panels"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}


def services() -> dict[str, Any]:
    require("docker-compose")
    read: dict[str, Any] = composed()["services"]
    return read
