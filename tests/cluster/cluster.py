"""A real Ray cluster: a head and workers, each a `ray start` on a machine of its own (docs/ray.md)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cluster.network import Host, Network

ROOT = Path(__file__).parents[2]
_BIN = Path(sys.executable).parent
_START_SECONDS = 120
_GCS_PORT, _DASHBOARD = 6379, "http://127.0.0.1:8265"


@dataclass(frozen=True)
class Worker:
    """A node that works."""

    host: Host
    cores: int


class Cluster:
    """`address` is the head's, `environment` what every node's programs run with."""

    def __init__(self, network: Network, place: Path, **environment: str) -> None:
        self.head = network.host()
        self.address = f"{self.head.address}:{_GCS_PORT}"
        self._workers: list[Worker] = []
        self._running: dict[Host, subprocess.Popen[bytes]] = {}
        self._network, self._place = network, place
        self.environment = {
            **os.environ,
            "PATH": f"{_BIN}:{os.environ.get('PATH', '')}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(place),  # where Ray keeps its token
            "RAY_AUTH_MODE": "token",
            "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "service.ray_app:around_proxy",
            "RAY_TMPDIR": str(place),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
            **environment,
        }

    def start(self, *workers: int) -> None:
        """A head that works on nothing and workers with so many cores each."""
        self.run("ray", "get-auth-token", "--generate")
        flags = ["--head", "--num-cpus=0", "--dashboard-host=127.0.0.1", "--include-dashboard=true"]
        self._node(self.head, flags)
        for cores in workers:
            self.add_worker(cores)

    def add_worker(self, cores: int) -> None:
        """Nodes start one after the other: Ray gives up on one that takes longer than half a minute."""
        worker = Worker(self._network.host(), cores)
        self._node(worker.host, [f"--address={self.address}", f"--num-cpus={cores}"])
        self._workers.append(worker)

    def stop(self) -> None:
        for host, process in self._running.items():
            host.power_off()
            process.wait(20)

    def take_worker(self) -> Worker:
        """The biggest one, for something that it will not survive. `add_worker` makes up for it."""
        worker = max(self._workers, key=lambda each: each.cores)
        self._workers.remove(worker)
        return worker

    def alive(self) -> set[str]:
        """Addresses of the nodes that the cluster believes to be alive."""
        try:
            nodes = self.dashboard("/nodes?view=summary")["data"]["summary"]
        except httpx.HTTPError:
            return set()
        alive = [node["raylet"] for node in nodes if node["raylet"].get("state") == "ALIVE"]
        return {raylet["nodeManagerAddress"] for raylet in alive}

    def replicas(self, deployment: str) -> list[str]:
        """The address of its node for each that runs."""
        [application] = self.dashboard("/api/serve/applications/")["applications"].values()
        replicas = application["deployments"][deployment]["replicas"]
        return [each["node_ip"] for each in replicas if each["state"] == "RUNNING"]

    def dashboard(self, path: str) -> Any:
        """What it answers on the head's loopback, with the cluster's token."""
        with self.head.inside(1) as thread:
            answer = thread.submit(self._ask, _DASHBOARD + path).result(60)
        answer.raise_for_status()
        return answer.json()

    def deploy(self, config: Path) -> None:
        """Returns when it is accepted, before it runs."""
        self.run("serve", "deploy", str(config))

    def run(self, *command: str) -> str:
        """A command on the head."""
        done = subprocess.run(
            self.head.command(*command),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def log(self) -> str:
        return (self._place / "log").read_text(encoding="utf-8", errors="replace")

    def _ask(self, address: str) -> httpx.Response:
        token = (self._place / ".ray/auth_token").read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(address, headers=headers, timeout=30, trust_env=False)

    def _node(self, host: Host, flags: list[str]) -> None:
        data = self._place / host.address
        data.mkdir()
        with (self._place / "log").open("ab") as log:
            process = subprocess.Popen(
                host.command("ray", "start", *flags, "--object-store-memory=100000000", "--block"),
                env={**self.environment, "KURZFASSUNG_DATA_DIR": str(data)},
                cwd=self._place,
                stdout=log,
                stderr=log,
            )
        self._running[host] = process
        deadline = time.monotonic() + _START_SECONDS
        while host.address not in self.alive():
            assert process.poll() is None, self.log()[-3000:]
            assert time.monotonic() < deadline, self.log()[-3000:]
            time.sleep(0.2)
