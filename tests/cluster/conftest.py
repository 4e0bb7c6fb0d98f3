"""The service on a Ray cluster of its own, and what the tests may find out about it."""

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

from tests.cluster.cluster import ROOT, Cluster, cluster

_READY_SECONDS = 180


if find_spec("ray") is not None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own, of pydantic; for us warnings are errors
        import_module("service.ray_app")
elif os.environ.get("CI") != "true":  # under CI the missing library fails the tests
    collect_ignore_glob = ["test_*.py"]


Served = tuple[Cluster, httpx.Client, "Deploy"]


class Deploy:
    """`docker/ray/serve.yaml` with the port, the cores of a replica and how many there are as they fit this
    machine; called with other limits of `Service` it is deployed anew."""

    def __init__(self, cluster: Cluster, place: Path) -> None:
        self._cluster = cluster
        self._file = place / "serve.yaml"

    def __call__(self, **limits: int) -> None:
        config = yaml.safe_load((ROOT / "docker/ray/serve.yaml").read_text(encoding="utf-8"))
        config["http_options"] |= {"host": "127.0.0.1", "port": self._cluster.port}
        [application] = config["applications"]
        [service] = [each for each in application["deployments"] if each["name"] == "Service"]
        service["ray_actor_options"]["num_cpus"] = 1
        service["autoscaling_config"] |= {
            "max_replicas": 3,
            "target_ongoing_requests": 4,
            "upscale_delay_s": 3,
        }
        service |= limits
        self._file.write_text(yaml.safe_dump(config), encoding="utf-8")
        self._cluster.deploy(self._file)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With the starter's weights, on a head and two workers, of which the first has two cores and the second
    one: of two replicas the first worker has at least one."""
    place = tmp_path_factory.mktemp("ray")
    with cluster(place, 2, 1, KURZFASSUNG_PROFILE="starter", KURZFASSUNG_DATA_DIR=str(place)) as made:
        deploy = Deploy(made, place)
        deploy()
        address = f"http://127.0.0.1:{made.port}"
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            wait_ready(made, client)
            yield made, client, deploy


def wait_ready(made: Cluster, client: httpx.Client) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError(made.log()[-3000:])
