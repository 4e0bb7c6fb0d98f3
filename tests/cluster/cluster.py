"""A real Ray cluster on this machine: a head and workers, each a `ray start` of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
_BIN = Path(sys.executable).parent
_ADDRESS = "127.0.0.1"
_START_SECONDS = 90


class Cluster:
    """`port` is for the clients of the service, once `deploy` was called."""

    def __init__(self, place: Path, **environment: str) -> None:
        self.port, self._gcs, self._dashboard = _free_ports(3)
        self.address = f"{_ADDRESS}:{self._gcs}"
        self._place = place
        self._workers: list[subprocess.Popen[bytes]] = []
        self._head: subprocess.Popen[bytes] | None = None
        self.environment = {
            **os.environ,
            "PATH": f"{_BIN}:{os.environ.get('PATH', '')}",
            "PYTHONPATH": str(ROOT),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "disabled",  # the cluster is this machine's alone
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
            **environment,
        }

    def start(self, *workers: int) -> None:
        """A head that works on nothing and workers with so many cores each, one after the other."""
        flags = ["--head", f"--port={self._gcs}", "--num-cpus=0", "--include-dashboard=true"]
        flags += [f"--dashboard-host={_ADDRESS}", f"--dashboard-port={self._dashboard}"]
        flags += [f"--temp-dir={self._place / 'ray'}"]
        self._head = self._node(flags)
        for cores in workers:
            self.add_worker(cores)

    def add_worker(self, cores: int) -> None:
        before = self.nodes()
        self._workers.append(self._node([f"--address={self.address}", f"--num-cpus={cores}"]))
        _until(lambda: self.nodes() > before, "the worker does not join")

    def nodes(self) -> int:
        """How many the cluster believes to be alive."""
        code = (
            "import json, ray; ray.init(address='auto', log_to_driver=False, logging_level='ERROR'); "
            "print(json.dumps(sum(node['Alive'] for node in ray.nodes())))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**self.environment, "RAY_ADDRESS": self.address},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return int(json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else 0

    def kill_worker(self) -> None:
        """The one that joined first, with everything that runs on it, as if its machine lost power."""
        worker = self._workers.pop(0)
        _kill([worker.pid, *_descendants(worker.pid)])
        worker.wait(20)

    def deploy(self, config: Path) -> None:
        """`serve deploy`, as the documentation says it. Returns when it is accepted, before it runs."""
        command = [_BIN / "serve", "deploy", config, "-a", f"http://{_ADDRESS}:{self._dashboard}"]
        deadline = time.monotonic() + _START_SECONDS
        while True:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            if done.returncode == 0:
                return
            assert time.monotonic() < deadline, done.stdout + done.stderr
            time.sleep(1)

    def replicas(self, deployment: str) -> int:
        """How many of them run."""
        command = [_BIN / "serve", "status", "-a", f"http://{_ADDRESS}:{self._dashboard}"]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        [application] = yaml.safe_load(done.stdout)["applications"].values()
        return int(application["deployments"][deployment]["replica_states"].get("RUNNING", 0))

    def log(self) -> str:
        return (self._place / "log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        nodes = [*self._workers, *([self._head] if self._head else [])]
        _kill([pid for node in nodes for pid in (node.pid, *_descendants(node.pid))])
        for node in nodes:
            node.wait(20)

    def _node(self, flags: list[str]) -> subprocess.Popen[bytes]:
        common = [f"--node-ip-address={_ADDRESS}", "--object-store-memory=100000000", "--block"]
        with (self._place / "log").open("ab") as log:
            process = subprocess.Popen(
                [_BIN / "ray", "start", *flags, *common],
                env=self.environment,
                cwd=self._place,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if "--head" in flags:
            _until(lambda: process.poll() is not None or self.nodes() == 1, "the head does not start")
            assert process.poll() is None, self.log()
        return process


@contextmanager
def cluster(place: Path, *workers: int, **environment: str) -> Iterator[Cluster]:
    made = Cluster(place, **environment)
    try:
        made.start(*workers)
        yield made
    finally:
        made.stop()


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += map(int, task.read_text(encoding="ascii").split())
    return [each for child in children for each in (child, *_descendants(child))]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((_ADDRESS, 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
