"""One Ray cluster for all, the service on it, and what the tests may find out about it."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
import yaml

from tests.cluster.cluster import ROOT, Cluster
from tests.cluster.network import network, require_namespaces

_READY_SECONDS = 180


if find_spec("ray") is not None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own, of pydantic; for us warnings are errors
        import_module("service.ray_app")
elif os.environ.get("CI") != "true":  # under CI the missing library fails the tests
    collect_ignore_glob = ["test_*.py"]


Served = tuple[Cluster, httpx.Client, "Deploy"]


class Deploy:
    """`docker/ray/serve.yaml` with the cores of a replica and how many there are as they fit this machine;
    called with other limits of `Service` it is deployed anew."""

    def __init__(self, cluster: Cluster, place: Path) -> None:
        self._cluster = cluster
        self._file = place / "serve.yaml"

    def __call__(self, **limits: int) -> None:
        config = yaml.safe_load((ROOT / "docker/ray/serve.yaml").read_text(encoding="utf-8"))
        [application] = config["applications"]
        [service] = [each for each in application["deployments"] if each["name"] == "Service"]
        service["ray_actor_options"]["num_cpus"] = 1
        # Looks at the last seconds instead of the last half a minute, so that nobody waits here.
        quick = {"metrics_interval_s": 1, "look_back_period_s": 3, "upscale_delay_s": 3}
        service["autoscaling_config"] |= {"max_replicas": 3, "target_ongoing_requests": 4, **quick}
        service |= limits
        self._file.write_text(yaml.safe_dump(config), encoding="utf-8")
        self._cluster.deploy(self._file)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With the starter's weights, on a head and two workers, of which the first has two cores and the second
    one: of two replicas the first worker has at least one. A test that takes a worker adds another one."""
    require_namespaces()
    with network() as made:
        cluster = Cluster(made, tmp_path_factory.mktemp("ray"), KURZFASSUNG_PROFILE="starter")
        try:
            cluster.start(2, 1)
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="module")
def served(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    deploy = Deploy(cluster, tmp_path_factory.mktemp("serve"))
    deploy()
    address = f"http://{cluster.head.address}:8000"
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        wait_ready(cluster, client)
        yield cluster, client, deploy


def wait_ready(cluster: Cluster, client: httpx.Client) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError(cluster.log()[-3000:])
