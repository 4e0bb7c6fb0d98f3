"""A real Prometheus with the project's own configuration, asking services of ours."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.gateway.conftest import free_ports

MONITORING = Path(__file__).parents[2] / "docker" / "monitoring"

_START_SECONDS = 30


def require(*programs: str) -> None:
    """Skips the test, under CI fails it, where one of them is not installed."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"missing: {', '.join(missing)}")


@dataclass(frozen=True)
class Query:
    """One expression of the dashboard. `panel` is its title, `legend` names its lines."""

    panel: str
    unit: str
    legend: str
    expression: str


def dashboard(interval: str) -> list[Query]:
    """Every query, `interval` in place of the one that Grafana computes from its screen."""
    made = json.loads((MONITORING / "grafana" / "kurzfassung.json").read_text(encoding="utf-8"))
    return [
        Query(
            panel["title"],
            panel["fieldConfig"]["defaults"]["unit"],
            target["legendFormat"],
            target["expr"].replace("$__rate_interval", interval),
        )
        for panel in made["panels"]
        for target in panel["targets"]
    ]


def alerts() -> dict[str, str]:
    """Each rule's expression by its name."""
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def watched(expression: str) -> str:
    """The value that an alert compares with a number; the comparison itself is empty while all is well."""
    found = re.fullmatch(r"(?s)(.+?)\s*[<>]\s*[\d.e]+\s*", expression)
    assert found is not None, expression
    return found[1]


class Prometheus:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, path: str, **parameters: Any) -> Any:
        """Its `data`. A query it cannot read or compute fails."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        return answer.json()["data"]

    def series(self, expression: str) -> list[Any]:
        return list(self.ask("query", query=expression)["result"])


@contextmanager
def prometheus(place: Path, targets: Sequence[str], *, interval: str = "1s") -> Iterator[Prometheus]:
    """With `docker/monitoring/prometheus.yml`, except for the addresses of the replicas and how often they
    are asked."""
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": interval, "evaluation_interval": interval}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = list(targets)
    (place / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for name in ("alerts.yml", "metrics-key.txt"):
        shutil.copy(MONITORING / name, place)
    [port] = free_ports(1)
    command = [
        "prometheus",
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={place / 'data'}",
    ]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
                _wait(client, process, place / "log")
                yield Prometheus(client)
        finally:
            process.terminate()
            process.wait(20)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        try:
            if client.get("/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("Prometheus does not start")
